"""What a MongoClient sends with its commands, whatever the URI says."""

from __future__ import annotations

import pytest
from pymongo import ReadPreference
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chat.database.client import TIMEOUT_MS, Database, time_limit
from chat.database.dialects import MONGODB, SECANTUSDB, dialect_of
from tests.commands import Heard, heard  # noqa: F401 (a fixture)


def test_the_database_ends_a_query_after_its_time_limit(
    heard: Heard, database: Database  # noqa: F811
) -> None:
    database.db["user"].find_one({})
    with time_limit(1):
        list(database.db["user"].find({}))
    whole, short = [one["maxTimeMS"] for one in heard.commands if "find" in one]
    assert TIMEOUT_MS / 2 < whole <= TIMEOUT_MS
    assert 0 < short <= 1_000


@pytest.mark.parametrize(
    "options",
    [
        "readPreference=secondaryPreferred",
        "readPreference=nearest&readPreferenceTags=dc:ny&maxStalenessSeconds=90",
        "readConcernLevel=majority",
        "w=1",
        "w=0",
        "journal=false",
        "fsync=true",
        "wTimeoutMS=1",
        "timeoutMS=1",
        "tz_aware=true",
        "uuidRepresentation=javaLegacy",
    ],
)
def test_the_guarantees_do_not_depend_on_the_uri(options: str) -> None:
    database = Database(f"mongodb://127.0.0.1:1/chat?{options}")
    db = database.db
    for of_it in (db, db["message"]):
        assert of_it.read_preference == ReadPreference.PRIMARY
        assert of_it.read_concern == ReadConcern("local")
        assert of_it.write_concern == WriteConcern("majority", j=True)
        assert not of_it.codec_options.tz_aware
    assert db.client.options.timeout == TIMEOUT_MS / 1000
    database.close()


def test_reads_and_writes_say_what_they_need(
    heard: Heard, database: Database  # noqa: F811
) -> None:
    database.db["user"].find_one({})
    database.db["user"].insert_one({})
    (found,) = [one for one in heard.commands if "find" in one]
    (inserted,) = [one for one in heard.commands if "insert" in one]
    assert found["readConcern"] == {"level": "local"}
    assert inserted["writeConcern"] == {"w": "majority", "j": True}


def test_the_server_is_asked_once_which_engine_it_is(
    heard: Heard, database: Database  # noqa: F811
) -> None:
    engine = database.db.command("buildInfo")
    with heard.since_now() as commands:
        found = [database.dialect for _ in range(3)]
    assert found == [dialect_of(engine)] * 3
    assert ["buildInfo" in one for one in commands] == [True]


def test_each_engine_has_its_dialect() -> None:
    assert dialect_of({"version": "6.0.5", "modules": []}) is MONGODB
    assert dialect_of({"version": "8.2.11", "secantusVersion": "0.7.0b3"}) is SECANTUSDB


def test_until_a_server_answers_the_dialect_is_one_that_every_engine_bears(
    database: Database, mongo_uri: str
) -> None:
    late = Database("mongodb://127.0.0.1:1/chat?serverSelectionTimeoutMS=1")
    assert late.dialect is SECANTUSDB
    late.renew(mongo_uri)
    assert late.dialect == database.dialect
    late.close()
