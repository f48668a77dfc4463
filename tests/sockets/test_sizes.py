"""What grows with the rooms of a user, or the members of a room, works at its limit."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pymongo
import pytest
import requests
from bson import ObjectId
from flask import Flask

from chat.repositories.rooms import member_key
from chat.services.capacity import MAX_MEMBERS, MAX_ROOMS
from harness.people import make_people
from harness.servers import PATIENCE, Server
from tests.cli.commands import flask
from tests.large import Document, group_document, insert_rooms
from tests.sockets.conftest import Member, answered, ask_while, message

DIRECT_ROOMS = 500  # of one person, whom others may write to as they like


@dataclass(frozen=True)
class Large:
    """`busy` is in all groups one may be in but one, and has `DIRECT_ROOMS`; `group` is full."""

    owner: Member
    busy: Member
    outsider: Member
    group: Document
    number_of_groups: int = MAX_ROOMS - 1


@pytest.fixture(scope="module")
def large(server: Server, beside: Flask) -> Iterator[Large]:
    """A database as large as the limits allow, on the running server."""
    prefix = f"m{secrets.token_hex(3)}_"
    output = flask(
        *("seed", "users", "--count", str(MAX_MEMBERS), "--prefix", prefix, "--room", "Everybody"),
        data_dir=server.data_dir,
        MONGO_URI=server.mongo_uri,
    ).stdout
    database = beside.extensions["chat"].database
    room_id = output.splitlines()[-1]
    room = database.db["room"].find_one({"_id": ObjectId(room_id)})
    found = database.db["user_room"].find({"room_identity": ObjectId(room_id)})
    members = [str(one["user_identity"]) for one in found]
    assert len(members) == MAX_MEMBERS
    with ExitStack() as stack:
        people = make_people(beside, "owner", "busy", "outsider")
        owner, busy, outsider = (Member(person, server, stack) for person in people)
        # The group is the owner's, who takes the place of the one it was made for.
        database.db["room"].update_one(
            {"_id": room["_id"]}, {"$set": {"user_identity": ObjectId(owner.id)}}
        )
        database.db["user_room"].update_one(
            {"room_identity": room["_id"], "user_identity": room["user_identity"]},
            {"$set": {"user_identity": ObjectId(owner.id)}},
        )
        groups = (
            (group_document(owner.id, number), [owner.id, busy.id], members[number])
            for number in range(MAX_ROOMS - 1)
        )
        talks = (
            ({"kind": "direct", "member_key": member_key(busy.id, other)}, [busy.id, other], other)
            for other in members[:DIRECT_ROOMS]
        )
        with pymongo.timeout(PATIENCE):
            insert_rooms(beside, itertools.chain(groups, talks))
        yield Large(owner, busy, outsider, {"id": room_id, "number": room["number"]})


def outcome(call: Callable[[], requests.Response]) -> requests.Response:
    """Call until the outcome is known: a busy machine may be too slow."""
    return ask_while(lambda response: response.status_code == 503, call)


def groups_of(member: Member) -> list[str]:
    found = outcome(lambda: member.http("GET", "/rooms")).json()["data"]
    return [room["id"] for room in found if room["kind"] == "group"]


def test_as_many_groups_as_one_may_be_in_are_all_listed(large: Large) -> None:
    rooms = outcome(lambda: large.busy.http("GET", "/rooms")).json()["data"]
    assert len({room["id"] for room in rooms}) == len(rooms)
    groups = [room for room in rooms if room["kind"] == "group"]
    talks = [room for room in rooms if room["kind"] == "direct"]
    assert len(groups) >= large.number_of_groups and len(talks) == DIRECT_ROOMS
    assert all(room["last_message"]["username"] for room in talks)
    assert all(room["peer"]["id"] != large.busy.id for room in talks)


def test_one_connects_to_as_many_groups_and_catches_up(large: Large) -> None:
    groups = groups_of(large.busy)
    client = large.busy.socket("/direct", "/group")
    seen = dict.fromkeys(groups, 0)
    for _ in range(100):
        answer = answered(lambda: client.call("/group", "sync", {"rooms": seen}))["data"]
        assert answer["gone"] == [] and answer["joined"] == []
        for room_id, page in answer["rooms"].items():
            assert not page["reset"]
            seen[room_id] += len(page["messages"])
        if not any(page["has_more"] for page in answer["rooms"].values()):
            break
    assert seen == {room_id: seen[room_id] or 0 for room_id in groups}
    assert sum(seen.values()) >= large.number_of_groups
    last = groups[-1]
    large.owner.post({"id": last}, "are you there?")
    assert client.pushed("message_created", room_id=last)["data"] == "are you there?"


def test_direct_rooms_that_are_not_named_are_all_joined(large: Large) -> None:
    client = large.busy.socket("/direct")
    answer = answered(lambda: client.call("/direct", "sync", {"rooms": {}}))["data"]
    assert len(answer["joined"]) == DIRECT_ROOMS


def test_one_is_in_so_many_groups_and_no_more(large: Large) -> None:
    body = {"name": "One more"}
    made = outcome(lambda: large.busy.http("POST", "/rooms", body))
    while len(groups_of(large.busy)) < MAX_ROOMS:  # where an answer was lost there is one more
        made = outcome(lambda: large.busy.http("POST", "/rooms", body))
    assert made.status_code == 201, made.text
    refused = outcome(lambda: large.busy.http("POST", "/rooms", body))
    assert refused.status_code == 409, refused.text
    for room_id in groups_of(large.busy)[:1]:
        gone = outcome(lambda: large.busy.http("DELETE", f"/rooms/{made.json()['data']['id']}"))
        assert gone.status_code in (204, 404), (gone.text, room_id)


def test_a_full_group_shows_its_members_and_takes_no_more(large: Large) -> None:
    path = f"/rooms/{large.group['id']}/members"
    members = outcome(lambda: large.owner.http("GET", path)).json()["data"]
    assert len({one["user"]["id"] for one in members}) == MAX_MEMBERS
    assert [one["user"]["id"] for one in members if one["role"] == "owner"] == [large.owner.id]
    join = {"number": large.group["number"]}
    refused = outcome(lambda: large.outsider.http("POST", "/rooms/join", join))
    assert refused.status_code == 409, refused.text

    leaver = members[-1]["user"]["id"]
    for user_id, role in ((leaver, "admin"), (leaver, "member")):
        changed = outcome(lambda: large.owner.http("PATCH", f"{path}/{user_id}", {"role": role}))
        assert changed.json()["data"]["role"] == role
    removed = outcome(lambda: large.owner.http("DELETE", f"{path}/{leaver}"))
    assert removed.status_code in (204, 404), removed.text
    joined = outcome(lambda: large.outsider.http("POST", "/rooms/join", join))
    assert joined.status_code == 200, joined.text


def test_what_is_said_in_a_full_group_reaches_its_members(large: Large) -> None:
    client = large.owner.socket("/group")
    answer = answered(lambda: client.call("/group", "send_message", message(large.group, "all")))
    assert client.pushed("message_created", id=answer["data"]["id"])["data"] == "all"
