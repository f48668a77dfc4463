"""Receiving files: bytes go to the database chunk by chunk, pictures through the decoder."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import BinaryIO, Protocol

from chat.concurrency import repay, yield_to_others
from chat.database.client import DatabaseError
from chat.errors import BadPicture, InvalidInput, PayloadTooLarge, StorageFull, Unavailable
from chat.limits.limits import Limits
from chat.limits.rules import FILES
from chat.media_types import is_picture, media_type_of
from chat.models import Content, File, FilePurpose, StoredFile
from chat.pictures.decoder import Pictures
from chat.repositories.file_chunks import CHUNK, FileChunkRepository
from chat.repositories.files import FileRepository
from chat.services.file_deletion import delete_file
from chat.services.transfer_slots import TransferSlots
from chat.text.file_names import clean_name

# A file whose process dies is removed so many milliseconds after the last renewal.
ARRIVAL_MS = 60 * 60 * 1000
RENEW_SECONDS = 60.0
UNUSED_MS = 24 * 60 * 60 * 1000  # after which a file is removed that nobody has used
PREVIEW_TYPE = "image/webp"


class Body(Protocol):
    """The bytes that a client sends."""

    size: int
    address: str  # of the client

    def begin(self) -> None:
        """Release what the caller holds, because reading may take long."""

    def read(self, size: int) -> bytes:
        """Return that many bytes; fewer mean that the client has stopped sending."""

    def require_session(self) -> None:
        """Raise Unauthorized if the sender's session has ended while the bytes came."""


class Uploads:
    """Receives the bytes of files, and leaves nothing of those that break off.

    `bounds` are the bytes that a file may have, and all files of a user together (0: any number).
    """

    def __init__(
        self,
        *,
        files: FileRepository,
        chunks: FileChunkRepository,
        pictures: Pictures,
        limits: Limits,
        slots: TransferSlots,
        bounds: tuple[int, int],
        clock: Callable[[], int],
    ) -> None:
        self._files = files
        self._chunks = chunks
        self._pictures = pictures
        self._limits = limits
        self._slots = slots
        self._most, self._quota = bounds
        self._clock = clock

    def receive(
        self, user_id: str, body: Body, *, name: str, purpose: FilePurpose, room_id: str = ""
    ) -> File:
        """Store a file of a user. Everything is checked before the first byte is read."""
        if body.size > self._most:
            raise PayloadTooLarge()
        if body.size <= 0:
            raise InvalidInput({"file": ["invalid.file_empty"]})
        self._limits.count(FILES, user_id)
        release = self._slots.take(user_id, body.address)
        try:
            arriving = StoredFile(
                file=File(secrets.token_hex(12), clean_name(name), "", body.size),
                user_id=user_id,
                room_id=room_id,
                purpose=purpose,
                state="arriving",
                client_id=None,
                remove_at=self._clock() + ARRIVAL_MS,
                preview=Content(secrets.token_hex(12), PREVIEW_TYPE, 0),
            )
            with self._reserved(arriving):
                body.begin()
                file, preview = self._store(arriving, body)
                body.require_session()
                return self._finish(arriving, file, preview)
        finally:
            release()

    @contextmanager
    def _reserved(self, arriving: StoredFile) -> Iterator[None]:
        """Reserve space for a file, and leave nothing of it when it does not arrive.

        The file is stored before all of the user's are summed up, so no two uploads take the same
        space. What a crash leaves behind is removed at `remove_at`.
        """
        try:
            self._files.insert(arriving, self._clock())
            self._require_space(arriving.user_id)
            yield
        except BaseException:
            with suppress(DatabaseError):
                delete_file(self._files, self._chunks, arriving)
            raise

    def _require_space(self, user_id: str) -> None:
        if self._quota and self._files.count_bytes(user_id) > self._quota:
            raise StorageFull()

    def _store(self, arriving: StoredFile, body: Body) -> tuple[File, Content | None]:
        """Store the bytes; return what they are, and the preview of a large picture."""
        pieces, media_type = _typed(self._pieces(arriving, body), arriving.file.name)
        if is_picture(media_type):
            return self._store_picture(arriving, pieces)
        if arriving.purpose == "avatar":
            raise BadPicture()
        self._write(arriving.id, pieces)
        return replace(arriving.file, type=media_type), None

    def _store_picture(
        self, arriving: StoredFile, pieces: Iterable[bytes]
    ) -> tuple[File, Content | None]:
        """Store what the decoder makes of a picture; what was sent is dropped."""
        self._pictures.require_may_wait(arriving.user_id)
        with self._pictures.temporary_file() as source:
            for piece in pieces:
                source.write(piece)
                del piece  # before the next one is read, and while the picture waits
            source.seek(0)
            with self._pictures.reencode(source, arriving.purpose, arriving.user_id) as made:
                if made.size > self._most:
                    raise PayloadTooLarge()  # a picture may grow
                self._write(arriving.id, _pieces_of(made.picture))
                preview = arriving.preview if made.preview is not None else None
                if preview is not None and made.preview is not None:
                    preview = replace(preview, size=made.preview.seek(0, os.SEEK_END))
                    made.preview.seek(0)
                    self._write(preview.id, _pieces_of(made.preview))
                file = replace(
                    arriving.file,
                    type=made.type,
                    size=made.size,
                    width=made.width,
                    height=made.height,
                )
        return file, preview

    def _finish(self, arriving: StoredFile, file: File, preview: Content | None) -> File:
        now = self._clock()
        if not self._files.finish(file, preview, now + UNUSED_MS, now):
            raise Unavailable()  # its room or its user is being deleted
        if file.size + (preview.size if preview else 0) > arriving.file.size:
            self._require_space(arriving.user_id)  # less than this was reserved
        return file

    def _pieces(self, arriving: StoredFile, body: Body) -> Iterator[bytes]:
        """Yield the body chunk by chunk; raise InvalidInput when the client stops before its end.

        No turn is held meanwhile. The caller pays for the work, and rests between chunks.
        """
        left, renewed_at = body.size, time.monotonic()
        while left:
            piece = body.read(min(left, CHUNK))
            if len(piece) < min(left, CHUNK):
                raise InvalidInput({"file": ["invalid.file_incomplete"]})
            left -= len(piece)
            yield piece
            del piece  # before the next one is read: a slow client would hold both
            repay()
            yield_to_others()
            if time.monotonic() > renewed_at + RENEW_SECONDS:
                renewed_at = time.monotonic()
                if not self._files.keep_arriving(arriving.id, self._clock() + ARRIVAL_MS):
                    raise Unavailable()

    def _write(self, file_id: str, pieces: Iterable[bytes]) -> None:
        number = 0
        for piece in pieces:
            self._chunks.insert(file_id, number, piece)
            number += 1
            del piece  # before the next one is read; `enumerate` would keep it


def _typed(pieces: Iterator[bytes], name: str) -> tuple[Iterator[bytes], str]:
    """Return the pieces of a file and its type, for which the first one is looked at."""
    first = [next(pieces)]

    def again() -> Iterator[bytes]:
        yield first.pop()  # `itertools.chain` would keep it until the end
        yield from pieces

    return again(), media_type_of(first[0], name)


def _pieces_of(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(CHUNK):
        yield piece
        yield_to_others()
