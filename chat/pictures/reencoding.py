"""What becomes of a picture: its pixels in a file of ours, and nothing else of what was sent.

Only the worker runs this, so nothing of `chat` is imported, and all memory here is the worker's.
"""

from __future__ import annotations

import errno
import io
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from PIL import GifImagePlugin, Image, ImageCms, ImageSequence

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
MOST_PIXELS = 40_000_000
MOST_MOVING_PIXELS = 100_000_000  # of all frames together
MOST_CANVAS_PIXELS = 3840 * 2160  # of a picture that moves; more needs too much memory
PREVIEW_SIDE = 640
SMALL_BYTES = 100 * 1024  # a picture that is no larger, on both counts, is its own preview
AVATAR_SIDE = 256
ORIENTATION = 0x0112  # the EXIF tag
SRGB = ImageCms.createProfile("sRGB")

OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"format": "PNG"},
    "JPEG": {"format": "JPEG", "quality": 85},
    "GIF": {"format": "GIF"},
    "WEBP": {"format": "WEBP", "quality": 85, "method": 2},
}
PREVIEW: dict[str, Any] = {"format": "WEBP", "quality": 80}

Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # Pillow asks it wherever a size may grow
warnings.simplefilter("error", Image.DecompressionBombWarning)
# Frames keep the palette that they have in common, so the picture stays as it is.
GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY


class Refused(Exception):
    """The bytes are no picture that is taken; `reason` is the end of a text key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLong(BaseException):
    """Writing the moving picture takes too long; no `except Exception` of Pillow stops it."""


def reencode(
    sent: BinaryIO, kind: str, picture: BinaryIO, preview: BinaryIO, moving_seconds: float
) -> dict[str, Any]:
    """Write the picture, and a preview if it needs one; return what it is."""
    try:
        image = _open(sent)
        if kind == "avatar":
            return _write_avatar(image, picture)
        return _write_picture(image, picture, preview, moving_seconds)
    except (Refused, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refused("picture_too_large") from error
    except Exception as error:  # decoders raise almost anything
        raise Refused("picture") from error


def _open(sent: BinaryIO) -> Image.Image:
    """Read the header, which says the size; no pixel is decoded yet."""
    sent.seek(0)
    image = Image.open(sent, formats=tuple(TYPES))
    if min(image.size) < 1:
        raise Refused("picture")
    if image.width * image.height > MOST_PIXELS:
        raise Refused("picture_too_large")
    return image


def _write_avatar(image: Image.Image, picture: BinaryIO) -> dict[str, Any]:
    image.draft("RGB", (AVATAR_SIDE, AVATAR_SIDE))  # a JPEG is decoded smaller, as far as it can
    still = _with_all_colours(_still(image))
    side = min(still.size)
    left, top = (still.width - side) // 2, (still.height - side) // 2
    box = (left, top, left + side, top + side)
    target = min(side, AVATAR_SIDE)
    small = still.resize((target, target), Image.Resampling.LANCZOS, box, reducing_gap=3.0)
    small.save(picture, **PREVIEW)
    return _answer("WEBP", small.size, False)


def _write_picture(
    image: Image.Image, picture: BinaryIO, preview: BinaryIO, moving_seconds: float
) -> dict[str, Any]:
    name = "JPEG" if image.format == "MPO" else str(image.format)  # of a phone, with more pictures
    moves = _may_move(image) and _write_moving(image, name, picture, moving_seconds)
    still = _still(image)
    if not moves:
        picture.seek(0)
        picture.truncate()
        still.save(picture, **OPTIONS[name])
    picture.flush()
    longer, size = max(still.size), still.size
    has_preview = longer > PREVIEW_SIDE or picture.seek(0, io.SEEK_END) > SMALL_BYTES
    if has_preview:
        small = _with_all_colours(still)
        if longer > PREVIEW_SIDE:
            width, height = (max(1, round(side * PREVIEW_SIDE / longer)) for side in size)
            small = small.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        small.save(preview, **PREVIEW)
    return _answer(name, size, has_preview)


def _answer(name: str, size: tuple[int, int], has_preview: bool) -> dict[str, Any]:
    width, height = size
    return {"type": TYPES[name], "width": width, "height": height, "preview": has_preview}


def _still(image: Image.Image) -> Image.Image:
    """Return the first frame as it is to be seen: upright, in sRGB, and without metadata."""
    orientation = _orientation(image)
    image.seek(0)
    image.load()
    frame: Image.Image = image
    profile = frame.info.get("icc_profile")
    transparency = frame.info.get("transparency")
    if frame.mode.startswith("I"):  # 16 bits
        frame = frame.convert("I").point(lambda value: value / 256).convert("L")
        transparency = None
    if profile:
        frame, transparency = _in_srgb(_with_all_colours(frame), profile), None
    elif frame.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        frame, transparency = frame.convert("RGB"), None
    if orientation is not None:
        frame = frame.transpose(orientation)
    frame.info = {} if transparency is None else {"transparency": transparency}
    return frame


def _with_all_colours(image: Image.Image) -> Image.Image:
    """Return an image without a palette, as resizing and profiles need it."""
    if image.mode in ("L", "RGB", "RGBA", "CMYK") and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert the colours, or leave them where the profile is of no use."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == mode:  # in place, which saves the memory of a copy
            ImageCms.profileToProfile(image, source, SRGB, inPlace=True)
            return image
        return ImageCms.profileToProfile(image, source, SRGB, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert(mode)


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """Return how to turn the picture by its EXIF data; None if it is upright or they are broken."""
    try:
        value = int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return None
    return {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(value)


def _may_move(image: Image.Image) -> bool:
    """Return whether all frames may be kept."""
    pixels = image.width * image.height
    if image.format not in ("GIF", "WEBP") or pixels > MOST_CANVAS_PIXELS:
        return False
    frames = getattr(image, "n_frames", 1)
    return frames > 1 and frames * pixels <= MOST_MOVING_PIXELS and _orientation(image) is None


def _write_moving(image: Image.Image, name: str, picture: BinaryIO, seconds: float) -> bool:
    """Write all frames; return whether it was done within the limits."""
    try:
        with _time_limit(seconds):
            (_write_gif if name == "GIF" else _write_webp)(image, picture)
            picture.flush()
    except (TooLong, MemoryError):
        return False
    except OSError as error:
        if error.errno == errno.EFBIG:  # the limit of what a worker writes
            return False
        raise
    return True


def _write_gif(image: Image.Image, picture: BinaryIO) -> None:
    frames = _gif_frames(image)
    options = dict(OPTIONS["GIF"])
    if "loop" in image.info:
        options["loop"] = image.info["loop"]
    if _is_transparent(image):
        # Without it, what was drawn would shine through where a later frame is transparent.
        options["disposal"] = 2
    next(frames).save(picture, save_all=True, append_images=frames, **options)


def _gif_frames(image: Image.Image) -> Iterator[Image.Image]:
    """Yield whole frames with nothing but their time and their transparent colour."""
    for frame in ImageSequence.Iterator(image):
        clean = frame.copy()
        for name in clean.info.keys() - {"duration", "transparency"}:
            del clean.info[name]
        yield clean


def _is_transparent(image: Image.Image) -> bool:
    return any(frame.has_transparency_data for frame in ImageSequence.Iterator(image))


def _write_webp(image: Image.Image, picture: BinaryIO) -> None:
    # The encoder needs all times first, and keeping all frames would take 400 MB: decode twice.
    times = []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        times.append(frame.info["duration"])
    image.seek(0)
    repeat = image.info.get("loop", 0)
    image.save(picture, save_all=True, duration=times, loop=repeat, **OPTIONS["WEBP"])


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TooLong after seconds of one core."""

    def give_up(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
