"""Events that change something in a room, repeated until the server has answered."""

from __future__ import annotations

from typing import Any

from chat.bots.backoff import backoff
from chat.bots.errors import UNAVAILABLE, BotError, NotLoggedIn
from chat.bots.link import Link
from chat.bots.log import RoomLogs
from chat.bots.session import Session


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
        waits = backoff(most=5.0)
        payload = what if room_id is None else {"room_id": room_id, **what}
        while True:
            self._link.wait_online()
            try:
                kind = "direct" if room_id is None else self._kind_of(room_id)
                return kind, self._link.call(kind, event, payload)
            except NotLoggedIn:
                raise
            except BotError as error:
                if error.code not in (UNAVAILABLE, "rate_limited"):
                    raise
                pause = error.retry_after or next(waits)
            self._link.pause(pause)

    def _kind_of(self, room_id: str) -> str:
        known = self._logs.get(room_id)
        return known.kind if known else self._session.call("GET", f"/rooms/{room_id}")["kind"]
