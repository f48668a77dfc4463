"""Sending: first into the file, then until the server has answered."""

from __future__ import annotations

import logging
from typing import Any

from chat.bots.calls import Calls
from chat.bots.errors import BotError, NotLoggedIn
from chat.bots.state import State, Unsent

log = logging.getLogger(__name__)


class Outbox:
    """Sends messages once, over lost connections, an absent server and restarts of the bot."""

    def __init__(self, state: State, calls: Calls) -> None:
        self._state = state
        self._calls = calls

    def send(self, message: Unsent) -> tuple[str, dict[str, Any]]:
        """Send until stored; returns the kind of room and the stored message.

        Raises BotError when the server refuses it, and Stopped when the bot stops before its
        outcome is known: then it is sent at the next start.
        """
        self._state.add_unsent(message)
        return self._deliver(message)

    def send_leftovers(self) -> None:
        """Send what an earlier run of the bot could not send."""
        for message in self._state.unsent():
            try:
                self._deliver(message)
            except BotError as error:
                log.warning("a message of the last run was refused: %s", error)

    def _deliver(self, message: Unsent) -> tuple[str, dict[str, Any]]:
        what: dict[str, Any] = {"client_id": message.client_id, "data": message.data}
        if message.files:  # servers that know no files refuse the field
            what["files"] = message.files
        if message.to is not None:
            what["to"] = message.to
        try:
            stored = self._call(message.room_id, what, message.reply_to)
        except NotLoggedIn:  # the bot ends, and its next start sends it
            raise
        except BotError:
            self._state.discard_refused(message.client_id)
            raise
        self._state.mark_stored(message.client_id)
        return stored

    def _call(
        self, room_id: str | None, what: dict[str, Any], reply_to: int | None
    ) -> tuple[str, dict[str, Any]]:
        """Send a message, as a reply unless there is nothing to reply to any more.

        Servers that know no replies refuse the field as well.
        """
        if reply_to is not None:
            try:
                return self._calls.call("send_message", room_id, **what, reply_to=reply_to)
            except BotError as error:
                if "reply_to" not in error.fields:
                    raise
        return self._calls.call("send_message", room_id, **what)
