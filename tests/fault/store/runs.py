"""Runs of write_run (tests/interop) for the fault tests, and what their directories must hold."""
import concurrent.futures
import os
import subprocess
import sys


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(77)


try:
    import h5py
    import numpy as np
except ImportError as missing:
    skip(f"{missing} ({sys.executable})")

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "interop"))
import sample  # noqa: E402

TIMEOUT = 60  # seconds: a hang is a failure


def at_once(work, items, ranks=1):
    """work(item) for each, several at a time: launches of one rank mostly wait for MPI to start and end, those of several
    wait for each other with the processor."""
    with concurrent.futures.ThreadPoolExecutor(6 if ranks == 1 else 2) as pool:
        return list(pool.map(work, items))


def expect(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


class Program:
    def __init__(self, write_run, shim, mpiexec):
        self.write_run, self.shim, self.mpiexec = write_run, shim, mpiexec

    def start(self, directory, ranks=1, shim=None, **options):
        """Popen of a run; shim: what tests/fault/slow_or_failing_io.c is told."""
        environment = dict(os.environ)
        arguments = [self.write_run, directory]
        for key, value in options.items():
            arguments += ["--" + key.replace("_", "-"), str(value)]
        if shim:
            environment["LD_PRELOAD"] = self.shim
            for key, value in shim.items():
                environment["MORPHOGEN_TEST_PWRITE_" + key] = str(value)
        if ranks > 1:
            forwarded = []
            for key in environment:
                if key == "LD_PRELOAD" or key.startswith("MORPHOGEN_TEST_"):
                    forwarded += ["-x", key]
            # Not into mpirun itself: the ranks alone are to fail.
            preload = environment.pop("LD_PRELOAD", None)
            command = [self.mpiexec, "-n", str(ranks)]
            if preload:
                forwarded[forwarded.index("LD_PRELOAD")] = "LD_PRELOAD=" + preload
            arguments = command + forwarded + arguments
        return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run(self, directory, **kind):
        """(exit code, frames it said were committed, stderr)"""
        process = self.start(directory, **kind)
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            expect(False, "the run hangs:", process.args)
        said = [int(line.split()[1]) for line in out.splitlines() if line.startswith("committed")]
        return process.returncode, said[-1] if said else 0, err


def committed_frames(directory, shape=(37, 53)):
    """The frames that swmr readers see counted, each checked; None if there is no frames.h5."""
    path = os.path.join(directory, "frames.h5")
    if not os.path.exists(path):
        return None
    with h5py.File(path, "r", swmr=True) as f:
        count = len(f["step"])
        expect(len(f["time"]) >= count, "time is shorter than step")
        expect(np.array_equal(f["step"][:count], sample.steps(count)), "step", f["step"][:count])
        expect(np.array_equal(f["time"][:count], sample.times(count)), "time")
        for name in ("u", "v"):
            expect(len(f[name]) >= count, name, "is shorter than step")
            frames = f[name][:count]
            expect(frames.tobytes() == sample.frames(name, count, shape, frames.dtype).tobytes(),
                   f"a committed frame of {name} is wrong, of {count}")
            for statistic in ("min", "max", "mean"):
                values = f[f"stats/{name}_{statistic}"][:count]
                expect(np.array_equal(values, sample.statistic(name, statistic, count)), statistic)
    return count
