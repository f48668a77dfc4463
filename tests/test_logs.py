from __future__ import annotations

import io
import logging
import os
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.errors import BulkWriteError
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from chat import logs
from chat.middleware.access_log import AccessLog

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?P<level>[A-Z]+) (?P<logger>\S+) "
    r"\[(?P<id>\S+)\] (?P<text>.*)"
)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger of the program writes in our format."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.LineFormatter())
    logger = logging.getLogger("chat")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_line_has_time_level_logger_id_and_text(written: io.StringIO) -> None:
    logs.bind_id("abc")
    logging.getLogger("chat.some").warning("%d rooms", 3)
    match = LINE.fullmatch(written.getvalue().rstrip("\n"))
    assert match is not None
    assert match.group("level", "logger", "id", "text") == (
        "WARNING",
        "chat.some",
        "abc",
        "3 rooms",
    )


@pytest.mark.parametrize("end", ["\n", "\r", "\x1b", "\u2028", "\x85", "\x00"])
def test_no_value_can_end_a_line_or_steer_the_terminal(written: io.StringIO, end: str) -> None:
    logs.bind_id(f"id{end}")
    logging.getLogger("chat").warning("hello %s", f"{end}2026-01-01 forged")
    output = written.getvalue()
    assert end not in output.removesuffix("\n")
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("letter", ["a", "\x00", "\u202e", "页", "\U000e0001"])
def test_a_line_is_bounded_whatever_it_is_about(written: io.StringIO, letter: str) -> None:
    logging.getLogger("chat").warning("GET /%s", letter * 8_192)
    (line,) = written.getvalue().splitlines()
    assert len(line) < 2_200 and "8197 characters" in line


def test_the_lines_of_a_traceback_are_bounded_too(written: io.StringIO) -> None:
    def fail(depth: int) -> None:
        if depth == 0:
            raise ValueError("x" * 100_000)
        (fail if depth % 2 else fail_too)(depth - 1)

    def fail_too(depth: int) -> None:
        (fail if depth % 2 else fail_too)(depth - 1)

    try:
        fail(400)
    except ValueError:
        logging.getLogger("chat").exception("it failed")
    lines = written.getvalue().splitlines()
    assert len(lines) < 300 and all(len(line) < 2_200 for line in lines)


def test_other_alphabets_stay_readable(written: io.StringIO) -> None:
    logging.getLogger("chat").warning("用户 %s", "小明")
    assert "用户 小明" in written.getvalue()


def test_lines_of_a_traceback_cannot_be_taken_for_lines_of_the_log(written: io.StringIO) -> None:
    try:
        raise ValueError("first\n2026-11-22T00:00:00.000Z INFO chat [-] forged")
    except ValueError:
        logging.getLogger("chat").exception("it failed")
    head, *rest = written.getvalue().splitlines()
    assert LINE.fullmatch(head)
    assert rest and all(line.startswith("  | ") for line in rest)


def test_libraries_stay_quiet_even_when_debugging() -> None:
    root, chat = logging.getLogger(), logging.getLogger("chat")
    before = root.handlers[:], root.level, chat.level
    try:
        logs.configure("DEBUG")
        assert logging.getLogger("chat.services").isEnabledFor(logging.DEBUG)
        for name in ("pymongo.command", "socketio.server", "engineio.server", "werkzeug"):
            assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    finally:
        root.handlers[:], root.level, chat.level = before


@Request.application
def hello(request: Request) -> Response:
    if request.path == "/broken":
        raise RuntimeError("broken")
    if request.path == "/pieces":
        return Response(iter([b"ab", b"cde"]))
    return Response(b"hello")


def test_an_answered_request_is_one_line_without_its_query(written: io.StringIO) -> None:
    response = Client(AccessLog(hello)).get("/some/页?token=hush", data=b"hush")
    response.close()
    match = LINE.fullmatch(written.getvalue().rstrip("\n"))
    assert match is not None
    assert re.fullmatch(r"GET /some/页 200 5 B \d+ ms", match["text"])
    assert match["id"] == response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/invitations/hush",
        "/api/invitations/hush/",
        "/api//invitations//hush",
        "/API//Invitations/hush?hush",
        "/api/invitations/%0Ahush",
        "/x/../api/invitations/hush",
    ],
)
def test_the_token_of_an_invitation_is_cut_off(written: io.StringIO, path: str) -> None:
    Client(AccessLog(hello)).post(path).close()
    assert "hush" not in written.getvalue()
    assert re.search(r"nvitations/+… 200 5 B", written.getvalue())


def test_pieces_are_counted_when_they_have_been_sent(written: io.StringIO) -> None:
    response = Client(AccessLog(hello)).get("/pieces")
    assert response.data == b"abcde"
    response.close()
    assert " /pieces 200 5 B " in written.getvalue()


def test_a_request_that_breaks_is_logged_as_500(written: io.StringIO) -> None:
    with pytest.raises(RuntimeError):
        Client(AccessLog(hello)).get("/broken")
    assert " /broken 500 " in written.getvalue()


@pytest.mark.parametrize("path", ["/socket.io/", "/static/js/main.js", "/health", "/ready"])
def test_what_is_asked_for_all_the_time_is_for_debugging_only(
    written: io.StringIO, path: str
) -> None:
    Client(AccessLog(hello)).get(path).close()
    match = LINE.fullmatch(written.getvalue().rstrip("\n"))
    assert match is not None and match["level"] == "DEBUG"


def test_each_request_has_an_id_of_its_own() -> None:
    client: Any = Client(AccessLog(hello))
    ids = {client.get("/").headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3


def test_errors_of_the_database_are_named_but_not_quoted(written: io.StringIO) -> None:
    said = secrets.token_hex(8)
    try:
        try:
            raise BulkWriteError({"writeErrors": [{"op": {"data": said}}]})
        except BulkWriteError as error:
            raise RuntimeError("could not store") from error
    except RuntimeError:
        logging.getLogger("chat").exception("it failed")
    assert "pymongo.errors.BulkWriteError" in written.getvalue()
    assert "RuntimeError: could not store" in written.getvalue()
    assert said not in written.getvalue()


@pytest.fixture
def seldom(written: io.StringIO) -> logging.Logger:
    """A logger that leaves out repetitions."""
    logger = logging.getLogger("chat")
    logger.handlers[-1].addFilter(logs.Repetitions())
    return logger


def test_a_repeated_line_is_written_once_and_counted_later(
    seldom: logging.Logger, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(100):
        seldom.warning("away: %s", "why", extra=logs.REPEATS)
    seldom.warning("away: %s", "another reason", extra=logs.REPEATS)
    for _ in range(2):
        seldom.warning("an event of its own")
    texts = [
        found["text"] for found in map(LINE.fullmatch, written.getvalue().splitlines()) if found
    ]
    assert texts == [
        "away: why",
        "away: another reason",
        "an event of its own",
        "an event of its own",
    ]
    monkeypatch.setattr(logs, "QUIET_SECONDS", 0.0)
    seldom.warning("away: %s", "why", extra=logs.REPEATS)
    assert written.getvalue().endswith("away: why (99 times more before)\n")


def test_errors_of_different_places_are_no_repetitions(
    seldom: logging.Logger, written: io.StringIO
) -> None:
    def fail(name: str) -> None:
        _ = os.environ[f"no such {name}"]

    for _ in range(3):
        for raiser in (lambda: fail("a"), lambda: int("x")):
            try:
                raiser()
            except (KeyError, ValueError) as error:
                seldom.error("unforeseen", exc_info=error, extra=logs.REPEATS)
    assert written.getvalue().count("unforeseen") == 2
