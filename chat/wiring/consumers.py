"""The consumers of the rooms' logs, each with its name and its cursors."""

from __future__ import annotations

from chat.services.deleted_files import DeletedFiles
from chat.services.search_index import SearchIndex
from chat.wiring.core import Core
from chat.wiring.files import Files
from chat.wiring.repositories import Repositories


def wire_consumers(core: Core, repositories: Repositories, files: Files) -> None:
    core.consumers.add(DeletedFiles(files.file_removal.remove_of_message))
    core.consumers.add(SearchIndex(repositories.search))
