"""series and crops of files that h5py wrote, against h5py's own slices.

    sampling.py PROGRAM
"""
import csv
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as error:
    skip(f"{error.name} is missing")

POINTS = [(0, 0), (29, 39), (7, 11), (7, 11), (15, 20)]


def write(path):
    """frames.h5: datasets of several types, layouts and ranks, with values that tell their place."""
    generator = numpy.random.default_rng(7)
    with h5py.File(path, "w") as file:
        cube = generator.random((25, 30, 40))
        file.create_dataset("f4", data=cube.astype("<f4"), chunks=(4, 7, 40), compression=1, shuffle=True)
        file.create_dataset("f8be", data=cube.astype(">f8"), chunks=(1, 16, 16), compression=6, fletcher32=True)
        file.create_dataset("i2", data=(cube * 60000 - 30000).astype("<i2"))
        file.create_dataset("u8be", data=(cube * 2**63).astype(">u8"), chunks=(25, 3, 5))
        file.create_dataset("solid", data=generator.random((9, 6, 8, 10)).astype("<f4"), chunks=(2, 3, 3, 10),
                            compression=1)
        halves = (cube * 100 - 50).astype("<f2")
        halves[:2, 0, 0], halves[0, 7, 11], halves[1, 7, 11] = (-0.0, 2e-7), numpy.inf, 65504  # signed, subnormal, the largest
        file.create_dataset("f2", data=halves, chunks=(4, 7, 40), compression=1, shuffle=True)
        file.create_dataset("f2be", data=halves.astype(">f2"), chunks=(1, 16, 16))
        sparse = file.create_dataset("sparse", shape=(25, 30, 40), dtype="<f4", chunks=(5, 10, 10), fillvalue=-1.5)
        sparse[3:9, 2:17, 5:31] = cube[3:9, 2:17, 5:31]


def check_series(work, checks, file):
    for name in ("f4", "f8be", "i2", "u8be", "f2", "f2be", "sparse"):
        arguments = [x for p in POINTS for x in ("--at", f"{p[0]},{p[1]}")]
        for memory in ("64MiB", "2200KiB"):  # the second: a little more than a mebibyte of lists, so slabs
            made = work.run("series", "frames.h5", "--dataset", name, *arguments, "-o", "s.h5", "--force", "--memory", memory)
            checks.expect(made.returncode == 0, f"series of {name} within {memory}: {made.stderr}")
        wanted = numpy.stack([file[name][:, y, x] for y, x in POINTS], axis=1)
        with h5py.File(work.path / "s.h5") as out:
            checks.expect(out["series"].dtype == file[name].dtype, f"series of {name}: type {out['series'].dtype}")
            checks.expect((out["series"][:] == wanted).all(), f"series of {name}: values")
            checks.expect((out["points"][:] == POINTS).all(), f"series of {name}: points")
        text = work.run("series", "frames.h5", "--dataset", name, *arguments)
        rows = list(csv.reader(text.stdout.splitlines()))
        checks.expect(rows[0] == [f"{y};{x}" for y, x in POINTS], f"series of {name}: header {rows[:1]}")
        values = numpy.array(rows[1:]).astype(file[name].dtype.newbyteorder("="))
        checks.expect((values == wanted).all(), f"series of {name}: values in CSV")
    text = work.run("series", "frames.h5", "--dataset", "solid", "--at", "5,7,9")
    rows = list(csv.reader(text.stdout.splitlines()))
    checks.expect(rows[0] == ["5;7;9"], "series in 3-D: header")
    checks.expect((numpy.array(rows[1:])[:, 0].astype("f4") == file["solid"][:, 5, 7, 9]).all(), "series in 3-D: values")


def check_points_files(work, checks):
    work.write("points.csv", "# y, x\n\n 7, 11 \n0,0\n")
    good = work.run("series", "frames.h5", "--dataset", "f4", "--points", "points.csv")
    checks.expect(good.stdout.startswith("7;11,0;0\n"), "a points file")
    for name, text, wanted in (("bad.csv", "1,2\n3,x\n", "bad.csv:2"), ("mixed.csv", "1,2\n\n1,2,3\n", "mixed.csv:3"),
                               ("empty.csv", "# none\n", "none"), ("outside.csv", "1,2\n30,2\n", "outside"),
                               ("negative.csv", "-1,2\n", "outside"), ("deep.csv", "1,2,3\n", "3 indices")):
        work.write(name, text)
        bad = work.run("series", "frames.h5", "--dataset", "f4", "--points", name, "-o", "none.csv")
        checks.expect(bad.returncode == 2 and wanted in bad.stderr, f"{name}: {bad.returncode} {bad.stderr}")
    checks.expect(not list(work.path.glob("none.csv*")), "nothing is left after an error")
    unclear = work.run("series", "frames.h5", "--at", "1,1")
    checks.expect(unclear.returncode == 2 and "--dataset" in unclear.stderr, f"several datasets: {unclear.stderr}")


def check_crops(work, checks, file):
    reference = None
    for name, shape in (("f4", (8, 13, 17)), ("f8be", (25, 30, 40)), ("sparse", (4, 9, 9)), ("solid", (2, 3, 4, 5)), ("u8be", (3, 4, 5)),
                        ("i2", (3, 4, 5)), ("f2be", (8, 13, 17))):
        for extra in ((), ("--memory", "600KiB", "--threads", "1"), ("--codec", "none", "--threads", "3"),
                      ("--codec", "zstd:1")):
            made = work.run("crops", "frames.h5", "--dataset", name, "--shape", ",".join(map(str, shape)), "--count", 40,
                            "--seed", 5, "-o", "c.h5", "--force", *extra)
            if name == "f8be" and "600KiB" in extra:  # one crop is 240 KB, and it needs several copies
                checks.expect(made.returncode == 2 and "is the least" in made.stderr, f"too little memory: {made.stderr}")
                continue
            checks.expect(made.returncode == 0, f"crops of {name} {extra}: {made.stderr}")
            with h5py.File(work.path / "c.h5") as out:
                origins = out["origin"][:]
                if "zstd:1" not in extra:  # which needs a plugin here
                    crops = out["crops"]
                    checks.expect(crops.chunks == (1, *shape), f"crops of {name}: chunks {crops.chunks}")
                    for crop, origin in zip(crops, origins):
                        place = tuple(slice(o, o + n) for o, n in zip(origin, shape))
                        checks.expect((crop == file[name][place]).all(), f"crop of {name} {extra} at {origin}")
                if extra == ():
                    reference = origins
                checks.expect((origins == reference).all(), f"crops of {name}: origins depend on {extra}")


def check_uniform(work, checks):
    """3 x 1 x 5 origins that fit, 3,000 draws: chi-squared of 14 degrees of freedom below its 1 - 1e-5 quantile."""
    work.run("crops", "frames.h5", "--dataset", "f4", "--shape", "23,30,36", "--count", 3000, "-o", "u.h5", "--codec",
             "lz4", timeout=120)
    with h5py.File(work.path / "u.h5") as out:
        _, counts = numpy.unique(out["origin"][:], axis=0, return_counts=True)
    checks.expect(len(counts) == 15, f"{len(counts)} origins of 15")
    checks.expect(((counts - 200) ** 2 / 200).sum() < 47.0, f"not uniform: {counts}")


def check_stats_of_halves(work, checks, file):
    """Sums in double over what numpy widens."""
    for name in ("f2", "f2be"):
        made = work.run("stats", "frames.h5", "--dataset", name, "--modes", 0, "--json")
        checks.expect(made.returncode == 0, f"stats of {name}: {made.stderr}")
        frames = json.loads(made.stdout)["frames"]
        cells = file[name][:].astype("f8").reshape(25, -1)
        for key, wanted in (("min", cells.min(1)), ("max", cells.max(1))):
            checks.expect([f[key] for f in frames[1:]] == list(wanted[1:]), f"stats of {name}: {key}")
        means = numpy.array([f["mean"] for f in frames[1:]])
        checks.expect(numpy.allclose(means, cells.mean(1)[1:], rtol=1e-12), f"stats of {name}: mean")


def check_crop_errors(work, checks):
    for arguments, wanted in ((("--shape", "8,8"), "2 axes"), (("--shape", "26,1,1"), "longer"),
                              (("--shape", "0,1,1"), "not a shape"), (("--shape", "1,1,1", "--codec", "gzip"), "gzip")):
        bad = work.run("crops", "frames.h5", "--dataset", "f4", "--count", 3, "-o", "e.h5", *arguments)
        checks.expect(bad.returncode == 2 and wanted in bad.stderr, f"{arguments}: {bad.returncode} {bad.stderr}")
    again = work.run("crops", "frames.h5", "--dataset", "f4", "--count", 3, "-o", "c.h5", "--shape", "1,1,1")
    checks.expect(again.returncode == 2 and "exists" in again.stderr, f"an output that is there: {again.stderr}")
    with h5py.File(work.path / "frames.h5") as file:
        chunk = file["f4"].id.get_chunk_info(5)
    data = bytearray((work.path / "frames.h5").read_bytes())
    data[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    data[chunk.byte_offset + 1] ^= 0xFF
    (work.path / "damaged.h5").write_bytes(data)
    for command in (("crops", "--shape", "25,30,40", "--count", 2, "-o", "e.h5"), ("series", "--at", "0,0", "--at", "8,0",
                    "--at", "15,0", "--at", "22,0", "--at", "29,0", "-o", "e.h5")):
        bad = work.run(command[0], "damaged.h5", "--dataset", "f4", *command[1:])
        checks.expect(bad.returncode == 1 and "chunk at" in bad.stderr and "damaged.h5" in bad.stderr,
                      f"{command[0]} of a damaged chunk: {bad.returncode} {bad.stderr}")
    checks.expect(not list(work.path.glob("e.h5*")), "nothing is left after an error")


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        write(work.path / "frames.h5")
        with h5py.File(work.path / "frames.h5") as file:
            check_series(work, checks, file)
            check_points_files(work, checks)
            check_crops(work, checks, file)
            check_stats_of_halves(work, checks, file)
        check_uniform(work, checks)
        check_crop_errors(work, checks)
    checks.finish()


if __name__ == "__main__":
    main()
