"""Measures several processes that write into one room at once, against one process.

The same 24 senders, with eight messages in flight each, are spread over one, two and three
processes. Several processes have a Redis between them. The database is the embedded one of the
first process.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

from bench.talking import Figures
from chat.database.embedded import EmbeddedDatabase
from harness.clients import LoadError
from harness.people import app_beside, make_people
from harness.redis import Redis
from harness.servers import Server
from harness.writers import Outcome, write_at_once

NAMES = {1: "one", 2: "two", 3: "three"}
SENDERS = 24  # of all processes together


def against_one(seconds: float, engine: str) -> Generator[Figures, None, None]:
    """Yield the messages per second of one, two and three processes, and their ratios.

    `least share` is the least that a process stored compared with the other one or two.
    """
    rates, shares = {}, []
    for processes, name in NAMES.items():
        outcome = run(processes, seconds, engine)
        if not outcome.is_gapless or outcome.inverted:
            raise LoadError(f"{name}: a gap in the log, or messages in the wrong order")
        rates[name] = sum(outcome.rates)
        shares.append(min(outcome.rates) / max(outcome.rates))
    yield {
        "two/one": rates["two"] / rates["one"],
        "three/one": rates["three"] / rates["one"],
        "least share": min(shares),
        **{f"messages/s of {name}": rate for name, rate in rates.items()},
    }


def run(processes: int, seconds: float, engine: str) -> Outcome:
    """Let all senders write through so many processes, and return the outcome."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        secret = secrets.token_hex(32)
        settings = {"SECRET_KEY": secret, "RATE_LIMITS": "off", "DATABASE": engine}
        if processes > 1:
            redis = Redis(Path(directory))
            try:
                stack.enter_context(redis)
            except RuntimeError as error:
                raise LoadError(str(error)) from None
            settings["MESSAGE_QUEUE_URL"] = redis.unix_url
        servers = []
        for number in range(processes):
            server = Server(Path(directory) / str(number), **settings)
            servers.append(stack.enter_context(server))
            settings.setdefault("MONGO_URI", EmbeddedDatabase(servers[0].data_dir).uri())
        app = stack.enter_context(
            app_beside(
                servers[0].data_dir, settings["MONGO_URI"], SECRET_KEY=secret, RATE_LIMITS=False
            )
        )
        names = [f"{secrets.token_hex(4)}{number}" for number in range(SENDERS)]
        people = make_people(app, *names)
        group = people[0].create_group(*people[1:])
        tokens = [[one.token for one in people[number::processes]] for number in range(processes)]
        return write_at_once([server.port for server in servers], tokens, group["id"], seconds)
