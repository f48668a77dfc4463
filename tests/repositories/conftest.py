"""Both dialects, each of which every engine bears."""

from __future__ import annotations

import pytest

from chat.database.client import Database
from chat.database.dialects import MONGODB, SECANTUSDB, Dialect


@pytest.fixture(params=[MONGODB, SECANTUSDB], ids=["as_mongodb", "as_secantusdb"])
def each_dialect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Dialect:
    """Let repositories speak one dialect, then the other: what they return is the same."""
    found: Dialect = request.param
    monkeypatch.setattr(Database, "dialect", found)
    return found
