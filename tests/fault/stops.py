#!/usr/bin/python3
"""A run stopped by signals at random moments, on changing numbers of ranks: exit 75 each time, the same bits at the end.

usage: stops.py PROGRAM LIBRARY [--stops N] [--seed S]

Alone: TERM, INT or USR1 to the process. With ranks: USR1 to mpirun, or one of the three to any one rank. In between USR2,
which must not stop it, and TERM or INT to mpirun, which leaves a second: exit 1, nothing committed lost. The same under srun:
tests/slurm/slurm.py, case stops_srun.
"""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

from faulty_run import RUN, FaultyRun, frames_of, kill_tree, mpirun, require_repair, wait_until, wrong_frames
from program import Checks

RANKS = (1, 4, 2, 3)
FRAMES_PER_STOP = 25  # of slowed writing: longer than the longest wait
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
    """One run, launched and stopped again and again, and one that nothing disturbs."""

    def __init__(self, program, library, folder, checks, stops, seed=1, launcher=mpirun):
        """@p launcher: (ranks) -> the words that start that many."""
        self.checks, self.rng, self.times, self.stayed = checks, random.Random(seed), [], 0
        config = CONFIG.replace("FRAMES", str(stops * FRAMES_PER_STOP))
        self.name = pathlib.Path(launcher(1)[0]).name
        reference = FaultyRun(program, library, folder, config)
        done = reference.run()
        checks.expect(done.returncode == 0, f"undisturbed: exit {done.returncode}: {done.stderr}")
        self.reference = reference.contents()
        self.run = FaultyRun(program, library, folder, config, launcher=launcher)

    def launch(self, ranks):
        """Started and listening: it has taken its directory and stored a frame that was not there."""
        before = self.run.committed()
        # Every write sleeps, so that the run lasts.
        process = self.run.start(*RUN, ranks=0 if ranks == 1 else ranks, delay_us=4000)
        seen = wait_until(lambda: process.poll() is not None or self.run.committed() > before)
        self.checks.expect(seen and process.poll() is None, f"{ranks} ranks: ended, or no frame in time")
        time.sleep(self.rng.uniform(0.0, 0.3))
        return process

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
            self.run.end()

    def stop(self, n, ranks):
        number = self.rng.choice((signal.SIGTERM, signal.SIGINT, signal.SIGUSR1))
        process = self.launch(ranks)
        one = self.rng.choice(self.run.ranks() or [process.pid])
        to_launcher = ranks > 1 and self.rng.random() < 0.4
        if to_launcher:
            number = signal.SIGUSR1
        if self.rng.random() < 0.2:
            send(signal.SIGUSR2, one)  # a checkpoint on request, of any rank, changes nothing else
        what = f"stop {n}: {number.name} to {self.name if to_launcher else 'one'} of {ranks} ranks"
        started = time.monotonic()
        send(number, process.pid if to_launcher else one)
        errors = self.end(process, what)
        self.times.append(time.monotonic() - started)
        self.checks.expect(process.returncode == 75, f"{what}: exit {process.returncode}: {errors}")
        self.checks.expect(number.name in errors, f"{what}: not named: {errors!r}")

    def abrupt(self, number):
        """TERM or Ctrl-C to the launcher: the ranks have a second under mpirun and nothing under srun; it fails."""
        what = f"{number.name} to {self.name}"
        process = self.launch(3)
        before = self.run.committed()
        send(number, process.pid)
        # Open MPI 4.1's mpirun itself can stay behind when all of its ranks have ended: that is not ours to mend.
        self.checks.expect(wait_until(lambda: not self.run.ranks(), 60), f"{what}: ranks stay")
        if not wait_until(lambda: process.poll() is not None, 20):
            self.stayed += 1
            kill_tree(process.pid)
        errors = self.end(process, what)
        self.checks.expect(process.returncode not in (0, 75), f"{what}: exit {process.returncode}: {errors}")
        after = frames_of(self.run.contents())
        self.checks.expect(after >= before, f"{what}: {before} frames were committed, {after} are left")

    def finish(self):
        done = self.run.run(timeout=120)
        self.checks.expect(done.returncode == 0, f"the last launch: exit {done.returncode}: {done.stderr}")
        data = self.run.contents()
        whole = frames_of(data) == frames_of(self.reference)
        self.checks.expect(whole and wrong_frames(data, self.reference) is None,
                           f"at the end: {frames_of(data)} frames, wrong: {wrong_frames(data, self.reference)}")
        clean = self.run.command("verify", self.run.out.name)
        self.checks.expect(clean.returncode == 0, f"verify: exit {clean.returncode}: {clean.stdout}{clean.stderr}")
        median = sorted(self.times)[len(self.times) // 2]
        print(f"{self.name}: {len(self.times)} stops; from the signal to the launcher's end: median {median:.2f} s, longest "
              f"{max(self.times):.2f} s; stayed behind its ranks {self.stayed} times", flush=True)
        # Within a second or one step, and the launcher's own end on a loaded machine. The median: a machine may be suspended.
        self.checks.expect(median < 5, "stopping takes long")


def send(number, pid):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # told by what follows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--stops", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    require_repair(options.program)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="morphogen-stops-") as folder:
        stopper = Stopper(options.program.resolve(), options.library.resolve(), folder, checks, options.stops, options.seed)
        for n in range(options.stops):
            stopper.stop(n, RANKS[n % len(RANKS)])
            if n % 10 == 3:
                stopper.abrupt(stopper.rng.choice((signal.SIGTERM, signal.SIGINT)))
        stopper.finish()
    checks.finish()


if __name__ == "__main__":
    main()
