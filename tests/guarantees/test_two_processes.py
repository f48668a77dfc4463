"""Two processes on one database, under load: nothing lost, nothing twice, nothing out of order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from chat.log.futures import wait_for
from chat.wiring import Services
from harness.servers import Server
from harness.writers import write_at_once
from tests.figures import Figures
from tests.guarantees.reading import inversions, is_gapless, log_of, read_on
from tests.sockets.conftest import Member, Pair, message
from tests.stopwatch import Stopwatch, Took
from tests.wire import WireClient

PUSHED_WITHIN = 3.0  # seconds, as promised
ENOUGH = 60.0  # seconds, for what only has to happen


@pytest.mark.parametrize(
    "seconds", [4, pytest.param(10, marks=pytest.mark.torture)], ids="{} s".format
)
def test_two_processes_fill_one_log_and_a_reader_skips_nothing(
    spread: Pair, server: Server, elsewhere: Server, figures: Figures, seconds: int
) -> None:
    members = spread(*[f"sender{number}" for number in range(16)])
    group = members[0].create_group(*members[1:])
    reader, read, is_over = members[0], list[dict[str, Any]](), threading.Event()

    def poll() -> None:
        while not is_over.is_set():
            read.extend(read_on(reader, group, read[-1]["seq"] if read else 0))

    with ThreadPoolExecutor() as pool:
        polling = pool.submit(poll)
        try:
            outcome = write_at_once(
                [server.port, elsewhere.port],
                [[one.token for one in members[side::2]] for side in (0, 1)],
                group["id"],
                seconds,
            )
        finally:
            is_over.set()
        polling.result(ENOUGH)
    stored = log_of(reader, group)
    figures.add(
        f"two processes write at once for {seconds} s",
        acked=len(outcome.seqs),
        stored=len(stored),
        lost=len(set(outcome.seqs) - {one["seq"] for one in stored}),
        repeated=len(stored) - len({one["client_id"] for one in stored}),
        inverted=outcome.inverted,
        late=len(outcome.late),
        rates=" and ".join(f"{rate:.0f}/s" for rate in outcome.rates),
    )
    assert outcome.is_gapless and outcome.inverted == 0
    assert [one["seq"] for one in stored] == outcome.seqs
    assert all(len(seqs) > 0 for side in outcome.processes for seqs in side)
    assert is_gapless(read) and read == stored[: len(read)]


def test_hundred_repeats_of_one_send_are_one_message(spread: Pair, figures: Figures) -> None:
    here, beyond = spread("here", "beyond")
    group = here.create_group()
    there = here.on(beyond)  # one sender, with clients of both processes
    clients = [member.socket("/group") for member in (here, there, here, there)]
    together = threading.Barrier(len(clients) + 4)

    def over_socket(client: WireClient, number: int) -> list[dict[str, Any]]:
        together.wait(ENOUGH)
        ids = [
            client.emit("/group", "send_message", message(group, f"try {number} {repeat}", "once"))
            for repeat in range(20)
        ]
        return [client.ack(ack_id)["data"] for ack_id in ids]

    def over_http(member: Member, number: int) -> list[dict[str, Any]]:
        together.wait(ENOUGH)
        return [member.post(group, f"try {number} {repeat}", "once") for repeat in range(5)]

    with ThreadPoolExecutor(len(clients) + 4) as pool:
        running = [pool.submit(over_socket, client, n) for n, client in enumerate(clients)]
        running += [pool.submit(over_http, (here, there)[n % 2], 10 + n) for n in range(4)]
        acks = [ack for one in running for ack in one.result(3 * ENOUGH)]
    stored = log_of(here, group)
    figures.add(
        "100 repeats of one send over two processes",
        acked=len(acks),
        stored=len(stored),
        lost=sum(ack not in stored for ack in acks),
        repeated=len(stored) - 1,
    )
    assert len(acks) == 100 and len(stored) == 1
    assert all(ack == stored[0] for ack in acks)


def test_repeats_of_many_sends_over_the_other_process_are_answered_as_stored(
    spread: Pair, figures: Figures
) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    clients = [here.socket("/group"), there.socket("/group")]
    repeating = here.on(there).socket("/group")
    ids = [f"m{number}" for number in range(32)]
    first = [clients[0].emit("/group", "send_message", message(group, one, one)) for one in ids]
    stored = [clients[0].ack(ack_id)["data"] for ack_id in first]
    # Among new messages of somebody else, which must neither wait for them nor get lost.
    again, others = [], []
    for one in ids:
        again.append(repeating.emit("/group", "send_message", message(group, "other words", one)))
        others.append(clients[1].emit("/group", "send_message", message(group, "new")))
    assert [repeating.ack(ack_id)["data"] for ack_id in again] == stored
    new = [clients[1].ack(ack_id)["data"]["seq"] for ack_id in others]
    log = log_of(here, group)
    figures.add(
        "32 sends repeated over the other process",
        acked=len(first) + len(again) + len(others),
        stored=len(log),
        lost=64 - len(log),
        repeated=len(log) - len({(one["user_id"], one["client_id"]) for one in log}),
        inverted=inversions(new),
    )
    assert is_gapless(log) and len(log) == 64 and inversions(new) == 0


def test_thousand_messages_missed_are_what_sync_gives(spread: Pair, figures: Figures) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    seen = [here.post(group, "before")["seq"]]
    with_lost_connection = there.socket("/group")
    with_lost_connection.close()
    sender = here.socket("/group")
    sent: list[dict[str, Any]] = []
    while len(sent) < 1_000:
        ids = [sender.emit("/group", "send_message", message(group)) for _ in range(25)]
        sent += [sender.ack(ack_id)["data"] for ack_id in ids]
    client, missed, pages = there.socket("/group"), list[dict[str, Any]](), 0
    has_more = True
    while has_more:
        answer = client.call("/group", "sync", {"rooms": {group["id"]: seen[-1]}})["data"]
        page = answer["rooms"][group["id"]]
        assert page["reset"] is False and answer["gone"] == [] and answer["joined"] == []
        missed += page["messages"]
        seen += [one["seq"] for one in page["messages"]]
        has_more, pages = page["has_more"], pages + 1
    figures.add(
        "1,000 messages missed, then sync",
        acked=len(sent),
        stored=len(log_of(here, group)) - 1,
        lost=sum(one not in missed for one in sent),
        repeated=len(missed) - len({one["id"] for one in missed}),
        inverted=inversions(one["seq"] for one in missed),
        pages=pages,
    )
    assert missed == sent


def missing(client: WireClient, page: list[dict[str, Any]], more: int) -> int:
    """Read on until a page and what is pushed reach so much further without a hole.

    Returns how many messages have not come when there is no more time.
    """
    first, last = (page[0]["seq"], page[-1]["seq"]) if page else (1, 0)
    due = set(range(first, last + more + 1)) - {one["seq"] for one in page}
    deadline = time.monotonic() + ENOUGH
    while due and time.monotonic() < deadline:
        client.read()
        due -= {one["seq"] for one in client.pushes("message_created")}
    return len(due)


@pytest.mark.parametrize("count", [40, pytest.param(500, marks=pytest.mark.torture)])
def test_joining_a_room_under_traffic_leaves_no_hole(
    spread: Pair, figures: Figures, count: int
) -> None:
    owner, talker, *joiners = spread("owner", "talker", *[f"joiner{n}" for n in range(count)])
    group = owner.create_group(talker)
    is_over = threading.Event()

    def talk(member: Member) -> int:
        client, sent = member.socket("/group"), 0
        while not is_over.is_set():
            assert "data" in client.call("/group", "send_message", message(group))
            client.received.clear()
            sent += 1
        return sent

    def join(number: int) -> int:
        joiner = joiners[number]
        client = joiner.socket("/group")
        if number % 4 < 2:
            assert "data" in client.call("/group", "join_room", {"number": group["number"]})
        else:  # in another process, for every other one of them
            owner.add(group, joiner)
            client.pushed("room_created", id=group["id"])
        page = joiner.data("GET", f"/rooms/{group['id']}/messages?limit=20")["messages"]
        holes = missing(client, page, more=10)
        client.close()
        return holes

    with ThreadPoolExecutor(8) as pool:
        talking = [pool.submit(talk, member) for member in (owner, talker)]
        try:
            holes = sum(pool.map(join, range(count)))
        finally:
            is_over.set()
        sent = sum(one.result(ENOUGH) for one in talking)
    stored = log_of(owner, group)
    figures.add(f"{count} joins under traffic", acked=sent, stored=len(stored), lost=holes)
    assert holes == 0 and is_gapless(stored) and len(stored) == sent


def test_what_others_write_is_pushed_within_three_seconds(
    spread: Pair, server: Server, elsewhere: Server, beside: Flask, figures: Figures
) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    client, other = here.socket("/group"), there.socket("/group")
    services: Services = beside.extensions["chat"]
    took, stored = list[Took](), []
    for number in range(3):
        watch = Stopwatch(server, elsewhere)
        sent = other.call("/group", "send_message", message(group, f"process {number}"))["data"]
        stored.append(client.pushed("message_created", id=sent["id"]))
        took.append(watch.took())
        # As a command does: without a server, and without anybody who listens.
        user = services.profiles.get_by_username(here.username)
        watch = Stopwatch(server, elsewhere)
        promise = services.messages.send(user, group["id"], f"{number}", f"command {number}")
        sent_id = wait_for(promise, ENOUGH).message.id
        stored.append(client.pushed("message_created", id=sent_id))
        took.append(watch.took())
    figures.add(
        "written by another process or a command",
        acked=6,
        stored=len(log_of(here, group)),
        inverted=inversions(one["seq"] for one in stored),
        slowest=max(one.elapsed for one in took),
    )
    assert max(one.seconds for one in took) < PUSHED_WITHIN
