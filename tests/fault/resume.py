#!/usr/bin/python3
"""run --resume: after SIGKILL, with more frames, and what it refuses: another configuration, another kind of instruction set,
stored frames that are not this run's, a directory in which another process writes.

usage: resume.py PROGRAM
"""
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

RUN = """[grid]
shape = [128, 160]
[time]
frames = {frames}
steps_per_frame = 20
[output]
fields = ["u", "v"]
directory = "{directory}"
[checkpoint]
every = "3 frames"
"""


def configure(work, name, frames=40, directory="out"):
    return work.write(name, RUN.format(frames=frames, directory=directory))


def committed(path):
    try:
        with h5py.File(path, "r", swmr=True) as file:
            return len(file["step"])
    except (OSError, KeyError):
        return 0


def wait_for(condition, timeout_s=30):
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def expect_exit(checks, result, code, what, *words):
    checks.expect(result.returncode == code, f"{what}: exit {result.returncode}, not {code}: {result.stderr}")
    for word in words:
        checks.expect(word in result.stderr, f"{what}: no {word!r} in {result.stderr!r}")


def expect_same(checks, work, a, b, what):
    for dataset in ("u", "v", "step", "time", "stats/v_mean", "stats/u_max"):
        with h5py.File(work.path / a / "frames.h5") as one, h5py.File(work.path / b / "frames.h5") as two:
            checks.expect((one[dataset][...] == two[dataset][...]).all(), f"{what}: {dataset} differs")


def check_killed(checks, program):
    with Workspace(program) as work:
        work.run("run", configure(work, "whole.toml", directory="whole"))
        config = configure(work, "c.toml")
        launches = 0
        for frames in (2, 6, 11):  # killed again and again, before and after checkpoints
            frames = max(frames, committed(work.path / "out/frames.h5") + 1)
            process = work.start("run", config, "--resume")
            launches += 1
            wait_for(lambda: committed(work.path / "out/frames.h5") >= frames or process.poll() is not None)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=20)
        kept = committed(work.path / "out/frames.h5")
        expect_exit(checks, work.run("repair", "out"), 0, "repair of the killed run")
        grids = (work.path / "out/frames.xdmf").read_text().count("<Grid Name=\"frame ")
        checks.expect(grids == kept, f"frames.xdmf has {grids} frames of {kept}")
        checks.expect(work.report()["frames"] == kept, f"report.json has {work.report()['frames']} frames of {kept}")
        checks.expect(work.report()["exit"] == "failed", "report.json of a killed run")
        checks.expect(kept >= 11, f"killed: {kept} frames are committed")
        result = work.run("run", config, "--resume")
        expect_exit(checks, result, 0, "resumed after kills", f"{kept} frames are stored")
        checks.expect(work.report()["frames"] == 40, "resumed after kills: frames")
        checks.expect(work.report()["launches"] == launches + 1, f"launches: {work.report()['launches']}")
        expect_same(checks, work, "whole", "out", "resumed after kills")
        expect_exit(checks, work.run("verify", "out"), 0, "verify of the resumed run")


def check_extended(checks, program):
    with Workspace(program) as work:
        work.run("run", configure(work, "whole.toml", directory="whole"))
        work.run("run", configure(work, "c.toml", frames=7))
        report = work.report()
        result = work.run("run", "c.toml", "--resume")
        expect_exit(checks, result, 0, "finished, resumed", "the run is finished")
        checks.expect(work.report() == report, "a finished run's report was replaced")
        (work.path / "out/report.json").unlink()  # as after a kill between the last frame and the report
        work.run("run", "c.toml", "--resume")
        again = work.report()
        checks.expect((again["exit"], again["frames"], again["steps"]) == ("finished", 7, 140), f"reported anew: {again}")
        # From the copy that the run itself left.
        result = work.run("run", "out/config.toml", "--set", "time.frames=40", "--resume")
        expect_exit(checks, result, 0, "extended", "resumed at step 140")
        expect_same(checks, work, "whole", "out", "extended")
        shutil.rmtree(work.path / "out")
        expect_exit(checks, work.run("run", "c.toml", "--resume"), 0, "nothing there", "starts anew")


def check_reported_by_ranks(checks, program):
    """Rank 0 alone sees the report: all go by what it saw."""
    with Workspace(program) as work:
        work.run("run", configure(work, "c.toml", frames=7), ranks=3)
        report = work.path / "out/report.json"
        before = report.read_bytes()
        expect_exit(checks, work.run("run", "c.toml", "--resume", ranks=3), 0, "finished, 3 ranks", "the run is finished")
        checks.expect(report.read_bytes() == before, "3 ranks replaced a finished run's report")
        report.unlink()
        expect_exit(checks, work.run("run", "c.toml", "--resume", ranks=3), 0, "no report, 3 ranks", "the run is finished")
        again = work.report()
        checks.expect((again["exit"], again["frames"], again["steps"]) == ("finished", 7, 140), f"3 ranks reported: {again}")
        (work.path / "out/parts/0000.0001.h5").rename(work.path / "saved")
        expect_exit(checks, work.run("run", "c.toml", "--resume"), 1, "finished, a part is gone", "0000.0001.h5: missing", "damaged")
        (work.path / "saved").rename(work.path / "out/parts/0000.0001.h5")
        expect_exit(checks, work.run("run", "c.toml", "--resume"), 0, "finished, the part is back", "the run is finished")


def check_few_descriptors(checks, program):
    """More segments than files may be open: it goes on, or says what is needed and loses nothing."""
    few = ("--set", "grid.shape=[16, 16]", "--set", "output.frames_per_file=1", "--set", 'output.sync="never"')
    with Workspace(program) as work:
        config = configure(work, "c.toml", frames=40)
        for limit, frames in (("--nofile=36", 40), ("--nofile=36:4096", 45)):
            result = work.run("run", config, "--resume", *few, "--set", f"time.frames={frames}", prefix=("prlimit", limit))
            expect_exit(checks, result, 0, f"run with {limit}")
        shutil.rmtree(work.path / "out/checkpoints")  # so that stored frames are read again
        more = ("run", config, "--resume", *few, "--set", "time.frames=48")
        expect_exit(checks, work.run(*more, prefix=("prlimit", "--nofile=36")), 1, "36 files at most", "ulimit -n")
        checks.expect(committed(work.path / "out/frames.h5") == 45, "36 files at most: frames")
        expect_exit(checks, work.run(*more, prefix=("prlimit", "--nofile=36:4096")), 0, "the limit is raised where it may be")
        whole = work.run("run", config, *few[:2], "--set", "time.frames=48", "--set", 'output.directory="whole"')
        expect_exit(checks, whole, 0, "the run to compare with")
        expect_same(checks, work, "whole", "out", "few descriptors")


def check_refused(checks, program):
    with Workspace(program) as work:
        config = configure(work, "c.toml", frames=7)
        work.run("run", config)
        result = work.run("run", config, "--resume", "--set", "model.feed=0.02", "--set", "grid.shape=[64, 64]")
        expect_exit(checks, result, 2, "another configuration", "model.feed was 0.014, is 0.02", "grid.shape")
        expect_exit(checks, work.run("run", config), 2, "no --resume", "--resume")
        result = work.run("run", config, "--resume", "--set", "output.enabled=false", "--set", "time.frames=9")
        expect_exit(checks, result, 2, "resumed without output", "without output")
        # Frames that are not this run's: those past the checkpoint are computed again.
        shutil.copytree(work.path / "out", work.path / "kept", symlinks=True)
        shutil.rmtree(max((work.path / "out/checkpoints").glob("[0-9]*")))
        with h5py.File(work.path / "out/frames.h5", "r+") as file:
            frame = file["v"][6]
            frame[9, 8] += 1.0
            file["v"][6] = frame
        result = work.run("run", config, "--resume", "--set", "time.frames=9")
        expect_exit(checks, result, 1, "a frame past the checkpoint that differs", "frame 6", "cell (9, 8)")
        checks.expect("from checkpoint" in result.stderr, f"no checkpoint was used: {result.stderr}")
        shutil.rmtree(work.path / "out")
        shutil.move(work.path / "kept", work.path / "out")
        # Without a checkpoint all of them are.
        shutil.rmtree(work.path / "out/checkpoints")
        with h5py.File(work.path / "out/frames.h5", "r+") as file:
            frame = file["v"][4]
            frame[17, 23] += 1.0
            file["v"][4] = frame
        result = work.run("run", config, "--resume", "--set", "time.frames=9")
        expect_exit(checks, result, 1, "a stored frame that differs", "frame 4", "17", "23")
        checks.expect(committed(work.path / "out/frames.h5") == 7, "a difference lost frames")


def check_other_kind(checks, program):
    with Workspace(program) as work:
        config = configure(work, "c.toml", frames=7)
        if "baseline" not in work.run("--version").stdout:
            return  # every instruction set of this processor is of one kind
        work.run("run", config, "--set", 'threads.isa="baseline"')
        more = ("--resume", "--set", "time.frames=9")
        expect_exit(checks, work.run("run", config, *more), 2, "other instruction set", "FMA", "--force")
        expect_exit(checks, work.run("run", config, *more, "--force"), 0, "other instruction set, forced")
        checks.expect(work.report()["frames"] == 9, "other instruction set, forced: frames")


def check_two_at_once(checks, program):
    with Workspace(program) as work:
        config = configure(work, "c.toml", frames=1000000)
        process = work.start("run", config)
        try:
            checks.expect(wait_for(lambda: committed(work.path / "out/frames.h5") > 0), "no frames in time")
            for option in ("--resume", "--force"):
                expect_exit(checks, work.run("run", config, option), 2, f"two at once, {option}", "another process")
            verified = work.run("verify", "out")
            expect_exit(checks, verified, 0, "verify of a run that goes on", "since a run writes them")
            for what in ("out", "out/frames.h5"):
                expect_exit(checks, work.run("repair", what), 2, f"repair of {what} while a run writes", "another process")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        finally:
            process.kill()
        checks.expect(process.returncode == 75, f"the first of two: exit {process.returncode}")


def main():
    checks = Checks()
    for check in (check_killed, check_extended, check_reported_by_ranks, check_few_descriptors, check_refused, check_other_kind,
                  check_two_at_once):
        check(checks, sys.argv[1])
    checks.finish()


if __name__ == "__main__":
    main()
