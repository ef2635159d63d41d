#!/usr/bin/python3
"""Which sharing of the cores between computing and compressing costs least.

    tools/measure_threads.py [--program build/release/app/morphogen] [--rounds 5] [--set K=V ...] [--only TEXT ...]

Runs the reference configuration once per round with output off and once per partition of the threads, oversubscription and
wait policy of the OpenMP runtime, in turn, so that all of them see the same moods of the machine. Prints for each the median
over the rounds of wall(on) / (wall(off) + (compression + write + copy CPU seconds) / cores): 1 is work spread perfectly.
"""
import argparse
import os
import pathlib
import resource
import statistics
import tempfile

from measure_pipeline import root, run


def variants(cores):
    """(name, settings, environment): what is tried, the program's own choice first."""
    half = max(cores // 2, 1)
    yield "default", [], {}
    if cores > 1:
        yield f"{cores} computing, 1 compressing", ["threads.io=1"], {}
        yield f"{cores - 1} computing, 1 compressing", [f"threads.compute={cores - 1}", "threads.io=1"], {}
        yield f"{half} computing, {cores - half} compressing", [f"threads.compute={half}", f"threads.io={cores - half}"], {}
    yield f"{cores} computing, {2 * cores} compressing", [f"threads.io={2 * cores}"], {}
    yield f"{2 * cores} computing", [f"threads.compute={2 * cores}", f"threads.io={cores}"], {}
    yield "waiting threads sleep at once", [], {"OMP_WAIT_POLICY": "passive"}
    yield "waiting threads spin", [], {"OMP_WAIT_POLICY": "active"}
    yield "pinned (OMP_PROC_BIND)", [], {"OMP_PROC_BIND": "true"}


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(*arguments):
    before = cpu_seconds()
    report = run(*arguments)
    report["cpu_s"] = cpu_seconds() - before
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=pathlib.Path)
    parser.add_argument("--config", default=root / "configs/reference.toml", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", default=None, help="where to write (default: a temporary directory)")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="K=V")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="partitions whose name holds TEXT")
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    common = (args.settings or ["time.frames=100"]) + ['output.sync="never"']
    chosen = [v for v in variants(cores) if not args.only or any(text in v[0] for text in args.only)]
    found = {name: [] for name, _, _ in chosen}
    with tempfile.TemporaryDirectory(dir=args.directory) as work:
        for _ in range(args.rounds):
            off = measured(args.program, args.config, f"{work}/off", common + ["output.enabled=false"])
            for name, settings, environment in chosen:
                on = measured(args.program, args.config, f"{work}/on", common + settings, environment)
                writer = on["writer"]
                cpu = writer["compress_cpu_s"] + writer["write_cpu_s"] + on["copy_cpu_s"]
                found[name].append((on["wall_s"] / (off["wall_s"] + cpu / cores), on["wall_s"], cpu, on["cpu_s"] - off["cpu_s"],
                                    on["stall_s"]))
    print(f"{'threads':34} {'on/ideal':>9} {'lowest':>7} {'highest':>8} {'wall s':>7} {'stages CPU s':>13} {'added CPU s':>12} {'stall s':>8}")
    for name, rows in found.items():
        ratios = [row[0] for row in rows]
        wall, cpu, added, stall = (statistics.median(row[i] for row in rows) for i in range(1, 5))
        print(f"{name:34} {statistics.median(ratios):9.3f} {min(ratios):7.3f} {max(ratios):8.3f} {wall:7.2f} {cpu:13.2f} {added:12.2f} {stall:8.2f}")


if __name__ == "__main__":
    main()
