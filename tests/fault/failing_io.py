#!/usr/bin/python3
"""Writes that fail, at each place of a run, and disks that fill up: a clear error, exit 1, no hang; what was committed stays
and --resume goes on once there is room.

usage: failing_io.py PROGRAM LIBRARY [--every N] [PART...]

Parts (default: all):
  once      call N that changes a file fails with EIO, for every N (of --every)
  from_on   call N and all further ones fail with ENOSPC
  short     every other write is interrupted by a signal or stores a part only: nothing happens
  rank      the same on one rank of three
  disk      a tmpfs of every size from too small to enough, alone and on three ranks; needs root
"""
import argparse
import concurrent.futures
import errno
import os
import pathlib
import subprocess
import tempfile
import time

from faulty_run import CONFIG, FRAMES, FaultyRun, frames_of, require_repair, wrong_frames
from program import Checks

AT_ONCE = 6
# Launches differ in the number of their calls: one may end before the call that was to fail.
ENDED_BEFORE = "none: it ended before"
# A call whose failure takes nothing from the run: what it would have removed is of no use any more, or is not there.
HARMLESS = ("remove", "unlink", "unlinkat", "rmdir")


class FailingIo:
    def __init__(self, options, folder, checks):
        self.options, self.folder, self.checks = options, folder, checks
        whole = self.fresh()
        self.calls = whole.calls()
        self.reference = whole.contents()

    def fresh(self):
        return FaultyRun(self.options.program, self.options.library, self.folder, CONFIG)

    def expect_failed(self, done, where, told):
        lines = [line for line in done.stderr.splitlines() if line.startswith("morphogen: ") and "note:" not in line]
        self.checks.expect(done.returncode == 1, f"{where}: exit {done.returncode}: {done.stderr}")
        self.checks.expect(len(lines) == 1 and told in lines[0], f"{where}: told as {lines}")

    def goes_on(self, run, where, repair, ranks=0):
        before = run.contents()
        count = frames_of(before)
        self.checks.expect(wrong_frames(before, self.reference) is None, f"{where}: {wrong_frames(before, self.reference)}")
        if repair and run.out.exists() and count:
            done = run.command("repair", run.out.name)
            self.checks.expect(done.returncode == 0, f"{where}: repair: exit {done.returncode}: {done.stdout}{done.stderr}")
            repaired = run.contents()
            self.checks.expect(frames_of(repaired) >= count and wrong_frames(repaired, self.reference) is None,
                               f"{where}: {count} frames were committed, {frames_of(repaired)} are left by repair, wrong: "
                               f"{wrong_frames(repaired, self.reference)}")
        done = run.run(ranks=ranks)
        self.checks.expect(done.returncode == 0, f"{where}: --resume: exit {done.returncode}: {done.stderr}")
        after = run.contents()
        self.checks.expect(frames_of(after) == FRAMES and wrong_frames(after, self.reference) is None,
                           f"{where}: {frames_of(after)} frames at the end, wrong: {wrong_frames(after, self.reference)}")
        clean = run.command("verify", run.out.name)
        self.checks.expect(clean.returncode == 0, f"{where}: verify: exit {clean.returncode}: {clean.stdout}{clean.stderr}")

    def fail_at(self, point, count, code):
        run = self.fresh()
        done = run.run(fail_at=point, fail_count=count, errno=code, log=run.log)
        # Launches differ a little in the order of their calls, and in the number of them.
        call, path = dict(enumerate(run.logged())).get(point, (ENDED_BEFORE, ""))
        where = f"{os.strerror(code)} at call {point} ({call} {path.rsplit('/disturbed/', 1)[-1]}), {count} times"
        if call == ENDED_BEFORE:
            self.checks.expect(done.returncode == 0 and point > 0.9 * len(self.calls), f"{where}: exit {done.returncode}")
        elif not (done.returncode == 0 and call in HARMLESS and (count == 1 or point > 0.9 * len(self.calls))):
            self.expect_failed(done, where, os.strerror(code))
        self.goes_on(run, where, repair=point % 2 == 0)
        run.remove()

    def each(self, count, code):
        points = range(0, len(self.calls), self.options.every)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda point: self.fail_at(point, count, code), points))
        return len(points)

    def part_once(self):
        return self.each(1, errno.EIO)

    def part_from_on(self):
        return self.each(-1, errno.ENOSPC)

    def part_short(self):
        for ranks in (0, 3):
            run = self.fresh()
            done = run.run(ranks=ranks, short=1)
            self.checks.expect(done.returncode == 0, f"short writes, {ranks} ranks: exit {done.returncode}: {done.stderr}")
            data = run.contents()
            self.checks.expect(frames_of(data) == FRAMES and wrong_frames(data, self.reference) is None,
                               f"short writes, {ranks} ranks: {wrong_frames(data, self.reference)}")
        return 2

    def part_rank(self):
        tried = 0
        for rank in (0, 2):
            calls = self.fresh().calls(ranks=3, rank=rank)
            for point in range(5, len(calls), max(1, len(calls) * self.options.every // 60)):
                run = self.fresh()
                done = run.run(ranks=3, rank=rank, fail_at=point, log=run.log)
                call, path = dict(enumerate(run.logged())).get(point, (ENDED_BEFORE, ""))
                where = f"rank {rank} of 3: EIO at its call {point} ({call} {path[-30:]})"
                if call == ENDED_BEFORE:
                    self.checks.expect(done.returncode == 0 and point > 0.9 * len(calls), f"{where}: exit {done.returncode}")
                elif not (done.returncode == 0 and call in HARMLESS):
                    self.checks.expect(done.returncode == 1, f"{where}: exit {done.returncode}: {done.stderr}")
                    told = done.stderr.count(os.strerror(errno.EIO))
                    self.checks.expect(told == 1, f"{where}: told {told} times: {done.stderr}")
                self.goes_on(run, where, repair=False, ranks=3)
                run.remove()
                tried += 1
        return tried

    def part_disk(self):
        if os.geteuid() != 0:
            print("disk: skipped: mounting a small tmpfs needs root")
            return 0
        tried = 0
        for ranks in (0, 3):
            full = 0
            kib = 8
            while True:
                fits = self.fill(kib, ranks)
                tried += 1
                if fits:
                    break
                full += 1
                kib += 4 * self.options.every
            self.checks.expect(full >= 3, f"{ranks} ranks: only {full} sizes were too small")
        return tried

    def fill(self, kib, ranks):
        """Whether the run fitted into a disk of @p kib."""
        run = self.fresh()
        run.out.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(run.out)], check=True)
        try:
            where = f"disk of {kib} KiB, {ranks or 1} ranks"
            done = run.run(ranks=ranks)
            if done.returncode != 0:
                self.expect_failed(done, where, os.strerror(errno.ENOSPC))
                subprocess.run(["mount", "-o", "remount,size=64m", str(run.out)], check=True)
                self.goes_on(run, where, repair=kib % 8 == 0, ranks=ranks)
            return done.returncode == 0
        finally:
            subprocess.run(["umount", str(run.out)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("parts", nargs="*")
    options = parser.parse_intermixed_args()
    options.program, options.library = options.program.resolve(), options.library.resolve()
    require_repair(options.program)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="morphogen-failing-io-") as folder:
        failing = FailingIo(options, folder, checks)
        for part in options.parts or ("once", "from_on", "short", "rank", "disk"):
            started = time.monotonic()
            count = getattr(failing, f"part_{part}")()
            print(f"{part}: {count} runs in {time.monotonic() - started:.0f} s", flush=True)
    checks.finish()


if __name__ == "__main__":
    main()
