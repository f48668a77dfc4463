"""Documents that cannot be adopted: reported, and in place moved away, never deleted."""

from __future__ import annotations

from dataclasses import dataclass, field

from chat.adoption.report import Report
from chat.adoption.source import Found
from chat.adoption.variants import Document

COLLECTION = "left_out"


@dataclass
class LeftOut:
    """Documents to move to the collection `left_out`; those of another database stay there."""

    report: Report
    moving: list[Document] = field(default_factory=list)

    def add(self, kind: str, found: Found, reason: str) -> None:
        """Report a document and, in place, plan to move it."""
        self.report.note(f"{reason}: left out", found.id)
        if found.replaces:
            self.moving.append(
                {
                    "_id": f"{kind} {found.id}",
                    "collection": kind,
                    "reason": reason,
                    "document": found.document,
                }
            )
