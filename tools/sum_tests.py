"""sum_tests.py FOLDER STAGE...: adds up the ctest runs of ./check.

Reads FOLDER/STAGE.xml (ctest --output-junit) and FOLDER/*.broken (a stage that could not be built: one failure each).
Prints every failure and every skipped test with its reason, then `N passed, N failed, N skipped`. Exit 0 only when
nothing failed and every stage has results.
"""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def reason(case):
    """Why a test was skipped: its own last line that says so, else its last line, else ctest's word."""
    lines = [line.strip() for line in (case.findtext("system-out") or "").splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(("skip", "morphogen: skip"))]
    if telling or lines:
        return (telling or lines)[-1]
    return (case.find("skipped").get("message") if case.find("skipped") is not None else "") or "no reason given"


def judge(case):
    """'passed', 'failed' or 'skipped', from ctest's status; what cannot be understood has failed."""
    status = case.get("status")
    message = case.find("skipped").get("message", "") if case.find("skipped") is not None else ""
    if status == "run" and case.find("failure") is None:
        return "passed"
    if status == "disabled" or (status == "notrun" and message.upper().startswith("SKIP")):
        return "skipped"
    return "failed"


def main(folder, stages):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    details = {"failed": [], "skipped": []}
    for note in sorted(folder.glob("*.broken")):
        counts["failed"] += 1
        details["failed"].append(note.read_text().strip())
    for stage in stages:
        results = folder / f"{stage}.xml"
        if not results.exists():
            if stage != "tidy" and not (folder / f"{stage}.broken").exists():
                counts["failed"] += 1
                details["failed"].append(f"{stage}: no results")
            continue
        own = {"passed": 0, "failed": 0, "skipped": 0}
        try:
            cases = list(xml.parse(results).getroot().iter("testcase"))
        except xml.ParseError as error:
            cases = []
            counts["failed"] += 1
            details["failed"].append(f"{stage}: results cannot be read: {error}")
        for case in cases:
            outcome = judge(case)
            own[outcome] += 1
            if outcome == "skipped":
                details["skipped"].append(f"{stage}: {case.get('name')}: {reason(case)}")
            elif outcome == "failed":
                details["failed"].append(f"{stage}: {case.get('name')} (build/logs/{stage}-tests.log)")
        for outcome, number in own.items():
            counts[outcome] += number
        print(f"{stage}: {own['passed']} passed, {own['failed']} failed, {own['skipped']} skipped")
    for outcome in ("skipped", "failed"):
        for line in details[outcome]:
            print(f"{outcome}: {line}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
