"""The error of adoptions."""

from __future__ import annotations


class AdoptionError(RuntimeError):
    """The adoption failed. What was written, if anything, can stay; the text says what to do."""
