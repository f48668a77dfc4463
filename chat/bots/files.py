"""Files of messages, and how they are stored on the disk of the bot."""

from __future__ import annotations

import filecmp
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

NAME_BYTES = 200  # of a name made by `safe_name`; file systems take 255, and a number may be added
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # on Windows

Download = Callable[[str, int, BinaryIO], None]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message. `width` and `height` are pixels of a picture, else None."""

    id: str
    name: str
    type: str
    size: int
    width: int | None
    height: int | None
    _download: Download | None = field(default=None, repr=False, compare=False)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Download the file and return where it is.

        `path` is a name for it, which is replaced if it is there, or a folder. In a folder the file
        gets its own name without what could lead out of the folder. Another file of that name
        stays: then a number is added.

        It is tried again until the server has answered. Raises BotError, `not_found` when the
        message was deleted; Stopped when the bot stops before; OSError. None of these leaves
        anything behind.
        """
        assert self._download is not None
        target = Path(path)
        folder = target if target.is_dir() else target.parent
        draft = folder / f".{secrets.token_hex(8)}.part"
        try:
            with open(draft, "xb") as file:
                self._download(self.id, self.size, file)
            if target.is_dir():
                return _move_into(draft, target, safe_name(self.name))
            os.replace(draft, target)
            return target
        finally:
            draft.unlink(missing_ok=True)


def read_file(entry: dict[str, Any], download: Download | None = None) -> File:
    """Return the file that `entry` is on the wire."""
    names = ("id", "name", "type", "size", "width", "height")
    return File(**{name: entry[name] for name in names}, _download=download)


def safe_name(name: str) -> str:
    """Return a name that is one of a visible file in the folder where it is used, everywhere."""
    name = UNSAFE.sub("_", name).lstrip(". ").rstrip(". ")
    if DEVICE.fullmatch(name):
        name = f"_{name}"
    stem, suffix = os.path.splitext(name)
    suffix = _cut(suffix, NAME_BYTES // 4)
    return _cut(stem, NAME_BYTES - len(suffix.encode("utf-8", "replace"))) + suffix or "file"


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _move_into(draft: Path, folder: Path, name: str) -> Path:
    """Move a file into a folder, where it replaces nothing; the same file is there once."""
    stem, suffix = os.path.splitext(name)
    number = 1
    while True:
        target = folder / (name if number == 1 else f"{stem} ({number}){suffix}")
        try:
            with open(target, "xb"):
                pass
        except FileExistsError:
            # A handler that is called again after a crash saves the same file again.
            if target.is_file() and filecmp.cmp(draft, target, shallow=False):
                return target
            number += 1
            continue
        os.replace(draft, target)
        return target
