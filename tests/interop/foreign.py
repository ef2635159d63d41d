#!/usr/bin/python3
"""foreign.py PROGRAM: a small HDF5 file for every odd thing that the format allows, through the reading commands.

The files are made here with h5py; what is done with them is tools/check_foreign_files.py's work, which runs on thousands of other
people's files. Here it is also known what must come out: which datasets can be rewritten, and why others cannot. Exit code 77, with a
reason, without h5py.
"""
import ctypes
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tools")]
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy as np
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")
import check_foreign_files  # noqa: E402

RNG = np.random.default_rng(1)
# h5py alone has the filter; a missing source is fill for h5py and an error here, for the whole file.
REFUSED = ("unreadable.h5, lzf", "no source.h5, lost", "no source.h5, kept")
DONT_FILTER_PARTIAL_CHUNKS = 2


def hdf5_library():
    """The one that h5py uses: it lacks a few calls."""
    for line in open("/proc/self/maps", encoding="utf-8"):
        found = re.search(r"/\S*libhdf5[^/]*\.so\S*", line)
        if found and "_hl" not in found.group():
            return ctypes.CDLL(found.group())
    skip("no libhdf5 behind h5py")


def create(file, name, dtype, shape, prepare, chunks=None, maximum=None):
    """A dataset through the low-level interface; @prepare gets its creation properties."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if chunks:
        properties.set_chunk(chunks)
    prepare(properties)
    space = h5py.h5s.create_simple(shape, maximum or shape)
    kind = dtype if isinstance(dtype, h5py.h5t.TypeID) else h5py.h5t.py_create(np.dtype(dtype))
    return h5py.Dataset(h5py.h5d.create(file.id, name.encode(), kind, space, properties))


def write_types(path):
    with h5py.File(path, "w") as f:
        for kind in ("i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8", "<f4", ">f4",
                     "<f8", ">f8"):
            values = RNG.integers(0, 120, (5, 9)).astype(kind)
            if np.dtype(kind).kind != "f":
                values[0, :2] = np.iinfo(kind).min, np.iinfo(kind).max
            else:
                values[0, :5] = np.nan, np.inf, -np.inf, -0.0, np.finfo(kind).tiny / 4
            f.create_dataset(f"plain {kind}", data=values)
            f.create_dataset(f"chunked {kind}", data=values, chunks=(2, 4), compression=4, shuffle=True, fletcher32=True)
        f["half"] = RNG.normal(size=(4, 6)).astype("f2")
        f["long double"] = RNG.normal(size=(4, 6)).astype("longdouble")
        for name, base in (("12 bits", h5py.h5t.STD_I16LE), ("20 bits big-endian", h5py.h5t.STD_U32BE)):
            kind = base.copy()
            kind.set_precision(int(name.split()[0]))
            create(f, name, kind, (6, 5), lambda p: p.set_filter(h5py.h5z.FILTER_NBIT), chunks=(3, 5))[...] = np.arange(30).reshape(6, 5)


def write_layouts(path, library):
    values = RNG.integers(0, 1000, (20, 33)).astype("<i4")
    with h5py.File(path, "w", libver="latest") as f:
        create(f, "compact", "<i4", values.shape, lambda p: p.set_layout(h5py.h5d.COMPACT))[...] = values
        f.create_dataset("contiguous", data=values)
        f.create_dataset("never written", values.shape, "<i4", fillvalue=-7)
        f.create_dataset("no chunk written", values.shape, "<i4", chunks=(3, 4), fillvalue=-7, compression=1)
        f.create_dataset("one chunk written", values.shape, "<i4", chunks=(3, 4), fillvalue=-7, compression=1)[7, 9] = 1
        f.create_dataset("one chunk", data=values, chunks=values.shape, compression=1)
        f.create_dataset("chunk larger than data", data=values, chunks=(64, 64), maxshape=(None, None), compression=1)
        f.create_dataset("single elements", data=values[:5, :5], chunks=(1, 1))
        f.create_dataset("one unlimited axis", data=values, chunks=(7, 5), maxshape=(None, 33), compression=1)  # extensible array
        f.create_dataset("two unlimited axes", data=values, chunks=(7, 5), maxshape=(None, None))  # B-tree, version 2
        f.create_dataset("fixed", data=values, chunks=(7, 5), compression=1)  # fixed array
        shrunk = f.create_dataset("shrunk", data=values, chunks=(7, 5), maxshape=(None, None), compression=1)
        shrunk.resize((11, 13))
        f.create_dataset("no rows", (0, 33), "<i4", chunks=(7, 5), maxshape=(None, 33))
        f.create_dataset("no columns", (5, 0), "<i4")
        f["scalar"], f["nothing"] = 7.5, h5py.Empty("f4")
        f.create_dataset("8 axes", data=np.arange(2 ** 8, dtype="f4").reshape((2,) * 8), chunks=(1, 2) * 4, compression=1)
        f.create_dataset("9 axes", data=np.zeros((2,) * 9, "i1"))
        bare = create(f, "bare edges", "<i4", values.shape, lambda p: (
            p.set_shuffle(), p.set_deflate(1), library.H5Pset_chunk_opts(ctypes.c_int64(p.id), DONT_FILTER_PARTIAL_CHUNKS)), chunks=(7, 5))
        bare[...] = values
    with h5py.File(path, "r+", libver="earliest") as f:
        f.create_dataset("old B-tree", data=values, chunks=(7, 5), maxshape=(None, None), compression=1)
        f.create_dataset("external", values.shape, "<i4", external=[(str(path.parent / "raw.bin"), 16, values.nbytes)])[...] = values


def write_filters(path):
    values = (RNG.normal(size=(24, 30)) * 100).astype("f4")
    whole = values.astype("<i4")
    with h5py.File(path, "w") as f:
        f.create_dataset("scale-offset", data=whole, chunks=(6, 7), scaleoffset=0)
        f.create_dataset("scale-offset, float", data=values, chunks=(6, 7), scaleoffset=3)
        f.create_dataset("checksum", data=values, chunks=(6, 7), fletcher32=True)
        f.create_dataset("shuffle alone", data=values, chunks=(6, 7), shuffle=True)
        f.create_dataset("deflate of level 0", data=values, chunks=(6, 7), compression=0)
        create(f, "n-bit", "<i4", whole.shape, lambda p: p.set_filter(h5py.h5z.FILTER_NBIT), chunks=(6, 7))[...] = whole
        create(f, "deflate twice", "<i4", whole.shape, lambda p: (p.set_deflate(1), p.set_deflate(6)), chunks=(6, 7))[...] = whole
        create(f, "checksum first", "<i4", whole.shape, lambda p: (p.set_fletcher32(), p.set_shuffle(), p.set_deflate(1)),
               chunks=(6, 7))[...] = whole
        if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
            f.create_dataset("szip", data=values, chunks=(6, 8), compression="szip")
        masked = f.create_dataset("masked", whole.shape, "<i4", chunks=(12, 15), compression=1, shuffle=True)
        masked[...] = whole
        masked.id.write_direct_chunk((0, 15), np.ascontiguousarray(whole[:12, 15:]).tobytes(), filter_mask=0b11)
        masked.id.write_direct_chunk((12, 0), np.ascontiguousarray(whole[12:, :15]).view("u1").reshape(-1, 4).T.tobytes(), filter_mask=0b10)
        # 305 is among the numbers for tests. The chunk did not go through it: the mask says so.
        unknown = create(f, "unknown filter, never used", "<i4", whole.shape,
                         lambda p: p.set_filter(305, h5py.h5z.FLAG_OPTIONAL, ()), chunks=(24, 30))
        unknown.id.write_direct_chunk((0, 0), whole.tobytes(), filter_mask=1)


def write_unreadable(path):
    """Right as a file, but nobody here has the filter; LZF comes with h5py alone."""
    with h5py.File(path, "w") as f:
        f.create_dataset("lzf", data=np.arange(42).reshape(6, 7), chunks=(6, 7), compression="lzf")
        data = create(f, "unknown filter", "<i4", (6, 7), lambda p: p.set_filter(305, h5py.h5z.FLAG_OPTIONAL, ()), chunks=(6, 7))
        data.id.write_direct_chunk((0, 0), b"whatever it made")


def write_others(path):
    with h5py.File(path, "w") as f:
        f["compound"] = np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", ">f8")])
        f["nested"] = np.zeros(3, dtype=[("a", [("b", "f4", (2, 2))])])
        f["array"] = np.zeros(4, dtype=[("m", "f4", (2, 3))])
        f.create_dataset("enum", data=RNG.integers(0, 2, (3, 4)), dtype=h5py.enum_dtype({"no": 0, "yes": 1}))
        f["flag"] = RNG.integers(0, 2, (3, 4)) > 0
        f["opaque"] = np.array([b"\0\1\2"], "V3")
        f["complex"] = np.ones((3, 4), "c8")
        f["fixed text"] = np.array([b"one", b"two"], "S5")
        f.create_dataset("text", data=["one", "", "drei ä"], dtype=h5py.string_dtype())
        f["one text"] = "alone"
        ragged = f.create_dataset("ragged", (2,), h5py.vlen_dtype("i4"))
        ragged[1] = [1, 2, 3]
        f["type"] = np.dtype("<f4")
        f.create_dataset("of a committed type", data=np.ones((3, 4), "f4"), dtype=f["type"])
        f.create_dataset("references", data=[f["flag"].ref, f["text"].ref], dtype=h5py.ref_dtype)
        f.create_dataset("regions", data=[f["flag"].regionref[1:, 2:]], dtype=h5py.regionref_dtype)
        for name, target in (("soft", "/flag"), ("dangling", "/nowhere"), ("circle", "/circle")):
            f[name] = h5py.SoftLink(target)
        f["elsewhere"] = h5py.ExternalLink("types.h5", "/plain u1")
        f["nowhere"] = h5py.ExternalLink("absent.h5", "/x")
        f["group/again"] = f["of a committed type"]
        f["group/up"] = f["/"]
        for n in range(20):  # so many that they are stored densely, with one of variable length
            f["of a committed type"].attrs[f"a{n}"] = [n, n]
        f["text"].attrs["long"] = "x" * 60_000
    with h5py.File(path, "r+", libver="latest") as f:
        dense = f.create_dataset("dense attributes", data=np.arange(6).reshape(2, 3))
        for n in range(30):
            dense.attrs[f"number {n}"] = n
        dense.attrs["text"] = "text of variable length"
        dense.attrs.create("ragged", np.array([np.arange(2), np.arange(3)], dtype=object), dtype=h5py.vlen_dtype("i4"))
        scale = f.create_dataset("scale", data=np.arange(3.0))
        scale.make_scale("x")
        dense.dims[1].attach_scale(scale)


def write_virtual(path):
    cube = RNG.integers(0, 99, (12, 10)).astype("<i4")
    for i in range(3):
        with h5py.File(path.parent / f"part{i}.h5", "w") as f:
            f.create_dataset("d", data=cube[4 * i:4 * i + (4 if i < 2 else 2)], chunks=(2, 5), maxshape=(None, 10), compression=1)
    stacked = h5py.VirtualLayout((12, 10), "<i4")
    for i in range(3):  # the last one is shorter than its place: fill values
        stacked[4 * i:4 * i + 4] = h5py.VirtualSource(f"part{i}.h5", "d", (4, 10), maxshape=(None, 10))[0:4]
    gaps = h5py.VirtualLayout((9, 10), "<i4")
    gaps[1:5] = h5py.VirtualSource("part0.h5", "d", (4, 10))
    interleaved = h5py.VirtualLayout((8, 10), "<i4")
    for i in range(2):
        interleaved[i::2] = h5py.VirtualSource(f"part{i}.h5", "d", (4, 10))
    swapped = h5py.VirtualLayout((4, 10), ">i2")
    swapped[...] = h5py.VirtualSource("part0.h5", "d", (4, 10), dtype="<i4")
    growing = h5py.VirtualLayout((12, 10), "<i4", maxshape=(None, 10))
    for i in range(2):  # axes that grow, sources of different lengths: HDF5 shows the longest
        growing[i:h5py.h5s.UNLIMITED:2] = h5py.VirtualSource(f"part{2 * i}.h5", "d", (4 if i == 0 else 2, 10),
                                                           maxshape=(None, 10))[0:h5py.h5s.UNLIMITED]
    with h5py.File(path, "w", libver="latest") as f:
        for name, layout in (("stacked", stacked), ("gaps", gaps), ("interleaved", interleaved), ("another type", swapped),
                             ("growing", growing)):
            f.create_virtual_dataset(name, layout, fillvalue=-1)
    with h5py.File(path.parent / "no source.h5", "w") as f:
        lost = h5py.VirtualLayout((4, 10), "<i4")
        lost[...] = h5py.VirtualSource("absent.h5", "d", (4, 10))
        f.create_virtual_dataset("lost", lost)
        f["kept"] = np.arange(12).reshape(3, 4)


def write_damaged(folder):
    """Each must be told, by which command and with what words."""
    whole = (folder / "filters.h5").read_bytes()
    (folder / "cut off.h5").write_bytes(whole[:len(whole) // 2])
    (folder / "empty.h5").write_bytes(b"")
    (folder / "text.h5").write_text("no HDF5 file\n")
    (folder / "classic.nc").write_bytes(b"CDF\x01" + bytes(60))
    with h5py.File(folder / "filters.h5", "r") as f:
        at = f["checksum"].id.get_chunk_info_by_coord((6, 7)).byte_offset
    damaged = bytearray(whole)
    damaged[at + 10] ^= 1
    (folder / "one bit.h5").write_bytes(damaged)


def expect_told(checks, work, file, command, code, *words):
    arguments = {"rechunk": (file, "unwanted.h5", "--chunks", "3,3")}.get(command, (file,))
    result = work.run(command, *arguments)
    checks.expect(result.returncode == code and all(word in result.stderr + result.stdout for word in words),
                  f"{command} {file}: exit {result.returncode}, told {result.stderr!r} {result.stdout!r}, expected {code}, {words}")
    checks.expect(not (work.path / "unwanted.h5").exists(), f"{command} {file}: left an output")


def check_damaged(checks, work):
    for file in ("cut off.h5", "empty.h5", "text.h5", "classic.nc"):
        for command in ("info", "verify", "rechunk"):
            expect_told(checks, work, file, command, 1, file)
    place = "one bit.h5, /checksum, chunk at (6, 7), offset "
    for command in ("verify", "rechunk"):
        expect_told(checks, work, "one bit.h5", command, 1, place, "checksum")
    expect_told(checks, work, "unreadable.h5", "rechunk", 1, "unreadable.h5, /lzf, chunk at (0, 0), offset ",
                "no plugin for filter 32000 (lzf) is installed")
    expect_told(checks, work, "unreadable.h5", "verify", 0, ": all right, 2 not checked", "no plugin for filter 305 is", "no plugin for filter 32000")
    for command, code in (("info", 1), ("verify", 1), ("rechunk", 1)):
        expect_told(checks, work, "no source.h5", command, code, "absent.h5")
    checks.expect("/kept" in work.run("info", "no source.h5").stdout, "a missing source hides the rest from info")


def check_diff(checks, work):
    """What is no dataset of numbers along axes."""
    def result(name, a="others.h5", b="changed.h5", *options):
        return work.run("diff", a, b, "--dataset", name, "--json", *options)
    changed = work.path / "changed.h5"
    changed.write_bytes((work.path / "others.h5").read_bytes())
    with h5py.File(changed, "r+") as f:
        f["text"][2] = "drei ö"
        del f["one text"], f["compound"], f["opaque"]
        f["one text"], f["opaque"] = "not alone", np.array([b"\0\3\2"], "V3")
        f["compound"] = np.array([(1, 2.5)], dtype=[("a", "<i4"), ("c", ">f8")])
    for name, code, words in (("text", 1, '"a": "drei ä", "b": "drei ö"'), ("one text", 1, '"b": "not alone"'),
                              ("compound", 1, "of other members"), ("opaque", 1, '"b": "0x000302"'), ("array", 0, '"same": true'),
                              ("fixed text", 0, '"same": true')):
        done = result(name)
        checks.expect(done.returncode == code and words in done.stdout, f"diff of {name}: exit {done.returncode}: {done.stdout}")
    for name in ("ragged", "references"):
        done = result(name)
        checks.expect(done.returncode == 2 and "cannot compare dataset" in done.stderr, f"diff of {name}: {done.stderr}")
    whole = work.run("diff", "others.h5", "others.h5")
    checks.expect(whole.returncode == 0 and whole.stderr.count("not compared") == 4 and "4 could not be compared" in whole.stdout,
                  f"diff of everything: exit {whole.returncode}: {whole.stdout} {whole.stderr}")
    scalars = work.run("diff", "layouts.h5", "layouts.h5")
    checks.expect(scalars.returncode == 0 and "/9 axes" in scalars.stderr, f"diff of layouts: {scalars.stdout} {scalars.stderr}")


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        os.chdir(work.path)  # where HDF5 looks for relative external files
        library = hdf5_library()
        write_types(work.path / "types.h5")
        write_layouts(work.path / "layouts.h5", library)
        write_filters(work.path / "filters.h5")
        write_unreadable(work.path / "unreadable.h5")
        write_others(work.path / "others.h5")
        write_virtual(work.path / "virtual.h5")
        write_damaged(work.path)
        check_damaged(checks, work)
        (work.path / "one bit.h5").unlink()
        check_diff(checks, work)
        scratch = work.path / "scratch"
        scratch.mkdir()
        sweep = check_foreign_files.Sweep(work.program, 10, 2, scratch)
        for file in sorted(work.path.glob("*.*")):
            if check_foreign_files.is_candidate(file):
                sweep.check(file)
        checks.failures += sweep.failures
        checks.count += sum(sweep.counts.values())
        refused = sweep.counts["rechunk: datasets refused, though h5py reads them"]
        checks.expect(refused == len(REFUSED), f"rechunk refused {refused} datasets that h5py reads: {dict(sweep.reasons['rechunk'])}")
        rewritten = sweep.counts["rechunk: datasets rewritten, same as h5py reads"]
        checks.expect(rewritten >= 80, f"only {rewritten} datasets were rewritten")
    checks.finish()


if __name__ == "__main__":
    main()
