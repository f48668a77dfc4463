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
from tests.sockets.conftest import answered, message

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]
Room = dict[str, Any]
Place = tuple[str, int]  # room and seq

EACH = 40  # messages of each talker to each room, or changes
SAID = 7  # messages that are changed


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


class Watchers:
    """Bots that note how messages were when they changed."""

    def __init__(self, bots: list[Bot]) -> None:
        self.told: list[queue.Queue[Message]] = [queue.Queue() for _ in bots]
        for bot, told in zip(bots, self.told, strict=True):
            bot.on_messages_changed(told.put)
            bot.start()
        assert all(bot.wait_ready(PATIENCE) for bot in bots)

    def await_all(self, versions: dict[Place, int]) -> dict[str, Figure]:
        """See that each hears of these versions, each message ever newer and nothing beyond.

        Returns the figures of that; `slowest` is how long the last one took from now on.
        """
        began = time.monotonic()
        count = 0
        for told in self.told:
            seen = dict.fromkeys(versions, 0)
            while seen != versions:
                found = told.get(timeout=PATIENCE)
                assert seen[found.room_id, found.seq] < found.version
                seen[found.room_id, found.seq] = found.version
                count += 1
            assert told.empty()
        took = time.monotonic() - began
        return {"changed": sum(versions.values()), "told": count, "slowest": took}


def change(
    talkers: list[Talker], rooms: list[Room], between: Callable[[int], None] = lambda _: None
) -> None:
    """Let all of them edit, react and delete in all rooms at once, as `talk` does."""

    def act(talker: Talker) -> None:
        client = talker.socket("/group")
        for number in range(EACH):
            for room in rooms:
                place = {"room_id": room["id"], "seq": 1 + number % SAID}
                what = ("react", {**place, "emoji": "❤️", "on": number % 2 == 0})
                if talker is talkers[0] and number % 4 == 1:
                    what = ("edit_message", {**place, "data": f"{number}"})
                elif talker is talkers[0] and number == EACH - 1:
                    what = ("delete_message", place)
                answer = answered(lambda: client.call("/group", *what))
                assert "data" in answer or answer["error"]["code"] == "conflict"
            between(number)

    run_at_once(act, talkers)


def versions_of(talker: Talker, rooms: list[Room]) -> dict[Place, int]:
    """Return how often each message in these rooms has changed."""
    return {
        (room["id"], entry["seq"]): entry["version"] for room in rooms for entry in talker.log(room)
    }


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

    run_at_once(say, talkers)


def run_at_once(act: Callable[[Talker], None], talkers: list[Talker]) -> None:
    """Let all of them act at once, and return when they are done."""
    threads = [threading.Thread(target=act, args=(talker,)) for talker in talkers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_bots_get_every_message_once_and_in_order_although_pushes_are_lost(
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


def test_bots_get_every_message_once_and_in_order_although_connections_break(
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


def test_bots_get_the_present_state_although_pushes_are_lost_and_connections_break(
    server: Server, people: People, make_bot: MakeBot, figures: Figures
) -> None:
    ada, bob, *robots = people("ada", "bob", "robot", "robot")
    rooms = [ada.create_group(bob, *robots) for _ in range(2)]
    for room in rooms:
        for number in range(SAID):
            ada.post(room, f"{number}")
    with FaultyProxy(server.url, drop=0.1, repeat=0.1, delay=0.5) as proxy:
        watchers = Watchers([make_bot(robot, proxy.url) for robot in robots])
        change([ada, bob], rooms, lambda number: proxy.cut() if number == EACH // 2 else None)
        proxy.drop = 1.0  # of what is changed now no push arrives at all
        for room in rooms:
            bob.data("PUT", f"/rooms/{room['id']}/messages/2/reactions/👍")
        found = watchers.await_all(versions_of(ada, rooms))
        figures.add("2 bots: pushes of changes lost, repeated, late", **found, **proxy.counts)
        assert min(proxy.counts[what] for what in ("dropped", "doubled", "late")) > 0
