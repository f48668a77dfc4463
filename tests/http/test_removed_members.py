"""A removed user cannot return to a group until they are added by name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from chat.wiring import Services
from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def remove(actor: Person, group: dict[str, Any], target: Person) -> None:
    assert actor.delete(f"/rooms/{group['id']}/members/{target.id}").status_code == 204


def test_a_removed_user_cannot_return_by_the_number(app: Flask) -> None:
    owner, bob, carol = make_people(app, "owner", "bob", "carol")
    group = owner.create_group(bob, carol)
    remove(owner, group, bob)
    owner.say(group, "what was said meanwhile")
    for number in (group["number"], " ".join(group["number"])):
        error = error_of(bob.post("/rooms/join", json={"number": number}), 403)
        assert error["code"] == "forbidden"
        assert "移出" in error["message"]
    error_of(bob.get(f"/rooms/{group['id']}/messages"), 404)
    assert set(owner.members(group)) == {owner.username, carol.username}
    assert bob.rooms() == []


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_the_removed_are_welcome_again_once_added_by_name(app: Flask, role: str) -> None:
    owner, admin, bob = make_people(app, "owner", "admin", "bob")
    group = owner.create_group(admin, bob)
    data_of(owner.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "admin"}))
    remove(owner, group, bob)
    {"owner": owner, "admin": admin}[role].add(group, bob)
    assert bob.room(group["id"])["id"] == group["id"]
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    assert bob.join(group)["id"] == group["id"]


def test_a_user_who_left_may_join_again(app: Flask) -> None:
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group(bob)
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    assert bob.join(group)["id"] == group["id"]


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_user_who_left_can_be_banned(app: Flask, role: str) -> None:
    owner, admin, bob = make_people(app, "owner", "admin", "bob")
    group = owner.create_group(admin, bob)
    data_of(owner.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "admin"}))
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    for _ in range(2):  # once more changes nothing
        remove({"owner": owner, "admin": admin}[role], group, bob)
    error_of(bob.post("/rooms/join", json={"number": group["number"]}), 403)
    owner.add(group, bob)
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    assert bob.join(group)["id"] == group["id"]


def test_a_user_who_never_was_a_member_can_be_banned(app: Flask) -> None:
    owner, bob, eve = make_people(app, "owner", "bob", "eve")
    group = owner.create_group(bob)
    assert (
        owner.post(f"/rooms/{group['id']}/members", json={"username": eve.username}).status_code
        == 202
    )
    for _ in range(2):  # once more changes nothing
        remove(owner, group, eve)
    assert eve.membership_requests() == []
    error_of(eve.post("/rooms/join", json={"number": group["number"]}), 403)
    token = data_of(owner.post(f"/rooms/{group['id']}/invitations", json={}), 201)["token"]
    error_of(eve.post(f"/invitations/{token}"), 403)
    assert set(owner.members(group)) == {owner.username, bob.username}


def test_only_owner_and_admins_keep_out_and_only_somebody_with_an_account(app: Flask) -> None:
    owner, bob, eve = make_people(app, "owner", "bob", "eve")
    group = owner.create_group(bob)
    path = f"/rooms/{group['id']}/members"
    error_of(bob.delete(f"{path}/{eve.id}"), 403)
    error_of(eve.delete(f"{path}/{bob.id}"), 404)
    for nobody in (UNKNOWN_ID, "x"):
        error_of(owner.delete(f"{path}/{nobody}"), 404)
    assert eve.join(group)["id"] == group["id"]


def test_a_refused_removal_bans_nobody(app: Flask) -> None:
    owner, admin, bob = make_people(app, "owner", "admin", "bob")
    group = owner.create_group(admin, bob)
    error_of(bob.delete(f"/rooms/{group['id']}/members/{admin.id}"), 403)
    error_of(bob.delete(f"/rooms/{group['id']}/members/{owner.id}"), 403)
    assert admin.delete(f"/rooms/{group['id']}/members/{admin.id}").status_code == 204
    assert admin.join(group)["id"] == group["id"]


def test_concurrent_joins_do_not_undo_a_removal(app: Flask) -> None:
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group(bob)

    def try_to_join(_: int) -> int:
        return bob.post("/rooms/join", json={"number": group["number"]}).status_code

    with ThreadPoolExecutor(9) as pool:
        joins = pool.map(try_to_join, range(40))
        remove(owner, group, bob)
        assert set(joins) <= {200, 403}
    assert try_to_join(0) == 403
    assert bob.rooms() == []


def test_removals_go_with_the_account_and_with_the_group(app: Flask) -> None:
    services: Services = app.extensions["chat"]
    removals = services.database.db["removal"]
    owner, bob, carol = make_people(app, "owner", "bob", "carol")
    group = owner.create_group(bob, carol)
    for person in (bob, carol):
        remove(owner, group, person)
    assert len(list(removals.find())) >= 2
    bob.end()
    left = [str(found["user_identity"]) for found in removals.find()]
    assert bob.id not in left and carol.id in left
    assert owner.delete(f"/rooms/{group['id']}").status_code == 204
    services.jobs.run_due()
    assert carol.id not in [str(found["user_identity"]) for found in removals.find()]


# The number


def test_a_renewed_number_is_another_and_the_old_one_is_dead(app: Flask) -> None:
    owner, bob, eve = make_people(app, "owner", "bob", "eve")
    group = owner.create_group(bob)
    renewed = data_of(owner.post(f"/rooms/{group['id']}/number"))
    assert renewed["number"] != group["number"]
    assert len(renewed["number"]) == 9
    assert bob.room(group["id"])["number"] == renewed["number"]
    refused = eve.post("/rooms/join", json={"number": group["number"]})
    unknown = eve.post("/rooms/join", json={"number": "000000000"})
    error_of(refused, 404)
    assert refused.data == unknown.data
    assert eve.join(renewed)["id"] == group["id"]


def test_a_group_never_gets_a_taken_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_people(app, "owner")[0]
    first, second = owner.create_group(), owner.create_group()
    taken = int(first["number"]) - 100_000_000
    drawn = iter([taken, taken, 123_456])
    monkeypatch.setattr("chat.repositories.rooms.secrets.randbelow", lambda _: next(drawn))
    renewed = data_of(owner.post(f"/rooms/{second['id']}/number"))
    assert renewed["number"] == "100123456"


# Access


def test_with_access_by_invitation_nobody_joins_by_the_number(app: Flask) -> None:
    owner, bob, eve, removed = make_people(app, "owner", "bob", "eve", "removed")
    group = owner.create_group(bob, removed)
    remove(owner, group, removed)
    path = f"/rooms/{group['id']}"
    assert group["access"] == "number"
    assert data_of(owner.patch(path, json={"access": "invitation"}))["access"] == "invitation"
    unknown = eve.post("/rooms/join", json={"number": "000000000"})
    for stranger in (eve, removed):
        refused = stranger.post("/rooms/join", json={"number": group["number"]})
        error_of(refused, 404)
        assert refused.data == unknown.data
    assert bob.join(group)["id"] == group["id"]  # they are in it
    data_of(owner.patch(path, json={"access": "number"}))
    assert eve.join(group)["id"] == group["id"]


# Posting


def test_where_admins_post_members_read(app: Flask) -> None:
    owner, admin, bob = make_people(app, "owner", "admin", "bob")
    group = owner.create_group(admin, bob)
    path = f"/rooms/{group['id']}"
    data_of(owner.patch(f"{path}/members/{admin.id}", json={"role": "admin"}))
    bob.say(group, "before")
    assert data_of(admin.patch(path, json={"posting": "admins"}))["posting"] == "admins"
    error = error_of(bob.post_message(group, "after"), 403)
    assert error["code"] == "forbidden" and "管理员" in error["message"]
    owner.say(group, "by the owner")
    admin.say(group, "by an admin")
    assert [one["data"] for one in bob.history(group)["messages"]] == [
        "before",
        "by the owner",
        "by an admin",
    ]
    data_of(owner.patch(f"{path}/members/{bob.id}", json={"role": "admin"}))
    bob.say(group, "as an admin")
    data_of(owner.patch(f"{path}/members/{bob.id}", json={"role": "member"}))
    error_of(bob.post_message(group, "no longer"), 403)
    data_of(owner.patch(path, json={"posting": "members"}))
    bob.say(group, "as a member")


def test_an_admin_made_at_another_process_can_post_at_once(app: Flask) -> None:
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group(bob)
    data_of(owner.patch(f"/rooms/{group['id']}", json={"posting": "admins"}))
    error_of(bob.post_message(group, "before"), 403)  # and remembered
    services: Services = app.extensions["chat"]
    services.database.db["user_room"].update_one(
        {"room_identity": ObjectId(group["id"]), "user_identity": ObjectId(bob.id)},
        {"$set": {"role": "admin"}},
    )
    bob.say(group, "as an admin")


@pytest.mark.parametrize("field", ["access", "posting"])
@pytest.mark.parametrize("value", ["everyone", "", None, 1, True, ["number"], {"$ne": 1}])
def test_other_values_are_refused_by_name(app: Flask, field: str, value: object) -> None:
    owner = make_people(app, "owner")[0]
    group = owner.create_group()
    error = error_of(owner.patch(f"/rooms/{group['id']}", json={field: value}), 400)
    assert set(error["fields"]) == {field}
    assert owner.room(group["id"])[field] == group[field]


def test_a_room_of_two_has_no_settings(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    assert (room["access"], room["posting"]) == ("number", "members")
    error_of(alice.patch(f"/rooms/{room['id']}", json={"posting": "admins"}), 403)
    error_of(alice.post(f"/rooms/{room['id']}/number"), 403)
    error_of(alice.post(f"/rooms/{room['id']}/invitations", json={}), 403)
