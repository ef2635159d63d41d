#!/usr/bin/python3
"""gather, series, crops and stats that may not or cannot write: refused, a clear error or the signal's own end, soon, and
neither OUT nor a part of it is left; what is read is never written over.

usage: reading.py PROGRAM [slow_or_failing_io.so]      (failing writes and signals: with the library)
"""
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

SOON_S = 5  # a second, on a machine that does other things too
COMMANDS = {
    "gather": ("gather", "small/0.h5", "small/1.h5", "small/2.h5"),
    "series": ("series", "in.h5", "--at", "1,2", "--at", "40,80"),
    "crops": ("crops", "in.h5", "--shape", "4,16,16", "--count", "40", "--codec", "none"),
    "stats": ("stats", "in.h5"),
}


def write_inputs(work):
    values = numpy.random.default_rng(1).normal(size=(32, 64, 96))
    with h5py.File(work.path / "in.h5", "w") as f:
        f.create_dataset("v", data=values, chunks=(1, 64, 96), compression=1)
    (work.path / "small").mkdir()
    for i in range(3):
        with h5py.File(work.path / f"small/{i}.h5", "w") as f:
            f.create_dataset("v", data=values[i], chunks=(64, 96), compression=1)


def files(work):
    return {str(p.relative_to(work.path)) for p in work.path.rglob("*") if p.is_file() or p.is_symlink()}


def read_by(name):
    """A file that the command reads."""
    return "small/1.h5" if name == "gather" else "in.h5"


def check_refused(checks, work):
    """Every name under which an input can be meant, with --force."""
    os.symlink("in.h5", work.path / "in-link.h5")
    os.link(work.path / "in.h5", work.path / "in-hard.h5")
    os.symlink("small/1.h5", work.path / "small-link.h5")
    os.link(work.path / "small/1.h5", work.path / "small-hard.h5")
    there = files(work)
    whole = {name: (work.path / name).read_bytes() for name in there}
    for name, command in COMMANDS.items():
        own = read_by(name)
        short = "small" if name == "gather" else "in"
        for out in (own, f"./../{work.path.name}/{own}", f"{short}-link.h5", f"{short}-hard.h5"):
            result = work.run(*command, "-o", out, "--force")
            checks.expect(result.returncode == 2, f"{name} over {out}: exit {result.returncode}: {result.stderr}")
            checks.expect("cannot write over the input" in result.stderr and result.stderr.count("\n") == 1,
                          f"{name} over {out}: told {result.stderr!r}")
        os.rename(work.path / own, work.path / "o.h5.new")  # what OUT is called until it is complete
        renamed = [argument if argument != own else "o.h5.new" for argument in command]
        result = work.run(*renamed, "-o", "o.h5", "--force")
        checks.expect(result.returncode == 2 and "cannot write over the input" in result.stderr,
                      f"{name}: an input is OUT.new: {result.returncode} {result.stderr!r}")
        checks.expect((work.path / "o.h5.new").exists(), f"{name}: an input that was called OUT.new is gone")
        os.rename(work.path / "o.h5.new", work.path / own)
        (work.path / "precious.h5").write_text("precious")
        result = work.run(*command, "-o", "precious.h5")
        checks.expect(result.returncode == 2 and "exists already" in result.stderr, f"{name}: OUT is there: {result.stderr!r}")
        checks.expect((work.path / "precious.h5").read_text() == "precious", f"{name}: an OUT that was there is lost")
        (work.path / "precious.h5").unlink()
        result = work.run(*command, "-o", "absent/out.h5")
        checks.expect(result.returncode == 1 and "absent/out.h5" in result.stderr and result.stderr.count("\n") == 1,
                      f"{name} into no directory: {result.returncode} {result.stderr!r}")
    checks.expect(files(work) == there, f"left {files(work) - there}, lost {there - files(work)}")
    for name, content in whole.items():
        checks.expect((work.path / name).read_bytes() == content, f"{name} was changed")


def check_failing_writes(checks, work, shim):
    there = files(work)
    for name, command in COMMANDS.items():
        counter = work.path / "count"
        result = work.run(*command, "-o", "out.h5", environment={"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_COUNT": str(counter)})
        checks.expect(result.returncode == 0, f"{name} without a fault: {result.stderr}")
        writes = int(counter.read_text())
        counter.unlink()
        (work.path / "out.h5").unlink()
        for count in sorted({0, 1, 2, writes // 2, writes - 2, writes - 1}):
            began = time.monotonic()
            result = work.run(*command, "-o", "out.h5", environment={
                "LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_FAIL_AFTER": str(count), "MORPHOGEN_TEST_PWRITE_ERRNO": "5"})
            label = f"{name}, write {count} of {writes}"
            checks.expect(time.monotonic() - began < SOON_S, f"{label}: took {time.monotonic() - began:.1f} s")
            checks.expect(result.returncode == 1, f"{label}: exit {result.returncode}: {result.stderr}")
            checks.expect("out.h5" in result.stderr and "Input/output error" in result.stderr, f"{label}: told {result.stderr!r}")
            checks.expect(files(work) == there, f"{label}: left {files(work) - there}")


def check_signals(checks, work, shim):
    there = files(work)
    slow = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_DELAY_US": "300000"}
    for name, command in COMMANDS.items():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = work.start(*command, "-o", "out.h5", environment=slow)
            unfinished = work.path / "out.h5.new"
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not (unfinished.exists() and unfinished.stat().st_size > 0):
                time.sleep(0.01)
            label = f"{name}, {number.name}"
            checks.expect(unfinished.exists(), f"{label}: it never began")
            began = time.monotonic()
            process.send_signal(number)
            process.communicate(timeout=30)
            checks.expect(time.monotonic() - began < SOON_S, f"{label}: took {time.monotonic() - began:.1f} s")
            checks.expect(process.returncode == -number, f"{label}: exit {process.returncode}")
            checks.expect(files(work) == there, f"{label}: left {files(work) - there}")


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        write_inputs(work)
        check_refused(checks, work)
        if len(sys.argv) > 2:
            check_failing_writes(checks, work, str(pathlib.Path(sys.argv[2]).resolve()))
            check_signals(checks, work, str(pathlib.Path(sys.argv[2]).resolve()))
    checks.finish()


if __name__ == "__main__":
    main()
