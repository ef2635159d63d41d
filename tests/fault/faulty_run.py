"""A small run that faults are put into (slow_or_failing_io.c), and what must be left of it afterwards."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

FRAMES, STEPS_PER_FRAME = 8, 3
# Segments, checkpoints and their rotation all come up within a few frames.
CONFIG = f"""
[grid]
shape = [12, 16]
[time]
frames = {FRAMES}
steps_per_frame = {STEPS_PER_FRAME}
[output]
directory = "out"
fields = ["u", "v"]
frames_per_file = 3
[threads]
compute = 1
io = 1
[checkpoint]
every = "2 frames"
keep = 2
"""
TIMEOUT_S = 60  # a hang is a failure
OUT = "disturbed"  # what the library looks for in paths
RUN = ("run", "run.toml", "--resume", "--set", f'output.directory="{OUT}"')


def mpirun(ranks):
    launcher = os.environ.get("MORPHOGEN_TEST_MPIEXEC") or shutil.which("mpirun") or skip("no mpirun")
    return [launcher, "-n", str(ranks), "--oversubscribe", "--bind-to", "none"]


class FaultyRun:
    """A directory with run.toml and, once launched, a run in `disturbed/`."""

    def __init__(self, program, library, parent, config=CONFIG, template=None, launcher=mpirun):
        """@p launcher: (ranks) -> the words that start that many."""
        self.program, self.library, self.config, self.launcher = program, library, config, launcher
        self.path = pathlib.Path(tempfile.mkdtemp(dir=parent)).resolve()
        if template is not None:
            shutil.copytree(template.path, self.path, symlinks=True, dirs_exist_ok=True)
        (self.path / "run.toml").write_text(config)
        (self.path / "tmp").mkdir(exist_ok=True)
        self.out = self.path / OUT
        self.log = self.path / "calls.log"

    def remove(self):
        shutil.rmtree(self.path)

    def start(self, *command, ranks=0, **fault):
        """@p fault: MORPHOGEN_TEST_IO_... without that prefix, in lower case. Its own process group."""
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                       "OMPI_MCA_mpi_yield_when_idle": "1", "OMP_WAIT_POLICY": "passive",
                       # Open MPI's processes remove the directory they share there from under those that just start.
                       "TMPDIR": str(self.path / "tmp")}
        arguments = [str(self.program), *map(str, command)]
        if fault:
            preload = [f"LD_PRELOAD={self.library}", f"MORPHOGEN_TEST_IO_UNDER=/{OUT}"]
            preload += [f"MORPHOGEN_TEST_IO_{key.upper()}={value}" for key, value in fault.items()]
            arguments = ["env", *preload, *arguments]
        if ranks:
            arguments = [*self.launcher(ranks), *arguments]
        return subprocess.Popen(arguments, cwd=self.path, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)

    def command(self, *command, ranks=0, timeout=TIMEOUT_S, **fault):
        """The finished process; one that hangs is killed, and its stderr says so."""
        process = self.start(*command, ranks=ranks, **fault)
        for patience in (timeout, timeout // 3):  # the second for a machine that was itself suspended meanwhile
            try:
                out, errors = process.communicate(timeout=patience)
                return subprocess.CompletedProcess(command, process.returncode, out, errors)
            except subprocess.TimeoutExpired:
                pass
        kill_tree(process.pid)
        out, errors = process.communicate()
        return subprocess.CompletedProcess(command, "none, it hangs", out, f"{errors} hangs: {command} in {self.path}")

    def run(self, *options, **how):
        return self.command(*RUN, *options, **how)

    def calls(self, *options, **how):
        """[(call, path), ...] of a launch that nothing disturbs: a fault can be put before each."""
        self.log.unlink(missing_ok=True)
        done = self.run(*options, log=self.log, **how)
        if done.returncode != 0:
            raise RuntimeError(f"undisturbed: exit {done.returncode}: {done.stderr}")
        return self.logged()

    def logged(self):
        if not self.log.exists():
            return []
        return [tuple(line.split(" ", 2)[1:]) for line in self.log.read_text().splitlines()]

    def contents(self):
        """{dataset: array of the committed frames}; {} where there is no frames.h5 yet."""
        return contents(self.out)

    def committed(self):
        """Frames that a reader sees counted at the moment, also while the files change."""
        try:
            return frames_of(self.contents())
        except (OSError, KeyError, RuntimeError):  # the last: a source of a virtual file that changes meanwhile
            return 0  # between two renames

    def ranks(self):
        """Pids of the ranks at work here, whoever launched them."""
        name = pathlib.Path(self.program).name[:15]
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "comm").read_text().strip() == name and (entry / "cwd").readlink() == self.path:
                    found.append(int(entry.name))
            except OSError:
                pass  # ended meanwhile
        return sorted(found)

    def end(self):
        """SIGKILL for whatever is left of a launch."""
        for pid in self.ranks():
            kill_tree(pid)

    def last_checkpoint(self):
        """Step of the newest checkpoint that counts, or None (store/checkpoint.hpp has the names)."""
        folder = self.out / "checkpoints"
        names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        steps = [int(name[:12]) for name in names if re.fullmatch(r"\d{12}(\.old)?", name)]
        return max(steps, default=None)


def require_repair(program):
    """Skips the test with a program that cannot take up killed runs."""
    if subprocess.run([program, "repair", "--help"], capture_output=True, timeout=TIMEOUT_S).returncode != 0:
        skip(f"{program} has no command 'repair'")


def contents(directory):
    path = directory / "frames.h5"
    if not path.exists():
        return {}
    with h5py.File(path, "r", swmr=True) as file:
        count = len(file["step"])
        names = [n for n in ("u", "v") if n in file] + ["step", "time"] + [f"stats/{n}" for n in file["stats"]]
        return {name: file[name][:count] for name in names}


def frames_of(data):
    return len(data["step"]) if data else 0


def wrong_frames(data, reference):
    """What of the committed frames is not as in the run that nothing disturbed, or None."""
    count = frames_of(data)
    for name, array in data.items():
        if len(array) != count or not numpy.array_equal(array, reference[name][:count]):
            return f"{name} of {count} committed frames"
    return None


def resumed_at(stderr):
    """Step that a launch said it goes on from; 0: it began anew."""
    told = re.search(r"resumed at step (\d+)", stderr)
    return int(told.group(1)) if told else 0


def errors_in(stderr):
    """What a launch told as errors; notes and progress are none."""
    return [line for line in stderr.splitlines()
            if line.startswith("morphogen: ") and not line.startswith(("morphogen: note:", "morphogen: frame "))]


def children(pid):
    """Processes below @p pid, itself not included."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
            except OSError:
                pass  # ended meanwhile
    found, todo = [], [pid]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found


def kill_tree(pid):
    """SIGKILL for a process and everything below it, at once."""
    for victim in [pid, *children(pid)]:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass


def wait_until(condition, timeout_s=30):
    """Time that this process itself did not run counts little: the machine may have been suspended, and what is waited for
    with it."""
    waited, before = 0.0, time.monotonic()
    while not condition():
        if waited > timeout_s:
            return False
        time.sleep(0.01)
        now = time.monotonic()
        waited, before = waited + min(now - before, 1.0), now
    return True
