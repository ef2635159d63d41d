"""style.py RULE [ROOT]: checks one house rule over the project's files; style.py RULE --self-test plants a violation of
it and expects to see it caught.

Rules: includes, libraries, paths, format, scripts. Prints one line per violation, `file:line: what`. Exit 0 clean, 1 violations,
77 the rule cannot be checked here.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP = 77
CODE = {".cpp", ".hpp", ".c", ".h"}


def files(root):
    """What belongs to the project: what git tracks or would add; outside a checkout everything but build trees."""
    try:
        listing = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                                 capture_output=True, check=True).stdout.decode()
        names = [Path(name) for name in listing.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [p.relative_to(root) for p in root.rglob("*") if p.is_file()]
    skip = re.compile(r"(build[^/]*|out[^/]*|\.git)/")
    return [n for n in sorted(names) if (root / n).is_file() and not skip.match(n.as_posix())]


def code(root):
    return [n for n in files(root) if n.suffix in CODE]


def lines(root, name):
    return enumerate((root / name).read_text(errors="replace").splitlines(), 1)


def module_of(name):
    """('core', 'public'|'source'|'test') for a file of a module, (None, None) for others."""
    for pattern, kind in ((r"include/morphogen/(\w+)/", "public"), (r"src/(\w+)/", "source"),
                          (r"tests/unit/(\w+)/", "test")):
        match = re.match(pattern, name.as_posix())
        if match:
            return match.group(1), kind
    return None, None


def modules(root):
    """{module: (public, private)}: the modules that src/CMakeLists.txt lets it include, itself and the indirect ones
    too. The list is in dependency order, so one pass is enough."""
    text = re.sub(r"#.*", "", (root / "src/CMakeLists.txt").read_text())
    result = {}
    for name, body in re.findall(r"morphogen_module\(\s*(\w+)([^)]*)\)", text):
        public, _, private = body.partition("PRIVATE")
        reach = {name}
        for part in re.findall(r"morphogen::(\w+)", public):
            reach |= result[part][0] if part in result else {part + " (listed later)"}
        hidden = set()
        for part in re.findall(r"morphogen::(\w+)", private):
            hidden |= result[part][0] if part in result else set()
        result[name] = (reach, reach | hidden)
    return result


def check_includes(root):
    """A module includes only what src/CMakeLists.txt says it may; a header may be included twice."""
    known = modules(root)
    for name in code(root):
        module, kind = module_of(name)
        if module is None:
            continue
        if module not in known:
            yield f"{name}:1: '{module}' is no module of src/CMakeLists.txt"
            continue
        allowed = known[module][0 if kind == "public" else 1]
        if name.suffix == ".hpp" and "#pragma once" not in (line for _, line in lines(root, name)):
            yield f"{name}:1: no #pragma once"
        for number, line in lines(root, name):
            match = re.match(r'\s*#\s*include\s*["<]morphogen/(\w+)/', line)
            # A private header is written from src/: "store/hdf5/handle.hpp".
            match = match or re.match(r'\s*#\s*include\s*"(\w+)/', line)
            if match and match.group(1) in known and match.group(1) not in allowed:
                yield f"{name}:{number}: {module} may not include {match.group(1)}: " + line.strip()


# (what, pattern, folders where it may appear)
TESTS = r"tests/"
LIBRARIES = [
    ("HDF5", r"\s*#\s*include\s*[<\"]hdf5(_hl)?\.h|\s*#\s*include\s*[<\"]H5\w+\.h",
     r"(include/morphogen/store|src/store|tests/(unit/store|unit/codec|unit/rework|interop|fault|mpi|fuzz|pipeline))/"),
    ("MPI", r"\s*#\s*include\s*[<\"]mpi\.h", rf"(src/mpi|{TESTS[:-1]})/"),
    ("toml++", r"\s*#\s*include\s*[<\"]toml(\+\+|plusplus)?[/.]", r"(src/config|tests/unit/config)/"),
    ("CLI11", r"\s*#\s*include\s*[<\"]CLI/", r"app/"),
    ("libpng", r"\s*#\s*include\s*[<\"]png\.h", r"(src/rework|tests/unit/rework)/"),
    ("compressors", r"\s*#\s*include\s*[<\"](isa-l|libdeflate|zstd|lz4|zlib)(/\w+|hc|frame)?\.h",
     r"(src/codec|tests/unit/codec)/"),
    ("liburing", r"\s*#\s*include\s*[<\"]liburing\b", r"(src/io|tests/unit/io)/"),
    ("OpenMP", r"\s*#\s*pragma\s+omp\s+(?!simd)|\s*#\s*include\s*<omp\.h>",
     r"((include/morphogen|src|tests/unit)/(parallel|kernel|simulation|bench))/|tests/support/"),
    ("OpenMP simd", r"\s*#\s*pragma\s+omp\s+simd",
     r"(include/morphogen|src|tests/unit)/(parallel|kernel|simulation|bench|codec)/"),
]


def check_libraries(root):
    """Each library has one home."""
    for name in code(root):
        for number, line in lines(root, name):
            for what, pattern, home in LIBRARIES:
                if re.match(pattern, line) and not re.match(home, name.as_posix()):
                    yield f"{name}:{number}: {what} is not for this folder: {line.strip()}"


MACHINE = re.compile(r"(?<![\w.$}])/(work|home|root|Users|mnt|scratch/\w+)/\w")


def check_paths(root):
    """No file names a place that exists on one machine only."""
    for name in files(root):
        data = (root / name).read_bytes()
        if b"\0" in data[:8192] or name.as_posix() == "tests/style/style.py":
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            if MACHINE.search(line):
                yield f"{name}:{number}: a path of somebody's machine: {line.strip()[:120]}"


FORMATTER = 14  # other versions lay some lines out otherwise


def check_format(root):
    """clang-format has nothing to change."""
    tool = shutil.which(f"clang-format-{FORMATTER}") or shutil.which("clang-format")
    if not tool:
        print(f"skipped: clang-format {FORMATTER} is not installed")
        sys.exit(SKIP)
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    if f"version {FORMATTER}." not in version:
        print(f"skipped: the sources are laid out by clang-format {FORMATTER}, here is {version.strip()}")
        sys.exit(SKIP)
    names = [str(n) for n in code(root)]
    done = subprocess.run([tool, "--dry-run", "--Werror", "--ferror-limit=1", *names], cwd=root, capture_output=True,
                          text=True, check=False)
    found = sorted(set(re.findall(r"^(\S+?:\d+):\d+: error", done.stderr, re.M)))
    yield from (f"{place}: not as clang-format lays it out; run: clang-format -i {place.split(':')[0]}" for place in found)
    if done.returncode and not found:
        yield f"clang-format failed: {done.stderr.strip()[:500]}"


def check_scripts(root):
    """The shell can read every script, and shellcheck has nothing against the job scripts that users copy."""
    scripts = [n for n in files(root) if n.suffix in (".sh", ".sbatch")
               or re.match(rb"#!.*\bbash\b", (root / n).read_bytes()[:40])]
    for name in scripts:
        done = subprocess.run(["bash", "-n", str(root / name)], capture_output=True, text=True, check=False)
        if done.returncode:
            yield f"{name}: {done.stderr.strip()}"
    if not shutil.which("shellcheck"):
        print("skipped: shellcheck is not installed")
        sys.exit(SKIP)
    jobs = [str(n) for n in scripts if n.parts[0] == "slurm"]
    if jobs:
        done = subprocess.run(["shellcheck", "--format=gcc", *jobs], cwd=root, capture_output=True, text=True, check=False)
        yield from done.stdout.splitlines()


RULES = {"includes": check_includes, "libraries": check_libraries, "paths": check_paths, "format": check_format,
         "scripts": check_scripts}

MODULES = "morphogen_module(core)\nmorphogen_module(mpi PUBLIC morphogen::core)\n" \
          "morphogen_module(store PUBLIC morphogen::core PRIVATE morphogen::mpi x::y)\n"
# rule: [(file, text, violations expected)]
PLANTED = {
    "includes": [("include/morphogen/core/a.hpp", '#pragma once\n#include "morphogen/store/b.hpp"\n', 1),
                 ("include/morphogen/core/b.hpp", "int a();\n", 1),
                 ("src/core/a.cpp", '#include "mpi/private.hpp"\n#include "core/private.hpp"\n', 1),
                 ("include/morphogen/store/a.hpp", '#pragma once\n#include "morphogen/mpi/b.hpp"\n', 1),
                 ("src/store/a.cpp", '#include "morphogen/mpi/b.hpp"\n#include "morphogen/core/b.hpp"\n', 0),
                 ("tests/unit/core/a.test.cpp", '#include "morphogen/store/b.hpp"\n#include "catch.hpp"\n', 1),
                 ("src/nowhere/a.cpp", "int a;\n", 1)],
    "libraries": [("src/run/a.cpp", "#include <hdf5.h>\n", 1), ("src/store/a.cpp", "#include <hdf5.h>\n", 0),
                  ("src/store/b.cpp", "#include <mpi.h>\n", 1), ("include/morphogen/mpi/b.hpp", "#include <mpi.h>\n", 1),
                  ("src/run/b.cpp", "#include <toml++/toml.h>\n", 1), ("src/config/b.cpp", "#include <toml++/toml.h>\n", 0),
                  ("src/run/c.cpp", "#include <CLI/CLI.hpp>\n", 1), ("src/run/d.cpp", "#include <png.h>\n", 1),
                  ("src/run/e.cpp", "#include <isa-l/igzip_lib.h>\n#include <zstd.h>\n", 2),
                  ("src/run/f.cpp", "# pragma omp parallel\n#include <omp.h>\n", 2),
                  ("src/codec/a.cpp", "#pragma omp simd\n#pragma omp task\n", 1),
                  ("src/kernel/a.cpp", "#pragma omp parallel\n", 0)],
    "paths": [("docs/a.md", "see /" + "work/x\n", 1), ("a.cmake", "set(x /" + "home/me/lib)\n", 1),
              ("docs/b.md", "https://example.org/" + "home/page and /usr/bin/python3\n", 0)],
    "scripts": [("tools/a.sh", "if true; then\n", 1), ("tools/b", "#!/usr/bin/env bash\nfor\n", 1),
                ("slurm/a.sbatch", "#!/bin/bash\ncd $1 || exit\n", 1), ("slurm/b.sh", "#!/bin/bash\ntrue\n", 0)],
    "format": [("src/core/a.cpp", "int   a ;\n", 1), ("src/core/b.cpp", "int b;\n", 0)],
}


def self_test(rule, root):
    for name, text, expected in PLANTED[rule]:
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            (tree / "src").mkdir()
            (tree / "src/CMakeLists.txt").write_text(MODULES)
            shutil.copy(root / ".clang-format", tree)
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
            found = list(RULES[rule](tree))
            if len(found) != expected:
                yield f"{rule}: {name}: {expected} violations planted, {len(found)} found: {found}"


def main():
    rule, root = sys.argv[1], Path(__file__).resolve().parents[2]
    own = sys.argv[2:] == ["--self-test"]
    found = list(self_test(rule, root) if own else RULES[rule](Path(sys.argv[2]) if sys.argv[2:] else root))
    for violation in found:
        print(violation)
    print(f"{rule}: {len(found)} violations" if not own else f"{rule}: self-test, {len(found)} wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
