#!/usr/bin/env python3
"""scaling_table.py DIRECTORY: the table of a scaling measurement (scaling.sh), from the report.json of each launch.

DIRECTORY/RANKS/LAUNCH/report.json; of the launches with one number of ranks the fastest counts. Efficiency is the rate
per core against that of the first line. Halo: the slowest rank's time in halo exchange, as a share of the stepping time,
waiting for slower neighbours included. Needs nothing but Python 3.
"""
import json
import pathlib
import sys


def launches(directory):
    """{ranks: [report, ...]} of the launches that finished; [] where none did."""
    found = {}
    for folder in sorted(p for p in directory.iterdir() if p.name.isdigit() and p.is_dir()):
        reports = [json.loads(path.read_text()) for path in sorted(folder.glob("*/report.json"))]
        found[int(folder.name)] = [r for r in reports if r["exit"] == "finished"]
    return found


def row(reports, reference):
    best = max(reports, key=lambda r: r["cells_per_s"])
    cores = best["ranks"] * best["threads"]["compute"]
    per_core = best["cells_per_s"] / cores
    stepping_s = best["cells"] * best["steps"] / best["cells_per_s"]
    slowest = min(r["cells_per_s"] for r in reports)
    return per_core, (
        f"{best['ranks']:6d} {best['threads']['compute']:8d} {best['cells']:15,d} {best['steps']:8d} "
        f"{best['cells_per_s'] / 1e9:12.4g} {per_core / (reference or per_core):10.1%} "
        f"{best['halo_s']:9.3g} {best['halo_s'] / stepping_s:7.1%} {1 - slowest / best['cells_per_s']:8.1%}")


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    found = launches(pathlib.Path(sys.argv[1]))
    print(f"{'ranks':>6} {'threads':>8} {'cells':>15} {'steps':>8} {'G cells/s':>12} {'efficiency':>10} "
          f"{'halo s':>9} {'halo':>7} {'spread':>8}")
    reference = None
    for ranks, reports in sorted(found.items()):
        if not reports:
            print(f"{ranks:6d} no launch finished: see {sys.argv[1]}/{ranks:05d}/job.log")
            continue
        per_core, text = row(reports, reference)
        reference = reference or per_core
        print(text)
    missing = not found or any(not reports for reports in found.values())
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
