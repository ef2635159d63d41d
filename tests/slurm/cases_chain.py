"""chain.sbatch: stopped again and again, requeued each time, finished with the bits of a run that nothing stopped."""
import time

from site_of_runs import SLURM

REQUEUES = 3
FRAMES = 140


def wait_for_restart(job, count, timeout=60):
    end = time.monotonic() + timeout
    while int(job.fields().get("Restarts", 0)) < count:
        if time.monotonic() > end or job.state() in ("COMPLETED", "FAILED", "CANCELLED"):
            raise TimeoutError(f"job {job.number} was not requeued {count} times: {job.fields()}\n{job.log()}")
        time.sleep(0.2)


def chain(folder, checks, launcher):
    """What `--signal=B:USR1@120` does, done three times by hand; stop_at_time_limit waits for Slurm to do it."""
    folder.config(FRAMES)
    job = folder.sbatch("--nodes=2", "--ntasks=2", "--ntasks-per-node=1", "--cpus-per-task=1", str(SLURM / "chain.sbatch"),
                        "run.toml", program=folder.slow_program(), environment={"MORPHOGEN_LAUNCHER": launcher})
    # Only after the whole chain; see cases_jobs for what it makes.
    post = folder.sbatch(f"--dependency=afterok:{job.number}", "--kill-on-invalid-dep=yes", "--cpus-per-task=1",
                         str(SLURM / "postprocess.sbatch"), "out", environment={"MORPHOGEN_CHUNKS": "60,12,16"})
    seen = 0
    for k in range(1, REQUEUES + 1):
        folder.wait_for_frames(job, max(seen + 5, 15 * k))
        job.signal("USR1", "--batch")
        wait_for_restart(job, k)
        checks.expect(folder.report()["exit"] == "stopped", f"{launcher}: launch {k} ended {folder.report()['exit']}")
        checks.expect(folder.committed() >= seen, f"{launcher}: frames vanished")
        seen = folder.committed()
        checks.expect(post.state() == "PENDING", f"{launcher}: post-processing is {post.state()} in the middle of the chain")
    state = job.wait(timeout=120)
    checks.expect(state == "COMPLETED" and job.exit_code() == 0, f"{launcher}: {state}, {job.exit_code()}\n{job.log()}")
    checks.expect(int(job.fields()["Restarts"]) >= REQUEUES, f"{launcher}: {job.fields()['Restarts']} requeues")
    checks.expect(folder.report()["exit"] == "finished", f"{launcher}: the report says {folder.report()['exit']}")
    checks.expect(folder.report()["launches"] == REQUEUES + 1, f"{launcher}: {folder.report()['launches']} launches")
    checks.expect(job.log().count("requeued") == REQUEUES, f"{launcher}: log\n{job.log()}")
    folder.expect_as_uninterrupted(checks, launcher)
    state = post.wait(timeout=60)
    checks.expect(state == "COMPLETED", f"{launcher}: post-processing {state}\n{post.log()}")
    for name in ("stats.json", "stats.h5", "last.png", "series.h5"):
        checks.expect((folder.path / "out.post" / name).exists(), f"{launcher}: post-processing made no {name}")


def chain_srun(folder, checks):
    chain(folder, checks, "srun")


def chain_mpirun(folder, checks):
    chain(folder, checks, "mpirun")


def chain_without_progress(folder, checks):
    """A limit that leaves no time for a step: not requeued for ever. (A program that always stops plays the part.)"""
    folder.config(50)
    stopping = folder.path / "stopping"
    stopping.write_text(f"#!/bin/sh\n[ \"$1\" != run ] || exit 75\nexec '{folder.site.program}' \"$@\"\n")
    stopping.chmod(0o755)
    job = folder.sbatch("--ntasks=1", "--nodes=1", "--ntasks-per-node=1", "--cpus-per-task=1",
                        str(SLURM / "chain.sbatch"), "run.toml", program=stopping)
    state = job.wait(timeout=60)
    checks.expect(state == "FAILED" and job.exit_code() == 2, f"no progress: {state}, {job.exit_code()}\n{job.log()}")
    checks.expect("not requeued" in job.log(), f"no progress: not told\n{job.log()}")


def time_left_asked(folder, checks):
    """limits.walltime = "slurm": no signal at all; the program asks how much time is left."""
    folder.config(100000)
    job = folder.sbatch("--nodes=2", "--ntasks=2", "--ntasks-per-node=1", "--cpus-per-task=1", "--time=1",
                        "--signal=B:CONT@1", str(SLURM / "chain.sbatch"), "run.toml", "--set", 'limits.walltime="slurm"',
                        "--set", 'limits.margin="40s"', program=folder.slow_program())
    wait_for_restart(job, 1, timeout=90)
    checks.expect(folder.report()["exit"] == "stopped", f"asked: {folder.report()['exit']}\n{job.log()}")
    checks.expect(folder.report()["wall_s"] < 40, f"asked: stopped after {folder.report()['wall_s']} s of 60, margin 40")
    stopped_at = folder.committed()
    folder.wait_for_frames(job, stopped_at + 3)  # the next launch goes on
    folder.cluster.command("scancel", job.number)
    job.wait(timeout=60)
    total = folder.committed() + 10
    done = folder.run("run", "run.toml", "--resume", "--set", f"time.frames={total}", ranks=2)
    checks.expect(done.returncode == 0, f"asked: the last part: exit {done.returncode}: {done.stderr}")
    folder.expect_as_uninterrupted(checks, "asked", frames=total)


CASES = [chain_srun, chain_mpirun, chain_without_progress, time_left_asked]
