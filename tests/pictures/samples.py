"""Pictures that tests make, good and bad."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    """Return an image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def halves(width: int = 64, height: int = 32) -> Image.Image:
    """Return a picture of which two sides can be told: red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def noise(width: int, height: int) -> Image.Image:
    """Return a picture that no encoder makes small."""
    grey = Image.effect_noise((width, height), 90)
    return Image.merge("RGB", (grey, grey.transpose(Image.Transpose.ROTATE_180), grey))


def chunk(name: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(width: int, height: int, rows: bytes, *, colours: int = 0) -> bytes:
    """Return a PNG with any size in its header, whatever its rows are."""
    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def moving(
    format_: str, count: int = 4, side: int = 40, *, clear: bool = False, **options: Any
) -> bytes:
    """Return an animation of a square that moves, on white or on nothing."""
    frames = []
    for number in range(count):
        frame = Image.new("RGBA", (side, side), (0, 0, 0, 0) if clear else (255, 255, 255, 255))
        left = number * (side - 10) // max(1, count - 1)
        frame.paste((200, 20, 20, 255), (left, 10, left + 10, 20))
        frames.append(frame)
    times = [100 + 10 * number for number in range(count)]
    extra = {"disposal": 2} if format_ == "GIF" and clear else {}
    return encoded(
        frames[0],
        format_,
        save_all=True,
        append_images=frames[1:],
        duration=times,
        **{"loop": 0, **extra, **options},
    )
