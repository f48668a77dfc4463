"""Compressed answers: what is compressed, for whom, and that each is made once."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat import compression
from chat.bundle import STATIC
from harness.accounts import make_account

SCRIPT = "/static/x/bundle/main.js"
WHOLE = (STATIC / "bundle/main.js").read_bytes()
DECODE: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The page as it ships."""
    return make_app(BUNDLE=True)


def ask(client: FlaskClient, path: str, accepted: str | None, **headers: str) -> TestResponse:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if accepted is not None:
        given["Accept-Encoding"] = accepted
    return client.get(path, headers=given, buffered=True)


@pytest.mark.parametrize("path", [SCRIPT, "/"])
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("zstd", None),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("identity;q=0, *;q=0.1", "br"),
        ("*;q=0", None),
        ("gzip;q=none, ,;", None),
    ],
)
def test_the_client_gets_the_best_coding_it_accepts(
    client: FlaskClient, path: str, accepted: str | None, coding: str | None
) -> None:
    plain = ask(client, path, None).data
    response = ask(client, path, accepted)
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == coding
    assert "Accept-Encoding" in response.headers["Vary"]
    assert response.headers["Content-Length"] == str(len(response.data))
    assert DECODE[coding](response.data) == plain


def test_each_coding_has_an_etag_of_its_own_and_is_not_sent_twice(client: FlaskClient) -> None:
    for path in (SCRIPT, "/"):
        tags = {coding: ask(client, path, coding).headers["ETag"] for coding in ("br", "gzip", "")}
        assert len(set(tags.values())) == 3
        for coding, tag in tags.items():
            again = ask(client, path, coding, If_None_Match=tag)
            assert (again.status_code, again.data) == (304, b""), path
            assert again.headers["Cache-Control"] and "Accept-Encoding" in again.headers["Vary"]
        assert ask(client, path, "gzip", If_None_Match=tags["br"]).status_code == 200


def test_a_part_is_a_part_of_what_is_not_compressed(client: FlaskClient) -> None:
    response = ask(client, SCRIPT, "br, gzip", Range="bytes=0-9")
    assert (response.status_code, response.data) == (206, WHOLE[:10])
    assert "Content-Encoding" not in response.headers


def test_the_head_of_a_compressed_file_has_its_length(client: FlaskClient) -> None:
    accepted = {"Accept-Encoding": "br"}
    head = client.head(SCRIPT, headers=accepted)
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(ask(client, SCRIPT, "br").data))


def test_a_file_is_compressed_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    once = ask(client, SCRIPT, "br").data
    monkeypatch.setattr(compression, "CODINGS", {"br": lambda _: b"again", "gzip": bytes})
    assert ask(client, SCRIPT, "br").data == once


def test_answers_with_somebodys_own_things_are_never_compressed(app: Flask) -> None:
    account = make_account(app)
    for path in ("/users/me", "/rooms"):
        response = account.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert response.status_code == 200
        assert "Content-Encoding" not in response.headers
