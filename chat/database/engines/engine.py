"""What the supervision of the embedded database needs to know of an engine."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from chat.database.errors import EmbeddedDatabaseError
from chat.database.files import write_private

# Environment variables for the program; the others may hold secrets.
ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH")


class Run(Protocol):
    """Runs a program of an engine for a while."""

    def __call__(
        self, command: list[str], environment: Mapping[str, str], answers: Callable[[], bool]
    ) -> AbstractContextManager[bool]:
        """Yield whether the program answers; end it afterwards, and wait until it has ended."""


class Engine(ABC):
    """A database program with its data in a directory.

    `durable=False` trades safety for speed, where the engine can; it is only for tests.
    """

    name: ClassVar[str]
    passing: ClassVar[frozenset[str]] = frozenset()  # files of the running processes, not copied

    def __init__(self, directory: Path, durable: bool = True) -> None:
        self._directory = directory
        self._durable = durable

    @property
    @abstractmethod
    def kind(self) -> str:
        """Return what the directory keeps: the name, and the version where that must not change."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Return the name and version for the log."""

    @abstractmethod
    def prepare(self, run: Run) -> bool:
        """Choose an address, and do what else a start needs; return whether that succeeded.

        Raises EmbeddedDatabaseError when the program is missing.
        """

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command of a start."""

    def environment(self) -> dict[str, str]:
        """Return environment variables of its own for the command."""
        return {}

    @abstractmethod
    def find(self) -> bool:
        """Take the recorded address; return whether a database answers there."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether a database answers at the address."""

    def is_usable(self) -> bool:
        """Return whether a database that answers accepts this program as its user."""
        return True

    def find_fault(self) -> str | None:
        """Return why a running database must restart, as the end of a sentence, or None.

        What needs no restart is mended here.
        """
        return None

    def frozen(self) -> AbstractContextManager[None]:
        """Let all writes wait meanwhile, so that the files can be copied.

        Raises EmbeddedDatabaseError where the engine cannot do that, and at the end when the
        database died meanwhile.
        """
        raise EmbeddedDatabaseError(
            f"{self.name} cannot be copied while it runs: stop the server, and copy DATA_DIR."
        )

    @abstractmethod
    def uri(self) -> str:
        """Return the URI of the database. It may contain a password."""

    @abstractmethod
    def record(self, pid: int) -> None:
        """Record the address for other processes; the process id is only informative."""

    def _write_record(self, record: Mapping[str, Any]) -> None:
        temporary = self._directory / "record.json.new"
        write_private(temporary, json.dumps(record) + "\n")
        temporary.replace(self._directory / "record.json")

    def _read_record(self, name: str) -> Any:
        """Return an entry of the record, or None."""
        try:
            return json.loads((self._directory / "record.json").read_text())[name]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
