"""Compressed forms of what the page is made of, each made once in the life of a process."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable

import brotli

from chat.concurrency import offload

CODINGS: dict[str, Callable[[bytes], bytes]] = {  # the preferred one first
    "br": lambda content: bytes(brotli.compress(content, mode=brotli.MODE_TEXT, quality=11)),
    "gzip": lambda content: gzip.compress(content, compresslevel=9, mtime=0),
}

# Holds only files of the page and its few forms of HTML, so nothing is ever dropped.
_made: dict[tuple[bytes, str], bytes] = {}
_making = threading.Lock()


def compressed(content: bytes, coding: str) -> bytes:
    """Return a content in a coding; the first call compresses it in a real thread."""
    found = _made.get((content, coding))
    if found is not None:
        return found
    with _making:
        found = _made.get((content, coding))
        if found is None:
            found = _made[content, coding] = offload(CODINGS[coding], content)
    return found
