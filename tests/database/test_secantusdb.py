"""What is particular to SecantusDB: its port, its one user, and how that user is made."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from chat.database.embedded import EmbeddedDatabase
from chat.database.engines import credentials, secantusdb
from chat.database.engines.secantusdb import find_program
from chat.database.errors import EmbeddedDatabaseError
from chat.database.wire import is_ok, send_command
from harness.servers import PATIENCE, ROOT, environment, free_port
from tests.database.processes import (
    read,
    record,
    run_as_nobody,
    servers_on,
    wait_until,
    write,
)


@pytest.fixture
def embedded_engine() -> str:
    return "secantusdb"


def users(uri: str) -> list[str]:
    with MongoClient[dict[str, Any]](uri, timeoutMS=PATIENCE * 1000) as client:
        return [user["_id"] for user in client["admin"]["system.users"].find()]


def test_it_is_durable_on_loopback_and_reads_no_foreign_configuration(
    own: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECANTUS_TEST_FAST_STORAGE", "1")
    own.uri()
    process = Path(f"/proc/{own.child_pid}")
    arguments = process.joinpath("cmdline").read_text().split("\0")
    assert "--sync-on-commit" in arguments
    assert arguments[arguments.index("--host") + 1] == "127.0.0.1"
    assert arguments[arguments.index("--config") + 1].startswith(str(tmp_path))
    assert "SECANTUS" not in process.joinpath("environ").read_text()


# Another user of this machine, who knows the port and searches for readable files.
STRANGER = """
client = MongoClient("127.0.0.1", int(sys.argv[1]), directConnection=True)
client.admin.command("ping")
seen = []
for read in (
    lambda: client["chat"]["kept"].find_one(),
    lambda: client.list_database_names(),
    lambda: client["chat"].list_collection_names(),
    lambda: client["admin"].command("usersInfo", 1),
    lambda: client["admin"].command("createUser", "eve", pwd="eve", roles=["root"]),
    lambda: client["chat"]["kept"].insert_one({}),
    lambda: client["admin"].command("getLog", "global"),
    lambda: open(sys.argv[2]).read(),
):
    try:
        seen.append(read())
    except (OperationFailure, PermissionError):
        pass
print(seen)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_of_the_machine_reads_and_writes_nothing(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    write(own.uri(), 1)
    arguments = [str(record(tmp_path)["port"]), str(tmp_path / "database" / "password")]
    assert run_as_nobody(STRANGER, *arguments) == ("[]", "")


@pytest.mark.parametrize("user", [None, "eve", "chat"])
def test_without_the_password_nothing_can_be_read(own: EmbeddedDatabase, user: str | None) -> None:
    uri = own.uri()
    write(uri, 1)
    login = f"{user}:{'0' * 64}@" if user else ""
    address = f"mongodb://{login}127.0.0.1:{urlsplit(uri).port}/?directConnection=true"
    with MongoClient[dict[str, Any]](address) as client, pytest.raises(OperationFailure):
        client["chat"]["kept"].find_one()


def test_while_its_user_is_created_it_refuses_other_clients(
    own: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = {"listDatabases": 1, "$db": "admin"}
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nobody.check_hostname, nobody.verify_mode = False, ssl.CERT_NONE
    make, answered = credentials.create_only_user, []

    def attacked(port: int, tls: ssl.SSLContext, password: str) -> bool:
        assert stat.S_IMODE((tmp_path / "database" / "key").stat().st_mode) == 0o600
        with credentials.single_use_key(tmp_path / "other") as of_another_start:
            of_another_start.verify_mode = ssl.CERT_NONE
            for stranger in (None, nobody, of_another_start):
                answered.append(send_command(port, look, stranger))
        assert is_ok(send_command(port, look, tls))
        assert make(port, tls, password)
        assert not processes_that_show(password)
        return True

    monkeypatch.setattr(credentials, "create_only_user", attacked)
    write(own.uri(), 1)
    assert answered == [None, None, None]
    assert not list((tmp_path / "database").glob("key*"))


def processes_that_show(secret: str) -> list[str]:
    """Return the files in which every process of this user can be seen that name something."""
    found = []
    for pattern in ("[0-9]*/cmdline", "[0-9]*/environ"):
        for file in Path("/proc").glob(pattern):
            with suppress(OSError):  # it ended meanwhile, or is somebody else's
                if secret.encode() in file.read_bytes():
                    found.append(str(file))
    return found


def test_data_from_before_there_was_a_password_is_kept_and_locked(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    directory, port = tmp_path / "database", free_port()
    (directory / "data").mkdir(parents=True, mode=0o700)
    (directory / "empty.toml").touch()
    command = [find_program(), "--config", "empty.toml", "--port", str(port)]
    before = subprocess.Popen([*command, "--storage-path", "data"], cwd=directory)
    try:
        open_uri = f"mongodb://127.0.0.1:{port}/chat?directConnection=true"
        write(open_uri, 1)
        with MongoClient[dict[str, Any]](open_uri) as client:
            client["admin"].command("createUser", "eve", pwd="eve", roles=["root"])
            client["chat"].command("createUser", "mallory", pwd="eve", roles=["dbOwner"])
    finally:
        before.terminate()
        before.wait(PATIENCE)
    uri = own.uri()
    assert read(uri) == [1]
    assert users(uri) == ["admin.chat"]
    with MongoClient[dict[str, Any]](
        "127.0.0.1", urlsplit(uri).port, username="eve", password="eve"
    ) as client, pytest.raises(OperationFailure):
        client["chat"]["kept"].find_one()


# A process that dies right after one of the steps of a first start.
DYING = """
import os, pkgutil, signal, sys
from chat.database.embedded import EmbeddedDatabase
owner, name = pkgutil.resolve_name(sys.argv[2]), sys.argv[3]
times, step = int(sys.argv[4]), getattr(owner, name)
def last(*args, **kwargs):
    global times
    found = step(*args, **kwargs)
    times -= 1
    if times == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return found
setattr(owner, name, last)
EmbeddedDatabase(sys.argv[1], engine="secantusdb").uri()
"""


@pytest.mark.parametrize(
    "step",
    [
        ("subprocess", "Popen", 1),
        ("chat.database.engines.credentials", "create_only_user", 1),
        # The database has ended again and the password is not in its place; then it is.
        ("chat.database.engines.secantusdb", "write_private", 2),
        ("pathlib:Path", "replace", 1),
        ("chat.database.engines.credentials", "is_refused", 1),
    ],
    ids=lambda step: step[1],
)
def test_a_first_start_may_be_killed_after_any_step(
    own: EmbeddedDatabase, tmp_path: Path, step: tuple[str, str, int]
) -> None:
    first = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path), *map(str, step)],
        cwd=ROOT,
        env=environment({}),
        timeout=PATIENCE,
    )
    assert first.returncode == -signal.SIGKILL
    write(own.uri(), 1)
    assert users(own.uri()) == ["admin.chat"]
    assert servers_on(tmp_path) == [own.child_pid]


def test_a_password_that_the_data_does_not_know_is_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = EmbeddedDatabase(tmp_path, engine="secantusdb")
    write(first.uri(), 1)
    first.stop()
    password = tmp_path / "database" / "password"
    password.write_text("0" * 64 + "\n")  # as when the data comes from a copy
    second = EmbeddedDatabase(tmp_path, engine="secantusdb")
    try:
        assert read(second.uri()) == [1]
        assert users(second.uri()) == ["admin.chat"]
        assert password.read_text() != "0" * 64 + "\n"
        assert "does not know its user" in caplog.text
    finally:
        second.stop(seconds=0)  # a clean stop takes two seconds


def test_what_is_said_at_a_port_that_it_had_to_leave_is_no_use_at_the_new_one(
    own: EmbeddedDatabase,
) -> None:
    before = urlsplit(own.uri())
    write(before.geturl(), 1)
    assert own.child_pid is not None
    os.kill(own.child_pid, signal.SIGKILL)
    wait_until(lambda: own.child_pid is None)
    assert before.port is not None
    with socket.create_server(("127.0.0.1", before.port)):
        uri = own.uri()
    after = urlsplit(uri)
    assert after.port != before.port and read(uri) == [1]
    # What a program at the old port receives and relays to the new one.
    passed_on = before.geturl().replace(f":{before.port}/", f":{after.port}/")
    assert credentials.is_refused(passed_on)


def test_a_program_that_another_shell_starts_is_started_too(
    own: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, rest = Path(find_program()).read_text().split("\n", 1)
    program = tmp_path / "a place" / "program"
    program.parent.mkdir()
    # What pip writes where the path of Python has a space or is long.
    python = first.removeprefix("#!")
    program.write_text(f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n{rest}")
    program.chmod(0o755)
    monkeypatch.setattr(secantusdb, "find_program", lambda: str(program))
    write(own.uri(), 1)


def test_a_lost_password_is_made_anew_at_the_next_start(tmp_path: Path) -> None:
    first = EmbeddedDatabase(tmp_path, engine="secantusdb")
    write(first.uri(), 1)
    password = tmp_path / "database" / "password"
    was = password.read_text()
    for content in ("\xff" * 64, "short\n", "", None):
        if content is None:
            password.unlink()
        else:
            password.write_text(content, "latin-1")
        with pytest.raises(EmbeddedDatabaseError, match="password is missing or damaged"):
            EmbeddedDatabase(tmp_path, engine="secantusdb").uri()
    first.stop()
    second = EmbeddedDatabase(tmp_path, engine="secantusdb")
    try:
        assert read(second.uri()) == [1]
        assert password.read_text() != was
    finally:
        second.stop(seconds=0)  # a clean stop takes two seconds


def test_a_recorded_port_where_another_program_listens_is_not_believed(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "database").mkdir()
        (tmp_path / "database" / "record.json").write_text(json.dumps({"port": port}))
        assert f":{port}/" not in own.uri()
        write(own.uri(), 1)


def test_the_supervision_reports_a_changed_port(own: EmbeddedDatabase, tmp_path: Path) -> None:
    uri = own.uri()
    moved: queue.Queue[str] = queue.Queue()
    first = own.child_pid
    assert first is not None
    port = int(str(record(tmp_path)["port"]))
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: own.child_pid is None)
    with socket.create_server(("127.0.0.1", port)):
        watch = threading.Thread(target=own.supervise, args=(moved.put,))
        watch.start()
        try:
            assert moved.get(timeout=PATIENCE) == own.uri() != uri
        finally:
            own.stop()
            watch.join()


def test_without_the_program_one_sentence_says_what_to_do(
    own: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedDatabaseError) as caught:
        own.uri()
    assert "pip install secantusdb" in str(caught.value) and "MONGO_URI" in str(caught.value)


def test_without_what_its_first_start_needs_the_same_sentence_says_so(
    own: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secantusdb, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedDatabaseError, match="pip install secantusdb cryptography"):
        own.uri()
