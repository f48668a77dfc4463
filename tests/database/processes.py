"""Other processes that start and use the embedded database."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chat.database.client import Database
from harness.servers import PATIENCE, ROOT, environment

# A process that starts or finds the database, says where it listens, and lives until its input
# ends.
STARTER = """
import sys
from chat.database.embedded import EmbeddedDatabase
database = EmbeddedDatabase(sys.argv[1], engine=sys.argv[2])
print(database.uri(), database.child_pid, flush=True)
sys.stdin.read()
database.stop()
"""


class Starter:
    """Another process that needs the database."""

    def __init__(self, data_dir: Path, engine: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(data_dir), engine],
            cwd=ROOT,
            env=environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> tuple[str, int | None]:
        """Wait for the URI, and the pid of the database when this process started it."""
        assert self.process.stdout is not None
        uri, pid = self.process.stdout.readline().split()
        return uri, None if pid == "None" else int(pid)

    def end(self) -> None:
        """Let it end by itself."""
        self.process.communicate("", timeout=PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


def record(data_dir: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((data_dir / "database" / "record.json").read_text())
    return found


def servers_on(data_dir: Path) -> list[int]:
    """Return the processes that were started with this directory as their storage.

    One that is still on its way to become the database, and one that is dead already, is not seen.
    """
    storages = {str(data_dir / "database" / name).encode() for name in ("data", "mongod")}
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (directory / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if storages & set(arguments) and b"-I" not in arguments:
            found.append(int(directory.name))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for a condition that another process fulfils."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def write(uri: str, value: int) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(
        uri, timeoutMS=PATIENCE * 1000, w="majority", journal=True
    )
    with client:
        client.get_default_database()["kept"].insert_one({"_id": value})


def answers(database: Database) -> bool:
    try:
        database.db.command("ping")
    except PyMongoError:
        return False
    return True


def read(uri: str) -> list[int]:
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=PATIENCE * 1000)
    with client:
        return sorted(document["_id"] for document in client.get_default_database()["kept"].find())


# Another user of this machine, who may not be able to read Python's own files: it imports before.
NOBODY = """
import os, sys
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""


def run_as_nobody(code: str, *arguments: str) -> tuple[str, str]:
    """Run a program as another user of this machine; return what it printed, and its errors.

    It may use `os`, `sys`, `MongoClient`, `OperationFailure` and `PyMongoError`.
    """
    stranger = subprocess.run(
        [sys.executable, "-c", NOBODY + code, *arguments],
        cwd="/",
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return stranger.stdout.strip(), stranger.stderr
