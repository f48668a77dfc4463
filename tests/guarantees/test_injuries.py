"""Servers with injuries: slow look-ups, a crash at the worst moment, a clock that is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from harness.accounts import bearer
from harness.people import make_people
from harness.servers import Server
from tests.figures import Figures
from tests.guarantees.reading import inversions, is_gapless, log_of
from tests.sockets.conftest import Member, key_of, message
from tests.stopwatch import Stopwatch, Took
from tests.wire import WireClient

PUSHED_WITHIN = 3.0  # seconds, as promised
CHANGED_WITHIN = 5.0
FIVE_MINUTES = 300


class InjuredServer(Server):
    program = "tests/guarantees/injured_server.py"


@contextmanager
def injured(server: Server, data_dir: Path, **injury: object) -> Iterator[Server]:
    """Run another process on a server's database and key, with an injury."""
    settings = {"MONGO_URI": server.mongo_uri, "SECRET_KEY": key_of(server), "RATE_LIMITS": "off"}
    with InjuredServer(data_dir, **settings, **injury) as other:
        yield other


def people_on(beside: Flask, stack: ExitStack, **servers: Server) -> list[Member]:
    """Make people, each of whom calls a server of their own."""
    made = make_people(beside, *servers)
    return [Member(one, server, stack) for one, server in zip(made, servers.values(), strict=True)]


def test_messages_keep_their_order_over_slow_look_ups_and_batches(
    server: Server, beside: Flask, tmp_path: Path, figures: Figures
) -> None:
    with ExitStack() as stack, injured(server, tmp_path, INJURY_DELAY=0.02) as slow:
        ada, bob = people_on(beside, stack, ada=slow, bob=slow)
        group = ada.create_group(bob)
        clients = [ada.socket("/group"), bob.socket("/group")]
        in_flight: list[list[int]] = [[], []]
        acked: list[list[dict[str, Any]]] = [[], []]
        for number in range(200):
            for client, waiting, answers in zip(clients, in_flight, acked, strict=True):
                if len(waiting) == 32:
                    answers.append(client.ack(waiting.pop(0))["data"])
                waiting.append(client.emit("/group", "send_message", message(group, str(number))))
        for client, waiting, answers in zip(clients, in_flight, acked, strict=True):
            answers += [client.ack(ack_id)["data"] for ack_id in waiting]
        stored = log_of(ada, group)
        inverted = sum(inversions(one["seq"] for one in answers) for answers in acked)
        heard = [one["seq"] for one in clients[0].pushes("message_created")]
    figures.add(
        "200 sends of each of two, 32 unanswered, slow look-ups",
        acked=len(acked[0]) + len(acked[1]),
        stored=len(stored),
        lost=400 - len(stored),
        repeated=len(stored) - len({one["id"] for one in stored}),
        inverted=inverted + inversions(heard),
    )
    assert [[one["data"] for one in answers] for answers in acked] == [
        [str(number) for number in range(200)]
    ] * 2
    assert inverted == 0 and inversions(heard) == 0
    assert is_gapless(stored) and len(stored) == 400


def test_message_of_a_process_that_was_killed_before_telling_reaches_everyone(
    server: Server, beside: Flask, tmp_path: Path, figures: Figures
) -> None:
    last_words = "stored and not told"
    with ExitStack() as stack, injured(server, tmp_path, INJURY_KILL=last_words) as dying:
        ada, bob = people_on(beside, stack, ada=dying, bob=server)
        group = ada.create_group(bob)
        listener = bob.socket("/group")
        client = ada.socket("/group")
        before = client.call("/group", "send_message", message(group, "before"))["data"]
        client.emit("/group", "send_message", message(group, last_words, "last"))
        client.wait_closed()
        dying.wait()
        began = time.monotonic()
        dying.set("INJURY_KILL", "nothing")
        dying.start()
        restart = time.monotonic() - began
        watch = Stopwatch(server, dying)
        assert listener.pushed("message_created", client_id="last")["data"] == last_words
        took = watch.took()
        # Whoever comes back is told by `sync`, and sends what was not acked again.
        again = ada.socket("/group")
        rooms = {group["id"]: before["seq"]}
        missed = again.call("/group", "sync", {"rooms": rooms})["data"]["rooms"][group["id"]]
        acked = again.call("/group", "send_message", message(group, last_words, "last"))["data"]
        stored = log_of(ada, group)
    figures.add(
        "killed between store and push",
        acked=2,
        stored=len(stored),
        lost=2 - len(stored),
        repeated=len(stored) - len({one["client_id"] for one in stored}),
        slowest=took.elapsed,
        restart=restart,
    )
    assert missed["messages"] == [acked] and stored == [before, acked]
    assert took.seconds < PUSHED_WITHIN


def test_a_message_whose_files_were_claimed_before_the_kill_is_sent_again_with_them(
    server: Server, beside: Flask, tmp_path: Path
) -> None:
    last_words, content = "claimed and not stored", b"some bytes"
    injury = {"INJURY_KILL": last_words, "INJURY_KILL_AT": "claimed"}
    with ExitStack() as stack, injured(server, tmp_path, **injury) as dying:
        ada, bob = people_on(beside, stack, ada=dying, bob=server)
        group = ada.create_group(bob)
        path = f"/rooms/{group['id']}/files?name=a.bin"
        file = ada.data("POST", path, content=content)
        sent = message(group, last_words, "last") | {"files": [file["id"]]}
        client = ada.socket("/group")
        client.emit("/group", "send_message", sent)
        client.wait_closed()
        dying.wait()
        assert log_of(bob, group) == []
        dying.set("INJURY_KILL", "nothing")
        dying.start()
        client = ada.socket("/group")
        acked = [client.call("/group", "send_message", sent)["data"] for _ in range(2)]
        assert acked[0]["files"] == [file] and acked[0] == acked[1]
        assert log_of(bob, group) == acked[:1]
        assert bob.http("GET", f"/files/{file['id']}").content == content


@pytest.mark.parametrize("ahead", [FIVE_MINUTES, -FIVE_MINUTES])
def test_clock_that_is_five_minutes_off_changes_nothing(
    server: Server, beside: Flask, tmp_path: Path, figures: Figures, ahead: int
) -> None:
    with ExitStack() as stack, injured(server, tmp_path, INJURY_CLOCK=ahead) as other:
        ada, bob = people_on(beside, stack, ada=server, bob=other)
        group = ada.create_group(bob)
        clients = ada.socket("/group"), bob.socket("/group")
        took, sent = list[Took](), []
        for number in range(4):
            sender, receiver = clients[number % 2], clients[1 - number % 2]
            watch = Stopwatch(server, other)
            sent.append(sender.call("/group", "send_message", message(group))["data"])
            receiver.pushed("message_created", id=sent[-1]["id"])
            took.append(watch.took())
        stored = log_of(bob, group)
        # Tokens of either are good at the other, and a session that ends here ends there.
        headers = bearer(bob.refresh_token)
        answer = requests.post(f"{other.url}/api/session/refresh", headers=headers, timeout=60)
        tokens = answer.json()["data"]
        visiting = WireClient(server.url)
        stack.callback(visiting.close)
        assert "sid" in visiting.connect("/group", tokens["access_token"])
        watch = Stopwatch(server, other)
        bob.data("DELETE", "/session")
        visiting.wait(lambda entry: entry[0] == visiting.DISCONNECT)
        took_to_end = watch.seconds()
    figures.add(
        f"clock of one process {ahead:+} s off",
        acked=4,
        stored=len(stored),
        inverted=inversions(one["seq"] for one in stored),
        slowest=max(one.elapsed for one in took),
    )
    assert stored == sent
    assert max(one.seconds for one in took) < PUSHED_WITHIN and took_to_end < CHANGED_WITHIN
