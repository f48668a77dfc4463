"""Measures searches on a million messages in a thousand rooms, half of them Chinese."""

from __future__ import annotations

import http.client
import json
import shutil
import statistics
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pymongo

from bench.corpus import Corpus
from bench.talking import Figures
from bench.town import database, make_people
from chat import migrations
from chat.auth import issue_tokens
from chat.chunks import chunked
from chat.clock import now_ms
from chat.database.embedded import EmbeddedDatabase
from chat.ids import new_id
from chat.models import Message, User
from chat.repositories.cursors import Cursor, CursorRepository, Reader
from chat.repositories.messages import document_of
from chat.repositories.rooms import RoomRepository
from chat.repositories.search import SearchRepository
from chat.services.search_index import SearchIndex, entry_of
from chat.wiring import Services
from harness.clients import LoadError
from harness.people import app_beside
from harness.servers import ROOT, Server

KEPT = ROOT / "var" / "bench"  # a million messages take minutes to make
ROOMS, SENDERS, MEMBERS = 1_000, 1_000, 5
SPACING = 20_000  # milliseconds between two messages
CHUNK = 500
INDEX_SECONDS = 900
WRITE_SECONDS = 60
SEARCHES = 100  # of each kind, each for another word
BESIDE = 3  # of the same words by MongoDB's own means, which take seconds
SEED = 11
PAGE = 20
# Ranks of words: the frequent ones after those that are in nearly every text.
FREQUENT, RARE = range(30, 300), range(10_000, 19_000)

Queries = dict[str, list[str]]


def searches(many: int, engine: str) -> Generator[Figures, None, None]:
    """Yield milliseconds of searches by a member of all rooms and by one of a single room."""
    directory = KEPT / f"search-{many}-{engine}"
    made = directory / "made.json"
    if not made.exists():
        _make(directory, engine, many, made)
    about: dict[str, Any] = json.loads(made.read_text())
    queries = _queries()
    while True:
        figures: Figures = {"index": about["index"] / about["messages"]}
        tokens = _tokens(directory)
        with Server(directory, RATE_LIMITS="off", LOG_LEVEL="WARNING") as server:
            for who, token in zip(("all", "one"), tokens, strict=True):
                search = _searching(server, token)
                for kind, typed in queries.items():
                    taken = sorted(search(q) for q in typed)
                    figures[f"{who} {kind} p50"] = statistics.median(taken)
                    figures[f"{who} {kind} p99"] = taken[-1 - len(taken) // 100]
        yield figures


def beside(many: int, engine: str) -> dict[str, float]:
    """Return the median milliseconds of the same searches by a regular expression and `$text`."""
    directory = KEPT / f"search-{many}-{engine}"
    figures = {}
    with _services(directory) as services:
        messages = services.database.db["message"]
        with pymongo.timeout(INDEX_SECONDS):
            messages.create_index([("data", "text")], name="beside", default_language="none")
            size = services.database.db.command("collStats", "message")["indexSizes"]["beside"]
            figures["text index bytes"] = float(size)
            for kind, typed in _queries().items():
                for name, query in (("regex", _regex), ("text", _text)):
                    taken = [_timed(messages, query(q)) for q in typed[:BESIDE]]
                    figures[f"{name} {kind}"] = statistics.median(taken)
            messages.drop_index("beside")
    return figures


def _timed(messages: Any, query: dict[str, Any]) -> float:
    started = time.perf_counter()
    list(messages.find(query).sort("created_at", -1).limit(PAGE))
    return (time.perf_counter() - started) * 1000


def _regex(q: str) -> dict[str, Any]:
    return {"data": {"$regex": q.strip('"'), "$options": "i"}}


def _text(q: str) -> dict[str, Any]:
    return {"$text": {"$search": q}}


def _queries() -> Queries:
    """Return searches of each kind; the texts have their words by rank."""
    corpus, random = Corpus(), Random(SEED)

    def words(of: list[str], ranks: range, size: int = 2) -> list[str]:
        long = [of[rank] for rank in ranks if len(of[rank]) >= size]
        return random.sample(long, min(SEARCHES, len(long)))

    frequent = words(corpus.english, FREQUENT, 3)
    followers = words(corpus.english, range(20), 1)
    return {
        "rare": words(corpus.english, RARE, 6),
        "frequent": frequent,
        "pair": words(corpus.chinese, FREQUENT),
        "rare pair": words(corpus.chinese, RARE),
        "phrase": [f'"{random.choice(followers)} {word}"' for word in frequent],
    }


def _searching(server: Server, token: str) -> Callable[[str], float]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {token}"}

    def search(q: str) -> float:
        started = time.perf_counter()
        connection.request("GET", f"/api/search?{urlencode({'q': q})}", headers=headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        taken = time.perf_counter() - started
        if answer.status != 200:
            raise LoadError(f"{q}: {body}")
        return taken * 1000

    search("warm up")
    return search


@contextmanager
def _services(directory: Path) -> Iterator[Services]:
    with app_beside(directory, EmbeddedDatabase(directory).uri()) as app, app.app_context():
        yield app.extensions["chat"]


def _tokens(directory: Path) -> list[str]:
    """Return tokens of the member of all rooms and of the member of one."""
    with _services(directory) as services:
        users = map(services.profiles.get_by_username, ("citizen0000", "citizen0001"))
        return [
            issue_tokens(services.sessions.start(user, "bench"))["access_token"] for user in users
        ]


def _make(directory: Path, engine: str, many: int, made: Path) -> None:
    """Create the rooms, their messages and the index, as the consumer writes it."""
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
            _store(services, users, rooms, many)
            stats = {
                name: services.database.db.command("collStats", name)
                for name in ("message", "search")
            }
    sizes = {name: one["storageSize"] + one["totalIndexSize"] for name, one in stats.items()}
    made.write_text(json.dumps({"index": sizes["search"], "messages": sizes["message"]}))


def _members(users: list[User], number: int) -> list[User]:
    """Return the members of a room: the first user is in all, the second in the first room."""
    others = [users[2 + (number * 3 + place) % (SENDERS - 2)] for place in range(MEMBERS)]
    return [users[0], *(users[1:2] if number == 0 else ()), *others]


def _store(services: Services, users: list[User], rooms: list[str], many: int) -> None:
    messages, search = services.database.db["message"], SearchRepository(services.database)
    random, began = Random(SEED), now_ms() - many * SPACING
    seqs = dict.fromkeys(rooms, 0)
    last: dict[str, Message] = {}

    def message(number: int, text: str) -> Message:
        place = random.randrange(ROOMS)
        room_id = rooms[place]
        seqs[room_id] += 1
        at = began + number * SPACING
        sender = random.choice(_members(users, place))
        client_id = f"{random.getrandbits(128):032x}"
        one = Message(new_id(), room_id, sender.id, seqs[room_id], client_id, text, at, at)
        last[room_id] = one
        return one

    drafts = (message(number, text) for number, text in enumerate(Corpus().texts(many)))
    for some in chunked(drafts, CHUNK):  # as they arrive: of all rooms in turn
        with pymongo.timeout(WRITE_SECONDS):  # a checkpoint of a loaded machine takes seconds
            messages.insert_many([document_of(one) for one in some], ordered=False)
            search.insert([entry_of(one) for one in some])
    RoomRepository(services.database).advance_heads(list(last.values()))
    # What is stored by hand is handled.
    moves = {room_id: (None, Cursor(seq)) for room_id, seq in seqs.items() if seq}
    CursorRepository(services.database).move(Reader(SearchIndex.name, 1), moves)
