"""When to look for what no push brought: soon behind a gap, ever more rarely into silence."""

from __future__ import annotations

import math

GAP_WAIT = 0.3  # seconds in which a missing push may still come
QUIET_WAIT = 4.0  # seconds of silence after which to ask whether the last push was really the last
# Seconds of silence after which nothing is under way that was done before the last news: a change
# that lost a race against another one comes behind it with the same version.
SETTLED_AFTER = 60.0
QUIET_END = 300.0  # seconds of silence after which comparing all rooms with the server is enough
BEAT = 2.0  # seconds; looks into silence fall on its multiples, so that several rooms share one


class Checks:
    """The next look at each room in which something was said lately; other rooms cost nothing.

    Times are seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heard: dict[str, float] = {}

    def note_news(self, room_id: str, has_gap: bool, now: float) -> None:
        """Plan the next look at a room after something new was taken in."""
        self._heard[room_id] = now
        if has_gap:
            self._due[room_id] = min(now + GAP_WAIT, self._due.get(room_id, math.inf))
        else:
            self._due[room_id] = _on_beat(now + QUIET_WAIT)

    def note_silence(self, room_id: str, now: float) -> None:
        """Plan the next look after one that found nothing: the longer the silence, the later."""
        silence = now - self._heard.get(room_id, -math.inf)
        wait = max(QUIET_WAIT, silence / 2)
        if silence + wait < QUIET_END:
            self._due[room_id] = _on_beat(now + wait)
        else:
            self.drop(room_id)

    def is_quiet(self, room_id: str, now: float) -> bool:
        """Tell whether it is known that nothing new came from a room for SETTLED_AFTER seconds."""
        return now - self._heard.get(room_id, now) >= SETTLED_AFTER

    def plan(self, room_id: str, when: float) -> None:
        """Look at a room at that time."""
        self._due[room_id] = when

    def drop(self, room_id: str) -> None:
        """Look at a room no longer."""
        self._due.pop(room_id, None)
        self._heard.pop(room_id, None)

    def take_due(self, now: float) -> list[str]:
        """Return the rooms to look at now, each once."""
        due = [room_id for room_id, when in self._due.items() if when <= now]
        for room_id in due:
            del self._due[room_id]
        return due

    def next_due(self) -> float | None:
        """Return when the next look is due, None when none is."""
        return min(self._due.values(), default=None)


def _on_beat(when: float) -> float:
    return math.ceil(when / BEAT) * BEAT
