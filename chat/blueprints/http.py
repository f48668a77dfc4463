"""Helpers of all views: load the body or the query by a schema, answer in the envelope."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Response, jsonify, request

from chat.addresses import parse_address
from chat.budgets import ACCOUNT, Account
from chat.error_handlers import request_locale
from chat.errors import FormInsteadOfFile, InvalidInput, UnsupportedMediaType
from chat.middleware.deadline import seconds_to_wait
from chat.middleware.transfers import brings_file
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.reading import read_json
from chat.wiring import services

__all__ = [
    "answer",
    "client_address",
    "device",
    "drop_unusable_range",
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
FORM = "multipart/form-data"
NUMBER = re.compile(r"-?[0-9]{1,16}")
RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})", re.IGNORECASE)
DEVICE_LENGTH = 200  # some browsers put their name at the end of a long User-Agent


def require_json() -> None:
    """Refuse a body of another type than JSON, before anything is done or counted for it.

    A page of another origin can send other types without a preflight request. Calls without a body
    pass with any type. So do files, whose calls need a token in a header, but for forms: what
    libraries make of a file that they are told to post would be stored with all that is around it.
    """
    if brings_file(request.environ):
        if request.mimetype == FORM:
            raise FormInsteadOfFile()
        return
    has_body = bool(request.content_length)  # the listener gives every body a length
    if has_body and request.mimetype != JSON and request.url_rule is not None:
        raise UnsupportedMediaType()


def load(schema: Schema) -> dict[str, Any]:
    """Return the JSON body, loaded by the schema; raise a validation error."""
    try:
        body = read_json(request.get_data(cache=False))
    except (ValueError, RecursionError):  # ValueError: also for invalid UTF-8 and huge numbers
        raise InvalidInput({"_schema": ["invalid.json"]}) from None
    loaded: dict[str, Any] = schema.load(body)
    return loaded


def load_query(schema: Schema) -> dict[str, Any]:
    """Return the query string, loaded by the schema; integers are parsed from digits first."""
    query: dict[str, Any] = {}
    for name, values in request.args.lists():
        if len(values) != 1:
            raise InvalidInput({name: ["invalid.value"]})
        is_number = isinstance(schema.fields.get(name), fields.Integer)
        query[name] = int(values[0]) if is_number and NUMBER.fullmatch(values[0]) else values[0]
    loaded: dict[str, Any] = schema.load(query)
    return loaded


def heavy(view: Callable[P, R]) -> Callable[P, R]:
    """Limit how many views with large reads run at once, for all users and for each."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        account: Account = request.environ[ACCOUNT]
        with services().budgets.heavy(account, seconds_to_wait()):
            return view(*args, **kwargs)

    return wrapper


def answer(data: Any, status: int = 200) -> Response:
    """Return `{"data": data}`; not cacheable, because answers are personal."""
    response = jsonify({"data": data})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def no_content() -> Response:
    """Return an empty 204 answer."""
    return Response(status=204, headers={"Cache-Control": "no-store"})


def client_address() -> str:
    """Return the caller's address, from the headers of trusted proxies if there are any."""
    return parse_address(request.remote_addr or "")


def device() -> str:
    """Return the caller's User-Agent, shortened."""
    text = request.headers.get("User-Agent", "")[:DEVICE_LENGTH]
    return "".join(character for character in text if character.isprintable())


def drop_unusable_range() -> None:
    """Drop a `Range` header unless the request is a GET of one valid range.

    Werkzeug refuses several ranges; without the header it answers with the whole file. A request
    with `If-None-Match` gets no range either, because that header takes precedence.
    """
    environ = request.environ
    match = RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    is_odd = match is None or (match[2] and int(match[1]) > int(match[2]))
    if is_odd or request.method != "GET" or "HTTP_IF_NONE_MATCH" in environ:
        environ.pop("HTTP_RANGE", None)
