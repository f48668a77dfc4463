"""Ids of what is stored: they are made before storing, so that storing twice is noticed."""

from __future__ import annotations

from bson import ObjectId


def new_id() -> str:
    """Return an id that no other process makes."""
    return str(ObjectId())
