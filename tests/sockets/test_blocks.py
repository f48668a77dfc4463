"""Blocks and membership requests over sockets, and at every process of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sockets.conftest import Member, Pair, answered, message
from tests.wire import WireClient

People = Callable[..., list[Member]]
FORBIDDEN = "forbidden"


def block(blocker: Member, other: Member) -> None:
    assert blocker.http("PUT", f"/users/me/blocks/{other.id}").status_code == 204


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["error"]["code"]) if "error" in answer else "ok"


def test_whoever_is_blocked_is_refused_over_sockets_however_the_room_is_named(
    people: People,
) -> None:
    ada, bob = people("ada", "bob")
    room = ada.direct_with(bob)
    sender = bob.socket("/direct")
    to_ada = {"to": ada.username, "data": "hello"}
    assert "data" in sender.call("/direct", "send_message", {**to_ada, "client_id": "c1"})
    block(ada, bob)
    by_id = sender.call("/direct", "send_message", message(room))
    by_name = sender.call("/direct", "send_message", {**to_ada, "client_id": "c2"})
    http = bob.http("POST", f"/rooms/{room['id']}/messages", {"client_id": "c3", "data": "x"})
    assert by_id == by_name == http.json()
    assert code_of(by_id) == FORBIDDEN
    history = ada.data("GET", f"/rooms/{room['id']}/messages")["messages"]
    assert [one["data"] for one in history] == ["hello"]


def test_two_of_whom_one_blocks_the_other_see_neither_typing_nor_reading_nor_presence(
    people: People,
) -> None:
    ada, bob = people("ada", "bob")
    room = ada.direct_with(bob)
    bob.post(room, "hello")
    hers, his = ada.socket("/direct"), bob.socket("/direct")
    hers.pushed("presence_changed", user_id=bob.id, online=True)
    assert bob.data("GET", f"/rooms/{room['id']}")["peer"]["online"] is True
    block(ada, bob)
    for client, other in ((hers, bob), (his, ada)):
        # What they saw before the block is taken back.
        client.pushed("presence_changed", user_id=other.id, online=False)
    for member, client in ((ada, hers), (bob, his)):
        assert client.call("/direct", "typing", {"room_id": room["id"]}) == {"data": {}}
        read = client.call("/direct", "mark_read", {"room_id": room["id"], "seq": 1})
        assert read == {"data": {}}
        seen = member.data("GET", f"/rooms/{room['id']}")
        assert seen["peer"]["online"] is False
        listed = member.data("GET", f"/rooms/{room['id']}/members")
        assert [one["user"]["online"] for one in listed] == [False, False]
    for client in (hers, his):
        client.barrier("/direct")
    assert hers.pushes("user_typing") == his.pushes("user_typing") == []
    for client, member in ((hers, ada), (his, bob)):
        readers = {push["user_id"] for push in client.pushes("message_read")}
        assert readers <= {member.id}
    assert ada.http("DELETE", f"/users/me/blocks/{bob.id}").status_code == 204
    hers.pushed("presence_changed", user_id=bob.id, online=True)


def test_a_new_nickname_does_not_pass_a_block_until_it_ends(people: People) -> None:
    ada, bob, cleo = people("ada", "bob", "cleo")
    ada.direct_with(bob)
    bob.direct_with(cleo)
    hers, cleos = ada.socket("/direct", "/group"), cleo.socket("/direct")
    block(ada, bob)
    bob.data("PATCH", "/users/me", {"nickname": "You cannot stop me"})
    cleos.pushed("user_changed", nickname="You cannot stop me")
    ada.data("PATCH", "/users/me", {"nickname": "Ada L."})
    hers.pushed("user_changed", nickname="Ada L.")  # one's own comes after what was before it
    assert {user["id"] for user in hers.pushes("user_changed")} == {ada.id}
    assert ada.http("DELETE", f"/users/me/blocks/{bob.id}").status_code == 204
    assert hers.pushed("user_changed", id=bob.id)["nickname"] == "You cannot stop me"


def test_a_group_in_common_tells_of_a_new_nickname_in_spite_of_a_block(people: People) -> None:
    ada, bob = people("ada", "bob")
    ada.direct_with(bob)
    ada.create_group(bob)
    block(ada, bob)
    hers = ada.socket("/direct", "/group")
    bob.data("PATCH", "/users/me", {"nickname": "Bobby"})
    assert hers.pushed("user_changed", id=bob.id)["nickname"] == "Bobby"
    for namespace in ("/direct", "/group"):
        hers.barrier(namespace)
    told = [
        entry[1]
        for entry in hers.received
        if entry[0] == hers.EVENT and entry[3][0] == "user_changed"
    ]
    assert told == ["/group"]


def test_a_new_nickname_passes_no_block_from_another_process_either(spread: Pair) -> None:
    here, there = spread("here", "there")
    here.direct_with(there)
    group = here.create_group(name="A place to see what came")
    client = here.socket("/direct", "/group")
    block(here, there)
    for nickname in ("You cannot", "stop me"):
        there.data("PATCH", "/users/me", {"nickname": nickname})
    client.pushed("presence_changed", user_id=there.id, online=False)
    # What another process stored after it comes with the same look at the database, or a later one.
    here.on(there).data("PATCH", f"/rooms/{group['id']}", {"name": "Seen"})
    client.pushed("room_updated", name="Seen")
    here.on(there).data("PATCH", f"/rooms/{group['id']}", {"name": "Seen again"})
    client.pushed("room_updated", name="Seen again")
    assert client.pushes("user_changed") == []
    assert here.http("DELETE", f"/users/me/blocks/{there.id}").status_code == 204
    assert client.pushed("user_changed", id=there.id)["nickname"] == "stop me"


def test_how_far_the_other_one_reads_does_not_pass_a_block(people: People) -> None:
    ada, bob = people("ada", "bob")
    room = ada.direct_with(bob)
    for text in ("one", "two"):
        ada.post(room, text)

    def read_by(viewer: Member) -> dict[str, int]:
        listed = viewer.data("GET", f"/rooms/{room['id']}/members")
        return {one["user"]["id"]: one["last_read_seq"] for one in listed}

    bob.data("PUT", f"/rooms/{room['id']}/read", {"seq": 1})
    assert read_by(ada) == read_by(bob) == {ada.id: 2, bob.id: 1}
    block(ada, bob)
    bob.data("PUT", f"/rooms/{room['id']}/read", {"seq": 2})
    assert read_by(ada) == {ada.id: 2, bob.id: 0}
    assert read_by(bob) == {ada.id: 0, bob.id: 2}


def test_a_block_made_elsewhere_holds_here_and_so_does_its_end(spread: Pair) -> None:
    here, there = spread("here", "there")
    room = there.direct_with(here)
    client = here.socket("/direct")
    there.socket("/direct")
    client.pushed("presence_changed", user_id=there.id, online=True)

    def send() -> str:
        return code_of(answered(lambda: client.call("/direct", "send_message", message(room))))

    assert send() == "ok"  # and the room is remembered here
    client.received.clear()
    block(there, here)
    client.pushed("presence_changed", user_id=there.id, online=False)  # it is known here too
    assert send() == FORBIDDEN
    assert there.http("DELETE", f"/users/me/blocks/{here.id}").status_code == 204
    client.pushed("presence_changed", user_id=there.id, online=True)
    assert send() == "ok"


def test_whoever_is_asked_hears_of_it_at_once(people: People) -> None:
    ada, bob, eve = people("ada", "bob", "eve")
    group = ada.create_group(name="Tea")
    ada.post(group, "among ourselves")
    client, other = bob.socket("/direct", "/group"), eve.socket("/direct", "/group")
    assert ada.data("POST", f"/rooms/{group['id']}/members", {"username": bob.username}) == {
        "invited": True
    }
    request = client.pushed("invitation_received")
    assert request == bob.data("GET", "/users/me/invitations")[0]
    shown = {"name": "Tea", "info": "", "avatar": "", "members": 1}
    assert request["room"] == shown | {"id": group["id"]}
    witness = ada.socket("/group")
    bob.data("POST", f"/users/me/invitations/{request['id']}")
    assert client.pushed("room_created")["id"] == group["id"]
    assert witness.pushed("member_joined")["user"]["id"] == bob.id
    for socket in (client, other):
        socket.barrier("/group")
    assert len(client.pushes("invitation_received")) == 1
    assert other.pushes("invitation_received") == []


def test_whoever_is_asked_at_another_process_hears_of_it_once(spread: Pair) -> None:
    here, there = spread("here", "there")
    client = here.socket("/group")
    for number in (1, 2):  # when the reconciler brings the second, it has looked again at the first
        group = there.create_group(name=f"Group {number}")
        there.data("POST", f"/rooms/{group['id']}/members", {"username": here.username})
        heard = client.wait(lambda entry: names_group(entry, f"Group {number}"))
        assert heard[3][1]["invited_by"]["id"] == there.id
    assert len(client.pushes("invitation_received")) == 2


def names_group(entry: tuple[int, str, int | None, Any], name: str) -> bool:
    """Tell whether something that came is a request to join a group of that name."""
    is_event = entry[0] == WireClient.EVENT and entry[3][0] == "invitation_received"
    return is_event and entry[3][1]["room"]["name"] == name
