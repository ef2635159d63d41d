"""Where the cases run: folders with configurations, slow programs, and what must be in a run's directory at the end."""
import json
import pathlib
import shutil
import subprocess
import sys
import time

from cluster import Cluster
from program import skip

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fault"))
SLURM = pathlib.Path(__file__).resolve().parents[2] / "slurm"

CONFIG = """
[grid]
shape = [48, 64]
[time]
frames = FRAMES
steps_per_frame = 5
[output]
directory = "out"
fields = ["u", "v"]
sync = "never"
[checkpoint]
every = "20 frames"
"""


class Site:
    def __init__(self, cluster: Cluster, program, library, stops):
        """@p stops: how often stops_srun stops a run."""
        self.cluster, self.program, self.library = cluster, pathlib.Path(program).resolve(), pathlib.Path(library).resolve()
        self.stops = stops

    def folder(self, name):
        path = self.cluster.path / name
        path.mkdir()
        return Folder(self, path)


class Folder:
    """One case's own directory; its jobs start here."""

    def __init__(self, site, path):
        self.site, self.path, self.cluster = site, path, site.cluster

    def config(self, frames, extra="", name="run.toml"):
        (self.path / name).write_text(CONFIG.replace("FRAMES", str(frames)) + extra)
        return name

    def slow_program(self, write_ms=4):
        """The program with writes that each take @p write_ms; a frame is some ten of them."""
        wrapper = self.path / f"slow-{write_ms}"
        wrapper.write_text(f"#!/bin/sh\nexport LD_PRELOAD='{self.site.library}' MORPHOGEN_TEST_PWRITE_DELAY_US={write_ms * 1000}\n"
                           f"exec '{self.site.program}' \"$@\"\n")
        wrapper.chmod(0o755)
        return wrapper

    def sbatch(self, *arguments, program=None, environment=None):
        """A job started in this folder; None as a value of @p environment: not set."""
        settings = {"MORPHOGEN": str(program or self.site.program), "MORPHOGEN_MPIRUN_OPTIONS": "--bind-to none",
                    **(environment or {})}
        return self.cluster.submit(*arguments, cwd=self.path, environment={k: v for k, v in settings.items() if v is not None})

    def run(self, *arguments, ranks=1, timeout=90):
        """The program itself, here and now, outside of Slurm."""
        launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
        return subprocess.run([*launcher, str(self.site.program), *map(str, arguments)], cwd=self.path, capture_output=True, text=True,
                              timeout=timeout, env=self.cluster.environment)

    def report(self, directory="out"):
        return json.loads((self.path / directory / "report.json").read_text())

    def committed(self, directory="out"):
        """Frames that a reader sees counted at the moment."""
        try:
            with h5py.File(self.path / directory / "frames.h5", "r", swmr=True) as file:
                return len(file["step"])
        except (OSError, KeyError):
            return 0

    def wait_for_frames(self, job, count, directory="out", timeout=60):
        end = time.monotonic() + timeout
        while self.committed(directory) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.committed(directory)} of {count} frames after {timeout} s; job {job.number} is "
                                   f"{job.state()}\n{job.log()}")
            time.sleep(0.1)

    def contents(self, directory="out", frames=None):
        """{dataset: bytes} of the committed frames, or of the first @p frames of them."""
        with h5py.File(self.path / directory / "frames.h5", "r", swmr=True) as file:
            count = len(file["step"]) if frames is None else frames
            names = ["u", "v", "step", "time", *(f"stats/{n}" for n in file["stats"])]
            return {name: numpy.ascontiguousarray(file[name][:count]).tobytes() for name in names}

    def expect_as_uninterrupted(self, checks, what, config="run.toml", frames=None, directory="out"):
        """The run in @p directory is whole, clean, and has the bits of one that nothing disturbed, on one rank."""
        settings = ["--set", 'output.directory="undisturbed"']
        if frames is not None:
            settings += ["--set", f"time.frames={frames}"]
        shutil.rmtree(self.path / "undisturbed", ignore_errors=True)
        reference = self.run("run", config, *settings)
        checks.expect(reference.returncode == 0, f"{what}: the run to compare with: {reference.stderr}")
        same = self.contents(directory) == self.contents("undisturbed")
        checks.expect(same, f"{what}: not bit-identical to the undisturbed run")
        for command in (("verify", directory), ("diff", directory, "undisturbed")):
            done = self.run(*command)
            checks.expect(done.returncode == 0, f"{what}: {command}: exit {done.returncode}: {done.stdout}{done.stderr}")
