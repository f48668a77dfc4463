"""Names of files, as clients give them and as they are stored."""

from __future__ import annotations

import re
from urllib.parse import quote

from chat.text.normalization import nfc
from chat.text.visibility import (
    ANNOTATION,
    CONTROL,
    DEFAULT_IGNORABLE,
    EMPTY_BRAILLE,
    JOINERS,
    SELECTORS,
    WHITE_SPACE,
)

MAX_BYTES = 255  # in UTF-8, as most file systems take
MAX_EXTENSION = 20  # bytes of what is kept behind the last dot when a name is cut
MAX_TYPED = 1_024  # characters that are looked at, because normalizing marks takes long
UNNAMED = "file"
SEPARATORS = re.compile(r"[/\\]")
# Characters that show nothing or turn the direction: "photo\u202egpj.exe" reads "photoexe.jpg".
HIDDEN = re.compile(f"(?![{JOINERS}{SELECTORS}])[{DEFAULT_IGNORABLE}{CONTROL}{ANNOTATION}]")
LINES = re.compile("[\t\n\r\u2028\u2029]")
SPACES = re.compile(f"[{WHITE_SPACE}{EMPTY_BRAILLE}]+")
FORBIDDEN = re.compile(r'[<>:"|?*]')  # in names on some systems
ATTRIBUTE = "!#$&+-.^_`|~"  # characters that RFC 8187 allows beside letters and digits


def clean_name(text: str) -> str:
    """Return the name of a file: one line of 1 to MAX_BYTES bytes, without a path.

    A name that is too long keeps its extension.
    """
    name = SEPARATORS.split(text)[-1]
    name = name[: MAX_TYPED // 2] + name[MAX_TYPED // 2 :][-MAX_TYPED // 2 :]
    name = SPACES.sub(" ", HIDDEN.sub("", LINES.sub(" ", nfc(name)))).strip(" .")
    return _cut(FORBIDDEN.sub("_", name)) or UNNAMED


def disposition(kind: str, name: str) -> str:
    """Return the header `Content-Disposition` of a kind, with the name in both of its forms."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    fallback = ascii_name.replace("\\", "_").replace('"', "_")
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe=ATTRIBUTE)}"


def _cut(name: str) -> str:
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > MAX_EXTENSION:
        stem, dot, extension = name, "", ""
    left = MAX_BYTES - len((dot + extension).encode())
    return stem.encode()[:left].decode("utf-8", "ignore").rstrip() + dot + extension
