"""Makes a million messages in a thousand rooms and their index, once: it takes minutes."""

from __future__ import annotations

import json
import shutil
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pymongo

from bench.corpus import Corpus
from bench.town import database, make_people
from chat import migrations
from chat.chunks import chunked
from chat.clock import now_ms
from chat.database.client import Database
from chat.ids import new_id
from chat.models import Message, User
from chat.repositories.cursors import Cursor, CursorRepository, Reader
from chat.repositories.messages import document_of
from chat.repositories.rooms import RoomRepository
from chat.repositories.search import SearchRepository
from chat.services.search_index import SearchIndex, entry_of
from chat.wiring import Services
from harness.people import app_beside
from harness.servers import ROOT

KEPT = ROOT / "var" / "bench"
ROOMS, SENDERS, MEMBERS = 1_000, 1_000, 5
SPACING = 20_000  # milliseconds between two messages
CHUNK = 1_000
WORKERS, AHEAD = 2, 8  # processes that write, and pieces that wait for them
WRITE_SECONDS = 60  # a checkpoint of a loaded machine takes seconds
SEED = 11
SAID = 50_000  # messages between two lines on the way
WRITTEN = ("message", "search")


def archive(many: int, engine: str) -> Path:
    """Return the directory of a database with `many` messages; make it unless it is there."""
    directory = KEPT / f"search-{many}-{engine}"
    if not (directory / "made.json").exists():
        _make(directory, engine, many)
    return directory


def sizes(directory: Path) -> dict[str, int]:
    """Return the bytes of messages and of the index for searches, each with its indexes."""
    found: dict[str, int] = json.loads((directory / "made.json").read_text())
    return found


def _make(directory: Path, engine: str, many: int) -> None:
    """Create the rooms, their messages and the index, in the shape that the server writes."""
    print(f"making {many:,} messages in {directory}, once", flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    with database(directory, engine, durable=False) as embedded:
        with app_beside(directory, embedded.uri(), RATE_LIMITS=False) as app:
            services: Services = app.extensions["chat"]
            migrations.upgrade(services.database)
            with app.app_context():
                users, _ = make_people(services, SENDERS)
                rooms = [
                    services.groups.gather(users[0], f"Room {number}", _members(users, number)).id
                    for number in range(ROOMS)
                ]
            services.consumers.run_due()  # the consumers begin before there is anything
            _store(services, embedded.uri(), _messages(users, rooms, many))
            services.database.db.client.admin.command("fsync")  # sizes are those of the files
            stats = {name: services.database.db.command("collStats", name) for name in WRITTEN}
    taken = {name: one["storageSize"] + one["totalIndexSize"] for name, one in stats.items()}
    (directory / "made.json").write_text(json.dumps(taken))


def _members(users: Sequence[User], number: int) -> list[User]:
    """Return the members of a room: the first user is in all, the second in the first room."""
    others = [users[2 + (number * 3 + place) % (SENDERS - 2)] for place in range(MEMBERS)]
    return [users[0], *(users[1:2] if number == 0 else ()), *others]


def _messages(users: list[User], rooms: list[str], many: int) -> Iterator[Message]:
    """Yield messages as they arrive: of all rooms in turn."""
    random, began = Random(SEED), now_ms() - many * SPACING
    members = [_members(users, place) for place in range(ROOMS)]
    seqs = [0] * ROOMS
    for number, text in enumerate(Corpus().texts(many)):
        place, at = random.randrange(ROOMS), began + number * SPACING
        seqs[place] += 1
        sender, client_id = random.choice(members[place]), f"{random.getrandbits(128):032x}"
        yield Message(new_id(), rooms[place], sender.id, seqs[place], client_id, text, at, at)


def _store(services: Services, uri: str, messages: Iterator[Message]) -> None:
    last: dict[str, Message] = {}
    waiting: deque[Future[None]] = deque()
    count, started = 0, time.monotonic()
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), _open, (uri,)) as pool:
        for some in chunked(messages, CHUNK):
            waiting.append(pool.submit(_write, some))
            if len(waiting) > AHEAD:
                waiting.popleft().result()
            last |= {one.room_id: one for one in some}
            count += len(some)
            if count % SAID == 0:
                print(f"{count:,} in {time.monotonic() - started:.0f} s", flush=True)
        for future in waiting:
            future.result()
    RoomRepository(services.database).advance_heads(list(last.values()))
    # What is stored by hand is handled.
    moves = {room_id: (None, Cursor(one.seq)) for room_id, one in last.items()}
    CursorRepository(services.database).move(Reader(SearchIndex.name, 1), moves)


_opened: list[Database] = []  # of a process that writes


def _open(uri: str) -> None:
    _opened.append(Database(uri))


def _write(messages: list[Message]) -> None:
    (found,) = _opened
    with pymongo.timeout(WRITE_SECONDS):
        found.db["message"].insert_many(map(document_of, messages), ordered=False)
        SearchRepository(found).insert([*map(entry_of, messages)])
