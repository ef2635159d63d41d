#!/usr/bin/python3
"""SIGKILL before each call that changes a file: nothing committed is lost, and --resume ends with the same bits.

usage: kills.py PROGRAM LIBRARY [--every N] [--groups N] [--seed S] [PART...]

--every 1: all points, as the documented command does; ./check takes a sample. Parts (default: all):
  run       killed while running, then resumed
  resume    a killed run, killed again while it resumes, then resumed
  repair    a killed run, killed while it is repaired, then repaired and resumed
  ranks     three ranks: one killed before a random call, or all at a random moment; --groups such kills
"""
import argparse
import concurrent.futures
import pathlib
import random
import tempfile
import time

from faulty_run import (CONFIG, FRAMES, STEPS_PER_FRAME, FaultyRun, frames_of, kill_tree, ranks_of, require_repair,
                        resumed_at, wait_until, wrong_frames)
from program import Checks  # faulty_run has set the path

KILLED = -9
AT_ONCE = 6  # launches mostly wait for MPI to start and end


class Kills:
    def __init__(self, options, folder, checks):
        self.options, self.folder, self.checks = options, folder, checks
        self.recomputed = []
        whole = self.fresh()
        self.run_calls = whole.calls()
        self.reference = whole.contents()
        checks.expect(frames_of(self.reference) == FRAMES, "the undisturbed run is not whole")

    def fresh(self, template=None, config=CONFIG):
        return FaultyRun(self.options.program, self.options.library, self.folder, config, template)

    def finish(self, run, where, ranks=0):
        """Resumes to the end; the bits, the steps done again, and verify."""
        checks = self.checks
        before, newest = run.contents(), run.last_checkpoint()
        wrong = wrong_frames(before, self.reference)
        checks.expect(wrong is None, f"{where}: before --resume: {wrong}")
        done = run.run(ranks=ranks)
        if not checks.expect(done.returncode == 0, f"{where}: --resume: exit {done.returncode}: {done.stderr}"):
            return
        finished_before = "the run is finished" in done.stderr
        if not finished_before:
            at = resumed_at(done.stderr)
            checks.expect(at == (newest or 0), f"{where}: resumed at step {at}, the newest checkpoint is of {newest}")
            self.recomputed.append(max(0, frames_of(before) * STEPS_PER_FRAME - at))
        after = run.contents()
        checks.expect(frames_of(after) == FRAMES and wrong_frames(after, self.reference) is None,
                      f"{where}: after --resume: {frames_of(after)} frames, wrong: {wrong_frames(after, self.reference)}")
        clean = run.command("verify", run.out.name)
        checks.expect(clean.returncode == 0, f"{where}: verify: exit {clean.returncode}: {clean.stdout}{clean.stderr}")

    def each(self, points, kill):
        """kill(point) -> frames committed after it. From point to point they never get fewer, but for one frame: launches
        differ in whether a frame's commit comes before a checkpoint's calls. (tests/fault/store compares with what was
        acknowledged.)"""
        self.too_late = 0
        taken = sorted(set(points[::self.options.every]) | set(points[-1:]))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            seen = list(pool.map(kill, taken))
        # The number of calls differs a little from launch to launch: the last points may come too late.
        self.checks.expect(self.too_late <= 3 + len(taken) // 10, f"{self.too_late} of {len(taken)} launches ended unharmed")
        for earlier, later, point in zip(seen, seen[1:], taken[1:]):
            self.checks.expect(later >= earlier - 1, f"{earlier} frames committed, {later} after a kill before call {point}")
        return len(taken) - self.too_late

    def killed_run(self, point, template=None):
        run = self.fresh(template)
        done = run.run(kill_before=point)
        if done.returncode == 0:
            self.too_late += 1
        else:
            self.checks.expect(done.returncode == KILLED, f"not killed before call {point}: {done.returncode}: {done.stderr}")
        return run

    def name(self, calls, point):
        call, path = calls[point]
        return f"call {point} ({call} {path.rsplit('/disturbed/', 1)[-1]})"

    def part_run(self):
        def kill(point):
            run = self.killed_run(point)
            seen = frames_of(run.contents())
            self.finish(run, f"killed before {self.name(self.run_calls, point)}")
            run.remove()
            return seen
        return self.each(list(range(len(self.run_calls))), kill)

    def template(self):
        """A run killed in the middle of a segment, past its second checkpoint."""
        return self.killed_run(len(self.run_calls) * 7 // 10)

    def part_resume(self):
        template = self.template()
        calls = self.fresh(template).calls()

        def kill(point):
            run = self.killed_run(point, template)
            seen = frames_of(run.contents())
            self.finish(run, f"resuming, killed before {self.name(calls, point)}")
            run.remove()
            return seen
        return self.each(list(range(len(calls))), kill)

    def part_repair(self):
        template = self.template()
        expected = frames_of(template.contents())
        probe = self.fresh(template)
        done = probe.command("repair", probe.out.name, log=probe.log)
        self.checks.expect(done.returncode == 0, f"repair: exit {done.returncode}: {done.stderr}")
        calls = probe.logged()
        self.checks.expect(len(calls) > 0, "repair changes nothing of a killed run")

        def kill(point):
            where = f"repairing, killed before {self.name(calls, point)}"
            run = self.fresh(template)
            killed = run.command("repair", run.out.name, kill_before=point)
            self.checks.expect(killed.returncode == KILLED, f"{where}: exit {killed.returncode}: {killed.stderr}")
            again = run.command("repair", run.out.name)
            self.checks.expect(again.returncode == 0, f"{where}: repaired: exit {again.returncode}: {again.stdout}{again.stderr}")
            seen = frames_of(run.contents())
            self.checks.expect(seen == expected, f"{where}: {seen} of {expected} committed frames")
            self.finish(run, where)
            run.remove()
            return seen
        return self.each(list(range(len(calls))), kill)

    def part_ranks(self):
        rng = random.Random(self.options.seed)
        calls = [len(self.fresh().calls(ranks=3, rank=rank)) for rank in (0, 1, 2)]
        for n in range(self.options.groups):
            run = self.fresh()
            if n % 2 == 0:
                rank = rng.randrange(3)
                point = rng.randrange(calls[rank])
                where = f"rank {rank} of 3 killed before its call {point}"
                done = run.run(ranks=3, rank=rank, kill_before=point)
                self.checks.expect(done.returncode not in (0, 75), f"{where}: exit {done.returncode}: {done.stderr}")
            else:
                # Slowed, so that a moment falls into the run and not into the launcher's start.
                delay = rng.uniform(0.0, 1.2)
                where = f"all of 3 ranks killed {delay:.2f} s after their start"
                process = run.start("run", "run.toml", "--resume", "--set", 'output.directory="disturbed"',
                                    ranks=3, delay_us=5000)
                wait_until(lambda: len(ranks_of(process, self.options.program)) == 3 and run.out.exists(), 20)
                time.sleep(delay)
                kill_tree(process.pid)
                process.communicate()
            wait_until(lambda: not ranks_left(run), 10)  # mpirun may end before its ranks have
            self.finish(run, where, ranks=rng.choice((0, 2, 3, 4)))
            run.remove()
        return self.options.groups


def ranks_left(run):
    """Whether a rank still has files of this run open."""
    for fd in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            if fd.readlink() == run.path:
                return True
        except OSError:
            pass
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("parts", nargs="*")
    options = parser.parse_intermixed_args()
    options.program, options.library = options.program.resolve(), options.library.resolve()
    require_repair(options.program)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="morphogen-kills-") as folder:
        kills = Kills(options, folder, checks)
        for part in options.parts or ("run", "resume", "repair", "ranks"):
            started = time.monotonic()
            count = getattr(kills, f"part_{part}")()
            print(f"{part}: {count} kills in {time.monotonic() - started:.0f} s", flush=True)
    again = sum(1 for steps in kills.recomputed if steps)
    print(f"{len(kills.recomputed)} resumed; {again} had committed frames past the checkpoint, at most "
          f"{max(kills.recomputed, default=0)} steps of them were computed again")
    checks.finish()


if __name__ == "__main__":
    main()
