"""The users and rooms of a measurement: real accounts, sessions, memberships and messages."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from flask import Flask

from chat import migrations
from chat.auth import issue_tokens
from chat.chunks import CHUNK, chunked
from chat.clock import now_ms
from chat.database.embedded import EmbeddedDatabase
from chat.ids import new_id
from chat.models import Message, Room, User
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.services.sessions import Grant
from chat.wiring import Services
from harness.people import app_beside

PEOPLE = 3000
FEWEST = 1100  # users that suffice for all rooms below
SMALL = 10  # users in a small group; every user is in one
HALL = 500
CLASS = 100
PAIRS = 50
LISTENED = 30  # users in the group in which some clients do not read
HISTORY = 5  # messages in each small group
GROUP, DIRECT = "/group", "/direct"


@dataclass
class Citizen:
    """A user with a session; the token is valid for a quarter of an hour."""

    id: str
    username: str
    grant: Grant = field(repr=False)
    token: str = field(repr=False)
    rooms: dict[str, list[str]] = field(default_factory=lambda: {GROUP: [], DIRECT: []})


@dataclass(frozen=True)
class Place:
    """A room and its members."""

    id: str
    namespace: str
    members: Sequence[Citizen]


@dataclass(frozen=True)
class Places:
    """All rooms of a town, by the purpose for which a workload uses them."""

    hall: Place
    classroom: Place
    listened: Place
    small: list[Place]
    pairs: list[Place]


@dataclass(frozen=True)
class Town:
    """All users and rooms, in a running database; `app` is an app on it in this process.

    `engine` is the database's name, as in the setting DATABASE, and `database` describes it.
    """

    app: Flask
    uri: str
    engine: str
    database: str
    database_pid: int
    secret: str
    people: list[Citizen]
    places: Places

    def renew_tokens(self) -> None:
        """Give all users new tokens: a measurement takes longer than a token is valid."""
        with self.app.app_context():
            for citizen in self.people:
                citizen.token = issue_tokens(citizen.grant)["access_token"]


@contextmanager
def database(directory: Path, engine: str, durable: bool = True) -> Iterator[EmbeddedDatabase]:
    """Run the embedded database in a directory; `engine` is a value of the setting DATABASE."""
    embedded = EmbeddedDatabase(directory, durable=durable, engine=engine)
    try:
        yield embedded
    finally:
        embedded.stop()


@contextmanager
def settled(count: int, engine: str) -> Iterator[Town]:
    """Yield a town of `count` users on an embedded database of its own.

    `engine` is a value of the setting DATABASE.
    """
    with tempfile.TemporaryDirectory() as directory, database(Path(directory), engine) as embedded:
        uri, pid, secret = embedded.uri(), embedded.child_pid, secrets.token_hex(32)
        assert pid is not None
        with app_beside(Path(directory), uri, SECRET_KEY=secret, RATE_LIMITS=False) as app:
            services: Services = app.extensions["chat"]
            migrations.upgrade(services.database)
            with app.app_context():
                users, people = make_people(services, count)
                founder = Founder(services, users, people)
                town = Town(
                    app=app,
                    uri=uri,
                    engine=engine_of(Path(directory)),
                    database=_describe(Path(directory), services),
                    database_pid=pid,
                    secret=secret,
                    people=people,
                    places=Places(
                        hall=founder.group("Hall", range(HALL)),
                        classroom=founder.group("Class", range(CLASS)),
                        listened=founder.group("Listened", range(2 * HALL, 2 * HALL + LISTENED)),
                        small=[
                            founder.group("Small", range(start, start + SMALL), HISTORY)
                            for start in range(0, count, SMALL)
                        ],
                        pairs=[founder.pair(2 * n, 2 * n + 1) for n in range(PAIRS)],
                    ),
                )
            yield town


def engine_of(data_dir: Path) -> str:
    """Return the name of the engine that an embedded database has recorded."""
    return (data_dir / "database" / "engine").read_text().split()[0]


def _describe(data_dir: Path, services: Services) -> str:
    if engine_of(data_dir) == "mongod":
        version = services.database.db.command("buildInfo")["version"]
        return f"mongod {version}, standalone, on a Unix socket"
    return f"SecantusDB {metadata.version('secantusdb')}, `--sync-on-commit`"


def make_people(services: Services, count: int) -> tuple[list[User], list[Citizen]]:
    """Create accounts with a session each. Needs an app context."""
    names = [f"citizen{number:04}" for number in range(count)]
    users = list(services.accounts.create_many(names, secrets.token_urlsafe(12)))
    people = [
        Citizen(
            grant.user.id, grant.user.username, grant, token=issue_tokens(grant)["access_token"]
        )
        for some in chunked(users, CHUNK)
        for grant in services.sessions.start_many(some, "bench")
    ]
    return users, people


class Founder:
    """Creates rooms and records them in their members."""

    def __init__(self, services: Services, users: list[User], people: list[Citizen]) -> None:
        self._services = services
        self._users = users
        self._people = people

    def group(self, name: str, numbers: range, history: int = 0) -> Place:
        """Create a group of these users with messages of theirs; the first user is its owner."""
        members = [self._users[number] for number in numbers]
        room = self._services.groups.gather(members[0], name, members)
        if history:
            self._store_messages(room, members, history)
        return self._place(room, GROUP, numbers)

    def pair(self, one: int, other: int) -> Place:
        """Create the direct room of two users."""
        room, _ = self._services.direct_rooms.direct_with(
            self._users[one], self._users[other].username
        )
        return self._place(room, DIRECT, (one, other))

    def _place(self, room: Room, namespace: str, numbers: Sequence[int]) -> Place:
        members = [self._people[number] for number in numbers]
        for member in members:
            member.rooms[namespace].append(room.id)
        return Place(room.id, namespace, members)

    def _store_messages(self, room: Room, members: list[User], count: int) -> None:
        messages = [
            message_in(room.id, members[seq % len(members)].id, seq) for seq in range(1, count + 1)
        ]
        MessageRepository(self._services.database).append(messages)
        RoomRepository(self._services.database).advance_heads(messages[-1:])


def message_in(room_id: str, user_id: str, seq: int) -> Message:
    """Return a message of 100 characters, not stored yet."""
    now = now_ms()
    return Message(
        id=new_id(),
        room_id=room_id,
        user_id=user_id,
        seq=seq,
        client_id=f"old-{seq}",
        data="x" * 100,
        created_at=now,
        updated_at=now,
    )
