#!/usr/bin/python3
"""The job scripts of slurm/ in a real Slurm: a private one with two virtual nodes (cluster.py).

usage: slurm.py PROGRAM SLOW_IO_LIBRARY [--stops N] [CASE...]      (default: all cases, beside each other: they mostly wait)

stops_srun stops a run --stops times, 4 by default; 50 are a documented command.

Runs are slow because each write sleeps, not because they compute: so they last long enough on any machine.
"""
import argparse
import concurrent.futures
import sys
import traceback

from cluster import Cluster, enter_own_namespace
from program import Checks  # cluster.py has set the path

import cases_chain
import cases_jobs
import cases_stop
from site_of_runs import Site

CASES = {case.__name__: case for module in (cases_chain, cases_stop, cases_jobs) for case in module.CASES}


def main():
    enter_own_namespace()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("--stops", type=int, default=4)
    parser.add_argument("cases", nargs="*")
    options = parser.parse_intermixed_args()
    names = options.cases
    unknown = set(names) - set(CASES)
    if unknown:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    checks = Checks()
    with Cluster(cpus=12) as cluster:
        site = Site(cluster, options.program, options.library, options.stops)
        with concurrent.futures.ThreadPoolExecutor(len(CASES)) as pool:
            running = {pool.submit(CASES[name], site.folder(name), checks): name for name in names or CASES}
            for done in concurrent.futures.as_completed(running):
                try:
                    done.result()
                    print(f"{running[done]}: ended", flush=True)
                except Exception:  # noqa: BLE001  one case's failure must not hide the others'
                    checks.expect(False, f"{running[done]}: {traceback.format_exc()}")
        if checks.failures:
            print(cluster.logs(only="error(?!.*(rmdir_recursive|Failed to remove))"))
    checks.finish()


if __name__ == "__main__":
    main()
