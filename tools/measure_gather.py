#!/usr/bin/python3
"""What gathering small files costs, beside a plain h5py loop in the same run.

    tools/measure_gather.py [--program build/release/app/morphogen] [--files 100000] [--memory 256MiB] [--directory DIR]

Makes FILES HDF5 files (256x256 f32, gzip 1) of two groups, hard links to --distinct different ones; gathers them with
`morphogen gather` and, a --sample of them before and after, with h5py (the same chunks and filters), and prints files per
second of both, their ratio, the peak resident memory and what an unreadable file among them does. Exit 1 if the ratio is
below --least, if memory exceeds the ceiling by more than 64 MiB, or if a value differs.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

root = pathlib.Path(__file__).resolve().parent.parent
SHAPE = (256, 256)
GROUPS = ("--group-by", "([ab])[0-9]+[.]h5$")


def pattern(number):
    """Smooth waves with low bits of noise: compresses about 1.4-fold, as a developed Gray-Scott field."""
    y, x = numpy.mgrid[0:SHAPE[0], 0:SHAPE[1]].astype("f4")
    noise = numpy.random.default_rng(number).random(SHAPE, dtype="f4")
    return (numpy.sin(x / 7 + number) * numpy.cos(y / 9) + 1e-4 * noise).astype("f4")


def make_files(directory, count, distinct):
    directory.mkdir()
    for i in range(count):
        path = directory / f"{'ab'[i % 2]}{i:06d}.h5"
        if i >= distinct:
            os.link(directory / f"{'ab'[i % distinct % 2]}{i % distinct:06d}.h5", path)
            continue
        with h5py.File(path, "w") as file:
            file.create_dataset("v", data=pattern(i), chunks=SHAPE, compression="gzip", compression_opts=1)
    return sorted(directory.iterdir())


def plain_loop(files, out):
    """Files per second of what everybody writes first."""
    begin = time.perf_counter()
    with h5py.File(out, "w") as file:
        data = file.create_dataset("data", (len(files), *SHAPE), "f4", chunks=(1, *SHAPE), compression="gzip",
                                   compression_opts=1, shuffle=True, fletcher32=True)
        for i, path in enumerate(files):
            with h5py.File(path) as source:
                data[i] = source["v"][...]
    seconds = time.perf_counter() - begin
    out.unlink()
    return len(files) / seconds


def gather(args, directory, out, *options):
    return subprocess.run([args.program, "gather", str(directory), "-o", str(out), "--force", "--memory", args.memory,
                           "--json", *GROUPS, *options], capture_output=True, text=True)


def differing(out, files, samples):
    wrong = 0
    with h5py.File(out) as file:
        data, source = file["data"], file["source"]
        for path in random.sample(files, min(samples, len(files))):
            group = "ab".index(path.name[0])
            item = files.index(path) - group * data.shape[1]
            with h5py.File(path) as one:
                same = source[group, item].decode() == str(path) and numpy.array_equal(one["v"][...], data[group, item])
            wrong += not same
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--distinct", type=int, default=500)
    parser.add_argument("--sample", type=int, default=1_500, help="files for each of the two h5py loops")
    parser.add_argument("--memory", default="256MiB")
    parser.add_argument("--least", type=float, default=8.0, help="ratio below which the exit code is 1")
    parser.add_argument("--directory", help="where everything is made (default: the system's temporary directory)")
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="morphogen-gather-", dir=args.directory) as name:
        work = pathlib.Path(name)
        files = make_files(work / "in", args.files - args.files % 2, args.distinct)
        first = plain_loop(files[:args.sample], work / "loop.h5")
        result = gather(args, work / "in", work / "out.h5")
        if result.returncode != 0:
            sys.exit(result.stderr)
        facts = json.loads(result.stdout)
        last = plain_loop(files[-args.sample:], work / "loop.h5")
        loop = max(first, last)
        ratio = facts["files_per_s"] / loop
        limit = int(args.memory.removesuffix("MiB")) + 64
        rss = facts["peak_rss_bytes"] / 2**20
        wrong = differing(work / "out.h5", files, 200)
        print(f"{len(files)} files: gather {facts['files_per_s']:.0f}/s, h5py {first:.0f} and {last:.0f}/s: {ratio:.1f} times")
        print(f"peak resident {rss:.0f} MiB of {limit} MiB allowed; {wrong} of 200 items differ")
        failed = ratio < args.least or rss > limit or wrong > 0
        bad = files[len(files) // 2 + len(files) // 10]
        bad.unlink()
        bad.write_bytes(b"no HDF5 file")
        stopped = gather(args, work / "in", work / "stopped.h5")
        filled = gather(args, work / "in", work / "out.h5", "--on-error", "fill")
        named = str(bad) in stopped.stderr and str(bad) in filled.stderr
        left = list(work.glob("stopped.h5*"))
        print(f"one unreadable file: exit {stopped.returncode} and {len(left)} files left; with fill exit {filled.returncode} "
              f"and {json.loads(filled.stdout)['failed']} failed; {'named' if named else 'NOT NAMED'}")
        failed |= stopped.returncode != 1 or filled.returncode != 0 or bool(left) or not named
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
