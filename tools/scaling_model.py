#!/usr/bin/python3
"""What a run costs on any number of ranks, from what `morphogen bench` measured here.

    morphogen bench kernel halo copy codec store --json > one.json
    mpirun -n 2 morphogen bench halo --json > two.json
    tools/scaling_model.py one.json two.json [--grid 16384x16384] [--fs-gb-s 20] [--message-us 2 --message-gb-s 10]
    tools/scaling_model.py one.json two.json --check out/report.json --check-grid 2048x4096   a run that was not measured by bench

Time of a frame of S steps on one rank (docs/scaling.md tells more):

    compute   S * cells * (1 + redundant) / rate               redundant: halo cells computed again between two exchanges
    halo      exchanges * (latency + received / message rate + columns / column rate)        fitted to `bench halo`
    vote      2 * log2(ranks) * latency                        ranks agree once a frame, and each quarter of a second
    copy      bytes / copy rate;  encode  bytes / (codec rate * threads)                     both on the computing cores
    write     stored bytes of all ranks / file system rate     beside the rest: only what is longer than all else counts

The measured parameters are of this machine; those of a cluster's network and file system are options.
"""
import argparse
import json
import math
import os
import pathlib
import sys

from scaling_program import cut_among, depth_of, fail, largest_block, messages_of, sides_of, sweeps_of, votes_of


def load(paths):
    """{measurement: [its results]}: several files may hold the same one (alone, and between ranks)."""
    found = {}
    for path in paths:
        try:
            document = json.loads(pathlib.Path(path).read_text())
        except (OSError, ValueError) as error:
            fail(f"cannot read results ({path}): {error}")
        results = [document] if "rows" in document else [r for r in document.values() if isinstance(r, dict) and "rows" in r]
        if not results:
            fail(f"not results of measurements ({path}): make it with morphogen bench NAME --json")
        for result in results:
            found.setdefault(result["name"], []).append(result)
    return found


def the_row(results, name, **wanted):
    for result in results.get(name, []):
        for row in reversed(result["rows"]):
            if all(row.get(key) == value for key, value in wanted.items()):
                return row
    fail(f"bench {name} --json with {wanted} is needed, and in none of the files")


def least_squares(rows, values):
    """Coefficients of the columns of `rows`, none negative: those that would be are left out."""
    used = list(range(len(rows[0])))
    while used:
        n = len(used)
        normal = [[sum(r[a] * r[b] for r in rows) for b in used] + [sum(r[a] * v for r, v in zip(rows, values))] for a in used]
        for i in range(n):  # Gauss, with the largest pivot
            pivot = max(range(i, n), key=lambda k: abs(normal[k][i]))
            normal[i], normal[pivot] = normal[pivot], normal[i]
            if normal[i][i] == 0.0:
                fail("bench halo: too few different blocks to fit")
            for k in range(n):
                if k != i:
                    factor = normal[k][i] / normal[i][i]
                    normal[k] = [x - factor * y for x, y in zip(normal[k], normal[i])]
        solution = [normal[i][n] / normal[i][i] for i in range(n)]
        negative = [u for u, x in zip(used, solution) if x < 0.0]
        if not negative:
            result = [0.0] * len(rows[0])
            for u, x in zip(used, solution):
                result[u] = x
            return result
        used = [u for u in used if u not in negative]
    return [0.0] * len(rows[0])


class Machine:
    """The parameters, in seconds, bytes and cells."""

    def __init__(self, results, args):
        kernel = [r for result in results.get("kernel", []) for r in result["rows"]
                  if r.get("precision") == args.precision and r.get("stencil") == "oono-puri"]
        if not kernel:
            fail(f"bench kernel --json with {args.precision} is needed, and in none of the files")
        most = max(row["threads"] for row in kernel)
        sizes = [r for r in kernel if r["threads"] == most and cells_of(r["shape"]) >= 1 << 20] or \
                [max((r for r in kernel if r["threads"] == most), key=lambda r: cells_of(r["shape"]))]
        self.threads = most
        self.rate = sorted(r["gcells_per_s"] for r in sizes)[len(sizes) // 2] * 1e9
        self.cell = 4 if args.precision == "f32" else 8
        self.fit_halo(results)
        copy = the_row(results, "copy", what="frame out of the simulation, summed and checked", precision=args.precision,
                       threads=most)
        self.copy = copy["gb_per_s"] * 1e9
        codec = the_row(results, "codec", codec=args.codec, keep_bits=0)
        self.codec, self.ratio = codec["encode_mb_per_s"] * 1e6, codec["ratio"]
        self.fs = the_row(results, "store", codec="deflate:1", sync="close")["hdf5_mb_per_s"] * 1e6
        if args.message_us is not None:
            self.latency = self.other_latency + args.message_us * 1e-6
        if args.message_gb_s is not None:
            self.message = 1 / (self.other_message + 1e-9 / args.message_gb_s)
        if args.fs_gb_s is not None:
            self.fs = args.fs_gb_s * 1e9

    def fit_halo(self, results):
        """latency + received / message + columns / halo_copy: the last from blocks that only copy, the others between ranks."""
        rows = [(result, row) for result in results.get("halo", []) for row in result["rows"]]
        alone = [row for _, row in rows if row["message_kib"] == 0 and row["copied_kib"] > 0]
        between = [(result, row) for result, row in rows if row["message_kib"] > 0]
        if len(alone) < 2 or len(between) < 2:
            fail("both are needed: morphogen bench halo --json, and mpirun -n 2 morphogen bench halo --json")
        seconds = lambda row: row["exchange_us"] * 1e-6
        # Relative errors count: each equation is divided by its right side.
        copied = least_squares([[row["copied_kib"] * 1024 / seconds(row)] for row in alone], [1.0] * len(alone))[0]
        rest = [(row, max(seconds(row) - copied * row["copied_kib"] * 1024, 0.1 * seconds(row))) for _, row in between]
        latency, message = least_squares([[1.0 / t, row["message_kib"] * 1024 / t] for row, t in rest], [1.0] * len(rest))
        facts = between[0][0]["facts"]  # what a message alone takes: no exchange is faster
        alone_latency, alone_message = facts["message_latency_us"]["value"] * 1e-6, 1e-9 / facts["message_gb_per_s"]["value"]
        latency, message = max(latency, alone_latency), max(message, alone_message)
        # Packing and waiting for each other stay when the messages take another network.
        self.other_latency, self.other_message = latency - alone_latency, message - alone_message
        self.latency, self.message, self.halo_copy = latency, 1 / message, 1 / copied
        self.halo_errors = sorted(abs((latency + message * row["message_kib"] * 1024 + copied * row["copied_kib"] * 1024) /
                                      seconds(row) - 1) for _, row in between)

    def print(self):
        print(f"cell updates     {self.rate / 1e9:8.2f} G/s per rank of {self.threads} threads")
        print(f"halo exchange    {self.latency * 1e6:8.2f} us + received / {self.message / 1e9:.2f} GB/s + columns / "
              f"{self.halo_copy / 1e9:.2f} GB/s (median error of the fit {100 * self.halo_errors[len(self.halo_errors) // 2]:.0f} %)")
        print(f"copy             {self.copy / 1e9:8.2f} GB/s per rank")
        print(f"codec            {self.codec / 1e9:8.2f} GB/s per thread, ratio {self.ratio:.2f}")
        print(f"file system      {self.fs / 1e9:8.2f} GB/s in all\n")


def cells_of(shape):
    return math.prod(int(n) for n in shape.split("x"))


def stepping(machine, block, cut, depth, groups):
    """Seconds of computing and of halo exchange for groups of steps, of the rank with the largest block and most neighbours."""
    sides = sides_of(cut)
    cells = block[0] * block[1]
    compute = halo = 0.0
    grown = [n + depth * s for n, s in zip(block, sides)]
    received = 2 * machine.cell * (math.prod(grown) - cells)
    columns = 2 * machine.cell * (grown[1] - block[1]) * grown[0]  # short pieces of rows, packed and unpacked
    exchange = machine.latency + received / machine.message + columns / machine.halo_copy
    for sweep in (length for group in groups for length in sweeps_of(group, depth)):
        # Each step computes one cell less of the halo: of the last only the block is left.
        again = sum(math.prod(n + left * s for n, s in zip(block, sides)) - cells for left in range(sweep))
        compute += (sweep * cells + again) / machine.rate
        halo += exchange if messages_of(sides) else 0.0
    return compute, halo


def frame(machine, grid, ranks, steps, fields, output):
    """Seconds of a frame, by part."""
    cut = cut_among(ranks, grid)
    block = largest_block(grid, cut)
    depth = depth_of(block, grid, cut, steps)
    groups = votes_of(steps, sum(stepping(machine, block, cut, depth, [steps])) / steps)
    compute, halo = stepping(machine, block, cut, depth, groups)
    cells = block[0] * block[1]
    time = {"compute": compute, "halo": halo, "vote": len(groups) * 2 * math.log2(ranks) * machine.latency}
    raw = cells * machine.cell * fields if output else 0
    time["copy"] = raw / machine.copy
    time["encode"] = raw / (machine.codec * machine.threads)
    time["write"] = raw * ranks / machine.ratio / machine.fs
    busy = sum(time[part] for part in ("compute", "halo", "vote", "copy", "encode"))
    time["all"] = max(busy, time["write"])
    return time, block


def print_table(machine, title, cases, args):
    print(title)
    print(f"{'ranks':>6} {'block of a rank':>16} {'ms/step':>9} {'halo %':>7} {'G cells/s':>10} {'efficiency %':>13} "
          f"{'frame ms':>9} {'stored GB/s':>12} {'bound by':>9}")
    first = None
    for ranks, grid in cases:
        time, block = frame(machine, grid, ranks, args.steps, args.fields, True)
        step = (time["compute"] + time["halo"]) / args.steps
        cells = grid[0] * grid[1]
        speed = cells / step
        first = first or speed / ranks
        stored = cells * machine.cell * args.fields / machine.ratio / time["all"]
        bound = "disk" if time["write"] >= time["all"] else "compute"
        print(f"{ranks:6} {block[0]:7} x {block[1]:6} {1e3 * step:9.3f} {100 * time['halo'] / (step * args.steps):7.1f} "
              f"{speed / 1e9:10.1f} {100 * speed / ranks / first:13.1f} {1e3 * time['all']:9.2f} {stored / 1e9:12.2f} {bound:>9}")
    print()


def check(machine, args):
    try:
        report = json.loads(pathlib.Path(args.check).read_text())
    except (OSError, ValueError) as error:
        fail(f"cannot read the report ({args.check}): {error}")
    if not args.check_grid:
        fail("--check needs --check-grid")
    output = report["bytes_raw"] > 0
    if report["launches"] != 1 or report["steps"] % args.steps != 0:
        fail(f"a run of one launch and whole frames is needed, not {report['steps']} steps in {report['launches']} launch(es) "
             f"({args.check}): give its steps per frame with --steps")
    frames = report["steps"] // args.steps
    machine.rate *= report["threads"]["compute"] / machine.threads
    machine.copy *= report["threads"]["compute"] / machine.threads
    machine.threads = report["threads"]["compute"]
    fields = 0
    if output:
        machine.ratio = report["bytes_raw"] / report["bytes_stored"]
        fields = round(report["bytes_raw"] / (report["frames"] * report["cells"] * machine.cell))
    time, _ = frame(machine, args.check_grid, report["ranks"], args.steps, fields, output)
    # The simulation's loop; what comes before the first step and after the last is not in the model.
    loop = report["compute_s"] + report["halo_s"] + report["copy_s"] + report["stall_s"]
    print(f"{report['ranks']} rank(s) x {machine.threads} thread(s), {args.check_grid[0]} x {args.check_grid[1]}, "
          f"{report['steps']} steps, {report['frames']} frames stored; start and end {report['wall_s'] - loop:.2f} s, not in the model")
    print(f"{'':10} {'model s':>9} {'measured s':>11} {'model / measured':>17}")
    for part, predicted, seconds in (("halo", time["halo"], report["halo_s"]), ("all", time["all"], loop)):
        predicted *= frames
        ratio = f"{predicted / seconds:17.2f}" if seconds > 0 else f"{'-':>17}"
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
    parser.add_argument("--message-us", type=positive(float), help="latency of the network instead of the fitted one")
    parser.add_argument("--message-gb-s", type=positive(float), help="bandwidth of the network for each rank instead of the fitted one")
    parser.add_argument("--fs-gb-s", type=positive(float), help="what the file system takes from all ranks instead of the measured disk")
    parser.add_argument("--check", help="report.json of a run to compare the model with")
    parser.add_argument("--check-grid", type=shape, help="its grid")
    args = parser.parse_args()
    machine = Machine(load(args.results), args)
    machine.print()
    if args.check:
        check(machine, args)
        return
    counts = [2 ** i for i in range(args.ranks.bit_length()) if 2 ** i <= args.ranks]
    print_table(machine, f"strong scaling: {args.grid[0]} x {args.grid[1]} cells, {args.steps} steps per frame",
                [(n, args.grid) for n in counts], args)
    weak = []
    for n in counts:
        rows = 2 ** (n.bit_length() // 2)
        weak.append((n, [args.block[0] * rows, args.block[1] * (n // rows)]))
    print_table(machine, f"weak scaling: {args.block[0]} x {args.block[1]} cells per rank, {args.steps} steps per frame",
                weak, args)


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except OSError as error:  # of print alone: files' errors have been told
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tells of what is still to be flushed
        fail(f"cannot print the results: {error.strerror}")
