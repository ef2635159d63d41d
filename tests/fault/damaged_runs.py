"""The runs that damage.py damages: made once, as they end or as a kill leaves them, and what is in them."""
import ctypes
import os
import pathlib
import re
import select
import shutil
import signal
import sys
import time

import h5py
import numpy

CONFIG = """
[grid]
shape = [24, 40]
[model]
boundary = "no-flux"
[time]
frames = 8
steps_per_frame = {steps}
[output]
directory = "{directory}"
chunk = [12, 20]
sync = "never"
layout = "{layout}"
frames_per_file = {per_file}
[checkpoint]
every = "2 frames"
[threads]
compute = 1
io = 1
"""
GOAL = 8  # frames of a whole run
STEPS_PER_FRAME = 500
FRAMES = 5  # stored in those that have ended
# A crash is a signal; a sanitizer's report ends with this code.
ENVIRONMENT = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "exitcode=99"}
# What begins a piece of HDF5's own bookkeeping, most of which have a checksum over all of them.
BLOCKS = re.compile(rb"OHDR|OCHK|EA(?:HD|IB|DB|SB)|FA(?:HD|DB)|FRHP|FH[DI]B|BT(?:HD|LF|IN)|FSHD|FSSE|GCOL|SNOD|TREE|HEAP")


def whole_frames(work):
    """The frames that every run has, however it is split."""
    work.write("whole.toml", CONFIG.format(directory="whole", per_file=0, layout="parts", steps=STEPS_PER_FRAME))
    expect_end("whole", work.run("run", "whole.toml", environment=ENVIRONMENT, timeout=300))
    with h5py.File(work.path / "whole/frames.h5") as file:
        frames = file["v"][...]
    if len({frame.tobytes() for frame in frames}) < GOAL:
        sys.exit("FAILED: the run itself: a frame cannot be told from another")
    return frames


def expect_end(name, done):
    if done.returncode != 0:
        sys.exit(f"FAILED: the run {name} itself: {done.stderr}")


class Run:
    """A run of 5 frames that has ended, or one of 8 that was killed as soon as it had stored so many, and what 8 frames of it
    should be."""

    def __init__(self, work, whole, name, per_file=0, ranks=0, layout="parts", killed_after=0):
        self.name, self.path, self.whole = name, work.path / name, whole
        work.write(f"{name}.toml", CONFIG.format(directory="out", per_file=per_file, layout=layout, steps=STEPS_PER_FRAME))
        if killed_after:
            self.kill(work, ranks, killed_after)
        else:
            expect_end(name, work.run("run", f"{name}.toml", "--set", f"time.frames={FRAMES}", ranks=ranks,
                                      environment=ENVIRONMENT, timeout=300))
        shutil.move(work.path / "out", self.path)
        self.stored = len(right_frames(self.path, self.whole))
        self.files = [path for path in sorted(self.path.rglob("*"))
                      if path.is_file() and not path.is_symlink() and "latest" not in path.parts]

    def kill(self, work, ranks, frames):
        deadline = time.monotonic() + 600
        out = work.path / "out"
        while time.monotonic() < deadline:
            shutil.rmtree(out, ignore_errors=True)
            process = work.start("run", f"{self.name}.toml", ranks=ranks, environment=ENVIRONMENT)
            while not (out / "frames.h5").exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            writers = processes_of(work.program, process.pid)
            seen = 0
            while time.monotonic() < deadline and all(state_of(pid) not in "XZ" for pid in writers):
                time.sleep(0.001)
                if changed(out / "frames.h5") == seen:
                    continue
                stop(writers)
                seen = changed(out / "frames.h5")
                if len(right_frames(out, self.whole)) >= frames:
                    break
                for pid in writers:
                    send(pid, signal.SIGCONT)
            for pid in writers:
                send(pid, signal.SIGKILL)
            process.communicate(timeout=60)
            if frames <= len(right_frames(out, self.whole)) < GOAL:
                return
        sys.exit(f"FAILED: the run {self.name} itself: it cannot be killed after {frames} frames")


def processes_of(program, root):
    """The process and all that it started which run the program."""
    found, pids = [], [root]
    while pids:
        pid = pids.pop()
        try:
            pids += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            if os.path.samefile(f"/proc/{pid}/exe", program):
                found.append(pid)
        except OSError:  # it has ended
            pass
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def stop(pids):
    for pid in pids:
        send(pid, signal.SIGSTOP)
    while any(state_of(pid) not in "TXZ" for pid in pids):
        time.sleep(0.0005)


def changed(path):
    """When a file was last changed; frames.h5 is whenever a frame is committed."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def right_frames(directory, expected):
    """Numbers of the committed frames that h5py reads and that are as expected. In a process of its own: HDF5 crashes over
    some damaged files, and over others it sleeps for hours between attempts to read. Counted is the time that this script
    has, in slices, as in Workspace.run()."""
    pipe, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(pipe)
        os.write(end, bytes(read_frames(directory, expected)))
        os._exit(0)
    os.close(end)
    if not any(select.select([pipe], [], [], 1)[0] for _ in range(10)):
        send(child, signal.SIGKILL)
    with os.fdopen(pipe, "rb") as numbers:
        found = set(numbers.read())
    os.waitpid(child, 0)
    return found


def open_beside_writer(path):
    """As h5py.File(path, "r", swmr=True), whose default is a hundred attempts to read what is damaged, the waits between them
    doubling: they would end after centuries."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_EARLIEST, h5py.h5f.LIBVER_LATEST)
    maps = pathlib.Path("/proc/self/maps").read_text()
    library = ctypes.CDLL(re.search(r"/\S*libhdf5(?:_serial|_openmpi|_mpich)?[-.]\S*", maps).group())
    set_attempts = library.H5Pset_metadata_read_attempts
    set_attempts.argtypes = (ctypes.c_int64, ctypes.c_uint)
    if set_attempts(access.id, 20) < 0:
        raise RuntimeError("H5Pset_metadata_read_attempts failed")
    return h5py.File(h5py.h5f.open(bytes(path), h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ, fapl=access))


def read_frames(directory, expected):
    for open_file in (h5py.File, open_beside_writer):
        try:
            with open_file(directory / "frames.h5") as file:
                frames = min(len(file["step"]), len(file["v"]), len(expected))
                return [n for n in range(frames) if is_right(file, n, expected[n])]
        except (OSError, KeyError, RuntimeError, ValueError):
            continue
    return []


def is_right(file, number, expected):
    """Cells and step: of a frame whose step a cut has taken nobody can tell which it is."""
    try:
        return file["step"][number] == (number + 1) * STEPS_PER_FRAME and numpy.array_equal(file["v"][number], expected)
    except (OSError, RuntimeError, ValueError):
        return False


def protected_ranges(path, committed):
    """Bytes of the file whose damage must be found: every chunk of a committed frame (they have checksums), and a
    checkpoint's cells. committed: frames of the run; a part may count one more than frames.h5."""
    if path.suffix != ".h5" or path.parent.suffix == ".new":
        return []
    ranges = []

    def look(name, item):
        if not isinstance(item, h5py.Dataset) or item.is_virtual:
            return
        if item.chunks and item.fletcher32:
            for i in range(item.id.get_num_chunks()):
                info = item.id.get_chunk_info(i)
                frame = info.chunk_offset[0]
                if frame < len(file["step"]) and file.attrs.get("first_frame", 0) + frame < committed:
                    ranges.append((info.byte_offset, info.byte_offset + info.size))
        elif "crc32" in item.attrs:
            ranges.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))

    try:
        file = h5py.File(path, "r")
    except OSError:
        file = h5py.File(path, "r", swmr=True)
    with file:
        file.visititems(look)
    return ranges


def blocks_of(path):
    """Where each block of the library's own begins."""
    return [0] + [match.start() for match in BLOCKS.finditer(path.read_bytes())]
