"""Engine.IO sessions and wires as objects: their state and their payers."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from chat import concurrency
from chat.realtime import connect_queue
from chat.realtime.channels import ChannelManager
from chat.realtime.connections import Connections
from chat.realtime.server import ChatServer
from chat.realtime.transport import wire as wires
from chat.realtime.transport.frames import FrameReader
from chat.realtime.transport.server import TransportServer

PONG = b"\x8a\x80mask"  # the smallest possible frame
EMPTY_FRAGMENT = b"\x00\x80mask"
FIRST_FRAGMENT = b"\x01\x80mask"


@pytest.fixture
def server() -> ChatServer:
    """The chat's server without clients."""
    return ChatServer(Connections(), ChannelManager(), async_mode="threading")


def test_an_ended_session_queues_no_frames(server: ChatServer) -> None:
    session = server.eio.open_session("a")
    session.close(abort=True)
    for _ in range(3):
        session.push(b"\x81\x01x")
    assert (session.out, session.unsent) == ([], 0)


def receive(server: ChatServer, eio_sid: str, text: str) -> None:
    """Hand a message to the server as the transport does."""
    server.eio.handlers["message"](eio_sid, text)


def test_messages_of_ended_sessions_leave_no_state(server: ChatServer) -> None:
    for text in ("0/group,{}", "1/group,", '2/group,1["sync",{}]', "nonsense", ""):
        receive(server, "gone", text)
    assert server.manager.namespaces_of("gone") == []


def test_a_client_that_left_while_connecting_is_forgotten(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[Any] = []
    monkeypatch.setattr(connect_queue, "spawn", waiting.append)
    claims = SimpleNamespace(session_id="session")
    server.namespace_handlers["/group"] = SimpleNamespace(verify=lambda *_: claims)
    server.eio.open_session("gone")
    receive(server, "gone", "0/group,{}")
    sid = str(server.manager.sid_from_eio_sid("gone", "/group"))
    assert server.manager.is_pre_connected(sid, "/group")
    del server.eio.sockets["gone"]
    (admit,) = waiting
    admit()
    assert server.manager.namespaces_of("gone") == []
    assert not server.manager.is_pre_connected(sid, "/group")


def test_little_of_a_long_request_is_kept(server: ChatServer) -> None:
    long = {"HTTP_ACCEPT_LANGUAGE": "en-US," + "x" * 50_000, "QUERY_STRING": "y" * 8_000}
    assert server.keep(long) == {"HTTP_ACCEPT_LANGUAGE": "en"}
    kept = TransportServer(async_mode="threading").keep(long)
    assert kept.keys() == long.keys() and max(map(len, kept.values())) <= 1_000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two non-blocking ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


@pytest.mark.parametrize(
    ("is_known", "is_pong", "is_there"),
    [(False, False, True), (False, True, True), (True, True, True), (True, False, False)],
)
def test_frames_that_one_client_alone_causes_are_sent_at_its_cost(
    server: ChatServer,
    pair: tuple[socket.socket, socket.socket],
    is_known: bool,
    is_pong: bool,
    is_there: bool,
) -> None:
    """A frame that is sent when the call returns was sent at the caller's cost."""
    ours, theirs = pair
    session = server.eio.open_session("a")
    session.wire, session.upgraded = wires.Wire(ours, session, 100, lambda: None), True
    if is_known:
        session.on_joined()
    if is_pong:
        session.on_ping(session.wire, b"x")
    else:
        session.push(b"\x81\x01x")
    if is_there:
        assert theirs.recv(100)[1:] == b"\x01x"
    else:
        with pytest.raises(BlockingIOError):
            theirs.recv(100)


@pytest.mark.parametrize(
    "frames", [PONG * 10_000, FIRST_FRAGMENT + EMPTY_FRAGMENT * 10_000], ids=["pongs", "fragments"]
)
def test_tiny_frames_are_parsed_in_turns(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, frames: bytes
) -> None:
    cut = 0  # at most: what test_frames.py says of `feed`
    feed = FrameReader.feed

    def count(reader: FrameReader, data: bytes, most: int) -> Any:
        nonlocal cut
        cut += most
        return feed(reader, data, most)

    begun: list[Any] = []
    turns: list[int] = [0]
    listening: list[Callable[[int], None]] = []
    monkeypatch.setattr(FrameReader, "feed", count)
    monkeypatch.setattr(wires, "spawn", lambda *call: begun.append(call))
    monkeypatch.setattr(concurrency, "yield_to_others", lambda: turns.append(cut))
    monkeypatch.setattr(wires, "add_listener", lambda *given: listening.append(given[2]))
    monkeypatch.setattr(wires, "remove_listener", lambda _: None)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        session = server.eio.open_session("a")
        session.on_joined()
        wire = wires.Wire(ours, session, 65_536, lambda: None)
        theirs.sendall(frames)
        wire.open()
        (read,) = listening
        for _ in range(3):  # as often as the loop asks: nothing more before those are handled
            read(0)
        ((handle, data),) = begun
        assert cut == 0 and len(listening) == 1
        handle(data)
        assert cut > len(frames) // len(PONG)  # all read bytes were parsed
        most = max(later - earlier for earlier, later in pairwise(turns))
        assert most <= wires.FRAMES_PER_TURN
        assert len(listening) == 2  # it goes on, once


def test_a_client_refused_in_one_namespace_and_connecting_to_another_is_not_unjoined(
    server: ChatServer,
) -> None:
    session = server.eio.open_session("a")
    group = str(server.manager.pre_connect("a", "/group"))
    direct = str(server.manager.pre_connect("a", "/direct"))
    server.manager.disconnect(direct, "/direct", ignore_queue=True)
    assert session.unjoined_since == math.inf
    server.manager.disconnect(group, "/group", ignore_queue=True)
    assert session.unjoined_since is not None and session.unjoined_since < math.inf
