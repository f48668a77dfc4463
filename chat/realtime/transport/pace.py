"""The minimum rate of a client, measured over a whole transfer."""

from __future__ import annotations

GRACE_SECONDS = 30.0  # for a phone that loses its network for a moment
MIN_RATE = 4 * 1024  # bytes per second


class Pace:
    """The seconds `left` for which a client may keep the server waiting.

    A transfer begins with GRACE_SECONDS and gains one second for each MIN_RATE bytes. So n bytes
    may take GRACE_SECONDS + n / MIN_RATE. The server's own time is not counted.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = GRACE_SECONDS

    def add_bytes(self, size: int) -> None:
        """Count bytes that were sent or received."""
        self.left += size / MIN_RATE

    def add_wait(self, seconds: float) -> None:
        """Count seconds for which the client has kept the server waiting."""
        self.left -= seconds
