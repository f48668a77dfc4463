"""Sending: first into the file, then until the server has said what became of it."""

from __future__ import annotations

import logging
from typing import Any

from chat.bots.backoff import backoff
from chat.bots.errors import UNAVAILABLE, BotError, NotLoggedIn
from chat.bots.link import Link
from chat.bots.log import RoomLogs
from chat.bots.session import Session
from chat.bots.state import State, Unsent

log = logging.getLogger(__name__)


class Outbox:
    """Sends messages once, over lost connections, an absent server and restarts of the bot."""

    def __init__(self, state: State, link: Link, session: Session, logs: RoomLogs) -> None:
        self._state = state
        self._link = link
        self._session = session
        self._logs = logs

    def send(self, message: Unsent) -> tuple[str, dict[str, Any]]:
        """Send until stored; returns the kind of room and the stored message.

        Raises BotError when the server refuses it, and Stopped when the bot stops before its
        outcome is known: then it is sent at the next start.
        """
        self._state.keep(message)
        return self._deliver(message)

    def send_leftovers(self) -> None:
        """Send what an earlier run of the bot left behind."""
        for message in self._state.unsent():
            try:
                self._deliver(message)
            except BotError as error:
                log.warning("a message of the last run was refused: %s", error)

    def _deliver(self, message: Unsent) -> tuple[str, dict[str, Any]]:
        waits = backoff(most=5.0)
        while True:
            self._link.wait_online()
            try:
                stored = self._emit(message)
                break
            except NotLoggedIn:  # the bot ends, and its next start sends it
                raise
            except BotError as error:
                if error.code not in (UNAVAILABLE, "rate_limited"):
                    self._state.withdraw(message.client_id)
                    raise
                pause = error.retry_after or next(waits)
            self._link.pause(pause)
        self._state.settle(message.client_id)
        return stored

    def _emit(self, message: Unsent) -> tuple[str, dict[str, Any]]:
        payload: dict[str, Any] = {"client_id": message.client_id, "data": message.data}
        if message.room_id is None:
            kind = "direct"
            payload["to"] = message.to
        else:
            kind = self._kind_of(message.room_id)
            payload["room_id"] = message.room_id
        return kind, self._link.call(kind, "send_message", payload)

    def _kind_of(self, room_id: str) -> str:
        known = self._logs.get(room_id)
        return known.kind if known else self._session.call("GET", f"/rooms/{room_id}")["kind"]
