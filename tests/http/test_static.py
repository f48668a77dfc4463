"""Static files: ranges and conditional requests."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chat.bundle import STATIC
from harness.accounts import error_of

FILE = min(file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*.js"))
PATH = f"/static/x/{FILE}"
WHOLE = (STATIC / FILE).read_bytes()
SIZE = len(WHOLE)


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """The files are the same for all."""
    return shared_app


def ask(
    client: FlaskClient, headers: dict[str, str] | None = None, method: str = "GET"
) -> TestResponse:
    """Ask for the file, read the whole answer and close it."""
    return client.open(PATH, method=method, headers=headers, buffered=True)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        ("Bytes=5-5", 5, 5),
        (f"bytes=0-{10**17}", 0, SIZE - 1),
    ],
)
def test_one_part_is_answered_alone(client: FlaskClient, asked: str, first: int, last: int) -> None:
    response = ask(client, {"Range": asked})
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.data == WHOLE[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={10**17}-{10**17}", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(client: FlaskClient, asked: str) -> None:
    response = ask(client, {"Range": asked})
    assert error_of(response, 416)["code"] == "range_not_satisfiable"
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,4-5",
        f"bytes=0-1,{SIZE}-",
        "bytes=5-2",
        "bytes=-",
        "bytes=a-b",
        "bytes=",
        "lines=1-2",
        "nonsense",
        "bytes=0-" + "9" * 5_000,
    ],
)
def test_several_parts_and_what_is_no_part_are_answered_by_the_whole(
    client: FlaskClient, asked: str
) -> None:
    response = ask(client, {"Range": asked})
    assert (response.status_code, response.data) == (200, WHOLE)


def test_the_head_alone_has_the_length_of_the_whole(client: FlaskClient) -> None:
    for headers in ({}, {"Range": "bytes=0-1"}, {"Range": f"bytes={SIZE}-"}):
        response = ask(client, headers, method="HEAD")
        assert (response.status_code, response.data) == (200, b"")
        assert response.headers["Content-Length"] == str(SIZE)


def test_an_unchanged_file_is_not_sent_again_for_a_range(client: FlaskClient) -> None:
    tag = ask(client).headers["ETag"]
    for headers in ({}, {"Range": "bytes=0-1"}, {"Range": f"bytes={SIZE}-"}):
        response = ask(client, {"If-None-Match": tag, **headers})
        assert (response.status_code, response.data) == (304, b"")
        changed = ask(client, {"If-None-Match": '"other"', **headers})
        assert (changed.status_code, changed.data) == (200, WHOLE)


def test_a_part_of_another_version_is_answered_by_the_whole(client: FlaskClient) -> None:
    tag = ask(client).headers["ETag"]
    part = {"Range": "bytes=0-1"}
    assert ask(client, {"If-Range": tag, **part}).status_code == 206
    other = ask(client, {"If-Range": '"other"', **part})
    assert (other.status_code, other.data) == (200, WHOLE)
