#!/usr/bin/python3
"""rechunk.py PROGRAM CASE: files by other people's tools, rewritten by `morphogen rechunk`, hold what they held.

Cases: h5py (objects, links, attributes, types of every kind), netcdf (netCDF-4 with several variables), virtual (data of
other files come along), run (a run's parts, and a killed run, become one file). Every object of OUT is compared with IN's
through h5py, bit by bit; netCDF files also through xarray and ncdump. Exit code 77, with a reason, if a tool is missing.
"""
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy as np
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

RNG = np.random.default_rng(1)


class Comparison:
    """Two open files, object by object; references must lead to objects of the same name."""

    def __init__(self, checks, old, new):
        self.checks, self.old, self.new = checks, old, new
        self.seen = set()  # groups may hold each other

    def same_value(self, a, b, what):
        if isinstance(a, h5py.Empty) or isinstance(b, h5py.Empty):
            self.checks.expect(type(a) is type(b) and a.dtype == b.dtype, f"{what}: {a} became {b}")
            return
        if isinstance(a, h5py.Reference):
            self.checks.expect(self.target(self.old, a) == self.target(self.new, b), f"{what}: refers elsewhere")
            return
        a, b = np.asarray(a), np.asarray(b)
        self.checks.expect(a.dtype == b.dtype and a.shape == b.shape, f"{what}: {a.dtype}{a.shape} became {b.dtype}{b.shape}")
        if a.dtype.hasobject:
            for x, y in zip(a.flat, b.flat):
                if isinstance(x, (h5py.Reference, np.ndarray)):
                    self.same_value(x, y, what)
                elif isinstance(x, np.void):
                    for field in x.dtype.names:
                        self.same_value(x[field], y[field], f"{what}.{field}")
                else:
                    self.checks.expect(x == y, f"{what}: {x!r} became {y!r}")
        else:
            self.checks.expect(a.tobytes() == b.tobytes(), f"{what}: values differ")

    @staticmethod
    def target(file, reference):
        return file[reference].name if reference else None

    def same_attributes(self, a, b, what):
        self.checks.expect(list(a.attrs) == list(b.attrs) or sorted(a.attrs) == sorted(b.attrs),
                           f"{what}: attributes {list(a.attrs)} became {list(b.attrs)}")
        for name in a.attrs:
            if name in b.attrs and name not in ("DIMENSION_LIST", "REFERENCE_LIST"):
                self.same_value(a.attrs[name], b.attrs[name], f"{what}@{name}")
                self.checks.expect(a.attrs.get_id(name).get_type().get_class() == b.attrs.get_id(name).get_type().get_class(),
                                   f"{what}@{name}: another type")

    def same_dataset(self, a, b, what):
        self.checks.expect(a.maxshape == b.maxshape, f"{what}: limits {a.maxshape} became {b.maxshape}")
        # With committed types too: the same type, if not the same object.
        self.checks.expect(a.id.get_type().get_class() == b.id.get_type().get_class(), f"{what}: another type")
        self.checks.expect(not b.is_virtual and not b.external, f"{what}: points to other files")
        self.same_value(a[()], b[()], what)
        if a.shape is not None and not a.dtype.hasobject:
            self.same_value(a.fillvalue, b.fillvalue, f"{what}: fill value")
        for axis in range(len(a.shape or ())):
            scales = [[d.dims[axis][k].name for k in range(len(d.dims[axis]))] for d in (a, b)]
            self.checks.expect(scales[0] == scales[1], f"{what}: scales {scales}")
            self.checks.expect(a.dims[axis].label == b.dims[axis].label, f"{what}: label")

    def same_group(self, a, b, what="/"):
        if a.id in self.seen:
            return
        self.seen.add(a.id)
        self.same_attributes(a, b, what)
        self.checks.expect(sorted(a) == sorted(b), f"{what}: {sorted(a)} became {sorted(b)}")
        for name in a:
            path = f"{what.rstrip('/')}/{name}"
            links = [g.get(name, getlink=True) for g in (a, b)]
            self.checks.expect(type(links[0]) is type(links[1]) and vars_of(links[0]) == vars_of(links[1]), f"{path}: another link")
            if not isinstance(links[0], h5py.HardLink) or name not in b:
                continue
            x, y = a[name], b[name]
            self.checks.expect(type(x) is type(y), f"{path}: another kind of object")
            if isinstance(x, h5py.Group):
                self.same_group(x, y, path)
                continue
            self.same_attributes(x, y, path)
            if isinstance(x, h5py.Dataset):
                self.same_dataset(x, y, path)


def vars_of(link):
    return tuple(getattr(link, name, None) for name in ("path", "filename"))


def rechunked(checks, work, source, target, *options, code=0):
    result = work.run("rechunk", source, target, *options)
    checks.expect(result.returncode == code, f"rechunk {source} {options}: exit {result.returncode}: {result.stderr}")
    return result


def compare(checks, work, source, target):
    with h5py.File(work.path / source, "r") as a, h5py.File(work.path / target, "r") as b:
        Comparison(checks, a, b).same_group(a, b)


def write_everything(path):
    pairs = np.array([(1, 2.5, b"ab"), (3, 4.5, b"cd")], dtype=[("n", "<i4"), ("x", ">f8"), ("s", "S2")])
    with h5py.File(path, "w") as f:
        cube = RNG.normal(size=(6, 20, 30))
        v = f.create_dataset("v", data=cube.astype("f4"), chunks=(1, 7, 10), compression="gzip", shuffle=True,
                             fletcher32=True, maxshape=(None, 20, 40), fillvalue=-1.5)
        f.create_dataset("big", data=(cube * 1000).astype(">i2"), chunks=(2, 20, 30), compression="gzip")
        f.create_dataset("lzf", data=cube, chunks=(3, 5, 6), compression="lzf")
        f.create_dataset("scaleoffset", data=(cube * 9).astype("i4"), chunks=(3, 5, 6), scaleoffset=0)
        f.create_dataset("plain", data=cube.astype("u1"))
        f.create_dataset("sparse", (50, 20, 30), "f4", chunks=(5, 7, 9), fillvalue=np.nan)[40:, 3, 4] = 7
        f.create_dataset("none_yet", (0, 20, 30), "f8", chunks=(5, 7, 9), maxshape=(None, 20, 30))
        f.create_dataset("flags", data=cube > 0)
        f.create_dataset("colour", data=RNG.integers(0, 3, (4, 5, 6)), dtype=h5py.enum_dtype({"red": 0, "green": 1, "blue": 2}))
        f.create_dataset("half", data=cube.astype("f2"))
        f.create_dataset("complex", data=(cube + 1j).astype("c16"))
        f.create_dataset("scalar", data=3.25)
        f.create_dataset("empty", data=h5py.Empty("f4"))
        f.create_dataset("pairs", data=pairs)
        f.create_dataset("texts", data=["ä", "", "long " * 50], dtype=h5py.string_dtype())
        f.create_dataset("fixed", data=np.array([b"one", b"two"], "S5"))
        ragged = f.create_dataset("ragged", (3,), h5py.vlen_dtype("i4"))
        for i in range(3):
            ragged[i] = np.arange(i)
        f.create_dataset("named", (4,), h5py.string_dtype(), chunks=(2,), fillvalue="unnamed")[:] = ["one", "", "two", "ä"]
        f.create_dataset("opaque", data=np.array([b"\0\1\2"], "V3"))
        f.create_dataset("arrays", data=np.zeros(4, dtype=[("m", "f4", (2, 3))]))
        g = f.create_group("a group/deeper", track_order=True)
        for name in ("zz", "mm", "aa"):
            g[name] = np.arange(5)
        g["v again"] = v
        f["0 v too"] = v  # sorted before "v", made after it
        f["soft"] = h5py.SoftLink("/a group/deeper/zz")
        f["dangling"] = h5py.SoftLink("/nowhere")
        f["outside"] = h5py.ExternalLink("other.h5", "/there")
        f["a group/loop"] = f["a group"]
        f["type"] = np.dtype("f4")
        f.create_dataset("of named type", data=np.ones((2, 3, 4), "f4"), dtype=f["type"])
        refs = f.create_dataset("refs", (2, 3), h5py.ref_dtype)
        refs[0, 0], refs[1, 2] = f["v"].ref, f["a group/deeper"].ref
        f.create_dataset("one ref", data=f["pairs"].ref, dtype=h5py.ref_dtype)
        write_attributes(f, f)
        write_attributes(f, v)
        write_attributes(f, f["a group"])
        write_attributes(f, f["type"])
        for name, n in (("time", 6), ("y", 20), ("x", 30)):
            f[name] = np.arange(n, dtype="f8")
            f[name].make_scale(name)
        for axis, name in enumerate(("time", "y", "x")):
            v.dims[axis].attach_scale(f[name])
            v.dims[axis].label = name
            f["lzf"].dims[axis].attach_scale(f[name])
        f["second x"] = np.arange(30)
        f["second x"].make_scale("second")
        v.dims[2].attach_scale(f["second x"])


def write_attributes(file, target):
    attrs = target.attrs
    attrs["number"] = 1.5
    attrs["big endian"] = np.arange(3, dtype=">i8")
    attrs["text"] = "variable länge"
    attrs["texts"] = np.array(["a", "bcd", ""], dtype=h5py.string_dtype())
    attrs["fixed"] = np.bytes_("fixed")
    attrs["empty"] = h5py.Empty("S1")
    attrs["matrix"] = np.eye(3)
    attrs["flag"] = True
    attrs["reference"] = file["pairs"].ref
    attrs.create("references", [file["v"].ref, file["a group/deeper/aa"].ref], dtype=h5py.ref_dtype)
    attrs.create("ragged", np.array([np.arange(2), np.arange(3)], dtype=object), dtype=h5py.vlen_dtype("i4"))
    attrs["compound"] = np.array((1, 2.0), dtype=[("a", "i4"), ("b", "f8")])
    attrs["long"] = np.arange(8000)  # just below 64 KiB


def check_h5py(checks, work):
    write_everything(work.path / "in.h5")
    for number, (options, expected) in enumerate([
            (("--chunks", "6,4,5"), {"v": (6, 4, 5), "big": (6, 4, 5), "plain": (6, 4, 5), "flags": None}),
            (("--chunks", "100,100,100", "--codec", "zstd:1"), {"v": (6, 20, 30)}),
            (("--chunks", "contiguous"), {"big": None, "lzf": None}),
            (("--chunks", "2,2,2", "--dataset", "a group/deeper/v again", "--threads", "1", "--memory", "1MiB"),
             {"v": (2, 2, 2), "big": (2, 20, 30)})]):
        # Contiguous datasets cannot grow: the growing one is compared without its limits.
        target = f"out{number}.h5"
        result = rechunked(checks, work, "in.h5", target, *options)
        checks.expect("left out" not in result.stderr, f"{options}: {result.stderr}")
        if options[1] != "contiguous" and "zstd:1" not in options:
            compare(checks, work, "in.h5", target)
        with h5py.File(work.path / target, "r") as f:
            for name, chunks in expected.items():
                checks.expect(f[name].chunks == chunks, f"{options}: {name} has chunks {f[name].chunks}")
            same = f["v"].id == f["a group/deeper/v again"].id
            checks.expect(f["v"] == f["a group/deeper/v again"], f"{options}: two hard links became two datasets {same}")
    with h5py.File(work.path / "out2.h5", "r") as a, h5py.File(work.path / "in.h5", "r") as b:
        checks.expect(np.array_equal(a["v"][()], b["v"][()]) and np.array_equal(a["half"][()], b["half"][()]), "contiguous values")


def check_netcdf(checks, work):
    try:
        import netCDF4
        import xarray
    except ImportError as missing:
        skip(f"{missing}; Debian: python3-netcdf4 python3-xarray")
    if not shutil.which("ncdump"):
        skip("no ncdump; Debian: netcdf-bin")
    path = work.path / "in.nc"
    with netCDF4.Dataset(path, "w") as f:
        f.title, f.version = "several variables", np.int32(4)
        f.createDimension("time", None)
        for name, n in (("y", 12), ("x", 18), ("other", 5), ("unused", 3)):
            f.createDimension(name, n)
        for name in ("time", "x", "y"):  # y without coordinates is a dimension alone
            if name != "y":
                f.createVariable(name, "f8", (name,))
        f["time"].units = "hours since 2000-01-01"
        f["x"][:] = np.arange(18)
        for name, kind in (("temperature", "f4"), ("pressure", "i2"), ("wind", "f8")):
            data = f.createVariable(name, kind, ("time", "y", "x"), zlib=True, complevel=1, fill_value=-9, chunksizes=(1, 12, 18))
            data.units, data.long_name = "1", name
            data[:] = RNG.integers(0, 100, (9, 12, 18))
        f["pressure"].scale_factor = 0.5
        f["time"][:] = np.arange(9)
        f.createVariable("names", str, ("other",))[:] = np.array(list("abcde"), dtype=object)
        group = f.createGroup("model")
        group.createDimension("time", 4)
        group.createVariable("mask", "i1", ("time", "y", "x"))[:] = 1
    rechunked(checks, work, "in.nc", "out.nc", "--chunks", "9,4,6")
    compare(checks, work, "in.nc", "out.nc")
    dumps = [subprocess.run(["ncdump", "-n", "same", work.path / name], capture_output=True, text=True, timeout=60)
             for name in ("in.nc", "out.nc")]
    checks.expect(dumps[1].returncode == 0, f"ncdump: {dumps[1].stderr}")
    checks.expect(dumps[0].stdout == dumps[1].stdout, "ncdump sees another file")
    with netCDF4.Dataset(work.path / "out.nc") as f:
        checks.expect(f["temperature"].chunking() == [9, 4, 6], "chunks of a variable")
        checks.expect(f.dimensions["time"].isunlimited(), "the unlimited dimension")
    for engine in ("netcdf4", "h5netcdf"):
        try:
            with xarray.open_dataset(path, engine=engine) as a, xarray.open_dataset(work.path / "out.nc", engine=engine) as b:
                checks.expect(a.identical(b), f"xarray, {engine}: differs")
        except ValueError as unknown:  # an engine that is not installed
            checks.expect("unrecognized engine" in str(unknown), f"xarray, {engine}: {unknown}")


def check_virtual(checks, work):
    cubes = RNG.normal(size=(2, 4, 10, 12)).astype("f4")
    for i in range(2):
        with h5py.File(work.path / f"source{i}.h5", "w") as f:
            f.create_dataset("d", data=cubes[i], chunks=(1, 5, 6), compression="gzip")
            f.create_dataset("flat", data=np.arange(7) + i)
    whole, flat = h5py.VirtualLayout((8, 10, 12), "f4"), h5py.VirtualLayout((2, 7), "i8")
    for i in range(2):
        whole[4 * i:4 * i + 4] = h5py.VirtualSource(f"source{i}.h5", "d", (4, 10, 12))
        flat[i] = h5py.VirtualSource(f"source{i}.h5", "flat", (7,))
    (work.path / "raw.bin").write_bytes(np.arange(30, dtype="i4").tobytes())
    with h5py.File(work.path / "in.h5", "w") as f:
        f.create_virtual_dataset("whole", whole)
        f.create_virtual_dataset("flat", flat)
        f["whole"].attrs["units"] = "1"
        f.create_dataset("raw", (30,), "i4", external=[(str(work.path / "raw.bin"), 0, 120)])
        f["other"] = np.ones((2, 3, 4, 5))
    rechunked(checks, work, "in.h5", "all.h5", "--chunks", "8,5,5")
    rechunked(checks, work, "in.h5", "some.h5", "--chunks", "1,1,2,2")  # the virtual ones are not asked for
    refused = rechunked(checks, work, "in.h5", "source0.h5", "--chunks", "8,5,5", "--force", code=2)
    checks.expect("cannot write over the input" in refused.stderr, f"OUT is a source: {refused.stderr}")
    with h5py.File(work.path / "in.h5", "r") as a:
        kept = {name: a[name][()] for name in a}
    for name in ("source0.h5", "source1.h5", "raw.bin"):
        (work.path / name).unlink()
    for target in ("all.h5", "some.h5"):
        with h5py.File(work.path / target, "r") as f:
            for name, values in kept.items():
                checks.expect(not f[name].is_virtual and not f[name].external, f"{target}: {name} points to other files")
                checks.expect(np.array_equal(f[name][()], values), f"{target}: {name} differs")
            checks.expect(f["whole"].attrs["units"] == "1", f"{target}: attribute")
    with h5py.File(work.path / "some.h5", "r") as f:
        checks.expect(f["whole"].chunks == (1, 5, 6) and f["whole"].compression == "gzip", "a copy has its source's chunks")
    missing = rechunked(checks, work, "in.h5", "late.h5", "--chunks", "8,5,5", code=1)
    checks.expect("source0.h5" in missing.stderr, f"a missing source: {missing.stderr}")


CONFIG = """
[grid]
shape = [60, 84]
[time]
frames = FRAMES
steps_per_frame = 3
[output]
fields = ["u", "v"]
chunk = [16, 21]
"""


def check_run(checks, work):
    work.write("c.toml", CONFIG.replace("FRAMES", "12"))
    for ranks in (0, 4):
        done = work.run("run", "c.toml", "--set", f'output.directory="r{ranks}"', ranks=ranks)
        checks.expect(done.returncode == 0, f"run: {done.stderr}")
    rechunked(checks, work, "r4", "one.h5", "--chunks", "12,20,20")
    with h5py.File(work.path / "r0/frames.h5", "r") as a, h5py.File(work.path / "one.h5", "r") as b:
        for name in ("u", "v"):
            checks.expect(b[name].chunks == (12, 20, 20) and not b[name].is_virtual, f"parts: {name}")
            checks.expect(a[name][()].tobytes() == b[name][()].tobytes(), f"parts: {name} differs from one rank's run")
            scales = [b[name].dims[axis][0].name for axis in range(3)]
            checks.expect(scales == ["/time", "/y", "/x"], f"parts: scales {scales}")
        checks.expect(list(a["step"]) == list(b["step"]), "parts: steps")
    work.write("c.toml", CONFIG.replace("FRAMES", "100000"))
    process = work.start("run", "c.toml", "--set", 'output.directory="killed"')
    frames = work.path / "killed/frames.h5"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (frames.exists() and frames.stat().st_size > 300000):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    rechunked(checks, work, "killed", "rescued.h5", "--chunks", "50,20,20")
    with h5py.File(frames, "r", swmr=True) as a, h5py.File(work.path / "rescued.h5", "r") as b:
        committed = len(a["step"])
        checks.expect(committed > 0 and b["v"].shape[0] == committed == len(b["step"]), f"killed: {b['v'].shape[0]} of {committed}")
        checks.expect(a["v"][:committed].tobytes() == b["v"][()].tobytes(), "killed: values differ")


def main():
    program, case = sys.argv[1:]
    checks = Checks()
    with Workspace(program) as work:
        {"h5py": check_h5py, "netcdf": check_netcdf, "virtual": check_virtual, "run": check_run}[case](checks, work)
    checks.finish()


if __name__ == "__main__":
    main()
