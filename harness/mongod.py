"""Replica sets of MongoDB for tests: of one member, or of three that lose a primary and go on.

Each member is a `mongod` in a process of its own. It dies with the process that started it, and its
data is in memory where there is room.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chat.database import launcher
from harness import programs
from harness.servers import PATIENCE, free_port

SET = "rs"
IN_MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3  # bytes that are free where data is kept in memory
OPTIONS = (
    # Small files, because a set is made for a test: a journal of 8 MB instead of 100 three times.
    *("--wiredTigerEngineConfigString", "log=(file_max=8MB,prealloc=false)"),
    *("--wiredTigerCacheSizeGB", "0.25"),
    *("--oplogSize", "64"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--networkMessageCompressors", "disabled"),
    "--quiet",
)
# With the driver's and mongod's defaults it takes ten seconds until the death of a primary is seen.
SETTINGS = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}
STEPPED_DOWN_SECONDS = 10  # for which a member that stepped down is not elected again
HELLO_SECONDS = 2.0
POLL_SECONDS = 0.02

Document = dict[str, Any]
Found = TypeVar("Found")


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Yield a directory for a database, in memory if there is room; remove it after this block."""
    in_memory = IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK)
    in_memory = in_memory and shutil.disk_usage(IN_MEMORY).free >= ROOM
    with TemporaryDirectory(prefix="chat-test-", dir=IN_MEMORY if in_memory else None) as found:
        yield Path(found)


class Member:
    """One mongod of a set."""

    def __init__(self, program: str, directory: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._program = program
        self._directory = directory
        self._directory.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, or start it again with its data; return before it answers."""
        host, _, port = self.address.partition(":")
        command = [self._program, "--dbpath", str(self._directory), "--replSet", SET]
        command += ["--bind_ip", host, "--port", port, *OPTIONS]
        with (self._directory / "log").open("ab") as log:
            # The launcher has the kernel kill mongod when the thread ends that starts it here.
            self._process = subprocess.Popen(
                [sys.executable, "-I", launcher.__file__, str(os.getpid())]
                + [str(self._directory / "alive"), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which end it
            )

    def kill(self) -> None:
        """Kill it if it runs, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, command: str, value: Any = 1, **options: Any) -> Document:
        """Return its own answer to a command of the database `admin`."""
        uri = f"mongodb://{self.address}/?directConnection=true"
        with MongoClient[Document](uri, timeoutMS=PATIENCE * 1000) as client:
            return client.admin.command(command, value, **options)

    def hello(self) -> Document:
        """Return its answer to `hello`, or an empty one if there is none."""
        if not self.running:
            return {}
        try:
            with pymongo.timeout(HELLO_SECONDS):
                return self.ask("hello")
        except PyMongoError:
            return {}

    @property
    def is_primary(self) -> bool:
        return bool(self.hello().get("isWritablePrimary"))

    def log(self) -> str:
        return (self._directory / "log").read_text("utf-8", "replace")


class ReplicaSet:
    """A set of `size` members: `with ReplicaSet(3) as found: Database(found.uri)`.

    Raises RuntimeError when there is no mongod, or when it does not start.
    """

    def __init__(self, size: int = 1) -> None:
        program = programs.mongod()
        if program is None:
            raise RuntimeError("no mongod starts on this machine")
        self._stack = ExitStack()
        directory = self._stack.enter_context(temporary_directory())
        self.members = [Member(program, directory / f"member{number}") for number in range(size)]

    @property
    def uri(self) -> str:
        """Return the URI of the set, without a database."""
        addresses = ",".join(member.address for member in self.members)
        return f"mongodb://{addresses}/?replicaSet={SET}"

    def start(self) -> None:
        """Start all members, and wait until one of them takes writes."""
        for member in self.members:
            member.start()
        _wait_for(lambda: all(member.hello() or not member.running for member in self.members))
        for member in self.members:
            if not member.running:
                raise RuntimeError(f"mongod does not start:\n{member.log()}")
        members = [{"_id": id_, "host": member.address} for id_, member in enumerate(self.members)]
        config = {"_id": SET, "members": members, "settings": SETTINGS}
        self.members[0].ask("replSetInitiate", config)
        self.primary()

    def stop(self) -> None:
        """Kill all members and remove their data."""
        for member in self.members:
            member.kill()
        self._stack.close()

    def primary(self) -> Member:
        """Return the member that takes writes; wait until there is one."""
        return _wait_for(lambda: next((one for one in self.members if one.is_primary), None))

    def kill_primary(self) -> None:
        """Kill the member that takes writes."""
        self.primary().kill()

    def step_down(self) -> None:
        """Have the member that takes writes leave that to another one."""
        catch_up = {"secondaryCatchUpPeriodSecs": STEPPED_DOWN_SECONDS // 2}
        self.primary().ask("replSetStepDown", STEPPED_DOWN_SECONDS, **catch_up)

    def heal(self) -> None:
        """Start what was killed, and wait until one member takes writes and all others follow."""
        for member in self.members:
            if not member.running:
                member.start()
        self.primary()
        _wait_for(
            lambda: all(
                hello.get("isWritablePrimary") or hello.get("secondary")
                for hello in [member.hello() for member in self.members]
            )
        )

    def __enter__(self) -> ReplicaSet:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _wait_for(look: Callable[[], Found | None]) -> Found:
    """Look until something is found that counts as true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise RuntimeError("the replica set has not come about in time")
        time.sleep(POLL_SECONDS)
    return found
