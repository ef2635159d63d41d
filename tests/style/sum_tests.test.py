"""./check must not pass by mistake: what tools/sum_tests.py makes of ctest's results, of missing ones and of broken
stages."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SUM = Path(__file__).resolve().parents[2] / "tools/sum_tests.py"
CASES = {  # as CMake 3.25's ctest --output-junit writes them
    "passed": '<testcase name="a" status="run"><system-out>fine</system-out></testcase>',
    "failed": '<testcase name="b" status="fail"><failure message=""/><system-out>no</system-out></testcase>',
    "skipped": '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
               "<system-out>x\nskipped: no tmpfs here\n</system-out></testcase>",
    "disabled": '<testcase name="d" status="disabled"><skipped message="Disabled"/></testcase>',
    "missing": '<testcase name="e" status="notrun"><skipped message="Unable to find executable"/></testcase>',
    "unlucky": '<testcase name="f" status="notrun"><skipped message="Fixture dependency failed"/></testcase>',
    "strange": '<testcase name="g" status="whatever"/>',
}


class SumTests(unittest.TestCase):
    def run_on(self, stages, results, broken=()):
        with tempfile.TemporaryDirectory() as folder:
            for stage, text in results.items():
                Path(folder, f"{stage}.xml").write_text(text)
            for stage in broken:
                Path(folder, f"{stage}.broken").write_text(f"{stage}: could not be built\n")
            done = subprocess.run([sys.executable, SUM, folder, *stages], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    def suite(self, *names):
        return "<testsuite>" + "".join(CASES[name] for name in names) + "</testsuite>"

    def test_all_passed(self):
        self.assertEqual(self.run_on(["release"], {"release": self.suite("passed", "passed")})[0], 0)

    def test_sums_over_stages_and_gives_reasons(self):
        code, lines = self.run_on(["release", "asan"], {"release": self.suite("passed", "skipped"),
                                                        "asan": self.suite("passed", "failed", "disabled")})
        self.assertEqual(code, 1)
        self.assertEqual(lines[-1], "2 passed, 1 failed, 2 skipped")
        self.assertIn("skipped: release: c: skipped: no tmpfs here", lines)

    def test_skips_alone_do_not_fail(self):
        self.assertEqual(self.run_on(["release"], {"release": self.suite("passed", "skipped")})[0], 0)

    def test_what_did_not_run_has_failed(self):
        for name in ("missing", "unlucky", "strange"):
            code, lines = self.run_on(["release"], {"release": self.suite("passed", name)})
            self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"), name)

    def test_a_stage_without_results_has_failed(self):
        self.assertEqual(self.run_on(["release", "asan"], {"release": self.suite("passed")})[0], 1)

    def test_a_broken_stage_counts_once(self):
        code, lines = self.run_on(["release", "asan"], {"release": self.suite("passed")}, broken=["asan"])
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_results_cut_short_have_failed(self):
        self.assertEqual(self.run_on(["release"], {"release": self.suite("passed")[:-5]})[0], 1)


if __name__ == "__main__":
    unittest.main()
