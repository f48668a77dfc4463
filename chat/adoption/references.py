"""Resolving references between documents."""

from __future__ import annotations

from bson import ObjectId

from chat.adoption.report import Report
from chat.adoption.variants import Document, id_of, reference


class References:
    """Ids of one kind by `identity` and by `_id`, because other documents refer by either."""

    def __init__(self, kind: str, report: Report) -> None:
        self._kind = kind
        self._report = report
        self._ids: dict[str, ObjectId] = {}

    def add(self, document: Document) -> ObjectId:
        """Register a document under its names and return its new id."""
        id_ = id_of(document["_id"])
        for name in (document.get("identity"), document["_id"]):
            written = reference(name)
            if written and self._ids.setdefault(written, id_) != id_:
                self._report.note(
                    f"{self._kind} with the identity of another: references mean the other", id_
                )
        return id_

    def find(self, value: object) -> ObjectId | None:
        """Return the id of a reference, or None if it is unknown."""
        return self._ids.get(reference(value))
