"""Which engine a DATA_DIR gets, and that it keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.database.embedded import EmbeddedDatabase
from chat.database.engines import mongod
from chat.database.engines.choice import choose, keep
from chat.database.engines.mongod import MissingProgram, Mongod
from chat.database.engines.secantusdb import SecantusDB
from chat.database.errors import EmbeddedDatabaseError
from tests.database.processes import read, write


@pytest.fixture
def no_mongod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no mongod is installed."""
    monkeypatch.setattr(mongod, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_new_directory_gets_mongod_where_one_starts(mongod_starts: None, tmp_path: Path) -> None:
    assert isinstance(choose(tmp_path, "auto"), Mongod)
    assert isinstance(choose(tmp_path, "mongod"), Mongod)
    assert isinstance(choose(tmp_path, "secantusdb"), SecantusDB)


def test_without_a_mongod_it_gets_secantusdb_and_one_line_says_so(
    no_mongod: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(choose(tmp_path, "auto"), SecantusDB)
    (line,) = caplog.messages
    assert "none is installed" in line and "a beta" in line and "MONGO_URI" in line


def test_mongod_by_name_is_not_replaced(no_mongod: None, tmp_path: Path) -> None:
    with pytest.raises(MissingProgram, match="none is installed"):
        choose(tmp_path, "mongod")


@pytest.mark.parametrize("kept", [SecantusDB, Mongod])
def test_a_directory_keeps_its_engine(
    mongod_starts: None, tmp_path: Path, kept: type[SecantusDB | Mongod]
) -> None:
    keep(tmp_path, kept(tmp_path))
    assert isinstance(choose(tmp_path, "auto"), kept)
    assert isinstance(choose(tmp_path, kept.name), kept)
    other = "mongod" if kept is SecantusDB else "secantusdb"
    with pytest.raises(EmbeddedDatabaseError, match=f"made with {kept.name} and stays with it"):
        choose(tmp_path, other)


def test_data_from_before_there_was_a_choice_stays_with_secantusdb(tmp_path: Path) -> None:
    before = EmbeddedDatabase(tmp_path, engine="secantusdb")
    write(before.uri(), 1)
    before.stop()
    (tmp_path / "database" / "engine").unlink()
    after = EmbeddedDatabase(tmp_path)
    try:
        assert read(after.uri()) == [1]
        assert (tmp_path / "database" / "data").exists()
    finally:
        after.stop()


@pytest.mark.parametrize("content", [b"", b"postgres\n", b"\xff\xfe"])
def test_a_damaged_record_of_the_engine_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "engine").write_bytes(content)
    with pytest.raises(EmbeddedDatabaseError, match="engine is damaged"):
        choose(tmp_path, "auto")
