"""Bots on a running server: in this process, or in one of their own as a user starts them."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from chat.bots import Bot
from chat.database.client import Database
from harness.people import app_beside, make_people
from harness.servers import ROOT, Server, environment
from tests.conftest import drop, with_database
from tests.sockets.conftest import Member

PATIENCE = 60.0  # seconds to wait for what must come; no test's promise


class Talker(Member):
    """Someone with an account, for a person as well as for a bot."""

    def log(self, room: dict[str, Any]) -> list[dict[str, Any]]:
        """Return everything that was said in a room."""
        found: list[dict[str, Any]] = []
        while True:
            last = found[-1]["seq"] if found else 0
            page = self.data("GET", f"/rooms/{room['id']}/messages?after_seq={last}&limit=100")
            found += page["messages"]
            if not page["has_more"]:
                return found

    def upload(self, room: dict[str, Any], name: str, data: bytes) -> str:
        """Upload a file for a room and return its id."""
        response = self._http.post(
            f"{self.url}/api/rooms/{room['id']}/files", params={"name": name}, data=data
        )
        found: str = response.json()["data"]["id"]
        return found

    def download(self, file: dict[str, Any]) -> bytes:
        """Return the bytes of a file of a message."""
        response = self.http("GET", f"/files/{file['id']}")
        assert response.ok, response.text
        return response.content


def texts(entries: list[dict[str, Any]], of: Talker) -> list[str]:
    """Return what one of them said, in order."""
    return [entry["data"] for entry in entries if entry["user_id"] == of.id]


class BotProcess:
    """A bot as a process of its own, which can be killed and started again."""

    def __init__(self, talker: Talker, folder: Path, *command: str) -> None:
        self.printed: list[str] = []
        self._command = [sys.executable, *command]
        self._environment = environment({"CHAT_PASSWORD": talker.password, "PYTHONPATH": ROOT})
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    @classmethod
    def of_module(cls, module: str, talker: Talker, folder: Path) -> BotProcess:
        """Return a bot that comes with the server, run as the documentation says."""
        return cls(talker, folder, "-m", module, "--url", talker.url, "--username", talker.username)

    @classmethod
    def of_code(cls, code: str, talker: Talker, folder: Path, *arguments: str) -> BotProcess:
        """Return a bot that someone has written, with its log switched on."""
        logging = "import logging\nlogging.basicConfig(level=logging.INFO)\n"
        (folder / "mybot.py").write_text(logging + code)
        return cls(talker, folder, "mybot.py", *arguments)

    def start(self) -> BotProcess:
        """Start it (again) without waiting for anything."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def wait_for(self, words: str) -> str:
        """Read its output until a line has these words in it, and return that line."""
        assert self._process is not None and self._process.stdout is not None
        deadline = threading.Timer(PATIENCE, self._process.kill)
        deadline.start()
        try:
            for line in self._process.stdout:
                self.printed.append(line)
                if words in line:
                    return line
        finally:
            deadline.cancel()
        raise AssertionError(f"ended without {words!r}: {''.join(self.printed)}")

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self.wait()

    def stop(self) -> int:
        """End it as its user would and return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait until it ends and return its exit code."""
        assert self._process is not None and self._process.stdout is not None
        if not self._process.stdout.closed:
            self.printed.append(self._process.communicate(timeout=PATIENCE)[0])
        return self._process.wait(PATIENCE)

    def __enter__(self) -> BotProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


@pytest.fixture(scope="session")
def beside(server: Server) -> Iterator[Flask]:
    """An app in this process on the running server's database, to make people with."""
    with app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False) as app:
        yield app


@pytest.fixture
def people(server: Server, beside: Flask) -> Iterator[Callable[..., list[Talker]]]:
    """A function that makes people on the running server."""
    with ExitStack() as stack:

        def make(*names: str) -> list[Talker]:
            return [Talker(person, server, stack) for person in make_people(beside, *names)]

        yield make


@pytest.fixture
def mortal(mongo_uri: str, tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill and configure, on a database of its own; not started."""
    name = f"test_{secrets.token_hex(8)}"
    server = Server(
        tmp_path / "server", MONGO_URI=with_database(mongo_uri, name), RATE_LIMITS="off"
    )
    yield server
    server.stop()
    drop(Database(mongo_uri), name)


@pytest.fixture
def mortals(mortal: Server) -> Iterator[Callable[..., list[Talker]]]:
    """A function that starts that server and makes people on it."""
    with ExitStack() as stack:

        def make(*names: str) -> list[Talker]:
            mortal.start()
            app = stack.enter_context(
                app_beside(mortal.data_dir, mortal.mongo_uri, RATE_LIMITS=False)
            )
            return [Talker(person, mortal, stack) for person in make_people(app, *names)]

        yield make


@pytest.fixture
def make_bot(tmp_path: Path) -> Iterator[Callable[..., Bot]]:
    """A function that returns a bot for an account; the same state for each made for it."""
    made: list[Bot] = []

    def make(talker: Talker, url: str | None = None, **settings: Any) -> Bot:
        defaults: dict[str, Any] = {
            "username": talker.username,
            "password": talker.password,
            "state_file": tmp_path / f"{talker.username}.json",
        }
        bot = Bot(url or talker.url, **(defaults | settings))
        made.append(bot)
        return bot

    yield make
    for bot in made:
        bot.stop()
    for bot in made:
        bot.wait()
