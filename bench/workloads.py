"""What is measured. A workload sets up on a server that has just started and yields its figures.

Those that `repeat` go on yielding as often as they are asked, on the same server; the others are
given a fresh server for each run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import wraps

from playwright.sync_api import sync_playwright

from bench import changing, crowd, open_room
from bench.history import pages
from bench.indexing import indexing as indexed
from bench.processes import open_files, resident_bytes
from bench.search import searches
from bench.several import NAMES, against_one
from bench.sides import Side
from bench.talking import Conversation, Figures, Talker, percentiles
from bench.town import FEWEST, GROUP, PEOPLE, Place, Town
from harness.clients import Client, Loop
from harness.first_visit import SLOW, first_visit
from harness.programs import quick_chromium

LEAVERS = 1_000
CLOSED_AT_ONCE = 20
CONNECTIONS = 10_000
IDLE = 3_000
COMING = 3_000
COMING_AT_ONCE = 100
CROWD = 1_000
REACTING = 200
EDITORS = 16
MISSED_CHANGES = 1_000
SCROLLED = 10_000
DEAF_RECEIVE_BYTES = 4_096  # small, so that the kernel does not buffer the unread pushes


@dataclass(frozen=True)
class Pace:
    """The durations of a measurement, in seconds, and its amounts."""

    warm_up: float = 2.0
    window: float = 5.0
    after_leaving: float = 5.0  # the grace of presence takes two of them
    choking: float = 15.0  # a client that does not read is dropped within them
    settling: float = 3.0
    old_messages: int = 1_000_000
    people: int = PEOPLE


QUICK = Pace(1.0, 2.0, 3.0, 7.0, 1.0, 20_000, FEWEST)

Measuring = Generator[Figures, None, None]
Measure = Callable[[type[Side], Town, Pace], Measuring]


@dataclass(frozen=True)
class Goal:
    """A bound on a figure of ours, or on its ratio to the same figure of a peer."""

    figure: str
    versus: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def value(self, medians: dict[str, Figures]) -> float | None:
        """Return the bounded figure or ratio, or None when the peer was not measured."""
        own = medians["ours"][self.figure]
        if self.versus is None:
            return own
        return own / medians[self.versus][self.figure] if self.versus in medians else None

    def is_met(self, value: float) -> bool:
        if self.at_least is not None and value < self.at_least:
            return False
        return self.at_most is None or value <= self.at_most


@dataclass(frozen=True)
class Workload:
    """A measurement. `shown` are the figures in the table; the first one is in the chart.

    Those that `repeat` yield more than one run. Those `on_both` databases are measured once on the
    other one too.
    """

    name: str
    title: str
    measure: Measure
    sides: tuple[str, ...]
    shown: tuple[str, ...]
    goals: tuple[Goal, ...]
    repeat: bool = False
    on_both: bool = False


def served(measure: Callable[[Side, Pace], Measuring]) -> Measure:
    """Return a measurement that starts its server first."""

    @wraps(measure)
    def start_and_measure(kind: type[Side], town: Town, pace: Pace) -> Measuring:
        with kind(town) as side:
            yield from measure(side, pace)

    return start_and_measure


@served
def fanout_500(side: Side, pace: Pace) -> Measuring:
    """500 in a group, 16 of them with 8 sends in flight each."""
    yield from _talk_in(side, pace, side.town.places.hall, talkers=16, in_flight=8)


@served
def fanout_100(side: Side, pace: Pace) -> Measuring:
    """100 in a group, 4 of them with 8 sends in flight each."""
    yield from _talk_in(side, pace, side.town.places.classroom, talkers=4, in_flight=8)


@served
def in_flight_256(side: Side, pace: Pace) -> Measuring:
    """8 in a group, each with 32 sends in flight."""
    place = side.town.places.small[-1]
    eight = replace(place, members=place.members[:8])
    yield from _talk_in(side, pace, eight, talkers=8, in_flight=32)


@served
def one_sender(side: Side, pace: Pace) -> Measuring:
    """10 in a group, one of them sends and waits for the ack before the next."""
    yield from _talk_in(side, pace, side.town.places.small[-1], talkers=1, in_flight=1)


@served
def visit_page(side: Side, pace: Pace) -> Measuring:
    """A browser that has kept nothing of the page opens it at 1.6 Mbit/s and 150 ms."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**quick_chromium())
        first_visit(browser, side.url)  # the first page of a browser waits for the browser itself
        visit = first_visit(browser, side.url, SLOW)
        browser.close()
    yield {
        "form ms": visit.shown_ms,
        "KiB": visit.received / 1024,
        "requests": len(visit.addresses),
    }


def _talk_in(side: Side, pace: Pace, place: Place, talkers: int, in_flight: int) -> Measuring:
    with closing(Loop()) as loop:
        clients = side.gather(loop, place)
        conversation = Conversation(
            loop, [side.talker(client, place, in_flight) for client in clients[:talkers]]
        )
        conversation.start(pace.warm_up)
        figures = conversation.measure(side.pids, pace.window)
        conversation.finish()
    yield figures


@served
def mixed_200(side: Side, pace: Pace) -> Measuring:
    """200 people in both namespaces: 20 groups of 10 and 50 pairs, everybody talks everywhere."""
    groups, pairs = side.town.places.small[:20], side.town.places.pairs
    with closing(Loop()) as loop:
        clients = {
            member.id: side.client(loop, member) for place in groups for member in place.members
        }
        loop.enter(clients.values())
        talkers = [
            Talker(clients[member.id], place)
            for place in [*groups, *pairs]
            for member in place.members
        ]
        conversation = Conversation(loop, talkers)
        conversation.start(pace.warm_up)
        figures = conversation.measure(side.pids, pace.window)
        conversation.finish()
    yield figures


@served
def idle_3000(side: Side, pace: Pace) -> Measuring:
    """3,000 connections in both namespaces that do nothing: memory for each."""
    people = side.town.people
    with closing(Loop()) as loop:
        first, *others = [
            side.client(loop, people[number % len(people)]) for number in range(IDLE + 1)
        ]
        loop.enter([first])
        loop.run(lambda: False, pace.settling)
        before = resident_bytes(side.pid)
        loop.enter(others)
        loop.run(lambda: False, pace.settling)
        used = resident_bytes(side.pid) - before
    yield {"KiB each": used / len(others) / 1024}


@served
def connects_3000(side: Side, pace: Pace) -> Measuring:
    """3,000 people enter `/group`, up to 100 of them at the same time."""
    people = side.town.people
    with closing(Loop()) as loop:
        clients = [
            side.client(loop, people[number % len(people)], GROUP) for number in range(COMING)
        ]
        own, started = time.process_time(), time.perf_counter()
        loop.enter(clients, at_once=COMING_AT_ONCE)
        taken = time.perf_counter() - started
        figures = {
            "connects/s": len(clients) / taken,
            "generator": (time.process_time() - own) / taken,
        }
    yield figures


@served
def leave_1000(side: Side, pace: Pace) -> Measuring:
    """1,000 of 10,000 connections end at once while 10 others talk: their longest wait."""
    people, place = side.town.people, side.town.places.small[-1]
    staying = [one for one in people if one not in place.members]
    # All connections belong to the same users, whose presence changes are pushed.
    numbers = sorted(range(CONNECTIONS), key=lambda number: number % len(staying))

    def made(count: int, start: int = 0) -> list[Client]:
        chosen = numbers[start : start + count]
        return [side.client(loop, staying[number % len(staying)]) for number in chosen]

    with closing(Loop()) as loop:
        loop.enter(made(CONNECTIONS - LEAVERS - len(place.members), LEAVERS))
        talkers = [Talker(client, place) for client in side.gather(loop, place)]
        while True:
            leaving = made(LEAVERS)
            loop.enter(leaving)
            conversation = Conversation(loop, talkers)
            conversation.start(pace.warm_up)
            conversation.forget_latencies()
            for number, client in enumerate(leaving):
                client.close()
                if number % CLOSED_AT_ONCE == 0:  # otherwise the talkers wait for the generator
                    conversation.run(0)
            conversation.run(pace.after_leaving)
            figures = percentiles(conversation.latencies())
            conversation.stop()
            yield {"longest stall ms": figures["max ms"], "p50 ms": figures["p50 ms"]}


@served
def storm_1000(side: Side, pace: Pace) -> Measuring:
    """1,000 others lose their connections, come back all at once and `sync`, while 10 talk."""
    place = side.town.places.small[-1]
    with crowd.gathered(side, side.town.people[:CROWD]) as others, closing(Loop()) as loop:
        conversation = Conversation(
            loop, [Talker(client, place) for client in side.gather(loop, place)]
        )
        conversation.start(pace.warm_up)
        quiet = conversation.measure(side.pids, pace.window)
        conversation.forget_latencies()
        others.reconnect()
        loop.require(lambda: others.is_back, crowd.STORM_SECONDS, "coming back")
        loaded = percentiles(conversation.latencies())
        taken = others.seconds()
        conversation.finish()
    yield {**_compared(quiet, loaded), "back after s": taken}


@served
def deaf_20(side: Side, pace: Pace) -> Measuring:
    """10 of a group talk; 20 of it read at first, then give way to clients that never do."""
    place = side.town.places.listened
    with closing(Loop()) as loop:
        clients = side.gather(loop, place)
        speakers, readers = clients[:10], clients[10:]
        talkers = [Talker(client, place) for client in speakers]
        conversation = Conversation(loop, talkers)
        conversation.start(pace.warm_up)
        quiet = conversation.measure(side.pids, pace.window)
        for client in readers:
            client.close()
        deaf = side.gather(loop, replace(place, members=place.members[10:]), DEAF_RECEIVE_BYTES)
        for client in deaf:
            loop.forget(client)
        open_before = open_files(side.pid)
        conversation.forget_latencies()
        conversation.run(pace.choking)
        loaded = percentiles(conversation.latencies())
        dropped = open_before - open_files(side.pid)
        for client in deaf:
            client.reset()
    yield {**_compared(quiet, loaded), "dropped": dropped}


@served
def react_200(side: Side, pace: Pace) -> Measuring:
    """200 people react to one message within a second, in a group of 500."""
    yield changing.reactions(side, side.town.places.hall, REACTING)


@served
def edit_one(side: Side, pace: Pace) -> Measuring:
    """10 in a group, one of them edits a message and waits for the ack before the next edit."""
    yield changing.edits(side, side.town.places.small[-1], 1, pace.warm_up, pace.window)


@served
def edit_16(side: Side, pace: Pace) -> Measuring:
    """100 in a group, 16 of them edit a message each and wait for the ack before the next edit."""
    yield changing.edits(side, side.town.places.classroom, EDITORS, pace.warm_up, pace.window)


@served
def catch_up_1000(side: Side, pace: Pace) -> Measuring:
    """One of a group was away while 1,000 messages changed, and asks by `sync` with `revs`."""
    yield from changing.catching_up(side, side.town.places.small[-1], MISSED_CHANGES)


@served
def open_room_burst(side: Side, pace: Pace) -> Measuring:
    """500 messages in 5 s and 200 reactions in 2 s, into a room that is open in a browser."""
    yield open_room.burst(side, side.town.places.small[-1])


def open_room_scroll(kind: type[Side], town: Town, pace: Pace) -> Measuring:
    """Somebody scrolls in a browser from the newest message of a room to its first one."""
    reader = town.places.small[-2].members[0]
    room_id = open_room.make_history(town, reader, min(SCROLLED, pace.old_messages // 20))
    with kind(town) as side:
        yield open_room.scrolling(side, reader, room_id)


def _compared(quiet: Figures, loaded: Figures) -> Figures:
    return {
        "p99 ratio": loaded["p99 ms"] / quiet["p99 ms"],
        "quiet p99 ms": quiet["p99 ms"],
        "p99 ms": loaded["p99 ms"],
        "max ms": loaded["max ms"],
    }


def history_page(_: type[Side], town: Town, pace: Pace) -> Measuring:
    """Pages of 50 from a room of 1,000 messages and from one of a million, on data of their own."""
    yield from pages(pace.old_messages, town.engine)


def search(_: type[Side], town: Town, pace: Pace) -> Measuring:
    """Searches in a million messages of 1,000 rooms, by a member of all and by one of a single."""
    yield from searches(pace.old_messages, town.engine)


@served
def indexing(side: Side, pace: Pace) -> Measuring:
    """8 in a group send texts like those of people, with and without the index for searches."""
    yield from indexed(side, pace.warm_up, pace.window)


def processes_3(_: type[Side], town: Town, pace: Pace) -> Measuring:
    """The same senders at one, two and three processes, with a database of their own."""
    yield from against_one(pace.window, town.engine)


SHARES = ("server", "database", "generator")
RATES = ("deliveries/s", "messages/s", *SHARES)
STORED = ("ours", "node-stored", "node-batched")
ALL = (*STORED, "node", "flask", "centrifugo")

WORKLOADS = (
    Workload(
        "fanout_500",
        "500 in a group, 16 senders × 8 in flight",
        fanout_500,
        ALL,
        RATES,
        (
            Goal("deliveries/s", at_least=2_500_000),
            Goal("deliveries/s", "node-stored", at_least=40),
            Goal("deliveries/s", "node", at_least=20),
            Goal("deliveries/s", "centrifugo", at_least=2.5),
        ),
        on_both=True,
    ),
    Workload(
        "fanout_100",
        "100 in a group, 4 senders × 8 in flight",
        fanout_100,
        (*STORED, "node", "centrifugo"),
        RATES,
        (
            Goal("deliveries/s", "node-stored", at_least=6),
            Goal("deliveries/s", "centrifugo", at_least=0.75),
        ),
        on_both=True,
    ),
    Workload(
        "one_sender",
        "10 in a group, 1 sender, 1 in flight: send → ack",
        one_sender,
        STORED,
        ("p50 ms", "p99 ms", "messages/s"),
        (
            Goal("p50 ms", "node-stored", at_most=0.95),
            Goal("p99 ms", "node-stored", at_most=1.0),
        ),
        on_both=True,
    ),
    Workload(
        "in_flight_256",
        "8 in a group, all of them send, 32 in flight each",
        in_flight_256,
        STORED,
        ("messages/s", "p50 ms", "p99 ms", *SHARES),
        (Goal("messages/s", at_least=10_000),),
        on_both=True,
    ),
    Workload(
        "mixed_200",
        "200 people, 20 groups, 50 pairs, all talking",
        mixed_200,
        STORED,
        ("messages/s", "deliveries/s", "p99 ms", *SHARES),
        (
            Goal("messages/s", at_least=6_000),
            Goal("messages/s", "node-stored", at_least=4),
        ),
        on_both=True,
    ),
    Workload(
        "idle_3000",
        "3,000 idle connections in both namespaces",
        idle_3000,
        ("ours", "node", "centrifugo"),
        ("KiB each",),
        (Goal("KiB each", at_most=9.5),),
    ),
    Workload(
        "leave_1000",
        "1,000 of 10,000 connections leave at once: the longest stall of the others",
        leave_1000,
        ("ours",),
        ("longest stall ms", "p50 ms"),
        (Goal("longest stall ms", at_most=200),),
        repeat=True,
    ),
    Workload(
        "connects_3000",
        "3,000 authenticated connects, memberships read",
        connects_3000,
        ("ours", "node-stored"),
        ("connects/s", "generator"),
        (
            Goal("connects/s", at_least=1_000),
            Goal("connects/s", "node-stored", at_least=2),
        ),
        on_both=True,
    ),
    Workload(
        "history_page",
        "history page of 50 in a room of 1,000,000 messages, compared with one of 1,000",
        history_page,
        ("ours",),
        ("ratio", "small ms", "large ms"),
        (Goal("ratio", at_most=1.1),),
        repeat=True,
    ),
    Workload(
        "search",
        "searches in 1,000,000 messages of 1,000 rooms, by a member of all rooms and of one",
        search,
        ("ours",),
        (
            "all rare p50",
            "all rare p99",
            "all frequent p50",
            "all frequent p99",
            "all pair p50",
            "all pair p99",
            "all phrase p50",
            "all phrase p99",
            "one rare p99",
            "one frequent p99",
            "one pair p99",
            "one phrase p99",
            "index",
            *(
                f"{means} {kind}"
                for kind in ("rare", "frequent", "pair", "phrase")
                for means in ("text", "regex")
            ),
            "text index",
        ),
        (
            Goal("all rare p50", at_most=20),
            Goal("all rare p99", at_most=100),
            Goal("all frequent p50", at_most=20),
            Goal("all frequent p99", at_most=100),
            Goal("all pair p50", at_most=20),
            Goal("all pair p99", at_most=100),
            Goal("all phrase p50", at_most=20),
            Goal("all phrase p99", at_most=100),
            Goal("index", at_most=1.5),
        ),
        repeat=True,
    ),
    Workload(
        "indexing",
        "8 in a group send texts, 32 in flight each, with and without the index for searches;"
        " then 2,000 messages a second",
        indexing,
        ("ours",),
        (
            "with/without",
            "messages/s with",
            "messages/s without",
            "most behind",
            "behind at the end",
            "caught up s",
        ),
        (Goal("with/without", at_least=0.9),),
    ),
    Workload(
        "storm_1000",
        "10 talk while 1,000 others reconnect and sync: their p99, compared with quiet",
        storm_1000,
        ("ours",),
        ("p99 ratio", "quiet p99 ms", "p99 ms", "back after s"),
        (Goal("p99 ratio", at_most=2),),
    ),
    Workload(
        "processes_3",
        "24 senders × 8 in flight in a group, at two and three processes with Redis, against one",
        processes_3,
        ("ours",),
        (
            *("two/one", "three/one", "least share"),
            *(f"messages/s of {name}" for name in NAMES.values()),
        ),
        (Goal("two/one", at_least=0.95), Goal("three/one", at_least=0.85)),
    ),
    Workload(
        "deaf_20",
        "10 talk in a room with 20 clients that never read: their p99, compared with quiet",
        deaf_20,
        ("ours",),
        ("p99 ratio", "quiet p99 ms", "p99 ms", "dropped"),
        (Goal("p99 ratio", at_most=1.5),),
    ),
    Workload(
        "react_200",
        "200 of 500 in a group react to one message within a second: until everybody sees all",
        react_200,
        ("ours",),
        ("all know ms", "after the last ms", "p99 ms", "pushes", "deliveries/s", *SHARES),
        (),
    ),
    Workload(
        "first_visit",
        "a first visit of the page, cold, at 1.6 Mbit/s and 150 ms: until the log-in form is there",
        visit_page,
        ("ours", "modules"),
        ("form ms", "KiB", "requests"),
        (
            Goal("form ms", at_most=1_200),
            Goal("KiB", at_most=100),
            Goal("requests", at_most=12),
        ),
    ),
    Workload(
        "edit_one",
        "10 in a group, 1 edits, 1 in flight: edit → ack",
        edit_one,
        ("ours",),
        ("edits/s", "p50 ms", "p99 ms", *SHARES),
        (),
    ),
    Workload(
        "edit_16",
        "100 in a group, 16 edit, 1 in flight each: edit → ack",
        edit_16,
        ("ours",),
        ("edits/s", "p50 ms", "p99 ms", *SHARES),
        (),
    ),
    Workload(
        "catch_up_1000",
        "1,000 messages changed while one was away: `sync` with `revs` until nothing is left",
        catch_up_1000,
        ("ours",),
        ("catch up ms", "answers", "KiB"),
        (),
        repeat=True,
    ),
    Workload(
        "open_room_burst",
        "500 messages in 5 s, then 200 reactions in 2 s, into a room that a browser has open",
        open_room_burst,
        ("ours",),
        ("longest task ms", "of messages ms", "of reactions ms", "elements"),
        (Goal("longest task ms", at_most=100), Goal("elements", at_most=2_000)),
    ),
    Workload(
        "open_room_scroll",
        "10,000 messages scrolled through in a browser: elements in the document",
        open_room_scroll,
        ("ours",),
        ("most elements", "longest task ms"),
        (Goal("most elements", at_most=2_000),),
    ),
)
