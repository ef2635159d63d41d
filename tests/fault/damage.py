#!/usr/bin/env python3
"""Flips bytes of, and cuts off, every kind of file that a run leaves: frames of one rank, parts and segments behind a
virtual frames.h5, checkpoints, configurations, reports. Whatever is damaged, `info`, `verify`, `repair` and
`run --resume` end with 0, 1, 2 or 75 and a message, without a crash or a hang; `verify` finds every change inside a chunk and
inside the cells of a checkpoint. The whole set, best on a build with AddressSanitizer:

    damage.py build/asan/app/morphogen --cases 500
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
except ImportError:
    skip("h5py is not installed")

CONFIG = """
[grid]
shape = [24, 40]
[time]
frames = {frames}
steps_per_frame = 3
[output]
directory = "out"
chunk = [12, 20]
sync = "never"
frames_per_file = {per_file}
[checkpoint]
every = "2 frames"
[threads]
compute = 1
io = 1
"""
# A crash is a signal; a sanitizer's report ends with this code.
ENVIRONMENT = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "exitcode=99"}
CODES = (0, 1, 2, 75)


def make_run(work, name, frames, per_file, ranks):
    """A run that has ended, and its directory kept as NAME."""
    work.write(f"{name}.toml", CONFIG.format(frames=frames, per_file=per_file))
    done = work.run("run", f"{name}.toml", ranks=ranks, environment=ENVIRONMENT)
    if done.returncode != 0:
        print(done.stderr)
        sys.exit(f"FAILED: the run {name} itself")
    shutil.move(work.path / "out", work.path / name)
    return work.path / name


def protected_ranges(path):
    """Bytes of the file whose damage must be found: every chunk (they have checksums), and a checkpoint's cells."""
    ranges = []

    def look(_, item):
        if not isinstance(item, h5py.Dataset) or item.is_virtual:
            return
        if item.chunks and item.fletcher32:
            for i in range(item.id.get_num_chunks()):
                info = item.id.get_chunk_info(i)
                ranges.append((info.byte_offset, info.byte_offset + info.size))
        elif "crc32" in item.attrs:
            ranges.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))

    with h5py.File(path, "r") as file:
        file.visititems(look)
    return ranges


class Damage:
    """One change of one file."""

    def __init__(self, run, path, number, rng):
        self.run, self.path = run, path
        data = path.read_bytes()
        self.is_cut = number % 4 == 3
        self.must_be_found = False
        ranges = protected_ranges(path) if path.suffix == ".h5" else []
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
        where = self.path.relative_to(self.run.parent)
        return f"{where} {'cut off' if self.is_cut else 'flipped'} at {self.at}"


class Attack:
    def __init__(self, work, checks, timeout):
        self.work, self.checks, self.timeout = work, checks, timeout
        self.codes = {}
        self.chunk_flips = self.found = self.cuts = self.flips = 0
        helped = work.run("--help").stdout
        self.can_repair = re.search(r"^ +repair\b", helped, re.MULTILINE) is not None

    def fresh(self, damage):
        """The run as it was, but for the damage, as out/."""
        out = self.work.path / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(damage.run, out, symlinks=True)
        (out / damage.path.relative_to(damage.run)).write_bytes(damage.bytes)

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

    def try_damage(self, damage):
        self.cuts += damage.is_cut
        self.flips += not damage.is_cut
        self.fresh(damage)
        self.expect_end(damage, "info", "out")
        verified = self.expect_end(damage, "verify", "out")
        if damage.must_be_found:
            self.chunk_flips += 1
            self.found += verified.returncode == 1
            self.checks.expect(verified.returncode == 1, f"{damage}: verify did not find it")
            self.checks.expect(damage.path.name in verified.stderr, f"{damage}: verify does not name the file")
        if damage.path.suffix == ".h5":
            self.expect_end(damage, "info", str(pathlib.Path("out") / damage.path.relative_to(damage.run)))
        if self.can_repair:
            self.expect_end(damage, "repair", "out", "--dry-run")
            self.expect_end(damage, "repair", "out")
            self.expect_end(damage, "verify", "out")
        self.fresh(damage)
        self.expect_end(damage, "run", f"{damage.run.name}.toml", "--resume", "--set", "time.frames=8")

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
        runs = [make_run(work, "one", 5, 0, 0), make_run(work, "parts", 5, 2, 3)]
        files = [(run, path) for run in runs for path in sorted(run.rglob("*"))
                 if path.is_file() and not path.is_symlink() and "latest" not in path.parts]
        h5_files = [f for f in files if f[1].suffix == ".h5"]
        attack = Attack(work, checks, arguments.timeout)
        for number in range(arguments.cases):
            if number % 10 == 9:
                attack.try_configuration((runs[0] / "config.toml").read_text(), number // 10, rng)
            else:
                run, path = rng.choice(h5_files if number % 8 else files)
                if path.stat().st_size > 0:
                    attack.try_damage(Damage(run, path, number, rng))
        print(f"{arguments.cases} cases: {attack.flips} flips and {attack.cuts} cuts of {len(files)} files; "
              f"{attack.found} of {attack.chunk_flips} flips in chunks and checkpoints found by verify")
        for command, codes in attack.codes.items():
            print(f"  {command}: " + ", ".join(f"{n} ended with {code}" for code, n in sorted(codes.items())))
    checks.finish()


if __name__ == "__main__":
    main()
