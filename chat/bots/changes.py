"""The changes of each room's messages, put back in order: each state is delivered once."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Any

Page = dict[str, Any]  # `messages`, `after_rev`, `last_rev`, as the server pushes and answers

MAX_AHEAD = 20  # pushes of one room that wait for earlier ones; more are fetched again
MAX_VERSIONS = 10_000  # messages of one room; so many changes one may have missed


@dataclass(frozen=True, slots=True)
class ChangePosition:
    """Up to which rev all changes of a room were delivered.

    `versions` are the delivered versions of messages, by seq. They may be newer than the rev says,
    because a message is delivered as it is now.
    """

    rev: int
    versions: dict[int, int] = field(default_factory=dict)


class RoomChanges:
    """How far the changes of one room were delivered (`rev`), and pages that came too early.

    Where `rev` is None the bot does not follow them, or does not know yet from where on.
    """

    def __init__(self, position: ChangePosition | None = None) -> None:
        self.rev: int | None = position.rev if position else None
        self._upto = 0  # the greatest known rev
        self._versions = dict(position.versions) if position else {}
        self._waiting: list[Page] = []  # by `after_rev`

    @property
    def is_behind(self) -> bool:
        """Whether there are changes that could not be delivered yet."""
        return self.rev is not None and self.rev < self._upto

    @property
    def position(self) -> ChangePosition | None:
        """What a restart must not lose."""
        return None if self.rev is None else ChangePosition(self.rev, dict(self._versions))

    def begin(self, rev: int) -> None:
        """Follow all changes after a rev."""
        self.rev = rev

    def reset(self) -> None:
        """Drop everything: the log of changes is another one, or too much of it was missed."""
        self.rev, self._upto = None, 0
        self._versions.clear()
        self._waiting.clear()

    def drop_ahead(self) -> None:
        """Drop the pages that came too early, because they may belong to another past."""
        self._upto = self.rev or 0
        self._waiting.clear()

    def record_rev(self, rev: int | None) -> None:
        """Record that there are changes up to a rev; older servers name none."""
        self._upto = max(self._upto, rev or 0)

    def put(self, page: Page) -> None:
        """Add the changes between two revs; delivered ones are dropped."""
        self.record_rev(page["last_rev"])
        if self.rev is None or page["last_rev"] <= self.rev:
            return
        if page["after_rev"] <= self.rev or len(self._waiting) < MAX_AHEAD:
            bisect.insort(self._waiting, page, key=lambda one: one["after_rev"])

    def put_last(self, page: Page) -> None:
        """Add an answer after which there are no changes."""
        self._upto = page["last_rev"]
        self.put(page)

    def next_entry(self, position: int) -> dict[str, Any] | None:
        """Return the changed message in turn; it stays in turn until `record_delivered`.

        A message behind `position`, the last handled seq, waits until it was handled.
        """
        while self.rev is not None and self._waiting:
            page = self._waiting[0]
            if page["after_rev"] > self.rev:
                return None
            for entry in page["messages"] if page["last_rev"] > self.rev else []:
                if entry["version"] > self._versions.get(entry["seq"], 0):
                    return entry if entry["seq"] <= position else None
            self.rev = max(self.rev, page["last_rev"])
            del self._waiting[0]
        return None

    def record_delivered(self, entry: dict[str, Any]) -> None:
        """Record that a message was delivered in this version, as a changed or as a new one."""
        version = entry.get("version", 0)  # older servers name none
        if self.rev is None or not version:
            return
        self._versions.pop(entry["seq"], None)  # the latest one is at the end
        self._versions[entry["seq"]] = version
        if len(self._versions) > MAX_VERSIONS:
            del self._versions[next(iter(self._versions))]

    def drop_versions(self) -> None:
        """Drop the versions, which are not needed once `rev` covers them."""
        self._versions.clear()
