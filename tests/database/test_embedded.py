from __future__ import annotations

import json
import os
import queue
import re
import secrets
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from chat.database import credentials, embedded
from chat.database.client import Database
from chat.database.embedded import EmbeddedDatabase, EmbeddedDatabaseError, find_program
from chat.database.wire import is_ok, send_command
from harness.servers import PATIENCE, ROOT, environment, free_port

# A process that starts or finds the database, says where it listens, and lives until its input
# ends.
STARTER = """
import sys
from chat.database.embedded import EmbeddedDatabase
database = EmbeddedDatabase(sys.argv[1])
print(database.uri(), database.child_pid, flush=True)
sys.stdin.read()
database.stop()
"""


class Starter:
    """Another process that needs the database."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(data_dir)],
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


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Callable[[], Starter]]:
    """A function that starts another process on the same directory."""
    started: list[Starter] = []

    def start() -> Starter:
        started.append(Starter(tmp_path))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedDatabase]:
    """The database of this process, started at first use."""
    database = EmbeddedDatabase(tmp_path)
    yield database
    pid = database.child_pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)  # a clean stop takes two seconds
    database.stop()


def record(data_dir: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((data_dir / "database" / "record.json").read_text())
    return found


def servers_on(data_dir: Path) -> list[int]:
    """Return the processes that were started with this directory as their storage.

    One that is still on its way to become the database, and one that is dead already, is not seen.
    """
    storage = str(data_dir / "database" / "data").encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (directory / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if storage in arguments and b"-I" not in arguments:
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


def users(uri: str) -> list[str]:
    with MongoClient[dict[str, Any]](uri, timeoutMS=PATIENCE * 1000) as client:
        return [user["_id"] for user in client["admin"]["system.users"].find()]


def read(uri: str) -> list[int]:
    client: MongoClient[dict[str, Any]] = MongoClient(uri, timeoutMS=PATIENCE * 1000)
    with client:
        return sorted(document["_id"] for document in client.get_default_database()["kept"].find())


def test_making_the_object_touches_nothing(tmp_path: Path) -> None:
    EmbeddedDatabase(tmp_path)
    assert not list(tmp_path.iterdir())


def test_only_the_owner_can_read_the_directory(own: EmbeddedDatabase, tmp_path: Path) -> None:
    own.uri()
    directory = tmp_path / "database"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for file in ("lock", "alive", "log", "password", "record.json", "secantusd.toml"):
        assert stat.S_IMODE((directory / file).stat().st_mode) == 0o600, file


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


def test_no_secret_is_in_its_environment_its_command_line_or_its_files(
    own: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_hex(32)
    for name in ("SECRET_KEY", "MAIL_PASSWORD", "MESSAGE_QUEUE_URL", "OF_SOMETHING_ELSE"):
        monkeypatch.setenv(name, secret)
    own.uri()
    password = (tmp_path / "database" / "password").read_text().strip()
    process = Path(f"/proc/{own.child_pid}")
    for name in ("environ", "cmdline"):
        shown = process.joinpath(name).read_text()
        assert "PATH" in shown or name == "cmdline"
        assert secret not in shown and password not in shown
    kept = [file for file in (tmp_path / "database").rglob("*") if file.is_file()]
    assert [file.name for file in kept if password.encode() in file.read_bytes()] == ["password"]


# Another user of this machine, who knows the port and searches for readable files.
STRANGER = """
import os, sys
from pymongo import MongoClient
from pymongo.errors import OperationFailure
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
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
    stranger = subprocess.run(
        [sys.executable, "-c", STRANGER, *arguments],
        cwd="/",
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (stranger.stdout.strip(), stranger.stderr) == ("[]", "")


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
EmbeddedDatabase(sys.argv[1]).uri()
"""


@pytest.mark.parametrize(
    "step",
    [
        ("subprocess", "Popen", 1),
        ("chat.database.credentials", "create_only_user", 1),
        # The database has ended again and the password is not in its place; then it is.
        ("chat.database.embedded", "write_private", 2),
        ("pathlib:Path", "replace", 1),
        ("chat.database.credentials", "is_refused", 1),
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
    first = EmbeddedDatabase(tmp_path)
    write(first.uri(), 1)
    first.stop()
    password = tmp_path / "database" / "password"
    password.write_text("0" * 64 + "\n")  # as when the data comes from a copy
    second = EmbeddedDatabase(tmp_path)
    try:
        assert read(second.uri()) == [1]
        assert users(second.uri()) == ["admin.chat"]
        assert password.read_text() != "0" * 64 + "\n"
        assert "does not know its user" in caplog.text
    finally:
        second.stop()


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
    monkeypatch.setattr(embedded, "find_program", lambda: str(program))
    write(own.uri(), 1)


@pytest.mark.parametrize("content", [None, "", "short\n", "\xff" * 64])
def test_a_lost_password_is_made_anew_at_the_next_start(
    tmp_path: Path, content: str | None
) -> None:
    first = EmbeddedDatabase(tmp_path)
    write(first.uri(), 1)
    password = tmp_path / "database" / "password"
    was = password.read_text()
    if content is None:
        password.unlink()
    else:
        password.write_text(content, "latin-1")
    with pytest.raises(EmbeddedDatabaseError, match="password is missing or damaged"):
        EmbeddedDatabase(tmp_path).uri()
    first.stop()
    second = EmbeddedDatabase(tmp_path)
    try:
        assert read(second.uri()) == [1]
        assert password.read_text() != was
    finally:
        second.stop()


def test_a_second_process_finds_the_running_database(
    own: EmbeddedDatabase, starter: Callable[[], Starter], tmp_path: Path
) -> None:
    uri = own.uri()
    assert starter().answer() == (uri, None)
    assert servers_on(tmp_path) == [own.child_pid]


def test_processes_that_start_at_once_share_one_database(
    starter: Callable[[], Starter], tmp_path: Path
) -> None:
    answers = [one.answer() for one in [starter() for _ in range(5)]]
    assert len({uri for uri, _ in answers}) == 1
    pids = [pid for _, pid in answers if pid is not None]
    assert len(pids) == 1
    assert servers_on(tmp_path) == pids


def test_a_clean_stop_ends_it_and_the_next_start_takes_the_same_port(tmp_path: Path) -> None:
    uris = []
    for value in (1, 2):
        database = EmbeddedDatabase(tmp_path)
        uris.append(database.uri())
        write(uris[-1], value)
        database.stop()
        assert not servers_on(tmp_path)
    assert uris[0] == uris[1]


def test_stop_leaves_alone_what_another_process_started(
    own: EmbeddedDatabase, starter: Callable[[], Starter], tmp_path: Path
) -> None:
    uri, pid = starter().answer()
    assert own.uri() == uri
    own.stop()
    assert servers_on(tmp_path) == [pid]


def test_it_dies_with_the_process_that_started_it(
    own: EmbeddedDatabase, starter: Callable[[], Starter], tmp_path: Path
) -> None:
    other = starter()
    uri, pid = other.answer()
    write(uri, 1)
    other.kill()
    assert own.uri() == uri  # at once, without waiting for anything by hand
    assert own.child_pid not in (None, pid)
    assert servers_on(tmp_path) == [own.child_pid]
    assert read(uri) == [1]


def test_after_its_own_sudden_death_it_is_started_again_with_all_that_was_stored(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    uri = own.uri()
    write(uri, 1)
    assert own.child_pid is not None
    os.kill(own.child_pid, signal.SIGKILL)
    assert own.uri() == uri
    assert read(uri) == [1]
    assert servers_on(tmp_path) == [own.child_pid]


def test_both_may_die_at_once(
    own: EmbeddedDatabase, starter: Callable[[], Starter], tmp_path: Path
) -> None:
    other = starter()
    uri, pid = other.answer()
    write(uri, 1)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    other.kill()
    assert read(own.uri()) == [1]
    assert servers_on(tmp_path) == [own.child_pid]


def test_a_start_that_was_killed_half_way_is_no_obstacle(
    own: EmbeddedDatabase, starter: Callable[[], Starter], tmp_path: Path
) -> None:
    other = starter()
    wait_until(lambda: bool(servers_on(tmp_path)))
    other.kill()
    own.uri()
    assert servers_on(tmp_path) == [own.child_pid]


def test_a_recorded_pid_of_another_program_is_not_believed(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    (tmp_path / "database").mkdir()
    stale = {"host": "127.0.0.1", "port": free_port(), "pid": os.getpid()}
    (tmp_path / "database" / "record.json").write_text(json.dumps(stale))
    assert f":{stale['port']}/" in own.uri()
    assert record(tmp_path)["pid"] == own.child_pid != os.getpid()


def test_a_recorded_port_where_another_program_listens_is_not_believed(
    own: EmbeddedDatabase, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "database").mkdir()
        (tmp_path / "database" / "record.json").write_text(json.dumps({"port": port}))
        assert f":{port}/" not in own.uri()
        write(own.uri(), 1)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": "80"}', '{"port": 99999999}'])
def test_a_broken_record_is_no_obstacle(
    own: EmbeddedDatabase, tmp_path: Path, content: str
) -> None:
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / "record.json").write_text(content)
    write(own.uri(), 1)


def test_the_watch_starts_it_again_on_the_same_port(own: EmbeddedDatabase) -> None:
    uri = own.uri()
    database = Database(own.uri)
    assert database.db.command("ping")["ok"]
    first = own.child_pid
    watch = threading.Thread(target=own.supervise)
    watch.start()
    try:
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: own.child_pid not in (None, first))
        assert own.uri() == uri
        wait_until(lambda: answers(database))  # an open client keeps working
    finally:
        database.close()
        own.stop()
        watch.join()


def test_the_watch_takes_over_from_a_command_that_ends(
    own: EmbeddedDatabase, starter: Callable[[], Starter], tmp_path: Path
) -> None:
    other = starter()
    uri, pid = other.answer()
    watch = threading.Thread(target=own.supervise)
    watch.start()
    try:
        other.end()
        wait_until(lambda: own.child_pid is not None)
        assert own.uri() == uri  # once it is up: what was just forked bears its parent's name
        assert servers_on(tmp_path) == [own.child_pid] != [pid]
    finally:
        own.stop()
        watch.join()


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


def test_the_supervision_logs_deaths_and_backs_off_when_they_repeat(
    own: EmbeddedDatabase,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "STEADY_SECONDS", 2 * PATIENCE)  # a slow machine is not steady
    own.uri()
    killed: list[int] = []

    def kill_the_next() -> bool:
        pid = int(str(record(tmp_path)["pid"]))  # written when it is ready
        if pid not in killed:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
        return len(killed) == 3

    watch = threading.Thread(target=own.supervise)
    watch.start()
    try:
        wait_until(kill_the_next)
        wait_until(lambda: caplog.text.count("was killed") == 3)
    finally:
        own.stop()
        watch.join()
    told = re.findall(r"was killed by signal 9, starting it again in (\S+) s", caplog.text)
    assert told == ["0.0", "0.5", "1.0"]


def test_the_supervision_continues_after_a_failed_start(
    own: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[float] = []

    def broken() -> str:
        tries.append(time.monotonic())
        raise EmbeddedDatabaseError("It is broken.")

    with monkeypatch.context() as patched:
        patched.setattr(embedded, "find_program", broken)
        watch = threading.Thread(target=own.supervise)
        watch.start()
        wait_until(lambda: len(tries) >= 3)
    try:
        wait_until(lambda: own.child_pid is not None)
    finally:
        own.stop()
        watch.join()
    told = re.findall(r"It is broken\. Trying again in (\S+) s", caplog.text)
    assert told[:3] == ["0.5", "1.0", "2.0"]  # the pauses grow
    assert tries[1] - tries[0] >= 0.5 and tries[2] - tries[1] >= 1.0


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
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedDatabaseError, match="pip install secantusdb cryptography"):
        own.uri()


def test_what_does_not_start_is_one_sentence_that_names_the_log(
    own: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "find_program", lambda: "/bin/sh")  # ends at once
    with pytest.raises(EmbeddedDatabaseError, match="did not start: see .*log"):
        own.uri()
    assert own.log_file.read_text()


def test_the_log_does_not_grow_for_ever(own: EmbeddedDatabase, tmp_path: Path) -> None:
    own.log_file.parent.mkdir()
    own.log_file.write_bytes(b"x" * (embedded.LOG_BYTES + 1))
    own.uri()
    assert own.log_file.stat().st_size < embedded.LOG_BYTES
