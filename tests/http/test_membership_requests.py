"""Membership requests over HTTP: strangers must consent before they are added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from limits import RateLimitItemPerDay
from werkzeug.test import TestResponse

from chat.clock import DAY_MS
from chat.database.client import Database
from chat.limits.rules import ADDITIONS, ASKS_BY_ONE, ASKS_TO_ONE
from chat.services import membership_requests
from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people, operator
from tests.clocks import Clock

INVITED = {"invited": True}


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def add(actor: Person, group: dict[str, Any], other: Person) -> TestResponse:
    return actor.post(f"/rooms/{group['id']}/members", json={"username": other.username})


def accept(person: Person, request: dict[str, Any]) -> TestResponse:
    return person.post(f"/users/me/invitations/{request['id']}")


def decline(person: Person, request: dict[str, Any]) -> TestResponse:
    return person.delete(f"/users/me/invitations/{request['id']}")


def test_a_stranger_is_asked_and_joins_by_accepting(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(name="Tea")
    alice.say(group, "secret")
    assert data_of(add(alice, group, bob), 202) == INVITED
    error_of(bob.get(f"/rooms/{group['id']}"), 404)
    (request,) = bob.membership_requests()
    shown = {"name": "Tea", "info": "", "avatar": "", "members": 1}
    assert request["room"] == shown | {"id": group["id"]}
    assert request["invited_by"]["username"] == alice.username
    assert set(request) == {"id", "room", "invited_by", "created_at"}

    joined = data_of(accept(bob, request))
    assert (joined["id"], joined["unread"]) == (group["id"], 0)
    assert set(alice.members(group)) == {alice.username, bob.username}
    assert bob.membership_requests() == []
    error_of(accept(bob, request), 404)


def test_a_user_who_shares_a_group_is_added_at_once(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    alice.create_group(bob)
    assert data_of(add(alice, alice.create_group(), bob), 201)["user"]["id"] == bob.id
    assert bob.membership_requests() == []


def test_a_direct_room_counts_once_the_other_one_has_written_in_it(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    room = alice.talk_to(bob)
    alice.say(room, "come to my group")
    first, second = alice.create_group(), alice.create_group()
    assert data_of(add(alice, first, bob), 202) == INVITED
    bob.say(room, "gladly")
    data_of(add(alice, second, bob), 201)


def test_asking_again_while_it_waits_changes_nothing(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group()
    for _ in range(3):
        assert data_of(add(alice, group, bob), 202) == INVITED
    assert len(bob.membership_requests()) == 1


def test_a_user_who_declined_is_not_asked_again_for_that_group(app: Flask) -> None:
    alice, bob, admin = make_people(app, "alice", "bob", "admin")
    group = alice.create_group(admin)
    data_of(alice.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "admin"}))
    add(alice, group, bob)
    (request,) = bob.membership_requests()
    response = decline(bob, request)
    assert (response.status_code, response.data) == (204, b"")
    for actor in (alice, admin):
        assert error_of(add(actor, group, bob), 403)["code"] == "forbidden"
    assert bob.membership_requests() == []
    error_of(accept(bob, request), 404)
    error_of(decline(bob, request), 404)
    bob.say(alice.talk_to(bob), "no, thank you")
    error_of(add(alice, group, bob), 403)  # nor are they added without being asked
    bob.join(group)  # joining is still possible after declining


def test_a_declined_request_may_be_made_again_after_a_month(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Clock(0)
    now_ms = Database.now_ms
    monkeypatch.setattr(Database, "now_ms", lambda database: now_ms(database) + ahead())
    alice, bob = make_people(make_app(), "alice", "bob")
    group = alice.create_group()
    ahead.now = -31 * DAY_MS
    add(alice, group, bob)
    decline(bob, bob.membership_requests()[0])
    error_of(add(alice, group, bob), 403)
    ahead.now = 0
    assert data_of(add(alice, group, bob), 202) == INVITED
    assert len(bob.membership_requests()) == 1


def test_a_request_is_its_receivers_alone(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    add(alice, alice.create_group(), bob)
    (request,) = bob.membership_requests()
    for person in (alice, eve):
        assert person.membership_requests() == []
        error_of(accept(person, request), 404)
        error_of(decline(person, request), 404)
    for nothing in (UNKNOWN_ID, "x"):
        error_of(accept(bob, {"id": nothing}), 404)
        error_of(decline(bob, {"id": nothing}), 404)
    data_of(accept(bob, request))


def remove_group(owner: Person, admin: Person, group: dict[str, Any]) -> None:
    assert owner.delete(f"/rooms/{group['id']}").status_code == 204


def take_the_role(owner: Person, admin: Person, group: dict[str, Any]) -> None:
    data_of(owner.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "member"}))


def remove_the_admin(owner: Person, admin: Person, group: dict[str, Any]) -> None:
    path = f"/rooms/{group['id']}/members/{admin.id}"
    assert owner.delete(path).status_code == 204


def delete_the_account(owner: Person, admin: Person, group: dict[str, Any]) -> None:
    admin.end()


@pytest.mark.parametrize(
    "change", [remove_group, take_the_role, remove_the_admin, delete_the_account]
)
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_request_is_void_when_its_group_or_inviter_is_gone(
    app: Flask, change: Callable[[Person, Person, dict[str, Any]], None], is_listed: bool
) -> None:
    owner, admin, bob = make_people(app, "owner", "admin", "bob")
    group = owner.create_group(admin)
    data_of(owner.patch(f"/rooms/{group['id']}/members/{admin.id}", json={"role": "admin"}))
    add(admin, group, bob)
    (request,) = bob.membership_requests()
    change(owner, admin, group)
    if is_listed:
        assert bob.membership_requests() == []
    error_of(accept(bob, request), 404)
    assert bob.rooms() == []


def test_a_request_is_deleted_with_its_recipients_account_and_when_they_join(app: Flask) -> None:
    alice, bob, cleo = make_people(app, "alice", "bob", "cleo")
    group = alice.create_group()
    for other in (bob, cleo):
        add(alice, group, other)
    bob.join(group)
    assert bob.membership_requests() == []
    cleo.end()
    db = app.extensions["chat"].database.db
    left = [one for one in db["membership_request"].find() if str(one["user_identity"]) == cleo.id]
    assert left == []


def test_a_removed_user_cannot_return_by_an_older_request(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group()
    assert add(alice, group, bob).status_code == 202
    (request,) = bob.membership_requests()
    bob.join(group)
    assert alice.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    error_of(accept(bob, request), 404)
    error_of(bob.post("/rooms/join", json={"number": group["number"]}), 403)
    assert bob.rooms() == []


def test_a_ban_at_another_process_wins_over_a_concurrent_accept(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = make_app(), make_app()
    alice, bob = make_people(here, "alice", "bob")
    group = alice.create_group()
    assert add(alice, group, bob).status_code == 202
    (request,) = bob.membership_requests()
    requests = here.extensions["chat"].membership_requests
    use_up = requests.use_up

    def use_up_and_lose(request_id: str) -> None:
        use_up(request_id)
        elsewhere.extensions["chat"].member_removal.remove_member(alice.model, group["id"], bob.id)

    monkeypatch.setattr(requests, "use_up", use_up_and_lose)
    error_of(accept(bob, request), 403)
    assert bob.rooms() == []
    error_of(bob.post("/rooms/join", json={"number": group["number"]}), 403)


def test_a_user_removed_before_the_request_may_accept_it(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group()
    bob.join(group)
    assert alice.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    assert add(alice, group, bob).status_code == 202
    (request,) = bob.membership_requests()
    data_of(accept(bob, request))
    assert [room["id"] for room in bob.rooms()] == [group["id"]]


def test_requests_and_invitations_by_a_disabled_user_are_void(app: Flask) -> None:
    alice, bob, cleo = make_people(app, "alice", "bob", "cleo")
    group = alice.create_group()
    assert add(alice, group, bob).status_code == 202
    (request,) = bob.membership_requests()
    invitation = data_of(alice.post(f"/rooms/{group['id']}/invitations", json={}), 201)
    operator(app).disable_user(alice.username)
    error_of(accept(bob, request), 404)
    error_of(cleo.post(f"/invitations/{invitation['token']}"), 404)


def test_unanswered_requests_are_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership_requests, "MAX_WAITING_REQUESTS", 2)
    alice, bob = make_people(app, "alice", "bob")
    for _ in range(2):
        assert data_of(add(alice, alice.create_group(), bob), 202) == INVITED
    assert error_of(add(alice, alice.create_group(), bob), 409)["code"] == "conflict"
    waiting = bob.membership_requests()
    assert len(waiting) == 2
    data_of(accept(bob, waiting[0]))
    # They share a group now, so there is nothing to ask.
    data_of(add(alice, alice.create_group(), bob), 201)


def decline_it(alice: Person, bob: Person, group: dict[str, Any]) -> None:
    decline(bob, bob.membership_requests()[0])


def end_the_group(alice: Person, bob: Person, group: dict[str, Any]) -> None:
    assert alice.delete(f"/rooms/{group['id']}").status_code == 204


def keep_them_out(alice: Person, bob: Person, group: dict[str, Any]) -> None:
    assert alice.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204


def leave_it(alice: Person, bob: Person, group: dict[str, Any]) -> None:
    data_of(accept(bob, bob.membership_requests()[0]))
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204


@pytest.mark.parametrize("then", [decline_it, end_the_group, keep_them_out, leave_it])
def test_requests_to_one_user_are_limited_even_if_their_groups_are_deleted(
    make_app: Callable[..., Flask], then: Callable[[Person, Person, dict[str, Any]], None]
) -> None:
    app = make_app(RATE_LIMITS=True)
    alice, bob, cleo = make_people(app, "alice", "bob", "cleo")
    for _ in range(ASKS_TO_ONE.item.amount):
        group = alice.create_group()
        assert data_of(add(alice, group, bob), 202) == INVITED
        then(alice, bob, group)
    group = alice.create_group()
    error = error_of(add(alice, group, bob), 429)
    assert error["code"] == "rate_limited" and error["retry_after"] > 24 * 60 * 60
    assert bob.membership_requests() == []
    assert data_of(add(alice, group, cleo), 202) == INVITED


def test_one_person_asks_so_many_strangers_a_day(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        membership_requests, "ASKS_BY_ONE", replace(ASKS_BY_ONE, item=RateLimitItemPerDay(3))
    )
    app = make_app(RATE_LIMITS=True)
    alice, *others = make_people(app, "alice", "bob", "cleo", "dora", "eve")
    group = alice.create_group()
    statuses = [add(alice, group, other).status_code for other in (*others[:1] * 3, *others)]
    assert statuses == [202] * 6 + [429]  # to ask again while it waits is not counted


def test_requests_that_are_not_counted_are_not_bounded(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    for _ in range(ASKS_TO_ONE.item.amount + 1):  # RATE_LIMITS=off
        assert data_of(add(alice, alice.create_group(), bob), 202) == INVITED


def test_additions_of_one_user_are_limited_by_day(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATE_LIMITS=True, ROOMS_PER_MINUTE=100)
    alice, bob, cleo = make_people(app, "alice", "bob", "cleo")
    for other in (alice, cleo):
        other.create_group(bob)
    statuses = [
        add(actor, actor.create_group(), bob).status_code
        for actor in (alice, cleo)
        for _ in range(ADDITIONS.item.amount // 2 + 1)
    ]
    assert statuses == [201] * ADDITIONS.item.amount + [202] * 2
    assert len(bob.membership_requests()) == 2
