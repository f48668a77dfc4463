"""Members of groups over HTTP: adding, removing, leaving, roles and transferring ownership."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask

from chat.wiring import Services
from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people

MEMBER = {"user", "role", "last_read_seq", "created_at"}
USER = {"id", "username", "nickname", "sex", "avatar", "created_at", "online"}


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


class Cast(NamedTuple):
    """A group with one or two users of each role, and a non-member."""

    owner: Person
    admin: Person
    member: Person
    other_admin: Person
    other: Person
    stranger: Person
    group: dict[str, Any]

    def path(self, target: Person | None = None) -> str:
        """Return the address of the members, or of one of them."""
        members = f"/rooms/{self.group['id']}/members"
        return f"{members}/{target.id}" if target else members

    def roles(self) -> dict[str, str]:
        """Return the roles by user id, as the owner sees them."""
        found = data_of(self.owner.get(self.path()))
        return {member["user"]["id"]: member["role"] for member in found}


@pytest.fixture
def cast(app: Flask) -> Cast:
    """A group in which all roles are played."""
    owner, admin, member, other_admin, other, stranger = make_people(
        app, "owner", "admin", "member", "admin2", "member2", "stranger"
    )
    others = [admin, member, other_admin, other]
    room = app.extensions["chat"].groups.gather(
        owner.model, "A group", [other.model for other in others]
    )
    cast = Cast(owner, admin, member, other_admin, other, stranger, owner.room(room.id))
    for promoted in (admin, other_admin):
        data_of(owner.patch(cast.path(promoted), json={"role": "admin"}))
    return cast


# Who is in it


def test_members_see_all_members_and_strangers_none(cast: Cast) -> None:
    listed = data_of(cast.member.get(cast.path()))
    assert [one["user"]["id"] for one in listed[:1]] == [cast.owner.id]
    assert {one["user"]["id"] for one in listed} == {
        one.id for one in (cast.owner, cast.admin, cast.member, cast.other_admin, cast.other)
    }
    assert all(set(one) == MEMBER and set(one["user"]) == USER for one in listed)
    assert listed == data_of(cast.owner.get(cast.path()))

    refused = cast.stranger.get(cast.path())
    unknown = cast.stranger.get(f"/rooms/{UNKNOWN_ID}/members")
    error_of(refused, 404)
    assert refused.data == unknown.data


def test_members_of_a_direct_room_are_the_two(app: Flask) -> None:
    alice, bob, eve = make_people(app, "alice", "bob", "eve")
    room = alice.talk_to(bob)
    assert set(bob.members(room)) == {alice.username, bob.username}
    error_of(eve.get(f"/rooms/{room['id']}/members"), 404)


def test_members_show_how_far_each_has_read(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(bob)
    for text in ("one", "two"):
        alice.say(group, text)
    data_of(bob.put(f"/rooms/{group['id']}/read", json={"seq": 1}))
    read = {name: one["last_read_seq"] for name, one in alice.members(group).items()}
    assert read == {alice.username: 2, bob.username: 1}


# Adding


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_admins_add_people(cast: Cast, role: str) -> None:
    actor: Person = getattr(cast, role)
    cast.stranger.create_group(actor, name="Acquaintances")
    response = actor.post(cast.path(), json={"username": cast.stranger.username.upper()})
    added = data_of(response, 201)
    assert set(added) == MEMBER
    assert (added["user"]["id"], added["role"]) == (cast.stranger.id, "member")
    assert cast.stranger.room(cast.group["id"])["name"] == cast.group["name"]


def test_members_do_not_add_people_and_strangers_see_no_group(cast: Cast) -> None:
    body = {"username": cast.stranger.username}
    assert error_of(cast.member.post(cast.path(), json=body), 403)["code"] == "forbidden"
    error_of(cast.stranger.post(cast.path(), json=body), 404)
    assert cast.stranger.id not in cast.roles()


def test_adding_a_member_again_changes_nothing(cast: Cast) -> None:
    response = cast.owner.post(cast.path(), json={"username": cast.admin.username})
    assert data_of(response, 200)["role"] == "admin"
    response = cast.admin.post(cast.path(), json={"username": cast.owner.username})
    assert data_of(response, 200)["role"] == "owner"


def test_an_unknown_user_cannot_be_added(cast: Cast) -> None:
    error_of(cast.owner.post(cast.path(), json={"username": "nobody-at-all"}), 404)
    assert len(cast.roles()) == 5


# Removing


@pytest.mark.parametrize(
    "actor, target", [("owner", "admin"), ("owner", "member"), ("admin", "member")]
)
def test_owner_and_admins_may_remove_lower_roles(cast: Cast, actor: str, target: str) -> None:
    removed: Person = getattr(cast, target)
    response = getattr(cast, actor).delete(cast.path(removed))
    assert (response.status_code, response.data) == (204, b"")
    assert removed.id not in cast.roles()
    error_of(removed.get(f"/rooms/{cast.group['id']}"), 404)
    error_of(removed.get(f"/rooms/{cast.group['id']}/messages"), 404)
    error_of(removed.post_message(cast.group, "let me in"), 404)
    error_of(removed.put(f"/rooms/{cast.group['id']}/read", json={"seq": 0}), 404)
    assert removed.rooms() == []


@pytest.mark.parametrize(
    "actor, target, status",
    [
        ("admin", "owner", 403),
        ("admin", "other_admin", 403),
        ("member", "other", 403),
        ("member", "owner", 403),
        ("stranger", "member", 404),
        ("stranger", "stranger", 404),
    ],
)
def test_equal_or_higher_roles_cannot_be_removed(
    cast: Cast, actor: str, target: str, status: int
) -> None:
    before = cast.roles()
    error_of(getattr(cast, actor).delete(cast.path(getattr(cast, target))), status)
    assert cast.roles() == before


def test_a_removed_user_who_is_added_again_is_a_plain_member(cast: Cast) -> None:
    assert cast.owner.delete(cast.path(cast.admin)).status_code == 204
    cast.owner.say(cast.group, "while they were away")
    cast.owner.add(cast.group, cast.admin)
    back = cast.admin.room(cast.group["id"])
    assert (back["unread"], cast.roles()[cast.admin.id]) == (0, "member")
    assert [one["data"] for one in cast.admin.history(cast.group)["messages"]] == [
        "while they were away"
    ]


# Leaving


@pytest.mark.parametrize("who", ["admin", "member"])
def test_one_leaves_by_removing_oneself(cast: Cast, who: str) -> None:
    leaver: Person = getattr(cast, who)
    assert leaver.delete(cast.path(leaver)).status_code == 204
    assert leaver.id not in cast.roles()
    assert leaver.rooms() == []
    error_of(leaver.delete(cast.path(leaver)), 404)


def test_the_owner_does_not_leave_others_behind(cast: Cast) -> None:
    error = error_of(cast.owner.delete(cast.path(cast.owner)), 409)
    assert error["code"] == "conflict"
    assert cast.roles()[cast.owner.id] == "owner"


def test_the_owner_leaves_when_alone_and_the_group_ends(app: Flask) -> None:
    alice, bob = make_people(app, "alice", "bob")
    group = alice.create_group(bob)
    error_of(alice.delete(f"/rooms/{group['id']}/members/{alice.id}"), 409)
    assert bob.delete(f"/rooms/{group['id']}/members/{bob.id}").status_code == 204
    assert alice.delete(f"/rooms/{group['id']}/members/{alice.id}").status_code == 204
    assert alice.rooms() == []
    error_of(alice.get(f"/rooms/{group['id']}"), 404)
    error_of(bob.post("/rooms/join", json={"number": group["number"]}), 404)


# Roles


def test_the_owner_makes_admins_and_unmakes_them(cast: Cast) -> None:
    admin = data_of(cast.owner.patch(cast.path(cast.member), json={"role": "admin"}))
    assert set(admin) == MEMBER
    assert (admin["user"]["id"], admin["role"]) == (cast.member.id, "admin")
    data_of(cast.member.patch(f"/rooms/{cast.group['id']}", json={"name": "Ours"}))
    data_of(cast.owner.patch(cast.path(cast.member), json={"role": "member"}))
    error_of(cast.member.patch(f"/rooms/{cast.group['id']}", json={"name": "Mine"}), 403)
    assert cast.roles()[cast.member.id] == "member"


@pytest.mark.parametrize("actor, status", [("admin", 403), ("member", 403), ("stranger", 404)])
@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_only_the_owner_sets_roles(cast: Cast, actor: str, status: int, role: str) -> None:
    before = cast.roles()
    someone: Person = getattr(cast, actor)
    error_of(someone.patch(cast.path(cast.other), json={"role": role}), status)
    error_of(someone.patch(cast.path(someone), json={"role": role}), status)
    assert cast.roles() == before


def test_the_owner_hands_the_group_over_and_is_an_admin_then(cast: Cast) -> None:
    new = data_of(cast.owner.patch(cast.path(cast.member), json={"role": "owner"}))
    assert new["role"] == "owner"
    roles = cast.roles()
    assert (roles[cast.member.id], roles[cast.owner.id]) == ("owner", "admin")
    assert list(roles.values()).count("owner") == 1
    assert cast.owner.room(cast.group["id"])["owner_id"] == cast.member.id

    error_of(cast.owner.patch(cast.path(cast.other), json={"role": "admin"}), 403)
    error_of(cast.owner.delete(f"/rooms/{cast.group['id']}"), 403)
    assert cast.owner.delete(cast.path(cast.owner)).status_code == 204
    data_of(cast.member.patch(cast.path(cast.other), json={"role": "admin"}))


def test_the_owner_cannot_just_stop_being_it(cast: Cast) -> None:
    path = cast.path(cast.owner)
    for role in ("admin", "member"):
        assert error_of(cast.owner.patch(path, json={"role": role}), 409)["code"] == "conflict"
    assert data_of(cast.owner.patch(path, json={"role": "owner"}))["role"] == "owner"
    assert cast.roles()[cast.owner.id] == "owner"


def test_a_non_member_gets_no_role(cast: Cast) -> None:
    error_of(cast.owner.patch(cast.path(cast.stranger), json={"role": "admin"}), 404)
    assert cast.stranger.id not in cast.roles()


def test_what_writes_holds_no_place_for_heavy_reads(make_app: Callable[..., Flask]) -> None:
    """Adding waits for locks that others hold; meanwhile it would keep all lists from everybody."""
    app = make_app(RATE_LIMITS=True)
    ada, bob = make_people(app, "ada", "bob")
    group = ada.create_group()
    ada.create_group(bob)
    services: Services = app.extensions["chat"]
    with services.budgets.of_user(ada.id).heavy:
        ada.add(group, bob)
        data_of(ada.patch("/users/me", json={"nickname": "Ada"}))
