#!/usr/bin/python3
"""What can go wrong while pictures are made: a full disk, ffmpeg killed in mid-stream, bad wishes. A clear error with the
right exit code, no half file, whatever was finished kept.

usage: render.py PROGRAM      (a full disk needs root, the movie ffmpeg; what cannot be tested is said)
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, TIMEOUT_S, Workspace  # noqa: E402

CONFIG = """
[grid]
shape = [96, 121]
[time]
frames = 40
steps_per_frame = 20
"""


def bad_wishes(checks, work):
    for wish, told in (
        (["-o", "x.png", "--colormap", "lagon"], "did you mean lagoon?"),
        (["-o", "x.png", "--frames", "40"], "frame 40 does not exist, there are 40"),
        (["-o", "x.png", "--slice", "z=1"], "no such slice (z=1)"),
        (["-o", "x.png", "--dataset", "step"], "not a dataset of frames"),
        (["-o", "x.png", "--scale", "0.3"], "not a scale (0.3)"),
        (["-o", "x.png", "--memory", "1K"], "give --memory"),
        (["-o", "x.png", "--range", "2,1"], "not a range"),
        (["-o", "x.gif"], "not a name for pictures"),
        (["-o", "m.mp4", "--fps", "0"], "--fps"),
    ):
        result = work.run("render", "out", *wish)
        checks.expect(result.returncode == 2, f"{wish}: exit {result.returncode}")
        checks.expect(told in result.stderr, f"{wish}: told {result.stderr!r}")
        checks.expect(result.stderr.count("\n") == 1, f"{wish}: more than one line: {result.stderr!r}")
    checks.expect(not (work.path / "x.png").exists(), "a picture of a bad wish")


def facts(checks, work):
    result = work.run("render", "out", "-o", "img/%02d.png", "--json")
    checks.expect(result.returncode == 0, f"render: {result.stderr}")
    told = json.loads(result.stdout)
    checks.expect(told["pictures"] == 40 and told["width"] == 121 and told["height"] == 96, f"facts {told}")
    checks.expect(told["range_from"] == "statistics", f"the range of a run comes from /stats: {told}")
    files = sorted(p.name for p in (work.path / "img").iterdir())
    checks.expect(files == [f"{n:02d}.png" for n in range(40)], f"files {files}")
    checks.expect(told["bytes"] == sum(p.stat().st_size for p in (work.path / "img").iterdir()), f"bytes {told}")


def full_disk(checks, work):
    if os.geteuid() != 0:
        print("not tested, needs root: a full disk")
        return
    disk = work.path / "small"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], check=True)
    try:
        result = work.run("render", "out", "-o", "small/%02d.png", "--scale", "3")
        checks.expect(result.returncode == 1, f"full disk: exit {result.returncode}: {result.stderr}")
        checks.expect("o space left on device" in result.stderr and ".png" in result.stderr, f"told {result.stderr!r}")
        files = sorted(disk.iterdir())
        checks.expect(files, "the pictures before the disk was full are kept")
        for file in files:
            checks.expect(file.suffix == ".png" and file.read_bytes().endswith(b"IEND\xaeB`\x82"), f"half a file: {file}")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def child_of(pid):
    for entry in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in entry.read_text().split():
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "ffmpeg":
                return int(child)
    return None


def killed_ffmpeg(checks, work):
    if not shutil.which("ffmpeg"):
        print("not tested, no ffmpeg: movies")
        return
    (work.path / "movies").mkdir()
    # Large pictures, so that it still encodes when it is killed.
    process = subprocess.Popen([work.program, "render", "out", "-o", "movies/m.mp4", "--scale", "16"], cwd=work.path,
                               stderr=subprocess.PIPE, text=True)
    try:
        ffmpeg, deadline = None, time.monotonic() + TIMEOUT_S
        half = work.path / "movies/m.unfinished.mp4"
        while (ffmpeg is None or not half.exists()) and process.poll() is None and time.monotonic() < deadline:
            ffmpeg = child_of(process.pid)
            time.sleep(0.005)
        checks.expect(ffmpeg is not None and process.poll() is None, "ffmpeg was seen at work")
        if ffmpeg is not None:
            os.kill(ffmpeg, signal.SIGKILL)
        _, told = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
    checks.expect(process.returncode == 1, f"killed ffmpeg: exit {process.returncode}: {told}")
    checks.expect("ffmpeg failed (movies/m.mp4): it was ended by signal 9" in told, f"told {told!r}")
    left = list((work.path / "movies").iterdir())
    checks.expect(not left, f"left behind: {left}")
    result = work.run("render", "out", "-o", "movies/m.mp4", "--fps", "12")
    checks.expect(result.returncode == 0, f"a movie: {result.stderr}")
    checks.expect("122 x 96" in result.stdout, f"even sides: {result.stdout}")


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        work.write("c.toml", CONFIG)
        made = work.run("run", "c.toml")
        checks.expect(made.returncode == 0, f"the run: {made.stderr}")
        for check in (bad_wishes, facts, full_disk, killed_ffmpeg):
            check(checks, work)
    checks.finish()


if __name__ == "__main__":
    main()
