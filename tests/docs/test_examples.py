"""What the documents show is run as it stands there, against a running server."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from flask import Flask

from chat.database.client import Database
from harness.people import Person, app_beside, make_people
from harness.programs import NODE_PROJECT, node
from harness.servers import PATIENCE, Server, environment
from tests.conftest import drop, with_database
from tests.docs.documents import (
    CLIENT,
    DESIGN,
    OPERATING,
    PROTOCOL,
    README,
    ROOT,
    Block,
    blocks,
    program,
)
from tests.docs.programs import Program
from tests.sockets.conftest import Member

MISSED = 120  # more than one page of `sync`

COMMANDS = [  # those of the other README are the same; those about bots need one to be written
    pytest.param(block, id=f"{path.name}-{number}")
    for path in (README, CLIENT, DESIGN, OPERATING, PROTOCOL)
    for number, block in enumerate(blocks(path, "sh"), 1)
]


@pytest.fixture(scope="module")
def own_server(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that these tests may end and start again."""
    name = f"test_{secrets.token_hex(8)}"
    folder = tmp_path_factory.mktemp("documents")
    server = Server(folder, MONGO_URI=with_database(mongo_uri, name), RATE_LIMITS="off")
    with server:
        yield server
    drop(Database(mongo_uri), name)


@pytest.fixture
def own_app(own_server: Server) -> Iterator[Flask]:
    with app_beside(own_server.data_dir, own_server.mongo_uri, RATE_LIMITS=False) as app:
        yield app


Start = Callable[..., Program]


@pytest.fixture
def start(own_server: Server, tmp_path: Path) -> Iterator[Start]:
    """A function that saves a program under its name and starts it for a person."""
    with ExitStack() as stack:

        def start(name: str, text: str, person: Person, *arguments: str) -> Program:
            file = tmp_path / name
            file.write_text(text, "utf-8")
            (tmp_path / "node_modules").symlink_to(NODE_PROJECT / "node_modules")
            running = Program(
                [node() if file.suffix == ".mjs" else sys.executable, file, *arguments],
                tmp_path,
                CHAT_URL=own_server.url,
                CHAT_USERNAME=person.username,
                CHAT_PASSWORD=person.password,
                PYTHONUTF8="1",
            )
            return stack.enter_context(running)

        yield start


def _run(block: Block, server: Server) -> subprocess.CompletedProcess[str]:
    """Run a block of commands; what it says of the project's environment holds for this one."""
    script = block.text.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    settings = {"DATA_DIR": server.data_dir, "MONGO_URI": server.mongo_uri}
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=ROOT,
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )


@pytest.mark.parametrize("block", COMMANDS)
def test_commands_do_what_they_are_shown_for(block: Block, own_server: Server) -> None:
    result = _run(block, own_server)
    assert result.returncode == 0, result.stderr


def test_seeding_prints_what_the_readme_says(own_server: Server, own_app: Flask) -> None:
    own_app.extensions["chat"].database.db["user"].delete_many({"username": re.compile("^user")})
    (block,) = blocks(README, "sh")
    printed = _run(block, own_server).stdout
    assert "user1 to user3 are there" in printed
    assert re.search(r"^password of the new ones: \S+$", printed, re.MULTILINE)
    assert re.fullmatch(r"[0-9a-f]{24}", printed.splitlines()[-1])


def test_the_bot_of_the_readme_answers(own_server: Server, own_app: Flask, start: Start) -> None:
    ada, bot = make_people(own_app, "ada", "bot")
    (block,) = blocks(README, "python")
    assert len([line for line in block.text.split("\n") if line.strip()]) <= 15
    with ExitStack() as stack:
        member = Member(ada, own_server, stack)
        room = member.data("POST", "/rooms/direct", {"username": bot.username})
        socket = member.socket("/direct")
        start("bot.py", block.text, bot)
        socket.pushed("presence_changed", user_id=bot.id, online=True)
        asked = member.post(room, "你好")
        answer = socket.pushed("message_created", data="You said: 你好")
        assert (answer["user_id"], answer["client_id"]) == (bot.id, f"re-{asked['id']}")


@pytest.mark.parametrize("name", ["client.py", "client.mjs"])
def test_the_clients_go_through_everything(
    name: str, own_server: Server, own_app: Flask, start: Start
) -> None:
    ada, bob = make_people(own_app, "ada", "bob")
    with ExitStack() as stack:
        writer, owner = Member(ada, own_server, stack), Member(bob, own_server, stack)
        group = writer.create_group()
        with closing(writer.socket("/group")) as socket:
            client = start(name, program(CLIENT, name), bob, group["number"])
            socket.pushed("member_joined", room_id=group["id"])
            writer.post(group, "first")
            assert client.line() == f"{ada.username}: first"
            client.write("早上好 from a client")
            assert (
                socket.pushed("message_created", user_id=bob.id)["data"] == "早上好 from a client"
            )
            assert client.line() == f"{bob.username}: 早上好 from a client"

        # Its session is ended elsewhere: it is disconnected by the server, and comes back.
        for session in owner.data("GET", "/session"):
            if not session["current"]:
                owner.data("DELETE", f"/session/{session['id']}")
        writer.post(group, "second")
        assert client.line() == f"{ada.username}: second"

        # The server dies; much is said before the client is back, and what it says meanwhile waits.
        own_server.kill()
        client.write("meanwhile")
        services = own_app.extensions["chat"]
        for number in range(MISSED):
            future = services.messages.send(ada.model, group["id"], f"m{number}", f"{number}")
        future.result(PATIENCE)
        own_server.start()
        lines = [client.line() for _ in range(MISSED + 1)]
        meanwhile = f"{bob.username}: meanwhile"
        assert lines.count(meanwhile) == 1
        lines.remove(meanwhile)
        assert lines == [f"{ada.username}: {number}" for number in range(MISSED)]
        assert client.finish() == 0


def test_the_client_with_files_sends_and_saves_them(
    own_server: Server, own_app: Flask, start: Start, tmp_path: Path
) -> None:
    ada, bob = make_people(own_app, "ada", "bob")
    data = bytes(range(256)) * 2_000
    (tmp_path / "data.bin").write_bytes(data)
    group = ada.create_group()
    client = start("files.mjs", program(CLIENT, "files.mjs"), bob, group["number"], "data.bin")
    assert client.line() == f"{bob.username}: data.bin, {len(data)} bytes"
    assert client.finish() == 0
    (saved,) = (tmp_path / "received").iterdir()
    assert saved.read_bytes() == data
