"""Error answers, in the envelope, to requests refused before they reach the application."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from chat.errors import ChatError, RateLimited
from chat.i18n import choose_locale, translate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def text_key_of(error: ChatError) -> str:
    """Return the error's own text key, else that of its code."""
    own: str | None = getattr(error, "text_key", None)
    return own or f"error.{error.code}"


def refusal_body(error: ChatError, accept_language: str | None) -> bytes:
    """Return the envelope of an error without fields, as JSON in UTF-8."""
    details = error.details()
    message = translate(text_key_of(error), choose_locale(None, accept_language), **details)
    body = {"error": {"code": error.code, "message": message, **details}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def refuse(
    error: ChatError, environ: WSGIEnvironment, start_response: StartResponse
) -> list[bytes]:
    """Answer a WSGI request with an error that has no fields."""
    body = refusal_body(error, environ.get("HTTP_ACCEPT_LANGUAGE"))
    status = HTTPStatus(error.status)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    if isinstance(error, RateLimited):
        headers.append(("Retry-After", str(error.retry_after)))
    start_response(f"{status.value} {status.phrase}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
