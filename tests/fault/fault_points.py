"""What the scripts that put faults at many points of a run have in common: the run, its end, and their command line."""
import argparse
import pathlib
import tempfile
import time

from faulty_run import CONFIG, FRAMES, FaultyRun, frames_of, require_repair, wrong_frames
from program import Checks  # faulty_run has set the path

AT_ONCE = 6  # launches of one rank mostly wait for MPI to start and end
RANKS_AT_ONCE = 2  # launches of several, which wait for each other with the processor


class FaultPoints:
    """PARTS: the methods part_X that there are, by their X; each returns how often it tried."""

    PARTS = ()

    def __init__(self, options, folder, checks):
        self.options, self.folder, self.checks = options, folder, checks
        whole = self.fresh()
        self.run_calls = whole.calls()
        self.reference = whole.contents()
        checks.expect(frames_of(self.reference) == FRAMES, "the undisturbed run is not whole")

    def fresh(self, template=None):
        return FaultyRun(self.options.program, self.options.library, self.folder, CONFIG, template)

    def as_committed(self, run, where):
        """The frames that are committed now; each must be right."""
        data = run.contents()
        self.checks.expect(wrong_frames(data, self.reference) is None, f"{where}: {wrong_frames(data, self.reference)}")
        return frames_of(data)

    def repair(self, run, where):
        """Takes no committed frame away."""
        before = run.committed()  # of a repair that was killed: only another one can read it
        done = run.command("repair", run.out.name)
        self.checks.expect(done.returncode == 0, f"{where}: repair: exit {done.returncode}: {done.stdout}{done.stderr}")
        after = self.as_committed(run, f"{where}, repaired")
        self.checks.expect(after >= before, f"{where}: {before} frames were committed, {after} are left by repair")
        return after

    def resume(self, run, where, ranks=0):
        """Goes on to the end, with the right bits, and verify finds nothing. @returns the launch, or None if it failed."""
        self.as_committed(run, f"{where}, before --resume")
        done = run.run(ranks=ranks)
        if not self.checks.expect(done.returncode == 0, f"{where}: --resume: exit {done.returncode}: {done.stderr}"):
            return None
        count = self.as_committed(run, f"{where}, after --resume")
        self.checks.expect(count == FRAMES, f"{where}: {count} frames after --resume")
        clean = run.command("verify", run.out.name)
        self.checks.expect(clean.returncode == 0, f"{where}: verify: exit {clean.returncode}: {clean.stdout}{clean.stderr}")
        return done

    def summarize(self):
        """A line about all parts."""


def main_of(cls, description, **numbers):
    """Runs the parts asked for; @p numbers: further options and their defaults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    for name, default in {"every": 1, "seed": 1, **numbers}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("parts", nargs="*")
    options = parser.parse_intermixed_args()
    options.program, options.library = options.program.resolve(), options.library.resolve()
    require_repair(options.program)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="morphogen-faults-") as folder:
        faults = cls(options, folder, checks)
        for part in options.parts or cls.PARTS:
            started = time.monotonic()
            count = getattr(faults, f"part_{part}")()
            print(f"{part}: {count} in {time.monotonic() - started:.0f} s", flush=True)
        faults.summarize()
    checks.finish()
