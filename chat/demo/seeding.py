"""Creating the demo data. A second run adds only what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from chat.clock import now_ms
from chat.demo.talk import DIRECT, GROUPS, PEOPLE, Talk
from chat.errors import MessageDeleted
from chat.ids import new_id
from chat.models import Change, Message, Room, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.passwords import Passwords
from chat.wiring import Services

HOUR_MS = 3_600_000
CLIENT_ID = "demo-{}"
STORED_WITHIN = 60.0  # seconds


class DemoError(RuntimeError):
    """The demo cannot be created; the text says why."""


def seed_demo(
    services: Services,
    password: str | None,
    password_if_new: str,
    before_new: Callable[[], None] = lambda: None,
) -> bool:
    """Create users, rooms and messages; return whether the users are new.

    `password` is set for new and for existing users. Without it, new ones get `password_if_new`,
    and `before_new` is called before they are created. Raises DemoError if an account that is not
    of the demo has one of its usernames.
    """
    people, are_new = _make_people(services, password, password_if_new, before_new)
    _make_direct(services, people)
    for talk in GROUPS:
        _make_group(services, people, talk)
    return are_new


def _make_people(
    services: Services,
    password: str | None,
    password_if_new: str,
    before_new: Callable[[], None],
) -> tuple[dict[str, User], bool]:
    users = UserRepository(services.database)
    found = {one.username: users.find_by_username(one.username) for one in PEOPLE}
    for one in PEOPLE:
        user = found[one.username]
        # Registered accounts have an e-mail address; those of the demo have none.
        if user is not None and (user.email or user.nickname != one.nickname):
            raise DemoError(
                f"There is an account {one.username} that is not of the demo: nothing was made."
            )
    now = now_ms()
    missing = [one for one in PEOPLE if found[one.username] is None]
    if missing and not password:
        before_new()
    hashed = Passwords().hash(password or password_if_new) if missing or password else ""
    users.insert_many(
        [
            User(
                id="",
                username=one.username,
                nickname=one.nickname,
                sex=one.sex,
                email="",
                avatar="",
                locale=one.locale,
                created_at=now - 30 * 24 * HOUR_MS,
                updated_at=now,
                password_hash=hashed,
            )
            for one in missing
        ]
    )
    people = {}
    for one in PEOPLE:
        user = services.profiles.get_by_username(one.username)
        if password and one not in missing:
            user = users.update(user.id, {"password_hash": hashed}, now)
        people[one.username] = user
    return people, bool(missing)


def _make_direct(services: Services, people: dict[str, User]) -> None:
    first, second = DIRECT.members
    room, _ = services.direct_rooms.direct_with(people[first], second)
    _store_messages(services, people, room, DIRECT)


def _make_group(services: Services, people: dict[str, User], talk: Talk) -> None:
    owner = people[talk.members[0]]
    room = RoomRepository(services.database).find_group_of(owner.id, talk.name)
    if room is None:
        room = services.groups.create_group(owner, talk.name, talk.info)
    if MembershipRepository(services.database).count_of_room(room.id) < len(talk.members):
        services.groups.gather(owner, talk.name, [people[name] for name in talk.members])
    if _store_messages(services, people, room, talk):
        for name in talk.admins:
            services.roles.set_role(owner, room.id, people[name].id, "admin")


def _store_messages(services: Services, people: dict[str, User], room: Room, talk: Talk) -> bool:
    """Store the messages and their changes; return whether any message is new.

    Stores nothing in a room with other messages.
    """
    messages = MessageRepository(services.database)
    history = list(_history(people, room, talk))
    stored = messages.list_range(room.id, 1, len(history))
    if any(there.client_id != ours.client_id for there, ours in zip(stored, history, strict=False)):
        return False
    missing = history[len(stored) :]  # an interrupted run may have stored the first ones
    if missing:
        messages.append(missing)
        RoomRepository(services.database).advance_heads([history[-1]])
        _set_read_marks(services, people, room, talk, history)
    _apply_changes(services, people, room, talk, [*stored, *missing])
    return bool(missing)


def _apply_changes(
    services: Services,
    people: dict[str, User],
    room: Room,
    talk: Talk,
    messages: Sequence[Message],
) -> None:
    """Apply the changes of the messages. They have fixed ids, so a second run appends none again.

    Later changes by users stay.
    """
    futures = [
        services.room_log.change(room, change) for change in _changes(people, talk, messages)
    ]
    for future in futures:
        error = future.exception(STORED_WITHIN)
        if error is not None and not isinstance(error, MessageDeleted):  # a user deleted it since
            raise error
    services.previews.flush()


def _changes(people: dict[str, User], talk: Talk, messages: Sequence[Message]) -> Iterator[Change]:
    texts = [text for scene in talk.scenes for _, text in scene.lines]
    for number, change in enumerate(talk.acts, 1):
        (place,) = [place for place, text in enumerate(texts) if text.startswith(change.begins)]
        message = messages[place]
        name = f"{message.id} {change.kind} {change.username} {change.value}"
        yield Change(
            id=hashlib.sha256(name.encode()).hexdigest()[: len(message.id)],
            room_id=message.room_id,
            rev=0,
            message_id=message.id,
            seq=message.seq,
            kind=change.kind,
            user_id=people[change.username].id,
            created_at=message.created_at + 20_000 * number,
            value={"text": change.value, "deleted": None}.get(change.kind, True),
            emoji=change.value if change.kind == "reaction" else "",
        )


def _history(people: dict[str, User], room: Room, talk: Talk) -> Iterator[Message]:
    now = now_ms()
    seq = 0
    for scene in talk.scenes:
        at = now - int(scene.hours_ago * HOUR_MS)
        for username, text in scene.lines:
            seq += 1
            at += 15_000 + 900 * len(text)  # plausible time to read and type
            yield Message(
                id=new_id(),
                room_id=room.id,
                user_id=people[username].id,
                username=username,
                seq=seq,
                client_id=CLIENT_ID.format(seq),
                data=text,
                created_at=at,
                updated_at=at,
            )


def _set_read_marks(
    services: Services, people: dict[str, User], room: Room, talk: Talk, history: list[Message]
) -> None:
    last = len(history)
    marks = []
    for name in talk.members:
        own = max(message.seq for message in history if message.username == name)
        seq = max(own, last - talk.unread.get(name, 0))
        marks.append((room.id, people[name].id, seq, history[seq - 1].id))
    MembershipRepository(services.database).advance_reads(marks)
