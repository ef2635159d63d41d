#!/usr/bin/python3
"""Somebody removes, moves or replaces what a run is writing: it ends soon, exit 1, and says which file; what was committed
is readable where it is now, and --resume goes on from what there is.

usage: replaced.py PROGRAM LIBRARY [--every N] [alone] [ranks]      (--every: of the cases with ranks)
"""
import concurrent.futures
import shutil
import time

from fault_points import AT_ONCE, RANKS_AT_ONCE, FaultPoints, main_of
from faulty_run import OUT, RUN, errors_in, kill_tree, wait_until

SOON_S = 40  # a look at the files once a second, and the end of mpirun, on a machine that does other things too
GONE = "was removed or moved away"
# A checkpoint may be due first, which finds its directory gone.
MISSING = (GONE, "No such file or directory")
OTHER = "something else has taken the place"
STRANGER = "somebody else's\n"


class Replaced(FaultPoints):
    PARTS = ("alone", "ranks")

    def part_alone(self):
        return self.each(0)

    def part_ranks(self):
        return self.each(3)

    def each(self, ranks):
        cases = (self.part_replaced, self.removed, self.checkpoints_replaced, self.master_replaced, self.moved,
                 self.moved_and_made_anew, self.frames_replaced)
        if ranks:
            cases = cases[::self.options.every]
        with concurrent.futures.ThreadPoolExecutor(RANKS_AT_ONCE if ranks else AT_ONCE) as pool:
            list(pool.map(lambda case: case(ranks, f"{case.__name__}, {ranks or 1} ranks"), cases))
        return len(cases)

    def disturb(self, ranks, where, change, told, segment=0):
        """A run in the middle of which `change` happens to its directory."""
        run = self.fresh()
        # Slowed, so that there is a middle.
        process = run.start(*RUN, "--set", f"output.frames_per_file={segment}", ranks=ranks, delay_us=15000)
        try:
            seen = wait_until(lambda: process.poll() is not None or run.committed() >= 4, 60)
            self.checks.expect(seen and process.poll() is None, f"{where}: no frames in time, or ended already")
            change(run)
            since = time.monotonic()
            errors = process.communicate(timeout=60)[1]
        finally:
            kill_tree(process.pid)
        took = time.monotonic() - since
        self.expect_told(process.returncode, errors, where, told)
        self.checks.expect(took < SOON_S, f"{where}: ended only after {took:.1f} s")
        return run

    def expect_told(self, code, errors, where, told):
        lines = errors_in(errors)
        self.checks.expect(code == 1, f"{where}: exit {code}: {errors}")
        self.checks.expect(len(lines) == 1 and any(text in lines[0] for text in told) and f"({OUT}" in lines[0],
                           f"{where}: told as {errors!r}")

    def removed(self, ranks, where):
        def change(run):
            while run.out.exists():  # the run may be making files in it
                shutil.rmtree(run.out, ignore_errors=True)
        self.resume(self.disturb(ranks, where, change, MISSING), where, ranks)

    def moved(self, ranks, where):
        run = self.disturb(ranks, where, lambda run: run.out.rename(run.path / "aside"), MISSING)
        self.checks.expect(not run.out.exists(), f"{where}: something was made in its place")
        (run.path / "aside").rename(run.out)
        self.checks.expect(self.repair(run, where) >= 4, f"{where}: {run.committed()} frames")
        self.resume(run, where, ranks)

    def moved_and_made_anew(self, ranks, where):
        def change(run):
            run.out.rename(run.path / "aside")
            run.out.mkdir()
        run = self.disturb(ranks, where, change, (*MISSING, OTHER))
        made = {p.name for p in run.out.iterdir()}
        # A checkpoint may have been due before anybody looked.
        self.checks.expect(made <= {"checkpoints"}, f"{where}: {made} was made in the new directory")
        shutil.rmtree(run.out)
        (run.path / "aside").rename(run.out)
        self.resume(run, where, ranks)

    def replaced(self, ranks, where, name, told):
        """@p name, of a file or directory, becomes a stranger's file; then it is put back."""
        def change(run):
            (run.out / name).rename(run.path / "saved")
            (run.out / name).write_text(STRANGER)
        run = self.disturb(ranks, where, change, told)
        done = run.run(ranks=ranks)
        self.expect_told(done.returncode, done.stderr, f"{where}: resumed beside a stranger's file", [name])
        self.checks.expect((run.out / name).read_text() == STRANGER, f"{where}: the stranger's file has changed")
        (run.out / name).unlink()
        (run.path / "saved").rename(run.out / name)
        self.checks.expect(self.repair(run, where) >= 4, f"{where}: {run.committed()} frames")
        self.resume(run, where, ranks)

    def frames_replaced(self, ranks, where):
        if not ranks:
            self.replaced(ranks, where, "frames.h5", [OTHER])

    def master_replaced(self, ranks, where):
        """A frames.h5 that holds no data is made anew from the parts, whatever is in its place."""
        def change(run):
            (run.out / "frames.h5").unlink()
            (run.out / "frames.h5").write_text(STRANGER)
        run = self.disturb(ranks, where, change, [OTHER], segment=3)
        self.checks.expect(self.repair(run, where) >= 4, f"{where}: {run.committed()} frames")
        self.resume(run, where, ranks)

    def part_replaced(self, ranks, where):
        if ranks:
            self.replaced(ranks, where, "parts/0000.0001.h5", [OTHER])

    def checkpoints_replaced(self, ranks, where):
        self.replaced(ranks, where, "checkpoints", ["Not a directory"])


if __name__ == "__main__":
    main_of(Replaced, __doc__)
