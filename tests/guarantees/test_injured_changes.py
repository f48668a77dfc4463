"""A process is killed amid a change of a message: the change takes effect, and everyone hears."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.servers import Server
from tests.figures import Figures
from tests.guarantees.changing import EDIT, GROUP, REACT, change, entries_of
from tests.guarantees.following import shared
from tests.guarantees.test_injuries import PUSHED_WITHIN, InjuredServer, injured, people_on
from tests.sockets.conftest import Member, answered
from tests.stopwatch import Stopwatch
from tests.wire import WireClient

LAST_WORDS = "changed and not told"
PLACES = ["appended", "applied", "scrubbed"]  # where the process that changes dies


def die_changing(
    dying: Server, member: Member, group: dict[str, Any], listener: WireClient
) -> None:
    """Edit the first message once, which all hear, and again, in which the process dies."""
    client = member.socket(GROUP)
    change(client, EDIT, group, 1, data="told")
    assert listener.pushed("messages_changed", last_rev=1)["messages"][0]["data"] == "told"
    payload = {"room_id": group["id"], "seq": 1, "data": LAST_WORDS}
    client.emit(GROUP, EDIT, payload)
    client.wait_closed()
    dying.wait()


def texts_in_log(beside: Flask, group: dict[str, Any]) -> list[object]:
    return [entry.value for entry in entries_of(beside, group) if entry.kind == "text"]


@pytest.mark.parametrize("place", PLACES)
def test_change_of_a_process_that_was_killed_is_told_once_it_is_started_again(
    server: Server, beside: Flask, tmp_path: Path, figures: Figures, place: str
) -> None:
    injury = {"INJURY_KILL": LAST_WORDS, "INJURY_KILL_AT": place}
    with ExitStack() as stack, injured(server, tmp_path, **injury) as dying:
        ada, bob = people_on(beside, stack, ada=dying, bob=server)
        group = ada.create_group(bob)
        ada.post(group, "as first said")
        listener = bob.socket(GROUP)
        die_changing(dying, ada, group, listener)
        dying.set("INJURY_KILL", "nothing")
        began = time.monotonic()
        dying.start()
        restart = time.monotonic() - began
        watch = Stopwatch(server, dying)
        pushed = listener.pushed("messages_changed", after_rev=1)
        took = watch.took()
        now = [member.data("GET", f"/rooms/{group['id']}/messages/1") for member in (ada, bob)]
        previews = [
            member.data("GET", f"/rooms/{group['id']}")["last_message"] for member in (ada, bob)
        ]
        again = ada.socket(GROUP)
        payload = {"rooms": {group["id"]: 1}, "revs": {group["id"]: 1}}
        missed = answered(lambda: again.call(GROUP, "sync", payload))["data"]["rooms"][group["id"]]
    figures.add(
        f"killed in an edit, {place}",
        acked=1,
        stored=len(entries_of(beside, group)),
        lost=sum(one["data"] != LAST_WORDS for one in now),
        slowest=took.elapsed,
        restart=restart,
    )
    assert pushed["last_rev"] == 2 and pushed["messages"] == [shared(one) for one in now[:1]]
    assert [one["data"] for one in (*now, *previews)] == [LAST_WORDS] * 4
    assert [one["version"] for one in now] == [2, 2]
    assert missed["changed"] == [now[0]] and missed["last_rev"] == 2
    assert texts_in_log(beside, group) == [None, LAST_WORDS]
    assert took.seconds < PUSHED_WITHIN


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("who", ["reads", "changes"])
def test_change_of_a_process_that_stays_away_is_told_by_another_that_comes_upon_it(
    server: Server, beside: Flask, tmp_path: Path, figures: Figures, place: str, who: str
) -> None:
    injury = {"INJURY_KILL": LAST_WORDS, "INJURY_KILL_AT": place}
    with ExitStack() as stack, injured(server, tmp_path, **injury) as dying:
        ada, bob, eve = people_on(beside, stack, ada=dying, bob=server, eve=server)
        group = ada.create_group(bob, eve)
        ada.post(group, "as first said")
        listener = bob.socket(GROUP)
        die_changing(dying, ada, group, listener)
        watch = Stopwatch(server)
        if who == "reads":
            eve.data("GET", f"/rooms/{group['id']}/messages")
        else:
            change(eve.socket(GROUP), REACT, group, 1, emoji="👍", on=True)
        pushed = listener.pushed("messages_changed", after_rev=1)
        took = watch.took()
        now = bob.data("GET", f"/rooms/{group['id']}/messages/1")
    figures.add(
        f"killed in an edit, {place}; another process {who}",
        acked=1 + (who == "changes"),
        stored=len(entries_of(beside, group)),
        lost=int(now["data"] != LAST_WORDS),
        slowest=took.elapsed,
    )
    assert pushed["messages"] == [shared(now)] and now["data"] == LAST_WORDS
    assert pushed["last_rev"] == now["version"] == (2 if who == "reads" else 3)
    assert took.seconds < PUSHED_WITHIN
    assert isinstance(dying, InjuredServer) and not dying.running
