"""The media type of a file, which is what its bytes are and not what a client says."""

from __future__ import annotations

import re

HEAD = 4 << 10  # bytes at the beginning of a file that are looked at
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
ZIP = "application/zip"
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
OFFICE = "application/vnd.openxmlformats-officedocument"
# The beginnings of files, and their types.
BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"%PDF-", "application/pdf"),
        (rb"PK\x03\x04|PK\x05\x06", ZIP),
        (rb"\x1f\x8b", "application/gzip"),
        (rb"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (rb"....ftyp(?:heic|heix|mif1|msf1)", "image/heic"),
        (rb"....ftypM4A", "audio/mp4"),
        (rb"....ftypqt", "video/quicktime"),
        (rb"....ftyp", "video/mp4"),
        (rb"\x1aE\xdf\xa3", "video/webm"),
        (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", "audio/mpeg"),
        (rb"OggS", "audio/ogg"),
        (rb"fLaC", "audio/flac"),
        (rb"RIFF....WAVE", "audio/wav"),
    )
)
# What an archive or a text is by the end of its name.
BY_NAME = {
    (ZIP, "docx"): f"{OFFICE}.wordprocessingml.document",
    (ZIP, "xlsx"): f"{OFFICE}.spreadsheetml.sheet",
    (ZIP, "pptx"): f"{OFFICE}.presentationml.presentation",
    (ZIP, "odt"): "application/vnd.oasis.opendocument.text",
    (ZIP, "ods"): "application/vnd.oasis.opendocument.spreadsheet",
    (ZIP, "odp"): "application/vnd.oasis.opendocument.presentation",
    (ZIP, "epub"): "application/epub+zip",
    (TEXT, "csv"): "text/csv",
}
NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def media_type_of(head: bytes, name: str) -> str:
    """Return the type of a file that begins with these bytes.

    Only types of this list are returned, so that none is ever a page or a script.
    """
    head = head[:HEAD]
    for beginning, media_type in BEGINNINGS:
        if beginning.match(head):
            break
    else:
        media_type = TEXT if _is_text(head) else UNKNOWN
    return BY_NAME.get((media_type, name.rpartition(".")[2].lower()), media_type)


def is_picture(media_type: str) -> bool:
    """Return whether files of that type are decoded and encoded again."""
    return media_type in PICTURES


def _is_text(head: bytes) -> bool:
    """Return whether bytes are the beginning of a text in UTF-8, whose last letter may be cut."""
    if NOT_TEXT.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and "end of data" in error.reason
    return True
