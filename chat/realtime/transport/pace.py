"""How slow a client may be: over the whole of what it sends or takes, and not for each byte."""

from __future__ import annotations

GRACE_SECONDS = 30.0  # for a phone that loses its network for a moment
LEAST_RATE = 4 * 1024  # bytes a second


class Pace:
    """What is left of the seconds for which a client may keep the server waiting.

    There are GRACE_SECONDS at first, and each LEAST_RATE bytes that move give one more. So n bytes
    have to be through within GRACE_SECONDS + n / LEAST_RATE. Time that the server takes is not
    counted.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = GRACE_SECONDS

    def moved(self, size: int) -> None:
        """Note that so many bytes have moved."""
        self.left += size / LEAST_RATE

    def waited(self, seconds: float) -> None:
        """Note that the client has kept the server waiting for so long."""
        self.left -= seconds
