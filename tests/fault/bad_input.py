#!/usr/bin/python3
"""What a newcomer gets wrong: one line each, the right exit code, nothing left behind, nothing hanging.

usage: bad_input.py PROGRAM
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace  # noqa: E402

SMALL = '[grid]\nshape = [32, 48]\n[time]\nframes = 3\nsteps_per_frame = 4\n'

# name, configuration (None: no file), arguments, exit code, what stderr must contain
CASES = [
    ("unknown key", SMALL + "[model]\nfed = 0.03\n", [], 2, r"c\.toml:7:1: unknown key 'model\.fed' \(did you mean 'model\.feed'\?\)"),
    ("wrong type", "[grid]\nshape = \"big\"\n", [], 2, r"c\.toml:2:\d+: .*grid\.shape"),
    ("negative size", "[grid]\nshape = [-4, 10]\n", [], 2, r"c\.toml:2:\d+: .*grid\.shape"),
    ("unstable step", SMALL + "[model]\ndt = 100.0\n", [], 2, r"model\.dt|unstable"),
    ("not TOML", "[grid\n", [], 2, r"c\.toml:1:\d+"),
    ("bad override", SMALL, ["--set", "model.fed=0.03"], 2, r"model\.fed.*did you mean 'model\.feed'"),
    ("bad override value", SMALL, ["--set", "output.codec=lz4"], 2, r"output\.codec"),
    ("missing configuration", None, [], 2, r"c\.toml.*[Nn]o such file"),
    ("more memory than there is", "[grid]\nshape = [4000000, 4000000]\n", [], 2, r"memory"),
    ("unknown option", SMALL, ["--frobnicate"], 2, r"frobnicate"),
    ("unwritable directory", SMALL + '[output]\ndirectory = "/proc/no/such"\n', [], 1, r"/proc/no/such"),
    ("a file where the directory should be", SMALL + '[output]\ndirectory = "c.toml"\n', [], 1, r"c\.toml"),
    ("initial file missing", SMALL + '[[initial.file]]\npath = "nowhere.h5"\nfield = "v"\n', [], 1, r"nowhere\.h5"),
]


def one_line_errors(text):
    """All of stderr, but the program's remarks."""
    return [line for line in text.splitlines() if not line.startswith("morphogen: note: ")]


def check_case(checks, program, case, ranks):
    name, configuration, arguments, code, pattern = case
    label = f"{name}, {ranks or 'no'} ranks"
    with Workspace(program) as work:
        if configuration is not None:
            work.write("c.toml", configuration)
        result = work.run("run", "c.toml", *arguments, ranks=ranks)
        checks.expect(result.returncode == code, f"{label}: exit {result.returncode}, not {code}: {result.stderr}")
        checks.expect(re.search(pattern, result.stderr), f"{label}: no /{pattern}/ in {result.stderr!r}")
        if not ranks:
            errors = one_line_errors(result.stderr)
            checks.expect(len(errors) == 1, f"{label}: not one line: {result.stderr!r}")
            checks.expect(all(line.startswith("morphogen: ") for line in errors), f"{label}: {errors}")
        else:
            printed = len(re.findall(pattern, result.stderr))
            checks.expect(printed == 1, f"{label}: printed {printed} times: {result.stderr!r}")


def existing_run(checks, program):
    with Workspace(program) as work:
        work.write("c.toml", SMALL)
        first = work.run("run", "c.toml")
        checks.expect(first.returncode == 0, f"a plain run: {first.stderr}")
        before = (work.path / "out/frames.h5").read_bytes()
        (work.path / "out/mine.txt").write_text("keep me")
        again = work.run("run", "c.toml")
        checks.expect(again.returncode == 2 and "--force" in again.stderr, f"existing run: {again.stderr}")
        checks.expect((work.path / "out/frames.h5").read_bytes() == before, "a refused run changed the old one")
        forced = work.run("run", "c.toml", "--force")
        checks.expect(forced.returncode == 0, f"--force: {forced.stderr}")
        checks.expect((work.path / "out/mine.txt").exists(), "--force removed a file that no run writes")


def divergence(checks, program, ranks):
    """dt is stable for diffusion alone, but a huge initial v makes u v^2 explode."""
    with Workspace(program) as work:
        work.write("c.toml", SMALL + "[[initial.box]]\nfrom = [8, 8]\nto = [16, 20]\nu = 1e30\nv = 1e30\n")
        result = work.run("run", "c.toml", ranks=ranks)
        checks.expect(result.returncode == 1, f"divergence: exit {result.returncode}: {result.stderr}")
        checks.expect(re.search(r"field [uv].*step \d+.*cell", result.stderr), f"divergence: {result.stderr!r}")
        checks.expect(work.report()["exit"] == "failed", "divergence: the report says otherwise")
        checks.expect((work.path / "out/frames.h5").exists(), "divergence: no frames.h5")


def main():
    program = sys.argv[1]
    checks = Checks()
    for case in CASES:
        check_case(checks, program, case, ranks=0)
    for case in CASES[:1] + CASES[7:8] + CASES[10:11]:
        check_case(checks, program, case, ranks=3)
    existing_run(checks, program)
    divergence(checks, program, ranks=0)
    divergence(checks, program, ranks=3)
    checks.finish()


if __name__ == "__main__":
    main()
