"""Calls every public method of the repositories with plausible data."""

from __future__ import annotations

import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any, TypeVar

from pymongo.errors import OperationFailure

import chat.repositories
from chat.database.client import Database
from chat.ids import new_id
from chat.models import (
    AllMention,
    AuditEntry,
    Content,
    File,
    Link,
    Membership,
    Message,
    Push,
    PushSubscription,
    Room,
    SearchCursor,
    Session,
    StoredFile,
    User,
)
from chat.repositories.audit import AuditRepository
from chat.repositories.blocks import BlockRepository
from chat.repositories.changes import ChangeRepository
from chat.repositories.codes import CodeRepository, StoredCode
from chat.repositories.consumers import ConsumerRepository
from chat.repositories.cursors import Cursor, CursorRepository, Reader
from chat.repositories.epoch import EpochRepository
from chat.repositories.file_chunks import FileChunkRepository
from chat.repositories.files import FileRepository
from chat.repositories.jobs import JobRepository
from chat.repositories.links import LinkRepository
from chat.repositories.log_ends import LogEndRepository
from chat.repositories.membership_requests import MembershipRequestRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.name_parts import NameParts
from chat.repositories.prefixes import PrefixSearch
from chat.repositories.presence import PresenceRepository
from chat.repositories.probes import DatabaseProbe
from chat.repositories.push_keys import PushKeyRepository
from chat.repositories.push_subscriptions import PushSubscriptionRepository
from chat.repositories.pushes import PushRepository
from chat.repositories.rate_limits import DatabaseWindows
from chat.repositories.removals import RemovalRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.search import Entry, SearchRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.usage import UsageRepository
from chat.repositories.users import UserRepository
from tests.commands import Heard
from tests.log.desk import change_of

R = TypeVar("R")
NOW = 1_700_000_000_000
LATER = NOW + 3_600_000


def public_methods() -> set[str]:
    """Return the names of all public methods of the classes that take a database."""
    modules = [
        import_module(f"chat.repositories.{found.name}")
        for found in pkgutil.iter_modules(chat.repositories.__path__)
    ]
    classes = {
        found
        for module in modules
        for found in vars(module).values()
        if inspect.isclass(found)
        and found.__module__ == module.__name__
        and "database" in inspect.signature(found).parameters
    }
    return {
        method.__qualname__
        for found in classes
        for name, method in vars(found).items()
        if inspect.isfunction(method)
        and not name.startswith("_")
        and method.__qualname__.startswith(found.__name__)  # `limits` copies methods
    }


class Calls:
    """Calls methods, and keeps the commands that each one sends, by its name."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.commands: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def __call__(self, method: Callable[..., R], *given: Any, **options: Any) -> R:
        with self._heard.since_now() as commands:
            result = method(*given, **options)
            if isinstance(result, Iterator):
                result = list(result)  # type: ignore[assignment]
        self.commands[method.__qualname__] += commands
        return result


def call_every_method(call: Calls, database: Database) -> None:
    """Call each public method at least once, and its several ways to find something."""
    ann, bob = use_users(call, database)
    group = use_rooms(call, database, ann, bob)
    use_logs(call, database, group, ann)
    use_files(call, database, group, ann)
    use_members(call, database, group, ann, bob)
    use_log_ins(call, database, ann)
    use_background(call, database, ann)


def use_users(call: Calls, database: Database) -> tuple[User, User]:
    users = UserRepository(database)
    ann, bob, eve = (
        User("", name, name, 0, f"{name}@example.org", "", None, NOW, NOW, "$argon2id$")
        for name in ("ann", "bob", "eve")
    )
    ann, bob = call(users.insert, ann), call(users.insert, bob)
    call(users.insert_many, [eve])
    call(users.find, ann.id)
    gone = call(users.find_by_username, "Eve")
    assert gone is not None
    call(users.find_by_email, "ann@example.org")
    call(users.find_ids, ["ann", "bob"])
    call(users.list_by_ids, [ann.id, bob.id])
    call(users.list_all)
    call(users.list_all, disabled=True)
    call(users.search, "a")
    call(users.search, "nn")
    call(users.index_names, "", 1)
    call(users.index_names, ann.id, 1)
    parts = NameParts(database)
    call(parts.find, "nn", 5)
    call(parts.record, {"_id": ann.id})
    call(PrefixSearch(database).find, database.db["user"], "username_key", "a", 5, {})
    call(users.list_touched, database.now() - timedelta(minutes=1))
    call(users.list_touched, database.now() - timedelta(minutes=1), database.now())
    call(users.update, ann.id, {"nickname": "Ann"}, NOW)
    call(users.replace_password, ann, "$argon2id$2", NOW)
    call(users.has_password_of, ann)
    call(users.erase, gone.id, NOW)
    return ann, bob


def use_rooms(call: Calls, database: Database, ann: User, bob: User) -> Room:
    rooms, now = RoomRepository(database), database.now()
    group = call(rooms.insert_group, ann.id, "Tea", "")
    direct = call(rooms.insert_direct, ann.id, bob.id)
    ended = rooms.insert_group(ann.id, "Old", "")
    assert direct is not None
    call(rooms.find, group.id)
    call(rooms.find_by_number, group.number or "")
    call(rooms.find_direct, ann.id, bob.id)
    call(rooms.find_group_of, ann.id, "Tea")
    call(rooms.list_ids_of_owner, ann.id)
    call(rooms.list_by_ids, [group.id, direct.id])
    call(rooms.count_groups, [group.id, direct.id])
    call(rooms.count_opened, ann.id)
    call(rooms.list_opened, ann.id)
    call(rooms.mark_answered, [direct.id])
    call(rooms.update, group.id, {"info": "Green"})
    call(rooms.renew_number, group.id)
    call(rooms.confirm_owner, group)
    call(rooms.change_owner, group, ann.id)
    call(rooms.touch_members, group.id)
    call(rooms.update_blocked_by, direct.id, [ann.id])
    call(rooms.record_contention, group.id, new_id())
    call(rooms.is_contended, now - timedelta(minutes=1), new_id())
    call(rooms.list_all)
    call(rooms.list_latest, 5)
    call(rooms.list_touched, now - timedelta(minutes=1))
    call(rooms.list_touched, now - timedelta(minutes=1), now)
    call(rooms.delete, ended.id, ann.id, 0)
    call(rooms.list_deleted, now - timedelta(minutes=1))
    last = replace(message_in(group, ann, 3), version=2)
    call(rooms.advance_heads, [last])
    call(rooms.advance_revs, {group.id: 4})
    call(rooms.advance_all_mentions, {group.id: AllMention(3, ann.id)})
    return group


def message_in(room: Room, user: User, seq: int) -> Message:
    return Message(new_id(), room.id, user.id, seq, f"c{seq}", "hello", NOW, NOW)


def use_search(call: Calls, database: Database, stored: list[Message]) -> None:
    search, room_id = SearchRepository(database), stored[0].room_id
    entries = [Entry(one.id, room_id, one.seq, 0, NOW + one.seq, ["word"]) for one in stored]
    call(search.insert, entries)
    call(search.insert, entries[:2])
    call(search.replace, [replace(entries[0], version=1, terms=()), replace(entries[1], version=1)])
    weeks = call(search.weeks)
    call(search.find, ["word"], weeks, [room_id], None, 5)
    call(search.find, ["word", "other"], weeks, None, SearchCursor(NOW + 9, stored[9].id), 5)
    call(search.count, "word", weeks, 5)
    call(search.delete_of_room, room_id)
    call(search.delete_all)


def use_logs(call: Calls, database: Database, room: Room, ann: User) -> None:
    messages, changes = MessageRepository(database), ChangeRepository(database)
    stored = [message_in(room, ann, seq) for seq in range(1, 41)]
    call(messages.append, stored)
    again = replace(stored[3], id=new_id())
    call(messages.find_stored, [stored[0], again, message_in(room, ann, 99)])
    call(messages.find_sent, room.id, ann.id, stored[0].client_id)
    call(messages.list_range, room.id, 1, 9)
    call(messages.list_by_ids, [one.id for one in stored])
    call(messages.find_head, room.id, 3)
    call(messages.ids_at, room.id, [1, 7, 39])
    call(messages.has_written, room.id, ann.id)
    call(messages.confirm)
    call(messages.is_refused, OperationFailure("broken", 1))
    use_search(call, database, stored)
    own = [
        change_of(stored[0], ann.id, "text", "other", rev=1),
        change_of(stored[0], ann.id, "text", "third", rev=2),
        change_of(stored[1], ann.id, "pinned", True, rev=3),
        change_of(stored[2], ann.id, "reaction", True, "👍", rev=4),
        change_of(stored[3], ann.id, "deleted", rev=5),
    ]
    call(changes.append, own)
    call(changes.find_stored, own)
    call(changes.list_range, room.id, 1, 9)
    call(changes.apply, own)
    call(messages.list_pinned, room.id, 5)
    call(changes.delete_of_room, room.id)
    call(messages.delete_range, room.id, 1, 2)
    call(messages.find_first_seq, room.id, 1)
    call(messages.delete_of_room, room.id, 3)


def use_files(call: Calls, database: Database, room: Room, ann: User) -> None:
    files, chunks = FileRepository(database), FileChunkRepository(database)
    stored = StoredFile(
        file=File(new_id(), "a.png", "image/png", 9),
        user_id=ann.id,
        room_id=room.id,
        purpose="message",
        state="arriving",
        client_id=None,
        remove_at=NOW,
        preview=Content(new_id(), "image/webp", 3),
    )
    call(files.insert, stored, NOW)
    call(files.count_bytes, ann.id)
    call(files.keep_arriving, stored.id, NOW)
    call(chunks.insert, stored.id, 0, b"123456789")
    call(files.finish, stored.file, stored.preview, NOW, NOW)
    call(files.find, stored.id)
    call(chunks.find, stored.id, 0)
    call(files.claim, stored.id, "c1", None, NOW)
    (due,) = call(files.list_due, LATER, 5)
    call(files.keep, due)
    call(files.release, stored.id, NOW)
    (due,) = files.list_due(LATER, 5)
    call(files.begin_removal, due, NOW)
    call(files.mark, stored.id, NOW)
    call(files.mark_of_message, room.id, ann.id, "c1", NOW)
    call(files.mark_of_room, room.id, NOW)
    call(files.mark_of_user, ann.id, NOW)
    call(chunks.delete, stored.id, stored.file.size)
    call(files.delete, due)


def use_members(call: Calls, database: Database, room: Room, ann: User, bob: User) -> None:
    members, removals = MembershipRepository(database), RemovalRepository(database)
    one = Membership(room.id, ann.id, "member", 0, NOW)
    call(members.insert, one)
    call(members.insert_many, [replace(one, user_id=bob.id)])
    call(members.find, room.id, ann.id)
    call(members.list_of_user, ann.id)
    call(members.list_of_users, [ann.id, bob.id])
    call(members.count_of_user, ann.id)
    call(members.list_rooms_of_users, [ann.id, bob.id])
    call(members.list_of_room, room.id)
    call(members.list_of_room, room.id, 1)
    call(members.count_of_room, room.id)
    call(members.update_role, room.id, ann.id, "admin")
    call(members.list_among, room.id, [ann.id, bob.id])
    call(members.update_notify, room.id, ann.id, "none")
    call(members.update_notify, room.id, ann.id, "all")
    call(members.list_wanting_all, [room.id])
    call(members.update_pinned, room.id, ann.id, True)
    call(members.count_pinned, ann.id)
    call(members.advance_mentions, {(room.id, ann.id): 2, (room.id, bob.id): 1})
    call(members.update_hidden, room.id, ann.id, 3)
    call(members.advance_reads, [(room.id, ann.id, 2, None), (room.id, bob.id, 1, new_id())])
    call(members.take, room.id, ann.id)
    call(members.delete, room.id, ann.id)
    call(members.delete_of_room, room.id)

    call(removals.insert, room.id, bob.id, was_member=False)
    call(removals.insert, room.id, bob.id, was_member=False)
    call(removals.exists, room.id, bob.id)
    call(removals.count_banned, room.id)
    ((first, _, _),) = call(removals.list_after, "", 5)
    call(removals.list_after, first, 5)
    call(removals.delete, room.id, ann.id)
    call(removals.delete, room.id, ann.id, LATER)
    call(removals.delete_of_room, room.id)
    call(removals.delete_of_user, bob.id)

    invitations = RoomInvitationRepository(database)
    invited = call(
        invitations.insert,
        room_id=room.id,
        user_id=ann.id,
        token_hash="0" * 64,
        uses=2,
        now=NOW,
        expires_at=LATER,
    )
    call(invitations.find_by_hash, "0" * 64, NOW)
    call(invitations.list_of_room, room.id, NOW)
    call(invitations.spend_use, invited.id, bob.id, NOW)
    call(invitations.spend_use, invited.id, bob.id, NOW)
    call(invitations.delete, room.id, invited.id)
    call(invitations.delete_by_user, room.id, ann.id)
    call(invitations.delete_of_room, room.id)

    requests, now = MembershipRequestRepository(database), database.now()
    asked = call(requests.insert, room.id, bob.id, ann.id, NOW, LATER)
    assert asked is not None
    call(requests.find, asked.id, bob.id, NOW)
    call(requests.find_of, room.id, bob.id, NOW)
    call(requests.list_waiting, bob.id, NOW)
    call(requests.count_waiting, bob.id, NOW)
    call(requests.list_created, now - timedelta(minutes=1), now)
    call(requests.decline, asked.id, LATER)
    call(requests.delete_waiting, room.id, bob.id)
    call(requests.delete, asked.id)
    call(requests.delete_of_room, room.id)
    call(requests.delete_of_user, bob.id)

    blocks = BlockRepository(database)
    call(blocks.insert, ann.id, bob.id)
    call(blocks.count_blocked, ann.id)
    call(blocks.list_blocked, ann.id)
    call(blocks.find_blockers, ann.id, bob.id)
    call(blocks.delete, ann.id, bob.id)
    call(blocks.delete_of_user, ann.id)


def use_log_ins(call: Calls, database: Database, ann: User) -> None:
    sessions, codes, links = (
        SessionRepository(database),
        CodeRepository(database),
        LinkRepository(database),
    )
    now = database.now()
    new = Session("", ann.id, "Firefox", NOW, NOW, NOW, "hash")
    one, _ = call(sessions.insert_many, [new, new], LATER)
    call(sessions.find_alive, one.id, ann.id, NOW)
    call(sessions.find_users_of_alive, [one.id], NOW)
    call(sessions.list_alive, ann.id, NOW)
    call(sessions.rotate, one.id, ann.id, "hash", "next", NOW, LATER)
    call(sessions.has_network, ann.id, "network", NOW)
    call(sessions.end, one.id)
    call(sessions.end_all, ann.id)
    call(sessions.list_ended, now - timedelta(minutes=1))
    call(sessions.list_ended, now - timedelta(minutes=1), now)

    code = StoredCode(b"salt", b"hash")
    call(codes.replace, ann.email, "reset", code, LATER)
    call(codes.spend_try, ann.email, "reset", 5, NOW, 2 * (LATER - NOW))
    call(codes.restore_try, ann.email, "reset", code)
    call(codes.delete, ann.email, "reset")

    link = call(links.insert, Link("", "reset", ann.id, 1, 1, NOW, LATER), "hash")
    call(links.find_valid, "reset", "hash", NOW)
    call(links.spend_use, link.id, NOW)
    call(links.restore_use, link.id)
    call(links.list_unexpired, "reset", NOW)
    call(links.delete, "reset", link.id)
    call(links.delete_of_user, ann.id)


def use_background(call: Calls, database: Database, ann: User) -> None:
    jobs, holder = JobRepository(database), new_id()
    call(jobs.insert, "tidy", {})
    call(jobs.list_of_kinds, ["tidy", "sweep"])
    job = call(jobs.claim, ["tidy"], holder, 15.0, 60.0)
    assert job is not None
    call(jobs.renew, job, holder, {"seq": 1}, 15.0)
    call(jobs.release, job, holder, {"seq": 1})
    call(jobs.postpone, job, holder, 1.0)
    call(jobs.finish, job, holder)

    presence = PresenceRepository(database)
    process_id = call(presence.insert_lease, [0, 0])
    call(presence.renew_lease, process_id, [0, 1])
    call(presence.write_users, process_id, {0: [ann.id]})
    call(presence.read_users, process_id, 0)
    call(presence.write_users, new_id(), {0: [ann.id]})
    call(presence.delete_orphans)
    (lease,) = call(presence.list_leases)
    call(presence.delete_lease, lease)
    call(presence.delete_process, process_id)

    use_consumers(call, database)
    use_push(call, database, ann)
    audit = AuditRepository(database)
    call(audit.insert_many, [AuditEntry(new_id(), NOW, "logged_in", "", ann.id)], LATER - NOW)
    call(audit.list_latest, 5)
    call(audit.list_latest, 5, ann.id)
    call(audit.list_latest, 5, ann.id, "logged_in")

    call(UsageRepository(database).add, 1, {f"user {ann.id}": 9})
    epoch = EpochRepository(database)
    call(epoch.read)
    call(epoch.renew)
    windows = DatabaseWindows(database)
    call(windows.acquire_entry, "key", 5, 60)
    call(windows.get_moving_window, "key", 5, 60)
    probe = DatabaseProbe(database, None)
    call(probe.find_problem)
    call(probe.problem_of, OperationFailure("away"))


def use_consumers(call: Calls, database: Database) -> None:
    states, cursors, ends = (
        ConsumerRepository(database),
        CursorRepository(database),
        LogEndRepository(database),
    )
    call(states.insert_missing, ["search", "push"])
    state = call(states.find_all, ["search", "push"])["search"]
    call(states.take, state, "holder")
    call(states.renew, ["search"], "holder")
    call(states.request_rebuild, "search")
    call(states.record_begun, state)
    call(states.record_failure, "search", "ValueError")
    call(states.record_failure, "search", "")
    call(states.record_sweep, "search", NOW)
    call(states.release, ["search"], "holder")

    reader, room_id = Reader("search", 2), new_id()
    call(cursors.move, reader, {room_id: (None, Cursor(1, 0))})
    call(cursors.move, reader, {room_id: (Cursor(1, 0), Cursor(2, 1))})
    call(cursors.find, reader, [room_id, new_id()])
    call(cursors.delete_before, reader)
    call(cursors.delete_of_room, room_id)
    call(ends.find_last_seqs, 0, LATER)
    call(ends.find_last_revs, 0, LATER)


def use_push(call: Calls, database: Database, ann: User) -> None:
    subscriptions, pushes, keys = (
        PushSubscriptionRepository(database),
        PushRepository(database),
        PushKeyRepository(database),
    )
    new = Session("", ann.id, "Firefox", NOW, NOW, NOW, "hash")
    (session,) = SessionRepository(database).insert_many([new], LATER)
    endpoint = "https://push.example.org/1"
    one = PushSubscription(session.id, ann.id, endpoint, "key", "auth", True, "ours")
    assert call(subscriptions.put, one, NOW)
    assert call(subscriptions.find, session.id, NOW) == one
    assert call(subscriptions.list_of_users, [ann.id], NOW) == [one]
    assert call(subscriptions.exists)
    call(subscriptions.delete, session.id, endpoint)
    call(subscriptions.delete, session.id)
    assert not call(subscriptions.exists)

    push = Push(session.id, ann.id, new_id(), 5, 7, NOW, LATER)
    call(pushes.put, [push])
    call(pushes.put, [replace(push, from_seq=6, seq=6, due_at=NOW + 9)])
    assert call(pushes.list_due, NOW, 5, [ann.id]) == []
    assert call(pushes.list_due, NOW, 5, []) == [push]
    assert call(pushes.claim, push, LATER)
    assert not call(pushes.claim, push, LATER)
    assert call(pushes.list_due, LATER - 1, 5, []) == []
    assert call(pushes.list_due, LATER, 5, []) == [replace(push, due_at=LATER)]
    call(pushes.postpone, push, NOW, 1)
    call(pushes.put, [replace(push, from_seq=8, seq=9)])
    call(pushes.finish, push, NOW)
    (newer,) = call(pushes.list_due, NOW, 5, [new_id()])
    assert (newer.from_seq, newer.seq, newer.due_at, newer.tries) == (8, 9, NOW, 1)
    call(pushes.put, [newer])
    call(pushes.postpone_session, session.id, NOW, LATER)
    assert call(pushes.list_due, NOW, 5, []) == []
    call(pushes.finish, newer, NOW)

    call(keys.replace, None, b"one")
    call(keys.replace, None, b"two")
    call(keys.replace, b"one", b"three")
    assert call(keys.find) == b"three"
