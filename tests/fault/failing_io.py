#!/usr/bin/python3
"""Writes that fail, at each place of a run, and disks that fill up: a clear error, exit 1, no hang; what was committed stays
and --resume goes on once there is room.

usage: failing_io.py PROGRAM LIBRARY [--every N] [PART...]

Parts (default: all):
  once      call N that changes a file fails with EIO, for every N (of --every)
  from_on   call N and all further ones fail, with ENOSPC and EDQUOT in turn
  short     every other read and write is interrupted by a signal or moves a part only: nothing happens
  rank      one call on one rank of three fails
  disk      a tmpfs of every size from too small to enough, alone and on three ranks; needs root
  quota     the same with a quota, on a btrfs; needs root and mkfs.btrfs
"""
import collections
import concurrent.futures
import contextlib
import errno
import itertools
import os
import re
import shutil
import subprocess

from fault_points import AT_ONCE, RANKS_AT_ONCE, FaultPoints, main_of
from faulty_run import FRAMES, errors_in

# Launches differ in the number of their calls: one may end before the call that was to fail.
ENDED_BEFORE = "none: it ended before"
# A call whose failure takes nothing from the run: what it would have removed is of no use any more, or is not there.
HARMLESS = ("remove", "unlink", "unlinkat", "rmdir")
PAGE_KIB = 4  # what a tmpfs gives out: with a disk for each number of pages every page is once the one too many


class FailingIo(FaultPoints):
    PARTS = ("once", "from_on", "short", "rank", "disk", "quota")

    def expect_failed(self, done, where, told):
        lines = errors_in(done.stderr)
        self.checks.expect(done.returncode == 1, f"{where}: exit {done.returncode}: {done.stderr}")
        self.checks.expect(len(lines) == 1 and told in lines[0], f"{where}: told as {lines}")
        return lines[0] if lines else ""

    def goes_on(self, run, where, repair, ranks=0):
        if repair and run.committed():
            self.repair(run, where)
        self.resume(run, where, ranks)
        run.remove()

    def failed_call(self, run, point):
        return dict(enumerate(run.logged())).get(point, (ENDED_BEFORE, ""))

    def fail_at(self, point, count, code):
        run = self.fresh()
        done = run.run(fail_at=point, fail_count=count, errno=code, log=run.log)
        # Launches differ a little in the order of their calls, and in the number of them.
        call, path = self.failed_call(run, point)
        where = f"{os.strerror(code)} at call {point} ({call} {path.rsplit('/disturbed/', 1)[-1]}), {count} times"
        if call == ENDED_BEFORE:
            self.checks.expect(done.returncode == 0 and point > 0.9 * len(self.run_calls), f"{where}: exit {done.returncode}")
        elif not (done.returncode == 0 and call in HARMLESS and (count == 1 or point > 0.9 * len(self.run_calls))):
            self.expect_failed(done, where, os.strerror(code))
        self.goes_on(run, where, repair=point % 2 == 0)

    def each(self, count, codes):
        points = range(0, len(self.run_calls), self.options.every)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda n: self.fail_at(points[n], count, codes[n % len(codes)]), range(len(points))))
        return len(points)

    def part_once(self):
        return self.each(1, [errno.EIO])

    def part_from_on(self):
        return self.each(-1, [errno.ENOSPC, errno.EDQUOT])

    def part_short(self):
        """A run, and one that was killed and is repaired, resumed, verified, on one rank and on three."""
        for ranks in (0, 3):
            run, killed = self.fresh(), self.fresh()
            killed.run(kill_before=len(self.run_calls) * 7 // 10)
            for what, launches in ((run, ("run",)), (killed, ("repair", "run", "verify"))):
                for launch in launches:
                    where = f"cut short, {ranks or 1} ranks, {launch} of {'a killed' if what is killed else 'a'} run"
                    done = what.run(ranks=ranks, short=1) if launch == "run" else what.command(launch, what.out.name, short=1)
                    self.checks.expect(done.returncode == 0, f"{where}: exit {done.returncode}: {done.stderr}")
                self.checks.expect(self.as_committed(what, where) == FRAMES, f"{where}: {what.committed()} frames")
                what.remove()
        return 8

    def part_rank(self):
        tried = 0
        for rank in (0, 2):
            calls = self.fresh().calls(ranks=3, rank=rank)
            for point in range(5, len(calls), max(1, len(calls) * self.options.every // 60)):
                run = self.fresh()
                done = run.run(ranks=3, rank=rank, fail_at=point, log=run.log)
                call, path = self.failed_call(run, point)
                where = f"rank {rank} of 3: EIO at its call {point} ({call} {path[-30:]})"
                if call == ENDED_BEFORE:
                    self.checks.expect(done.returncode == 0 and point > 0.9 * len(calls), f"{where}: exit {done.returncode}")
                elif not (done.returncode == 0 and call in HARMLESS):
                    self.checks.expect(done.returncode == 1, f"{where}: exit {done.returncode}: {done.stderr}")
                    told = done.stderr.count(os.strerror(errno.EIO))
                    self.checks.expect(told == 1, f"{where}: told {told} times: {done.stderr}")
                self.goes_on(run, where, repair=False, ranks=3)
                tried += 1
        return tried

    def part_disk(self):
        if os.geteuid() != 0:
            print("disk: skipped: mounting a small tmpfs needs root")
            return 0
        return self.fill("disk", small_disk, range(8, 10000, PAGE_KIB * self.options.every), os.strerror(errno.ENOSPC))

    def part_quota(self):
        if os.geteuid() != 0 or not shutil.which("mkfs.btrfs"):
            print("quota: skipped: it needs root and mkfs.btrfs (Debian: btrfs-progs)")
            return 0
        try:
            with small_quota(self.fresh().out, 1000):
                pass
        except subprocess.CalledProcessError as failed:
            print(f"quota: skipped: no btrfs here: {failed.cmd}: {failed.stderr}")
            return 0
        return self.fill("quota", small_quota, range(64, 10000, 24 * min(self.options.every, 6)), os.strerror(errno.EDQUOT))

    def fill(self, name, small, sizes, told):
        """Runs in a `small` place of each of @p sizes until one is enough, alone and on three ranks."""
        tried, met = 0, collections.Counter()
        for ranks in (0, 3):
            left, lines, at_once = iter(sizes), [], RANKS_AT_ONCE if ranks else AT_ONCE
            with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
                while None not in lines:
                    lines += pool.map(lambda kib: self.fill_one(f"{name} of {kib} KiB, {ranks or 1} ranks", small, kib, ranks, told),
                                      itertools.islice(left, at_once))
            full = [line for line in lines if line is not None]
            self.checks.expect(len(full) >= 2, f"{name}, {ranks or 1} ranks: only {len(full)} sizes were too small")
            met.update(re.sub(r"\d+", "N", line.rsplit("(", 1)[-1].split(")")[0]) for line in full)
            tried += len(lines)
        print(f"{name}: full at {dict(met)}")
        return tried

    def fill_one(self, where, small, kib, ranks, told):
        """What the run says; None if it fitted."""
        run = self.fresh()
        with small(run.out, kib) as give_room:
            done = run.run(ranks=ranks)
            if done.returncode == 0:
                return None
            line = self.expect_failed(done, where, told)
            give_room()
            if kib % 8 == 0 and run.committed():
                self.repair(run, where)
            self.resume(run, where, ranks)
            return line


@contextlib.contextmanager
def small_disk(path, kib):
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", path], check=True)
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", path], check=True)
    finally:
        subprocess.run(["umount", path], check=True)


@contextlib.contextmanager
def small_quota(path, kib):
    def done(*command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def limit(size):
        """Asked for at the mount: within the subvolume the request itself would need room there, and a full one has none."""
        done("btrfs", "qgroup", "limit", size, "0/" + done("btrfs", "inspect-internal", "rootid", mount / "limited"), mount)

    image, mount = path.parent / "btrfs", path.parent / "mount"
    for directory in (path, mount):
        directory.mkdir()
    done("truncate", "--size=128M", image)
    done("mkfs.btrfs", "--quiet", "--mixed", image)
    done("mount", "-o", "loop", image, mount)
    try:
        done("btrfs", "quota", "enable", mount)
        done("btrfs", "subvolume", "create", mount / "limited")
        limit(f"{kib}k")
        done("mount", "--bind", mount / "limited", path)
        try:
            yield lambda: limit("none")
        finally:
            done("umount", path)
    finally:
        done("umount", mount)


if __name__ == "__main__":
    main_of(FailingIo, __doc__)
