#!/usr/bin/python3
"""How fast and within what memory `morphogen rechunk` changes chunks, beside the usual tools, as ratios within one run.

    tools/measure_rechunk.py [--input developed.h5] [--dataset v] [--chunks 100,60,60] [--memory 1GiB,256MiB,64MiB]
                             [--repeat 3] [--tools h5repack,h5repack-1GB,nccopy,h5py,h5py-direct] [--program PATH]

Without --input the file of tools/make_developed.py: 100 frames of 1080 x 1920 f32, chunks (1,270,480), shuffle + deflate 1.
Every output has shuffle + deflate 1 and is compared with the input value by value. Each of ours runs --repeat times (the
median counts), each of theirs once. Exit 1 if a result is wrong or a peak is over --memory + 64 MiB. A tool that is not
there is told and left out. h5py-direct: zlib on all cores, chunks stored as they are.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measuring import ALLOWED_ABOVE, bytes_of, run

root = pathlib.Path(__file__).resolve().parent.parent

# Each script reads and writes through h5py as one who knows it would: a cache for a row of chunks, whole new chunks written.
H5PY = """
import sys, h5py
source, target, name, chunks = sys.argv[1], sys.argv[2], sys.argv[3], tuple(map(int, sys.argv[4].split(",")))
with h5py.File(source, "r", rdcc_nbytes=1 << 30, rdcc_nslots=100003) as old, h5py.File(target, "w") as new:
    data = old[name]
    out = new.create_dataset(name, data.shape, data.dtype, chunks=chunks, shuffle=True, compression="gzip", compression_opts=1)
    rows = chunks[1] * max(1, data.chunks[1] // chunks[1])
    for y in range(0, data.shape[1], rows):
        band = data[:, y:y + rows]
        for x in range(0, data.shape[2], chunks[2]):
            out[:, y:y + rows, x:x + chunks[2]] = band[:, :, x:x + chunks[2]]
"""
H5PY_DIRECT = """
import os, sys, zlib, h5py, numpy
from concurrent.futures import ThreadPoolExecutor
source, target, name, chunks = sys.argv[1], sys.argv[2], sys.argv[3], tuple(map(int, sys.argv[4].split(",")))

def encode(raw):
    full = numpy.zeros(chunks, raw.dtype)
    full[tuple(slice(n) for n in raw.shape)] = raw
    planes = numpy.ascontiguousarray(full.view(numpy.uint8).reshape(-1, raw.dtype.itemsize).T)
    return zlib.compress(planes, 1)

with h5py.File(source, "r", rdcc_nbytes=1 << 30, rdcc_nslots=100003) as old, h5py.File(target, "w") as new, \\
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    data = old[name]
    out = new.create_dataset(name, data.shape, data.dtype, chunks=chunks, shuffle=True, compression="gzip", compression_opts=1)
    rows = chunks[1] * max(1, data.chunks[1] // chunks[1])
    for t in range(0, data.shape[0], chunks[0]):
        for y in range(0, data.shape[1], rows):
            band = data[t:t + chunks[0], y:y + rows]
            places = [(r, x) for r in range(0, band.shape[1], chunks[1]) for x in range(0, band.shape[2], chunks[2])]
            pieces = (band[:, r:r + chunks[1], x:x + chunks[2]] for r, x in places)
            for (r, x), stored in zip(places, pool.map(encode, pieces)):
                out.id.write_direct_chunk((t, y + r, x), stored)
"""
COMPARE = """
import sys, h5py, numpy
with h5py.File(sys.argv[1], "r") as a, h5py.File(sys.argv[2], "r") as b:
    a, b, chunks = a[sys.argv[3]], b[sys.argv[3]], tuple(map(int, sys.argv[4].split(",")))
    if a.shape != b.shape or a.dtype != b.dtype: sys.exit("another shape or type")
    if b.chunks != tuple(min(c, n) for c, n in zip(chunks, b.shape)): sys.exit(f"chunks are {b.chunks}")
    if b.compression != "gzip" or not b.shuffle: sys.exit("other filters")
    for lo in range(0, a.shape[0], b.chunks[0]):
        x, y = a[lo:lo + b.chunks[0]], b[lo:lo + b.chunks[0]]
        if x.tobytes() != y.tobytes(): sys.exit(f"values differ from index {lo} on")
"""


def nccopy_chunks(source, dataset, chunks):
    """nccopy names dimensions, made up ones where the file has none."""
    script = ("import sys, netCDF4; f = netCDF4.Dataset(sys.argv[1]); "
              "print(','.join(f[sys.argv[2]].dimensions))")
    names = subprocess.run([sys.executable, "-c", script, source, dataset], capture_output=True, text=True)
    if names.returncode != 0:
        return None
    return ",".join(f"{n}/{c}" for n, c in zip(names.stdout.strip().split(","), chunks.split(",")))


def tool_command(tool, source, target, dataset, chunks):
    """The command and its environment, or why there is none."""
    if tool.startswith("h5repack"):
        if not shutil.which("h5repack"):
            return None, "h5repack is not installed (Debian: hdf5-tools)"
        layout = ["-l", f"{dataset}:CHUNK={chunks.replace(',', 'x')}", "-f", f"{dataset}:SHUF", "-f", f"{dataset}:GZIP=1"]
        return ["h5repack", *layout, source, target], {"H5TOOLS_BUFSIZE": "1024"} if tool.endswith("1GB") else {}
    if tool == "nccopy":
        named = nccopy_chunks(source, dataset, chunks)
        if not shutil.which("nccopy") or not named:
            return None, "nccopy or python3-netcdf4 is not installed, or cannot read the file"
        return ["nccopy", "-m", "1G", "-h", "1G", "-d", "1", "-s", "-c", named, source, target], {}
    return [sys.executable, "-c", H5PY if tool == "h5py" else H5PY_DIRECT, source, target, dataset, chunks], {}


class Measurement:
    def __init__(self, args, source, work):
        self.args, self.source, self.work = args, str(source), pathlib.Path(work)
        self.failures = []

    def check(self, label, target):
        compared = subprocess.run([sys.executable, "-c", COMPARE, self.source, target, self.args.dataset, self.args.chunks],
                                  capture_output=True, text=True)
        if compared.returncode != 0:
            self.failures.append(f"{label}: {compared.stderr.strip()}")

    def ours(self, memory):
        target = str(self.work / "ours.h5")
        command = [str(self.args.program), "rechunk", self.source, target, "--force", "--dataset", self.args.dataset,
                   "--chunks", self.args.chunks, "--codec", "deflate:1", "--memory", memory]
        results = []
        for _ in range(self.args.repeat):
            # As for the others: ext4 writes a file to the disk at once when it takes another one's name.
            pathlib.Path(target).unlink(missing_ok=True)
            results.append(run(command))
        self.check(memory, target)
        peak = max(rss for _, _, rss in results)
        if peak > bytes_of(memory) + ALLOWED_ABOVE:
            self.failures.append(f"{memory}: peak of {peak / 2**20:.0f} MiB")
        return statistics.median(seconds for _, seconds, _ in results), peak

    def theirs(self, tool):
        target = str(self.work / f"{tool}.h5")
        command, environment = tool_command(tool, self.source, target, self.args.dataset, self.args.chunks)
        if command is None:
            print(f"SKIPPED: {tool}: {environment}")
            return None
        _, seconds, peak = run(command, environment)
        self.check(tool, target)
        os.unlink(target)
        return seconds, peak

    def report(self):
        subprocess.run(["cat", self.source], stdout=subprocess.DEVNULL, check=True)  # the page cache is hot for all
        memories = self.args.memory.split(",")
        ours = {memory: self.ours(memory) for memory in memories}
        print(f"{'':>14} {'s':>8} {'peak MiB':>9}" + "".join(f" {'x ' + m:>9}" for m in memories))
        for memory, (seconds, peak) in ours.items():
            self.line(memory, seconds, peak, ours)
        for tool in filter(None, self.args.tools.split(",")):
            if result := self.theirs(tool):
                self.line(tool, *result, ours)
        for failure in self.failures:
            print(f"FAILED: {failure}")
        return 1 if self.failures else 0

    @staticmethod
    def line(name, seconds, peak, ours):
        """The last columns: how many times as fast ours is."""
        print(f"{name:>14} {seconds:8.2f} {peak / 2**20:9.0f}" + "".join(f" {seconds / s:9.2f}" for s, _ in ours.values()),
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=pathlib.Path)
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--dataset", default="v")
    parser.add_argument("--chunks", default="100,60,60")
    parser.add_argument("--memory", default="1GiB,256MiB,64MiB")
    parser.add_argument("--tools", default="h5repack,h5repack-1GB,nccopy,h5py,h5py-direct")
    parser.add_argument("--repeat", type=int, default=3)
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
