"""Measures searches on a million messages in a thousand rooms, half of them Chinese."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pymongo

from bench.archive import archive, sizes
from bench.corpus import Corpus
from bench.talking import Figures
from chat.auth import issue_tokens
from chat.database.embedded import EmbeddedDatabase
from chat.wiring import Services
from harness.clients import LoadError
from harness.people import app_beside
from harness.servers import Server

INDEX_SECONDS = 900
SEARCHES = 100  # of each kind, each for another word
BESIDE = 3  # of the same words by MongoDB's own means, which take seconds
SEED = 11
PAGE = 20
MONGOD = "mongod"
# Ranks of words: the frequent ones after those that are in nearly every text.
FREQUENT, RARE = range(30, 300), range(10_000, 19_000)

Queries = dict[str, list[str]]


def searches(many: int, engine: str) -> Generator[Figures, None, None]:
    """Yield milliseconds of searches by a member of all rooms and by one of a single room."""
    directory = archive(many, engine)
    taken_by = sizes(directory)
    queries = _queries()
    while True:
        figures: Figures = {"index": taken_by["search"] / taken_by["message"]}
        tokens = _tokens(directory)
        with Server(directory, RATE_LIMITS="off", LOG_LEVEL="WARNING") as server:
            for who, token in zip(("all", "one"), tokens, strict=True):
                search = _searching(server, token)
                for kind, typed in queries.items():
                    taken = sorted(search(q) for q in typed)
                    figures[f"{who} {kind} p50"] = statistics.median(taken)
                    figures[f"{who} {kind} p99"] = taken[-1 - len(taken) // 100]
        yield figures | (_beside(directory) if engine == MONGOD else {})


def _beside(directory: Path) -> Figures:
    """Return the median milliseconds of the same searches by a regular expression and `$text`.

    They are measured once, because the index of texts takes minutes.
    """
    kept = directory / "beside.json"
    if not kept.exists():
        kept.write_text(json.dumps(_measure_beside(directory)))
    found: Figures = json.loads(kept.read_text())
    return found


def _measure_beside(directory: Path) -> Figures:
    figures = {}
    with _services(directory) as services:
        messages = services.database.db["message"]
        with pymongo.timeout(INDEX_SECONDS):
            messages.create_index([("data", "text")], name="beside", default_language="none")
            size = services.database.db.command("collStats", "message")["indexSizes"]["beside"]
            figures["text index"] = size / sizes(directory)["message"]
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
