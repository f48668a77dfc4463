"""Health checks of the database and of Redis: each does one small write."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import DuplicateKeyError, PyMongoError

from chat.clock import now_ms
from chat.database.client import Database
from chat.errors import Unavailable
from chat.repositories.outages import (
    BROKEN_INSIDE,
    NO_PERMISSION,
    OUT_OF_DISK_SPACE,
    REFUSED_LOGIN,
    reason_of,
)

if TYPE_CHECKING:
    from redis import Redis

SECONDS = 2.0  # for one probe
# The words with which Redis begins its refusals of writes. No other text of Redis is repeated.
REDIS_WORDS = ("BUSY", "CLUSTERDOWN", "LOADING", "MISCONF", "NOREPLICAS", "OOM", "READONLY")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the database or Redis does not work.

    `reason` is the end of a text key. `detail` is one sentence for the log, without any secret.
    With `is_final` a setting is wrong, so that waiting does not help.
    """

    reason: str
    detail: str
    is_final: bool = False


def write_probe(database: Database) -> None:
    """Write one small document that all processes share; raise the database's error."""
    with pymongo.timeout(SECONDS):
        try:
            database.db["health"].update_one(
                {"_id": "write"}, {"$set": {"at": now_ms()}}, upsert=True
            )
        except DuplicateKeyError:
            log.debug("another process inserted the probe at the same moment")


class DatabaseProbe:
    """Checks that the database accepts writes.

    `find_space_problem`, of the embedded database, returns what is wrong with the disk, or None.
    """

    def __init__(
        self, database: Database, find_space_problem: Callable[[], str | None] | None
    ) -> None:
        self._database = database
        self._find_space_problem = find_space_problem or (lambda: None)
        self._where = "The embedded database" if find_space_problem else "The database at MONGO_URI"

    def find_problem(self) -> Problem | None:
        """Return why the database accepts no writes, or None."""
        try:
            write_probe(self._database)
        except (PyMongoError, Unavailable) as error:
            return self.problem_of(error)
        return None

    def problem_of(self, error: Exception) -> Problem:
        """Return the problem that an error of the database indicates."""
        code = getattr(error, "code", None)
        why = reason_of(error)
        if isinstance(error, Unavailable):
            return Problem("storage" if self._find_space_problem() else "database", why)
        if code in REFUSED_LOGIN:
            return Problem(
                "database_login",
                f"MONGO_URI: the database refuses the user or password ({why}).",
                True,
            )
        if code == NO_PERMISSION:
            return Problem(
                "database_login",
                f"MONGO_URI: its user may not do this ({why}): give it readWrite and dbAdmin, and"
                " authSource where it is defined in another database.",
                True,
            )
        if code in BROKEN_INSIDE or code == OUT_OF_DISK_SPACE:
            return Problem("storage", f"{self._where} cannot write ({why}): is the disk full?")
        full = self._find_space_problem()
        if full is not None:
            return Problem("storage", f"{self._where} does not run ({full}).")
        return Problem("database", f"{self._where} does not answer ({why}).")


class QueueProbe:
    """Writes one short-lived key to the Redis at `url`."""

    KEY = "chat-limits:probe"  # with the prefix of the limits, for servers with rules about names
    KEPT_SECONDS = 60

    def __init__(self, url: str) -> None:
        self._url = url

    def find_problem(self) -> Problem | None:
        """Return why Redis accepts no writes, or None."""
        from redis import exceptions  # an extra

        try:
            self._client.set(self.KEY, 1, ex=self.KEPT_SECONDS)
        except (exceptions.AuthenticationError, exceptions.AuthorizationError) as error:
            return self._problem(error, "refuses the user or password", is_final=True)
        except exceptions.NoPermissionError as error:
            return self._problem(error, "does not allow its user to write", is_final=True)
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
            return self._problem(error, "does not answer")
        except exceptions.RedisError as error:
            if "DB index" in str(error):
                return self._problem(error, "has no database of that number", is_final=True)
            return self._problem(error, "takes no writes")
        return None

    def _problem(self, error: Exception, what: str, is_final: bool = False) -> Problem:
        reason = "queue_login" if "refuses" in what else "queue"
        first = str(error).partition(" ")[0]
        why = first if first in REDIS_WORDS else type(error).__name__
        return Problem(reason, f"Redis at MESSAGE_QUEUE_URL {what} ({why}).", is_final)

    @cached_property
    def _client(self) -> Redis:
        from redis import Redis  # an extra
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options: dict[str, Any] = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS}
        return Redis.from_url(self._url, retry=Retry(NoBackoff(), 0), **options)
