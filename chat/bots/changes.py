"""What was done to each room's messages, put back in order: each state is told once."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Any

Page = dict[str, Any]  # `messages`, `after_rev`, `last_rev`, as the server pushes and answers

MAX_AHEAD = 20  # pushes of one room that wait for earlier ones; more are fetched again
MAX_TOLD = 10_000  # messages of one room; so many changes one may have missed


@dataclass(frozen=True, slots=True)
class Told:
    """Up to which rev all changes of a room were told, and what has to be known beside that.

    `versions` has by seq in which version a message was told. It may be newer than the rev says:
    a message is told as it is now.
    """

    rev: int
    versions: dict[int, int] = field(default_factory=dict)


class RoomChanges:
    """How far the changes of one room were told (`rev`), and what came ahead of its turn.

    Where `rev` is None nobody follows them, or it is not known yet from where on.
    """

    def __init__(self, told: Told | None = None) -> None:
        self.rev: int | None = told.rev if told else None
        self._upto = 0  # the last rev that was heard of
        self._versions = dict(told.versions) if told else {}
        self._waiting: list[Page] = []  # by `after_rev`

    @property
    def is_behind(self) -> bool:
        """Whether changes were made that could not be told yet."""
        return self.rev is not None and self.rev < self._upto

    @property
    def told(self) -> Told | None:
        """What a restart should not lose."""
        return None if self.rev is None else Told(self.rev, dict(self._versions))

    def begin(self, rev: int) -> None:
        """Follow all changes after a rev."""
        self.rev = rev

    def forget(self) -> None:
        """Drop everything: the log of changes is another one, or too much of it was missed."""
        self.rev, self._upto = None, 0
        self._versions.clear()
        self._waiting.clear()

    def forget_ahead(self) -> None:
        """Drop what came ahead of its turn: it may belong to another past."""
        self._upto = self.rev or 0
        self._waiting.clear()

    def hear_of(self, rev: int | None) -> None:
        """Hear that there are changes up to a rev; older servers name none."""
        self._upto = max(self._upto, rev or 0)

    def put(self, page: Page) -> None:
        """Take in what changed between two revs; what was told already is dropped."""
        self.hear_of(page["last_rev"])
        if self.rev is None or page["last_rev"] <= self.rev:
            return
        if page["after_rev"] <= self.rev or len(self._waiting) < MAX_AHEAD:
            bisect.insort(self._waiting, page, key=lambda one: one["after_rev"])

    def put_last(self, page: Page) -> None:
        """Take in an answer behind which there are no changes."""
        self._upto = page["last_rev"]
        self.put(page)

    def take(self, position: int) -> dict[str, Any] | None:
        """Return the changed message whose turn it is; it stays in turn until `note`.

        One behind `position`, up to which messages were handled, waits until it was handled itself.
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

    def note(self, entry: dict[str, Any]) -> None:
        """Note that a message was told as it is here, as a changed or as a new one."""
        version = entry.get("version", 0)  # older servers name none
        if self.rev is None or not version:
            return
        self._versions.pop(entry["seq"], None)  # the one noted last stands at the end
        self._versions[entry["seq"]] = version
        if len(self._versions) > MAX_TOLD:
            del self._versions[next(iter(self._versions))]

    def forget_versions(self) -> None:
        """Drop what is not needed once `rev` covers all that the told messages say."""
        self._versions.clear()
