"""What a consumer of the rooms' logs is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat.models import Message, Room


@dataclass(frozen=True, slots=True)
class Batch:
    """What is new in one room: messages in their order, and earlier ones that changed.

    Both are as they are now, without the names of senders and without quotes. `changed` holds no
    message that is still to come as a new one.
    """

    room: Room
    messages: Sequence[Message]
    changed: Sequence[Message]


class Consumer(Protocol):
    """Follows all rooms' logs.

    The same message may come again, after a crash or a failure. When the lease has moved, an old
    holder may still be handling a batch. So what a consumer stores of a message carries the
    message's `version` as a condition.
    """

    name: str  # of its cursors; never changes
    begins_at_head: bool  # at its first start: what was said before does not concern it
    reads_messages: bool  # False: it gets only `changed`
    tells_people: bool  # so it is never to do its work once more

    def handle(self, batches: Sequence[Batch]) -> None:
        """Handle what is new in some rooms, each of which comes once.

        When it raises, each batch comes again by itself. A batch that fails then comes once more
        later, and holds up its own room only.
        """

    def clear(self) -> Iterator[object]:
        """Delete everything that it stored, in pieces; a rebuild begins with it."""
