"""The report on an adoption: the counts of documents, and all problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chat.logs import escape

EXAMPLES = 5


@dataclass
class Tally:
    """How many documents of one kind will be adopted, and how many are adopted already."""

    new: int = 0
    present: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class Note:
    """A problem that occurred `count` times, with the first examples."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


class Report:
    """Collects counts and problems during planning; `lines` is printed before writing."""

    def __init__(self) -> None:
        self._tallies = {what: Tally() for what in ("users", "rooms", "memberships", "messages")}
        self._notes: dict[str, Note] = {}

    def add(self, what: str, *, present: bool, kind: str = "") -> None:
        """Count one document, with its kind, that will be adopted or is adopted already."""
        tally = self._tallies[what]
        if present:
            tally.present += 1
        else:
            tally.new += 1
            tally.kinds[kind] += 1

    def note(self, text: str, example: object) -> None:
        """Count one case of the problem `text`; keep only the first examples, escaped."""
        note = self._notes.setdefault(text, Note())
        note.count += 1
        if len(note.examples) < EXAMPLES:
            note.examples.append(escape(str(example)))

    def lines(self) -> Iterator[str]:
        """Yield the report line by line."""
        for what, tally in self._tallies.items():
            kinds = [f"{number} {kind}" for kind, number in sorted(tally.kinds.items()) if kind]
            as_what = f" ({', '.join(kinds)})" if kinds else ""
            yield f"{what}: {tally.new} to adopt{as_what}, {tally.present} there already"
        for text, note in self._notes.items():
            more = ", …" if note.count > len(note.examples) else ""
            yield f"- {text}: {note.count} ({', '.join(note.examples)}{more})"
