#!/usr/bin/env python3
"""Makes the file that the rework measurements use: 100 frames of 1080 x 1920 f32 of a pattern that fills the plane.

    tools/make_developed.py PROGRAM OUT.h5 [--frames 100] [--chunk 270,480] [--codec deflate:1]

configs/reference.toml's model from many seeds, run until it has grown together (10,000 steps, not stored), then FRAMES
frames of 34 steps. Chunks of 270 x 480, shuffle + deflate 1, no checksum; stored at a ratio of 1.2 to 1.25. About a
minute on two cores.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

REFERENCE = pathlib.Path(__file__).resolve().parent.parent / "configs" / "reference.toml"
SEEDS = "[initial.scatter]\ncount = 400\nradius = 8.0\n"
GROWN = "".join(f'[[initial.file]]\npath = "grown/frames.h5"\ndataset = "{f}"\nfield = "{f}"\n' for f in "uv")


def run(program, directory, name, initial, overrides):
    """One run of the reference configuration from another initial state, into directory/name."""
    configuration = directory / f"{name}.toml"
    configuration.write_text(REFERENCE.read_text() + initial)
    command = [program, "run", configuration.name, "--set", f'output.directory="{name}"']
    for override in overrides:
        command += ["--set", override]
    subprocess.run(command, cwd=directory, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda p: str(pathlib.Path(p).resolve()))
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--chunk", default="270,480")
    parser.add_argument("--codec", default="deflate:1")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    with tempfile.TemporaryDirectory(prefix=".developed-", dir=out.parent) as name:
        directory = pathlib.Path(name)
        run(arguments.program, directory, "grown", SEEDS,
            ["time.frames=1", "time.steps_per_frame=10000", 'output.fields=["u","v"]'])
        run(arguments.program, directory, "developed", GROWN,
            [f"time.frames={arguments.frames}", f"output.chunk=[{arguments.chunk}]",
             f'output.codec="{arguments.codec}"', "output.checksum=false"])
        (directory / "developed" / "frames.h5").rename(out)


if __name__ == "__main__":
    sys.exit(main())
