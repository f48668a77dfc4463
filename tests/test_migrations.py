from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import DuplicateKeyError, WriteError

from chat import migrations
from chat.database.client import Database, time_limit
from chat.migrations import MigrationError
from harness.servers import PATIENCE, ROOT, environment
from tests.figures import Figures

ROOM, USER = ObjectId(), ObjectId()
MANY = 5_000  # messages
QUICK = 10.0  # seconds in which a start with them is over, on a busy machine


def write(directory: Path, name: str, body: str) -> Path:
    """Write a migration whose `migrate` is `body`."""
    file = directory / f"{name}.py"
    file.write_text(f'"""Do {name}."""\n\n\ndef migrate(db):\n    {body}\n')
    return file


def states(database: Database, directory: Path) -> dict[str, str]:
    return {one.name: one.state for one in migrations.status(database, directory)}


def test_an_upgrade_runs_what_waits_in_order_and_remembers_it(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "0002_second", "db.ran.insert_one({'_id': db.ran.count_documents({})})")
    write(tmp_path, "0001_first", "db.ran.insert_one({'_id': 'first'})")
    assert states(database, tmp_path) == {"0001_first": "pending", "0002_second": "pending"}
    assert migrations.upgrade(database, tmp_path) == ["0001_first", "0002_second"]
    assert {document["_id"] for document in database.db["ran"].find()} == {"first", 1}
    first, _ = migrations.status(database, tmp_path)
    assert first.state == "applied"
    assert first.purpose == "Do 0001_first."
    assert first.started_at is not None and first.duration_ms is not None


def test_a_second_upgrade_does_nothing(database: Database, tmp_path: Path) -> None:
    write(tmp_path, "0001_first", "db.ran.insert_one({})")
    migrations.upgrade(database, tmp_path)
    assert migrations.upgrade(database, tmp_path) == []
    assert database.db["ran"].count_documents({}) == 1


def test_looking_changes_nothing(database: Database, tmp_path: Path) -> None:
    write(tmp_path, "0001_first", "db.ran.insert_one({})")
    migrations.status(database, tmp_path)
    assert [one.name for one in migrations.pending(database, tmp_path)] == ["0001_first"]
    assert database.db.list_collection_names() == []


def test_the_checksum_is_that_of_the_file(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, "0001_first", "pass")
    migrations.upgrade(database, tmp_path)
    record = database.db["migration"].find_one({"_id": "0001_first"})
    assert record is not None
    assert record["checksum"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_changed_after_it_ran_is_shown_and_stops_upgrades(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "0001_first", "pass")
    migrations.upgrade(database, tmp_path)
    write(tmp_path, "0001_first", "db.other.insert_one({})")
    write(tmp_path, "0002_second", "db.ran.insert_one({})")
    assert states(database, tmp_path) == {"0001_first": "changed", "0002_second": "pending"}
    with pytest.raises(MigrationError, match="0001_first was changed"):
        migrations.upgrade(database, tmp_path)
    assert database.db["ran"].count_documents({}) == 0


def test_what_ran_but_is_not_in_this_version_is_shown(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, "0001_first", "pass")
    migrations.upgrade(database, tmp_path)
    file.unlink()
    assert states(database, tmp_path) == {"0001_first": "missing"}
    assert migrations.upgrade(database, tmp_path) == []


def test_a_failure_is_remembered_and_the_repaired_file_runs(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "0001_first", "db.ran.insert_one({'_id': 1})")
    write(tmp_path, "0002_second", "raise ValueError('no')")
    write(tmp_path, "0003_third", "db.ran.insert_one({'_id': 3})")
    with pytest.raises(MigrationError, match="0002_second failed: ValueError: no"):
        migrations.upgrade(database, tmp_path)
    assert states(database, tmp_path) == {
        "0001_first": "applied",
        "0002_second": "failed",
        "0003_third": "pending",
    }
    write(tmp_path, "0002_second", "db.ran.insert_one({'_id': 2})")
    assert migrations.upgrade(database, tmp_path) == ["0002_second", "0003_third"]


def test_two_migrations_with_one_number_are_refused(database: Database, tmp_path: Path) -> None:
    write(tmp_path, "0001_first", "pass")
    write(tmp_path, "0001_other", "pass")
    with pytest.raises(MigrationError, match="same number"):
        migrations.upgrade(database, tmp_path)


def test_processes_that_upgrade_at_once_run_each_migration_once(
    database: Database, mongo_uri: str, tmp_path: Path
) -> None:
    write(tmp_path, "0001_first", "import time; db.ran.insert_one({'n': 1}); time.sleep(0.5)")
    write(tmp_path, "0002_second", "db.ran.insert_one({'n': 2})")
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from chat import migrations\n"
        "from chat.database.client import Database\n"
        "from tests.conftest import with_database\n"
        "database = Database(with_database(sys.argv[1], sys.argv[2]))\n"
        "print(migrations.upgrade(database, Path(sys.argv[3])))\n"
    )
    command = [sys.executable, "-c", script, mongo_uri, database.db.name, str(tmp_path)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment({}), stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = sorted(process.communicate(timeout=PATIENCE)[0].strip() for process in processes)
    assert outputs == ["['0001_first', '0002_second']", "[]", "[]"]
    assert database.db["ran"].count_documents({}) == 2


def test_one_who_died_while_migrating_does_not_stop_the_next(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOST_SECONDS", 0.5)
    database.db["migration"].insert_one({"_id": "lock", "holder": "gone", "beat": 7})
    write(tmp_path, "0001_first", "db.ran.insert_one({})")
    assert migrations.upgrade(database, tmp_path) == ["0001_first"]
    assert database.db["migration"].find_one({"_id": "lock"}) is None


def test_one_who_is_slow_is_not_taken_for_dead(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOST_SECONDS", 3.0)
    monkeypatch.setattr(migrations, "BEAT_SECONDS", 0.1)  # a busy machine may leave out a few
    write(tmp_path, "0001_first", "import time; time.sleep(4); db.ran.insert_one({})")
    results: list[list[str]] = []
    upgrades = [
        threading.Thread(target=lambda: results.append(migrations.upgrade(database, tmp_path)))
        for _ in range(2)
    ]
    for one in upgrades:
        one.start()
    for one in upgrades:
        one.join()
    assert sorted(results) == [[], ["0001_first"]]
    assert database.db["ran"].count_documents({}) == 1


def test_ours_are_frozen_alone_and_harmless_to_repeat(migrated: Database) -> None:
    assert {one.state for one in migrations.status(migrated)} == {"applied"}
    before = {name: list(migrated.db[name].list_indexes()) for name in ("user", "room", "message")}
    migrated.db["migration"].delete_many({})
    assert migrations.upgrade(migrated) == [one.name for one in migrations.available()]
    for name, indexes in before.items():
        assert list(migrated.db[name].list_indexes()) == indexes
    for one in migrations.available():
        assert one.purpose
        assert "chat" not in one.path.read_text().replace("chat's", "")


def fill(database: Database) -> None:
    """Store enough that a scan would be chosen only by mistake."""
    numbers = range(1, 201)
    database.db["user"].insert_many(
        [
            {"username_key": f"u{n}", "email_key": f"u{n}@x", "nickname_key": f"n{n}"}
            for n in numbers
        ]
    )
    database.db["room"].insert_many(
        [{"number": str(n), "member_key": str(n), "user_identity": USER} for n in numbers]
    )
    database.db["user_room"].insert_many(
        [{"room_identity": ObjectId(), "user_identity": USER, "role": "member"} for n in numbers]
    )
    database.db["message"].insert_many(
        [
            {"room_identity": ROOM, "user_identity": USER, "seq": n, "client_id": str(n)}
            for n in numbers
        ]
    )
    database.db["deleted_room"].insert_many(
        [{"deleted_at": datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=n)} for n in numbers]
    )
    database.db["session"].insert_many([{"user_identity": USER, "ended_at": n} for n in numbers])
    database.db["verification_code"].insert_many(
        [{"email": f"u{n}@x", "purpose": "register"} for n in numbers]
    )


QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("user", {"username_key": "u7"}),
    ("user", {"username_key": {"$gte": "u7", "$lt": "u8"}}),
    ("user", {"email_key": "u7@x"}),
    ("user", {"nickname_key": {"$gte": "n7", "$lt": "n8"}}),
    ("room", {"number": "7"}),
    ("room", {"member_key": "7"}),
    ("room", {"user_identity": USER}),
    ("user_room", {"room_identity": ROOM, "user_identity": USER}),
    ("user_room", {"room_identity": ROOM}),
    ("user_room", {"user_identity": USER}),
    ("message", {"room_identity": ROOM, "seq": 7}),
    ("message", {"room_identity": ROOM, "seq": {"$gte": 7, "$lt": 9}}),
    ("message", {"room_identity": ROOM, "user_identity": USER, "client_id": "7"}),
    ("deleted_room", {"deleted_at": {"$gt": datetime(2025, 7, 9, tzinfo=UTC)}}),
    ("session", {"user_identity": USER}),
    ("session", {"ended_at": {"$gte": 190}}),
    ("verification_code", {"email": "u7@x", "purpose": "register"}),
]


def stages(plan: dict[str, Any]) -> set[str]:
    below = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return {plan["stage"]}.union(*map(stages, below))


def test_what_is_asked_all_the_time_is_found_by_an_index(migrated: Database) -> None:
    fill(migrated)
    for collection, query in QUERIES:
        plan = migrated.db[collection].find(query).explain()["queryPlanner"]["winningPlan"]
        found = stages(plan.get("queryPlan", plan))
        assert "COLLSCAN" not in found and found & {"IXSCAN", "EXPRESS_IXSCAN"}, (collection, query)


@pytest.mark.parametrize(
    ("collection", "document"),
    [
        ("user", {"username_key": "u"}),
        ("user", {"email_key": "u@x"}),
        ("room", {"number": "123456789"}),
        ("room", {"member_key": "a:b"}),
        ("user_room", {"room_identity": ROOM, "user_identity": USER, "role": "member"}),
        ("message", {"room_identity": ROOM, "seq": 1}),
        ("message", {"room_identity": ROOM, "user_identity": USER, "client_id": "c"}),
        ("verification_code", {"email": "u@x", "purpose": "reset"}),
    ],
)
def test_what_must_be_unique_cannot_be_stored_twice(
    migrated: Database, collection: str, document: dict[str, Any]
) -> None:
    migrated.db[collection].insert_one(dict(document))
    with pytest.raises(DuplicateKeyError):
        migrated.db[collection].insert_one(dict(document))


@pytest.mark.parametrize(
    ("collection", "document"),
    [
        ("user", {"username": "u", "email": "u@x", "password": "p", "sex": 1}),
        ("room", {"number": None, "name": "n"}),
        ("user_room", {"room_identity": "r", "user_identity": "u", "crated_at": 1}),
        ("message", {"room_identity": "r", "user_identity": "u", "data": "d"}),
    ],
)
def test_adopted_documents_fit_doubles_and_all(
    migrated: Database, collection: str, document: dict[str, Any]
) -> None:
    for _ in range(2):
        migrated.db[collection].insert_one(dict(document))


@pytest.mark.parametrize(
    ("collection", "document"),
    [
        ("user", {"username_key": 7}),
        ("user", {"locale": "fr"}),
        ("room", {"kind": "secret"}),
        ("room", {"last_seq": -1}),
        ("room", {"last_seq": "9"}),
        ("user_room", {"role": "king"}),
        ("user_room", {"muted": 1}),
        ("message", {"seq": 0}),
        ("message", {"seq": 1.5}),
        ("message", {"client_id": ""}),
        ("verification_code", {"purpose": "other"}),
        ("verification_code", {"expires_at": 17}),
        ("session", {"user_identity": "u"}),
    ],
)
def test_added_fields_are_validated(
    migrated: Database, collection: str, document: dict[str, Any]
) -> None:
    with pytest.raises(WriteError):
        migrated.db[collection].insert_one(dict(document))


def test_what_a_newer_version_ran_is_named_and_stops_nothing(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "0001_first", "pass")
    newer = write(tmp_path, "0002_second", "pass")
    migrations.upgrade(database, tmp_path)
    assert migrations.newer(database, tmp_path) == []
    newer.unlink()
    assert migrations.newer(database, tmp_path) == ["0002_second"]
    assert migrations.upgrade(database, tmp_path) == []


def test_a_group_whose_owner_is_no_member_gets_one_whose_account_is_there(
    database: Database,
) -> None:
    gone, deleted, admin, member = (ObjectId() for _ in range(4))
    database.db["user"].insert_many(
        [{"_id": deleted, "deleted_at": 5}, *({"_id": one} for one in (admin, member))]
    )
    database.db["room"].insert_one({"_id": ROOM, "kind": "group", "user_identity": USER})
    members = [(gone, "owner"), (deleted, "admin"), (member, "member"), (admin, "admin")]
    database.db["user_room"].insert_many(
        {"room_identity": ROOM, "user_identity": one, "role": role, "created_at": number}
        for number, (one, role) in enumerate(members)
    )
    migrations.upgrade(database)
    (room,) = database.db["room"].find()
    assert room["user_identity"] == admin


def test_the_log_of_changes_comes_to_a_database_full_of_messages_and_rewrites_none(
    database: Database, tmp_path: Path, figures: Figures
) -> None:
    for one in migrations.available():
        if one.name < "0018":
            shutil.copy(one.path, tmp_path)
    migrations.upgrade(database, tmp_path)
    messages = database.db["message"]
    documents = [
        {
            "room_identity": ROOM,
            "user_identity": USER,
            "seq": number,
            "client_id": str(number),
            "kind": "text",
            "data": "as it was said",
            "created_at": number,
            "updated_at": number,
        }
        for number in range(1, MANY + 1)
    ]
    with time_limit(PATIENCE):
        messages.insert_many(documents)
        before = list(messages.find().sort("_id", 1))
        indexes = messages.index_information()
    began = time.monotonic()
    ran = migrations.upgrade(database)
    took = time.monotonic() - began
    figures.add("0018 on a database of older messages", stored=MANY, slowest=took)
    assert ran[0] == "0018_create_change"
    with time_limit(PATIENCE):
        assert list(messages.find().sort("_id", 1)) == before
        assert {name: messages.index_information()[name] for name in indexes} == indexes
    assert took < QUICK
