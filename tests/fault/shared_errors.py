#!/usr/bin/python3
"""A write of one rank that fails, at the beginning or later, ends a run into a shared file: soon, exit 1, the cause told.

usage: shared_errors.py PROGRAM SHIM      (SHIM: tests/fault/slow_or_failing_io.c)
"""
import concurrent.futures
import errno
import itertools
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace  # noqa: E402

CONFIG = """
[grid]
shape = [45, 61]
[time]
frames = 20
steps_per_frame = 5
[output]
fields = ["u", "v"]
chunk = [10, 20]
layout = "shared"
codec = "none"
"""


def check(checks, program, shim, rank, after, code):
    label = f"rank {rank}, write {after + 1}, {errno.errorcode[code]}"
    told = os.strerror(code)
    with Workspace(program) as work:
        work.write("c.toml", CONFIG)
        environment = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_RANK": str(rank),
                       "MORPHOGEN_TEST_PWRITE_ERRNO": str(code), "MORPHOGEN_TEST_PWRITE_FAIL_AFTER": str(after)}
        result = work.run("run", "c.toml", ranks=3, environment=environment, timeout=30)
        checks.expect(result.returncode == 1, f"{label}: exit {result.returncode}: {result.stderr}")
        checks.expect(told in result.stderr, f"{label}: {told!r} is not told: {result.stderr!r}")


def main():
    program, shim = sys.argv[1:]
    checks = Checks()
    places = ((0, 0), (0, 12), (0, 40), (1, 0), (1, 12), (2, 12))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: check(checks, program, shim, *case[0], case[1]),
                      itertools.product(places, (errno.ENOSPC, errno.EIO))))
    checks.finish()


if __name__ == "__main__":
    main()
