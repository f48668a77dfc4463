"""Writes the results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from bench import machine
from bench.runner import Result, number
from bench.sides import SIDES
from bench.workloads import SHARES, Goal, Pace

RESULTS = Path(__file__).with_name("RESULTS.md")
NOT_MEASURED = "not measured"
WHOLE_CORE = 0.95  # a generator with a greater share may be what limits the figures

HEAD = """\
# Measured

Written by `make bench` on {day}. Each figure is the median of all runs ({runs}), with the lowest
and the highest. The sides of a workload took turns. Each run was on a server that had just started
(those of `leave_1000`, `history_page` and `catch_up_1000` on the same one): {warm_up:g} s of
warm-up, {window:g} s of counting. Messages have 100 characters. Server, database and the generator
of the load share one machine; `server`, `database` and `generator` are shares of one core. The
generator has one thread and counts the pushes of all servers by their sizes. Where messages are
delivered, a run counts only if every acked one came to every member exactly once.

{machine}

**This server** ran as shipped, without rate limits and without a line in the log for each client.
People have real sessions and are members of the rooms they talk in.

**Node with MongoDB's driver** does the same job on the same running database: it reads token,
session and memberships when a client enters; `send_message` is stored with `w: majority, j: true`
under a unique (room, seq), pushed and acked. It inserts message by message (`insertOne`), as one
would write it, and leaves the driver's options as they come. Its messages have one index, ours two.
Its variant stores what came during an insert by one `insertMany`.

**Centrifugo** checks the same tokens. Clients subscribe to the channels of their rooms and publish,
by JSON over WebSocket. It keeps the last 1,000 messages of a channel in its memory and nothing on
disk. A push has about 330 bytes, one of the others about 450: it does not describe a message, only
who published it.

**Socket.IO alone** and **Flask-SocketIO** believe what clients say and store nothing. All but
Centrifugo get and send the same packets.

**Several processes**, in `processes_3`, share a database of their own and a Redis on the same two
cores. `least share` is the least that one of them stored, compared with the one that stored most. A
run counts only if the log has no gap and keeps every sender's order.

**The page** is opened in a Chromium that has kept nothing of it, over a network as slow as a
phone's: 1.6 Mbit/s, 150 ms for each request. `form ms` runs from the first request until the log-in
form is drawn; `KiB` are those of all answers with their headers. Beside it are the page's modules
as they are (`BUNDLE=off`), uncompressed.

**Messages that change** are measured on this server alone. `react_200`: 200 members each put one of
five emoji on the same message, evenly over a second; the time runs from the first reaction until
all 500 have been pushed all 200, `pushes` are those to the whole room, and deliveries also count
those that tell people of their own reactions. `edit_one` and `edit_16`: each edits a message of
their own and waits for the ack, which says that the edit is stored, applied and pushed; a run
counts only if everybody has the last text of each in the end. `catch_up_1000`: of a room in which
1,000 messages were edited while a client was away, it asks by `sync` with `revs`, again and again,
until nothing is left; `KiB` is what the answers have together.
"""

BESIDE = """
The other embedded database, for machines on which no mongod starts: this server in one run of each.
"""


def report(
    results: Sequence[Result], beside: Sequence[Result], database: str, pace: Pace, runs: int
) -> str:
    """Return the whole document; `beside` are results on SecantusDB."""
    head = HEAD.format(
        day=date.today().isoformat(),
        runs=runs,
        warm_up=pace.warm_up,
        window=pace.window,
        machine="\n".join(f"- {line}" for line in machine.described(database)),
    )
    parts = [head, "## Goals\n", *goals(results), "\n## Figures", *figures(results)]
    if beside:
        parts += ["\n## On SecantusDB", BESIDE, *compared(results, beside)]
    return "\n".join(parts) + "\n"


def goals(results: Iterable[Result]) -> Iterator[str]:
    """Yield the table of the goals and the reached figures."""
    yield "| workload | this server | compared with | goal | reached | |"
    yield "|---|---|---|---|---|---|"
    for result in results:
        medians = result.medians()
        for goal in result.workload.goals:
            if "ours" not in medians:
                yield f"| {result.workload.title} | failed | | {_bound(goal)} | | **no** |"
                continue
            if goal.versus is not None and goal.versus not in result.runs:
                continue
            value = goal.value(medians)
            own = f"{number(medians['ours'][goal.figure])} {goal.figure}"
            other = "" if goal.versus is None else _compared(goal.versus, medians, goal.figure)
            unit = " ×" if goal.versus or goal.figure.endswith("ratio") else ""
            reached = "|" if value is None else f"{number(value)}{unit} | {_is_met(goal, value)}"
            yield (
                f"| {result.workload.title} | {own} | {other} | {_bound(goal)}{unit} | {reached} |"
            )


def figures(results: Iterable[Result]) -> Iterator[str]:
    """Yield a table for each workload."""
    for result in results:
        shown = result.workload.shown
        yield f"\n`{result.workload.name}`: {result.workload.title}\n"
        yield "| | " + " | ".join(shown) + " |"
        yield "|---|" + "---:|" * len(shown)
        medians = result.medians()
        for side in result.runs:
            cells = (
                (
                    _spread(result.all(side, name), medians[side][name])
                    if name in medians.get(side, {})
                    else NOT_MEASURED
                )
                for name in shown
            )
            yield f"| {SIDES[side].title} | " + " | ".join(cells) + " |"
        for side, found in medians.items():
            if found.get("generator", 0.0) > WHOLE_CORE:
                yield f"\nThe generator used a whole core: {SIDES[side].title} may be faster."


def compared(results: Iterable[Result], beside: Iterable[Result]) -> Iterator[str]:
    """Yield a table of this server's figures on two databases."""
    yield "| workload | | as above | SecantusDB |"
    yield "|---|---|---:|---:|"
    above = {result.workload.name: result.medians().get("ours", {}) for result in results}
    for result in beside:
        for figure, value in result.medians().get("ours", {}).items():
            if figure in result.workload.shown and figure not in SHARES:
                first = above[result.workload.name].get(figure)
                yield (
                    f"| {result.workload.title} | {figure} |"
                    f" {NOT_MEASURED if first is None else number(first)} | {number(value)} |"
                )


def _compared(side: str, medians: dict[str, dict[str, float]], figure: str) -> str:
    found = number(medians[side][figure]) if side in medians else NOT_MEASURED
    return f"{SIDES[side].title}: {found}"


def _is_met(goal: Goal, value: float) -> str:
    return "yes" if goal.is_met(value) else "**no**"


def _bound(goal: Goal) -> str:
    return f"≥ {goal.at_least:,}" if goal.at_least is not None else f"≤ {goal.at_most:,}"


def _spread(values: Sequence[float], median: float) -> str:
    return f"**{number(median)}** ({number(min(values))}–{number(max(values))})"
