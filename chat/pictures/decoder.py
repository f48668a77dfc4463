"""Runs a worker for each picture, and takes nothing from it but files and one line."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chat.errors import BadPicture, Unavailable
from chat.media_types import is_picture
from chat.models import FilePurpose
from chat.pictures.turns import DecoderTurns

LONGEST_ANSWER = 4096  # bytes
WORKER = Path(__file__).with_name("worker.py")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """What a worker may use."""

    memory: int = 1024 * 1024 * 1024  # bytes of addresses
    seconds: int = 20  # of one core
    # Of these, to write a picture that moves; else its first frame stays.
    moving_seconds: float = 10.0
    wall_seconds: float = 30.0  # by the clock; more than `seconds`, because others go first


@dataclass(frozen=True)
class Reencoded:
    """A picture of ours. `preview` is None where the picture is small enough to be its own."""

    picture: BinaryIO
    preview: BinaryIO | None
    type: str
    width: int
    height: int
    size: int  # bytes of the picture


class Pictures:
    """Decodes what users send in processes of their own, and encodes it anew."""

    def __init__(
        self,
        directory: Path,
        bounds: Bounds = Bounds(),
        worker: Path = WORKER,
        turns: DecoderTurns | None = None,
    ) -> None:
        self._directory = directory
        self._bounds = bounds
        self._worker = worker
        self._turns = turns or DecoderTurns()

    def require_may_wait(self, owner: str) -> None:
        """Raise RateLimited for an owner whose next picture gets no turn now."""
        self._turns.require_may_wait(owner)

    @contextmanager
    def reencode(self, source: BinaryIO, kind: FilePurpose, owner: str) -> Iterator[Reencoded]:
        """Yield the picture in temporary files that are open as long as the block runs.

        `source` is a file with a descriptor. A message's picture keeps its type; an avatar is a
        square WebP. Raises BadPicture, and what a turn raises.
        """
        source.flush()
        with ExitStack() as files:
            with self._turns.turn(owner):  # whoever waits holds no files for what will be made
                picture = files.enter_context(self.temporary_file())
                preview = files.enter_context(self.temporary_file())
                answer = self._run_worker(kind, source, picture, preview)
            size = os.fstat(picture.fileno()).st_size
            yield _reencoded(answer, picture, preview, size)

    def temporary_file(self) -> BinaryIO:
        """Return a file that has no name, so that nothing is left of it however this ends."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._directory)

    def _run_worker(self, kind: FilePurpose, *inherited: BinaryIO) -> dict[str, Any]:
        files = [file.fileno() for file in inherited]
        bounds = self._bounds
        limits = (bounds.memory, bounds.seconds, bounds.moving_seconds)
        # A socket, because only sockets can be waited for both with and without eventlet.
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                worker = subprocess.Popen(
                    [sys.executable, "-I", self._worker, kind, *map(str, (*files, *limits))],
                    stdin=subprocess.DEVNULL,
                    stdout=theirs.fileno(),
                    stderr=subprocess.DEVNULL,
                    pass_fds=files,
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
            try:
                line = _read_to_end(ours, time.monotonic() + bounds.wall_seconds)
            finally:
                # After its line it has nothing to do but to end; whatever else it does ends here.
                worker.kill()
                status = worker.wait()
        try:
            answer = json.loads(line)
            if isinstance(answer, dict):
                return answer
        except ValueError:
            pass
        log.warning("a picture ended its decoder: status %s", status)
        raise BadPicture()


def _read_to_end(connection: socket.socket, deadline: float) -> bytes:
    """Return what the other side wrote until it ended; nothing if that is late or too much."""
    found = b""
    while len(found) <= LONGEST_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0:
            return b""
        connection.settimeout(left)
        try:
            part = connection.recv(LONGEST_ANSWER)
        except OSError:
            return b""
        if not part:
            return found
        found += part
    return b""


def _reencoded(
    answer: dict[str, Any], picture: BinaryIO, preview: BinaryIO, size: int
) -> Reencoded:
    """Check an answer as if a stranger gave it, for a picture may have taken the worker over."""
    match answer:
        case {"error": "picture_too_large"}:
            raise BadPicture("invalid.picture_too_large")
        case {"error": "no_decoder"}:
            log.error("no picture can be decoded: %s finds no Pillow of its own", sys.executable)
            raise Unavailable()
        case {"type": str(type_), "width": int(width), "height": int(height), "preview": bool(has)}:
            if is_picture(type_) and 0 < width < 65_536 and 0 < height < 65_536 and size:
                picture.seek(0)
                preview.seek(0)
                return Reencoded(picture, preview if has else None, type_, width, height, size)
    raise BadPicture()
