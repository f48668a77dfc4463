"""Queries of the repositories: bounded lists of ids, and filters with an index."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from chat.database.client import Database
from chat.repositories.documents import with_ids
from tests.docs.documents import ROOT

DIALECTS = Path("chat/database/dialects.py")
HOME, MEMBERSHIPS, MESSAGES, PUSHES, SEARCH, SESSIONS = (
    Path(f"chat/repositories/{name}.py")
    for name in ("documents", "memberships", "messages", "pushes", "search", "sessions")
)
ROOM, USER = ObjectId(), ObjectId()


def test_ids_are_queried_in_bounded_pieces_each_once(database: Database) -> None:
    most = database.dialect.ids_at_once
    ids = [ObjectId() for _ in range(2 * most + 3)]
    pieces = [query["_id"]["$in"] for query in with_ids(database, [*ids, *ids])]
    assert [len(piece) for piece in pieces] == [most, most, 3]
    assert sum(pieces, []) == ids
    assert list(with_ids(database, [])) == []


def test_only_with_ids_queries_by_a_list() -> None:
    """However few values it has today: on SecantusDB it may read the whole collection."""
    files = [path.relative_to(ROOT) for path in sorted((ROOT / "chat").rglob("*.py"))]
    asking = [
        path for path in files if re.search(r"\$n?in\b|\"\$or\"", (ROOT / path).read_text("utf-8"))
    ]
    # dialects: names them; memberships, messages, search: only where an index is used for them;
    # pushes: not of a few users, among what is due; sessions: of one document, the key that it has
    # or none
    assert asking == [DIALECTS, HOME, MEMBERSHIPS, MESSAGES, PUSHES, SEARCH, SESSIONS]


def test_a_write_that_reads_too_has_its_reason_beside_it() -> None:
    """On SecantusDB it costs time for each document of the collection when it hits."""
    calls = {
        f"{path.relative_to(ROOT)}:{number + 1}": lines[number - 1].strip()
        for path in sorted((ROOT / "chat").rglob("*.py"))
        for lines in [path.read_text("utf-8").splitlines()]
        for number, line in enumerate(lines)
        if re.search(r"\.find_one_and_\w+\(|\.find_and_modify\(", line)
    }
    assert calls  # else this reads nothing
    assert {place: before for place, before in calls.items() if before[:1] != "#"} == {}


@pytest.mark.parametrize(
    ("collection", "query"),
    [
        ("message", {"room_identity": ROOM, "seq": {"$gte": 1, "$lte": 9}}),
        ("message", {"room_identity": ROOM, "seq": {"$gt": 0}}),
        ("message", {"_id": {"$in": [ROOM, USER]}}),
        ("message", {"room_identity": ROOM, "user_identity": USER, "client_id": "c"}),
        ("pin", {"room_identity": ROOM, "pinned_at": {"$gt": 0}}),
        ("change", {"room_identity": ROOM, "rev": {"$gte": 1, "$lte": 9}}),
        ("change", {"message_identity": ROOM}),
        ("change", {"text_of_identity": ROOM}),
        ("user_room", {"room_identity": ROOM}),
        ("user_room", {"user_identity": ROOM}),
        ("user_room", {"user_identity": {"$in": [ROOM, USER]}}),
        ("job", {"kind": {"$in": ["remove_account", "sweep_account"]}}),
        ("user_room", {"room_identity": ROOM, "user_identity": USER}),
        ("room", {"_id": ROOM}),
        ("room", {"number": "123"}),
        ("room", {"member_key": "a:b"}),
        ("room", {"user_identity": USER}),
        ("room", {"touched_at": {"$gt": datetime.now(UTC)}}),
        ("job", {"due_at": {"$lte": datetime.now(UTC)}}),
        ("session", {"user_identity": USER}),
        ("session", {"ended_at": {"$gte": 1}}),
        ("verification_code", {"email": "a@b", "purpose": "reset"}),
        ("user", {"username_key": "ann"}),
        ("user", {"email_key": "a@b"}),
        ("user", {"nickname_key": {"$gte": "a", "$lt": "b"}}),
        ("audit", {"user_identity": USER}),
        ("audit", {"target_identity": USER}),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_queries_use_an_index(migrated: Database, collection: str, query: dict[str, Any]) -> None:
    """What the filters of the repositories begin with; a partial index wants its condition named.

    With further conditions SecantusDB explains a scan, although it reads by the index.
    """
    plan = migrated.db.command("explain", {"find": collection, "filter": query})
    stages = str(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages or "IDHACK" in stages or "EXPRESS" in stages, stages
    assert "COLLSCAN" not in stages


@pytest.mark.parametrize("query", [{"room_identity": ROOM}, {"room_identity": {"$gt": ROOM}}])
def test_a_filter_without_the_condition_of_a_partial_index_reads_everything(
    migrated: Database, query: dict[str, Any]
) -> None:
    """So the test above can fail."""
    plan = migrated.db.command("explain", {"find": "message", "filter": query})
    assert "COLLSCAN" in str(plan["queryPlanner"]["winningPlan"])
