"""Pushes between processes through a real Redis: in pieces, in order, and own ones unread."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Condition, Thread
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from chat.models import Message
from chat.realtime import queue
from chat.realtime.connections import Connections
from chat.realtime.queue import CHANNEL, QueuedChannelManager
from chat.realtime.queued_pushes import PIECE_BYTES, PIECE_PUSHES, read_pushes
from chat.realtime.server import ChatServer
from chat.schemas.messages import encode_message
from chat.schemas.writing import Encoded, write_json
from harness.redis import Redis
from harness.servers import PATIENCE

ROOM, USER = "0123456789abcdef01234567", "fedcba9876543210fedcba98"


def created(seq: int, data: str = "hello") -> Encoded:
    return encode_message(
        Message(f"{seq:024}", ROOM, USER, seq, f"c{seq}", data, 1, 1, username="a")
    )


class Queue(Redis):
    """A Redis whose listeners are counted."""

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.unix_url)

    def wait_for_listeners(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE
        with self.client() as client:
            while client.pubsub_numsub(CHANNEL)[0][1] < count:
                assert time.monotonic() < deadline, "they do not listen"
                time.sleep(0.01)


@pytest.fixture
def queued(tmp_path: Path) -> Iterator[Queue]:
    """A Redis for this test."""
    with Queue(tmp_path) as found:
        yield found


class Process:
    """A process at the queue. It records the seqs of the messages that others push."""

    def __init__(self, url: str) -> None:
        self.seqs: list[int] = []
        self._has_new = Condition()
        self.manager = QueuedChannelManager(url, self._record)
        ChatServer(Connections(), self.manager, async_mode="threading")

    def start(self, listens: bool = True) -> Process:
        """Publish what was pushed by now, and what will be."""
        self.manager.write_only = not listens
        self.manager.initialize()
        return self

    def push(self, *seqs: int, data: str = "hello") -> None:
        for seq in seqs:
            self.manager.emit("message_created", created(seq, data), "/group", f"room:{ROOM}")

    def wait_for(self, seq: int) -> None:
        with self._has_new:
            assert self._has_new.wait_for(lambda: seq in self.seqs, PATIENCE), self.seqs

    def _record(self, event: str, payload: Any) -> None:
        with self._has_new:
            self.seqs.append(payload.seq)
            self._has_new.notify_all()


@pytest.fixture(autouse=True)
def daemons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish in threads for whose end no later test waits, and try Redis again at once."""
    monkeypatch.setattr(queue, "spawn", lambda run: Thread(target=run, daemon=True).start())
    monkeypatch.setattr(queue, "PAUSE", 0.05)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the processes of this test read of what was published."""
    found: list[bytes] = []

    def read_and_record(received: bytes) -> Any:
        found.append(received)
        return read_pushes(received)

    monkeypatch.setattr(queue, "read_pushes", read_and_record)
    return found


def test_a_queue_is_reached_by_tcp_and_by_a_unix_socket(queued: Queue) -> None:
    for address in (queued.url, queued.unix_url):
        manager = QueuedChannelManager(address, lambda event, payload: None)
        with redis.Redis.from_url(manager.redis_url, **manager.redis_options) as client:
            assert client.publish(CHANNEL, "") == 0  # no subscriber


def test_a_queue_that_accepts_connections_and_never_answers_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from_url = redis.Redis.from_url

    def without_a_limit_of_its_own(url: str, **options: Any) -> redis.Redis:
        return from_url(url, **{"socket_timeout": None, **options})

    monkeypatch.setattr(queue, "SECONDS", 0.1)
    monkeypatch.setattr(redis, "Redis", SimpleNamespace(from_url=without_a_limit_of_its_own))
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as open_ones:
        silent.settimeout(PATIENCE)
        port = silent.getsockname()[1]
        process = Process(f"redis://127.0.0.1:{port}/0").start(listens=False)
        for number in range(2):  # the second one on a connection of its own
            process.push(number)
            open_ones.enter_context(silent.accept()[0])


def test_a_burst_of_pushes_arrives_whole_and_in_order_in_pieces(
    queued: Queue, read: list[bytes]
) -> None:
    here, there = Process(queued.unix_url), Process(queued.url).start()
    queued.wait_for_listeners(1)
    here.push(*range(1, 301))
    here.start(listens=False)
    there.wait_for(300)
    assert there.seqs == list(range(1, 301))
    assert [received.count(b'"method"') for received in read] == [PIECE_PUSHES, PIECE_PUSHES, 44]


def test_pushes_that_are_too_large_for_one_piece_arrive_in_several(
    queued: Queue, read: list[bytes]
) -> None:
    here, there = Process(queued.unix_url), Process(queued.unix_url).start()
    queued.wait_for_listeners(1)
    here.push(*range(1, 101), data="x" * 40_000)
    here.push(101, data="x" * 2 * PIECE_BYTES)
    here.push(102)
    here.start(listens=False)
    there.wait_for(102)
    assert there.seqs == list(range(1, 103))
    assert [len(received) > PIECE_BYTES * 1.01 for received in read].count(True) == 1


def test_pushes_that_redis_does_not_answer_are_published_again_in_order(
    queued: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(queue, "SECONDS", 0.1)
    here, there = Process(queued.unix_url).start(listens=False), Process(queued.unix_url).start()
    queued.wait_for_listeners(1)
    with queued.client() as operator:
        operator.client_pause(round(PATIENCE * 1_000), all=False)
        here.push(*range(1, 301))
        deadline = time.monotonic() + PATIENCE
        while "MESSAGE_QUEUE_URL does not answer" not in caplog.text:
            assert time.monotonic() < deadline, "it has an answer"
            time.sleep(0.01)
        operator.client_unpause()
    there.wait_for(300)
    assert list(dict.fromkeys(there.seqs)) == list(range(1, 301))


def test_a_process_reads_none_of_its_own_pushes(queued: Queue, read: list[bytes]) -> None:
    here, there = Process(queued.unix_url).start(), Process(queued.unix_url).start()
    queued.wait_for_listeners(2)
    here.push(*range(1, 301))
    there.wait_for(300)
    published, read[:] = list(read), []
    assert sum(received.count(b'"method"') for received in published) == 300
    # Redis sends in one order to all, so with this one `here` has got its own.
    there.push(301)
    here.wait_for(301)
    assert here.seqs == [301] and len(read) == 1


def test_a_push_that_begins_almost_as_an_own_one_is_handled(queued: Queue) -> None:
    here = Process(queued.unix_url).start()
    queued.wait_for_listeners(1)
    push = {
        "method": "emit",
        "event": "message_created",
        "namespace": "/group",
        "room": f"room:{ROOM}",
    }
    own = here.manager.host_id
    with queued.client() as outside:
        outside.publish(CHANNEL, write_json({"host_id": f"{own}0", "data": [created(1)]} | push))
        outside.publish(CHANNEL, write_json(push | {"data": [created(2)], "host_id": own}))
        outside.publish(CHANNEL, write_json({"host_id": own, "data": [created(3)]} | push))
        outside.publish(CHANNEL, write_json({"host_id": "another", "data": [created(4)]} | push))
        here.wait_for(4)
    assert here.seqs == [1, 4], "those with its own id are its own"
