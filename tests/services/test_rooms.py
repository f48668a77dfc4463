"""Rooms under concurrent changes by several processes, and after a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from runpy import run_path
from typing import Any

import pytest
from flask import Flask
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect

from chat import migrations, policies
from chat.database.client import Database
from chat.errors import Forbidden, NotFound, RateLimited, Removed
from chat.ids import new_id
from chat.limits.rules import TRIES_AT_BOUND
from chat.models import Membership, Role, Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.removals import RemovalRepository
from chat.repositories.rooms import RoomRepository
from chat.services import capacity, direct_rooms, member_removal, room_repair
from chat.services.capacity import GroupFull, TooManyRooms
from chat.services.direct_rooms import TooManyUnanswered
from chat.services.member_removal import TooManyBans
from chat.wiring import Services
from harness.people import make_people
from harness.servers import PATIENCE

MakeApp = Callable[..., Flask]


def services_of(app: Flask) -> Services:
    found: Services = app.extensions["chat"]
    return found


def members_of(services: Services, room_id: str) -> set[str]:
    found = MembershipRepository(services.database).list_of_room(room_id)
    assert len(found) == len({one.user_id for one in found})
    return {one.user_id for one in found}


def at_once(*calls: Callable[[], object]) -> None:
    """Make all calls at the same moment, each in a thread of its own."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        together.wait(PATIENCE)
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


@pytest.mark.parametrize("processes", [1, 2])
def test_two_who_write_first_at_the_same_moment_meet_in_one_room(
    make_app: MakeApp, processes: int
) -> None:
    apps = [make_app() for _ in range(processes)]
    here, there = services_of(apps[0]), services_of(apps[-1])
    for round in range(5):
        alice, bob = (person.model for person in make_people(apps[0], "alice", "bob"))

        def write(services: Services, one: User, other: User) -> None:
            future = services.messages.send_direct(
                one, client_id=f"c{round}", data=one.username, to=other.username, room_id=None
            )
            future.result(PATIENCE)

        at_once(lambda: write(here, alice, bob), lambda: write(there, bob, alice))

        room = RoomRepository(here.database).find_direct(alice.id, bob.id)
        assert room is not None
        assert members_of(here, room.id) == {alice.id, bob.id}
        said = here.history.history(alice, room.id).messages
        assert [message.seq for message in said] == [1, 2]
        assert {message.data for message in said} == {alice.username, bob.username}
        assert [one.room.id for one in there.conversations.list_of(bob)] == [room.id]


@pytest.mark.parametrize("came_in", [(), ("alice",), ("bob",)], ids=str)
def test_a_direct_room_that_was_left_half_made_is_completed(
    app: Flask, came_in: tuple[str, ...]
) -> None:
    services = services_of(app)
    people = dict(zip(("alice", "bob"), make_people(app, "alice", "bob"), strict=True))
    alice, bob = people["alice"].model, people["bob"].model
    room, created = services.direct_rooms.direct_with(alice, bob.username)
    assert created
    memberships = MembershipRepository(services.database)
    for name, person in people.items():
        if name not in came_in:
            assert memberships.delete(room.id, person.id)

    again, created = services.direct_rooms.direct_with(alice, bob.username)
    assert (again.id, created) == (room.id, False)
    assert members_of(services, room.id) == {alice.id, bob.id}


def test_many_who_join_at_once_are_each_in_it_once(app: Flask) -> None:
    services = services_of(app)
    owner, *others = (person.model for person in make_people(app, "owner", "a", "b", "c"))
    group = services.groups.create_group(owner, "Tea")
    number = group.number or ""
    at_once(*[lambda one=one: services.joining.join(one, number) for one in others * 2])
    assert members_of(services, group.id) == {owner.id, *(one.id for one in others)}


def test_a_removal_elsewhere_beside_a_join_wins(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the moment when a join found no removal and the one when it is stored."""
    app, beside = make_app(), make_app()
    here, there = services_of(app), services_of(beside)
    owner, bob = (person.model for person in make_people(app, "owner", "bob"))
    room = here.groups.create_group(owner, "A group")
    count_of_room = MembershipRepository.count_of_room

    def come_and_be_removed(repository: MembershipRepository, room_id: str) -> int:
        monkeypatch.setattr(MembershipRepository, "count_of_room", count_of_room)
        count = repository.count_of_room(room_id)
        there.joining.join(bob, room.number or "")
        there.member_removal.remove_member(owner, room.id, bob.id)
        return count

    # The last question before the membership is stored: whether there is space.
    monkeypatch.setattr(MembershipRepository, "count_of_room", come_and_be_removed)
    with pytest.raises(Removed):
        here.joining.join(bob, room.number or "")
    assert members_of(here, room.id) == {owner.id}
    with pytest.raises(NotFound):
        here.conversations.get(bob, room.id)
    with pytest.raises(Removed):
        there.joining.join(bob, room.number or "")


@pytest.mark.parametrize("way", ["number", "request"])
def test_keeping_somebody_out_elsewhere_beside_their_coming_wins(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """They are no members yet, so the join itself must find the removal."""
    app, beside = make_app(), make_app()
    here, there = services_of(app), services_of(beside)
    owner, bob = (person.model for person in make_people(app, "owner", "bob"))
    room = here.groups.create_group(owner, "A group")
    assert here.joining.add_member(owner, room.id, bob.username).membership is None
    (request,) = here.membership_requests.list_of(bob)
    insert = MembershipRepository.insert

    def be_kept_out_first(repository: MembershipRepository, membership: Membership) -> bool:
        monkeypatch.setattr(MembershipRepository, "insert", insert)
        there.member_removal.remove_member(owner, room.id, bob.id)
        return insert(repository, membership)

    monkeypatch.setattr(MembershipRepository, "insert", be_kept_out_first)
    with pytest.raises(Removed):
        if way == "number":
            here.joining.join(bob, room.number or "")
        else:
            here.joining.accept_request(bob, request.id)
    assert members_of(here, room.id) == {owner.id}
    assert here.membership_requests.list_of(bob) == []
    with pytest.raises(Removed):
        there.joining.join(bob, room.number or "")


def test_somebody_who_came_in_as_they_were_kept_out_is_taken_out(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, beside = make_app(), make_app()
    here, there = services_of(app), services_of(beside)
    owner, bob = (person.model for person in make_people(app, "owner", "bob"))
    room = here.groups.create_group(owner, "A group")
    insert = RemovalRepository.insert

    def come_in_first(repository: RemovalRepository, *args: Any, **named: Any) -> bool:
        monkeypatch.setattr(RemovalRepository, "insert", insert)
        there.joining.join(bob, room.number or "")
        return insert(repository, *args, **named)

    monkeypatch.setattr(RemovalRepository, "insert", come_in_first)
    here.member_removal.remove_member(owner, room.id, bob.id)
    assert members_of(here, room.id) == {owner.id}
    with pytest.raises(Removed):
        there.joining.join(bob, room.number or "")


def test_removing_somebody_who_became_owner_keeps_nobody_out(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, beside = make_app(), make_app()
    here, there = services_of(app), services_of(beside)
    owner, admin, bob = (person.model for person in make_people(app, "owner", "admin", "bob"))
    room = here.groups.gather(owner, "A group", [admin, bob])
    here.roles.set_role(owner, room.id, admin.id, "admin")
    take = MembershipRepository.take

    def hand_over_first(
        repository: MembershipRepository, room_id: str, user_id: str
    ) -> Membership | None:
        monkeypatch.setattr(MembershipRepository, "take", take)
        there.roles.set_role(owner, room_id, bob.id, "owner")
        return repository.take(room_id, user_id)

    monkeypatch.setattr(MembershipRepository, "take", hand_over_first)
    with pytest.raises(Forbidden):
        here.member_removal.remove_member(admin, room.id, bob.id)
    assert members_of(here, room.id) == {owner.id, admin.id, bob.id}
    here.roles.set_role(bob, room.id, admin.id, "owner")
    here.leaving.leave(bob, room.id)
    here.joining.join(bob, room.number or "")


def fail(*_: object) -> None:
    raise AutoReconnect("gone")


@pytest.mark.parametrize("step", ["take", "delete"])
def test_a_removal_that_failed_midway_is_completed_a_little_later(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(member_removal, "FINISH_AFTER", 0.0)
    dying, living = make_app(), make_app()
    here, there = services_of(dying), services_of(living)
    owner, bob, cleo = (person.model for person in make_people(living, "owner", "bob", "cleo"))
    room = there.groups.gather(owner, "A group", [bob, cleo])
    with monkeypatch.context() as patch:
        patch.setattr(MembershipRepository, step, fail)
        with pytest.raises(AutoReconnect):
            here.member_removal.remove_member(owner, room.id, bob.id)
    there.jobs.run_due()
    assert members_of(there, room.id) == {owner.id, cleo.id}
    with pytest.raises(Removed):
        there.joining.join(bob, room.number or "")


def test_whoever_is_added_by_name_before_a_removal_is_looked_at_again_stays(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_removal, "FINISH_AFTER", 0.0)
    services = services_of(app)
    owner, bob = (person.model for person in make_people(app, "owner", "bob"))
    room = services.groups.gather(owner, "A group", [bob])
    services.groups.gather(owner, "Another group", [bob])
    services.member_removal.remove_member(owner, room.id, bob.id)
    assert services.joining.add_member(owner, room.id, bob.username).is_new
    services.jobs.run_due()
    assert members_of(services, room.id) == {owner.id, bob.id}


def test_an_upgrade_takes_out_the_removed_whom_an_older_version_has_let_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_removal, "REMOVALS_AT_ONCE", 2)
    services = services_of(app)
    owner, *others = (person.model for person in make_people(app, "owner", *"abcde"))
    group = services.groups.gather(owner, "A group", others)
    for one in others[:-1]:
        services.member_removal.remove_member(owner, group.id, one.id)
    walked_in = Membership(group.id, "", "member", 0, 1)
    for one in others[:3]:  # as a process does that knows nothing of removals
        MembershipRepository(services.database).insert(replace(walked_in, user_id=one.id))
    jobs = services.database.db["job"]
    jobs.delete_many({})
    for _ in range(2):  # as when it broke off
        upgrade(services.database)
    (job,) = jobs.find()
    assert job["due_at"] > job["created_at"]  # an older process may go on for a while
    jobs.update_one({}, {"$set": {"due_at": job["created_at"]}})
    services.jobs.run_due()
    assert members_of(services, group.id) == {owner.id, others[-1].id}
    services.room_repair.catch_up()
    assert jobs.count_documents({}) == 0  # a start alone compares nothing


def upgrade(database: Database) -> None:
    """Run the migration that has the removed looked for."""
    (file,) = migrations.DIRECTORY.glob("0017_*.py")
    run_path(str(file))["migrate"](database.db)


def test_a_group_passes_to_somebody_who_can_log_in(app: Flask) -> None:
    services = services_of(app)
    ann, bob, cleo = (person.model for person in make_people(app, "ann", "bob", "cleo"))
    group = services.groups.gather(ann, "Tea", [bob, cleo])
    services.roles.set_role(ann, group.id, bob.id, "admin")
    services.account_administration.disable_user(bob.username)
    services.account_deletion.end(ann)
    services.jobs.run_due()
    found = RoomRepository(services.database).find(group.id)
    assert found is not None and found.owner_id == cleo.id


def test_nobody_is_left_in_a_group_that_ends_while_they_come(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = services_of(app)
    alice, bob = (person.model for person in make_people(app, "alice", "bob"))
    group = services.groups.create_group(alice, "Tea")
    find = RoomRepository.find_by_number

    def find_and_lose(self: RoomRepository, number: str) -> Room | None:
        found = find(self, number)
        services.groups.delete(alice, group.id)
        return found

    monkeypatch.setattr(RoomRepository, "find_by_number", find_and_lose)
    with pytest.raises(NotFound):
        services.joining.join(bob, group.number or "")
    assert members_of(services, group.id) == {alice.id}
    services.jobs.run_due()
    assert members_of(services, group.id) == set()


def test_a_removal_in_another_process_is_noticed(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is remembered of members is put aside: how long that is, is a matter of time."""
    monkeypatch.setattr("chat.services.membership_cache.MAX_AGE", 0.0)
    apps = [make_app(), make_app()]
    here, there = map(services_of, apps)
    alice, bob = (person.model for person in make_people(apps[0], "alice", "bob"))
    group = here.groups.create_group(alice, "Tea")
    here.joining.join(bob, group.number or "")
    assert there.messages.send(bob, group.id, "c1", "hello").result(PATIENCE).created
    here.member_removal.remove_member(alice, group.id, bob.id)
    with pytest.raises(NotFound):
        there.messages.send(bob, group.id, "c2", "let me in")
    with pytest.raises(NotFound):
        there.history.history(bob, group.id)


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_who_handed_a_group_over_elsewhere_gives_no_more_roles(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    """The transfer happens between the read of the owner here and the write."""
    app = make_app()
    here, there = services_of(app), services_of(make_app())
    ann, bob, eve = (person.model for person in make_people(app, "ann", "bob", "eve"))
    group = here.groups.create_group(ann, "Tea")
    here.groups.gather(ann, "Tea", [bob, eve])
    allow = policies.require_may_set_role

    def allow_then_hand_over(*args: Any) -> None:
        allow(*args)
        monkeypatch.undo()
        there.roles.set_role(ann, group.id, bob.id, "owner")
        there.roles.set_role(bob, group.id, ann.id, "member")

    monkeypatch.setattr(policies, "require_may_set_role", allow_then_hand_over)
    with pytest.raises(Forbidden):
        here.roles.set_role(ann, group.id, eve.id, role)
    found = MembershipRepository(here.database).list_of_room(group.id)
    roles = {one.user_id: one.role for one in found}
    assert roles[ann.id] == roles[eve.id] == "member"


def test_a_start_completes_every_room_although_the_database_is_away_and_one_room_fails(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    services = services_of(app)
    ann, bob = (person.model for person in make_people(app, "ann", "bob"))
    groups = [services.groups.create_group(ann, "Tea") for _ in range(3)]
    for group in groups:
        services.joining.join(bob, group.number or "")
        MembershipRepository(services.database).delete(group.id, ann.id)
    list_latest, find = RoomRepository.list_latest, MembershipRepository.find
    outages = iter([True, True, False, True])

    def answer() -> None:
        if next(outages, False):
            raise AutoReconnect("away")

    def list_later(self: RoomRepository, limit: int) -> list[Room]:
        answer()
        return list_latest(self, limit)

    def find_later(self: MembershipRepository, room_id: str, user_id: str) -> Membership | None:
        if room_id == groups[1].id:
            raise RuntimeError("odd")
        answer()
        return find(self, room_id, user_id)

    monkeypatch.setattr(room_repair, "CATCH_UP_PAUSE", 0.0)
    monkeypatch.setattr(RoomRepository, "list_latest", list_later)
    monkeypatch.setattr(MembershipRepository, "find", find_later)
    services.room_repair.catch_up()
    found = (RoomRepository(services.database).find(group.id) for group in groups)
    assert [room and room.owner_id for room in found] == [bob.id, ann.id, bob.id]
    assert "could not complete" in caplog.text


def test_gathering_people_again_changes_nothing(app: Flask) -> None:
    services = services_of(app)
    owner, *others = (person.model for person in make_people(app, "owner", "a", "b", "c"))
    group = services.groups.gather(owner, "Tea", [owner, *others[:2]])
    assert services.groups.gather(owner, "Tea", [owner, *others]).id == group.id
    assert members_of(services, group.id) == {owner.id, *(one.id for one in others)}
    assert services.groups.gather(owner, "Tea", [owner]).owner_id == owner.id


def test_who_leaves_is_not_told_what_is_said_after_them(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = services_of(app)
    alice, bob = (person.model for person in make_people(app, "alice", "bob"))
    group = services.groups.create_group(alice, "Tea")
    services.joining.join(bob, group.number or "")
    services.messages.send(alice, group.id, "c1", "for both").result(PATIENCE)
    take = MembershipRepository.take

    def take_and_hear(self: MembershipRepository, room_id: str, user_id: str) -> Membership | None:
        taken = take(self, room_id, user_id)
        services.messages.send(alice, group.id, "c2", "now we are alone").result(PATIENCE)
        return taken

    monkeypatch.setattr(MembershipRepository, "take", take_and_hear)
    left = services.leaving.leave(bob, group.id)
    assert left.last_message is not None and left.last_message.data == "for both"
    assert left.last_seq == 1


def test_one_is_in_so_many_groups_at_most(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "MAX_ROOMS", 2)
    services = services_of(app)
    alice, bob, cleo = (person.model for person in make_people(app, "alice", "bob", "cleo"))
    first = services.groups.create_group(alice, "Tea")
    for other in (bob, cleo):  # both open one
        services.direct_rooms.direct_with(other, alice.username)
    services.groups.create_group(alice, "Water")
    others = services.groups.create_group(bob, "Cake")
    with pytest.raises(TooManyRooms):
        services.groups.create_group(alice, "Coffee")
    with pytest.raises(TooManyRooms):
        services.joining.join(alice, others.number or "")
    assert services.joining.join(alice, first.number or "").id == first.id
    assert not services.direct_rooms.direct_with(alice, bob.username)[1]


def test_so_many_direct_rooms_wait_for_an_answer_at_most(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_rooms, "MAX_UNANSWERED_ROOMS", 2)
    services = services_of(app)
    people = [person.model for person in make_people(app, "alice", "bob", "cleo", "dan", "eve")]
    alice, bob, cleo, dan, eve = people
    first, _ = services.direct_rooms.direct_with(alice, bob.username)
    services.direct_rooms.direct_with(alice, cleo.username)
    services.messages.send(alice, first.id, "a1", "hello?").result(PATIENCE)
    with pytest.raises(TooManyUnanswered):
        services.direct_rooms.direct_with(alice, dan.username)
    with pytest.raises(TooManyUnanswered):
        services.messages.send_direct(alice, "a2", "hello?", dan.username, None)
    # Existing rooms still work, and recipients use up no bound of their own.
    again, created = services.direct_rooms.direct_with(alice, bob.username)
    assert (again.id, created) == (first.id, False)
    services.messages.send_direct(alice, "a3", "hello?", cleo.username, None).result(PATIENCE)
    for other in (dan, eve):
        assert services.direct_rooms.direct_with(other, alice.username)[1]
    services.direct_rooms.direct_with(bob, dan.username)

    services.messages.send(bob, first.id, "b1", "hello").result(PATIENCE)
    services.messages.send(alice, first.id, "a4", "how are you?").result(PATIENCE)
    stranger, another = (person.model for person in make_people(app, "fay", "gus"))
    assert services.direct_rooms.direct_with(alice, stranger.username)[1]
    with pytest.raises(TooManyUnanswered):
        services.direct_rooms.direct_with(alice, another.username)


def test_as_many_direct_rooms_as_may_wait_for_an_answer_do(make_app: MakeApp) -> None:
    app = make_app(RATE_LIMITS=True)
    services = services_of(app)
    alice, bob, cleo = (person.model for person in make_people(app, "alice", "bob", "cleo"))
    repository = RoomRepository(services.database)
    for _ in range(direct_rooms.MAX_UNANSWERED_ROOMS - 1):
        assert repository.insert_direct(alice.id, new_id())
    room, created = services.direct_rooms.direct_with(alice, bob.username)
    assert created
    with pytest.raises(TooManyUnanswered):
        services.direct_rooms.direct_with(alice, cleo.username)
    services.messages.send(bob, room.id, "b1", "hello").result(PATIENCE)
    assert services.direct_rooms.direct_with(alice, cleo.username)[1]


def test_who_answered_is_looked_up_so_often_at_most(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_rooms, "MAX_UNANSWERED_ROOMS", 1)
    services = services_of(make_app(RATE_LIMITS=True))
    people = [person.model for person in make_people(make_app(), "alice", "bob", "cleo")]
    alice, bob, cleo = people
    services.direct_rooms.direct_with(alice, bob.username)
    for _ in range(TRIES_AT_BOUND.item.amount):
        with pytest.raises(TooManyUnanswered):
            services.direct_rooms.direct_with(alice, cleo.username)
    monkeypatch.setattr(MessageRepository, "has_written", fail)
    with pytest.raises(RateLimited):
        services.direct_rooms.direct_with(alice, cleo.username)


def test_direct_rooms_of_an_older_version_count_for_nobody(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_rooms, "MAX_UNANSWERED_ROOMS", 1)
    services = services_of(app)
    alice, bob, cleo = (person.model for person in make_people(app, "alice", "bob", "cleo"))
    services.direct_rooms.direct_with(alice, bob.username)
    services.database.db["room"].update_many({}, {"$unset": {"opened_by": ""}})
    assert services.direct_rooms.direct_with(alice, cleo.username)[1]


def test_a_group_keeps_out_so_many_who_were_no_members_at_most(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_removal, "MAX_BANS", 1)
    services = services_of(app)
    owner, bob, cleo, dan = (one.model for one in make_people(app, "owner", "bob", "cleo", "dan"))
    group = services.groups.gather(owner, "A group", [bob])
    jobs = services.database.db["job"]
    services.member_removal.remove_member(owner, group.id, cleo.id)
    assert jobs.count_documents({}) == 0  # there was no membership to end
    with pytest.raises(TooManyBans):
        services.member_removal.remove_member(owner, group.id, dan.id)
    services.member_removal.remove_member(owner, group.id, bob.id)
    assert jobs.count_documents({}) == 1
    for one in (bob, cleo):  # once more is nothing more
        services.member_removal.remove_member(owner, group.id, one.id)
        with pytest.raises(Removed):
            services.joining.join(one, group.number or "")
    services.joining.join(dan, group.number or "")
    services.leaving.leave(dan, group.id)
    with pytest.raises(TooManyBans):
        services.member_removal.remove_member(owner, group.id, dan.id)


def test_a_removal_stays_although_an_older_one_is_forgotten_beside_it(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accept happens at another process, between the two writes of a second removal."""
    app, beside = make_app(), make_app()
    here, there = services_of(app), services_of(beside)
    owner, bob = (person.model for person in make_people(app, "owner", "bob"))
    room = here.groups.create_group(owner, "A group")
    here.member_removal.remove_member(owner, room.id, bob.id)
    update = Collection.update_one

    def forget_first(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(Collection, "update_one", update)
        RemovalRepository(there.database).delete(room.id, bob.id)
        return update(*args, **named)

    monkeypatch.setattr(Collection, "update_one", forget_first)
    assert RemovalRepository(here.database).insert(room.id, bob.id, was_member=False)
    with pytest.raises(Removed):
        there.joining.join(bob, room.number or "")


def test_others_cannot_use_up_the_rooms_one_may_be_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = services_of(app)
    alice, bob = (person.model for person in make_people(app, "alice", "bob"))
    first, second = (services.groups.create_group(bob, "Spam") for _ in range(2))
    services.groups.gather(alice, "Acquaintances", [bob])
    monkeypatch.setattr(capacity, "MAX_ROOMS_BY_OTHERS", 2)
    assert services.joining.add_member(bob, first.id, alice.username).is_new
    with pytest.raises(TooManyRooms):
        services.joining.add_member(bob, second.id, alice.username)
    assert not services.joining.add_member(bob, first.id, alice.username).is_new
    services.joining.join(alice, second.number or "")


def test_a_group_has_so_many_members_at_most(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "MAX_MEMBERS", 2)
    services = services_of(app)
    alice, bob, cleo = (person.model for person in make_people(app, "alice", "bob", "cleo"))
    group = services.groups.create_group(alice, "Tea")
    services.joining.join(bob, group.number or "")
    with pytest.raises(GroupFull):
        services.joining.join(cleo, group.number or "")
    services.groups.gather(cleo, "Acquaintances", [alice])
    with pytest.raises(GroupFull):
        services.joining.add_member(alice, group.id, cleo.username)
    services.joining.join(bob, group.number or "")
    services.groups.gather(alice, "Tea", [alice, bob, cleo])  # as a command does
    assert members_of(services, group.id) == {alice.id, bob.id, cleo.id}
