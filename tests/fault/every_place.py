#!/usr/bin/python3
"""Every command that reads stored data meets failing reads, damaged chunks, failing writes and too little memory, at every place
of a small job: it ends soon, with one message that names file, dataset, chunk and offset, and leaves no OUT.

usage: every_place.py PROGRAM [failing_reads.so slow_or_failing_io.so]      (what needs no library: without them)
"""
import pathlib
import resource
import shutil
import struct
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as missing:
    skip(f"{missing}; Debian: python3-h5py")

SOON_S = 5  # a second, on a machine that does other things too
SHAPE, CHUNK = (6, 24, 32), (2, 12, 16)
PARTS = [f"part{i}.h5" for i in range(5)]
POSITIONS = 16  # at most, of one command
# What each writes; series to CSV and pictures do not go through HDF5.
COMMANDS = {
    "gather": (["gather", *PARTS, "-o", "out.h5", "--chunks", "1,12,16"], "part2.h5"),
    "series": (["series", "in.h5", "--at", "3,4", "--at", "20,30", "-o", "out.h5"], "in.h5"),
    "series csv": (["series", "in.h5", "--at", "3,4", "--at", "20,30", "-o", "out.csv"], "in.h5"),
    "crops": (["crops", "in.h5", "--shape", "2,8,8", "--count", "30", "-o", "out.h5"], "in.h5"),
    "stats": (["stats", "in.h5", "-o", "out.h5"], "in.h5"),
    "render": (["render", "in.h5", "-o", "out.png"], "in.h5"),
    "render range": (["render", "in.h5", "--frames", "0:2", "-o", "img/%d.png"], "in.h5"),
    "rechunk": (["rechunk", "in.h5", "out.h5", "--chunks", "6,8,8"], "in.h5"),
    "verify": (["verify", "in.h5"], "in.h5"),
    "diff": (["diff", "other.h5", "in.h5"], "in.h5"),
}
WRITERS = ("gather", "series", "crops", "stats", "rechunk")
READS_ALL = ("stats", "render range", "rechunk", "verify", "diff")  # every chunk


def write_inputs(folder):
    values = numpy.random.default_rng(1).normal(size=SHAPE).astype("f4")
    with h5py.File(folder / "in.h5", "w") as f:
        f.create_dataset("v", data=values, chunks=CHUNK, compression=1, shuffle=True, fletcher32=True)
    with h5py.File(folder / "other.h5", "w") as f:
        f.create_dataset("v", data=values)
    for i, name in enumerate(PARTS):
        with h5py.File(folder / name, "w") as f:
            f.create_dataset("v", data=values[i], chunks=CHUNK[1:], compression=1, fletcher32=True)


def chunks_of(path):
    """Origin, place in the file and length of each chunk of /v."""
    with h5py.File(path, "r") as f:
        data = f["v"].id
        return [(c.chunk_offset, c.byte_offset, c.size) for c in map(data.get_chunk_info, range(data.get_num_chunks()))]


class Faults:
    def __init__(self, checks, work):
        self.checks, self.work = checks, work
        self.inputs = {p.name for p in work.path.iterdir()}

    def run(self, label, name, environment=None, code=1, prefix=()):
        """The command, which must fail soon, in one line (verify: in one for each fault), and leave nothing."""
        arguments, source = COMMANDS[name]
        began = time.monotonic()
        result = self.work.run(*arguments, environment=environment, prefix=prefix)
        took = time.monotonic() - began
        expect = self.checks.expect
        expect(took < SOON_S, f"{label}: took {took:.1f} s")
        expect(result.returncode == code, f"{label}: exit {result.returncode}: {result.stderr!r} {result.stdout[:200]!r}")
        if code != 0:
            expect(name == "verify" or result.stderr.count("\n") == 1, f"{label}: told {result.stderr!r}")
            expect(all(line.startswith("morphogen: ") for line in result.stderr.splitlines()), f"{label}: told {result.stderr!r}")
            left = {str(p.relative_to(self.work.path)) for p in self.work.path.rglob("*") if p.is_file()} - self.inputs
            expect(not left or name.startswith("render"), f"{label}: left {sorted(left)}")
            expect(not any(p.endswith((".new", ".part")) for p in left), f"{label}: left {sorted(left)}")
        self.clean()
        return result

    def clean(self):
        for path in list(self.work.path.iterdir()):
            if path.name not in self.inputs:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def positions(self, label, name, environment, counter):
        """Places to fail at, of as many as there are without a fault."""
        count_file = self.work.path / "count"
        result = self.work.run(*COMMANDS[name][0], environment={**environment, counter: str(count_file)})
        self.checks.expect(result.returncode == 0, f"{label}, without a fault: exit {result.returncode}: {result.stderr}")
        count = int(count_file.read_text()) if count_file.exists() else 0
        self.clean()
        self.checks.expect(count > 0, f"{label}: no place to fail at")
        if count <= POSITIONS:
            return range(count)
        return sorted({round(i * (count - 1) / (POSITIONS - 1)) for i in range(POSITIONS)})


def check_reads(faults, shim):
    for name, (_, source) in COMMANDS.items():
        environment = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PREAD_NAME": "/" + source}
        named = 0
        for at in faults.positions(f"{name}, reads", name, environment, "MORPHOGEN_TEST_PREAD_COUNT"):
            label = f"{name}, read {at}"
            result = faults.run(label, name, {**environment, "MORPHOGEN_TEST_PREAD_FAIL_AFTER": str(at)})
            faults.checks.expect(source in result.stderr and "Input/output error" in result.stderr, f"{label}: told {result.stderr!r}")
            named += f"{source}, /v, chunk at (" in result.stderr
        faults.checks.expect(named > 0 or name == "gather", f"{name}: no failing read named its chunk")


def check_damage(faults):
    for name, (_, source) in COMMANDS.items():
        path = faults.work.path / source
        whole = path.read_bytes()
        told = 0
        chunks = chunks_of(path)
        for origin, offset, length in chunks:
            damaged = bytearray(whole)
            damaged[offset + length // 2] ^= 4
            path.write_bytes(damaged)
            label = f"{name}, chunk {origin} damaged"
            reads_it = name in READS_ALL and (name != "render range" or origin[0] == 0) or name == "gather"
            result = faults.run(label, name, code=1) if reads_it else faults.work.run(*COMMANDS[name][0])
            faults.clean()
            if result.returncode == 0:
                continue
            told += 1
            place = f"chunk [{', '.join(map(str, origin))}]" if name == "gather" else f"chunk at ({', '.join(map(str, origin))})"
            for word in (source, "v", place, f"offset {offset}, length {length}"):
                faults.checks.expect(word in result.stderr, f"{label}: {word!r} is not in {result.stderr!r}")
        path.write_bytes(whole)
        faults.checks.expect(told > 0, f"{name}: no damage was told")


def check_writes(faults, shim):
    environment = {"LD_PRELOAD": shim}
    for name in WRITERS:
        for at in faults.positions(f"{name}, writes", name, environment, "MORPHOGEN_TEST_PWRITE_COUNT"):
            label = f"{name}, write {at}"
            result = faults.run(label, name, {**environment, "MORPHOGEN_TEST_PWRITE_FAIL_AFTER": str(at),
                                              "MORPHOGEN_TEST_PWRITE_ERRNO": "5"})
            faults.checks.expect("out.h5" in result.stderr and "Input/output error" in result.stderr, f"{label}: told {result.stderr!r}")


def content_of(path):
    """Chunks lie in a file as threads come; what is in them counts."""
    if path.suffix != ".h5":
        return path.read_bytes()
    found = {}
    with h5py.File(path, "r") as f:
        f.visititems(lambda name, item: found.update({name: item[()].tobytes()} if isinstance(item, h5py.Dataset) else {}))
    return found


def check_cut_short(faults, shim):
    """Every other read and write is interrupted, or moves a part only: the results are the same."""
    cut = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_IO_UNDER": faults.work.path.name, "MORPHOGEN_TEST_IO_SHORT": "1"}
    for name in COMMANDS:
        results = []
        for environment in ({}, cut):
            done = faults.work.run(*COMMANDS[name][0], environment=environment)
            made = {p.name: content_of(p) for p in faults.work.path.rglob("*") if p.is_file() and p.name not in faults.inputs}
            results.append((done.returncode, done.stderr, made))
            faults.clean()
        faults.checks.expect(results[0] == results[1], f"{name}, cut short: {[r[:2] for r in results]}")


def check_signals(faults, shim):
    """The second half of an OUT is never written."""
    slow = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_PWRITE_DELAY_US": "100000"}
    for name in WRITERS:
        process = faults.work.start(*COMMANDS[name][0], environment=slow)
        unfinished = faults.work.path / "out.h5.new"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not unfinished.exists():
            time.sleep(0.01)
        began = time.monotonic()
        process.terminate()
        process.communicate(timeout=30)
        faults.checks.expect(process.returncode == -15 and time.monotonic() - began < SOON_S, f"{name}, signal: {process.returncode}")
        faults.checks.expect(not unfinished.exists() and not (faults.work.path / "out.h5").exists(), f"{name}, signal: left an OUT")
        faults.clean()


def check_bombs(faults):
    """A chunk that says it is huge, and one that becomes huge: refused, and not with memory."""
    path = faults.work.path / "in.h5"
    whole = path.read_bytes()
    origin, offset, length = chunks_of(path)[5]
    key = struct.pack("<II4Q", length, 0, *origin, 0)
    at = whole.index(key)
    claims = bytearray(whole)
    claims[at:at + 4] = struct.pack("<I", 0x7FFFFFF0)
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(512)) + packer.flush()
    for kind in ("claims 2 GiB", "becomes 512 MiB"):
        if kind.startswith("claims"):
            path.write_bytes(claims)
        else:
            path.write_bytes(whole)
            with h5py.File(path, "r+") as f:
                f["v"].id.write_direct_chunk(origin, bomb, filter_mask=0b100)  # no checksum
        for name in READS_ALL:
            if name == "render range":
                continue
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            result = faults.run(f"{name}, a chunk {kind}", name)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            faults.checks.expect(f"chunk at ({', '.join(map(str, origin))})" in result.stderr, f"{name}, {kind}: told {result.stderr!r}")
            faults.checks.expect(peak < max(before, 200 << 10), f"{name}, a chunk {kind}: {peak >> 10} MiB of memory")
    path.write_bytes(whole)


def check_claims(faults):
    """A header that claims petabytes: refused at once, whether they are damage or fill that was never written."""
    path = faults.work.path / "claims.h5"
    length = 123457
    with h5py.File(path, "w") as f:
        f["v"] = numpy.zeros(length, "f4")
    content = path.read_bytes()
    size, bytes_of_all = struct.pack("<Q", length), struct.pack("<Q", 4 * length)
    commands = (["verify", path.name], ["rechunk", path.name, "out.h5", "--chunks", "1000"])
    for label, changed in (("a length", content.replace(size, struct.pack("<Q", 1 << 50))),
                           ("a length and the bytes",
                            content.replace(size, struct.pack("<Q", 1 << 50)).replace(bytes_of_all, struct.pack("<Q", 1 << 52)))):
        faults.checks.expect(changed != content, f"{label}: nothing was changed")
        path.write_bytes(changed)
        for arguments in commands:
            began = time.monotonic()
            result = faults.work.run(*arguments)
            faults.checks.expect(time.monotonic() - began < SOON_S, f"{label}, {arguments[0]}: took long")
            told = "claims.h5, /v): it is damaged", "claims.h5, /v): invalid dataset size"  # the second by HDF5 1.14
            faults.checks.expect(result.returncode == 1 and any(text in result.stderr for text in told),
                                 f"{label}, {arguments[0]}: exit {result.returncode}: {result.stderr!r}")
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (1 << 50,), "f4", chunks=(1024,))
        f.create_dataset("w", (4, 1 << 50), "f4")
    for chunks in (["--chunks", "1000"], ["--chunks", "4,1000"], ["--chunks", "contiguous"]):
        began = time.monotonic()
        result = faults.work.run("rechunk", path.name, "out.h5", *chunks)
        faults.checks.expect(time.monotonic() - began < SOON_S, f"fill, {chunks}: took long")
        faults.checks.expect("no room for OUT" in result.stderr or "not enough memory" in result.stderr,
                             f"fill, {chunks}: exit {result.returncode}: {result.stderr!r}")
    began = time.monotonic()
    result = faults.work.run("verify", path.name)
    faults.checks.expect(time.monotonic() - began < SOON_S and result.returncode == 0, f"fill, verify: {result.stderr!r}")
    faults.clean()


def check_refused(faults):
    """Bad wishes, told in one short line before anything is begun."""
    (faults.work.path / "folder").mkdir()
    for name in WRITERS:
        arguments = ["folder" if a == "out.h5" else a for a in COMMANDS[name][0]]
        result = faults.work.run(*arguments, "--force")
        faults.checks.expect(result.returncode == 2 and "folder): it is a directory" in result.stderr,
                             f"{name} into a directory: exit {result.returncode}: {result.stderr!r}")
    for arguments in (["diff", "in.h5", "in.h5", "--tolerance", wish] for wish in ("nan", "-1", "inf", "x")):
        result = faults.work.run(*arguments)
        faults.checks.expect(result.returncode == 2 and "tolerance" in result.stderr, f"{arguments}: {result.stderr!r}")
    for arguments in (["crops", "in.h5", "--shape", "1,2,3", "--count", "-2", "-o", "out.h5"],
                      ["crops", "in.h5", "--shape", "1,2,3", "--count", "2", "--seed", "-1", "-o", "out.h5"], ["verify", "in.h5", "--threads", "0"],
                      ["verify", "in.h5", "--memory", "-5"], ["stats", "in.h5", "--dataset", "no"], ["info", "absent.h5"],
                      ["info", "folder"], ["diff", "in.h5", "other.h5", "--dataset", "no"]):
        result = faults.work.run(*arguments)
        faults.checks.expect(result.returncode == 2 and result.stderr.count("\n") == 1 and len(result.stderr) < 250,
                             f"{arguments}: exit {result.returncode}: {result.stderr!r}")
    faults.clean()


def check_memory(faults):
    """--memory 1 is refused before anything is done, and what is named as the least is enough."""
    for name, (arguments, _) in COMMANDS.items():
        result = faults.work.run(*arguments, "--memory", "1")
        faults.checks.expect(result.returncode == 2 and result.stderr.count("\n") == 1 and "--memory" in result.stderr,
                             f"{name}, --memory 1: exit {result.returncode}: {result.stderr!r}")
        faults.clean()


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        write_inputs(work.path)
        faults = Faults(checks, work)
        check_damage(faults)
        check_bombs(faults)
        check_claims(faults)
        check_memory(faults)
        check_refused(faults)
        if len(sys.argv) > 2:
            check_reads(faults, str(pathlib.Path(sys.argv[2]).resolve()))
            check_writes(faults, str(pathlib.Path(sys.argv[3]).resolve()))
            check_cut_short(faults, str(pathlib.Path(sys.argv[3]).resolve()))
            check_signals(faults, str(pathlib.Path(sys.argv[3]).resolve()))
    checks.finish()


if __name__ == "__main__":
    main()
