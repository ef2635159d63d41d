#!/usr/bin/python3
"""What a run costs on any number of ranks, from what `morphogen bench` measured here.

    morphogen bench kernel halo copy codec store --json > one.json
    mpirun -n 2 morphogen bench halo --threads 1 --json > two.json
    tools/scaling_model.py one.json two.json [--grid 16384x16384] [--fs-gb-s 20] [--message-us 2 --message-gb-s 10]
    tools/scaling_model.py one.json two.json --check out/report.json --check-grid 2048x4096   a run that was not measured by bench

The time of a frame is the sum of its parts on the cores of the rank with the largest block, or that of the disk if it is longer;
docs/scaling.md tells what the parts are. The measured parameters are of this machine; those of a cluster's network and file
system are options.
"""
import argparse
import math
import os
import sys

from scaling_machine import Machine, load, load_report
from scaling_program import cut_among, depth_of, exchange_of, fail, largest_block, sides_of, sweeps_of, votes_of, weak_grid

PARTS = ("compute", "halo", "vote", "copy", "encode", "write")  # on the computing cores; the disk is beside them


def stepping(machine, block, cut, depth, groups):
    """Seconds of computing and of halo exchange for groups of steps, of the rank with the largest block and most neighbours."""
    sides = sides_of(cut)
    cells = block[0] * block[1]
    exchange = exchange_of(block, sides, depth, machine.cell, machine.threads)
    compute = halo = 0.0
    for sweep in (length for group in groups for length in sweeps_of(group, depth)):
        # Each step computes one cell less of the halo: of the last only the block is left.
        again = sum(math.prod(n + left * s for n, s in zip(block, sides)) - cells for left in range(sweep))
        exchange.computing = (sweep * cells + again) / machine.rate(cells)
        compute += exchange.computing
        halo += machine.halo.seconds(exchange) if exchange.messages else 0.0
    return compute, halo


def frame(machine, grid, ranks, args):
    """Seconds of a frame, by part."""
    cut = cut_among(ranks, grid)
    block = largest_block(grid, cut)
    depth = depth_of(block, grid, cut, args.steps)
    groups = votes_of(args.steps, sum(stepping(machine, block, cut, depth, [args.steps])) / args.steps, depth)
    compute, halo = stepping(machine, block, cut, depth, groups)
    time = {"compute": compute, "halo": halo, "vote": len(groups) * 2 * math.log2(ranks) * machine.halo.flight}
    raw = block[0] * block[1] * machine.cell * args.fields
    stored = raw / machine.ratio
    time["copy"] = raw / machine.copy
    time["encode"] = raw / machine.codec / machine.threads
    time["write"] = stored / machine.store / machine.threads
    time["disk"] = stored * ranks / machine.fs
    time["all"] = max(sum(time[part] for part in PARTS), time["disk"])
    return time, block


def print_table(machine, title, cases, args):
    print(title)
    print(f"{'ranks':>6} {'block of a rank':>16} {'ms/step':>9} {'halo %':>7} {'G cells/s':>10} {'efficiency %':>13} "
          f"{'frame ms':>9} {'stored GB/s':>12} {'bound by':>9}")
    first = None
    for ranks, grid in cases:
        time, block = frame(machine, grid, ranks, args)
        step = (time["compute"] + time["halo"]) / args.steps
        cells = grid[0] * grid[1]
        speed = cells / step
        first = first or speed / ranks
        stored = cells * machine.cell * args.fields / machine.ratio / time["all"]
        bound = "disk" if time["disk"] >= time["all"] else "compute"
        print(f"{ranks:6} {block[0]:7} x {block[1]:6} {1e3 * step:9.3f} {100 * time['halo'] / (step * args.steps):7.1f} "
              f"{speed / 1e9:10.1f} {100 * speed / ranks / first:13.1f} {1e3 * time['all']:9.2f} {stored / 1e9:12.2f} {bound:>9}")
    print()


def check(machine, args):
    """The model against a run: of its report only the experiment is taken (ranks, threads, steps, whether frames were stored)."""
    report = load_report(args.check)
    if not args.check_grid:
        fail("--check needs --check-grid")
    if report["cells"] != args.check_grid[0] * args.check_grid[1]:
        fail(f"--check-grid: the run had {report['cells']} cells ({args.check})")
    if report["steps"] % args.steps != 0:
        fail(f"a run of whole frames is needed, not of {report['steps']} steps ({args.check}): give its steps per frame with "
             "--steps")
    frames = report["steps"] // args.steps
    machine.with_threads(report["threads"]["compute"])
    stored = report["bytes_raw"] > 0
    if stored and report["frames"] != frames:
        fail(f"{frames} frames of {args.steps} steps are not the {report['frames']} stored ({args.check}): give its steps per "
             "frame with --steps; no initial frame")
    args.fields = round(report["bytes_raw"] / (frames * report["cells"] * machine.cell))
    time, _ = frame(machine, args.check_grid, report["ranks"], args)
    loop = report["cells"] * report["steps"] / report["cells_per_s"]  # the slowest rank's, without start and end
    cut = cut_among(report["ranks"], args.check_grid)
    print(f"{report['ranks']} rank(s) ({cut[0]} x {cut[1]}) x {machine.threads} thread(s), {args.check_grid[0]} x "
          f"{args.check_grid[1]}, {report['steps']} steps, {report['frames'] if stored else 'no'} frames stored")
    print("model, s:  " + ", ".join(f"{part} {frames * time[part]:.3f}" for part in (*PARTS, "disk")))
    print(f"{'':10} {'model s':>9} {'measured s':>11} {'model / measured':>17}")
    for part, predicted, seconds in (("halo", time["halo"], report["halo_s"]), ("all", time["all"], loop)):
        predicted *= frames
        ratio = f"{predicted / seconds:17.2f}" if seconds > 0 and predicted > 0 else f"{'-':>17}"
        print(f"{part:10} {predicted:9.3f} {seconds:11.3f} {ratio}")


def shape(text):
    try:
        parts = [int(part) for part in text.split("x")]
    except ValueError:
        parts = []
    if len(parts) != 2 or min(parts) < 1:
        raise argparse.ArgumentTypeError(f"{text}: two sizes are needed, such as 1080x1920")
    return parts


def positive(kind):
    """A number above 0, for argparse: its error exits with 2."""
    def parse(text):
        try:
            number = kind(text)
        except ValueError:
            number = kind(0)
        if not 0 < number < math.inf:
            raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
        return number
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", help="files that morphogen bench --json printed")
    parser.add_argument("--grid", type=shape, default=[16384, 16384], help="of the strong scaling table")
    parser.add_argument("--block", type=shape, default=[2048, 2048], help="of each rank in the weak scaling table")
    parser.add_argument("--ranks", type=positive(int), default=4096, help="the most")
    parser.add_argument("--steps", type=positive(int), default=34, help="per frame")
    parser.add_argument("--fields", type=positive(int), default=1, help="stored")
    parser.add_argument("--precision", choices=["f32", "f64"], default="f32")
    parser.add_argument("--codec", default="deflate:1")
    parser.add_argument("--message-us", type=positive(float), help="a message's flight in your network, not the measured one")
    parser.add_argument("--message-gb-s", type=positive(float), help="what a rank receives from it, not what was measured")
    parser.add_argument("--fs-gb-s", type=positive(float), help="what the file system takes from all ranks, not the measured disk")
    parser.add_argument("--ratio", type=positive(float), help="compression ratio of your frames, not the developed field's")
    parser.add_argument("--data-from", help="report.json of another run: its ratio, and what its bytes cost to encode and write")
    parser.add_argument("--check", help="report.json of a run to compare the model with")
    parser.add_argument("--check-grid", type=shape, help="its grid")
    parser.add_argument("--residuals", action="store_true", help="the fit of the halo exchange, row by row")
    args = parser.parse_args()
    machine = Machine(load(args.results), args)
    machine.print()
    if args.residuals:
        machine.halo.print_residuals()
    if args.check:
        check(machine, args)
        return
    counts = [2 ** i for i in range(args.ranks.bit_length()) if 2 ** i <= args.ranks]
    print_table(machine, f"strong scaling: {args.grid[0]} x {args.grid[1]} cells, {args.steps} steps per frame",
                [(n, args.grid) for n in counts], args)
    print_table(machine, f"weak scaling: {args.block[0]} x {args.block[1]} cells per rank, {args.steps} steps per frame",
                [(n, weak_grid(n, args.block)) for n in counts], args)


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except OSError as error:  # of print alone: files' errors have been told
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tells of what is still to be flushed
        fail(f"cannot print the results: {error.strerror}")
