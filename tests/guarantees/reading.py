"""Reading a room's log over HTTP, and finding what should not be in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.sockets.conftest import Member


def log_of(member: Member, room: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all messages of a room."""
    return list(read_on(member, room, 0))


def read_on(member: Member, room: dict[str, Any], after_seq: int) -> Iterator[dict[str, Any]]:
    """Yield what is stored after a seq, page by page, until nothing more is there."""
    while True:
        page = member.data("GET", f"/rooms/{room['id']}/messages?after_seq={after_seq}&limit=100")
        yield from page["messages"]
        if not page["has_more"]:
            return
        after_seq = page["messages"][-1]["seq"]


def inversions(numbers: Iterable[int]) -> int:
    """Return how many of the numbers are smaller than the one before."""
    found = list(numbers)
    return sum(after < before for before, after in zip(found, found[1:], strict=False))


def is_gapless(messages: Sequence[dict[str, Any]], first: int = 1) -> bool:
    """Tell whether the seqs of messages count on from `first`."""
    return [one["seq"] for one in messages] == list(range(first, first + len(messages)))
