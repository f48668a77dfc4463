"""Files that users upload."""

from __future__ import annotations

from dataclasses import dataclass

from chat.services.files import FileService


@dataclass(frozen=True)
class Files:
    """Files that users upload."""

    files: FileService


def wire_files() -> Files:
    return Files(files=FileService())
