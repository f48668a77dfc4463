"""The bytes of a file that goes, and what is known of it."""

from __future__ import annotations

import time

from chat.models import StoredFile
from chat.repositories.file_chunks import FileChunkRepository
from chat.repositories.files import FileRepository

PAUSE = 0.02  # seconds after each piece of chunks, so that live traffic goes first


def delete_file(files: FileRepository, chunks: FileChunkRepository, stored: StoredFile) -> None:
    """Delete the chunks of a file and its preview, then its document.

    In this order a process that dies in between leaves a document by which another one goes on.
    """
    for content in filter(None, (stored.content, stored.preview)):
        for _ in chunks.delete(content.id, content.size):
            time.sleep(PAUSE)
    files.delete(stored)
