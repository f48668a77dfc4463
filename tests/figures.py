"""What tests measured, as a table at the end of the run.

A test takes the fixture `figures` and adds a row: `figures.add("app killed", acked=812, lost=0)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.engines import DEFAULT, engine_of

# Every row has a place for these; whatever else was measured stands behind them by its name.
COLUMNS = ("acked", "stored", "lost", "repeated", "inverted", "slowest")
TITLES = ("run", *COLUMNS, "also")

Figure = int | float | str
Row = tuple[str, dict[str, Figure]]


class Figures:
    """The rows of this process; pytest-xdist's workers hand theirs to the one that reports."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._engine = DEFAULT

    def add(self, run: str, **values: Figure) -> None:
        """Add a row: counts as int, seconds as float (`slowest`: of whatever had to be quick)."""
        where = "" if self._engine == DEFAULT else f", {self._engine}"
        self._rows.append((run + where, values))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._engine = engine_of(item.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["figures"] = self._rows

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take a worker's rows over; one that crashed has none."""
        self._rows += getattr(node, "workeroutput", {}).get("figures", [])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._rows:
            terminalreporter.section("figures")
            for line in table(sorted(self._rows, key=lambda row: row[0])):
                terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    """Where tests put what they measured."""
    found = pytestconfig.pluginmanager.get_plugin("figures")
    assert isinstance(found, Figures)
    return found


def table(rows: Iterable[Row]) -> list[str]:
    """Lay rows out as a table that a Markdown document can take as it is."""
    cells: list[Sequence[str]] = [TITLES]
    for run, values in rows:
        also = ", ".join(
            f"{name} {shown(value)}" for name, value in values.items() if name not in COLUMNS
        )
        cells.append((run, *(shown(values.get(name, "")) for name in COLUMNS), also))
    widths = [max(len(row[column]) for row in cells) for column in range(len(TITLES))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def shown(value: Figure) -> str:
    """Return a figure as text; what is no whole number counts seconds."""
    if isinstance(value, float):
        return f"{value:.2f} s"
    return f"{value:,}" if isinstance(value, int) else value
