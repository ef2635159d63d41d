"""The hybrid job and its exit codes, the sweep, what hangs on a job that fails, and the scaling table."""
import os
import subprocess

from cluster import Job
from site_of_runs import SLURM


def hybrid(folder, checks):
    """Threads and pinning as the scripts ask for them; exit codes come through both launchers."""
    folder.config(20)
    one = ("--nodes=1", "--ntasks=1", "--ntasks-per-node=1", "--cpus-per-task=2")
    for launcher in ("srun", "mpirun"):
        # Without the test's own options where the machine has two cores: the scripts' pinning must be accepted.
        own = {"MORPHOGEN_MPIRUN_OPTIONS": None} if os.cpu_count() >= 2 else {}
        environment = {"MORPHOGEN_LAUNCHER": launcher, **own}
        out = f'output.directory="{launcher}"'
        job = folder.sbatch(*one, str(SLURM / "morphogen.sbatch"), "run.toml", "--set", out, environment=environment)
        state = job.wait()
        checks.expect(state == "COMPLETED" and "finished" in job.log(), f"{launcher}: {state}\n{job.log()}")
        again = folder.sbatch(*one, str(SLURM / "morphogen.sbatch"), "run.toml", "--set", out, environment=environment)
        again.wait()
        checks.expect(again.exit_code() == 2, f"{launcher}: onto an existing run: {again.exit_code()}\n{again.log()}")
        stopped = folder.sbatch(*one, str(SLURM / "morphogen.sbatch"), "run.toml", "--set", f'output.directory="{launcher}-2"',
                                "--set", "time.frames=100000", environment=environment, program=folder.slow_program())
        folder.wait_for_frames(stopped, 3, f"{launcher}-2")
        stopped.signal("USR1", "--batch")
        stopped.wait()
        checks.expect(stopped.exit_code() == 75, f"{launcher}: stopped: {stopped.exit_code()}\n{stopped.log()}")


def sweep(folder, checks):
    folder.config(6)
    table = [("0.014", "0.054", '"deflate:1"'), ("0.03", "0.057", '"none"'), ("0.026", "0.051", '"deflate:6"')]
    rows = "\n".join("\t".join(values) for values in table)
    (folder.path / "sweep.txt").write_text(f"# feed and kill\nmodel.feed model.kill output.codec\n\n{rows}\n")
    (folder.path / "wrong.txt").write_text("model.feed model.kil\n0.01 0.05\n")
    environment = {**folder.cluster.environment, "MORPHOGEN": str(folder.site.program)}
    told = [subprocess.run(["bash", str(SLURM / "sweep.sbatch"), "run.toml", name], cwd=folder.path, env=environment,
                           capture_output=True, text=True, timeout=30) for name in ("sweep.txt", "wrong.txt")]
    checks.expect(told[0].returncode == 0 and "--array=1-3" in told[0].stdout, f"sweep: the array to use: {told[0]}")
    checks.expect(told[1].returncode == 2 and "model.kil" in told[1].stderr, f"sweep: a wrong key: {told[1]}")
    job = folder.sbatch("--array=1-4", "--cpus-per-task=1", str(SLURM / "sweep.sbatch"), "run.toml", "sweep.txt")
    tasks = [Job(folder.cluster, f"{job.number}_{n}", folder.path) for n in (1, 2, 3, 4)]
    states = [task.wait() for task in tasks]
    logs = "\n".join(p.read_text() for p in folder.path.glob("*.log"))
    checks.expect(states == ["COMPLETED"] * 3 + ["FAILED"], f"sweep: {states}\n{logs}")
    checks.expect("has 3 lines of values" in logs, f"sweep: a task too many\n{logs}")
    for n, (feed, kill, codec) in enumerate(table, 1):
        alone = folder.run("run", "run.toml", "--set", f"model.feed={feed}", "--set", f"model.kill={kill}",
                           "--set", f"output.codec={codec}", "--set", f'output.directory="alone{n}"')
        checks.expect(alone.returncode == 0, f"sweep: alone: {alone.stderr}")
        same = folder.contents(f"out/{n:04d}") == folder.contents(f"alone{n}")
        checks.expect(same, f"sweep: task {n} differs from the same run alone")


def after_failure(folder, checks):
    """afterok on a job that fails: the post-processing leaves the queue without having run."""
    (folder.path / "bad.toml").write_text("[grid]\nshape = [4]\n")
    job = folder.sbatch("--hold", "--ntasks=1", "--nodes=1", "--ntasks-per-node=1", "--cpus-per-task=1",
                        str(SLURM / "morphogen.sbatch"), "bad.toml")
    post = folder.sbatch(f"--dependency=afterok:{job.number}", "--kill-on-invalid-dep=yes", "--cpus-per-task=1",
                         str(SLURM / "postprocess.sbatch"), "out")
    folder.cluster.command("scontrol", "release", job.number, check=True)
    checks.expect(job.wait() == "FAILED" and job.exit_code() == 2, f"afterok: {job.fields()}\n{job.log()}")
    checks.expect(post.wait(timeout=90) == "CANCELLED", f"afterok: {post.fields()}\n{post.log()}")
    checks.expect(not (folder.path / "out.post").exists(), "afterok: ran although the run had failed")


def scaling(folder, checks):
    folder.config(4)
    environment = {**folder.cluster.environment, "MORPHOGEN": str(folder.site.program),
                   "MORPHOGEN_MPIRUN_OPTIONS": "--bind-to none"}
    for mode, launcher in (("strong", "srun"), ("weak", "mpirun")):
        done = subprocess.run([str(SLURM / "scaling.sh"), mode, "run.toml", "--ranks", "1 2", "--repeat", "2", "--set",
                               "time.steps_per_frame=200", "--", "--time=2"], cwd=folder.path,
                              env={**environment, "MORPHOGEN_LAUNCHER": launcher}, capture_output=True, text=True, timeout=60)
        checks.expect(done.returncode == 0, f"{mode}: {done.stdout}{done.stderr}")
        table = folder.path / f"scaling-{mode}" / "table.txt"
        number = done.stdout.split("(job ")[-1].split(")")[0]
        job = Job(folder.cluster, number, table.parent)
        checks.expect(job.wait(timeout=90) == "COMPLETED", f"{mode}: {job.fields()}\n{done.stdout}")
        lines = table.read_text().splitlines()
        checks.expect(len(lines) == 3 and [line.split()[0] for line in lines[1:]] == ["1", "2"], f"{mode}: {lines}")
        cells = [int(line.split()[2].replace(",", "")) for line in lines[1:]]
        checks.expect(cells == [3072, 3072 if mode == "strong" else 6144], f"{mode}: {cells}")
        checks.expect(lines[1].split()[5] == "100.0%", f"{mode}: efficiency of the first line: {lines[1]}")
    again = subprocess.run([str(SLURM / "scaling.sh"), "strong", "run.toml"], cwd=folder.path, env=environment,
                           capture_output=True, text=True, timeout=30)
    checks.expect(again.returncode == 2 and "exists already" in again.stderr, f"scaling: onto old results: {again}")


CASES = [hybrid, sweep, after_failure, scaling]
