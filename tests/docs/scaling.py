"""scaling.py MORPHOGEN MPIEXEC: tools/scaling_model.py on what `morphogen bench` prints."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from scaling_machine import Halo  # noqa: E402  sys.path must come first
from scaling_program import cut_among, depth_of, largest_block, sweeps_of, votes_of, weak_grid  # noqa: E402

ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
               "OMP_WAIT_POLICY": "passive"}


def model(*arguments):
    return subprocess.run([sys.executable, ROOT / "tools/scaling_model.py", *map(str, arguments)], capture_output=True, text=True,
                          check=False, timeout=60)


def rows(text, title):
    """The table below a title, by column."""
    lines = text[text.index(title):].splitlines()
    names = ["ranks", "block", "x", "columns", "ms", "halo", "speed", "efficiency", "frame", "stored", "bound"]
    table = []
    for line in lines[2:]:
        if not line.strip():
            break
        table.append(dict(zip(names, line.split())))
    return table


class Cuts(unittest.TestCase):
    def test_cuts_are_the_programs(self):
        shapes = [(16384, 16384), (1080, 1920), (1920, 1080), (2048, 4096), (97, 101), (8, 4096), (3, 5)]
        ranks = [*range(1, 17), 24, 30, 32, 36, 49, 60, 64, 97, 128, 210, 512, 1000, 2048, 4096]
        compared = 0
        for rows, columns in shapes:
            for n in ranks:
                done = subprocess.run([PROGRAM, "validate", ROOT / "configs/reference.toml", "--ranks", str(n), "--set",
                                       f"grid.shape=[{rows},{columns}]"], capture_output=True, text=True, check=False, timeout=60)
                if done.returncode != 0:
                    self.assertIn("too many ranks", done.stderr)
                    with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                        cut_among(n, (rows, columns))
                    continue
                told = re.search(r"^ranks +\d+ as (\d+) x (\d+), largest block (\d+) x (\d+) cells", done.stdout, re.M)
                cut = cut_among(n, (rows, columns))
                self.assertEqual([*map(int, told.groups())], [*cut, *largest_block((rows, columns), cut)])
                compared += 1
        self.assertGreater(compared, 150)

    def test_weak_grids_are_those_of_the_job_script(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sbatch = folder / "sbatch"  # says what it is asked for; the table's job has no shape
            found = r"s/.*--ntasks=\([0-9]*\) .*grid.shape=\[\([^]]*\)\].*/\1: \2/p"
            sbatch.write_text(f"#!/bin/bash\necho \"$@\" | sed -n '{found}' >> {folder}/asked\necho 1\n")
            sbatch.chmod(0o755)

            def asked(mode, config, ranks, *settings):
                for old in folder.glob("asked"):
                    old.unlink()
                environment = {**os.environ, "MORPHOGEN": PROGRAM, "PATH": f"{folder}:{os.environ['PATH']}"}
                done = subprocess.run([ROOT / "slurm/scaling.sh", mode, config, "--ranks", ranks, "--directory",
                                       folder / f"out{len([*folder.iterdir()])}", *(x for s in settings for x in ("--set", s))],
                                      env=environment, capture_output=True, text=True, check=False, timeout=120)
                if done.returncode != 0:
                    return done.returncode, done.stderr
                lines = [line.split(": ") for line in (folder / "asked").read_text().splitlines()]
                return {int(n): [*map(int, grid.split(","))] for n, grid in lines}

            reference, ranks = ROOT / "configs/reference.toml", [1, 2, 3, 6, 8, 16, 64]
            for block in ((1080, 1920), (1920, 1080), (100, 1000)):
                grids = asked("weak", reference, " ".join(map(str, ranks)), "grid.shape=[{}, {}]".format(*block))
                self.assertEqual(grids, {n: weak_grid(n, block) for n in ranks})
                for n, grid in grids.items():
                    cut = cut_among(n, grid)
                    self.assertEqual([c * b for c, b in zip(cut, block)], grid)
            self.assertEqual(weak_grid(16, (2048, 2048)), [8192, 8192])  # inner ranks have neighbours on all sides
            # On two ranks the configuration's own grid, each block 1080 x 960; 4 x 2 of them on eight.
            self.assertEqual(asked("weak", reference, "2 8"), {2: [1080, 1920], 8: [4320, 1920]})
            cube = ["grid.shape=[32,32,32]", 'model.stencil="seven-point"', "grid.spacing=2.0"]
            self.assertEqual(asked("weak", reference, "1 2 8 32", *cube),
                             {1: [32] * 3, 2: [64, 32, 32], 8: [64] * 3, 32: [128, 128, 64]})
            self.assertEqual(asked("strong", reference, "1 4"), {1: [1080, 1920], 4: [1080, 1920]})
            code, told = asked("strong", reference, "1 7919")
            self.assertEqual((code, "7919 ranks are refused" in told), (2, True), told)
            code, told = asked("weak", reference, "7919")
            self.assertEqual((code, "7919 ranks are refused" in told), (2, True), told)
            code, told = asked("weak", reference, "1 2", 'mpi.ranks=[1,1]')
            self.assertEqual((code, "no grid is cut into 2 blocks" in told), (2, True), told)

    def test_steps_are_taken_as_the_program_takes_them(self):
        self.assertEqual(depth_of((1080, 1920), (1080, 1920), (1, 1), 34), 17)  # 17 + 17, not 12 + 11 + 11
        self.assertEqual(depth_of((1080, 1920), (1080, 1920), (1, 1), 50), 17)
        self.assertEqual(depth_of((1080, 1920), (1080, 1920), (1, 1), 48), 16)
        self.assertEqual(depth_of((1080, 1920), (1080, 1920), (1, 1), 65), 16)  # so many sweeps that none is much shorter
        self.assertEqual(depth_of((5, 5), (14, 14), (3, 3), 34), 1)
        self.assertEqual(sweeps_of(34, 17), [17, 17])
        self.assertEqual(sweeps_of(34, 8), [7, 7, 7, 7, 6])
        self.assertEqual(sweeps_of(3, 16), [3])
        self.assertEqual(votes_of(34, 0.001, 17), [34])
        self.assertEqual(votes_of(34, 0.0125, 17), [17, 17])
        self.assertEqual(votes_of(34, 1.0, 16), [12, 11, 11])
        self.assertEqual(votes_of(34, 0.04, 2), [6, 6, 6, 6, 6, 4])
        self.assertEqual(votes_of(2, 1.0, 1), [1, 1])


class Scaling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = Path(cls.folder.name)
        bench = [PROGRAM, "bench", "--seconds", "0.002", "--json"]  # the shape of the results is tested, not their worth
        cls.one, cls.two = folder / "one.json", folder / "two.json"
        cls.one.write_text(subprocess.run([*bench, "--threads", "1", "kernel", "halo", "copy", "codec", "store"], check=True,
                                          capture_output=True, text=True, timeout=100).stdout)
        cls.two.write_text(subprocess.run([MPIEXEC, "-n", "2", *bench, "--threads", "1", "halo"], check=True, env=ENVIRONMENT,
                                          capture_output=True, text=True, timeout=100).stdout)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_depths_are_the_programs(self):
        compared = set()
        results = [json.loads(self.one.read_text())["kernel"], json.loads(self.one.read_text())["halo"]]
        for row in (row for result in results for row in result["rows"]):
            block = [*map(int, (row.get("shape") or row["block"]).split(" x "))]
            if len(block) == 2:
                self.assertEqual(depth_of(block, block, (1, 1), 34), row["depth"], row)  # frames of 34 steps: the default
                compared.add(row["depth"])
        self.assertGreater(len(compared), 1)

    def test_tables_reach_4096_ranks(self):
        done = model(self.one, self.two)
        self.assertEqual(done.returncode, 0, done.stderr)
        for title in ("strong scaling", "weak scaling"):
            table = rows(done.stdout, title)
            self.assertEqual([int(row["ranks"]) for row in table], [2 ** i for i in range(13)])
            self.assertEqual(float(table[0]["efficiency"]), 100.0)
            for before, after in zip(table, table[1:]):
                self.assertLessEqual(float(after["efficiency"]), float(before["efficiency"]) + 1e-9)
        self.assertEqual(rows(done.stdout, "weak scaling")[-1]["block"], "2048")

    def test_a_slower_network_and_disk_cost(self):
        def last(*options):
            done = model(self.one, self.two, "--message-us", 1, "--message-gb-s", 10, "--fs-gb-s", 1e9, *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            return rows(done.stdout, "strong scaling")[-1]
        fast = last()
        self.assertEqual(fast["bound"], "compute")
        self.assertLess(float(last("--message-us", 500)["efficiency"]), float(fast["efficiency"]))
        slow = last("--fs-gb-s", 0.001)
        self.assertEqual(slow["bound"], "disk")
        self.assertGreater(float(slow["frame"]), float(fast["frame"]))

    def test_a_run_is_compared(self):
        steps = 20
        with tempfile.TemporaryDirectory() as folder:
            settings = [f'output.directory="{folder}/out"', "time.frames=2", f"time.steps_per_frame={steps}", "grid.shape=[64,96]"]
            subprocess.run([PROGRAM, "run", ROOT / "configs/quickstart.toml", *(x for s in settings for x in ("--set", s))],
                           check=True, capture_output=True, timeout=60)
            report = f"{folder}/out/report.json"

            def compared(path, *options):
                return model(self.one, self.two, "--check", path, "--check-grid", "64x96", "--steps", steps, *options)
            done = compared(report)
            self.assertEqual(done.returncode, 0, done.stderr)
            predicted, measured = map(float, done.stdout.split("\nall ")[1].split()[:2])
            self.assertGreater(predicted, 0.0)
            told = json.loads(Path(report).read_text())
            self.assertAlmostEqual(measured, told["cells"] * told["steps"] / told["cells_per_s"], delta=0.001)

            # What is compared with is no part of the prediction; what another run tells is.
            other = f"{folder}/other.json"
            writer = {name: 100 * value for name, value in told["writer"].items()}
            changed = {"bytes_stored": 1, "cells_per_s": told["cells_per_s"] / 7, "writer": writer}
            Path(other).write_text(json.dumps({**told, **changed}))
            line = next(line for line in done.stdout.splitlines() if line.startswith("model, s:"))
            self.assertIn(line, compared(other).stdout)
            with_data = compared(report, "--data-from", other)
            self.assertEqual(with_data.returncode, 0, with_data.stderr)
            self.assertNotIn(line, with_data.stdout)
            self.assertIn("ratio 7.50", compared(report, "--data-from", other, "--ratio", 7.5).stdout)

            Path(other).write_text(json.dumps({**told, "launches": 2}))
            empty = f"{folder}/empty.json"
            Path(empty).write_text(json.dumps({**told, "bytes_raw": 0}))
            for arguments, message in [((report, "--steps", 7 * steps), "steps per frame"), ((other,), "one launch"),
                                       ((report, "--check-grid", "64x97"), "6144 cells"), ((self.one,), "not a run's report"),
                                       ((report, "--steps", steps // 2), "no initial frame"),
                                       ((report, "--data-from", empty), "stored frames")]:
                wrong = compared(*arguments)
                self.assertEqual(wrong.returncode, 2, message)
                self.assertIn(message, wrong.stderr)

    def test_the_fit_finds_what_was_put_in(self):
        facts = {"message_latency_us": {"value": 2.0}, "message_gb_per_s": {"value": 10.0}}
        halo = Halo.__new__(Halo)
        halo.flight, halo.wire, halo.each, halo.wait, halo.line, halo.growth = 2e-6, 10e9, 3e-6, 0.02, 5e-9, 2e-9
        halo.smallest, halo.largest = 2 ** 20, 2 ** 28  # four arrays of 256 x 256 and of 4096 x 4096
        results = []
        for ranks in (1, 2):
            result = {"title": f"{ranks} rank(s) in a row, 2 thread(s) each", "facts": facts, "rows": []}
            for n in (256, 1024, 4096):
                row = {"block": f"{n} x {n}", "precision": "f32", "depth": 16, "copied_kib": n / 4,
                       "message_kib": (ranks - 1) * n / 4, "exchange_us": 1.0, "percent_of_step": 50.0}
                e = Halo.exchange_of(result, row)
                e.computing = n * n * 16 / 4e9
                row["exchange_us"] = 1e6 * halo.seconds(e)
                row["percent_of_step"] = 100 * halo.seconds(e) / (halo.seconds(e) + e.computing)
                result["rows"].append(row)
            result["rows"].append({"block": "9 x 9 x 9", "message_kib": 0, "exchange_us": 1e9})  # of planes alone it is told
            results.append(result)
        found = Halo({"halo": results})
        for name in ("flight", "wire", "each", "wait", "line", "growth", "smallest", "largest"):
            self.assertAlmostEqual(getattr(found, name) / getattr(halo, name), 1.0, 6, name)

    def test_what_is_missing_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            nothing = Path(folder) / "nothing.json"
            nothing.write_text(json.dumps({"a": 1}))
            text = Path(folder) / "text.json"
            text.write_text("hello")
            for arguments, message in [(["/nowhere/a.json"], "/nowhere/a.json"), ([text], "cannot read results"),
                                       ([nothing], "bench NAME --json"), ([self.two], "bench kernel --json"),
                                       ([self.one], "mpirun -n 2 morphogen bench halo"),
                                       ([self.one, self.two, "--codec", "lz5"], "lz5"),
                                       ([self.one, self.two, "--grid", "16"], "two sizes"),
                                       ([self.one, self.two, "--steps", "0"], "above 0"),
                                       ([self.one, self.two, "--ranks", "0"], "above 0"),
                                       ([self.one, self.two, "--fields", "-1"], "above 0"),
                                       ([self.one, self.two, "--message-gb-s", "0"], "above 0"),
                                       ([self.one, self.two, "--fs-gb-s", "nan"], "above 0"),
                                       ([self.one, self.two, "--grid", "3x3"], "too many"),
                                       ([self.one, self.two, "--check", "/nowhere/report.json"], "/nowhere/report.json"),
                                       ([self.one, self.two, "--data-from", "/nowhere/report.json"], "/nowhere/report.json")]:
                done = model(*arguments)
                self.assertEqual(done.returncode, 2, message)
                self.assertIn(message, done.stderr)
                self.assertNotIn("Traceback", done.stderr)

    def test_a_reader_that_leaves_gets_no_traceback(self):
        read, write = os.pipe()
        os.close(read)
        with open(write, "wb") as closed:
            done = subprocess.run([sys.executable, ROOT / "tools/scaling_model.py", self.one, self.two], stdout=closed,
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (2, "scaling_model.py: cannot print the results: Broken pipe\n"))


if __name__ == "__main__":
    PROGRAM, MPIEXEC = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
