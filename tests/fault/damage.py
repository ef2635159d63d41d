#!/usr/bin/env python3
"""Flips bytes of, and cuts off, every kind of file that a run leaves: frames of one rank, parts and segments behind a
virtual frames.h5, shared files, all of them closed or as a kill leaves them, checkpoints, configurations, reports. Whatever
is damaged, `info`, `verify`, `repair` and `run --resume` end with 0, 1, 2 or 75 and a message, without a crash or a hang;
`verify` finds every change inside a chunk and inside the cells of a checkpoint; `repair` and `run --resume` lose no frame that
could be read and was right before; and a resumed run that ends well has the right frames. The whole set, best on a build with
AddressSanitizer:

    damage.py build/asan/app/morphogen --cases 500
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError:
    skip("h5py is not installed")

CONFIG = """
[grid]
shape = [24, 40]
[time]
frames = {frames}
steps_per_frame = {steps}
[output]
directory = "{directory}"
chunk = [12, 20]
sync = "never"
layout = "{layout}"
frames_per_file = {per_file}
[checkpoint]
every = "2 frames"
[threads]
compute = 1
io = 1
"""
FRAMES = 5  # stored
GOAL = 8  # of the resumed run
# A crash is a signal; a sanitizer's report ends with this code.
ENVIRONMENT = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "exitcode=99"}
CODES = (0, 1, 2, 75)


class Run:
    """A run of 5 frames that has ended, or was killed after them, and what 8 frames of it should be."""

    def __init__(self, work, name, per_file=0, ranks=0, layout="parts", is_killed=False):
        self.name, self.path = name, work.path / name
        settings = {"per_file": per_file, "layout": layout, "steps": 20000 if is_killed else 3}
        work.write("whole.toml", CONFIG.format(frames=GOAL, directory="whole", **settings))
        self.expect_end(work.run("run", "whole.toml", "--force", ranks=ranks, environment=ENVIRONMENT, timeout=300))
        with h5py.File(work.path / "whole/frames.h5") as file:
            self.whole = file["v"][...]
        frames = GOAL if is_killed else FRAMES
        work.write(f"{name}.toml", CONFIG.format(frames=frames, directory="out", **settings))
        if is_killed:
            self.kill(work)
        else:
            self.expect_end(work.run("run", f"{name}.toml", ranks=ranks, environment=ENVIRONMENT, timeout=300))
        shutil.move(work.path / "out", self.path)
        self.stored = len(right_frames(self.path, self.whole))
        self.files = [path for path in sorted(self.path.rglob("*"))
                      if path.is_file() and not path.is_symlink() and "latest" not in path.parts]

    def expect_end(self, done):
        if done.returncode != 0:
            sys.exit(f"FAILED: the run {self.name} itself: {done.stderr}")

    def kill(self, work):
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            shutil.rmtree(work.path / "out", ignore_errors=True)
            process = work.start("run", f"{self.name}.toml", environment=ENVIRONMENT)
            while len(right_frames(work.path / "out", self.whole)) < FRAMES and process.poll() is None:
                pass
            process.kill()
            process.communicate()
            if process.returncode < 0:  # else it had ended before
                return
        sys.exit(f"FAILED: the run {self.name} itself")


def right_frames(directory, expected):
    """Numbers of the committed frames that h5py reads and that are as expected. In a process of its own: HDF5 crashes over
    some damaged files."""
    pipe, end = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os.close(pipe)
        os.write(end, bytes(read_frames(directory, expected)))
        os._exit(0)
    os.close(end)
    with os.fdopen(pipe, "rb") as numbers:
        found = set(numbers.read())
    os.waitpid(child, 0)
    return found


def read_frames(directory, expected):
    for swmr in (False, True):
        try:
            with h5py.File(directory / "frames.h5", "r", swmr=swmr) as file:
                frames = min(len(file["step"]), len(file["v"]), len(expected))
                return [n for n in range(frames) if is_right(file["v"], n, expected[n])]
        except (OSError, KeyError, RuntimeError, ValueError):
            continue
    return []


def is_right(data, number, expected):
    try:
        return numpy.array_equal(data[number], expected)
    except (OSError, RuntimeError, ValueError):
        return False


def protected_ranges(path):
    """Bytes of the file whose damage must be found: every chunk of a committed frame (they have checksums), and a
    checkpoint's cells."""
    if path.suffix != ".h5" or path.parent.suffix == ".new":
        return []
    ranges = []

    def look(name, item):
        if not isinstance(item, h5py.Dataset) or item.is_virtual:
            return
        if item.chunks and item.fletcher32:
            for i in range(item.id.get_num_chunks()):
                info = item.id.get_chunk_info(i)
                if info.chunk_offset[0] < len(file["step"]):
                    ranges.append((info.byte_offset, info.byte_offset + info.size))
        elif "crc32" in item.attrs:
            ranges.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))

    try:
        file = h5py.File(path, "r")
    except OSError:
        file = h5py.File(path, "r", swmr=True)
    with file:
        file.visititems(look)
    return ranges


class Damage:
    """One change of one file."""

    def __init__(self, run, path, number, rng):
        self.run, self.path = run, path
        data = path.read_bytes()
        self.in_run = path.relative_to(run.path)
        self.is_cut = number % 4 == 3
        self.must_be_found = False
        ranges = protected_ranges(path)
        if self.is_cut:
            self.at = rng.randrange(len(data))
            self.bytes = data[:self.at]
        else:
            if ranges and number % 2 == 0:
                begin, end = rng.choice(ranges)
                self.at = rng.randrange(begin, end)
            else:
                self.at = rng.randrange(len(data))
            self.must_be_found = any(begin <= self.at < end for begin, end in ranges)
            self.bytes = data[:self.at] + bytes([data[self.at] ^ rng.randrange(1, 256)]) + data[self.at + 1:]

    def __str__(self):
        return f"{self.run.name}/{self.in_run} {'cut off' if self.is_cut else 'flipped'} at {self.at}"


class Attack:
    def __init__(self, work, checks, timeout):
        self.work, self.checks, self.timeout = work, checks, timeout
        self.codes = {}
        self.chunk_flips = self.found = self.cuts = self.flips = self.resumed = 0

    def fresh(self, damage):
        """The run as it was, but for the damage, as out/."""
        out = self.work.path / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(damage.run.path, out, symlinks=True)
        (out / damage.in_run).write_bytes(damage.bytes)
        return out

    def expect_end(self, damage, *command):
        done = self.work.run(*command, environment=ENVIRONMENT, timeout=self.timeout)
        self.codes.setdefault(command[0], {}).setdefault(done.returncode, 0)
        self.codes[command[0]][done.returncode] += 1
        told = done.stderr.strip()
        name = " ".join(command)
        is_good = done.returncode in CODES and (done.returncode == 0 or "morphogen:" in told)
        self.checks.expect(is_good, f"{damage}: {name} ended with {done.returncode}: {told[-1500:]}")
        if command[0] != "run":  # MPI_Finalize closes HDF5, which may say so where damage left it half open
            self.checks.expect("infinite loop closing" not in done.stderr, f"{damage}: {name}: HDF5 cannot close")
        return done

    def expect_kept(self, damage, before, after, what):
        self.checks.expect(before <= after, f"{damage}: {what}: frames {sorted(before - after)} are gone, of {sorted(before)}")

    def try_damage(self, damage):
        self.cuts += damage.is_cut
        self.flips += not damage.is_cut
        out = self.fresh(damage)
        self.expect_end(damage, "info", "out")
        verified = self.expect_end(damage, "verify", "out")
        if damage.must_be_found:
            self.chunk_flips += 1
            self.found += verified.returncode == 1
            self.checks.expect(verified.returncode == 1, f"{damage}: verify did not find it")
            self.checks.expect(damage.path.name in verified.stderr, f"{damage}: verify does not name the file")
        if damage.path.suffix == ".h5":
            self.expect_end(damage, "info", str(pathlib.Path("out") / damage.in_run))
        whole = damage.run.whole
        before = right_frames(out, whole)
        self.expect_end(damage, "repair", "out", "--dry-run")
        self.expect_kept(damage, before, right_frames(out, whole), "repair --dry-run")
        repaired = self.expect_end(damage, "repair", "out")
        self.expect_kept(damage, before, right_frames(out, whole), "repair")
        self.expect_end(damage, "verify", "out")
        if "action(s)" in repaired.stdout:  # it came to its end
            again = self.expect_end(damage, "repair", "out")
            # Frames that had to be given up are told once.
            self.checks.expect(again.returncode in (0, repaired.returncode) and " 0 action(s)" in again.stdout,
                               f"{damage}: repair again: {again.stdout} after {repaired.stdout}")
        self.fresh(damage)
        resumed = self.expect_end(damage, "run", f"{damage.run.name}.toml", "--resume", "--set", f"time.frames={GOAL}")
        after = right_frames(out, whole)
        self.expect_kept(damage, before, after, "resume")
        self.resumed += resumed.returncode == 0
        if resumed.returncode == 0:
            self.expect_kept(damage, set(range(damage.run.stored, GOAL)), after, "resume: what it computed")

    def try_configuration(self, text, number, rng):
        data = bytearray(text.encode())
        at = rng.randrange(len(data))
        if number % 4 == 3:
            data = data[:at]
        else:
            data[at] ^= rng.randrange(1, 256)
        (self.work.path / "bad.toml").write_bytes(data)
        done = self.work.run("validate", "bad.toml", environment=ENVIRONMENT, timeout=self.timeout)
        self.codes.setdefault("validate", {}).setdefault(done.returncode, 0)
        self.codes["validate"][done.returncode] += 1
        self.checks.expect(done.returncode in (0, 1, 2),
                           f"configuration changed at {at}: ended with {done.returncode}: {done.stderr[-500:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--timeout", type=float, default=60, help="seconds; longer is a hang")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    checks = Checks()
    with Workspace(arguments.program) as work:
        runs = [Run(work, "one"), Run(work, "parts", per_file=2, ranks=3), Run(work, "shared", per_file=2, ranks=2, layout="shared"),
                Run(work, "killed", is_killed=True), Run(work, "killed_segments", per_file=2, is_killed=True)]
        attack = Attack(work, checks, arguments.timeout)
        for number in range(arguments.cases):
            if number % 10 == 9:
                attack.try_configuration((runs[0].path / "config.toml").read_text(), number // 10, rng)
                continue
            run = rng.choice(runs)
            path = rng.choice([p for p in run.files if p.suffix == ".h5" or number % 8 == 0])
            if path.stat().st_size > 0:
                attack.try_damage(Damage(run, path, number, rng))
        print(f"{arguments.cases} cases: {attack.flips} flips and {attack.cuts} cuts of files of {len(runs)} runs; "
              f"{attack.found} of {attack.chunk_flips} flips in chunks and checkpoints found by verify, "
              f"{attack.flips - attack.chunk_flips} flips elsewhere; {attack.resumed} runs resumed to their end")
        for command, codes in attack.codes.items():
            print(f"  {command}: " + ", ".join(f"{n} ended with {code}" for code, n in sorted(codes.items())))
    checks.finish()


if __name__ == "__main__":
    main()
