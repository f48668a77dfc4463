"""When to poll a room for messages that no push brought: soon after a gap, rarely when quiet."""

from __future__ import annotations

import math

GAP_SECONDS = 0.3  # seconds in which a missing push may still come
QUIET_SECONDS = 4.0  # seconds without a push after which to ask whether one was lost
# Seconds after which a change that lost a race has come, with the same version as the winner.
SETTLED_SECONDS = 60.0
QUIET_END = 300.0  # seconds without a push after which the regular `sync` is enough
TICK = 2.0  # seconds; polls of quiet rooms fall on its multiples, so that several rooms share one


class PollSchedule:
    """The next poll of each room with recent messages; other rooms cost nothing.

    Times are seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heard: dict[str, float] = {}

    def record_news(self, room_id: str, has_gap: bool, now: float) -> None:
        """Schedule the next poll of a room after something new came."""
        self._heard[room_id] = now
        if has_gap:
            self._due[room_id] = min(now + GAP_SECONDS, self._due.get(room_id, math.inf))
        else:
            self._due[room_id] = _next_tick(now + QUIET_SECONDS)

    def record_empty_poll(self, room_id: str, now: float) -> None:
        """Schedule the next poll after one that found nothing: the longer the quiet, the later."""
        quiet = now - self._heard.get(room_id, -math.inf)
        wait = max(QUIET_SECONDS, quiet / 2)
        if quiet + wait < QUIET_END:
            self._due[room_id] = _next_tick(now + wait)
        else:
            self.remove(room_id)

    def is_quiet(self, room_id: str, now: float) -> bool:
        """Tell whether nothing new has come from a room for SETTLED_SECONDS."""
        return now - self._heard.get(room_id, now) >= SETTLED_SECONDS

    def schedule(self, room_id: str, when: float) -> None:
        """Poll a room at that time."""
        self._due[room_id] = when

    def remove(self, room_id: str) -> None:
        """Poll a room no longer."""
        self._due.pop(room_id, None)
        self._heard.pop(room_id, None)

    def take_due(self, now: float) -> list[str]:
        """Return the rooms to poll now, each once."""
        due = [room_id for room_id, when in self._due.items() if when <= now]
        for room_id in due:
            del self._due[room_id]
        return due

    def next_due(self) -> float | None:
        """Return when the next poll is due, None when none is."""
        return min(self._due.values(), default=None)


def _next_tick(when: float) -> float:
    return math.ceil(when / TICK) * TICK
