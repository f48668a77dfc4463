"""Files on their way to and from the server, repeated until it has answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from chat.bots.calls import repeat
from chat.bots.errors import UNAVAILABLE, BotError
from chat.bots.link import Link
from chat.bots.session import Session

CHUNK = 65_536  # bytes

PathOrBytes = str | os.PathLike[str] | bytes
Source = str | os.PathLike[str] | tuple[str, PathOrBytes]  # a path, or a name and what is under it


class Transfers:
    """Uploads and downloads, over lost connections, an absent server and limits."""

    def __init__(self, link: Link, session: Session) -> None:
        self._link = link
        self._session = session

    def upload(self, room_id: str, source: Source) -> str:
        """Upload a file for a message in a room and return its id.

        Raises BotError when the server refuses it, Stopped when the bot stops before, and OSError
        when the file cannot be read.
        """
        name, content = source if isinstance(source, tuple) else (Path(source).name, source)
        path = f"/rooms/{room_id}/files?{urlencode({'name': name})}"

        def attempt() -> str:
            with _opened(content) as file:
                body = _Body(file, self._link.require_open)
                uploaded: str = self._session.upload(path, body)["id"]
                return uploaded

        return repeat(self._link, attempt)

    def download(self, file_id: str, size: int, target: BinaryIO) -> None:
        """Write the bytes of a file to `target`, from where this begins; raises as `upload`."""

        def attempt() -> None:
            target.seek(0)
            target.truncate()
            with self._session.download(f"/files/{file_id}", CHUNK) as chunks:
                for chunk in chunks:
                    self._link.require_open()
                    target.write(chunk)
            if target.tell() != size:
                raise BotError(UNAVAILABLE, "the file came in part")

        repeat(self._link, attempt)


def _opened(content: PathOrBytes) -> BinaryIO:
    return BytesIO(content) if isinstance(content, bytes) else open(content, "rb")


class _Body:
    """A file as the body of a request. `check` may raise before each part of it."""

    def __init__(self, file: BinaryIO, check: Callable[[], None]) -> None:
        self._file = file
        self._check = check
        self._size = file.seek(0, os.SEEK_END)
        self.rewind()

    def rewind(self) -> None:
        """Begin again, for another try."""
        self._file.seek(0)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        self._check()
        return self._file.read(size)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK):
            yield chunk
