"""Reading settings from environment variables, a file `.env`, and files with one secret each.

The server and every `flask` command read `.env` in the same way. Flask reads it before this code
runs, so Flask's search applies: the working directory, then its parents.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import click
import dotenv
from flask.cli import load_dotenv
from flask.helpers import get_load_dotenv

FILES = (".flaskenv", ".env")
SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
MAX_BYTES = 65_536  # of a file with one secret


class SettingsError(click.ClickException, ValueError):
    """An invalid setting; the text is one sentence that names it.

    A ClickException, because commands create the app before any handler here: click prints it.
    """


def load_files() -> None:
    """Set the variables of `.env` that the environment lacks.

    Raises SettingsError if other users can read the file. With FLASK_SKIP_DOTENV=1 it does
    nothing, like Flask.
    """
    if not get_load_dotenv():
        return
    for name in FILES:
        found = dotenv.find_dotenv(name, usecwd=True)
        if found:
            _check_private(Path(found))
    try:
        load_dotenv()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file .env cannot be read: {_reason(error)}.") from None


def text(name: str, default: str = "") -> str:
    """Return a setting without surrounding spaces, or the default if it is empty."""
    return os.environ.get(name, "").strip() or default


def number(name: str, default: int, least: int, most: int) -> int:
    """Return an integer setting; raise SettingsError outside of `least` to `most`."""
    given = text(name, str(default))
    with suppress(ValueError):
        if least <= int(given) <= most:
            return int(given)
    raise SettingsError(f"{name} must be a number from {least} to {most}, not {given!r}.")


def switch(name: str, default: bool) -> bool:
    """Return a boolean setting, given as on or off; raise SettingsError for anything else."""
    given = text(name)
    if not given:
        return default
    try:
        return SWITCH[given.lower()]
    except KeyError:
        raise SettingsError(f"{name} must be on or off, not {given!r}.") from None


def secret(name: str) -> str:
    """Return a setting, or the content of the file whose path is in `<name>_FILE`.

    One newline at the file's end is cut off. Raises SettingsError if both are set, or if the file
    cannot be read.
    """
    value, path = text(name), text(f"{name}_FILE")
    if not path:
        return value
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set: leave one of them out.")
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        read = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:  # ValueError: an invalid path, or invalid UTF-8
        raise SettingsError(f"{name}_FILE={path} cannot be read: {_reason(error)}.") from None
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{name}_FILE={path} has more than {MAX_BYTES} bytes.")
    if not read:
        raise SettingsError(f"{name}_FILE={path} is empty.")
    return read


def _check_private(path: Path) -> None:
    """Refuse a file that others can access; one of root may be readable by this process's group."""
    try:
        found = path.stat()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {_reason(error)}.") from None
    if found.st_uid not in (0, os.geteuid()):
        raise SettingsError(f"{path} belongs to another user: give it to the one who runs this.")
    allowed = 0o740 if found.st_uid == 0 else 0o700
    if stat.S_IMODE(found.st_mode) & ~allowed:
        raise SettingsError(f"{path} can be read or changed by others: chmod 600 {path}")


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not text"
