"""The logo of an installation: a picture in a file of the operator's."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MAX_BYTES = 256 * 1024
SVG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg\b", re.S
)


@dataclass(frozen=True)
class Logo:
    """A picture and its media type."""

    content: bytes
    mimetype: str

    @cached_property
    def version(self) -> str:
        """Return a digest, so that another picture has another address."""
        return hashlib.sha256(self.content).hexdigest()[:12]


def read_logo(path: Path) -> Logo:
    """Return the picture in a file; raise OSError, or ValueError with what is wrong with it."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"has more than {MAX_BYTES // 1024} KiB")
    mimetype = _type_of(content)
    if mimetype is None:
        raise ValueError("is no picture in PNG, SVG, WebP or JPEG")
    return Logo(content, mimetype)


def _type_of(content: bytes) -> str | None:
    """Return what a picture is by its own first bytes; its name may say anything."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if SVG.match(content) else None
