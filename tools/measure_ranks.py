#!/usr/bin/python3
"""One rank with N threads against N ranks with one thread each, on this machine's N cores.

    tools/measure_ranks.py [--program build/release/app/morphogen] [--pairs 5] [--grid 1080x1920 ...] [--seconds 3] [--set K=V ...]

Runs the reference configuration without output on each grid in pairs, so that both see the same moods of the machine, and
prints the medians: wall seconds of the whole run, start included, what the ranks spent on halos (waiting for each other too),
and the median of the pairs' ratios. Ranks are bound to one core each, as Open MPI does it for two.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
steps_per_frame = 34


def run(launcher, program, grid, frames, directory, settings):
    shape = ",".join(str(n) for n in grid)
    command = launcher + [str(program), "run", str(root / "configs/reference.toml"), "--force"]
    for setting in [f'output.directory="{directory}"', "output.enabled=false", f"grid.shape=[{shape}]",
                    f"time.frames={frames}", 'checkpoint.every="never"'] + settings:
        command += ["--set", setting]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return json.loads((pathlib.Path(directory) / "report.json").read_text())


def parse_grid(text):
    return [int(n) for n in text.split("x")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--grid", action="append", type=parse_grid, metavar="NYxNX")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a run, roughly")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="K=V")
    args = parser.parse_args()
    if shutil.which("mpirun") is None:
        sys.exit("measure_ranks.py: there is no mpirun")
    cores = len(os.sched_getaffinity(0))
    ranks = ["mpirun", "-n", str(cores), "--bind-to", "core"]
    print(f"{'grid':>16} {'steps':>6} {f'1 x {cores} s':>8} {f'{cores} x 1 s':>8} {'halo s':>7} {'ratio':>6}  lowest highest")
    with tempfile.TemporaryDirectory() as work:
        for grid in args.grid or [[1080, 1920], [2160, 3840], [4096, 4096]]:
            # How fast? And a virtual machine's memory costs time when it is touched first.
            run(ranks, args.program, grid, 1, f"{work}/several", args.settings)
            first = run([], args.program, grid, 1, f"{work}/one", args.settings)
            frames = max(int(args.seconds / first["compute_s"]), 1)
            pairs = []
            for _ in range(args.pairs):
                one = run([], args.program, grid, frames, f"{work}/one", args.settings)
                several = run(ranks, args.program, grid, frames, f"{work}/several", args.settings)
                pairs.append((one["wall_s"], several["wall_s"], several["halo_s"]))
            ratios = [several / one for one, several, _ in pairs]
            name = "x".join(str(n) for n in grid)
            print(f"{name:>16} {frames * steps_per_frame:6} {statistics.median(p[0] for p in pairs):8.2f} "
                  f"{statistics.median(p[1] for p in pairs):8.2f} {statistics.median(p[2] for p in pairs):7.2f} "
                  f"{statistics.median(ratios):6.3f}  {min(ratios):6.3f}  {max(ratios):6.3f}", flush=True)


if __name__ == "__main__":
    main()
