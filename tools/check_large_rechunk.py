#!/usr/bin/python3
"""A file much larger than memory may be: made by the simulation, rechunked by a confined process, compared by `morphogen diff`
and, in samples, with h5py.

    tools/check_large_rechunk.py [--program PATH] [--directory D] [--frames 98] [--memory 256MiB] [--confine-mib 512]

98 frames of 4320 x 7680 f32 are 12.1 GiB; noise in u at every step leaves no constant block. The process may not allocate
more than --confine-mib (RLIMIT_DATA: everything private and writable, touched or not). Needs 30 GB of disk and some minutes.
Exit 1 if it fails, was over --memory + 64 MiB, or a sample differs.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

root = pathlib.Path(__file__).resolve().parent.parent
ROWS, COLUMNS = 4320, 7680
CHUNKS = (100, 60, 60)
SAMPLES = 200
CONFIG = f"""
[grid]
shape = [{ROWS}, {COLUMNS}]
[model]
noise = 0.01
[initial.scatter]
count = 2000
[output]
fields = ["u"]
chunk = [270, 480]
"""


def make_input(program, directory, frames):
    (directory / "large.toml").write_text(CONFIG)
    command = [program, "run", "large.toml", "--set", f"time.frames={frames}", "--set", "time.steps_per_frame=1",
               "--set", 'output.directory="run"', "--set", 'output.sync="never"']
    subprocess.run(command, cwd=directory, check=True)
    return directory / "run/frames.h5"


def run_confined(command, confine_mib):
    def confine():
        resource.setrlimit(resource.RLIMIT_DATA, (confine_mib << 20, confine_mib << 20))
    return subprocess.run(command, preexec_fn=confine, stdout=subprocess.PIPE, text=True, check=False)


def rechunk_confined(program, source, target, memory, confine_mib):
    result = run_confined([program, "rechunk", source, target, "--chunks", ",".join(map(str, CHUNKS)), "--memory", memory,
                           "--json"], confine_mib)
    if result.returncode != 0:
        sys.exit(f"FAILED: rechunk ended with {result.returncode}")
    return json.loads(result.stdout)


def compare_samples(source, target):
    """Boxes across chunk edges, at random places and in every corner."""
    random = numpy.random.default_rng(1)
    wrong = 0
    with h5py.File(source, "r") as a, h5py.File(target, "r") as b:
        x, y = a["u"], b["u"]
        if x.shape != y.shape or y.chunks != tuple(min(c, n) for c, n in zip(CHUNKS, x.shape)):
            sys.exit(f"FAILED: {x.shape} became {y.shape} in chunks {y.chunks}")
        for n in range(SAMPLES):
            low = [0 if n >> axis & 1 == 0 else max(size - 70, 0) for axis, size in enumerate(x.shape)] if n < 8 else \
                [int(random.integers(0, max(size - 70, 1))) for size in x.shape]
            frame = low[0] if n % 2 else int(random.integers(0, x.shape[0]))
            box = (slice(frame, frame + 3), slice(low[1], low[1] + 70), slice(low[2], low[2] + 70))
            values = x[box]
            wrong += values.tobytes() != y[box].tobytes() or values.min() == values.max()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--directory", default=None, help="where to write (default: a temporary directory)")
    parser.add_argument("--frames", type=int, default=98)
    parser.add_argument("--memory", default="256MiB")
    parser.add_argument("--confine-mib", type=int, default=512)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.directory) as work:
        work = pathlib.Path(work)
        source, target = make_input(args.program, work, args.frames), work / "out.h5"
        began = time.monotonic()
        facts = rechunk_confined(args.program, source, target, args.memory, args.confine_mib)
        raw = facts["datasets"][0]["bytes_raw"]
        print(f"{raw / 2**30:.1f} GiB in {time.monotonic() - began:.0f} s, peak {facts['peak_rss_bytes'] / 2**20:.0f} MiB, "
              f"decoded {facts['datasets'][0]['passes']:.2f} times", flush=True)
        limit = int(args.memory.removesuffix("MiB")) + 64
        if facts["peak_rss_bytes"] > limit << 20:
            sys.exit(f"FAILED: the peak is over {limit} MiB")
        began = time.monotonic()
        difference = run_confined([args.program, "diff", source, target, "--dataset", "u", "--memory", args.memory], args.confine_mib)
        if difference.returncode != 0:
            sys.exit(f"FAILED: diff ended with {difference.returncode}: {difference.stdout}")
        print(f"diff finds no difference in {time.monotonic() - began:.0f} s", flush=True)
        if wrong := compare_samples(source, target):
            sys.exit(f"FAILED: {wrong} of {SAMPLES} samples differ")
        print(f"{SAMPLES} samples agree with h5py")


if __name__ == "__main__":
    main()
