"""What one machine does per second, and what a halo exchange takes there, from `morphogen bench --json` (scaling_model.py)."""
import json
import math
import pathlib
import re

from scaling_program import Exchange, fail, team_of


def load_object(path, what):
    try:
        document = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        fail(f"cannot read {what} ({path}): {error}")
    if not isinstance(document, dict):
        fail(f"cannot read {what} ({path}): no JSON object")
    return document


def load(paths):
    """{measurement: [its results]}: several files may hold the same one (alone, and between ranks)."""
    found = {}
    for path in paths:
        document = load_object(path, "results")
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


def sizes_of(shape):
    return [int(n) for n in shape.split("x")]


def two_that_fit(rows):
    """a, b with a * x + b * y near t for rows of x, y, t, by least squares of the relative errors: the rows' fourth number is
    what 1 is."""
    xs, ys, ts = ([row[i] / row[3] for row in rows] for i in range(3))
    xx, xy, yy = (sum(map(math.prod, zip(*pair))) for pair in ((xs, xs), (xs, ys), (ys, ys)))
    xt, yt = (sum(map(math.prod, zip(*pair))) for pair in ((xs, ts), (ys, ts)))
    det = xx * yy - xy * xy
    if det <= 1e-9 * xx * yy:
        fail("bench halo: too few different planes to fit")
    a, b = (xt * yy - yt * xy) / det, (yt * xx - xt * xy) / det
    if b < 0:
        return max(xt / xx, 0.0), 0.0
    return (0.0, max(yt / yy, 0.0)) if a < 0 else (a, b)


class Halo:
    """Seconds of an exchange in a plane:

        flight + messages * each + received / wire + lines * line(block) / threads + wait * computing

    Flight and wire are measured by themselves. line, a cache line's copy, grows with the logarithm of the block's size and is
    fitted to blocks of one rank, whose halos are only copied; each and wait to blocks between two ranks, less all the rest."""

    def __init__(self, results):
        planes = [(result, row) for result in results.get("halo", []) for row in result["rows"] if row["block"].count("x") == 1]
        alone = [self.exchange_of(*pair) for pair in planes if pair[1]["message_kib"] == 0]
        between = [self.exchange_of(*pair) for pair in planes if pair[1]["message_kib"] > 0]
        if len(alone) < 2 or len(between) < 2:
            fail("both are needed: morphogen bench halo --json, and mpirun -n 2 morphogen bench halo --json")
        facts = next(result["facts"] for result, row in planes if row["message_kib"] > 0)
        self.flight, self.wire = facts["message_latency_us"]["value"] * 1e-6, facts["message_gb_per_s"]["value"] * 1e9
        self.each = self.wait = self.line = self.growth = 0.0
        self.smallest, self.largest = (pick(e.block for e in alone) for pick in (min, max))
        self.line, self.growth = two_that_fit([(e.lines / e.team, e.lines / e.team * self.doublings(e), e.seconds, e.seconds)
                                               for e in alone])
        self.each, self.wait = two_that_fit([(e.messages, e.computing, e.seconds - self.seconds(e), e.seconds) for e in between])
        self.residuals = [(e, self.seconds(e)) for e in alone + between]

    def doublings(self, e):
        return math.log2(min(max(e.block, self.smallest), self.largest) / self.smallest)

    @staticmethod
    def exchange_of(result, row):
        """What `bench halo` measured: a periodic row of ranks along the slower axis, exchanging once a full sweep."""
        ranks, threads = map(int, re.search(r"(\d+) rank\(s\) in a row, (\d+) thread\(s\)", result["title"]).groups())
        if ranks > 2:
            fail(f"bench halo of {ranks} ranks: one and two are needed")
        cell = 4 if row["precision"] == "f32" else 8
        rows, columns = sizes_of(row["block"])
        depth = row["depth"]
        cut = ranks > 1  # then rows and corners come in messages: moved into and out of them; sides are copied once
        moves = 2 if cut else 1
        exchange = Exchange(messages=6 if cut else 0, received=row["message_kib"] * 1024,
                            pieces=2 * 2 * (rows + moves * 2 * depth), piece=depth * cell,
                            rows=moves * 2 * 2 * depth * columns * cell,
                            team=team_of(threads, 1024 * max(row["message_kib"], row["copied_kib"])),
                            block=4 * rows * columns * cell)
        exchange.seconds = row["exchange_us"] * 1e-6
        exchange.computing = exchange.seconds * (100 / row["percent_of_step"] - 1)
        exchange.name = f"{row['block']} {row['precision']}, {ranks} rank(s)"
        return exchange

    def seconds(self, e):
        copying = e.lines * (self.line + self.growth * self.doublings(e)) / e.team
        if e.messages == 0:
            return copying
        return self.flight + e.messages * self.each + e.received / self.wire + copying + self.wait * e.computing

    def print(self):
        far = self.line + self.growth * math.log2(self.largest / self.smallest)
        print(f"halo exchange     {1e6 * self.flight:.2f} us + {1e6 * self.each:.2f} us per message + received / "
              f"{self.wire / 1e9:.1f} GB/s + {100 * self.wait:.2f} % of the computing")
        print(f"                  + {1e9 * self.line:.1f} to {1e9 * far:.1f} ns per cache line / threads, blocks of "
              f"{self.smallest / 2 ** 20:.3g} to {self.largest / 2 ** 20:.3g} MiB")

    def print_residuals(self):
        print(f"{'halo exchange':32} {'model us':>9} {'bench us':>9} {'model / bench':>14}")
        for e, model in self.residuals:
            print(f"{e.name:32} {1e6 * model:9.1f} {1e6 * e.seconds:9.1f} {model / e.seconds:14.2f}")
        print()


class Machine:
    """The parameters, in seconds, bytes and cells; rates of a rank with as many threads as `bench kernel` had."""

    def __init__(self, results, args):
        kernel = [r for result in results.get("kernel", []) for r in result["rows"] if r.get("precision") == args.precision and
                  r.get("stencil") == "oono-puri" and r.get("boundary") == "zero"]
        if not kernel:
            fail(f"bench kernel --json with {args.precision} is needed, and in none of the files")
        self.threads = most = max(row["threads"] for row in kernel)
        by_cells = {math.prod(sizes_of(r["shape"])): r["gcells_per_s"] * 1e9 for r in kernel if r["threads"] == most}
        self.rates = sorted(by_cells.items())
        self.speed = 1.0  # of a rank with other threads
        self.cell = 4 if args.precision == "f32" else 8
        self.halo = Halo(results)
        self.copy = the_row(results, "copy", what="frame out of the simulation, summed and checked", precision=args.precision,
                            threads=most)["gb_per_s"] * 1e9
        codec = the_row(results, "codec", codec=args.codec, keep_bits=0)
        self.codec, self.ratio = codec["encode_mb_per_s"] * 1e6, codec["ratio"]
        self.store = the_row(results, "store", codec="deflate:1", sync="never")["hdf5_mb_per_s"] * 1e6
        self.fs = the_row(results, "store", codec="deflate:1", sync="close")["hdf5_mb_per_s"] * 1e6
        if args.data_from:
            self.take_data(args.data_from)
        self.ratio = args.ratio or self.ratio
        self.fs = args.fs_gb_s * 1e9 if args.fs_gb_s else self.fs
        self.halo.flight = args.message_us * 1e-6 if args.message_us else self.halo.flight
        self.halo.wire = args.message_gb_s * 1e9 if args.message_gb_s else self.halo.wire

    def take_data(self, path):
        """Another run's ratio and what its bytes cost, in place of the developed field's of `bench codec`."""
        report = load_report(path)
        writer = report["writer"]
        if min(report["bytes_raw"], report["bytes_stored"], writer["compress_cpu_s"], writer["write_cpu_s"]) <= 0:
            fail(f"a run that stored frames is needed ({path})")
        self.ratio = report["bytes_raw"] / report["bytes_stored"]
        self.codec = report["bytes_raw"] / writer["compress_cpu_s"]
        self.store = report["bytes_stored"] / writer["write_cpu_s"]

    def with_threads(self, threads):
        self.speed *= threads / self.threads
        self.copy *= threads / self.threads
        self.threads = threads

    def rate(self, cells):
        """Cell updates per second of a block: between the measured sizes by their logarithm."""
        below = [pair for pair in self.rates if pair[0] <= cells]
        above = [pair for pair in self.rates if pair[0] > cells]
        if not below or not above:
            return self.speed * (below[-1] if below else above[0])[1]
        (small, slow), (large, fast) = below[-1], above[0]
        share = math.log(cells / small) / math.log(large / small)
        return self.speed * (slow + share * (fast - slow))

    def print(self):
        print(f"cell updates      {', '.join(f'{rate / 1e9:.2f}' for _, rate in self.rates)} G/s in planes of")
        sizes = ", ".join(f"{cells / 1e6:.3g}" for cells, _ in self.rates)
        print(f"                  {sizes} M cells, per rank of {self.threads} thread(s)")
        self.halo.print()
        print(f"copy              {self.copy / 1e9:.2f} GB/s per rank")
        print(f"codec             {self.codec / 1e9:.2f} GB/s per thread, ratio {self.ratio:.2f}")
        print(f"writing           {self.store / 1e9:.2f} GB/s of stored bytes, of a thread's time")
        print(f"file system       {self.fs / 1e9:.2f} GB/s in all\n")


def load_report(path):
    report = load_object(path, "the report")
    if "bytes_raw" not in report or "cells_per_s" not in report:
        fail(f"cannot read the report ({path}): not a run's report.json")
    if report["launches"] != 1 or report["exit"] != "finished":
        fail(f"a run that was finished by one launch is needed ({path})")
    return report
