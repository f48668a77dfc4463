"""The choice of an engine. A directory keeps the engine with which it was made."""

from __future__ import annotations

import logging
from pathlib import Path

from chat.database.engines.engine import Engine
from chat.database.engines.mongod import MissingProgram, Mongod
from chat.database.engines.secantusdb import SecantusDB
from chat.database.errors import EmbeddedDatabaseError
from chat.database.files import write_private

AUTO = "auto"

log = logging.getLogger(__name__)


def choose(directory: Path, wish: str, durable: bool = True) -> Engine:
    """Return the engine of a directory, or that of a new one: mongod, else SecantusDB.

    Raises EmbeddedDatabaseError when the wish differs from what the directory was made with, and
    for a new directory when the wished engine cannot run here.
    """
    kept = _read_kind(directory)
    if kept is None:
        return _choose_new(directory, wish, durable)
    name, _, series = kept.partition(" ")
    if wish not in (AUTO, name):
        raise EmbeddedDatabaseError(
            f"The data in {directory} was made with {name} and stays with it: set DATABASE={name},"
            f" or a new DATA_DIR for {wish}."
        )
    if name == SecantusDB.name:
        return SecantusDB(directory, durable)
    return Mongod(directory, durable, series)


def keep(directory: Path, engine: Engine) -> None:
    """Record the engine of a new directory, before it makes its data."""
    if _read_kind(directory) is None:
        write_private(directory / "engine", engine.kind + "\n")


def _choose_new(directory: Path, wish: str, durable: bool) -> Engine:
    if wish != SecantusDB.name:
        engine = Mongod(directory, durable)
        try:
            program = engine.program
        except MissingProgram as error:
            if wish != AUTO:
                raise
            log.warning(
                "%s So SecantusDB stores the data: a beta, for trying out and for small groups. It"
                " stores fewer messages a second. DATA_DIR stays with it.",
                error,
            )
        else:
            log.debug("mongod %s is at %s", program.version, program.path)
            return engine
    return SecantusDB(directory, durable)


def _read_kind(directory: Path) -> str | None:
    """Return the engine and version with which a directory was made; None for a new one."""
    try:
        kind = (directory / "engine").read_text("utf-8").strip()
    except FileNotFoundError:
        # Data without a record is from before there was a choice.
        return SecantusDB.name if SecantusDB(directory).data.exists() else None
    except UnicodeDecodeError:
        kind = ""
    if kind.partition(" ")[0] not in (Mongod.name, SecantusDB.name):
        raise EmbeddedDatabaseError(
            f"{directory / 'engine'} is damaged: write the engine of the data into it, such as"
            " `mongod 6.0` or `secantusdb`."
        )
    return kind
