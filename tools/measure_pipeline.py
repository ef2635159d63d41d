#!/usr/bin/python3
"""What storing every frame costs, as ratios within one run: no timing here stands alone.

    tools/measure_pipeline.py [--program build/release/app/morphogen] [--pairs 5] [--set K=V ...]

Runs the reference configuration in pairs, output off and on, and compares the wall time with
(off + (compression + write + copy CPU seconds) / cores): what the work costs if it spreads over the cores perfectly.
With --slow FACTOR every pwrite is delayed, so that writing takes FACTOR times as long as computing; then the wall time is
compared with max(compute, I/O): compute is the wall time of the same run on the undelayed disk.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent


def run(program, config, directory, settings, environment=None):
    command = [str(program), "run", str(config), "--force", "--set", f'output.directory="{directory}"']
    for setting in settings:
        command += ["--set", setting]
    result = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return json.loads((pathlib.Path(directory) / "report.json").read_text())


def build_shim(directory):
    """The library that delays pwrite, compiled from the tests' source."""
    shim = pathlib.Path(directory) / "slow_io.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", shim, root / "tests/fault/slow_or_failing_io.c", "-ldl"], check=True)
    return str(shim)


def measure_slow_disk(args, settings, work):
    shim = build_shim(work)
    count_file = pathlib.Path(work) / "count"
    print(f"{'compute s':>10} {'I/O s':>8} {'on s':>8} {'stall s':>8} {'queue':>6} {'MiB':>6} {'on/max':>7}")
    ratios = []
    for _ in range(args.pairs):
        fast = run(args.program, args.config, f"{work}/on", settings,
                   {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_COUNT": str(count_file)})
        delay = args.slow * fast["wall_s"] / int(count_file.read_text()) * 1e6
        slow = run(args.program, args.config, f"{work}/on", settings,
                   {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_DELAY_US": str(int(delay))})
        io = slow["writer"]["write_s"]
        ratios.append(slow["wall_s"] / max(fast["wall_s"], io))
        print(f"{fast['wall_s']:10.2f} {io:8.2f} {slow['wall_s']:8.2f} {slow['stall_s']:8.2f} {slow['queue']['mean']:6.2f} "
              f"{slow['peak_rss_bytes'] / 2**20:6.0f} {ratios[-1]:7.3f}")
    print(f"median of wall / max(compute, I/O): {statistics.median(ratios):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=pathlib.Path)
    parser.add_argument("--config", default=root / "configs/reference.toml", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--directory", default=None, help="where to write (default: a temporary directory)")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="K=V")
    parser.add_argument("--slow", type=float, default=0.0, metavar="FACTOR")
    args = parser.parse_args()
    settings = args.settings or ["time.frames=200"]
    cores = len(os.sched_getaffinity(0))
    if args.slow > 0.0:
        with tempfile.TemporaryDirectory(dir=args.directory) as work:
            measure_slow_disk(args, settings + ['output.sync="never"'], work)
        return
    ratios = []
    print(f"{'off s':>8} {'on s':>8} {'compress':>9} {'write':>7} {'copy':>7} {'stall':>7} {'ideal s':>8} {'on/ideal':>9}")
    with tempfile.TemporaryDirectory(dir=args.directory) as work:
        for _ in range(args.pairs):
            common = settings + ['output.sync="never"']
            off = run(args.program, args.config, f"{work}/off", common + ["output.enabled=false"])
            on = run(args.program, args.config, f"{work}/on", common)
            writer = on["writer"]
            cpu = writer["compress_cpu_s"] + writer["write_cpu_s"] + on["copy_cpu_s"]
            ideal = off["wall_s"] + cpu / cores
            ratios.append(on["wall_s"] / ideal)
            print(f"{off['wall_s']:8.2f} {on['wall_s']:8.2f} {writer['compress_cpu_s']:9.2f} {writer['write_cpu_s']:7.2f} "
                  f"{on['copy_cpu_s']:7.2f} {on['stall_s']:7.2f} {ideal:8.2f} {ratios[-1]:9.3f}")
    print(f"median of wall(on) / (wall(off) + CPU / {cores} cores): {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
