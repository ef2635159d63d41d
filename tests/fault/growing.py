#!/usr/bin/python3
"""What readers see while a run writes: frames come one by one, and those that /step counts are whole, also where one
rank lags behind the others.

usage: growing.py PROGRAM SHIM      (SHIM: tests/fault/slow_or_failing_io.c, which slows the disk)
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

FRAMES = 20
CONFIG = f"""
[grid]
shape = [45, 61]
[time]
frames = {FRAMES}
steps_per_frame = 5
[output]
fields = ["u", "v"]
chunk = [10, 20]
"""


def open_reader(path, timeout_s=20):
    end = time.monotonic() + timeout_s
    while True:
        try:
            return h5py.File(path, "r", swmr=True)
        except OSError:  # not there yet, or not yet in SWMR mode
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def values_below_step(file):
    count = len(file["step"])
    return count, {name: file[name][:count] for name in ("u", "v")}


def looks_anew(process, path):
    """What readers see that come one after the other until the run ends."""
    while process.poll() is None:
        with open_reader(path) as file:
            yield values_below_step(file)
        time.sleep(0.02)


def looks_staying(process, path):
    """What one reader sees that stays. (Not beside others: within a process HDF5 opens a file once.)"""
    with open_reader(path) as file:
        while process.poll() is None:
            for name in ("step", "u", "v"):  # in this order: /step grows last
                file[name].id.refresh()
            yield values_below_step(file)
            time.sleep(0.02)


def check(checks, program, shim, ranks, slow, look):
    label = f"{look.__name__}, {ranks or 'no'} ranks"
    with Workspace(program) as work:
        work.write("c.toml", CONFIG)
        process = work.start("run", "c.toml", ranks=ranks, environment={"LD_PRELOAD": shim, **slow})
        try:
            looks = list(look(process, work.path / "out/frames.h5"))
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        checks.expect(process.returncode == 0, f"{label}: exit {process.returncode}: {errors}")
        with h5py.File(work.path / "out/frames.h5", "r") as file:  # plainly: it was closed
            whole = {name: file[name][()] for name in ("u", "v")}
            checks.expect(len(file["step"]) == FRAMES,
                          f"{label}: {len(file['step'])} frames in the end")
    counts = [count for count, _ in looks]
    checks.expect(len(set(counts)) > 3, f"{label}: it was not seen growing: {counts}")
    checks.expect(counts == sorted(counts), f"{label}: the count went back: {counts}")
    for count, fields in looks:
        for name, cells in fields.items():
            checks.expect(len(cells) == count, f"{label}: {name} has {len(cells)} of {count} frames")
            checks.expect(not numpy.isnan(cells).any(), f"{label}: NaN in {name} below {count}")
            checks.expect(numpy.array_equal(cells, whole[name][:count]), f"{label}: {name} changed below {count}")


def main():
    program, shim = sys.argv[1:]
    checks = Checks()
    slow = {"MORPHOGEN_TEST_PWRITE_DELAY_US": "3000"}
    for look in (looks_anew, looks_staying):
        check(checks, program, shim, 0, slow, look)
        for rank in ("2", "0"):
            check(checks, program, shim, 4, {"MORPHOGEN_TEST_PWRITE_RANK": rank, **slow}, look)
    checks.finish()


if __name__ == "__main__":
    main()
