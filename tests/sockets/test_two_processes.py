"""Two processes on one database: what one stores and changes reaches the other's clients."""

from __future__ import annotations

import threading
from typing import Any

from harness.servers import Server
from tests.sockets.conftest import Member, Pair, message
from tests.stopwatch import Stopwatch
from tests.wire import WireClient

PUSHED_WITHIN = 3.0  # seconds, as promised
CHANGED_WITHIN = 5.0


def test_message_stored_elsewhere_is_pushed_soon(
    spread: Pair, server: Server, elsewhere: Server
) -> None:
    here, there = spread("here", "there")
    group = there.create_group()  # so that the first process has never heard of it
    there.add(group, here)
    client = here.socket("/group")
    watch = Stopwatch(server, elsewhere)
    sent = there.post(group, "from another process")
    assert client.pushed("message_created") == sent
    assert watch.seconds() < PUSHED_WITHIN


def test_member_removed_elsewhere_stops_receiving(
    spread: Pair, server: Server, elsewhere: Server
) -> None:
    here, there, witness = spread("here", "there", "witness")
    group = there.create_group(here, witness)
    client, other = here.socket("/group"), witness.socket("/group")
    watch = Stopwatch(server, elsewhere)
    there.data("DELETE", f"/rooms/{group['id']}/members/{here.id}")
    assert client.pushed("member_left")["user_id"] == here.id
    assert watch.seconds() < CHANGED_WITHIN
    sent = witness.post(group, "without her")
    assert other.pushed("message_created", id=sent["id"])
    client.barrier("/group")
    assert client.pushes("message_created") == []
    assert here.http("GET", f"/rooms/{group['id']}/messages").status_code == 404


def test_member_added_elsewhere_hears_the_room(spread: Pair) -> None:
    here, there = spread("here", "there")
    group = there.create_group()
    client = here.socket("/group")
    there.add(group, here)
    assert client.pushed("room_created")["id"] == group["id"]
    there.post(group, "welcome")
    assert client.pushed("message_created")["data"] == "welcome"


def test_room_renamed_and_deleted_elsewhere_is_so_here(spread: Pair) -> None:
    here, there = spread("here", "there")
    group = there.create_group()
    there.add(group, here)
    client = here.socket("/group")
    there.post(group, "last words")
    client.pushed("message_created", data="last words")  # so the other process has told of it
    there.data("PATCH", f"/rooms/{group['id']}", {"name": "Another name"})
    told = client.pushed("room_updated", name="Another name")
    assert told["last_message"]["username"] == there.username
    there.data("DELETE", f"/rooms/{group['id']}")
    assert client.pushed("room_deleted") == {"room_id": group["id"]}


def test_who_may_post_changes_elsewhere(spread: Pair, server: Server, elsewhere: Server) -> None:
    here, there = spread("here", "there")
    group = there.create_group(here)
    client = here.socket("/group")
    client.call("/group", "send_message", message(group, "while all may"))  # it is remembered here
    watch = Stopwatch(server, elsewhere)
    there.data("PATCH", f"/rooms/{group['id']}", {"posting": "admins"})
    assert client.pushed("room_updated", posting="admins")["access"] == "number"
    assert watch.seconds() < CHANGED_WITHIN
    refused = client.call("/group", "send_message", message(group, "too late"))
    assert refused["error"]["code"] == "forbidden"
    there.data("PATCH", f"/rooms/{group['id']}", {"posting": "members"})
    client.pushed("room_updated", posting="members")
    assert "data" in client.call("/group", "send_message", message(group, "all may again"))


def test_sync_right_after_a_message_from_elsewhere_is_no_reset(spread: Pair) -> None:
    here, there = spread("here", "there")
    group = there.create_group()
    there.add(group, here)
    client = here.socket("/group")
    for _ in range(5):
        seq = there.post(group, "just now")["seq"]
        found = client.call("/group", "sync", {"rooms": {group["id"]: seq}})["data"]["rooms"]
        assert found[group["id"]]["reset"] is False


def test_direct_message_from_elsewhere_brings_its_room_along(spread: Pair) -> None:
    here, there = spread("here", "there")
    client = here.socket("/direct")
    payload = {"to": here.username, "client_id": "1", "data": "hello over there"}
    sent = there.socket("/direct").call("/direct", "send_message", payload)["data"]
    assert client.pushed("room_created")["id"] == sent["room_id"]
    assert client.pushed("message_created", id=sent["id"]) == sent


def test_log_out_elsewhere_ends_the_sockets_here(
    spread: Pair, server: Server, elsewhere: Server
) -> None:
    (here,) = spread("here")
    client = here.socket("/group")
    watch = Stopwatch(server, elsewhere)
    here.move_to(elsewhere)
    here.data("DELETE", "/session")
    assert client.pushed("session_expired") == {}
    client.wait(lambda entry: entry[0] == client.DISCONNECT)
    assert watch.seconds() < CHANGED_WITHIN


def presence_of(client: WireClient, member: Member) -> list[bool]:
    """Return what a client was told of somebody."""
    told = client.pushes("presence_changed")
    return [push["online"] for push in told if push["user_id"] == member.id]


def test_presence_is_that_of_both_processes(
    spread: Pair, server: Server, elsewhere: Server
) -> None:
    here, there, ada = spread("here", "there", "ada")  # ada and here call the same process
    group, room = here.create_group(there, ada), there.direct_with(ada)
    listeners = [member.socket("/group") for member in (here, there)]
    tabs = [ada.socket("/group"), ada.on(there).socket("/group")]
    for listener in listeners:
        listener.pushed("presence_changed", user_id=ada.id, online=True)
    assert there.data("GET", f"/rooms/{room['id']}")["peer"]["online"] is True
    for member in (here, there):
        members = member.data("GET", f"/rooms/{group['id']}/members")
        assert [found["user"]["online"] for found in members if found["user"]["id"] == ada.id] == [
            True
        ]
    # Somebody who leaves later is said to have left, so she would have been by then.
    (later,) = spread("later")
    later.data("POST", "/rooms/join", {"number": group["number"]})
    leaving = later.socket("/group")
    for client in (tabs[0], leaving):
        client.close()
    for listener in listeners:
        listener.pushed("presence_changed", user_id=later.id, online=False)
        listener.barrier("/group")
        assert presence_of(listener, ada) == [True]
    watch = Stopwatch(server, elsewhere)
    tabs[1].close()
    for listener in listeners:
        listener.pushed("presence_changed", user_id=ada.id, online=False)
    assert watch.seconds() < CHANGED_WITHIN
    for listener in listeners:
        assert presence_of(listener, ada) == [True, False]
    assert here.data("GET", f"/rooms/{group['id']}/members")[2]["user"]["online"] is False


def test_two_processes_that_write_at_once_leave_neither_gap_nor_repeat(spread: Pair) -> None:
    writers = spread(*[f"writer{number}" for number in range(4)])
    group = writers[0].create_group(*writers[1:])
    clients = [writer.socket("/group") for writer in writers]
    acked: list[int] = []

    def write(client: WireClient) -> None:
        ids = [client.emit("/group", "send_message", message(group)) for _ in range(25)]
        for ack_id in ids:
            answer: dict[str, Any] = client.ack(ack_id)
            acked.append(answer["data"]["seq"])

    threads = [threading.Thread(target=write, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(acked) == list(range(1, 101))
    for client in clients:
        heard: set[int] = set()
        while heard != set(range(1, 101)):
            heard = {push["seq"] for push in client.pushes("message_created")}
            if len(heard) < 100:
                client.read()
