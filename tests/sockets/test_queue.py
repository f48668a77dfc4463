"""Two processes and a real Redis between them: what one pushes reaches the other's clients."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import socketio
from flask import Flask
from redis import Redis as RedisClient

from chat.repositories.rooms import RoomRepository
from harness.accounts import data_of
from harness.people import make_people
from harness.redis import Redis
from harness.servers import PATIENCE, Server
from tests.sockets.conftest import Member, message

Pair = Callable[..., tuple[Member, ...]]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="module")
def servers(
    server: Server, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    """Two servers on one database and one queue."""

    @contextmanager
    def another(name: str) -> Iterator[Server]:
        with Server(
            tmp_path_factory.mktemp(name),
            MONGO_URI=server.mongo_uri,
            SECRET_KEY=(server.data_dir / "secret_key").read_text().strip(),
            MESSAGE_QUEUE_URL=redis.url,
            RATE_LIMITS="off",
        ) as found:
            yield found

    with another("one") as one, another("two") as two:
        yield [one, two]


@pytest.fixture
def spread(servers: list[Server], beside: Flask) -> Iterator[Pair]:
    """A function that makes people who call the two servers by turns."""
    with ExitStack() as stack:

        def make(*names: str) -> tuple[Member, ...]:
            return tuple(
                Member(person, servers[number % 2], stack)
                for number, person in enumerate(make_people(beside, *names))
            )

        yield make


def hears_typing(here: Member, there: Member, room: dict[str, object]) -> bool:
    """Tell whether what is never stored, and so only the queue can bring, reaches the other."""
    talker, listener = here.socket("/group"), there.socket("/group")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert "data" in talker.call("/group", "typing", {"room_id": room["id"]})
        listener.barrier("/group")
        if listener.pushes("user_typing"):
            return True
    return False


def test_what_is_never_stored_reaches_the_clients_of_all_processes(spread: Pair) -> None:
    here, there = spread("here", "there")
    assert hears_typing(here, there, here.create_group(there))


def test_messages_come_to_all_processes_once_and_in_order(spread: Pair) -> None:
    here, there, other = spread("here", "there", "other")
    group = here.create_group(there, other)
    assert hears_typing(here, there, group)
    talker = here.socket("/group")
    listeners = [there.socket("/group"), other.socket("/group")]
    acks = [talker.emit("/group", "send_message", message(group, f"{n}")) for n in range(30)]
    seqs = [talker.ack(ack_id)["data"]["seq"] for ack_id in acks]
    for listener in listeners:
        listener.pushed("message_created", seq=seqs[-1])
        first_time = list(dict.fromkeys(m["seq"] for m in listener.pushes("message_created")))
        assert first_time == seqs


CHANGES: list[tuple[str, dict[str, object]]] = [
    ("edit_message", {"data": "other"}),
    ("react", {"emoji": "👍", "on": True}),
    ("pin_message", {"on": True}),
    ("delete_message", {}),
]


def test_changes_come_to_all_processes_and_no_reconciler_says_them_again(
    spread: Pair, beside: Flask
) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    assert hears_typing(here, there, group)
    here.post(group, "hello")
    listener, client = there.socket("/group"), here.socket("/group")
    other = here.on(there).socket("/group")
    for rev, (event, more) in enumerate(CHANGES, start=1):
        payload = {"room_id": group["id"], "seq": 1, **more}
        changed = client.call("/group", event, payload)["data"]
        changed.pop("own_reactions", None)
        pushed = listener.pushed("messages_changed", last_rev=rev)
        assert pushed["after_rev"] == rev - 1 and pushed["messages"] == [changed]
    # One's own sockets hear which reactions are one's own, at whatever process.
    own = other.pushed("messages_changed", after_rev=1, last_rev=1)
    assert own["messages"][0]["own_reactions"] == ["👍"]
    # The reconciler tells what changed in rooms before it tells of sessions that ended later.
    rooms, deadline = (
        RoomRepository(beside.extensions["chat"].database),
        time.monotonic() + PATIENCE,
    )
    while (found := rooms.find(group["id"])) is None or found.last_rev < len(CHANGES):
        assert time.monotonic() < deadline, "nobody writes it down"
        time.sleep(0.05)
    there.on(here).data("DELETE", "/session")
    listener.pushed("session_expired")
    assert [one["last_rev"] for one in listener.pushes("messages_changed")] == [1, 2, 3, 4]


def test_a_change_comes_by_the_queue_before_any_reconciler_could_bring_it(spread: Pair) -> None:
    here, there, typist = spread("here", "there", "typist")
    group = here.create_group(there)
    typist.data("POST", "/rooms/join", {"number": group["number"]})
    assert hears_typing(here, there, group)
    here.post(group, "hello")
    listener = there.socket("/group")
    client, talker = here.socket("/group"), typist.on(here).socket("/group")
    payload = {"room_id": group["id"], "seq": 1, "data": "other"}
    changed = client.call("/group", "edit_message", payload)["data"]
    assert "data" in talker.call("/group", "typing", {"room_id": group["id"]})
    listener.pushed("user_typing", user_id=typist.id)
    # What is never stored comes by the queue alone, and so what was pushed before it has come too.
    assert [one["messages"] for one in listener.pushes("messages_changed")] == [[changed]]


def test_what_each_process_finds_out_by_itself_is_told_to_a_client_once(
    servers: list[Server], beside: Flask
) -> None:
    ada, eve = make_people(beside, "ada", "eve")
    with ExitStack() as stack:
        here, there = (Member(ada, server, stack) for server in servers)
        witnesses = [Member(eve, server, stack).socket("/group") for server in servers]
        group = here.create_group()
        assert hears_typing(here, there, group)
        clients = [here.socket("/group"), there.socket("/group")]
        data_of(ada.patch(f"/rooms/{group['id']}", json={"name": "By a third process"}))
        # What is told of rooms comes before what is told of sessions that ended later.
        assert eve.delete("/session").status_code == 204
        for witness in witnesses:
            witness.pushed("session_expired")
        # And whatever either has told the other by then is there before somebody types.
        assert hears_typing(here, there, group) and hears_typing(there, here, group)
        for client in clients:
            client.barrier("/group")
            assert len(client.pushes("room_updated")) == 1


def test_a_new_name_comes_to_all_processes_at_once_and_no_reconciler_says_it_again(
    spread: Pair,
) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    assert hears_typing(here, there, group)
    listener, witness = there.socket("/group"), there.socket("/group")
    here.data("PATCH", "/users/me", {"nickname": "By the queue"})
    assert listener.pushed("user_changed")["nickname"] == "By the queue"
    # The reconciler tells what changed of people before it tells of sessions that ended later.
    there.on(here).data("DELETE", "/session")
    witness.pushed("session_expired")
    assert len(witness.pushes("user_changed")) == 1


def test_presence_is_told_once_and_is_that_of_both_processes(spread: Pair) -> None:
    here, there, ada = spread("here", "there", "ada")
    group = here.create_group(there, ada)
    listeners = [member.socket("/group") for member in (here, there)]
    client = ada.socket("/group")
    for listener in listeners:
        listener.pushed("presence_changed", user_id=ada.id, online=True)
    client.close()
    for listener in listeners:
        listener.pushed("presence_changed", user_id=ada.id, online=False)
    # Whatever else the queue brings of it is there before this.
    assert hears_typing(here, there, group) and hears_typing(there, here, group)
    for listener in listeners:
        listener.barrier("/group")
        told = [push for push in listener.pushes("presence_changed") if push["user_id"] == ada.id]
        assert [push["online"] for push in told] == [True, False]


def test_other_programs_push_through_the_queue(spread: Pair, redis: Redis) -> None:
    here, there = spread("here", "there")
    assert hears_typing(here, there, here.create_group(there))
    clients = [here.socket("/group"), there.socket("/group")]
    outside = socketio.RedisManager(redis.url, "chat", write_only=True)
    for member, client in zip((here, there), clients, strict=True):
        told = {"user_id": "somebody", "online": True}
        outside.emit("presence_changed", told, "/group", room=f"user:{member.id}")
        assert client.pushed("presence_changed", user_id="somebody") == told
    outside.redis.close()


def test_commands_on_the_queue_let_nobody_into_a_room_or_out(
    spread: Pair, redis: Redis, servers: list[Server]
) -> None:
    here, there, eve = spread("here", "there", "eve")
    group = here.create_group(there)
    assert hears_typing(here, there, group)
    listener = eve.socket()
    sid = listener.connect("/group", eve.token)["sid"]
    channel = f"room:{group['id']}"
    with RedisClient.from_url(redis.url) as client:
        for command in ("enter_room", "close_room", "disconnect"):
            said = {"method": command, "sid": sid, "room": channel, "namespace": "/group"}
            client.publish("chat", json.dumps(said | {"host_id": "another"}))
        client.publish("chat", pickle.dumps({"method": "disconnect", "sid": sid}))
    assert hears_typing(here, there, group)  # through the queue, so all of that has arrived
    here.post(group, "to members alone")
    assert hears_typing(here, there, group)
    listener.barrier("/group")
    assert not listener.pushes("message_created") and not listener.pushes("user_typing")
    for server in servers:
        assert server.log().count("dropped what arrived on MESSAGE_QUEUE_URL") == 1


def test_without_the_queue_messages_and_changes_take_a_little_longer_and_arrive(
    spread: Pair, redis: Redis
) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    assert hears_typing(here, there, group)
    listener = there.socket("/group")
    redis.kill()
    try:
        sent = here.post(group, "without a queue")
        assert listener.pushed("message_created", id=sent["id"]) == sent
        edited = here.data("PATCH", f"/rooms/{group['id']}/messages/1", {"data": "other"})
        assert listener.pushed("messages_changed", last_rev=1)["messages"] == [edited]
    finally:
        redis.start()
    assert hears_typing(here, there, group)


def test_ones_own_settings_come_to_ones_sockets_of_all_processes(spread: Pair) -> None:
    here, there = spread("here", "there")
    group = here.create_group(there)
    assert hears_typing(here, there, group)
    other = here.on(there).socket("/group")
    here.data("PUT", f"/rooms/{group['id']}/pinned", {"pinned": True})
    assert other.pushed("room_settings_changed")["pinned"] is True
