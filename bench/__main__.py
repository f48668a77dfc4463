"""Measure this server against its peers: `python -m bench`, or `make bench`.

`--only fanout_500 one_sender` chooses workloads, `--sides ours node` chooses servers, `--database
secantusdb` the embedded database, `--runs` is the number of runs, `--quick` only checks that
everything works. A complete run also measures this server on SecantusDB once, and writes RESULTS.md
and the chart after each workload.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from bench import chart, report
from bench.processes import allow_open_files
from bench.runner import Result, run
from bench.sides import SIDES, Centrifugo, Ours, install_centrifugo, install_node_packages
from bench.town import FEWEST, Town, settled
from bench.workloads import QUICK, WORKLOADS, Pace
from chat.settings import DATABASES

FILES_NEEDED = 11_000
RUNS = 3  # of each on each side: all of them take less than half an hour
SECANTUSDB = "secantusdb"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure this server against its peers."
    )
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="WORKLOAD")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), metavar="SIDE")
    parser.add_argument("--database", choices=DATABASES, default="auto", help="the embedded one")
    parser.add_argument("--runs", type=int, help=f"{RUNS} of each unless said otherwise")
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
    if any(SIDES[name].needs_node for name in arguments.sides):
        install_node_packages()
    if Centrifugo.name in arguments.sides:
        install_centrifugo()
    pace, say = QUICK if arguments.quick else Pace(), partial(print, flush=True)
    runs = arguments.runs or (1 if arguments.quick else RUNS)
    chosen = [
        workload
        for workload in WORKLOADS
        if workload.name in arguments.only and set(workload.sides) & set(arguments.sides)
    ]
    is_whole = set(names) == set(arguments.only) and set(SIDES) == set(arguments.sides)
    started = time.monotonic()
    results: list[Result] = []
    beside: list[Result] = []
    database = ""

    def write() -> None:
        """Write what has been measured so far: a later failure loses nothing."""
        if is_whole and not arguments.quick:
            report.RESULTS.write_text(report.report(results, beside, database, pace, runs), "utf-8")
            chart.write(results)

    with _settled(pace.people, arguments.database, say) as town:
        database = town.database
        for workload in chosen:
            results.append(run(workload, town, pace, runs, tuple(arguments.sides), say))
            write()
    if is_whole and town.engine != SECANTUSDB:
        with _settled(FEWEST, SECANTUSDB, say) as town:
            for workload in chosen:
                if workload.on_both:
                    beside.append(run(workload, town, pace, 1, (Ours.name,), say))
        write()
    print("\n".join(["", *report.goals(results), *report.figures(results)]))
    if beside:
        print("\n".join(["", *report.compared(results, beside)]))
    print(f"\n{(time.monotonic() - started) / 60:.0f} minutes")
    return 0


@contextmanager
def _settled(people: int, engine: str, say: Callable[[str], object]) -> Iterator[Town]:
    started = time.monotonic()
    with settled(people, engine) as town:
        say(
            f"{len(town.people):,} people settled on {town.database}"
            f" in {time.monotonic() - started:.0f} s"
        )
        yield town


if __name__ == "__main__":
    sys.exit(main())
