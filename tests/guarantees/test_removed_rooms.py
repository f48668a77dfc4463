"""A large room that is deleted is gone at once, and others talk on while its log is removed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from flask import Flask

from chat.chunks import chunked
from chat.clock import now_ms
from chat.ids import new_id
from chat.models import Message
from chat.repositories.messages import MessageRepository
from chat.services.room_removal import REMOVE
from chat.wiring import Services
from harness.servers import PATIENCE, Server
from tests.figures import Figures
from tests.jobs import wait_for_jobs
from tests.sockets.conftest import Member, Pair, message
from tests.stopwatch import Stopwatch

MESSAGES = 2_000
ANSWERED_WITHIN = 1.0  # seconds, by the owner
STALL = 0.5  # seconds at most, of somebody else's send


def fill(services: Services, room_id: str, user_id: str) -> None:
    """Store messages as they are stored, without a word to anybody."""
    now = now_ms()
    drafts = (
        Message(new_id(), room_id, user_id, seq, f"c{seq}", "hello", now, now)
        for seq in range(1, MESSAGES + 1)
    )
    for some in chunked(drafts, 200):
        MessageRepository(services.database).append(some)


def sends(member: Member, group: dict[str, str], enough: threading.Event) -> Iterator[float]:
    """Send one message after the other and yield how long each took."""
    client = member.socket("/group")
    while not enough.is_set():
        began = time.monotonic()
        assert "data" in client.call("/group", "send_message", message(group))
        yield time.monotonic() - began
        client.received.clear()
        time.sleep(0.01)


def test_others_talk_on_while_the_log_of_a_deleted_room_goes(
    spread: Pair, beside: Flask, server: Server, elsewhere: Server, figures: Figures
) -> None:
    owner, _, talker = spread("owner", "elsewhere", "talker")  # by the same process
    services: Services = beside.extensions["chat"]
    large, other = owner.create_group(talker), talker.create_group()
    fill(services, large["id"], owner.id)
    client = talker.socket("/group")
    enough, took = threading.Event(), list[float]()

    def talk() -> None:
        took.extend(sends(talker, other, enough))

    quiet = [duration for duration, _ in zip(sends(talker, other, enough), range(50), strict=False)]
    talking = threading.Thread(target=talk)
    talking.start()
    try:
        watch = Stopwatch(server, elsewhere)
        assert owner.http("DELETE", f"/rooms/{large['id']}").status_code == 204
        answered = watch.seconds()
        assert client.pushed("room_deleted") == {"room_id": large["id"]}
        assert talker.http("GET", f"/rooms/{large['id']}/messages").status_code == 404
        wait_for_jobs(services.database, REMOVE, room_id=large["id"])
    finally:
        enough.set()
        talking.join(PATIENCE)
    figures.add(
        f"a room of {MESSAGES} messages is deleted while others talk",
        acked=len(took),
        slowest_quiet=max(quiet),
        slowest=max(took),
    )
    assert MessageRepository(services.database).find_first_seq(large["id"], 1) is None
    assert answered < ANSWERED_WITHIN
    assert max(took) < max(STALL, 5 * max(quiet))  # a busy machine is slow by itself
