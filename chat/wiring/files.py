"""Files that users upload."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Config

from chat.pictures.decoder import Pictures
from chat.pictures.turns import DecoderTurns
from chat.repositories.file_chunks import FileChunkRepository
from chat.repositories.files import FileRepository
from chat.services.file_links import FileLinks
from chat.services.file_removal import FileRemoval
from chat.services.files import FileService
from chat.services.transfer_slots import TransferSlots
from chat.services.uploads import Uploads
from chat.wiring.core import Core
from chat.wiring.repositories import Repositories

# Transfers at a time, of a user and of all. A page has six connections, a person several pages;
# behind one address a hundred people may upload at once.
UPLOADS = (8, 144)
DOWNLOADS = (16, 256)
SMALL_DOWNLOADS = (16, 256)


@dataclass(frozen=True)
class Files:
    """Files that users upload."""

    files: FileService
    file_links: FileLinks
    file_removal: FileRemoval


def wire_files(config: Config, core: Core, repositories: Repositories) -> Files:
    clock, is_limited = core.database.now_ms, config["RATE_LIMITS"]
    files, chunks = FileRepository(core.database), FileChunkRepository(core.database)
    uploads = Uploads(
        files=files,
        chunks=chunks,
        pictures=Pictures(
            Path(config["DATA_DIR"]) / "uploads", turns=DecoderTurns(enabled=is_limited)
        ),
        limits=core.limits,
        slots=TransferSlots(*UPLOADS, is_limited),
        bounds=(config["MAX_FILE_BYTES"], config["FILE_BYTES_PER_USER"]),
        clock=clock,
    )
    return Files(
        files=FileService(
            files=files,
            chunks=chunks,
            messages=repositories.messages,
            membership_cache=core.membership_cache,
            uploads=uploads,
            slots=TransferSlots(*DOWNLOADS, is_limited),
            small_slots=TransferSlots(*SMALL_DOWNLOADS, is_limited),
            clock=clock,
        ),
        file_links=FileLinks(config["SECRET_KEY"], clock),
        file_removal=FileRemoval(
            files=files,
            chunks=chunks,
            messages=repositories.messages,
            users=repositories.users,
            rooms=repositories.rooms,
            clock=clock,
        ),
    )
