"""A group has one owner, who is a member, whatever two processes change in it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests
from bson import ObjectId
from flask import Flask

from chat.models import Room
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.services.deleted_accounts import REMOVE
from tests.jobs import wait_for_jobs
from tests.sockets.conftest import Member, Pair

ROUNDS = 8  # of each race
ENOUGH = 60.0  # seconds, for what only has to happen
GOOD = {200, 201, 204}
REFUSED = {403, 404, 409}
DONE_ELSEWHERE = {401}  # by somebody whose account is gone

Cast = tuple[Member, Member, Member]
Call = Callable[[], requests.Response]


def transfer_ownership(actor: Member, group: dict[str, Any], heir: Member) -> Call:
    path = f"/rooms/{group['id']}/members/{heir.id}"
    return lambda: actor.http("PATCH", path, {"role": "owner"})


def remove(actor: Member, group: dict[str, Any], target: Member) -> Call:
    return lambda: actor.http("DELETE", f"/rooms/{group['id']}/members/{target.id}")


def delete(actor: Member, group: dict[str, Any]) -> Call:
    return lambda: actor.http("DELETE", f"/rooms/{group['id']}")


def delete_account(actor: Member) -> Call:
    return lambda: actor.http("DELETE", "/users/me", {"password": actor.password})


def join(actor: Member, group: dict[str, Any]) -> Call:
    return lambda: actor.http("POST", "/rooms/join", {"number": group["number"]})


# What ann (the owner) and others do at the same moment, each by another process. `there` makes
# somebody call the other process.
RACES: dict[str, Callable[[Cast, dict[str, Any], Callable[[Member], Member]], list[Call]]] = {
    "two hand-overs": lambda cast, group, there: [
        transfer_ownership(cast[0], group, cast[1]),
        transfer_ownership(there(cast[0]), group, cast[2]),
    ],
    "hand-over, the heir leaves": lambda cast, group, there: [
        transfer_ownership(cast[0], group, cast[1]),
        remove(there(cast[1]), group, cast[1]),
    ],
    "hand-over, the heir is removed": lambda cast, group, there: [
        transfer_ownership(cast[0], group, cast[1]),
        remove(there(cast[0]), group, cast[1]),
    ],
    "hand-over, the group is deleted": lambda cast, group, there: [
        transfer_ownership(cast[0], group, cast[1]),
        delete(there(cast[0]), group),
    ],
    "hand-over, the account of the heir ends": lambda cast, group, there: [
        transfer_ownership(cast[0], group, cast[1]),
        delete_account(there(cast[1])),
    ],
    "the account of the owner ends, all others leave": lambda cast, group, there: [
        delete_account(cast[0]),
        remove(there(cast[1]), group, cast[1]),
        remove(there(cast[2]), group, cast[2]),
    ],
    "two accounts end": lambda cast, group, there: [
        delete_account(cast[0]),
        delete_account(there(cast[1])),
    ],
    "the last one leaves, another comes": lambda cast, group, there: [
        remove(cast[0], group, cast[0]),
        join(there(cast[1]), group),
    ],
}


def statuses(pool: ThreadPoolExecutor, calls: list[Call]) -> Iterator[int]:
    running: list[Future[requests.Response]] = [pool.submit(call) for call in calls]
    for one in running:
        yield one.result(ENOUGH).status_code


@pytest.mark.parametrize("race", RACES)
def test_a_group_has_one_owner_whatever_happens_at_once(
    spread: Pair, beside: Flask, race: str
) -> None:
    database = beside.extensions["chat"].database
    rooms, memberships = RoomRepository(database), MembershipRepository(database)
    cast = spread(*[name for _ in range(ROUNDS) for name in ("ann", "bob", "eve")])
    here, other = cast[0], cast[1]

    def there(member: Member) -> Member:
        return member.on(other)

    races, wrong = [], list[tuple[tuple[int, ...], Room]]()
    with ThreadPoolExecutor(3) as pool:
        for number in range(ROUNDS):
            three = [one.on(here) for one in cast[3 * number : 3 * number + 3]]
            ann, bob, eve = three
            group = ann.create_group(*([] if "comes" in race else [bob, eve]))
            found = tuple(statuses(pool, RACES[race]((ann, bob, eve), group, there)))
            races.append((three, group, found))
    wait_for_jobs(database, REMOVE)  # until all ended accounts are in no room
    for three, group, found in races:
        room = rooms.find(group["id"])
        members = memberships.list_of_room(group["id"])
        if room is None:
            assert database.db["job"].find_one({"arguments.room_id": group["id"]})
        elif room.owner_id not in {one.user_id for one in members}:
            wrong.append((found, room))
        else:
            owner = next(one for one in three if one.id == room.owner_id)
            roles = [one["role"] for one in owner.data("GET", f"/rooms/{room.id}/members")]
            assert roles.count("owner") == 1, (found, roles)
    outcomes = {found for _, _, found in races}
    assert wrong == []
    assert all(set(found) <= GOOD | REFUSED | DONE_ELSEWHERE for found in outcomes), outcomes


def test_an_owner_who_is_no_member_is_replaced_at_the_next_start(
    spread: Pair, beside: Flask
) -> None:
    """As a process leaves it that dies after the heir of a hand-over has left."""
    ann, bob = spread("ann", "bob")
    group = ann.create_group(bob)
    database = beside.extensions["chat"].database
    database.db["user_room"].delete_one(
        {"room_identity": ObjectId(group["id"]), "user_identity": ObjectId(ann.id)}
    )
    beside.extensions["chat"].room_repair.catch_up()
    room = RoomRepository(database).find(group["id"])
    assert room is not None and room.owner_id == bob.id
    bob.data("PATCH", f"/rooms/{group['id']}", {"name": "Mine now"})
