"""Measures pages of history in a small room and in one with a million messages."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import statistics
import time
from collections.abc import Generator
from pathlib import Path

import pymongo

from bench.talking import Figures
from bench.town import database, make_people, message_in
from chat import migrations
from chat.chunks import chunked
from chat.database.embedded import EmbeddedDatabase
from chat.repositories.messages import document_of
from chat.repositories.rooms import RoomRepository
from chat.wiring import Services
from harness.clients import LoadError
from harness.people import app_beside
from harness.servers import ROOT, Server

KEPT = ROOT / "var" / "bench"  # a million messages take minutes to make
FEW = 1_000
PAGE = 50
REQUESTS = 200  # of each room in one run
CHUNK = 1_000
INDEX_SECONDS = 900
SEED = 50  # the same pages in each run


def pages(many: int, engine: str) -> Generator[Figures, None, None]:
    """Yield the median milliseconds of pages at random places in both rooms, and their ratio.

    `engine` is the database's name.
    """
    directory = KEPT / f"history-{many}-{engine}"
    rooms_file = directory / "rooms.json"
    if not rooms_file.exists():
        _make(directory, engine, many, rooms_file)
    rooms: dict[str, str] = json.loads(rooms_file.read_text())
    with Server(directory, RATE_LIMITS="off", LOG_LEVEL="WARNING") as server:
        headers = {"Authorization": f"Bearer {_token(directory)}"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

        def page(room_id: str, before: int) -> float:
            path = f"/api/rooms/{room_id}/messages?before_seq={before}&limit={PAGE}"
            started = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse().read()
            taken = time.perf_counter() - started
            seqs = [message["seq"] for message in json.loads(answer)["data"]["messages"]]
            if seqs != list(range(before - PAGE, before)):
                raise LoadError(f"not the page before {before}: {seqs}")
            return taken * 1000

        while True:
            places = random.Random(SEED)
            small, large = [], []
            for _ in range(REQUESTS):
                small.append(page(rooms["small"], places.randint(PAGE + 1, FEW + 1)))
                large.append(page(rooms["large"], places.randint(PAGE + 1, many + 1)))
            medians = statistics.median(small), statistics.median(large)
            yield {
                "ratio": medians[1] / medians[0],
                "small ms": medians[0],
                "large ms": medians[1],
            }


def _token(directory: Path) -> str:
    """Return a token of a member of the rooms."""
    with app_beside(directory, EmbeddedDatabase(directory).uri()) as app:
        services: Services = app.extensions["chat"]
        with app.app_context():
            return make_people(services, 1)[1][0].token


def _make(directory: Path, engine: str, many: int, rooms_file: Path) -> None:
    """Create both rooms in the database; create the indexes last, because that is faster."""
    print(f"making {many:,} messages in {directory}, once", flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    with database(directory, engine, durable=False) as embedded:
        with app_beside(directory, embedded.uri()) as app:
            services: Services = app.extensions["chat"]
            migrations.upgrade(services.database)
            with app.app_context():
                users, _ = make_people(services, 1)
            messages = services.database.db["message"]
            indexes = messages.index_information()
            messages.drop_indexes()
            rooms = {}
            for name, count in (("small", FEW), ("large", many)):
                room = services.groups.create_group(users[0], name)
                rooms[name] = room.id
                drafts = (message_in(room.id, users[0].id, seq) for seq in range(1, count + 1))
                for some in chunked(drafts, CHUNK):
                    messages.insert_many([document_of(message) for message in some])
                RoomRepository(services.database).advance_heads(some[-1:])
            with pymongo.timeout(INDEX_SECONDS):
                for name, index in indexes.items():
                    if name != "_id_":
                        index.pop("v")
                        messages.create_index(index.pop("key"), name=name, **index)
    rooms_file.write_text(json.dumps(rooms))
