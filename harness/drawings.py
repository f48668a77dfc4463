"""Pictures for tests and screenshots, drawn by chance from a seed."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

SHAPES = 40


def drawing(width: int, height: int, seed: int) -> bytes:
    """Return a PNG of coloured discs, always the same one for a seed."""
    chance = random.Random(seed)
    made = Image.new("RGB", (width, height), _colour(chance, 140))
    pen = ImageDraw.Draw(made)
    for _ in range(SHAPES):
        left, top = chance.randrange(width), chance.randrange(height)
        size = chance.randrange(10, max(11, width // 5))
        pen.ellipse((left, top, left + size, top + size), fill=_colour(chance, 0))
    encoded = io.BytesIO()
    made.save(encoded, "PNG")
    return encoded.getvalue()


def _colour(chance: random.Random, darkest: int) -> tuple[int, int, int]:
    red, green, blue = (chance.randrange(darkest, 256) for _ in range(3))
    return red, green, blue
