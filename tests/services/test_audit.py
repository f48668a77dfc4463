"""The audit log: its entries, and that no action waits for it or fails because of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson import ObjectId

from chat.clock import DAY_MS
from chat.database.client import Database
from chat.repositories.audit import AuditRepository
from chat.services import audit as audit_module
from chat.services.audit import Audit, bind_caller
from tests.conftest import with_database

ADA, BOB = str(ObjectId()), str(ObjectId())


@pytest.fixture
def audit(migrated: Database) -> Iterator[Audit]:
    audit = Audit(AuditRepository(migrated), days=7)
    yield audit
    audit.flush()  # otherwise a later write would fail without its database


def test_an_entry_has_actor_target_time_and_address(audit: Audit, migrated: Database) -> None:
    def remove() -> None:  # on a thread of its own: the address stays there
        bind_caller("192.0.2.7")
        audit.record("member_removed", ADA, target_id=BOB, room_id=str(ObjectId()), detail="x")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(remove).result()
    bind_caller("")
    audit.record("logged_in", BOB)
    assert audit.flush()
    removed, logged_in = audit.list_latest(10)
    assert (removed.action, removed.actor_id, removed.target_id) == ("member_removed", ADA, BOB)
    assert (removed.address, removed.detail) == ("192.0.2.7", "x")
    assert (logged_in.action, logged_in.actor_id, logged_in.address) == ("logged_in", BOB, "")
    assert removed.at <= logged_in.at
    for stored in migrated.db["audit"].find():
        kept = stored["expires_at"].timestamp() * 1000 - stored["at"]
        assert abs(kept - 7 * DAY_MS) < 2


def test_entries_are_found_by_person_and_by_action(audit: Audit) -> None:
    audit.record("logged_in", ADA)
    audit.record("log_in_failed", target_id=ADA)
    audit.record("logged_in", BOB)
    audit.flush()
    assert [one.action for one in audit.list_latest(9, ADA)] == ["logged_in", "log_in_failed"]
    assert [one.actor_id for one in audit.list_latest(9, action="logged_in")] == [ADA, BOB]
    assert [one.actor_id for one in audit.list_latest(1)] == [BOB]


def test_entries_stored_by_a_call_without_an_answer_are_stored_once(
    audit: Audit, migrated: Database
) -> None:
    audit.record("logged_in", ADA)
    audit.flush()
    stored = audit.list_latest(9)
    AuditRepository(migrated).insert_many(stored, DAY_MS)
    assert audit.list_latest(9) == stored


def test_entries_wait_for_a_database_that_is_away_and_the_rest_is_counted(
    migrated: Database,
    mongo_uri: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(audit_module, "MAX_WAITING", 3)
    monkeypatch.setattr(audit_module, "WRITE_INTERVAL", 60.0)
    monkeypatch.setattr("chat.database.client.TIMEOUT_MS", 200)  # it stays away
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening, so it refuses connections
        away = Database(f"mongodb://127.0.0.1:{taken.getsockname()[1]}/chat")
        entries = AuditRepository(away)
        audit = Audit(entries, days=1)
        for _ in range(5):
            audit.record("logged_in", ADA)
        assert not audit.flush()
    away.renew(with_database(mongo_uri, migrated.db.name))
    assert audit.flush()
    assert len(audit.list_latest(9)) == 3
    assert "2 entries of the audit log were lost" in caplog.text
    away.close()
