"""Runs workloads, the sides of each in turn, so that a disturbance affects all sides."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass

from bench.sides import SIDES
from bench.talking import Figures
from bench.town import Town
from bench.workloads import Pace, Workload
from harness.clients import LoadError


@dataclass(frozen=True)
class Result:
    """The figures of every successful run, by side."""

    workload: Workload
    runs: dict[str, list[Figures]]

    def medians(self) -> dict[str, Figures]:
        """Return the median of each figure, by side."""
        return {
            side: {name: statistics.median(self.all(side, name)) for name in runs[0]}
            for side, runs in self.runs.items()
            if runs
        }

    def all(self, side: str, figure: str) -> list[float]:
        """Return one figure of all runs of a side."""
        return [figures[figure] for figures in self.runs[side]]


def run(
    workload: Workload,
    town: Town,
    pace: Pace,
    runs: int,
    only: tuple[str, ...],
    say: Callable[[str], object],
) -> Result:
    """Measure a workload `runs` times on each of its sides that is in `only`."""
    sides = [side for side in workload.sides if side in only]
    found: dict[str, list[Figures]] = {side: [] for side in sides}
    with ExitStack() as stack:

        def begin(side: str) -> closing[Generator[Figures, None, None]]:
            return closing(workload.measure(SIDES[side], town, pace))

        kept = {side: stack.enter_context(begin(side)) for side in sides if workload.repeat}
        for run_number in range(1, runs + 1):
            for side in sides:
                label = f"{workload.name} {run_number}/{runs} {side:<12}"
                town.renew_tokens()
                try:
                    if workload.repeat:
                        figures = next(kept[side])
                    else:
                        with begin(side) as measuring:
                            figures = next(measuring)
                except (LoadError, StopIteration) as error:
                    say(f"{label} failed: {error}")
                    continue
                found[side].append(figures)
                say(f"{label} {shown(figures)}")
    return Result(workload, found)


def shown(figures: Figures) -> str:
    """Return figures on one line."""
    return "  ".join(f"{name} {number(value)}" for name, value in figures.items())


def number(value: float) -> str:
    """Return a number with three significant digits, or all digits before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
