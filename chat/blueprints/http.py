"""What every view needs: read the body or the query by a schema, answer in the envelope."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Response, jsonify, request

from chat.addresses import parse_address
from chat.budgets import ACCOUNT, Account
from chat.error_handlers import request_locale
from chat.errors import InvalidInput, UnsupportedMediaType
from chat.middleware.deadline import seconds_to_wait
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.reading import read_json
from chat.wiring import services

__all__ = [
    "answer",
    "client_address",
    "device",
    "forget_odd_range",
    "heavy",
    "load",
    "load_query",
    "no_content",
    "request_locale",
    "require_json",
]

P = ParamSpec("P")
R = TypeVar("R")

JSON = "application/json"
NUMBER = re.compile(r"-?[0-9]{1,16}")
RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})", re.IGNORECASE)
DEVICE_LENGTH = 200  # the names of some browsers stand at the end of a long line


def require_json() -> None:
    """Refuse a body that is not called JSON, before anything is done or counted for it.

    A page of another origin can send other types without asking first. Calls without a body pass,
    whatever type they name.
    """
    has_body = bool(request.content_length)  # the listener gives every body a length
    if has_body and request.mimetype != JSON and request.url_rule is not None:
        raise UnsupportedMediaType()


def load(schema: Schema) -> dict[str, Any]:
    """Return the body, one JSON object, as the schema reads it; else raise a validation error."""
    try:
        body = read_json(request.get_data(cache=False))
    except (ValueError, RecursionError):  # also of bytes that are not UTF-8 and endless numbers
        raise InvalidInput({"_schema": ["invalid.json"]}) from None
    loaded: dict[str, Any] = schema.load(body)
    return loaded


def load_query(schema: Schema) -> dict[str, Any]:
    """Return the query string as the schema reads it; numbers are written in digits there."""
    query: dict[str, Any] = {}
    for name, values in request.args.lists():
        if len(values) != 1:
            raise InvalidInput({name: ["invalid.value"]})
        is_number = isinstance(schema.fields.get(name), fields.Integer)
        query[name] = int(values[0]) if is_number and NUMBER.fullmatch(values[0]) else values[0]
    loaded: dict[str, Any] = schema.load(query)
    return loaded


def heavy(view: Callable[P, R]) -> Callable[P, R]:
    """Let a view that reads much have one of the few places for such."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        account: Account = request.environ[ACCOUNT]
        with services().budgets.heavy(account, seconds_to_wait()):
            return view(*args, **kwargs)

    return wrapper


def answer(data: Any, status: int = 200) -> Response:
    """Return `{"data": data}`; answers are personal, so nobody on the way may keep them."""
    response = jsonify({"data": data})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def no_content() -> Response:
    """Return an empty answer: it is done and there is nothing to say."""
    return Response(status=204, headers={"Cache-Control": "no-store"})


def client_address() -> str:
    """Return the caller's address, as far as the configured proxies can be trusted about it."""
    return parse_address(request.remote_addr or "")


def device() -> str:
    """Return what the caller's program calls itself, shortened."""
    text = request.headers.get("User-Agent", "")[:DEVICE_LENGTH]
    return "".join(character for character in text if character.isprintable())


def forget_odd_range() -> None:
    """Let the whole file be the answer, unless one part of it is asked for, by GET and plainly.

    Of several parts Werkzeug says that they cannot be had. And where `If-None-Match` asks whether
    there is anything to send, that comes first.
    """
    environ = request.environ
    match = RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    is_odd = match is None or (match[2] and int(match[1]) > int(match[2]))
    if is_odd or request.method != "GET" or "HTTP_IF_NONE_MATCH" in environ:
        environ.pop("HTTP_RANGE", None)
