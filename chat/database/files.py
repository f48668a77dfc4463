"""Private files of the embedded database, and locks that end with their process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO


def open_private(path: Path, flags: int = 0) -> BinaryIO:
    """Open for writing without truncating; only the owner may read the file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    return os.fdopen(descriptor, "r+b" if not flags & os.O_APPEND else "ab")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    with open_private(path, os.O_TRUNC) as file:
        file.write(text.encode())


def take_lock(lock: BinaryIO) -> bool:
    """Try to take the lock on an open file; closing the file releases it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
