#!/usr/bin/python3
"""A run stopped by signals at random moments, on changing numbers of ranks: exit 75 each time, the same bits at the end.

usage: stops.py PROGRAM LIBRARY [--stops N] [--seed S]

Alone: TERM, INT or USR1 to the process. With ranks: USR1 to mpirun, or one of the three to any one rank. In between USR2,
which must not stop it, and TERM or INT to mpirun, which leaves a second: exit 1, nothing committed lost.
"""
import argparse
import pathlib
import random
import signal
import subprocess
import tempfile
import time

from faulty_run import FaultyRun, frames_of, kill_tree, ranks_of, require_repair, wait_until, wrong_frames
from program import Checks

RANKS = (1, 4, 2, 3)
FRAMES_PER_STOP = 12  # of slowed writing: longer than the longest wait
CONFIG = """
[grid]
shape = [40, 48]
[time]
frames = FRAMES
steps_per_frame = 7
[output]
directory = "out"
fields = ["u", "v"]
frames_per_file = 50
sync = "never"
[threads]
compute = 1
io = 1
[checkpoint]
every = "never"
"""


class Stopper:
    def __init__(self, options, folder, checks):
        self.checks, self.program, self.rng = checks, options.program, random.Random(options.seed)
        self.options, self.stayed = options, 0
        config = CONFIG.replace("FRAMES", str(options.stops * FRAMES_PER_STOP))
        reference = FaultyRun(options.program, options.library, folder, config)
        done = reference.run()
        checks.expect(done.returncode == 0, f"undisturbed: exit {done.returncode}: {done.stderr}")
        self.reference = reference.contents()
        self.run = FaultyRun(options.program, options.library, folder, config)

    def launch(self, ranks):
        """Started and listening: it has taken its directory and stored a frame that was not there."""
        before = frames_of(self.run.contents())
        # Every write sleeps, so that the run lasts.
        process = self.run.start("run", "run.toml", "--resume", "--set", 'output.directory="disturbed"',
                                 ranks=0 if ranks == 1 else ranks, delay_us=4000)
        seen = wait_until(lambda: process.poll() is not None or self.frames_now() > before)
        self.checks.expect(seen and process.poll() is None, f"{ranks} ranks: ended, or no frame in time")
        time.sleep(self.rng.uniform(0.0, 0.3))
        return process

    def frames_now(self):
        try:
            return frames_of(self.run.contents())
        except (OSError, KeyError):
            return 0  # between two renames

    def end(self, process, what):
        try:
            for _ in range(2):  # the second for a machine that was itself suspended meanwhile
                try:
                    return process.communicate(timeout=30)[1]
                except subprocess.TimeoutExpired:
                    pass
            self.checks.expect(False, f"{what}: hangs")
            return ""
        finally:
            kill_tree(process.pid)

    def stop(self, n, ranks):
        number = self.rng.choice((signal.SIGTERM, signal.SIGINT, signal.SIGUSR1))
        process = self.launch(ranks)
        one = self.rng.choice(ranks_of(process, self.program) or [process.pid])
        to_mpirun = ranks > 1 and self.rng.random() < 0.4
        if to_mpirun:
            number = signal.SIGUSR1
        if self.rng.random() < 0.2:
            # A checkpoint on request, of any rank, changes nothing else.
            subprocess.run(["kill", "-USR2", str(one)], check=False)
        what = f"stop {n}: {number.name} to {'mpirun' if to_mpirun else 'one'} of {ranks} ranks"
        started = time.monotonic()
        subprocess.run(["kill", f"-{number.name[3:]}", str(process.pid if to_mpirun else one)], check=False)
        errors = self.end(process, what)
        took = time.monotonic() - started
        self.checks.expect(process.returncode == 75, f"{what}: exit {process.returncode}: {errors}")
        self.checks.expect(number.name in errors, f"{what}: not named: {errors!r}")
        return took

    def abrupt(self, number):
        """TERM or Ctrl-C to mpirun: the ranks have a second, and mpirun's exit code is 1."""
        process = self.launch(3)
        before = self.frames_now()
        process.send_signal(number)
        # Open MPI 4.1's mpirun itself can stay behind when all of its ranks have ended: that is not ours to mend.
        self.checks.expect(wait_until(lambda: not ranks_of(process, self.program), 60), f"{number.name} to mpirun: ranks stay")
        if not wait_until(lambda: process.poll() is not None, 20):
            self.stayed += 1
            kill_tree(process.pid)
        errors = self.end(process, f"{number.name} to mpirun")
        self.checks.expect(process.returncode not in (0, 75), f"{number.name} to mpirun: exit {process.returncode}: {errors}")
        after = frames_of(self.run.contents())
        self.checks.expect(after >= before, f"{number.name} to mpirun: {before} frames were committed, {after} are left")

    def finish(self):
        done = self.run.run(timeout=120)
        self.checks.expect(done.returncode == 0, f"the last launch: exit {done.returncode}: {done.stderr}")
        data = self.run.contents()
        whole = frames_of(data) == frames_of(self.reference)
        self.checks.expect(whole and wrong_frames(data, self.reference) is None,
                           f"at the end: {frames_of(data)} frames, wrong: {wrong_frames(data, self.reference)}")
        clean = self.run.command("verify", self.run.out.name)
        self.checks.expect(clean.returncode == 0, f"verify: exit {clean.returncode}: {clean.stdout}{clean.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--stops", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    options.program, options.library = options.program.resolve(), options.library.resolve()
    require_repair(options.program)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="morphogen-stops-") as folder:
        stopper = Stopper(options, folder, checks)
        times = []
        for n in range(options.stops):
            times.append(stopper.stop(n, RANKS[n % len(RANKS)]))
            if n % 10 == 5:
                stopper.abrupt(stopper.rng.choice((signal.SIGTERM, signal.SIGINT)))
        stopper.finish()
        print(f"{len(times)} stops; from the signal to the launcher's end: median {sorted(times)[len(times) // 2]:.2f} s, "
              f"longest {max(times):.2f} s")
        print(f"mpirun stayed behind its ranks {stopper.stayed} times")
        # Within a second or one step, and the launcher's own end on a loaded machine. The median: a machine may be suspended.
        checks.expect(sorted(times)[len(times) // 2] < 5, "stopping takes long")
    checks.finish()


if __name__ == "__main__":
    main()
