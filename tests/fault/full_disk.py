#!/usr/bin/python3
"""A disk that fills up during the run: a clear error, exit 1, no hang, every committed frame readable and right.

usage: full_disk.py PROGRAM      (root mounts a small tmpfs; otherwise skipped)
"""
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

CONFIG = """
[grid]
shape = [128, 160]
[time]
frames = 60
steps_per_frame = 3
[output]
codec = "none"
layout = "LAYOUT"
"""


def committed_frames(path):
    with h5py.File(path, "r", swmr=True) as file:
        count = len(file["step"])
        return file["step"][:count], file["v"][:count]


def check(checks, program, layout, ranks, kib):
    label = f"{layout}, {ranks or 'no'} ranks, {kib} KiB"
    with Workspace(program) as work:
        work.write("c.toml", CONFIG.replace("LAYOUT", layout))
        whole = work.run("run", "c.toml", "--set", 'output.directory="whole"')
        checks.expect(whole.returncode == 0, f"the run to compare with: {whole.stderr}")
        disk = work.path / "out"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)], check=True)
        try:
            result = work.run("run", "c.toml", ranks=ranks)
            checks.expect(result.returncode == 1, f"{label}: exit {result.returncode}: {result.stderr}")
            told = len(re.findall(r"[Nn]o space left on device", result.stderr))
            if layout == "shared":
                # Several ranks may meet the error, and MPI-IO does not always say why; the open segment is lost, as
                # the contract says. What counts: it ended, and said so.
                checks.expect("morphogen: " in result.stderr, f"{label}: not told: {result.stderr!r}")
                return
            checks.expect(told == 1, f"{label}: told {told} times: {result.stderr!r}")
            steps, v = committed_frames(disk / "frames.h5")
            _, expected = committed_frames(work.path / "whole/frames.h5")
            checks.expect(0 < len(steps) < 60, f"{label}: {len(steps)} frames committed")
            checks.expect(numpy.array_equal(v, expected[: len(steps)]), f"{label}: a committed frame is wrong")
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def main():
    if os.geteuid() != 0:
        skip("mounting a small tmpfs needs root")
    program = sys.argv[1]
    checks = Checks()
    for kib in (600, 1500):
        check(checks, program, "parts", 0, kib)
        check(checks, program, "parts", 3, kib)
    check(checks, program, "shared", 3, 600)
    checks.finish()


if __name__ == "__main__":
    main()
