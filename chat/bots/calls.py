"""Events that change something in a room, repeated until the server has answered."""

from __future__ import annotations

from typing import Any

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
        payload = what if room_id is None else {"room_id": room_id, **what}

        def attempt() -> tuple[str, dict[str, Any]]:
            kind = "direct" if room_id is None else self.kind_of(room_id)
            return kind, self._link.call(kind, event, payload)

        return self._link.repeat(attempt)

    def kind_of(self, room_id: str) -> str:
        """Return the kind of a room, asked once where it is not known."""
        known = self._logs.get(room_id)
        return known.kind if known else self._session.call("GET", f"/rooms/{room_id}")["kind"]
