#!/usr/bin/python3
"""How fast `morphogen crops` and `series` cut out of a file, beside h5py in the same run.

    tools/measure_crops.py [--input developed.h5] [--dataset v] [--shape 8,128,128] [--count 2000] [--points 200]
                           [--memory 1GiB] [--codecs deflate:1,none] [--pairs 3] [--what crops,series] [--default]
                           [--loader PATH/training_loop] [--warm 1280MiB]

Without --input the file of tools/make_developed.py: 100 frames of 1080 x 1920 f32, chunks (1,270,480), shuffle + deflate 1.
Ours is the time of the whole command, which writes what it cut; h5py's that of its reading loop alone, into memory, with a
chunk cache for the whole file and, with --default, once with the cache it has by default (on the first tenth of the work).
Ours and h5py take turns, --pairs times; the medians and the median of the ratios count. Every --check-th crop and all series
are compared value by value. --loader: also the library's BoxLoader, by the built example examples/cpp/training_loop.cpp, which
touches all that it is given (and prints its own seconds). Before each run of either a file of --warm bytes is written
and removed: memory that a virtual machine has given back to its host costs up to 2 s per GiB when it is touched again, whoever
does it, and would be all that is measured. Exit 1 if a value differs or a peak is over --memory + 64 MiB.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from measuring import ALLOWED_ABOVE, bytes_of, run

root = pathlib.Path(__file__).resolve().parent.parent
CACHED = "dict(rdcc_nbytes=4 << 30, rdcc_nslots=1000003)"

# source, dataset, our result, items; prints the seconds of the loop. The origins and points are those that ours drew or was given.
CROPS = """
import sys, time, h5py
source, name, ours, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
with h5py.File(ours) as made: origins, shape = made["origin"][:count], made["crops"].shape[1:]
with h5py.File(source, **{options}) as file:
    data = file[name]
    began = time.perf_counter()
    for origin in origins: data[tuple(slice(o, o + n) for o, n in zip(origin, shape))]
    print(time.perf_counter() - began)
"""
SERIES = """
import sys, time, h5py
source, name, ours, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
with h5py.File(ours) as made: points = made["points"][:count]
with h5py.File(source, **{options}) as file:
    data = file[name]
    began = time.perf_counter()
    for point in points: data[(slice(None), *point)]
    print(time.perf_counter() - began)
"""
COMPARE_CROPS = """
import sys, h5py, numpy
with h5py.File(sys.argv[1], rdcc_nbytes=4 << 30, rdcc_nslots=1000003) as file, h5py.File(sys.argv[3]) as made:
    data, crops, origins = file[sys.argv[2]], made["crops"], made["origin"][:]
    if crops.dtype != data.dtype or crops.chunks != (1, *crops.shape[1:]): sys.exit(f"{crops.dtype}, chunks {crops.chunks}")
    for i in range(0, len(origins), int(sys.argv[4])):
        place = tuple(slice(o, o + n) for o, n in zip(origins[i], crops.shape[1:]))
        if crops[i].tobytes() != data[place].tobytes(): sys.exit(f"crop {i} at {origins[i]} differs")
"""
COMPARE_SERIES = """
import sys, h5py, numpy
with h5py.File(sys.argv[1], rdcc_nbytes=4 << 30, rdcc_nslots=1000003) as file, h5py.File(sys.argv[3]) as made:
    data, series = file[sys.argv[2]], made["series"][:]
    for i, point in enumerate(made["points"][:]):
        if series[:, i].tobytes() != data[(slice(None), *point)].tobytes(): sys.exit(f"the series at {point} differs")
"""


class Measurement:
    def __init__(self, args, source, work):
        self.args, self.source, self.work = args, str(source), pathlib.Path(work)
        self.failures = []

    def warm(self):
        """Pages that the machine owns: those of a file that is gone again."""
        piece = bytes(1 << 20)
        with tempfile.TemporaryFile(dir=self.work) as file:
            for _ in range(bytes_of(self.args.warm) >> 20):
                file.write(piece)

    def ours(self, label, command, memory):
        _, seconds, peak = run([str(self.args.program), *map(str, command), "--dataset", self.args.dataset,
                                "--memory", memory])
        if peak > bytes_of(memory) + ALLOWED_ABOVE:
            self.failures.append(f"{label}: peak of {peak / 2**20:.0f} MiB")
        return seconds, peak

    def loader(self, memory):
        """BoxLoader's crops into memory; h5py's are random too, but others."""
        output, _, peak = run([str(self.args.loader), self.source, self.args.dataset, self.args.shape, str(self.args.count),
                               str(bytes_of(memory) >> 20)])
        if peak > bytes_of(memory) + ALLOWED_ABOVE:
            self.failures.append(f"loader: peak of {peak / 2**20:.0f} MiB")
        return float(output), peak

    def theirs(self, script, target, count, options=CACHED):
        output, _, peak = run([sys.executable, "-c", script.replace("{options}", options), self.source, self.args.dataset,
                               target, str(count)])
        return float(output), peak

    def compare(self, label, script, target):
        compared = subprocess.run([sys.executable, "-c", script, self.source, self.args.dataset, target, str(self.args.check)],
                                  capture_output=True, text=True)
        if compared.returncode != 0:
            self.failures.append(f"{label}: {compared.stderr.strip()}")

    def measure(self, label, command, count, memory, script, comparison, loader=False):
        """Ours and h5py in turns."""
        target = str(self.work / "ours.h5")
        pairs = []
        for _ in range(self.args.pairs):
            pathlib.Path(target).unlink(missing_ok=True)  # to replace a file is more work than to make one
            self.warm()
            ours = self.ours(label, [*command, "-o", target], memory)
            if loader:
                self.warm()
                ours = self.loader(memory)
            self.warm()
            pairs.append((*ours, *self.theirs(script, target, count)))
        seconds, peak, cached, cached_peak = (statistics.median(column) for column in zip(*pairs))
        ratio = statistics.median(theirs / ours for ours, _, theirs, _ in pairs)
        line = (f"{label:>28} {seconds:8.3f} s {count / seconds:8.0f}/s {peak / 2**20:6.0f} MiB | h5py cached {cached:7.3f} s "
                f"{count / cached:6.0f}/s {cached_peak / 2**20:6.0f} MiB | {ratio:6.2f} times")
        if self.args.default:
            part = max(count // 10, 1)
            default, _ = self.theirs(script, target, part, "dict()")
            line += f" | h5py default {part / default:6.1f}/s, {count / seconds / (part / default):6.1f} times"
        print(line, flush=True)
        self.compare(label, comparison, target)
        os.unlink(target)

    def report(self):
        subprocess.run(["cat", self.source], stdout=subprocess.DEVNULL, check=True)  # the page cache is hot for all
        for memory in self.args.memory.split(","):
            if "crops" in self.args.what:
                for codec in self.args.codecs.split(","):
                    command = ["crops", self.source, "--shape", self.args.shape, "--count", self.args.count, "--codec", codec]
                    self.measure(f"crops, {codec}, {memory}", command, self.args.count, memory, CROPS, COMPARE_CROPS)
            if self.args.loader:
                command = ["crops", self.source, "--shape", self.args.shape, "--count", self.args.count, "--codec", "none"]
                self.measure(f"loader, {memory}", command, self.args.count, memory, CROPS, COMPARE_CROPS, loader=True)
            if "series" in self.args.what:
                command = ["series", self.source, "--points", self.points()]
                self.measure(f"series, {memory}", command, self.args.points, memory, SERIES, COMPARE_SERIES)
        for failure in self.failures:
            print(f"FAILED: {failure}")
        return 1 if self.failures else 0

    def points(self):
        """A file of random points; drawn in another process, since this one stays small."""
        script = ("import sys, h5py, random; random.seed(1)\nwith h5py.File(sys.argv[1]) as f: shape = f[sys.argv[2]].shape[1:]\n"
                  "for _ in range(int(sys.argv[3])): print(*(random.randrange(n) for n in shape), sep=',')")
        path = self.work / "points.csv"
        path.write_text(run([sys.executable, "-c", script, self.source, self.args.dataset, str(self.args.points)])[0])
        return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=pathlib.Path)
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--dataset", default="v")
    parser.add_argument("--shape", default="8,128,128")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--codecs", default="deflate:1,none")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--what", default="crops,series")
    parser.add_argument("--check", type=int, default=7)
    parser.add_argument("--loader", type=pathlib.Path, help="the built example training_loop")
    parser.add_argument("--warm", default="1280MiB")
    parser.add_argument("--default", action="store_true", help="also h5py with its default cache")
    parser.add_argument("--directory", default=None, help="where to write (default: a temporary directory)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.directory) as work:
        source = args.input
        if source is None:
            source = pathlib.Path(work) / "developed.h5"
            subprocess.run([sys.executable, root / "tools/make_developed.py", args.program, source], check=True)
        return Measurement(args, source, work).report()


if __name__ == "__main__":
    sys.exit(main())
