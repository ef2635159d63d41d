#!/usr/bin/python3
"""What a newcomer gets wrong: one line each, the right exit code, nothing left behind, nothing hanging.

usage: bad_input.py PROGRAM
"""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
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
    ("initial file missing", SMALL + '[[initial.file]]\npath = "nowhere.h5"\nfield = "v"\n', [], 2,
     r"c\.toml:7:1: cannot read an initial\.file: .*nowhere\.h5"),
    ("below a file", SMALL + '[output]\ndirectory = "c.toml/out"\n', [], 1, r"c\.toml/out.*; set output\.directory"),
    ("its own configuration", SMALL.replace("32", "33"), ["--set", 'output.directory="."', "--force"], 2,
     r"overwrite its own configuration"),
]


def one_line_errors(text):
    """All of stderr, but the program's remarks."""
    return [line for line in text.splitlines() if not line.startswith("morphogen: note: ")]


def check_case(checks, program, case, ranks):
    name, configuration, arguments, code, pattern = case
    label = f"{name}, {ranks or 'no'} ranks"
    with Workspace(program) as work:
        file = "config.toml" if name == "its own configuration" else "c.toml"
        if configuration is not None:
            work.write(file, configuration)
        result = work.run("run", file, *arguments, ranks=ranks)
        if configuration is not None:
            checks.expect((work.path / file).read_text() == configuration, f"{label}: {file} was changed")
        checks.expect(not (work.path / "out").exists(), f"{label}: left out/ behind")
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
        told = work.run("validate", "c.toml")
        checks.expect(told.returncode == 0 and "out: holds a run with 3 frame(s) already" in told.stdout,
                      f"validate: {told.returncode}, {told.stdout}")
        told = work.run("validate", "c.toml", "--set", 'output.directory="another"')
        checks.expect("already" not in told.stdout, f"validate of a new directory: {told.stdout}")
        again = work.run("run", "c.toml")
        checks.expect(again.returncode == 2 and "--force" in again.stderr, f"existing run: {again.stderr}")
        checks.expect((work.path / "out/frames.h5").read_bytes() == before, "a refused run changed the old one")
        forced = work.run("run", "c.toml", "--force")
        checks.expect(forced.returncode == 0, f"--force: {forced.stderr}")
        checks.expect((work.path / "out/mine.txt").exists(), "--force removed a file that no run writes")


def force_keeps_foreign_files(checks, program):
    with Workspace(program) as work:
        work.write("c.toml", SMALL)
        foreign = [work.path / "out" / name for name in ("parts/mine.h5", "parts/0000.0000.h5.bak", "checkpoints/model.pt")]
        for file in foreign:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("keep me")
        checks.expect(work.run("run", "c.toml", ranks=3).returncode == 0, "directories of such names are no run")
        checks.expect(work.run("run", "c.toml", "--force").returncode == 0, "--force over three ranks' run")
        checks.expect(all(file.exists() for file in foreign), "--force removed a file that no run writes")
        checks.expect(not list(work.path.glob("out/parts/*.000?.h5")), "--force left a part")


def failed_force_keeps_the_run(checks, program):
    """What is wrong with the new run is found before the old one is removed; a run may start from the one it replaces."""
    with Workspace(program) as work:
        work.write("c.toml", SMALL)
        work.run("run", "c.toml")
        before = (work.path / "out/frames.h5").read_bytes()
        start = 'initial.file=[{path="out/%s", dataset="v", field="v"}]'
        failed = work.run("run", "c.toml", "--force", "--set", start % "nowhere.h5")
        checks.expect(failed.returncode == 2, f"--force without its initial file: {failed.stderr}")
        checks.expect((work.path / "out/frames.h5").read_bytes() == before, "a failed --force removed the run")
        validated = work.run("validate", "c.toml", "--set", start % "nowhere.h5")
        checks.expect(validated.returncode == 2 and "nowhere.h5" in validated.stderr, f"validate: {validated.stderr}")
        onward = work.run("run", "c.toml", "--force", "--set", start % "frames.h5")
        checks.expect(onward.returncode == 0, f"a run from the one it replaces: {onward.stderr}")
        checks.expect((work.path / "out/frames.h5").read_bytes() != before, "the run was not replaced")


def command_line(checks, program):
    with Workspace(program) as work:
        work.write("notes.txt", "no HDF5")
        for arguments, code, pattern in [
                (["mend", "out"], 2, r"unknown command \(mend\); the commands are run, "),
                (["info", "nowhere"], 2, r"cannot find \(nowhere\)"),
                (["info", "."], 2, r"not a run's directory \(\.\): it has no frames\.h5"),
                (["render", ".", "-o", "x.png"], 2, r"not a run's directory"),
                (["info", "notes.txt"], 1, r"notes\.txt.*give an HDF5 file")]:
            result = work.run(*arguments)
            checks.expect(result.returncode == code and re.search(pattern, result.stderr), f"{arguments}: {result}")
        work.write("c.toml", "[grid]\nshape = [1000, 1000]\n[time]\nframes = 9007199254740992\nsteps_per_frame = 1\n")
        huge = work.run("validate", "c.toml")
        checks.expect("16.0 EiB of raw frames" in huge.stdout, f"raw bytes wrapped around: {huge.stdout}")
        tiled = work.run("validate", "c.toml", environment={"MORPHOGEN_TILING": "planes=2"})
        checks.expect(tiled.returncode == 2 and "'planes=2'" in tiled.stderr, f"validate with planes in 2-D: {tiled}")
        if pathlib.Path("/dev/full").exists():
            with open("/dev/full", "w") as full:
                result = subprocess.run([work.program, "config"], stdout=full, stderr=subprocess.PIPE, timeout=60)
            checks.expect(result.returncode == 1 and b"No space left" in result.stderr, f"full standard output: {result}")


def stderr_full(checks, program):
    """Errors and remarks that cannot be written change nothing else."""
    if not pathlib.Path("/dev/full").exists():
        return
    with Workspace(program) as work, open("/dev/full", "w") as full:
        work.write("c.toml", SMALL)
        for arguments, code in ((["info", "nowhere"], 2), (["run", "c.toml"], 0), (["stats", "out", "-o", "s.h5"], 0)):
            result = subprocess.run([work.program, *arguments], cwd=work.path, stdout=subprocess.DEVNULL, stderr=full, timeout=60)
            checks.expect(result.returncode == code, f"full standard error, {arguments}: exit {result.returncode}")


def by_links(checks, program):
    """Commands find a live run, and write their files, through symbolic links too."""
    with Workspace(program) as work:
        work.write("c.toml", SMALL)
        work.run("run", "c.toml")
        (work.path / "link.h5").symlink_to("out/frames.h5")
        lock = os.open(work.path / "out", os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = work.run("repair", "link.h5")
        checks.expect(result.returncode == 2 and "another process is writing" in result.stderr, f"repair by a link: {result}")
        os.close(lock)
        for ranks, code, told in ((2, 2, "for one process"), (1, 0, "")):
            result = work.run("stats", "out", "-o", "s.h5", ranks=ranks)
            checks.expect(result.returncode == code and told in result.stderr, f"stats, {ranks} ranks: {result}")
            checks.expect((work.path / "s.h5").exists() == (code == 0), f"stats, {ranks} ranks: s.h5")


def no_permission(checks, program, ranks):
    """A directory of somebody else's. Root may write everywhere, so it becomes nobody for this."""
    prefix = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            print("SKIPPED in part: no setpriv (util-linux) to give up root's rights with: permissions are not checked")
            return
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with Workspace(program) as work:
        work.path.chmod(0o755)
        work.write("c.toml", SMALL)
        os.mkdir(work.path / "locked", mode=0o555)
        for directory in ("locked", "locked/out"):  # there, and to be made
            result = work.run("run", "c.toml", "--set", f'output.directory="{directory}"', ranks=ranks, prefix=prefix)
            label = f"no permission, {directory}, {ranks or 'no'} ranks: {result.stderr!r}"
            checks.expect(result.returncode == 1, f"{label}: exit {result.returncode}")
            checks.expect(len(re.findall("[Pp]ermission denied", result.stderr)) == 1, label)
            checks.expect("locked" in result.stderr, label)
            checks.expect(not os.listdir(work.path / "locked"), f"{label}: left something behind")


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
    no_permission(checks, program, ranks=0)
    no_permission(checks, program, ranks=3)
    force_keeps_foreign_files(checks, program)
    failed_force_keeps_the_run(checks, program)
    command_line(checks, program)
    stderr_full(checks, program)
    by_links(checks, program)
    divergence(checks, program, ranks=0)
    divergence(checks, program, ranks=3)
    checks.finish()


if __name__ == "__main__":
    main()
