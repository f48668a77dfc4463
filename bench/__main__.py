"""Measure this server against its peers: `python -m bench`, or `make bench`.

`--only fanout_500 one_sender` chooses workloads, `--sides ours node` chooses servers, `--runs` is
the number of runs, `--quick` only checks that everything works. A complete run writes RESULTS.md
and the chart.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial

from bench import chart, report
from bench.processes import allow_open_files
from bench.runner import run
from bench.sides import SIDES, Ours, install_node_packages
from bench.town import settled
from bench.workloads import QUICK, WORKLOADS, Pace

FILES_NEEDED = 11_000


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure this server against its peers."
    )
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="WORKLOAD")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), metavar="SIDE")
    parser.add_argument("--runs", type=int, help="5 of each unless said otherwise")
    parser.add_argument("--quick", action="store_true", help="short, and one run unless --runs")
    parser.add_argument("--list", action="store_true", help="say what can be chosen")
    arguments = parser.parse_args()
    if arguments.list:
        for workload in WORKLOADS:
            print(f"{workload.name:<14} {workload.title} ({', '.join(workload.sides)})")
        return 0
    if allow_open_files() < FILES_NEEDED:
        print(f"fewer than {FILES_NEEDED} open files are allowed: raise `ulimit -n`")
        return 1
    if set(arguments.sides) != {Ours.name}:
        install_node_packages()
    pace, say = QUICK if arguments.quick else Pace(), partial(print, flush=True)
    runs = arguments.runs or (1 if arguments.quick else 5)
    started = time.monotonic()
    with settled(pace.people) as town:
        say(f"{len(town.people):,} people settled in {time.monotonic() - started:.0f} s")
        results = [
            run(workload, town, pace, runs, tuple(arguments.sides), say)
            for workload in WORKLOADS
            if workload.name in arguments.only and set(workload.sides) & set(arguments.sides)
        ]
    print("\n".join(["", *report.goals(results), *report.figures(results)]))
    print(f"\n{(time.monotonic() - started) / 60:.0f} minutes")
    is_whole = set(names) == set(arguments.only) and set(SIDES) == set(arguments.sides)
    if is_whole and not arguments.quick:
        report.RESULTS.write_text(report.report(results, pace, runs), "utf-8")
        chart.write(results)
        print(f"written: {report.RESULTS}, {chart.CHART}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
