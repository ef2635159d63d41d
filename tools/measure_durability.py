#!/usr/bin/env python3
"""What safety costs: the table of `output.sync`, and how long a checkpoint holds up the simulation.

usage: measure_durability.py PROGRAM [--pairs N] [--directory DIR]

Runs the reference configuration (100 frames of 1080x1920 f32) with each `sync`, the order turned round from pair to pair, and
a 4096x4096 f64 state with a checkpoint every three frames beside a plain copy of as many bytes. Needs a quiet machine.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECKPOINTS = """[grid]
shape = [4096, 4096]
precision = "f64"
[time]
frames = 9
steps_per_frame = 10
[output]
codec = "none"
sync = "{sync}"
[checkpoint]
every = "3 frames"
"""


def run(program, config, directory, *settings):
    out = directory / "out"
    command = [program, "run", str(config), "--force", "--set", f'output.directory="{out}"']
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
    return json.loads((out / "report.json").read_text())


def measure_sync(program, directory, pairs):
    kinds = ["never", "close", "frame"]
    walls, syncs = {k: [] for k in kinds}, {k: [] for k in kinds}
    for pair in range(pairs):
        for kind in kinds if pair % 2 == 0 else reversed(kinds):
            report = run(program, ROOT / "configs/reference.toml", directory, "time.frames=100", f'output.sync="{kind}"')
            walls[kind].append(report["wall_s"])
            syncs[kind].append(report["writer"]["sync_s"])
    base = statistics.median(walls["never"])
    print(f"{'sync':<8} {'wall':>8} {'against never':>14} {'in fsync':>9}")
    for kind in kinds:
        wall = statistics.median(walls[kind])
        print(f"{kind:<8} {wall:>6.2f} s {wall / base:>13.3f}x {statistics.median(syncs[kind]):>7.2f} s")


def seconds_to_copy(nbytes):
    """A plain copy of so many bytes to memory that was touched before, by one thread."""
    source, target = numpy.ones(nbytes // 8), numpy.zeros(nbytes // 8)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        numpy.copyto(target, source)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def measure_checkpoints(program, directory, pairs):
    config = directory / "checkpoints.toml"
    copy = seconds_to_copy(2 * 8 * 4096 * 4096)
    for sync in ("never", "close"):
        config.write_text(CHECKPOINTS.format(sync=sync))
        figures = [run(program, config, directory)["checkpoints"] for _ in range(pairs)]
        delay = statistics.median(f["delay_s"] / f["written"] for f in figures)
        copied = statistics.median(f["copy_s"] / f["written"] for f in figures)
        stored = statistics.median(f["last_s"] for f in figures)
        print(f"checkpoint of 256 MiB, sync {sync}: holds up the simulation {delay * 1e3:.1f} ms, {delay / copied:.2f} x its "
              f"own copy, {delay / copy:.2f} x a plain copy of one thread ({copy * 1e3:.1f} ms); stored after {stored:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--directory", default=".", help="where to write (a directory of its own in it)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        measure_sync(arguments.program, pathlib.Path(directory), arguments.pairs)
        measure_checkpoints(arguments.program, pathlib.Path(directory), arguments.pairs)


if __name__ == "__main__":
    main()
