"""Invitations to groups over HTTP: create, preview, accept, and all ways they become void."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chat.repositories.memberships import MembershipRepository
from chat.schemas.room_invitations import DEFAULT_DAYS, DEFAULT_USES
from chat.services.room_invitations import MAX_INVITATIONS
from chat.tokens import hash_token
from chat.wiring import Services
from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people, settle

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def invite(actor: Person, group: dict[str, Any], **wanted: int) -> dict[str, Any]:
    """Make an invitation and return it, with its token."""
    made: dict[str, Any] = data_of(
        actor.post(f"/rooms/{group['id']}/invitations", json=wanted), 201
    )
    return made


def listed(actor: Person, group: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the invitations as the owner or an admin sees them."""
    found: list[dict[str, Any]] = data_of(actor.get(f"/rooms/{group['id']}/invitations"))
    return found


def private_group(owner: Person, *members: Person) -> dict[str, Any]:
    """Return a group that cannot be joined by its number."""
    group = owner.create_group(*members)
    found: dict[str, Any] = data_of(
        owner.patch(f"/rooms/{group['id']}", json={"access": "invitation", "info": "Ours"})
    )
    return found


def assert_useless(person: Person, token: str) -> None:
    """Preview and accept: an invalid token looks like an unknown one."""
    for call in (person.get, person.post):
        refused, unknown = call(f"/invitations/{token}"), call("/invitations/no-such-token")
        error_of(refused, 404)
        assert refused.data == unknown.data


def test_an_invitation_is_looked_at_and_then_accepted(app: Flask) -> None:
    owner, bob, eve = make_people(app, "owner", "bob", "eve")
    group = private_group(owner, eve)
    made = invite(owner, group)
    assert set(made) == {"id", "token", "expires_at", "uses_left", "created_at"}
    assert len(made["token"]) == 22  # 128 bits
    assert made["uses_left"] == DEFAULT_USES
    assert made["expires_at"] - made["created_at"] == DEFAULT_DAYS * DAY_MS
    path = f"/invitations/{made['token']}"

    look = data_of(bob.get(path))
    assert look["room"] == {"name": group["name"], "info": "Ours", "avatar": "", "members": 2}
    assert (look["invited_by"]["username"], look["room_id"]) == (owner.username, None)
    assert "email" not in look["invited_by"]
    assert bob.rooms() == []

    assert data_of(bob.post(path))["id"] == group["id"]
    assert bob.username in owner.members(group)
    assert data_of(bob.get(path))["room_id"] == group["id"]
    assert listed(owner, group)[0]["uses_left"] == DEFAULT_USES - 1


def test_an_invitation_needs_a_log_in(app: Flask) -> None:
    owner = make_people(app, "owner")[0]
    token = invite(owner, owner.create_group())["token"]
    for method in ("GET", "POST"):
        response = app.test_client().open(f"/api/invitations/{token}", method=method)
        error_of(response, 401)


def test_the_token_is_shown_once_and_stored_nowhere(app: Flask) -> None:
    services: Services = app.extensions["chat"]
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group()
    made = invite(owner, group)
    data_of(bob.post(f"/invitations/{made['token']}"))
    (entry,) = listed(owner, group)
    assert set(entry) == {"id", "expires_at", "uses_left", "created_at", "invited_by"}
    settle(app)
    db = services.database.db
    for name in db.list_collection_names():
        assert made["token"] not in str(list(db[name].find())), name


# Uses


def test_of_twenty_concurrent_users_one_use_admits_one(app: Flask) -> None:
    owner, *people = make_people(app, "owner", *(f"p{n}" for n in range(20)))
    group = private_group(owner)
    token = invite(owner, group, uses=1)["token"]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: one.post(f"/invitations/{token}"), people))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 19
    assert len(owner.members(group)) == 2
    assert listed(owner, group) == []
    late = make_people(app, "late")[0]
    assert_useless(late, token)


def test_as_many_enter_as_there_are_uses(app: Flask) -> None:
    owner, *people = make_people(app, "owner", *(f"p{n}" for n in range(9)))
    group = private_group(owner)
    token = invite(owner, group, uses=4)["token"]
    with ThreadPoolExecutor(9) as pool:
        statuses = list(pool.map(lambda one: one.post(f"/invitations/{token}").status_code, people))
    assert sorted(statuses) == [200] * 4 + [404] * 5
    assert len(owner.members(group)) == 5


def test_one_takes_one_use_however_often_one_asks(app: Flask) -> None:
    owner, bob, carol = make_people(app, "owner", "bob", "carol")
    group = private_group(owner, carol)
    token = invite(owner, group, uses=2)["token"]
    path = f"/invitations/{token}"
    data_of(carol.post(path))  # she is a member already
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: bob.post(path).status_code, range(8)))
    assert statuses == [200] * 8
    assert listed(owner, group)[0]["uses_left"] == 1
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    data_of(bob.post(path))  # enters again without spending another use
    assert listed(owner, group)[0]["uses_left"] == 1


def test_a_failure_after_spending_a_use_costs_no_second_use(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, bob = make_people(app, "owner", "bob")
    group = private_group(owner)
    token = invite(owner, group, uses=1)["token"]
    with monkeypatch.context() as broken:
        broken.setattr(MembershipRepository, "insert", _fail)
        error_of(bob.post(f"/invitations/{token}"), 500)
    assert data_of(bob.get(f"/invitations/{token}"))["room"]["members"] == 1
    assert data_of(bob.post(f"/invitations/{token}"))["id"] == group["id"]


def _fail(*_: object) -> bool:
    raise RuntimeError("the disk is gone")


# What ends it


def test_a_revoked_invitation_looks_like_an_unknown_one(app: Flask) -> None:
    owner, bob, eve = make_people(app, "owner", "bob", "eve")
    group, others = private_group(owner, bob), eve.create_group()
    made = invite(owner, group)
    path = f"/rooms/{group['id']}/invitations/{made['id']}"
    error_of(bob.delete(path), 403)
    error_of(eve.delete(path), 404)
    error_of(eve.delete(f"/rooms/{others['id']}/invitations/{made['id']}"), 404)
    data_of(eve.get(f"/invitations/{made['token']}"))
    assert owner.delete(path).status_code == 204
    error_of(owner.delete(path), 404)
    assert_useless(eve, made["token"])


def test_an_expired_invitation_looks_like_an_unknown_one(app: Flask) -> None:
    services: Services = app.extensions["chat"]
    owner, bob = make_people(app, "owner", "bob")
    group = private_group(owner)
    token = invite(owner, group, expires_in=60)["token"]
    data_of(bob.get(f"/invitations/{token}"))
    invitations = services.database.db["room_invitation"]
    (stored,) = invitations.find({"token_hash": hash_token(token)})
    made_at = stored["expires_at"] - timedelta(seconds=60)
    assert invitations.update_one(
        {"_id": stored["_id"]}, {"$set": {"expires_at": made_at}}
    ).modified_count
    assert_useless(bob, token)
    assert listed(owner, group) == []


@pytest.mark.parametrize("end", ["demoted", "removed", "left", "account deleted"])
def test_an_invitation_ends_with_the_rank_of_its_maker(app: Flask, end: str) -> None:
    owner, admin, bob = make_people(app, "owner", "admin", "bob")
    group = private_group(owner, admin)
    member = f"/rooms/{group['id']}/members/{admin.id}"
    data_of(owner.patch(member, json={"role": "admin"}))
    token = invite(admin, group)["token"]
    data_of(bob.get(f"/invitations/{token}"))
    if end == "demoted":
        data_of(owner.patch(member, json={"role": "member"}))
    elif end == "account deleted":
        admin.end()
    else:
        assert (admin if end == "left" else owner).delete(member).status_code == 204
    assert_useless(bob, token)
    assert listed(owner, group) == []


def test_an_invitation_outlives_a_handover_of_the_group(app: Flask) -> None:
    owner, heir, bob = make_people(app, "owner", "heir", "bob")
    group = owner.create_group(heir)
    token = invite(owner, group)["token"]
    data_of(owner.patch(f"/rooms/{group['id']}/members/{heir.id}", json={"role": "owner"}))
    data_of(bob.post(f"/invitations/{token}"))


def test_an_invitation_ends_with_its_group(app: Flask) -> None:
    services: Services = app.extensions["chat"]
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group()
    made = invite(owner, group)
    assert owner.delete(f"/rooms/{group['id']}").status_code == 204
    assert_useless(bob, made["token"])
    services.jobs.run_due()
    left = services.database.db["room_invitation"].find()
    assert made["id"] not in [str(found["_id"]) for found in left]


# Who is kept out


def test_a_removed_user_cannot_return_by_an_invitation(app: Flask) -> None:
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group()
    token = invite(owner, group, uses=2)["token"]
    data_of(bob.post(f"/invitations/{token}"))
    assert owner.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    for good in (token, invite(owner, group)["token"]):
        for call in (bob.get, bob.post):
            assert error_of(call(f"/invitations/{good}"), 403)["code"] == "forbidden"
    assert [one["uses_left"] for one in listed(owner, group)] == [1, DEFAULT_USES]
    assert bob.rooms() == []


def test_only_owner_and_admins_create_and_list_invitations(app: Flask) -> None:
    owner, admin, member, stranger = make_people(app, "owner", "admin", "member", "stranger")
    group = owner.create_group(admin, member)
    path = f"/rooms/{group['id']}/invitations"
    data_of(owner.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "admin"}))
    first, second = invite(owner, group), invite(admin, group, uses=3, expires_in=3600)
    for actor in (owner, admin):
        assert [(one["id"], one["invited_by"]["username"]) for one in listed(actor, group)] == [
            (first["id"], owner.username),
            (second["id"], admin.username),
        ]
    for refused, status in ((member, 403), (stranger, 404)):
        error_of(refused.get(path), status)
        error_of(refused.post(path, json={}), status)
    nothing = stranger.get(f"/rooms/{UNKNOWN_ID}/invitations")
    assert stranger.get(path).data == nothing.data


# Bounds


def test_a_group_has_so_many_invitations_at_most(app: Flask) -> None:
    owner = make_people(app, "owner")[0]
    group = owner.create_group()
    path = f"/rooms/{group['id']}/invitations"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: owner.post(path, json={}), range(MAX_INVITATIONS + 5)))
    assert sorted(answer.status_code for answer in answers) == [201] * MAX_INVITATIONS + [409] * 5
    first = listed(owner, group)[0]
    assert owner.delete(f"{path}/{first['id']}").status_code == 204
    invite(owner, group)
    assert error_of(owner.post(path, json={}), 409)["code"] == "conflict"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expires_in", 59),
        ("expires_in", 30 * 24 * 3600 + 1),
        ("expires_in", None),
        ("expires_in", "3600"),
        ("uses", 0),
        ("uses", 1001),
        ("uses", True),
        ("uses", 1.0),
        ("token", "mine"),
    ],
)
def test_what_an_invitation_cannot_be_is_refused_by_name(
    app: Flask, field: str, value: object
) -> None:
    owner = make_people(app, "owner")[0]
    group = owner.create_group()
    path = f"/rooms/{group['id']}/invitations"
    assert set(error_of(owner.post(path, json={field: value}), 400)["fields"]) == {field}
    assert listed(owner, group) == []


def test_the_bounds_of_an_invitation_are_accepted(app: Flask) -> None:
    owner = make_people(app, "owner")[0]
    group = owner.create_group()
    began = int(time.time() * 1000)
    shortest = invite(owner, group, expires_in=60, uses=1)
    longest = invite(owner, group, expires_in=30 * 24 * 3600, uses=1000)
    assert abs(shortest["expires_at"] - began - 60_000) < 30_000
    assert longest["uses_left"] == 1000


@pytest.mark.parametrize(
    "token", ["x", "é" * 22, "a" * 4000, "%00", "$ne", "..", "0" * 22, "{}", "a%2Fb"]
)
def test_what_is_no_token_is_not_found(app: Flask, token: str) -> None:
    bob = make_people(app, "bob")[0]
    for call in (bob.get, bob.post):
        error_of(call(f"/invitations/{token}"), 404)


def test_they_are_in_the_audit_log_and_the_token_is_not(app: Flask) -> None:
    services: Services = app.extensions["chat"]
    owner, bob = make_people(app, "owner", "bob")
    group = owner.create_group()
    path = f"/rooms/{group['id']}"
    data_of(owner.patch(path, json={"access": "invitation", "posting": "admins", "name": "New"}))
    data_of(owner.patch(path, json={"access": "invitation"}))  # as it is already
    data_of(owner.post(f"{path}/number"))
    made = invite(owner, group)
    data_of(bob.post(f"/invitations/{made['token']}"))
    data_of(bob.post(f"/invitations/{made['token']}"))
    assert owner.delete(f"{path}/invitations/{made['id']}").status_code == 204
    settle(app)
    entries = services.audit.list_latest(100, owner.id) + services.audit.list_latest(100, bob.id)
    found = {(entry.id, entry.action, entry.actor_id, entry.detail) for entry in entries}
    assert sorted(entry[1:] for entry in found if entry[1] != "logged_in") == sorted(
        [
            ("access_changed", owner.id, "invitation"),
            ("posting_changed", owner.id, "admins"),
            ("number_renewed", owner.id, ""),
            ("invitation_made", owner.id, made["id"]),
            ("invitation_used", bob.id, made["id"]),
            ("invitation_revoked", owner.id, made["id"]),
        ]
    )
