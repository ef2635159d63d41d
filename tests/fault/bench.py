#!/usr/bin/env python3
"""bench that is interrupted dies by that signal and leaves nothing where it wrote; what it cannot do is refused.

bench.py MORPHOGEN
"""
import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from program import Checks, Workspace

OPTIONS = ("--directory", ".", "--threads", "2", "--seconds", "0.2")
SOON_S = 10  # on a busy machine


def bytes_in(folder):
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            pass  # the program removes files of its own accord too
    return total


def start(checks, work, name, **how):
    """The measurement, once it writes."""
    process = work.start("bench", name, *OPTIONS, **how)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and bytes_in(work.path) < 1_000_000 and process.poll() is None:
        time.sleep(0.005)
    checks.expect(process.poll() is None and bytes_in(work.path) >= 1_000_000, f"{name}: it never wrote")
    return process


def check_ended(checks, work, process, number, what):
    began = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    checks.expect(time.monotonic() - began < SOON_S, f"{what}: took {time.monotonic() - began:.1f} s")
    checks.expect(not list(work.path.iterdir()), f"{what}: left {[p.name for p in work.path.rglob('*')]}")
    return errors


def check_interrupted(checks, work, name, number):
    what = f"bench {name}, {number.name}"
    process = start(checks, work, name)
    errors = check_ended(checks, work, process, number, what)
    checks.expect(process.returncode == -number, f"{what}: exit {process.returncode}")
    checks.expect(errors == "", f"{what}: {errors}")


def check_mpirun(checks, work):
    process = start(checks, work, "store", ranks=1)
    check_ended(checks, work, process, signal.SIGTERM, "mpirun -n 1 bench store")
    checks.expect(process.returncode != 0, "mpirun -n 1 bench store: exit 0")


def check_nohup(checks, work):
    process = start(checks, work, "store", prefix=("nohup",))
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    checks.expect(process.poll() is None, "nohup bench store: SIGHUP ended it")
    check_ended(checks, work, process, signal.SIGTERM, "nohup bench store")
    checks.expect(process.returncode == -signal.SIGTERM, f"nohup bench store: exit {process.returncode}")


def check_seconds(checks, work):
    for wrong in ("0", "-1", "nan", "-nan", "inf", "1e400", "x", ""):
        done = work.run("bench", "ring", f"--seconds={wrong}", timeout=10)
        checks.expect(done.returncode == 2 and "--seconds" in done.stderr and not done.stdout,
                      f"--seconds={wrong}: exit {done.returncode}, {done.stderr}")
    told = work.run("bench", "--help").stdout
    for part in ("default: 0.5", "below 0.05"):
        checks.expect(part in " ".join(told.split()), f"bench --help: no '{part}'")


def check_failing(checks, work):
    done = work.run("bench", "copy", "store", "--json", "--directory", "/nowhere", "--seconds", "0.01")
    checks.expect(done.returncode == 1 and "/nowhere" in done.stderr, f"failing: exit {done.returncode}, {done.stderr}")
    checks.expect(list(json.loads(done.stdout)) == ["provenance", "copy"], f"failing: {done.stdout}")


def check_nothing_kept(checks, work):
    """Tilings are measured within the first seconds: a user's cache would hold them."""
    process = work.start("bench", "kernel", "--seconds", "0.05", environment={"XDG_CACHE_HOME": str(work.path)})
    time.sleep(8)
    checks.expect(process.poll() is None, "bench kernel: ended early")
    check_ended(checks, work, process, signal.SIGTERM, "bench kernel")


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        check_seconds(checks, work)
        check_failing(checks, work)
        check_nothing_kept(checks, work)
        for name in ("limits", "store", "run"):  # files of its own, of HDF5, of a whole run
            check_interrupted(checks, work, name, signal.SIGINT)
        for number in (signal.SIGTERM, signal.SIGHUP):
            check_interrupted(checks, work, "run", number)
        check_nohup(checks, work)
        check_mpirun(checks, work)
    checks.finish()


if __name__ == "__main__":
    main()
