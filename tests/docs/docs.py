"""docs.py MORPHOGEN: the documentation's commands and configurations against the program.

- docs/configuration.md holds what `morphogen config` prints.
- Every TOML block of README.md and docs/ is a valid configuration, and so is every file in configs/.
- Every `morphogen COMMAND` that they name exists.
- Every link to a file of the project leads somewhere.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]


def morphogen(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def toml_blocks(page):
    return re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.M | re.S)


class Docs(unittest.TestCase):
    def test_configuration_page_is_what_config_prints(self):
        printed = morphogen("config").stdout
        self.assertIn("[grid]", printed)
        self.assertIn(printed.strip(), (block.strip() for block in toml_blocks(ROOT / "docs/configuration.md")))

    def test_configurations_are_valid(self):
        checked = 0
        with tempfile.TemporaryDirectory() as folder:
            for page in PAGES:
                for number, block in enumerate(toml_blocks(page)):
                    file = Path(folder) / f"{page.stem}-{number}.toml"
                    file.write_text(block)
                    done = morphogen("config", file)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    checked += 1
        for file in ROOT.glob("configs/*.toml"):
            done = morphogen("config", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            checked += 1
        self.assertGreater(checked, 8)

    def test_commands_exist(self):
        known = set(re.findall(r"^  (\w+)\s", morphogen("--help").stdout, re.M))
        self.assertIn("run", known)
        for page in PAGES:
            for command in re.findall(r"(?:^    |`|-n \d+ )morphogen (\w+)\b", page.read_text(), re.M):
                if command != "COMMAND":
                    self.assertIn(command, known, page.name)

    def test_links_lead_somewhere(self):
        for page in PAGES:
            # A lambda looks like a link: code is left out.
            text = re.sub(r"^```.*?^```|^    [^\n]*|`[^`\n]*`", "", page.read_text(), flags=re.M | re.S)
            for target in re.findall(r"\]\(([^)#:]+)\)", text):
                self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
