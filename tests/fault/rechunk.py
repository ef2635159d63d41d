#!/usr/bin/python3
"""`rechunk` that cannot finish: a clear error or the signal's own end, soon, and neither OUT nor a part of it is left.

usage: rechunk.py PROGRAM [slow_or_failing_io.so]      (the full disk: root only; the failing writes: with the library)
"""
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

OPTIONS = ("--chunks", "8,16,16", "--codec", "none")
SOON_S = 5  # a second, on a machine that does other things too


def write_input(work):
    with h5py.File(work.path / "in.h5", "w") as f:
        f.create_dataset("v", data=numpy.random.default_rng(1).normal(size=(32, 64, 96)), chunks=(1, 64, 96), compression=1)
        f.create_group("others").attrs["text"] = "kept"


def expect_nothing_left(checks, work, label, before=frozenset({"in.h5"})):
    left = {str(p.relative_to(work.path)) for p in work.path.rglob("*") if p.is_file()}
    checks.expect(left == set(before), f"{label}: left {sorted(left - set(before))}, lost {sorted(set(before) - left)}")


def check_refused(checks, work):
    whole = (work.path / "in.h5").read_bytes()
    for label, target, told in (("no directory", "absent/out.h5", "cannot create file"),
                                ("a file as directory", "in.h5/out.h5", "cannot create file"),
                                ("itself", "in.h5", "cannot write over the input"),
                                ("itself by another path", "./../" + work.path.name + "/in.h5", "cannot write over the input")):
        result = work.run("rechunk", "in.h5", target, *OPTIONS, "--force")
        checks.expect(result.returncode in (1, 2), f"{label}: exit {result.returncode}")
        checks.expect(told in result.stderr and result.stderr.count("\n") == 1, f"{label}: told {result.stderr!r}")
        expect_nothing_left(checks, work, label)
    os.rename(work.path / "in.h5", work.path / "out.h5.new")
    result = work.run("rechunk", "out.h5.new", "out.h5", *OPTIONS)
    checks.expect(result.returncode == 2 and "cannot write over the input" in result.stderr, f"IN is OUT.new: {result.stderr!r}")
    os.rename(work.path / "out.h5.new", work.path / "in.h5")
    checks.expect((work.path / "in.h5").read_bytes() == whole, "the input was changed")
    (work.path / "out.h5").write_text("precious")
    result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS)
    checks.expect(result.returncode == 2 and "exists already" in result.stderr, f"OUT is there: {result.stderr!r}")
    checks.expect((work.path / "out.h5").read_text() == "precious", "an OUT that was there is lost")
    (work.path / "out.h5").unlink()
    result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS, ranks=3)
    checks.expect(result.returncode == 2, f"3 ranks: exit {result.returncode}")
    checks.expect(result.stderr.count("rechunk runs in one process") == 1, f"3 ranks: told {result.stderr!r}")
    expect_nothing_left(checks, work, "3 ranks")


def check_full_disk(checks, work):
    disk = work.path / "disk"
    disk.mkdir()
    for kib in (4, 100, 1000, 1530):  # of 1536 KiB of data
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)], check=True)
        try:
            result = work.run("rechunk", "in.h5", "disk/out.h5", *OPTIONS)
            checks.expect(result.returncode == 1, f"{kib} KiB: exit {result.returncode}: {result.stderr}")
            checks.expect("disk/out.h5" in result.stderr and "No space left" in result.stderr, f"{kib} KiB: told {result.stderr!r}")
            expect_nothing_left(checks, work, f"{kib} KiB")
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def check_failing_writes(checks, work, shim):
    counter = work.path / "count"
    result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS,
                      environment={"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_COUNT": str(counter)})
    checks.expect(result.returncode == 0, f"without a fault: {result.stderr}")
    writes = int(counter.read_text())
    counter.unlink()
    (work.path / "out.h5").unlink()
    checks.expect(writes > 50, f"only {writes} writes")
    for count in sorted({0, 1, 2, 3, 5, 9, writes // 2, writes - 5, writes - 2, writes - 1}):
        began = time.monotonic()
        result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS, environment={
            "LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_FAIL_AFTER": str(count), "MORPHOGEN_TEST_PWRITE_ERRNO": "5"})
        label = f"write {count} of {writes}"
        checks.expect(time.monotonic() - began < SOON_S, f"{label}: took {time.monotonic() - began:.1f} s")
        checks.expect(result.returncode == 1, f"{label}: exit {result.returncode}: {result.stderr}")
        checks.expect("out.h5" in result.stderr and "Input/output error" in result.stderr and result.stderr.count("\n") == 1,
                      f"{label}: told {result.stderr!r}")
        expect_nothing_left(checks, work, label)


def check_signals(checks, work, shim):
    slow = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_DELAY_US": "50000"}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = work.start("rechunk", "in.h5", "out.h5", *OPTIONS, environment=slow)
        deadline = time.monotonic() + 30
        unfinished = work.path / "out.h5.new"
        while time.monotonic() < deadline and not (unfinished.exists() and unfinished.stat().st_size > 100_000):
            time.sleep(0.01)
        checks.expect(unfinished.exists(), f"{number.name}: it never began")
        began = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=30)
        checks.expect(time.monotonic() - began < SOON_S, f"{number.name}: took {time.monotonic() - began:.1f} s")
        checks.expect(process.returncode == -number, f"{number.name}: exit {process.returncode}")
        expect_nothing_left(checks, work, number.name)


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        write_input(work)
        check_refused(checks, work)
        if os.geteuid() == 0:
            check_full_disk(checks, work)
        if len(sys.argv) > 2:
            check_failing_writes(checks, work, str(pathlib.Path(sys.argv[2]).resolve()))
            check_signals(checks, work, str(pathlib.Path(sys.argv[2]).resolve()))
    checks.finish()


if __name__ == "__main__":
    main()
