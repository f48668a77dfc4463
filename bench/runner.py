"""Runs workloads, the sides of each in turn, so that a disturbance affects all sides."""

from __future__ import annotations

import statistics
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
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
    """Measure a workload `runs` times on each of its sides that is in `only`.

    A run that fails is reported and counts for nothing; the others go on.
    """
    sides = [side for side in workload.sides if side in only]
    found: dict[str, list[Figures]] = {side: [] for side in sides}
    with _reported(workload.name, say), ExitStack() as stack:

        def begin(side: str) -> closing[Generator[Figures, None, None]]:
            return closing(workload.measure(SIDES[side], town, pace))

        kept = {side: stack.enter_context(begin(side)) for side in sides if workload.repeat}
        for run_number in range(1, runs + 1):
            for side in sides:
                label = f"{workload.name} {run_number}/{runs} {side:<12}"
                town.renew_tokens()
                with _reported(label, say):
                    if workload.repeat:
                        figures = next(kept[side])
                    else:
                        with begin(side) as measuring:
                            figures = next(measuring)
                    found[side].append(figures)
                    say(f"{label} {shown(figures)}")
    return Result(workload, found)


@contextmanager
def _reported(label: str, say: Callable[[str], object]) -> Iterator[None]:
    """Report an exception instead of raising it."""
    try:
        yield
    except LoadError as error:
        say(f"{label} failed: {error}")
    except Exception:
        say(f"{label} failed:\n{traceback.format_exc()}")


def shown(figures: Figures) -> str:
    """Return figures on one line."""
    return "  ".join(f"{name} {number(value)}" for name, value in figures.items())


def number(value: float) -> str:
    """Return a number with three significant digits, or all digits before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
