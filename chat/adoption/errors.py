"""What can keep data from being adopted."""

from __future__ import annotations


class AdoptionError(RuntimeError):
    """Nothing was written, or all that was can stay; the text says what to do, for people."""
