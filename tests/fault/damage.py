#!/usr/bin/env python3
"""Flips bytes of, and cuts off, every kind of file that a run leaves: frames of one rank, parts and segments behind a
virtual frames.h5, shared files, all of them closed or as a kill leaves them, checkpoints, configurations, reports. Whatever
is damaged, `info`, `verify`, `repair` and `run --resume` end with 0, 1, 2 or 75 and a message, without a crash or a hang;
`verify` finds every change inside a chunk and inside the cells of a checkpoint; `repair` and `run --resume` lose no frame that
could be read and was right before; and a resumed run that ends well has the right frames. The whole sets, best on a build with
AddressSanitizer: bytes at random, and one in each block of HDF5's own bookkeeping (random bytes rarely meet most of them):

    damage.py build/asan/app/morphogen --cases 500
    damage.py build/asan/app/morphogen --blocks 1/1
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    from damaged_runs import ENVIRONMENT, GOAL, Run, blocks_of, protected_ranges, right_frames, whole_frames  # noqa: E402
except ImportError:
    skip("h5py is not installed")

CODES = (0, 1, 2, 75)


class Damage:
    """One change of one file."""

    def __init__(self, run, path, at=None, xor=0):
        """@p at: the byte that is changed; @p xor: how. 0: the file ends there."""
        self.run, self.path, self.at, self.is_cut = run, path, at, xor == 0
        self.in_run = path.relative_to(run.path)
        data = path.read_bytes()
        self.bytes = data[:at] if self.is_cut else data[:at] + bytes([data[at] ^ xor]) + data[at + 1:]
        self.must_be_found = not self.is_cut and any(begin <= at < end for begin, end in protected_ranges(path, run.stored))

    def __str__(self):
        return f"{self.run.name}/{self.in_run} {'cut off' if self.is_cut else 'flipped'} at {self.at}"


def random_damage(run, path, number, rng):
    size = path.stat().st_size
    if number % 4 == 3:
        return Damage(run, path, rng.randrange(size))
    ranges = protected_ranges(path, run.stored)
    begin, end = rng.choice(ranges) if ranges and number % 2 == 0 else (0, size)
    return Damage(run, path, rng.randrange(begin, end), rng.randrange(1, 256))


def damage_of_blocks(runs, rng):
    """A flip soon after the beginning of each block: its version, its flags, its sizes."""
    for run in runs:
        for path in run.files:
            for at in blocks_of(path) if path.suffix == ".h5" else []:
                yield Damage(run, path, min(at + rng.randrange(4, 24), path.stat().st_size - 1), rng.randrange(1, 256))


class Attack:
    def __init__(self, work, checks, timeout, is_telling):
        self.work, self.checks, self.timeout, self.is_telling = work, checks, timeout, is_telling
        self.codes = {}
        self.cases = self.chunk_flips = self.found = self.cuts = self.flips = self.resumed = 0

    def fresh(self, damage):
        """The run as it was, but for the damage, as out/."""
        out = self.work.path / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(damage.run.path, out, symlinks=True)
        (out / damage.in_run).write_bytes(damage.bytes)
        return out

    def expect_end(self, damage, *command):
        try:
            done = self.work.run(*command, environment=ENVIRONMENT, timeout=self.timeout)
        except subprocess.TimeoutExpired as hang:
            done = subprocess.CompletedProcess(command, "hung", "", str(hang.stderr))
        self.codes.setdefault(command[0], {}).setdefault(done.returncode, 0)
        self.codes[command[0]][done.returncode] += 1
        told = done.stderr.strip()
        name = " ".join(command)
        if self.is_telling:
            print(f"{name}: {done.returncode}\n{done.stdout}{done.stderr}", flush=True)
        is_good = done.returncode in CODES and (done.returncode == 0 or "morphogen:" in told)
        self.checks.expect(is_good, f"{damage}: {name} ended with {done.returncode}: {told[-1500:]}")
        if command[0] != "run":  # MPI_Finalize closes HDF5, which may say so where damage left it half open
            self.checks.expect("infinite loop closing" not in done.stderr, f"{damage}: {name}: HDF5 cannot close")
        return done

    def expect_kept(self, damage, before, after, what):
        self.checks.expect(before <= after, f"{damage}: {what}: frames {sorted(before - after)} are gone, of {sorted(before)}")

    def try_damage(self, damage):
        self.cases += 1
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
        foretold = self.expect_end(damage, "repair", "out", "--dry-run")
        self.expect_kept(damage, before, right_frames(out, whole), "repair --dry-run")
        repaired = self.expect_end(damage, "repair", "out")
        self.expect_kept(damage, before, right_frames(out, whole), "repair")
        self.checks.expect(summary_of(foretold) == summary_of(repaired),
                           f"{damage}: repair --dry-run: {summary_of(foretold)}, then repair: {summary_of(repaired)}")
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
        self.cases += 1
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


def summary_of(repaired):
    """What came out: frames, actions, problems and the exit code."""
    return repaired.returncode, repaired.stdout.strip().rpartition("\n")[2].replace(" to do", "")


def make_runs(work):
    whole = whole_frames(work)
    return [Run(work, whole, "one"), Run(work, whole, "parts", per_file=2, ranks=3),
            Run(work, whole, "shared", per_file=2, ranks=2, layout="shared"), Run(work, whole, "killed", killed_after=5),
            Run(work, whole, "killed_segments", per_file=3, killed_after=5),
            Run(work, whole, "killed_parts", per_file=4, ranks=2, killed_after=6)]


def random_cases(attack, runs, cases, rng):
    for number in range(cases):
        if number % 10 == 9:
            attack.try_configuration((runs[0].path / "config.toml").read_text(), number // 10, rng)
            continue
        run = rng.choice(runs)
        path = rng.choice([p for p in run.files if p.stat().st_size > 0 and (p.suffix == ".h5" or number % 8 == 0)])
        attack.try_damage(random_damage(run, path, number, rng))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--blocks", metavar="I/N", help="instead a flip in each block of each file: the I-th of N shares")
    parser.add_argument("--only", metavar="RUN/FILE:AT[:XOR]", action="append", help="instead this one, telling all; without XOR it is cut off")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--timeout", type=float, default=120, help="seconds; longer is a hang")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    checks = Checks()
    with Workspace(arguments.program) as work:
        runs = make_runs(work)
        attack = Attack(work, checks, arguments.timeout, is_telling=bool(arguments.only))
        if arguments.only:
            for text in arguments.only:
                place, *change = text.split(":")
                name, _, file = place.partition("/")
                run = next(run for run in runs if run.name == name)
                attack.try_damage(Damage(run, run.path / file, *map(int, change)))
        elif arguments.blocks:
            share, shares = map(int, arguments.blocks.split("/"))
            for damage in list(damage_of_blocks(runs, rng))[share - 1::shares]:
                attack.try_damage(damage)
        else:
            random_cases(attack, runs, arguments.cases, rng)
        print(f"{attack.cases} cases: {attack.flips} flips and {attack.cuts} cuts of files of {len(runs)} runs; "
              f"{attack.found} of {attack.chunk_flips} flips in chunks and checkpoints found by verify, "
              f"{attack.flips - attack.chunk_flips} flips elsewhere; {attack.resumed} runs resumed to their end")
        for command, codes in attack.codes.items():
            print(f"  {command}: " + ", ".join(f"{n} ended with {code}" for code, n in sorted(codes.items(), key=str)))
    checks.finish()


if __name__ == "__main__":
    main()
