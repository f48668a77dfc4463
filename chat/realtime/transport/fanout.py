"""Writes all frames that sessions received during one turn of the event loop at its end."""

from __future__ import annotations

import logging
from typing import Protocol

from chat.concurrency import spawn
from chat.realtime.transport.loop import at_end_of_turn

log = logging.getLogger(__name__)


class Sender(Protocol):
    """A session; `out` are its unsent frames."""

    sid: str
    out: list[bytes]

    def write(self, data: bytes) -> None:
        """Send the unsent frames, which are `data` when joined."""

    def drop(self) -> None:
        """End the session."""


class Fanout:
    """The sessions with new frames."""

    def __init__(self) -> None:
        self._sessions: list[Sender] = []

    def schedule_write(self, session: Sender) -> None:
        """Schedule one write of a session that just got its first unsent frame."""
        if not self._sessions:
            at_end_of_turn(self._flush)
        self._sessions.append(session)

    def _flush(self) -> None:
        sessions, self._sessions = self._sessions, []
        frames: list[bytes] = []
        data = b""
        for session in sessions:
            # Members of one room mostly have the same unsent frames, so join these only once.
            if session.out != frames:
                frames = session.out
                data = b"".join(frames)
            try:
                session.write(data)
            except Exception:  # the loop must write to the others
                log.exception("could not write to %s", session.sid)
                spawn(session.drop)
