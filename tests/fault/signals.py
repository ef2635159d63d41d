#!/usr/bin/python3
"""SIGTERM, SIGINT and SIGUSR1 end a run in order, with a checkpoint: within seconds, everything stored so far readable by
stock tools. SIGUSR2 writes a checkpoint and goes on.

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
        checks.expect(process.returncode == 75, f"{number.name}: exit {process.returncode}: {errors}")
        checks.expect(number.name in errors, f"{number.name}: not named in {errors!r}")
        report = work.report()
        checks.expect(report["exit"] == "stopped", f"{number.name}: report says {report['exit']}")
        with h5py.File(work.path / "out/frames.h5", "r") as file:  # plainly: it was closed
            checks.expect(len(file["v"]) == len(file["step"]) == report["frames"] >= 3, f"{number.name}: frames")


def checkpoints(work):
    folder = work.path / "out/checkpoints"
    return sorted(p.name for p in folder.iterdir() if p.name.isdigit()) if folder.is_dir() else []


def check_usr2(checks, program):
    with Workspace(program) as work:
        work.write("c.toml", ENDLESS)
        process = subprocess.Popen([work.program, "run", "c.toml"], cwd=work.path, stderr=subprocess.PIPE, text=True)
        try:
            checks.expect(wait_for_frames(work.path / "out/frames.h5", 3), "SIGUSR2: no frames in time")
            checks.expect(checkpoints(work) == [], "a checkpoint that nobody asked for")
            process.send_signal(signal.SIGUSR2)
            end = time.monotonic() + 20
            while not checkpoints(work) and time.monotonic() < end:
                time.sleep(0.05)
            checks.expect(len(checkpoints(work)) == 1, f"SIGUSR2: {checkpoints(work)}")
            checks.expect(process.poll() is None, f"SIGUSR2 ended the run: {process.returncode}")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        finally:
            process.kill()
        checks.expect(process.returncode == 75, f"SIGTERM after SIGUSR2: exit {process.returncode}")
        checks.expect(len(checkpoints(work)) == 2, f"SIGTERM after SIGUSR2: {checkpoints(work)}")


def check_walltime(checks, program):
    """A limit on the clock stops a run by itself, in time."""
    with Workspace(program) as work:
        work.write("c.toml", ENDLESS + '[limits]\nwalltime = "00:00:04"\nmargin = "2s"\n')
        began = time.monotonic()
        result = work.run("run", "c.toml", timeout=30)
        passed = time.monotonic() - began
        checks.expect(result.returncode == 75, f"walltime: exit {result.returncode}: {result.stderr}")
        checks.expect("limits.walltime" in result.stderr, f"walltime: not named in {result.stderr!r}")
        checks.expect(passed < 4.0, f"walltime: stopped after {passed:.1f} s of 4")


def main():
    checks = Checks()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        check_signal(checks, sys.argv[1], number)
    check_usr2(checks, sys.argv[1])
    check_walltime(checks, sys.argv[1])
    checks.finish()


if __name__ == "__main__":
    main()
