"""Signals, scancel and the time limit: what is committed stays, and the run goes on from there."""
import os
import signal

from site_of_runs import SLURM

import stops  # of tests/fault; site_of_runs has set the path

ENDLESS = 100000
TWO_NODES = ("--nodes=2", "--ntasks=2", "--ntasks-per-node=1", "--cpus-per-task=1")


def finish_by_hand(folder, checks, what, before):
    """The committed frames are what they were; the run goes on to an end and has the right bits."""
    count = len(before["step"]) // 8
    checks.expect(folder.committed() >= count, f"{what}: {folder.committed()} of {count} committed frames are left")
    checks.expect(folder.contents(frames=count) == before, f"{what}: a committed frame has changed")
    total = folder.committed() + 10
    done = folder.run("run", "run.toml", "--resume", "--set", f"time.frames={total}", ranks=2)
    checks.expect(done.returncode == 0, f"{what}: resume: exit {done.returncode}: {done.stderr}")
    checks.expect(folder.contents(frames=count) == before, f"{what}: resuming changed a committed frame")
    folder.expect_as_uninterrupted(checks, what, frames=total)


def scancel(folder, checks, launcher):
    folder.config(ENDLESS)
    job = folder.sbatch(*TWO_NODES, str(SLURM / "chain.sbatch"), "run.toml", program=folder.slow_program(),
                        environment={"MORPHOGEN_LAUNCHER": launcher})
    folder.wait_for_frames(job, 30)
    before = folder.contents()
    folder.cluster.command("scancel", job.number)
    state = job.wait(timeout=60)
    checks.expect(state == "CANCELLED", f"scancel, {launcher}: {state}\n{job.log()}")
    checks.expect("requeued" not in job.log(), f"scancel, {launcher}: requeued\n{job.log()}")
    if launcher == "srun":  # has KillWait for it; under mpirun there is a second
        checks.expect(folder.report()["exit"] == "stopped", f"scancel, {launcher}: {folder.report()}")
    finish_by_hand(folder, checks, f"scancel, {launcher}", before)


def scancel_srun(folder, checks):
    scancel(folder, checks, "srun")


def scancel_mpirun(folder, checks):
    scancel(folder, checks, "mpirun")


def stop_at_time_limit(folder, checks):
    """Slurm itself sends USR1 ahead of the limit: requeued, and goes on."""
    folder.config(ENDLESS)
    job = folder.sbatch(*TWO_NODES, "--time=1", "--signal=B:USR1@50", str(SLURM / "chain.sbatch"), "run.toml",
                        program=folder.slow_program())
    folder.wait_for_frames(job, 10)
    state = job.wait("PENDING", timeout=90)
    checks.expect(state == "PENDING" and job.fields()["Restarts"] == "1", f"time limit: {job.fields()}\n{job.log()}")
    checks.expect(folder.report()["exit"] == "stopped", f"time limit: {folder.report()['exit']}\n{job.log()}")
    stopped_at = folder.committed()
    folder.wait_for_frames(job, stopped_at + 3)
    before = folder.contents(frames=stopped_at)
    folder.cluster.command("scancel", job.number)
    job.wait(timeout=60)
    finish_by_hand(folder, checks, "time limit", before)


def past_the_time_limit(folder, checks):
    """No warning before the limit: TERM there, and a checkpoint before KILL (KillWait)."""
    folder.config(ENDLESS)
    job = folder.sbatch(*TWO_NODES, "--time=1", "--signal=B:CONT@1", str(SLURM / "morphogen.sbatch"), "run.toml",
                        program=folder.slow_program())
    folder.wait_for_frames(job, 10)
    before = folder.contents()
    state = job.wait(timeout=140)
    checks.expect(state == "TIMEOUT", f"past the limit: {state}\n{job.log()}")
    checks.expect(folder.report()["exit"] == "stopped", f"past the limit: {folder.report()['exit']}\n{job.log()}")
    finish_by_hand(folder, checks, "past the limit", before)


def stops_srun(folder, checks):
    """tests/fault/stops.py with ranks on both nodes: USR1 to srun, or TERM, INT or USR1 to any one rank; and TERM to srun."""
    os.environ.update(folder.cluster.environment)

    def srun(ranks):
        return ["srun", "--mpi=pmix", f"--nodes={min(ranks, 2)}", f"--ntasks={ranks}", "--cpus-per-task=1", "--time=5",
                "--kill-on-bad-exit=0", "--wait=15"]  # as slurm/common.sh has them

    stopper = stops.Stopper(folder.site.program, folder.site.library, folder.path, checks, folder.site.stops, launcher=srun)
    for n in range(folder.site.stops):
        stopper.stop(n, stops.RANKS[n % len(stops.RANKS)])
        if n % 10 == 2:
            stopper.abrupt(signal.SIGTERM)
    stopper.finish()


CASES = [stops_srun, scancel_srun, scancel_mpirun, stop_at_time_limit, past_the_time_limit]
