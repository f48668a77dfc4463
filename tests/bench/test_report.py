"""Results are reported with their goals, reached or not, and a failure loses nothing else."""

from __future__ import annotations

import pytest

from bench import report
from bench.runner import Result, run
from bench.sides import Side
from bench.talking import Figures
from bench.town import Town
from bench.workloads import QUICK, WORKLOADS, Goal, Measuring, Pace, Workload
from harness.clients import LoadError

GOALS = (Goal("x/s", at_least=2_000), Goal("x/s", "centrifugo", at_least=2.5))


def workload(measure: object = None, goals: tuple[Goal, ...] = GOALS) -> Workload:
    """Return a workload of two servers."""
    sides = ("ours", "centrifugo")
    return Workload("load", "a load", measure, sides, ("x/s",), goals)  # type: ignore[arg-type]


def reported(ours: list[float], centrifugo: list[float] | None = None) -> list[list[str]]:
    """Return the cells of the table of goals for these figures."""
    runs: dict[str, list[Figures]] = {"ours": [{"x/s": value} for value in ours]}
    if centrifugo is not None:
        runs["centrifugo"] = [{"x/s": value} for value in centrifugo]
    _, _, *rows = report.goals([Result(workload(), runs)])
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def test_the_median_of_the_runs_reaches_a_goal_or_does_not() -> None:
    assert reported([1_000, 5_000, 2_000], [800, 799, 810]) == [
        ["a load", "2,000 x/s", "", "≥ 2,000", "2,000", "yes"],
        ["a load", "2,000 x/s", "Centrifugo 6, in memory: 800", "≥ 2.5 ×", "2.50 ×", "yes"],
    ]
    assert [cells[-1] for cells in reported([1_999], [800])] == ["**no**", "**no**"]


def test_a_peer_that_could_not_be_measured_is_named_as_such() -> None:
    assert reported([3_000], [])[1] == [
        *("a load", "3,000 x/s", "Centrifugo 6, in memory: not measured", "≥ 2.5 ×", "", ""),
    ]


def test_a_peer_that_was_not_chosen_is_left_out() -> None:
    assert [cells[-1] for cells in reported([3_000])] == ["yes"]


def test_a_goal_of_a_load_that_failed_is_not_reached() -> None:
    assert [cells[-1] for cells in reported([], [800])] == ["**no**", "**no**"]


def test_figures_on_the_other_database_stand_beside_those_above() -> None:
    above, beside = (Result(workload(), {"ours": [{"x/s": value}]}) for value in (3_000, 700))

    assert list(report.compared([above], [beside]))[2:] == ["| a load | x/s | 3,000 | 700 |"]


def test_a_figure_that_a_database_does_not_have_is_shown_as_not_measured() -> None:
    *_, row = report.figures([Result(workload(), {"ours": [{"y/s": 700.0}]})])
    assert row.endswith("| not measured |")


class People:
    """A town without people."""

    def renew_tokens(self) -> None:
        pass


@pytest.mark.parametrize("error", [LoadError("refused"), OSError("no port"), AssertionError()])
def test_a_run_that_fails_does_not_stop_the_others(error: Exception) -> None:
    started: list[str] = []

    def measure(side: type[Side], _: Town, __: Pace) -> Measuring:
        started.append(side.name)
        if started == ["ours"]:
            raise error
        yield {"x/s": 1.0}

    said: list[str] = []
    town: Town = People()  # type: ignore[assignment]
    result = run(workload(measure), town, QUICK, 2, ("ours", "centrifugo"), said.append)

    assert started == ["ours", "centrifugo"] * 2
    assert result.runs == {"ours": [{"x/s": 1.0}], "centrifugo": [{"x/s": 1.0}] * 2}
    assert ["failed" in line for line in said] == [True, False, False, False]


def test_every_goal_names_a_figure_and_a_server_of_its_workload() -> None:
    for one in WORKLOADS:
        for goal in one.goals:
            assert goal.figure in one.shown
            assert goal.versus is None or goal.versus in one.sides
