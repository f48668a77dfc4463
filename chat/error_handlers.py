"""The one conversion of exceptions to `{"error": …}`, for HTTP answers and for acks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

from flask import Flask, Response, g, has_request_context, jsonify, request
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from chat.errors import (
    ChatError,
    Forbidden,
    Internal,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    NotReady,
    PayloadTooLarge,
    RangeNotSatisfiable,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from chat.i18n import choose_locale, render, translate
from chat.logs import REPEATS
from chat.refusals import text_key_of
from chat.repositories.outages import is_outage, reason_of

log = logging.getLogger(__name__)

MAX_NAMES = 20  # of fields in one answer
MAX_TEXTS = 100  # that are read for one field
MAX_NAME = 100  # of an unknown field that is named in an answer

HTTP_ERRORS: dict[int, type[ChatError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    416: RangeNotSatisfiable,
    503: Unavailable,
}


def error_body(error: Exception, locale: str) -> tuple[dict[str, Any], int]:
    """Return the envelope and the HTTP status of any exception.

    An unexpected exception is logged with its traceback, and the caller gets only `internal`.
    """
    known = as_chat_error(error)
    if isinstance(known, Internal):
        log.error("unforeseen %s", type(error).__name__, exc_info=error, extra=REPEATS)
    elif isinstance(known, Unavailable) and not isinstance(known, NotReady):
        log.warning("unavailable: %s", reason_of(error), extra=REPEATS)
    details = known.details()
    body: dict[str, Any] = {
        "code": known.code,
        "message": translate(text_key_of(known), locale, **details),
        **details,
    }
    if known.fields:
        body["fields"] = {
            _name(name): list(
                dict.fromkeys(render(text, locale) for text in islice(_texts(value), MAX_TEXTS))
            )
            for name, value in islice(known.fields.items(), MAX_NAMES)
        }
    return {"error": body}, known.status


def as_chat_error(error: Exception) -> ChatError:
    """Return the ChatError for any exception."""
    if isinstance(error, ChatError):
        return error
    if isinstance(error, ValidationError):
        messages = error.messages
        return InvalidInput(messages if isinstance(messages, dict) else {"_schema": messages})
    if isinstance(error, HTTPException):
        return _from_http(error)
    if is_outage(error):
        return Unavailable()
    return Internal()


def request_locale() -> str:
    """Return the language of the request: that of the user if known, else from the headers."""
    if not has_request_context():
        return choose_locale(None, None)
    known: str | None = g.get("locale")
    return known or choose_locale(None, request.headers.get("Accept-Language"))


def register(app: Flask) -> None:
    """Answer every error of an HTTP request with the envelope."""
    app.register_error_handler(Exception, _answer)


def _answer(error: Exception) -> Response | RequestRedirect:
    if isinstance(error, RequestRedirect):
        return error
    body, status = error_body(error, request_locale())
    response = jsonify(body)
    response.status_code = status
    if isinstance(error, HTTPException):
        for name, value in error.get_headers(request.environ):
            if name.lower() in ("allow", "content-range", "retry-after"):
                response.headers[name] = value
    if status == 429:
        response.headers["Retry-After"] = str(body["error"]["retry_after"])
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _from_http(error: HTTPException) -> ChatError:
    code = error.code or 500
    if code == 429:
        return RateLimited(retry_after=60)
    if code in HTTP_ERRORS:
        return HTTP_ERRORS[code]()
    return InvalidInput() if 400 <= code < 500 else Internal()


def _name(name: object) -> str:
    """Return a field name that is safe to send, because the caller chose an unknown name."""
    return str(name)[:MAX_NAME].encode("utf-8", "replace").decode()


def _texts(value: Any) -> Iterator[str]:
    """Yield all errors below one field, because clients get one list of texts for each."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
