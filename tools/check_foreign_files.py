#!/usr/bin/python3
"""Every HDF5 and netCDF file below some folders, through the reading commands, against what h5py reads.

    tools/check_foreign_files.py DIR... [--program PATH] [--seconds 5] [--damage 0] [--jobs 2] [--json FILE]

Of each file: `info` and `verify` neither crash nor hang; what they refuse, they refuse with a message. Each numeric dataset
that h5py can read is rewritten by `rechunk` with the same values, or refused with a reason; `diff` sees no difference between the
two files, and the one element that is then changed in a copy. --damage N: N copies of each file with flipped bytes or a lost end go
through `info`, `verify` and `rechunk`, which must end soon, and with a message where they fail. Made for the ASan build: a
report by a sanitizer counts as a crash. Debian's source packages hdf5 and netcdf hold hundreds of files:

    apt-get source --download-only hdf5 netcdf && for f in *.orig.tar.*; do tar xf "$f"; done

Exit 1 if a file fails. Needs python3-h5py.
"""
import argparse
import collections
import concurrent.futures
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NAMES = (".h5", ".hdf5", ".he5", ".nc", ".nc4", ".cdf")
LARGEST = 64 << 20  # bytes of numbers in a file that is rewritten and compared
CHUNK_ELEMENTS = 1 << 16
root = pathlib.Path(__file__).resolve().parent.parent


def is_candidate(path):
    """By name, or by the signature at one of the places where HDF5 looks for it."""
    if not path.is_file() or path.is_symlink():
        return False
    if path.suffix.lower() in NAMES:
        return True
    with path.open("rb") as file:
        for at in (0, 512, 1024, 2048, 4096):
            file.seek(at)
            if file.read(8) == SIGNATURE:
                return True
    return False


def guarded(seconds, function, *arguments):
    """function(*arguments) in a process of its own, since the library may crash on what is damaged: its result, or a text why not."""
    def child(pipe):
        try:
            pipe.send((True, function(*arguments)))
        except Exception as error:  # whatever h5py makes of it
            pipe.send((False, f"{type(error).__name__}: {error}"))
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=child, args=(there,))
    process.start()
    there.close()
    try:
        answer = here.recv() if here.poll(seconds) else (False, "h5py hangs")
    except EOFError:
        answer = (False, "h5py crashes")
    process.kill()
    process.join()
    here.close()
    return answer


def is_number(dataset):
    return dataset.dtype.kind in "fiu" and dataset.dtype.subdtype is None and h5py.check_enum_dtype(dataset.dtype) is None


def numeric_datasets(file):
    """Path, shape and bytes of the numeric ones with 1 to 8 axes, and whether the library can read them whole."""
    paths = []

    def keep(name, thing):  # an exception here would end the visit
        try:
            if isinstance(thing, h5py.Dataset) and is_number(thing) and thing.shape:
                paths.append("/" + name)
        except Exception:
            pass
    file.visititems(keep)
    return paths


def describe(path):
    found = []
    with h5py.File(path, "r") as file:
        for name in numeric_datasets(file):
            data = file[name]
            entry = {"path": name, "shape": data.shape, "bytes": data.size * data.dtype.itemsize, "readable": True}
            if entry["bytes"] <= LARGEST:
                try:
                    data[()]
                except Exception as error:
                    entry["readable"] = str(error)
            found.append(entry)
    return found


def different(a, b, paths):
    """Those of the paths whose values are not the same, bit by bit, in two files."""
    wrong = []
    with h5py.File(a, "r") as x, h5py.File(b, "r") as y:
        for path in paths:
            if path not in y:
                wrong.append(f"{path} is missing")
                continue
            old, new = x[path], y[path]
            if old.shape != new.shape or old.dtype != new.dtype:
                wrong.append(f"{path}: {old.dtype}{old.shape} became {new.dtype}{new.shape}")
            elif old[()].tobytes() != new[()].tobytes():
                wrong.append(f"{path}: values differ")
    return wrong


def change_one(path, dataset):
    """Another value in the middle of the dataset: its index."""
    with h5py.File(path, "r+") as file:
        data = file[dataset]
        at = tuple(n // 2 for n in data.shape)
        value = data[at]
        with numpy.errstate(all="ignore"):
            data[at] = value + 1 if value + 1 != value and numpy.isfinite(value) else data.dtype.type(0)
        changed = data[at]
        return at if changed != value and not (numpy.isnan(changed) and numpy.isnan(value)) else None


CRASH = "crash, told"


class Program:
    """Runs commands; whatever a command may never do is kept."""

    def __init__(self, program, seconds):
        self.program, self.seconds = program, seconds

    def run(self, *arguments):
        """Exit code, stdout, stderr, seconds and, if that was no way to end, why not."""
        result = self.run_once(*arguments)
        # The machine may have been busy with something else.
        return self.run_once(*arguments) if result[3] > self.seconds else result

    def run_once(self, *arguments, codes=(0, 1, 2)):
        began = time.monotonic()
        is_damaged = any("damaged-" in str(argument) for argument in arguments)
        # HDF5 1.10 keeps what it had begun to open where it meets damage; what leaks of a good file is ours.
        leaks = "detect_leaks=0" if is_damaged else "detect_leaks=1"
        environment = {**os.environ, "ASAN_OPTIONS": f"{leaks}:exitcode=99", "UBSAN_OPTIONS": "halt_on_error=1:exitcode=98",
                       "LSAN_OPTIONS": "exitcode=97"}
        try:
            done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, timeout=4 * self.seconds,
                                  env=environment)
        except subprocess.TimeoutExpired:
            return None, "", "", 4 * self.seconds, f"hangs: {' '.join(map(str, arguments))}"
        took = time.monotonic() - began
        out, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        what = f"{' '.join(map(str, arguments))}: exit {done.returncode}: {errors[-2000:] or '(nothing said)'}"
        bad = None
        if is_damaged and (crashed_in_library(errors) or done.returncode == 1 and "morphogen: crashed" in errors):
            return CRASH, out, errors, took, None
        if done.returncode not in codes:
            bad = what
        elif "morphogen: crashed" in errors:
            bad = "crashes: " + what
        elif any(line and not line.startswith("morphogen: ") for line in errors.splitlines()):
            bad = "another kind of message: " + what
        elif done.returncode == 2 and not errors or done.returncode == 1 and not errors and arguments[0] != "diff":
            bad = "no message: " + what
        elif re.search(r"[^\n -~]", errors.encode("ascii", "replace").decode()):
            bad = "control characters: " + what
        elif took > self.seconds:
            bad = f"{took:.1f} s: {' '.join(map(str, arguments))}"
        return done.returncode, out, errors, took, bad


def crashed_in_library(errors):
    """By the report of a sanitizer: the first frame that is not its own. What it says of a leak after a crash is of no interest."""
    frames = re.findall(r"^ *#\d+ .*$", errors, re.MULTILINE)
    frame = next((f for f in frames if not re.search("sanitizer|asan|interceptor", f)), "")
    return "AddressSanitizer" in errors and "libhdf5" in frame


def library_frames(errors):
    """Where in HDF5: the functions that have names."""
    return " < ".join(re.findall(r"^ *#\d+ 0x[0-9a-f]+ in (H5\w+)", errors, re.MULTILINE)[:4])


def first_reason(errors):
    """The message without names and numbers, so that equal reasons count together."""
    line = next((e for e in errors.splitlines() if not e.startswith("morphogen: note:")), errors.strip() or "(nothing said)")
    line = re.sub(r"\((?:[^()]|\([^()]*\))*\)", "(...)", line.removeprefix("morphogen: "), count=1)
    return re.sub(r"\d+(\.\d+)?", "N", line)[:160]


class Sweep:
    def __init__(self, program, seconds, damage, scratch):
        self.program = Program(program, seconds)
        self.seconds, self.damage, self.scratch = seconds, damage, scratch
        self.counts = collections.Counter()
        self.reasons = collections.defaultdict(collections.Counter)
        self.failures = []
        self.slowest = []
        self.numbers = itertools.count(1)

    def number(self):
        return next(self.numbers)

    def fail(self, path, what):
        self.failures.append(f"{path}: {what}")
        print(f"FAILED {path}: {what}", flush=True)

    def run(self, path, *arguments):
        code, out, errors, took, bad = self.program.run(*arguments)
        self.slowest.append((took, " ".join(map(str, arguments))))
        if bad:
            self.fail(path, bad)
        if code == CRASH:
            self.counts["damaged copies: crashes that are told"] += 1
            self.reasons["crashes"][f"{arguments[0]}: {library_frames(errors) or 'the program tells'}"] += 1
        return (code if not bad and code != CRASH else None), out, errors

    def check(self, path):
        self.counts["files"] += 1
        opened, known = guarded(self.seconds, describe, path)
        code, out, errors = self.run(path, "info", path, "--json")
        if code == 0:
            self.counts["info: done"] += 1
            listed = {d["path"] for d in json.loads(out)["datasets"]}
            for d in known if opened else []:
                if d["path"] not in listed:
                    self.fail(path, f"info does not list {d['path']}")
        elif code is not None:
            self.counts["info: refused" + ("" if not opened else ", though h5py opens it")] += 1
            self.reasons["info"][first_reason(errors)] += 1
        self.run(path, "info", path)
        code, out, errors = self.run(path, "verify", path)
        if code is not None:
            self.counts[f"verify: {('all right', 'problems', 'refused')[code]}"] += 1
        if code:
            self.reasons["verify"][first_reason(errors)] += 1
        if opened:
            self.rewrite(path, known)
        for n in range(self.damage):
            self.check_damaged(path, n)

    def rewrite(self, path, known):
        small = [d for d in known if d["bytes"] <= LARGEST]
        self.counts["numeric datasets"] += len(known)
        self.counts["numeric datasets, too large to be compared here"] += len(known) - len(small)
        for rank in sorted({len(d["shape"]) for d in small if len(d["shape"]) <= 8}):
            self.rewrite_rank(path, rank, [d for d in small if len(d["shape"]) == rank])

    def rewrite_rank(self, path, rank, datasets):
        readable = [d["path"] for d in datasets if d["readable"] is True]
        largest = max(datasets, key=lambda d: d["bytes"])["shape"]
        chunks, room = [], CHUNK_ELEMENTS
        for n in reversed(largest):  # edges that do not fit, where that makes not too many
            chunks.insert(0, max(1, min(n if n < 4 else n // 2 + 1, room)))
            room = max(1, room // chunks[0])
        target = self.scratch / f"{self.number()}.h5"
        names = [name for d in datasets for name in ("--dataset", d["path"])] if len(datasets) <= 200 else []
        code, _, errors = self.run(path, "rechunk", path, target, "--chunks", ",".join(map(str, chunks)), *names)
        try:
            if code != 0:
                if code is not None:
                    self.counts["rechunk: datasets refused"] += len(datasets)
                    self.counts["rechunk: datasets refused, though h5py reads them"] += len(readable)
                    self.reasons["rechunk"][first_reason(errors)] += len(datasets)
                if target.exists() or pathlib.Path(f"{target}.new").exists():
                    self.fail(path, "rechunk left a part of OUT")
                return
            compared, wrong = guarded(4 * self.seconds, different, path, target, readable)
            if not compared or wrong:
                self.fail(path, f"rechunk, chunks {chunks}: {wrong}")
                return
            self.counts["rechunk: datasets rewritten, same as h5py reads"] += len(readable)
            self.check_diff(path, target, datasets)
        finally:
            target.unlink(missing_ok=True)

    def check_diff(self, path, target, datasets):
        for d in datasets:
            code, out, errors = self.run(path, "diff", path, target, "--dataset", d["path"], "--json")
            if code is None:
                continue
            result = json.loads(out)["datasets"][0] if out else {}
            if code == 2 or "not_compared" in result:
                self.counts["diff: datasets refused or not compared"] += 1
                self.reasons["diff"][result.get("not_compared") or first_reason(errors)] += 1
                continue
            if not result.get("same"):
                self.fail(path, f"diff of what rechunk wrote: {out} {errors}")
                continue
            self.counts["diff: datasets the same"] += 1
        poked = next((d["path"] for d in datasets if d["readable"] is True and d["bytes"] > 0), None)
        if poked is None:
            return
        done, at = guarded(self.seconds, change_one, target, poked)
        if not done or at is None:
            return
        code, out, errors = self.run(path, "diff", path, target, "--dataset", poked, "--json")
        result = json.loads(out)["datasets"][0] if out else {}
        if code != 1 or result.get("different") != 1 or result["first"]["index"] != list(at):
            self.fail(path, f"diff does not see that {poked}{at} was changed: exit {code}: {out} {errors}")
        self.counts["diff: changed elements found"] += 1

    def check_damaged(self, path, n):
        chance = random.Random(f"{path.name} {n}")
        data = bytearray(path.read_bytes())
        if not data:
            return
        if chance.random() < 0.25:
            del data[chance.randrange(len(data)):]
        for _ in range(chance.choice((1, 1, 3, 10)) if data else 0):
            # Half of them near the beginning, where the superblock and the first headers are.
            at = chance.randrange(min(len(data), 4096) if chance.random() < 0.5 else len(data))
            data[at] = chance.choice((0, 255, data[at] ^ (1 << chance.randrange(8)), chance.randrange(256)))
        copy = self.scratch / f"damaged-{self.number()}-{n}-{path.name}"
        target = self.scratch / f"{copy.name}.out"
        copy.write_bytes(data)
        keep = False
        try:
            before = len(self.failures)
            self.counts["damaged copies"] += 1
            self.run(path, "info", copy)
            code, _, errors = self.run(path, "verify", copy)
            if code:
                self.counts["damaged copies that verify tells"] += 1
                self.reasons["verify, damaged"][first_reason(errors)] += 1
            self.run(path, "rechunk", copy, target, "--chunks", "contiguous")
            for left in (target, target.with_name(f"{target.name}.new")):
                if left.exists() and left != target:
                    self.counts["damaged copies after which OUT.new is left"] += 1
                    left.unlink()
            keep = len(self.failures) > before
        finally:
            target.unlink(missing_ok=True)
            if not keep:
                copy.unlink()

    def report(self):
        print()
        for what, count in sorted(self.counts.items()):
            print(f"{count:7}  {what}")
        for command, reasons in sorted(self.reasons.items()):
            print(f"\nreasons, {command}:")
            for reason, count in reasons.most_common(25):
                print(f"{count:7}  {reason}")
        print("\nslowest:")
        for took, what in sorted(self.slowest, reverse=True)[:5]:
            print(f"{took:7.2f} s  {what}")
        print(f"\n{len(self.failures)} failures")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--program", default=root / "build/release/app/morphogen", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=5, help="that a command may take")
    parser.add_argument("--damage", type=int, default=0, help="damaged copies of each file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path, help="counts, reasons and failures into this file")
    parser.add_argument("--scratch", type=pathlib.Path, help="kept, with the damaged copies that failed")
    options = parser.parse_args()
    program = options.program.resolve(strict=True)
    files = sorted(p for folder in options.folders for p in folder.rglob("*") if is_candidate(p))
    if not files:
        sys.exit("no HDF5 or netCDF files there")
    with tempfile.TemporaryDirectory(prefix="morphogen-foreign-") as temporary:
        scratch = options.scratch or pathlib.Path(temporary)
        scratch.mkdir(exist_ok=True)
        sweep = Sweep(program, options.seconds, options.damage, scratch)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for path, result in [(p, pool.submit(sweep.check, p)) for p in files]:
                try:
                    result.result()
                except Exception as error:  # one file must not end the sweep
                    sweep.fail(path, f"{type(error).__name__}: {error}")
    sweep.report()
    if options.json:
        options.json.write_text(json.dumps({"counts": sweep.counts, "reasons": sweep.reasons, "failures": sweep.failures}, indent=1))
    sys.exit(1 if sweep.failures else 0)


if __name__ == "__main__":
    main()
