#!/usr/bin/python3
"""Every command that reads stored data meets a failing allocation at every place of a small job, in reading, decoding, assembling,
encoding and writing: it ends soon, with one message, and leaves no OUT. Any fails once; large ones from some on for good. Only C++'s
own: HDF5 1.10.8 crashes where it is given none (H5AC_create, H5FL_blk_free), or ends the program without a word (H5I_register).

usage: memory.py PROGRAM failing_memory.so [--every N]      (N 1: every place; some minutes)
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace  # noqa: E402

from every_place import COMMANDS, SOON_S, write_inputs  # noqa: E402

LARGE = 4096  # bytes: buffers, not names


class Places:
    def __init__(self, checks, work, shim, least):
        self.checks, self.work = checks, work
        self.environment = {"LD_PRELOAD": shim, "MORPHOGEN_TEST_MEMORY_LEAST": str(least)}
        self.ends = collections.Counter()

    class At(Workspace):
        """A folder of the workspace."""

        def __init__(self, program, path):
            self.program, self.path = program, path

    def folder(self, name):
        """A directory of its own with the inputs, so that several can run at once."""
        path = self.work.path / name
        path.mkdir()
        for file in self.work.path.glob("*.h5"):
            os.link(file, path / file.name)
        return path

    def count(self, name, *arguments):
        folder = self.folder("count")
        counter = folder / "count"
        result = self.run(name, folder, {"MORPHOGEN_TEST_MEMORY_COUNT": str(counter)}, *arguments)
        self.checks.expect(result.returncode == 0, f"{name}, without a fault: exit {result.returncode}: {result.stderr}")
        count = int(counter.read_text())
        self.whole = next((p.read_bytes() for p in folder.glob("out.*")), b"")
        shutil.rmtree(folder)
        return count

    def run(self, name, folder, environment, *arguments):
        return Workspace.run(self.At(self.work.program, folder), *COMMANDS[name][0], "--threads", "2", *arguments,
                             environment={**self.environment, **environment})

    def fail(self, name, how, at):
        label = f"{name}, {how} {at}"
        folder = self.folder(f"{how}-{at}")
        inputs = {p.name for p in folder.iterdir()}
        began = time.monotonic()
        result = self.run(name, folder, {f"MORPHOGEN_TEST_MEMORY_FAIL_{how}": str(at)})
        took = time.monotonic() - began
        expect = self.checks.expect
        expect(took < SOON_S, f"{label}: took {took:.1f} s")
        left = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - inputs
        if result.returncode == 0:  # it could do without
            self.ends["done"] += 1
        else:
            expect(result.returncode in (1, 2), f"{label}: exit {result.returncode}: {result.stderr!r}")
            lines = result.stderr.splitlines()
            expect(lines and all(line.startswith("morphogen: ") for line in lines), f"{label}: told {result.stderr!r}")
            expect(len(lines) == 1 or name == "verify", f"{label}: told {result.stderr!r}")
            # What failed after OUT was complete, when the result is printed, leaves all of it.
            expect(all(name == "render range" and p.endswith(".png") or (folder / p).read_bytes() == self.whole for p in left),
                   f"{label}: left {sorted(left)}")
            self.ends[lines[0] if lines else "nothing"] += 1
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("shim")
    parser.add_argument("--every", type=int, default=31)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--commands", nargs="*", default=list(COMMANDS))
    parser.add_argument("--reasons", action="store_true", help="list how they ended")
    options = parser.parse_args()
    shim = str(pathlib.Path(options.shim).resolve())
    checks = Checks()
    with Workspace(options.program) as work, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        write_inputs(work.path)
        for name in options.commands:
            for how, least in (("AT", 0), ("AFTER", LARGE)):
                places = Places(checks, work, shim, least)
                before, count = places.count(name, "--help"), places.count(name)
                checks.expect(count > before, f"{name}: no allocation")
                every = options.every if how == "AT" else 1 + options.every // 16
                at = {0, before // 2, *range(before + (count - before) % every, count, every)}
                for done in [pool.submit(places.fail, name, how, n) for n in sorted(at)]:
                    done.result()
                if options.reasons:
                    print(f"{name}, {how}: {count} places, {before} of them before the command",
                          *(f"{n:6} {end}" for end, n in places.ends.most_common()), sep="\n", flush=True)
    checks.finish()


if __name__ == "__main__":
    main()
