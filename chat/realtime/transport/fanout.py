"""Shares the frames of a channel among its members and writes to them at the end of the turn.

An emit appends its frame to one list for each channel and turn of the event loop, however many
members the channel has. A member only keeps its place in that list, and copies the frames from
there on when something else comes between them. Members at the same place share their joined bytes.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable
from typing import Protocol

from chat.concurrency import spawn
from chat.realtime.transport.loop import at_end_of_turn

log = logging.getLogger(__name__)


class Member(Protocol):
    """A session, as the fan-out sees it."""

    sid: str
    shared: SharedFrames | None

    def follow(self, shared: SharedFrames) -> None:
        """Receive the frames that are appended to a list from now on."""

    def limit_unsent(self) -> None:
        """Drop the client if too much is unsent, else have the list say when to look again."""

    def flush(self) -> None:
        """Send the unsent frames and follow no list any more: the turn ends."""

    def drop(self) -> None:
        """End the session."""


class SharedFrames:
    """The frames of one channel in one turn, with the members that follow the list.

    A member follows one list at a time. It is absent from the others until their next frame.
    """

    __slots__ = ("_members", "_absent", "_frames", "_sizes", "_joined", "_limit")

    def __init__(self, members: list[Member]) -> None:
        self._members = members
        self._absent = members.copy()
        self._frames: list[bytes] = []
        self._sizes = [0]  # at each place: the bytes of all frames before it
        self._joined: dict[int, bytes] = {}  # the frames from a place on
        self._limit = math.inf  # bytes; with more, a member may have too much unsent

    @property
    def end(self) -> int:
        """Return the place behind the last frame."""
        return len(self._frames)

    def append(self, frame: bytes) -> None:
        """Append a frame for all members, without a step for each of them."""
        if self._absent:
            absent, self._absent = self._absent, []
            for member in absent:
                member.follow(self)
        self._frames.append(frame)
        self._sizes.append(self._sizes[-1] + len(frame))
        self._joined.clear()
        if self._sizes[-1] > self._limit:
            self._limit = math.inf
            for member in self._members:
                if member.shared is self:
                    member.limit_unsent()

    def limit_after(self, size: int) -> None:
        """Limit the members' unsent bytes once more than `size` further bytes were appended."""
        self._limit = min(self._limit, self._sizes[-1] + size)

    def note_absence(self, member: Member) -> None:
        """Record that a member follows another list, and is to come back for the next frame."""
        self._absent.append(member)

    def since(self, place: int) -> list[bytes]:
        """Return the frames from a place on."""
        return self._frames[place:]

    def size_since(self, place: int) -> int:
        """Return the bytes of the frames from a place on."""
        return self._sizes[-1] - self._sizes[place]

    def joined_since(self, place: int) -> bytes:
        """Return the frames from a place on in one piece, the same one for all who ask."""
        found = self._joined.get(place)
        if found is None:
            found = self._joined[place] = b"".join(self._frames[place:])
        return found


class Fanout:
    """The sessions with new frames in this turn, and the lists of the channels."""

    def __init__(self) -> None:
        self._sessions: list[Member] = []
        self._lists: dict[Hashable, SharedFrames] = {}

    def list_of(self, channel: Hashable) -> SharedFrames | None:
        """Return the list of a channel in this turn."""
        return self._lists.get(channel)

    def begin_list(self, channel: Hashable, members: list[Member]) -> SharedFrames:
        """Begin the list of a channel; it ends with the turn."""
        shared = self._lists[channel] = SharedFrames(members)
        return shared

    def end_list(self, channel: Hashable) -> None:
        """End the list of a channel whose members change. What is in it will be sent."""
        self._lists.pop(channel, None)

    def schedule_flush(self, session: Member) -> None:
        """Have a session flushed at the end of this turn."""
        if not self._sessions:
            at_end_of_turn(self._flush)
        self._sessions.append(session)

    def _flush(self) -> None:
        sessions, self._sessions = self._sessions, []
        self._lists.clear()
        for session in sessions:
            try:
                session.flush()
            except Exception:  # the loop must write to the others
                log.exception("could not write to %s", session.sid)
                spawn(session.drop)
