"""Replica sets for tests, and what becomes of the tests on them where no mongod starts."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chat.database.client import Database
from chat.database.engines.mongod import MissingProgram
from harness.servers import PATIENCE, ROOT, environment
from tests import engines
from tests.conftest import with_database
from tests.engines import DEFAULT, REPLICA_SET, SECANTUSDB, engine_of, replica_set

# Starts a replica set, says where its data is and which processes it has, and waits.
STARTER = """
import sys
from harness.mongod import ReplicaSet
with ReplicaSet() as found:
    print(found.members[0].pid, found.directory, flush=True)
    sys.stdin.read()
"""


def test_a_member_that_was_killed_comes_back_with_its_data() -> None:
    with replica_set(1) as found:
        database = Database(with_database(found.uri, "chat"))
        database.db["kept"].insert_one({"_id": 1})
        found.kill_primary()
        found.heal()
        assert [one["_id"] for one in database.db["kept"].find()] == [1]
        database.close()
    assert not found.directory.exists()


def test_writes_are_repeated_by_the_driver_and_confirmed_by_a_majority() -> None:
    with replica_set(1) as found:
        database = Database(with_database(found.uri, "chat"))
        result = database.db["kept"].insert_one({"_id": 1})
        assert result.acknowledged and database.db.write_concern.document["w"] == "majority"
        assert database.db.client.options.retry_writes
        database.close()


def test_a_set_dies_with_the_process_that_started_it() -> None:
    with replica_set(1):  # or there is no mongod
        pass
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT,
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pid, directory = starter.stdout.readline().split()
    assert Path(f"/proc/{pid}").exists()
    starter.send_signal(signal.SIGKILL)
    starter.communicate(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.02)
    shutil.rmtree(directory)


def test_where_no_mongod_starts_tests_are_skipped_and_say_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_none() -> None:
        raise MissingProgram("No mongod starts: none is installed.")

    monkeypatch.setattr(engines, "find_program", find_none)
    monkeypatch.delenv(engines.NEEDS_MONGOD, raising=False)
    with pytest.raises(pytest.skip.Exception, match="none is installed"), replica_set(1):
        pass
    monkeypatch.setenv(engines.NEEDS_MONGOD, "1")
    with pytest.raises(MissingProgram), replica_set(1):
        pass


def test_the_engine_of_a_test_is_in_its_name() -> None:
    assert engine_of("tests/log/test_ends.py::test_x[replica-set]") == REPLICA_SET
    assert engine_of("tests/log/test_ends.py::test_x[secantusdb-3]") == SECANTUSDB
    assert engine_of("tests/http/test_users.py::test_secantusdb") == DEFAULT
    assert engine_of("tests/http/test_users.py::test_x[3]") == DEFAULT
