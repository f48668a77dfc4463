"""What nobody is told and nothing is written down: after a journey through all there is to do."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chat.database.client import Database
from harness.accounts import bearer
from harness.servers import Server
from tests.conftest import drop, with_database
from tests.security.journey import Journey, Traveller
from tests.security.test_access import TABLE as ROUTES
from tests.security.test_event_access import TABLE as EVENTS
from tests.test_logs import LINE

# Names that no answer has: of what only the database holds.
KEPT = re.compile(r"hash|salt|_key$|rid$|tries|rotated|session_id|password|user_identity")
HASH = re.compile(r"\$argon2|\b[0-9a-f]{64}\b")


@pytest.fixture(scope="module")
def journey(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """The journey, on a server that logs as much as it can."""
    name = f"test_{secrets.token_hex(8)}"
    directory: Path = tmp_path_factory.mktemp("journey")
    settings = {"MONGO_URI": with_database(mongo_uri, name), "RATE_LIMITS": "off"}
    with Server(directory, LOG_LEVEL="DEBUG", **settings) as server:
        yield Journey(server)
    drop(Database(mongo_uri), name)


def test_the_journey_leaves_nothing_out(journey: Journey) -> None:
    assert {*ROUTES, *EVENTS} <= journey.seen


def test_no_answer_and_no_push_tells_a_secret(journey: Journey) -> None:
    for person, other in ((journey.ann, journey.bob), (journey.bob, journey.ann)):
        hidden = {*person.passwords, *person.codes, *other.passwords, *other.codes}
        hidden |= {other.email, *other.tokens}
        for value in texts_of(person.got):
            assert not HASH.search(value), value
            # A code is so short that it may be part of a number.
            found = [one for one in hidden if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", value)]
            assert not found, value


def test_no_answer_and_no_push_has_a_field_of_what_is_kept(journey: Journey) -> None:
    names = {name for person in (journey.ann, journey.bob) for name in names_of(person.got)}
    assert {"data", "error", "access_token", "email", "seq", "peer"} <= names
    assert not {name for name in names if KEPT.search(name)}


def test_only_oneself_is_shown_an_address(journey: Journey) -> None:
    for person in (journey.ann, journey.bob):
        shown = [user for user in objects_of(person.got) if "email" in user and "id" in user]
        assert shown and {user["id"] for user in shown} == {person.id}


def test_log_holds_no_secret_and_nothing_that_was_said(journey: Journey) -> None:
    log = journey.server.log()
    assert f"{journey.ann.username} connected to /group" in log
    assert "DEBUG" in log and "POST /api/rooms 400" in log
    assert [secret for secret in journey.secrets() if secret in log] == []
    # A code is six or eight digits; so may an id be. They stand for themselves only as a word.
    assert [code for code in journey.codes() if re.search(rf"\b{code}\b", log)] == []
    assert "Traceback" not in log and "  | " not in log and "ERROR" not in log


def test_every_line_of_the_log_is_one_of_ours(journey: Journey) -> None:
    strange = [line for line in journey.server.log().splitlines() if not LINE.fullmatch(line)]
    assert strange == []


def test_nobody_forges_a_line_of_the_log(journey: Journey) -> None:
    forged = "2026-01-01T00:00:00.000Z INFO chat.auth [-] admin logged in"
    url = journey.server.url
    breaks = ("%0A", "%0D%0A", "%E2%80%A8", "%C2%85", "%1B[2K")
    for one in breaks:
        requests.get(f"{url}/api/{one}{forged.replace(' ', '%20')}", timeout=60)
        requests.get(f"{url}/socket.io/?EIO=4&transport=polling&{one}{forged}", timeout=60)
    headers = {"User-Agent": f"x {forged}", "Accept-Language": forged, "Origin": forged}
    requests.get(f"{url}/api/rooms", headers=headers | bearer(forged), timeout=60)
    with socket.create_connection(("127.0.0.1", journey.server.port), timeout=60) as raw:
        raw.sendall(f"GET /\r{forged} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        raw.recv(4096)
    log = journey.server.log()
    assert "admin logged in" in log
    assert not [line for line in re.split("[\n\r\x85\u2028\x1b]", log) if line.startswith(forged)]


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text in what somebody got, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in what somebody got."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_of(inner)


def names_of(value: Any) -> set[str]:
    """Return the names of all fields in what somebody got."""
    return {name for found in objects_of(value) for name in found}


def test_the_search_finds_what_is_there(journey: Journey) -> None:
    person: Traveller = journey.ann
    assert any(person.email in text for text in texts_of(person.got))
    assert any(person.texts[0] in text for text in texts_of(journey.bob.got))
