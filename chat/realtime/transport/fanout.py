"""Everything that was put into a session during one turn of the event loop leaves at its end."""

from __future__ import annotations

import logging
from typing import Protocol

from chat.concurrency import spawn
from chat.realtime.transport.loop import at_end_of_turn

log = logging.getLogger(__name__)


class Sender(Protocol):
    """A session: `out` are the frames that wait for its client."""

    sid: str
    out: list[bytes]

    def write(self, data: bytes) -> None:
        """Send what waits, which is `data` once it is joined."""

    def drop(self) -> None:
        """End the session."""


class Fanout:
    """The sessions with something new to send."""

    def __init__(self) -> None:
        self._sessions: list[Sender] = []

    def add(self, session: Sender) -> None:
        """Note a session whose first frame was put in; it is written once, however many follow."""
        if not self._sessions:
            at_end_of_turn(self._flush)
        self._sessions.append(session)

    def _flush(self) -> None:
        sessions, self._sessions = self._sessions, []
        frames: list[bytes] = []
        data = b""
        for session in sessions:
            # Members of one room mostly have the very same frames waiting: they are joined once.
            if session.out != frames:
                frames = session.out
                data = b"".join(frames)
            try:
                session.write(data)
            except Exception:  # the others must get theirs all the same
                log.exception("could not write to %s", session.sid)
                spawn(session.drop)
