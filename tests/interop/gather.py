"""gather.py PROGRAM: h5py writes the files, the program gathers them, h5py and xarray compare the values."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
    import xarray
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py, python3-xarray, python3-h5netcdf")

SHAPE = (20, 33)
KINDS = [dict(compression="gzip", shuffle=True, fletcher32=True, chunks=SHAPE), dict(chunks=(7, 8), shuffle=True),
         dict(), dict(chunks=(20, 5), compression="gzip"), dict(chunks=(1, 4))]


def write_inputs(folder, dtype):
    values = {}
    random = numpy.random.default_rng(3)
    for i in range(11):
        name = f"run{'BAC'[i % 3]}_{i:02d}.h5"
        values[name] = (random.random(SHAPE) * 100).astype(dtype)
        with h5py.File(folder / name, "w") as file:
            data = file.create_dataset("fields/u", data=values[name], **KINDS[i % len(KINDS)])
            data.attrs["units"] = "kelvin"
            data.attrs["long_name"] = numpy.bytes_("temperature")
    return values


def check(checks, work, dtype, codec, chunks):
    label = f"{dtype} {codec} {chunks}"
    values = write_inputs(work.path, dtype)
    names = list(values)
    work.write("list.txt", "\n".join(names) + "\n")
    common = ["gather", "--list", "list.txt", "-o", "out.h5", "--force", "--group-by", "run([A-C])", "--codec", codec]
    done = work.run(*common, "--chunks", chunks)
    checks.expect(done.returncode == 0, f"{label}: {done.stderr}")
    with h5py.File(work.path / "out.h5") as file:
        groups = [name.decode() for name in file["group_name"][:]]
        checks.expect(groups == ["B", "A", "C"], f"{label}: groups {groups}")
        checks.expect(file["data"].dtype == numpy.dtype(dtype).newbyteorder("<"), f"{label}: type {file['data'].dtype}")
        for g, group in enumerate(groups):
            members = [name for name in names if name[3] == group]
            for i, name in enumerate(members):
                checks.expect(file["source"][g, i].decode() == name, f"{label}: source {g}, {i}")
                checks.expect(numpy.array_equal(file["data"][g, i], values[name]), f"{label}: values of {name}")
    with xarray.open_dataset(work.path / "out.h5", engine="h5netcdf") as data:
        checks.expect(data.data.dims == ("group", "item", "y", "x"), f"{label}: dims {data.data.dims}")
        checks.expect(data.data.attrs.get("units") == "kelvin", f"{label}: attributes {data.data.attrs}")
    for reduction in ("mean", "min", "max"):
        done = work.run(*common, "--reduce", reduction)
        checks.expect(done.returncode == 0, f"{label}: {reduction}: {done.stderr}")
        with h5py.File(work.path / "out.h5") as file:
            for g, group in enumerate("BAC"):
                stack = numpy.stack([values[n] for n in names if n[3] == group])
                expected = getattr(numpy, reduction)(stack.astype("f8"), axis=0)
                checks.expect(numpy.allclose(file["data"][g], expected, rtol=1e-6), f"{label}: {reduction} of {group}")


def check_usage(checks, work):
    done = work.run("gather", "-o", "x.h5")
    checks.expect(done.returncode == 2 and "no files" in done.stderr, f"no files: {done.returncode} {done.stderr}")
    done = work.run("gather", "runB_00.h5", "--list", "list.txt", "-o", "x.h5")
    checks.expect(done.returncode == 2, "files and a list at once")
    (work.path / "runA_01.h5").write_bytes(b"no")
    done = work.run("gather", "--list", "list.txt", "-o", "x.h5")
    checks.expect(done.returncode == 1 and "runA_01.h5" in done.stderr, f"unreadable: {done.stderr}")
    checks.expect(not list(work.path.glob("x.h5*")), "something is left of the output")
    done = work.run("gather", "--list", "list.txt", "-o", "x.h5", "--on-error", "fill", "--json")
    checks.expect(done.returncode == 0 and '"failed": 1' in done.stdout and "runA_01.h5" in done.stderr,
                  f"fill: {done.returncode} {done.stdout} {done.stderr}")


def check_run(checks, work):
    """Segments behind one virtual dataset: the run's directory, or its frames.h5."""
    work.write("seg.toml", "[grid]\nshape = [32, 32]\n[time]\nframes = 6\nsteps_per_frame = 1\n"
                           "[output]\nframes_per_file = 4\ndirectory = 'seg'\n")
    done = work.run("run", "seg.toml")
    checks.expect(done.returncode == 0, f"run: {done.stderr}")
    with h5py.File(work.path / "seg/frames.h5") as file:
        expected = file["v"][...]
    for label, arguments in {"frames.h5": ["seg/frames.h5", "--dataset", "/v"], "directory": ["seg"]}.items():
        done = work.run("gather", *arguments, "-o", "seg.h5", "--force")
        checks.expect(done.returncode == 0, f"{label}: {done.stderr}")
        if done.returncode == 0:
            with h5py.File(work.path / "seg.h5") as file:
                checks.expect(numpy.array_equal(file["data"][0], expected), f"{label}: other values")


checks = Checks()
with Workspace(sys.argv[1]) as work:
    check(checks, work, "f4", "deflate:1", "1,1,20,33")
    check(checks, work, ">f8", "none", "1,3,7,10")
    check(checks, work, "<i2", "deflate:6", "1,4,20,5")
    check_usage(checks, work)
    check_run(checks, work)
checks.finish()
