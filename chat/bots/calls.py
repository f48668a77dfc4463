"""Calls that are repeated until the server has answered, and events that change something so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from chat.bots.backoff import backoff
from chat.bots.errors import UNAVAILABLE, BotError, NotLoggedIn
from chat.bots.link import Link
from chat.bots.log import RoomLogs
from chat.bots.session import Session

Answer = TypeVar("Answer")


def repeat(link: Link, attempt: Callable[[], Answer]) -> Answer:
    """Call `attempt` until the server has answered, with growing pauses.

    Raises BotError when the server refuses, and Stopped when the bot stops before that.
    """
    waits = backoff(most=5.0)
    while True:
        link.wait_online()
        try:
            return attempt()
        except NotLoggedIn:
            raise
        except BotError as error:
            if error.code not in (UNAVAILABLE, "rate_limited"):
                raise
            pause = error.retry_after or next(waits)
        link.pause(pause)


class Calls:
    """Sends events over lost connections, an absent server and limits."""

    def __init__(self, link: Link, session: Session, logs: RoomLogs) -> None:
        self._link = link
        self._session = session
        self._logs = logs

    def call(self, event: str, room_id: str | None, **what: Any) -> tuple[str, dict[str, Any]]:
        """Emit an event until it is answered; returns the kind of room and the answer.

        Without a room it concerns a person, one to one. Raises BotError when the server refuses it,
        and Stopped when the bot stops before its outcome is known.
        """
        payload = what if room_id is None else {"room_id": room_id, **what}

        def attempt() -> tuple[str, dict[str, Any]]:
            kind = "direct" if room_id is None else self.kind_of(room_id)
            return kind, self._link.call(kind, event, payload)

        return repeat(self._link, attempt)

    def kind_of(self, room_id: str) -> str:
        """Return the kind of a room, asked once where it is not known."""
        known = self._logs.get(room_id)
        return known.kind if known else self._session.call("GET", f"/rooms/{room_id}")["kind"]
