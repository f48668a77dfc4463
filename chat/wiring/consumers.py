"""The consumers of the rooms' logs, each with its name and its cursors."""

from __future__ import annotations

from chat.services.deleted_files import DeletedFiles
from chat.wiring.core import Core
from chat.wiring.files import Files


def wire_consumers(core: Core, files: Files) -> None:
    core.consumers.add(DeletedFiles(files.file_removal.remove_of_message))
