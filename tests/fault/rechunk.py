#!/usr/bin/python3
"""`rechunk` that cannot finish: a clear error or the signal's own end, soon, and neither OUT nor a part of it is left.

usage: rechunk.py PROGRAM [slow_or_failing_io.so]      (the full disk: root only; the failing writes: with the library)
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import zlib

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


def expect_told_once(checks, result, told, label, code=1):
    """Of several ranks too: mpirun adds lines of its own."""
    checks.expect(result.returncode == code, f"{label}: exit {result.returncode}: {result.stderr}")
    lines = [line for line in result.stderr.splitlines() if line.startswith("morphogen:")]
    checks.expect(len(lines) == 1 and all(text in lines[0] for text in told), f"{label}: told {lines}, expected {told}")


def check_ranks(checks, work):
    """Shares of several ranks make the same content; what all of them refuse is told once."""
    with h5py.File(work.path / "in.h5", "r") as f:
        values = f["v"][()]
    for ranks in (1, 3):
        for options in (OPTIONS, ("--chunks", "32,64,96", "--codec", "deflate:1"), ("--chunks", "contiguous"),
                        ("--chunks", "5,7,11", "--codec", "none", "--memory", "6MiB", "--threads", "1")):
            label = f"{ranks} ranks, {options}"
            result = work.run("rechunk", "in.h5", "out.h5", *options, ranks=ranks)
            if checks.expect(result.returncode == 0, f"{label}: exit {result.returncode}: {result.stderr}"):
                with h5py.File(work.path / "out.h5", "r") as f:
                    same = f["v"].shape == values.shape and f["v"][()].tobytes() == values.tobytes()
                    checks.expect(same and f["others"].attrs["text"] == "kept", f"{label}: other content")
                (work.path / "out.h5").unlink()
            expect_nothing_left(checks, work, label)
    for label, arguments, told, code in (
            ("no input", ("absent.h5", "out.h5", *OPTIONS), ("absent.h5",), 2),
            ("bad chunks", ("in.h5", "out.h5", "--chunks", "8,x"), ("bad --chunks",), 2),
            ("too little memory", ("in.h5", "out.h5", *OPTIONS, "--memory", "1KiB"), ("not enough memory",), 2),
            ("no directory", ("in.h5", "absent/out.h5", *OPTIONS), ("cannot create file",), 1)):
        expect_told_once(checks, work.run("rechunk", *arguments, ranks=3), told, f"3 ranks, {label}", code)
        expect_nothing_left(checks, work, label)


def damaged(raw):
    return bytes(raw[:len(raw) // 2]) + bytes(len(raw) - len(raw) // 2)


def check_damage(checks, work):
    """A chunk that cannot be decoded, wherever it is: that chunk named, by whichever rank meets it."""
    with h5py.File(work.path / "in.h5", "r") as f:
        good = f["v"].id.read_direct_chunk((0, 0, 0))[1]
        size = f["v"].id.get_storage_size()
    cases = {"damaged": (damaged(good), ("cannot decode chunk", "deflate")),
             "too long for its chunk": (bytes(10 * size), ("damaged chunk", "bytes are stored")),
             "a bomb": (zlib.compress(bytes(1 << 25), 9), ("cannot decode chunk", "more than the chunk's size"))}
    for label, (stored, told) in cases.items():
        for place in (0, 1, 17, 31):
            os.rename(work.path / "in.h5", work.path / "good.h5")
            shutil.copy(work.path / "good.h5", work.path / "in.h5")
            with h5py.File(work.path / "in.h5", "r+") as f:
                f["v"].id.write_direct_chunk((place, 0, 0), stored)
            for ranks in (0, 3) if place == 31 else (0,):
                began = time.monotonic()
                result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS, "--memory", "8MiB", ranks=ranks)
                where = f"{label}, chunk {place}, {ranks} ranks"
                checks.expect(time.monotonic() - began < SOON_S, f"{where}: took {time.monotonic() - began:.1f} s")
                expect_told_once(checks, result, ("in.h5", "/v", f"chunk at ({place}, 0, 0)", *told), where)
                expect_nothing_left(checks, work, where, {"in.h5", "good.h5"})
            os.rename(work.path / "good.h5", work.path / "in.h5")


def check_failing_reads(checks, work, shim):
    counter = work.path / "count"
    result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS,
                      environment={"LD_PRELOAD": shim, "MORPHOGEN_TEST_PREAD_COUNT": str(counter)})
    checks.expect(result.returncode == 0, f"without a fault: {result.stderr}")
    reads = int(counter.read_text())
    counter.unlink()
    (work.path / "out.h5").unlink()
    checks.expect(reads > 32, f"only {reads} reads")
    for count in range(reads):
        began = time.monotonic()
        result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS, environment={
            "LD_PRELOAD": shim, "MORPHOGEN_TEST_PREAD_FAIL_AFTER": str(count)})
        label = f"read {count} of {reads}"
        checks.expect(time.monotonic() - began < SOON_S, f"{label}: took {time.monotonic() - began:.1f} s")
        expect_told_once(checks, result, ("in.h5",), label)
        expect_nothing_left(checks, work, label)


def check_full_disk(checks, work):
    """What is sure not to fit is refused; what might, ends with the system's error."""
    packed = (*OPTIONS[:2], "--codec", "deflate:1")
    result = work.run("rechunk", "in.h5", "out.h5", *packed)
    checks.expect(result.returncode == 0, f"on a large disk: {result.stderr}")
    whole = (work.path / "out.h5").stat().st_size >> 10
    (work.path / "out.h5").unlink()
    disk = work.path / "disk"
    disk.mkdir()
    for kib, options, told in ((4, packed, "No space left"), (100, packed, "No space left"), (whole - 4, packed, "No space left"),
                               (1000, OPTIONS, "no room for OUT")):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)], check=True)
        try:
            result = work.run("rechunk", "in.h5", "disk/out.h5", *options)
            checks.expect(result.returncode == 1, f"{kib} KiB: exit {result.returncode}: {result.stderr}")
            checks.expect("disk/out.h5" in result.stderr and told in result.stderr, f"{kib} KiB: told {result.stderr!r}")
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


def check_failing_writes_of_ranks(checks, work, shim):
    """Rank 0 cannot write, at one of several places: the others end too, and it is told once."""
    for count in (0, 3, 40):
        began = time.monotonic()
        result = work.run("rechunk", "in.h5", "out.h5", *OPTIONS, ranks=3, environment={
            "LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_FAIL_AFTER": str(count), "MORPHOGEN_TEST_PWRITE_RANK": "0"})
        label = f"3 ranks, write {count}"
        checks.expect(time.monotonic() - began < SOON_S, f"{label}: took {time.monotonic() - began:.1f} s")
        expect_told_once(checks, result, ("out.h5", "No space left"), label)
        expect_nothing_left(checks, work, label)


def check_signal_of_ranks(checks, work, shim):
    slow = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_DELAY_US": "50000"}
    process = work.start("rechunk", "in.h5", "out.h5", *OPTIONS, ranks=3, environment=slow)
    unfinished = work.path / "out.h5.new"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (unfinished.exists() and unfinished.stat().st_size > 100_000):
        time.sleep(0.01)
    checks.expect(unfinished.exists(), "3 ranks: it never began")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    checks.expect(process.returncode != 0, "3 ranks, SIGTERM: exit 0")
    expect_nothing_left(checks, work, "3 ranks, SIGTERM")


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
        check_ranks(checks, work)
        check_damage(checks, work)
        if os.geteuid() == 0:
            check_full_disk(checks, work)
        if len(sys.argv) > 2:
            shim = str(pathlib.Path(sys.argv[2]).resolve())
            for check in (check_failing_reads, check_failing_writes, check_failing_writes_of_ranks, check_signals,
                          check_signal_of_ranks):
                check(checks, work, shim)
    checks.finish()


if __name__ == "__main__":
    main()
