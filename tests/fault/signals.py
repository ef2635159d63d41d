#!/usr/bin/python3
"""SIGTERM, SIGINT and SIGUSR1 end a run in order: within seconds, everything stored so far readable by stock tools.

usage: signals.py PROGRAM
"""
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

ENDLESS = "[grid]\nshape = [256, 256]\n[time]\nframes = 1000000\nsteps_per_frame = 20\n[output]\nfields = [\"u\", \"v\"]\n"


def wait_for_frames(path, count, timeout_s=30):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            with h5py.File(path, "r", swmr=True) as file:
                if len(file["step"]) >= count:
                    return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def check_signal(checks, program, number):
    with Workspace(program) as work:
        work.write("c.toml", ENDLESS)
        process = subprocess.Popen([work.program, "run", "c.toml"], cwd=work.path, stderr=subprocess.PIPE, text=True)
        try:
            checks.expect(wait_for_frames(work.path / "out/frames.h5", 3), f"{number.name}: no frames in time")
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
        checks.expect(process.returncode == 1, f"{number.name}: exit {process.returncode}: {errors}")
        checks.expect(number.name in errors, f"{number.name}: not named in {errors!r}")
        report = work.report()
        checks.expect(report["exit"] == "stopped", f"{number.name}: report says {report['exit']}")
        with h5py.File(work.path / "out/frames.h5", "r") as file:  # plainly: it was closed
            checks.expect(len(file["v"]) == len(file["step"]) == report["frames"] >= 3, f"{number.name}: frames")


def check_usr2(checks, program):
    """Asks for a checkpoint; a version that writes none must not die of it."""
    with Workspace(program) as work:
        work.write("c.toml", ENDLESS)
        process = subprocess.Popen([work.program, "run", "c.toml"], cwd=work.path, stderr=subprocess.PIPE, text=True)
        try:
            checks.expect(wait_for_frames(work.path / "out/frames.h5", 3), "SIGUSR2: no frames in time")
            process.send_signal(signal.SIGUSR2)
            time.sleep(0.3)
            checks.expect(process.poll() is None, f"SIGUSR2 ended the run: {process.returncode}")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        finally:
            process.kill()
        checks.expect(process.returncode == 1, f"SIGTERM after SIGUSR2: exit {process.returncode}")


def main():
    checks = Checks()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        check_signal(checks, sys.argv[1], number)
    check_usr2(checks, sys.argv[1])
    checks.finish()


if __name__ == "__main__":
    main()
