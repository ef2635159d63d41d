"""Runs the program for tests written in Python: every wait is bounded, every result is kept."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
TIMEOUT_S = 60


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIP)


class Workspace:
    """A temporary directory to run the program in."""

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self._directory = tempfile.TemporaryDirectory(prefix="morphogen-test-")
        self.path = pathlib.Path(self._directory.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()

    def write(self, name, text):
        (self.path / name).write_text(text)
        return name

    def run(self, *arguments, ranks=0, environment=None, prefix=(), timeout=TIMEOUT_S):
        """The finished process. A hang raises subprocess.TimeoutExpired and so fails the test. Counted is the time that this
        script has, in slices: a machine that stands still, or a group of processes that is frozen, is no hang."""
        process = self.start(*arguments, ranks=ranks, environment=environment, prefix=prefix)
        slice_s = min(1, timeout)
        try:
            for left in range(round(timeout / slice_s) - 1, -1, -1):
                try:
                    out, errors = process.communicate(timeout=slice_s)
                    break
                except subprocess.TimeoutExpired:
                    if left == 0:
                        raise
        finally:
            process.kill()
        # A crash is one here, whatever it says.
        code = "crashed" if "morphogen: crashed" in errors else process.returncode
        return subprocess.CompletedProcess(process.args, code, out, errors)

    def start(self, *arguments, ranks=0, environment=None, prefix=()):
        """The process, started; prefix: a command that runs it, and mpirun if there are ranks."""
        command = [self.program, *map(str, arguments)]
        if ranks:
            launcher = os.environ.get("MORPHOGEN_TEST_MPIEXEC") or shutil.which("mpirun")
            if not launcher:
                skip("no mpirun")
            command = [launcher, "-n", str(ranks), "--oversubscribe", "--bind-to", "none", *command]
        return subprocess.Popen([*prefix, *command], cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1",
                                     "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
                                     **(environment or {})})

    def report(self, directory="out"):
        return json.loads((self.path / directory / "report.json").read_text())


class Checks:
    """Collects failures, so that one run of a test shows all of them."""

    def __init__(self):
        self.count = 0
        self.failures = []

    def expect(self, condition, what):
        """Notes a failure; returns whether @p condition holds."""
        self.count += 1
        if not condition:
            self.failures.append(what)
            print(f"FAILED: {what}", flush=True)
        return condition

    def finish(self):
        print(f"{self.count - len(self.failures)} of {self.count} checks hold")
        sys.exit(1 if self.failures else 0)
