"""The decoder, and a short way to use it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from chat.models import FilePurpose
from chat.pictures.decoder import Pictures


@dataclass(frozen=True)
class Result:
    """What became of a picture."""

    type: str
    width: int
    height: int
    content: bytes
    preview: bytes | None

    @property
    def image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.content))

    @property
    def small(self) -> Image.Image:
        assert self.preview is not None
        return Image.open(io.BytesIO(self.preview))


Reencode = Callable[..., Result]


def reencode_with(
    pictures: Pictures, sent: bytes, kind: FilePurpose = "message", owner: str = "ann"
) -> Result:
    """Return what the decoder makes of the bytes."""
    with pictures.temporary_file() as source:
        source.write(sent)
        with pictures.reencode(source, kind, owner) as made:
            content = made.picture.read()
            assert len(content) == made.size
            preview = None if made.preview is None else made.preview.read()
            return Result(made.type, made.width, made.height, content, preview)


@pytest.fixture
def reencode(tmp_path: Path) -> Reencode:
    pictures = Pictures(tmp_path / "uploads")
    return lambda sent, kind="message": reencode_with(pictures, sent, kind)
