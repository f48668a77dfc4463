"""`db copy`: a copy of DATA_DIR that is made while people talk starts whole."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chat.database.embedded import EmbeddedDatabase
from chat.database.errors import EmbeddedDatabaseError
from harness.servers import PATIENCE, ROOT, Server, environment
from tests.cli.commands import flask
from tests.database.processes import read, write
from tests.faults.conftest import Crowd
from tests.faults.senders import account, assert_sound, read_log, wait_for_acks
from tests.figures import Figures

pytestmark = pytest.mark.usefixtures("mongod_starts")  # no other engine can be copied


def test_a_copy_made_while_people_talk_starts_with_all_that_was_acked_before(
    crashing: Server, crowd: Crowd, figures: Figures, tmp_path: Path
) -> None:
    wait_for_acks(crowd.senders, 10)
    before = {sent.message["id"] for one in crowd.senders for sent in one.acked() if sent.message}
    began = time.monotonic()
    told = flask("db", "copy", str(tmp_path / "copy"), data_dir=crashing.data_dir)
    took = time.monotonic() - began
    assert "is a copy of DATA_DIR" in told.stdout
    wait_for_acks(crowd.senders, 10)  # writes go on
    crowd.finish()
    stored = read_log(crowd.owner, crowd.room)
    found = account(stored, crowd.senders)
    assert_sound(found, stored)
    with Server(tmp_path / "copy", RATE_LIMITS="off") as other:
        crowd.owner.move_to(other)
        copied = read_log(crowd.owner, crowd.room)
        assert copied == stored[: len(copied)]
        assert before <= {entry["id"] for entry in copied}
        assert crowd.owner.post(crowd.room, "after")["seq"] == len(copied) + 1
    figures.add("copied while 16 talk", copied=len(copied), stored=len(stored), seconds=took)


def test_a_target_that_exists_or_is_in_the_data_is_refused(
    crashing: Server, tmp_path: Path
) -> None:
    for target, problem in (
        (tmp_path, "exists already"),
        (crashing.data_dir / "copy", "is in DATA_DIR"),
        (Path("/proc/copy"), "MiB free; the copy needs"),
    ):
        told = flask("db", "copy", str(target), data_dir=crashing.data_dir, check=False)
        assert told.returncode == 1 and problem in told.stderr
        assert "Traceback" not in told.stderr
    assert not list(crashing.data_dir.glob("copy*"))


def test_data_behind_a_link_is_copied_too(tmp_path: Path) -> None:
    (tmp_path / "other disk").mkdir(mode=0o700)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "database").symlink_to(tmp_path / "other disk")
    database = EmbeddedDatabase(tmp_path / "var", engine="mongod")
    write(database.uri(), 1)
    try:
        database.copy_to(tmp_path / "copy")
    finally:
        database.stop()
    shutil.rmtree(tmp_path / "other disk")
    copy = EmbeddedDatabase(tmp_path / "copy")
    try:
        assert read(copy.uri()) == [1]
    finally:
        copy.stop()


def test_a_copy_that_fails_leaves_nothing_and_lets_writes_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    database = EmbeddedDatabase(tmp_path / "var", engine="mongod")
    uri = database.uri()
    try:
        monkeypatch.setattr(shutil, "copytree", fail)
        with pytest.raises(EmbeddedDatabaseError, match="The copy failed: No space left"):
            database.copy_to(tmp_path / "copy")
        write(uri, 1)
        assert read(uri) == [1]
    finally:
        database.stop()
    assert not list(tmp_path.glob("copy*"))


def test_with_a_database_of_ones_own_mongodump_is_named(mongo_uri: str, tmp_path: Path) -> None:
    target = str(tmp_path / "copy")
    told = flask("db", "copy", target, data_dir=tmp_path, check=False, MONGO_URI=mongo_uri)
    assert told.returncode == 1 and "mongodump" in told.stderr


def test_secantusdb_is_to_be_stopped_first(tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path / "var", engine="secantusdb")
    database.uri()
    try:
        with pytest.raises(EmbeddedDatabaseError, match="stop the server"):
            database.copy_to(tmp_path / "copy")
    finally:
        database.stop(0)
    assert not list(tmp_path.glob("copy*"))


# A program that dies while it copies.
DYING = """
import os, shutil, signal, sys
from pathlib import Path
from chat.database.embedded import EmbeddedDatabase
shutil.copytree = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
EmbeddedDatabase(sys.argv[1]).copy_to(Path(sys.argv[1] + ".copy"))
"""


def test_writes_go_on_after_the_death_of_a_program_that_copies(
    crashing: Server, crowd: Crowd
) -> None:
    wait_for_acks(crowd.senders, 2)
    dead = subprocess.run(
        [sys.executable, "-c", DYING, str(crashing.data_dir)],
        cwd=ROOT,
        env=environment({}),
        timeout=PATIENCE,
        check=False,
    )
    assert dead.returncode == -signal.SIGKILL
    wait_for_acks(crowd.senders, 10)
    crowd.finish()
    stored = read_log(crowd.owner, crowd.room)
    assert_sound(account(stored, crowd.senders), stored)
