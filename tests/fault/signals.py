#!/usr/bin/python3
"""SIGTERM, SIGINT and SIGUSR1 end a run in order, with a checkpoint: within seconds, everything stored so far readable by
stock tools. SIGUSR2 writes a checkpoint and goes on.

usage: signals.py PROGRAM
"""
import concurrent.futures
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


ANSWERS = {  # what squeue does: its script, the run's exit code, what is told
    "hangs": ("sleep 60", 0, "squeue does not tell the time limit of job 4711"),
    "hangs and heeds no TERM": ("trap '' TERM; sleep 60; sleep 60", 0, "squeue does not tell"),
    "fails": ("echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", 0, "squeue does not tell"),
    "says nothing that is a time": ("echo INVALID", 0, "squeue does not tell"),
    "knows of no limit": ("echo UNLIMITED", 0, None),
    "says that the time is over": ("echo 0:01", 75, "limits.walltime"),
}


def check_answer(checks, program, what, ranks):
    """limits.walltime = "slurm" with a scheduler that is ill: told once, and the run goes on after some seconds at most."""
    script, code, told = ANSWERS[what]
    with Workspace(program) as work:
        work.write("c.toml", "[grid]\nshape = [32, 32]\n[time]\nframes = 20\n[limits]\nwalltime = \"slurm\"\nmargin = \"2s\"\n")
        (work.path / "squeue").write_text(f"#!/bin/sh\n{script}\n")
        (work.path / "squeue").chmod(0o755)
        began = time.monotonic()
        result = work.run("run", "c.toml", ranks=ranks, environment={"PATH": f"{work.path}:{os.environ['PATH']}",
                                                                     "SLURM_JOB_ID": "4711"})
        passed = time.monotonic() - began
    where = f"squeue {what}, {ranks or 1} ranks"
    checks.expect(result.returncode == code, f"{where}: exit {result.returncode}: {result.stderr}")
    times = result.stderr.count(told or "squeue")
    checks.expect(times == (1 if told else 0), f"{where}: told {times} times: {result.stderr!r}")
    checks.expect(passed < 20, f"{where}: took {passed:.1f} s")


def check_scheduler(checks, program):
    cases = [(what, 0) for what in ANSWERS] + [("hangs", 3)]
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:  # they mostly wait
        list(pool.map(lambda case: check_answer(checks, program, *case), cases))


def main():
    checks = Checks()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        check_signal(checks, sys.argv[1], number)
    check_usr2(checks, sys.argv[1])
    check_walltime(checks, sys.argv[1])
    check_scheduler(checks, sys.argv[1])
    checks.finish()


if __name__ == "__main__":
    main()
