"""Bots behind a network that loses, repeats and delays pushes, and breaks in the middle."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from chat.bots import Bot, Message
from harness.servers import Server
from tests.bots.conftest import PATIENCE, Talker
from tests.figures import Figure, Figures
from tests.proxy import FaultyProxy
from tests.sockets.conftest import message

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]
Room = dict[str, Any]

EACH = 40  # messages of each talker to each room


class Listeners:
    """Bots that note what they hear."""

    def __init__(self, bots: list[Bot]) -> None:
        self.heard: list[queue.Queue[Message]] = [queue.Queue() for _ in bots]
        for bot, heard in zip(bots, self.heard, strict=True):
            bot.on_message(heard.put)
            bot.start()
        assert all(bot.wait_ready(PATIENCE) for bot in bots)

    def await_all(self, rooms: list[Room], count: int) -> dict[str, Figure]:
        """See that each hears so many messages in each room, once and in order.

        Returns the figures of that; `slowest` is how long the last one took from now on.
        """
        began = time.monotonic()
        for heard in self.heard:
            found = [heard.get(timeout=PATIENCE) for _ in range(count * len(rooms))]
            for room in rooms:
                seqs = [one.seq for one in found if one.room_id == room["id"]]
                assert seqs == list(range(1, count + 1))
            assert heard.empty()
        took = time.monotonic() - began
        stored = count * len(rooms)
        counts = {"acked": stored, "stored": stored, "lost": 0, "repeated": 0, "inverted": 0}
        return {**counts, "slowest": took}


def talk(
    talkers: list[Talker], rooms: list[Room], between: Callable[[int], None] = lambda _: None
) -> None:
    """Let all of them talk in all rooms at once; `between(number)` is called after each message."""

    def say(talker: Talker) -> None:
        client = talker.socket("/group")
        for number in range(EACH):
            sends = [client.emit("/group", "send_message", message(room)) for room in rooms]
            assert all("data" in client.ack(ack_id) for ack_id in sends)
            between(number)

    threads = [threading.Thread(target=say, args=(talker,)) for talker in talkers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_bots_hear_everything_once_and_in_order_although_pushes_are_lost(
    server: Server, people: People, make_bot: MakeBot, figures: Figures
) -> None:
    ada, bob, *robots = people("ada", "bob", "robot", "robot", "robot")
    rooms = [ada.create_group(bob, *robots) for _ in range(2)]
    with FaultyProxy(server.url, drop=0.1, repeat=0.1, delay=0.5) as proxy:
        listeners = Listeners([make_bot(robot, proxy.url) for robot in robots])
        talk([ada, bob], rooms)
        proxy.drop = 1.0  # of what is said now no push arrives at all
        for room in rooms:
            ada.post(room, "the last")
        found = listeners.await_all(rooms, 2 * EACH + 1)
        figures.add("3 bots: pushes lost, repeated, late", **found, **proxy.counts)
        assert min(proxy.counts[what] for what in ("dropped", "doubled", "late")) > 0


def test_bots_hear_everything_once_and_in_order_although_connections_break(
    server: Server, people: People, make_bot: MakeBot, figures: Figures
) -> None:
    ada, bob, *robots = people("ada", "bob", "robot", "robot")
    rooms = [ada.create_group(bob, *robots) for _ in range(2)]
    with FaultyProxy(server.url, drop=0.1, repeat=0.1, delay=0.5) as proxy:
        listeners = Listeners([make_bot(robot, proxy.url) for robot in robots])
        accidents = {10: proxy.cut, 20: proxy.freeze, 25: proxy.thaw, 30: proxy.cut}
        talk([ada, bob], rooms, lambda number: accidents.get(number, lambda: None)())
        proxy.cut()
        found = listeners.await_all(rooms, 2 * EACH)
        figures.add("2 bots: the same, connections cut", **found, **proxy.counts)
