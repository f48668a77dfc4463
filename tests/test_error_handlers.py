"""One map from exceptions to answers; nothing but the contract's words gets out."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError
from pymongo.errors import (
    AutoReconnect,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)
from werkzeug.exceptions import BadGateway, BadRequest, ServiceUnavailable, UnsupportedMediaType

from chat import errors
from chat.error_handlers import error_body, register
from chat.i18n import Text
from harness.accounts import ENGLISH, error_of


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (errors.InvalidInput(), "validation_error", 400),
        (errors.Unauthorized(), "unauthorized", 401),
        (errors.TokenExpired(), "token_expired", 401),
        (errors.Forbidden(), "forbidden", 403),
        (errors.NotFound(), "not_found", 404),
        (errors.Conflict(), "conflict", 409),
        (errors.PayloadTooLarge(), "payload_too_large", 413),
        (errors.RateLimited(7), "rate_limited", 429),
        (errors.UnknownEvent(), "unknown_event", 400),
        (errors.Unavailable(), "unavailable", 503),
        (ServerSelectionTimeoutError("db:27017"), "unavailable", 503),
        (AutoReconnect("db:27017"), "unavailable", 503),
        (NetworkTimeout("db:27017"), "unavailable", 503),
        (ExecutionTimeout("too long"), "unavailable", 503),
        (BadRequest("odd"), "validation_error", 400),
        (UnsupportedMediaType(), "unsupported_media_type", 415),
        (ServiceUnavailable(), "unavailable", 503),
        (BadGateway(), "internal", 500),
        (OperationFailure("bad query"), "internal", 500),
        (DuplicateKeyError("E11000"), "internal", 500),
        (ValueError("secret detail"), "internal", 500),
    ],
)
def test_every_exception_has_a_code_and_a_status(error: Exception, code: str, status: int) -> None:
    body, answered = error_body(error, "en")
    assert (body["error"]["code"], answered) == (code, status)
    assert "secret" not in str(body) and "27017" not in str(body)


def test_what_nobody_foresaw_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise ValueError("what happened")
    except ValueError as error:
        error_body(error, "en")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info and record.exc_info[1] is not None
    assert "what happened" in caplog.text


def test_a_limit_says_how_long_to_wait() -> None:
    body, _ = error_body(errors.RateLimited(7), "en")
    assert body["error"]["retry_after"] == 7
    assert body["error"]["message"] == "Too many requests. Try again in 7 s."


@pytest.mark.parametrize(
    ("locale", "texts"),
    [("zh", ["长度不能超过 5 个字符。"]), ("en", ["At most 5 characters, please."])],
)
def test_fields_are_translated_when_rendered(locale: str, texts: list[str]) -> None:
    error = ValidationError({"name": [Text("invalid.too_long", max=5)]})
    assert error_body(error, locale)[0]["error"]["fields"] == {"name": texts}


def test_what_is_wrong_deep_inside_is_one_list_for_each_name() -> None:
    deep: dict[str, Any] = {
        "rooms": {
            "a": {"key": ["invalid.id"]},
            "b": {"key": ["invalid.id"], "value": ["invalid.integer"]},
        }
    }
    fields = error_body(ValidationError(deep), "en")[0]["error"]["fields"]
    assert fields == {"rooms": ["Not a valid id.", "This must be a whole number."]}


def test_names_of_unknown_fields_are_cut_and_made_sendable() -> None:
    error = ValidationError({"x" * 5_000: ["invalid.unknown"], "\ud800": ["invalid.unknown"]})
    fields = error_body(error, "en")[0]["error"]["fields"]
    assert set(fields) == {"x" * 100, "?"}


def test_an_answer_names_at_most_twenty_fields() -> None:
    error = ValidationError({f"field{number}": ["invalid.unknown"] for number in range(50)})
    fields = error_body(error, "en")[0]["error"]["fields"]
    assert list(fields) == [f"field{number}" for number in range(20)]


def test_no_more_than_a_hundred_texts_of_a_field_are_read() -> None:
    texts = [Text("invalid.too_long", max=number) for number in range(5_000)]
    (read,) = error_body(ValidationError({"rooms": texts}), "en")[0]["error"]["fields"].values()
    assert len(read) == 100


@pytest.fixture
def failing() -> Flask:
    """An app whose one view raises what it is told to."""
    app = Flask(__name__)
    register(app)

    @app.get("/internal")
    def internal() -> str:
        raise ZeroDivisionError("secret detail")

    @app.get("/slash/")
    def slash() -> str:
        return "here"

    return app


def test_http_errors_are_envelopes_too(failing: Flask) -> None:
    client = failing.test_client()
    assert error_of(client.get("/nowhere"), 404)["code"] == "not_found"
    response = client.post("/internal")
    assert error_of(response, 405)["code"] == "method_not_allowed"
    assert "GET" in response.headers["Allow"]
    response = client.get("/internal", headers=ENGLISH)
    assert error_of(response, 500) == {
        "code": "internal",
        "message": "Something went wrong on the server.",
    }
    assert b"secret" not in response.data
    assert response.headers["Cache-Control"] == "no-store"


def test_redirects_are_no_errors(failing: Flask) -> None:
    assert failing.test_client().get("/slash").status_code == 308
