#!/usr/bin/python3
"""SIGKILL before each call that changes a file: nothing committed is lost, and --resume ends with the same bits.

usage: kills.py PROGRAM LIBRARY [--every N] [--groups N] [--seed S] [PART...]

--every 1: all points, as the documented command does; ./check takes a sample. Parts (default: all):
  run       killed while running, then resumed
  resume    a killed run, killed again while it resumes, then resumed
  repair    a killed run, killed while it is repaired, then repaired and resumed
  torn      the same with a file of the last segment cut short, as by a power loss
  ranks     three ranks: one killed before a random call, or all at a random moment; --groups such kills
"""
import concurrent.futures
import os
import random
import time

from fault_points import AT_ONCE, FaultPoints, main_of
from faulty_run import RUN, STEPS_PER_FRAME, frames_of, kill_tree, resumed_at, wait_until

KILLED = -9


class Kills(FaultPoints):
    PARTS = ("run", "resume", "repair", "torn", "ranks")

    def __init__(self, *arguments):
        self.recomputed = []
        super().__init__(*arguments)

    def finish(self, run, where, ranks=0, is_torn=False):
        """Resumes to the end, from the newest checkpoint; a torn run may have lost frames before that."""
        before, newest = run.committed(), run.last_checkpoint()
        done = self.resume(run, where, ranks)
        if done is not None and "the run is finished" not in done.stderr:
            at = resumed_at(done.stderr)
            self.checks.expect(at == (newest or 0) or is_torn, f"{where}: resumed at step {at}, the newest checkpoint is of {newest}")
            self.recomputed.append(max(0, before * STEPS_PER_FRAME - at))

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

    def part_torn(self):
        template = self.template()
        segment = (frames_of(template.contents()) - 1) // 3
        last = template.out / f"parts/{segment:04}.0000.h5"
        os.truncate(last, int(last.stat().st_size * 0.8))
        return self.part_repair(template, is_torn=True)

    def repair_torn(self, run, where):
        done = run.command("repair", run.out.name)
        # 1: frames that were committed are gone from frames.h5
        self.checks.expect(done.returncode in (0, 1), f"{where}: repair: exit {done.returncode}: {done.stdout}{done.stderr}")
        return self.as_committed(run, f"{where}, repaired")

    def part_repair(self, template=None, is_torn=False):
        template = template or self.template()
        probe = self.fresh(template)
        done = probe.command("repair", probe.out.name, log=probe.log)
        self.checks.expect(done.returncode == is_torn, f"repair: exit {done.returncode}: {done.stderr}")
        expected = frames_of((probe if is_torn else template).contents())
        calls = probe.logged()
        self.checks.expect(len(calls) > 0, "repair changes nothing of a killed run")

        def kill(point):
            where = f"repairing, killed before {self.name(calls, point)}"
            run = self.fresh(template)
            killed = run.command("repair", run.out.name, kill_before=point)
            self.checks.expect(killed.returncode == KILLED, f"{where}: exit {killed.returncode}: {killed.stderr}")
            seen = (self.repair_torn if is_torn else self.repair)(run, where)
            self.checks.expect(seen == expected, f"{where}: {seen} of {expected} committed frames")
            self.finish(run, where, is_torn=is_torn)
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
                # Ranks publish as they meet: another launch may make fewer calls.
                ended_before = done.returncode == 0 and point > 0.9 * calls[rank]
                self.checks.expect(ended_before or done.returncode not in (0, 75), f"{where} of {calls[rank]}: exit "
                                   f"{done.returncode}: {done.stderr}")
            else:
                # Slowed, so that a moment falls into the run and not into the launcher's start.
                delay = rng.uniform(0.0, 1.2)
                where = f"all of 3 ranks killed {delay:.2f} s after their start"
                process = run.start(*RUN, ranks=3, delay_us=5000)
                wait_until(lambda: len(run.ranks()) == 3 and run.out.exists(), 20)
                time.sleep(delay)
                kill_tree(process.pid)
                process.communicate()
            wait_until(lambda: not run.ranks(), 10)  # mpirun may end before its ranks have
            self.finish(run, where, ranks=rng.choice((0, 2, 3, 4)))
            run.remove()
        return self.options.groups

    def summarize(self):
        again = sum(1 for steps in self.recomputed if steps)
        print(f"{len(self.recomputed)} resumed; {again} had committed frames past the checkpoint, at most "
              f"{max(self.recomputed, default=0)} steps of them were computed again")


if __name__ == "__main__":
    main_of(Kills, __doc__, groups=40)
