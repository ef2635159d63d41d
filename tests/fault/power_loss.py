#!/usr/bin/python3
"""What a power loss leaves of the segment that was written last: files of it are cut short, empty or gone. `repair` keeps what
can be proven and sets the rest aside, `run --resume` does so by itself where a checkpoint is old enough, and the run ends as if
nothing had happened: one rank and three, a file per rank and a shared one, one segment and several, closed or killed.

usage: power_loss.py PROGRAM
"""
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from faulty_run import kill_tree  # noqa: E402
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

CONFIG = """[grid]
shape = [64, 80]
[time]
frames = {frames}
steps_per_frame = {steps}
[output]
directory = "{directory}"
chunk = [16, 32]
layout = "{layout}"
frames_per_file = {per_file}
[checkpoint]
every = "3 frames"
[threads]
compute = 1
io = 1
"""
STORED = 8
GOAL = 11


class Case:
    """A run of 8 frames, closed or killed, and what 11 frames of it should be."""

    def __init__(self, work, checks, ranks=0, layout="parts", per_file=0, is_killed=False):
        self.work, self.checks, self.ranks = work, checks, ranks
        self.name = f"{ranks or 1} rank(s), {layout}, {per_file} per file, {'killed' if is_killed else 'closed'}"
        self.steps = (600 if ranks else 3000) if is_killed else 10
        settings = {"layout": layout, "per_file": per_file, "steps": self.steps}
        self.configure("whole.toml", GOAL, "whole", settings)
        self.configure("c.toml", GOAL, "out", settings)
        self.expect_exit(self.run("whole.toml", "--force"), 0, "the whole run")
        shutil.rmtree(work.path / "kept", ignore_errors=True)
        shutil.rmtree(work.path / "out", ignore_errors=True)
        if is_killed:
            self.kill()
        else:
            self.expect_exit(self.run("c.toml", "--set", f"time.frames={STORED}"), 0, "the stored run")
        shutil.move(work.path / "out", work.path / "kept")
        self.stored = committed(work.path / "kept")

    def configure(self, name, frames, directory, settings):
        self.work.write(name, CONFIG.format(frames=frames, directory=directory, **settings))

    def run(self, *arguments, ranks=None):
        return self.work.run("run", *arguments, ranks=self.ranks if ranks is None else ranks)

    def kill(self):
        """Some frames before the end, however fast the machine is: as often as it takes."""
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            shutil.rmtree(self.work.path / "out", ignore_errors=True)
            process = self.work.start("run", "c.toml", ranks=self.ranks)
            while committed(self.work.path / "out") < STORED and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            is_in_time = process.poll() is None
            kill_tree(process.pid)
            process.communicate(timeout=60)
            if is_in_time and committed(self.work.path / "out") >= STORED:
                return
        sys.exit(f"FAILED: {self.name}: the run itself")

    def expect(self, condition, what):
        self.checks.expect(condition, f"{self.name}: {what}")

    def expect_exit(self, done, code, what):
        self.expect(done.returncode == code, f"{what}: exit {done.returncode}, not {code}: {done.stderr}")
        return done

    def last_files(self):
        parts = sorted((self.work.path / "kept/parts").glob("*.h5"))
        if not parts:
            return [pathlib.Path("frames.h5")]
        return [pathlib.Path("parts") / part.name for part in parts if part.name[:4] == parts[-1].name[:4]]

    def lose(self, files, share):
        """share: of the bytes that stay; nothing: not even the file."""
        out = self.work.path / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(self.work.path / "kept", out, symlinks=True)
        for file in files:
            if share is None:
                (out / file).unlink()
            else:
                os.truncate(out / file, int((out / file).stat().st_size * share))

    def expect_whole(self, what):
        with h5py.File(self.work.path / "whole/frames.h5") as one, h5py.File(self.work.path / "out/frames.h5") as two:
            for dataset in ("v", "step", "time", "x", "y", "stats/v_mean", "stats/v_max"):
                same = one[dataset].shape == two[dataset].shape and (one[dataset][...] == two[dataset][...]).all()
                self.expect(same, f"{what}: {dataset} differs")
        self.expect_exit(self.work.run("verify", "out"), 0, f"{what}: verify")

    def try_loss(self, files, share, ranks=None):
        what = f"{', '.join(map(str, files))} {'gone' if share is None else f'cut to {share}'}"
        self.lose(files, share)
        before = sorted((str(p), p.stat().st_size) for p in (self.work.path / "out").rglob("*"))
        shown = self.work.run("repair", "out", "--dry-run")
        self.expect(before == sorted((str(p), p.stat().st_size) for p in (self.work.path / "out").rglob("*")),
                    f"{what}: --dry-run changed something")
        repaired = self.work.run("repair", "out")
        told = [line.removeprefix("would ") for line in shown.stdout.splitlines()[:-1]]
        self.expect(told == repaired.stdout.splitlines()[:-1], f"{what}: --dry-run told {told}, done was {repaired.stdout}")
        kept = committed(self.work.path / "out")
        self.expect(repaired.returncode == (kept < self.stored), f"{what}: repair: exit {repaired.returncode}: {repaired.stdout}")
        again = self.expect_exit(self.work.run("repair", "out"), 0, f"{what}: repair again")
        self.expect("nothing to repair" in again.stdout, f"{what}: repair again: {again.stdout}")
        self.expect_exit(self.run("c.toml", "--resume", ranks=ranks), 0, f"{what}: resume after repair")
        self.expect_whole(f"{what}, repaired and resumed")
        self.lose(files, share)
        resumed = self.run("c.toml", "--resume", ranks=ranks)
        if resumed.returncode == 1 and "morphogen repair" in resumed.stderr:
            Case.refused += 1
            self.expect(kept < self.oldest_checkpoint(), f"{what}: refused, {repaired.stdout}")
            return
        Case.resumed += 1
        self.expect(kept >= self.oldest_checkpoint(), f"{what}: not refused, {repaired.stdout}")
        self.expect_exit(resumed, 0, f"{what}: resume")
        self.expect_whole(f"{what}, resumed")

    def oldest_checkpoint(self):
        """Frames before it."""
        steps = [int(p.name) for p in (self.work.path / "kept/checkpoints").glob("[0-9]" * 12)]
        return min(steps) // self.steps

    resumed = refused = 0  # in all cases


def committed(path):
    try:
        with h5py.File(path / "frames.h5", "r", swmr=True) as file:
            return len(file["step"])
    except (OSError, KeyError):
        return 0


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        for per_file in (0, 3):
            for is_killed in (False, True):
                case = Case(work, checks, per_file=per_file, is_killed=is_killed)
                for share in (0.0, 0.3, 0.7, 0.95):
                    case.try_loss(case.last_files(), share)
                if per_file:
                    case.try_loss(case.last_files(), None)
            case = Case(work, checks, ranks=3, per_file=per_file, is_killed=True)
            files = case.last_files()
            case.try_loss(files[1:2], 0.7)
            case.try_loss(files, 0.8)
            case.try_loss(files[:1], None)
            case.try_loss(files[2:], 0.5, ranks=2)
            case = Case(work, checks, ranks=3, per_file=per_file, layout="shared")
            for share in (0.3, 0.8):
                case.try_loss(case.last_files(), share)
    print(f"{Case.resumed} losses resumed, {Case.refused} refused because no checkpoint is old enough")
    checks.expect(Case.resumed > 20 and Case.refused > 2, "the losses are not of both kinds")
    checks.finish()


if __name__ == "__main__":
    main()
