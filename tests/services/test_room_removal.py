"""A room is deleted at once and with all its contents, even if the process dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from chat.clock import now_ms
from chat.errors import NotFound
from chat.ids import new_id
from chat.models import Message, Room, User
from chat.repositories.epoch import EpochRepository
from chat.repositories.jobs import JobRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.services import jobs, room_removal
from chat.wiring import Services
from harness.people import make_people

MakeApp = Callable[..., Flask]


class Crash(BaseException):
    """The end of the process."""


def services_of(app: Flask) -> Services:
    found: Services = app.extensions["chat"]
    return found


def piece_of(services: Services) -> int:
    """Return how many messages are deleted in one call."""
    return services.database.dialect.delete_piece


def many(services: Services) -> int:
    """Return a number of messages that are deleted in several calls."""
    return 3 * piece_of(services) + 5


def fill(
    services: Services, room: Room, user: User, first: int = 1, count: int | None = None
) -> None:
    """Store messages as they are stored, without a word to anybody."""
    now, count = now_ms(), many(services) if count is None else count
    MessageRepository(services.database).append(
        [
            Message(new_id(), room.id, user.id, seq, f"c{seq}", "hello", now, now)
            for seq in range(first, first + count)
        ]
    )


def rest_of(services: Services, room: Room) -> dict[str, int]:
    """Count what is stored of a room, by collection."""
    db, room_id = services.database.db, ObjectId(room.id)
    counts = {
        "room": db["room"].count_documents({"_id": room_id}),
        "user_room": db["user_room"].count_documents({"room_identity": room_id}),
        "message": db["message"].count_documents({"room_identity": room_id}),
        "search": db["search"].count_documents({"room_identity": room_id}),
        "cursor": db["cursor"].count_documents({"room_identity": room_id}),
        "file.files": db["file.files"].count_documents({"room_identity": room_id}),
    }
    return {name: count for name, count in counts.items() if count}


def pass_a_minute(services: Services) -> None:
    """Let everything be due that waits."""
    services.database.db["job"].update_many({}, {"$set": {"due_at": services.database.now()}})


def test_a_room_is_gone_at_once_and_its_log_a_little_later(app: Flask) -> None:
    services = services_of(app)
    ann, bob = (person.model for person in make_people(app, "ann", "bob"))
    group, other = (services.groups.create_group(ann, "Tea") for _ in range(2))
    services.joining.join(bob, group.number or "")
    fill(services, group, ann)
    fill(services, other, ann, count=2)
    services.groups.delete(ann, group.id)
    assert rest_of(services, group) == {"message": many(services), "user_room": 2}
    for user in (ann, bob):
        assert group.id not in {one.room.id for one in services.conversations.list_of(user)}
        with pytest.raises(NotFound):
            services.history.history(user, group.id)
        with pytest.raises(NotFound):
            services.messages.send(user, group.id, "c", "anybody here?")
    services.jobs.run_due()
    assert rest_of(services, group) == {}
    assert rest_of(services, other) == {"room": 1, "user_room": 1, "message": 2}


def test_of_what_was_said_in_a_room_that_is_gone_nothing_is_in_the_index(app: Flask) -> None:
    services = services_of(app)
    (ann,) = (person.model for person in make_people(app, "ann"))
    group, other = (services.groups.create_group(ann, "Tea") for _ in range(2))
    for room in (group, other):
        services.messages.send(ann, room.id, "c", "a secret plan").result(10)
    services.consumers.run_due()
    indexed = rest_of(services, other)
    assert rest_of(services, group) == indexed and indexed["search"] == 1
    services.groups.delete(ann, group.id)
    services.jobs.run_due()
    assert rest_of(services, group) == {}
    assert rest_of(services, other) == indexed


def test_what_another_process_stored_in_a_room_that_had_ended_goes_too(app: Flask) -> None:
    services = services_of(app)
    (ann,) = (person.model for person in make_people(app, "ann"))
    group = services.groups.create_group(ann, "Tea")
    fill(services, group, ann)
    services.groups.delete(ann, group.id)
    services.jobs.run_due()
    fill(services, group, ann, first=10 * many(services))
    fill(services, group, ann, first=2, count=1)
    services.jobs.run_due()
    assert rest_of(services, group) == {"message": many(services) + 1}
    pass_a_minute(services)
    services.jobs.run_due()
    assert rest_of(services, group) == {}
    assert services.database.db["job"].count_documents({}) == 0


STEPS = [  # and which of its calls there are
    (JobRepository, "insert", 1),
    (JobRepository, "insert", 2),
    (RoomRepository, "delete", 1),
    (MembershipRepository, "delete_of_room", 1),
    (MembershipRepository, "delete_of_room", 2),
    (MessageRepository, "delete_range", 1),
    (MessageRepository, "delete_range", 2),
    (MessageRepository, "find_first_seq", 1),
    (JobRepository, "release", 1),
    (JobRepository, "release", 2),
    (JobRepository, "finish", 1),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("repository", "step", "call"), STEPS)
def test_a_crash_at_any_step_leaves_a_room_whole_or_nothing_of_it(
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    repository: type,
    step: str,
    call: int,
    after: bool,
) -> None:
    """The process dies before or after what it asks the database at one of the steps."""
    monkeypatch.setattr(jobs, "LEASE", -1.0)
    monkeypatch.setattr(jobs, "PAUSE_FACTOR", 0.0)
    monkeypatch.setattr(jobs, "SLICE", 0.0)
    apps = [make_app() for _ in range(2)]
    dying, living = map(services_of, apps)
    ann, bob = (person.model for person in make_people(apps[1], "ann", "bob"))
    group = dying.groups.create_group(ann, "Tea")
    dying.joining.join(bob, group.number or "")
    fill(dying, group, ann)
    original, calls = getattr(repository, step), [0]

    def dies(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == call and not after:
            raise Crash
        result = original(*args, **kwargs)
        if calls[0] == call:
            raise Crash
        return result

    with monkeypatch.context() as patch:
        patch.setattr(repository, step, dies)
        with pytest.raises(Crash):
            dying.groups.delete(ann, group.id)
            dying.jobs.run_due()

    is_whole = step == "insert" and call == 1 and not after
    pass_a_minute(living)
    living.jobs.run_due()
    pass_a_minute(living)
    living.jobs.run_due()
    whole = {"room": 1, "user_room": 2, "message": many(living)}
    assert rest_of(living, group) == (whole if is_whole else {})
    assert living.database.db["job"].count_documents({}) == 0
    rooms = RoomRepository(living.database)
    deleted = rooms.list_deleted(living.database.now().replace(year=2000))
    assert (group.id in deleted) is not is_whole


def test_what_is_in_a_room_that_is_there_again_stays(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump or a restore may bring together a living room and a job of its end."""
    services = services_of(app)
    ann, bob = (person.model for person in make_people(app, "ann", "bob"))
    whole, restored = (services.groups.create_group(ann, "Tea") for _ in range(2))
    for room in (whole, restored):
        services.joining.join(bob, room.number or "")
        fill(services, room, ann)
    services.jobs.enqueue(room_removal.SWEEP, {"room_id": whole.id})
    services.jobs.run_due()
    assert rest_of(services, whole) == {"room": 1, "user_room": 2, "message": many(services)}

    document = services.database.db["room"].find_one({"_id": ObjectId(restored.id)})
    assert document is not None
    delete_range = MessageRepository.delete_range

    def delete_once(*args: Any) -> int:
        removed = delete_range(*args)
        services.database.db["room"].insert_one(document)
        return removed

    monkeypatch.setattr(MessageRepository, "delete_range", delete_once)
    services.groups.delete(ann, restored.id)
    services.jobs.run_due()
    assert rest_of(services, restored) == {
        "room": 1,
        "message": many(services) - piece_of(services),
    }


def test_a_restore_drops_the_job_that_is_under_way(app: Flask) -> None:
    services = services_of(app)
    services.epoch_watch.check()

    def restore(*_: Any) -> Iterator[dict[str, Any]]:
        EpochRepository(services.database).renew()
        services.epoch_watch.check()
        yield {}
        raise AssertionError("it goes on")

    services.jobs.register("restore", restore)
    services.jobs.enqueue("restore", {})
    services.jobs.run_due()
    (left,) = services.database.db["job"].find()
    assert left["failures"] == 0


def test_a_removal_that_was_overtaken_harms_nobody(app: Flask) -> None:
    """The process died before it deleted the room, and then its members or owner changed."""
    services = services_of(app)
    ann, bob = (person.model for person in make_people(app, "ann", "bob"))
    left, handed_over = (services.groups.create_group(ann, "Tea") for _ in range(2))
    for room, unchanged in ((left, True), (handed_over, False)):
        services.jobs.enqueue(
            room_removal.REMOVE,
            {
                "room_id": room.id,
                "owner_id": room.owner_id,
                "members_version": 1 if unchanged else None,
                "actor_id": ann.id,
            },
        )
        services.joining.join(bob, room.number or "")
        fill(services, room, ann)
    services.roles.set_role(ann, handed_over.id, bob.id, "owner")
    services.jobs.run_due()
    for room in (left, handed_over):
        assert rest_of(services, room) == {"room": 1, "user_room": 2, "message": many(services)}
    assert services.database.db["job"].count_documents({}) == 0
