"""What can go wrong for a bot."""

from __future__ import annotations

from typing import Any

UNAVAILABLE = "unavailable"  # no answer, or none that tells the outcome: repeating is right
STALE_TOKEN = ("unauthorized", "token_expired")


class BotError(Exception):
    """The server refused something; `code` is for programs, the text for people.

    `retry_after` is in seconds (0 when not given), `fields` says what is wrong in the input:
    `{name: [text]}`. Without an answer the code is `unavailable`.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        retry_after: float = 0.0,
        fields: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.retry_after = retry_after
        self.fields = fields or {}


class Stopped(Exception):
    """The bot was stopped before a message was known to be stored; its next start sends it.

    It is not the server's doing, and so no BotError. Handlers let it pass.
    """


class NotLoggedIn(BotError):
    """Trying again does not help: the server takes neither token nor password, or has moved."""


def data_of(body: object) -> Any:
    """Return the `data` of an answer in the server's envelope, or raise its error."""
    if isinstance(body, dict) and "data" in body:
        return body["data"]
    raise error_of(body)


def error_of(body: object) -> BotError:
    """Return the error of an answer; one that is no envelope came from something in between."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return BotError(UNAVAILABLE, "not an answer of the chat server")
    return BotError(
        error["code"],
        str(error.get("message", "")),
        float(error.get("retry_after") or 0),
        error.get("fields"),
    )
