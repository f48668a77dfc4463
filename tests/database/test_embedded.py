"""The life of the embedded database, which is the same with each engine."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.database import embedded
from chat.database.client import Database
from chat.database.embedded import EmbeddedDatabase
from chat.database.engines import choice
from chat.database.engines.engine import Engine
from chat.database.errors import EmbeddedDatabaseError
from harness.servers import PATIENCE
from tests.database.processes import Starter, answers, read, record, servers_on, wait_until, write


def test_making_the_object_touches_nothing(tmp_path: Path, embedded_engine: str) -> None:
    EmbeddedDatabase(tmp_path, engine=embedded_engine)
    assert not list(tmp_path.iterdir())


def test_only_the_owner_can_read_the_directory(own: EmbeddedDatabase, tmp_path: Path) -> None:
    own.uri()
    directory = tmp_path / "database"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {"lock", "alive", "engine", "log", "record.json"} <= {
        file.name for file in directory.iterdir()
    }
    for file in filter(Path.is_file, directory.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_no_secret_is_in_its_environment_its_command_line_or_its_files(
    own: EmbeddedDatabase, embedded_engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_hex(32)
    for name in ("SECRET_KEY", "MAIL_PASSWORD", "MESSAGE_QUEUE_URL", "OF_SOMETHING_ELSE"):
        monkeypatch.setenv(name, secret)
    own.uri()
    file = tmp_path / "database" / "password"
    password = file.read_text().strip() if embedded_engine == "secantusdb" else secret
    process = Path(f"/proc/{own.child_pid}")
    for name in ("environ", "cmdline"):
        shown = process.joinpath(name).read_text()
        assert "PATH" in shown or name == "cmdline"
        assert secret not in shown and password not in shown
    kept = [file for file in (tmp_path / "database").rglob("*") if file.is_file()]
    holding = [file.name for file in kept if password.encode() in file.read_bytes()]
    assert holding == (["password"] if embedded_engine == "secantusdb" else [])


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


def test_a_clean_stop_ends_it_and_the_next_start_takes_the_same_address(
    tmp_path: Path, embedded_engine: str
) -> None:
    uris = []
    for value in (1, 2):
        database = EmbeddedDatabase(tmp_path, engine=embedded_engine)
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
    own: EmbeddedDatabase, tmp_path: Path, embedded_engine: str
) -> None:
    (tmp_path / "database").mkdir(mode=0o700)
    own.uri()
    own.stop()
    stale = record(tmp_path) | {"pid": os.getpid()}
    (tmp_path / "database" / "record.json").write_text(json.dumps(stale))
    again = EmbeddedDatabase(tmp_path, engine=embedded_engine)
    try:
        again.uri()
        assert record(tmp_path)["pid"] == again.child_pid != os.getpid()
    finally:
        again.stop()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"port": "80"}', '{"port": 99999999}', '{"socket": 80}', '{"socket": "/"}'],
)
def test_a_broken_record_is_no_obstacle(
    own: EmbeddedDatabase, tmp_path: Path, content: str
) -> None:
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / "record.json").write_text(content)
    write(own.uri(), 1)


def test_the_watch_starts_it_again_at_the_same_address(own: EmbeddedDatabase) -> None:
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

    def broken(*_: object) -> Engine:
        tries.append(time.monotonic())
        raise EmbeddedDatabaseError("It is broken.")

    with monkeypatch.context() as patched:
        patched.setattr(choice, "choose", broken)
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


def test_what_does_not_start_is_one_sentence_that_names_the_log(
    own: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LAUNCHER", tmp_path / "missing.py")  # ends at once
    with pytest.raises(EmbeddedDatabaseError, match="did not start: see .*log"):
        own.uri()
    assert own.log_file.read_text()


def test_the_log_does_not_grow_for_ever(own: EmbeddedDatabase, tmp_path: Path) -> None:
    own.log_file.parent.mkdir()
    own.log_file.write_bytes(b"x" * (embedded.LOG_BYTES + 1))
    own.uri()
    assert own.log_file.stat().st_size < embedded.LOG_BYTES
