"""Helpers of all commands: set-up, clean-up, errors and progress."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from flask import current_app
from tqdm import tqdm

from chat import logs
from chat.adoption.errors import AdoptionError
from chat.database.client import DatabaseError
from chat.database.errors import EmbeddedDatabaseError
from chat.demo.seeding import DemoError
from chat.errors import NotFound
from chat.migrations import MigrationError
from chat.schemas.passwords import MAX_PASSWORD, MIN_PASSWORD, is_common
from chat.text.normalization import nfc
from chat.wiring import Services, services

P = ParamSpec("P")
T = TypeVar("T")

EXPECTED = (EmbeddedDatabaseError, MigrationError, AdoptionError, DemoError)


def with_services(command: Callable[P, None]) -> Callable[P, None]:
    """Run a command with logging, one sentence for each expected error, and clean-up."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        if sys.stdout is None:
            raise click.ClickException(
                "Standard output is closed: point it to a file or /dev/null."
            )
        _print_anything()
        logs.configure(current_app.config["LOG_LEVEL"])
        try:
            command(*args, **kwargs)
        except EXPECTED as error:
            raise click.ClickException(str(error)) from None
        except DatabaseError as error:
            problem = services().database_probe.problem_of(error)
            raise click.ClickException(problem.detail) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of the output is gone: click ends quietly
                raise
            where = f": {error.filename}" if error.filename else ""
            raise click.ClickException(f"{error.strerror}{where}.") from None
        finally:
            _close(services())
            _abandon_unprinted()

    return run


@contextmanager
def not_found_as(sentence: str) -> Iterator[None]:
    """End the command with this sentence on NotFound."""
    try:
        yield
    except NotFound:
        raise click.ClickException(sentence) from None


def confirmed(is_sure: bool, question: str) -> None:
    """Ask for confirmation unless `is_sure`; without it end the command."""
    if not is_sure:
        click.confirm(question, abort=True)


def shown(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield `items` with a progress bar on standard error, if there are any."""
    if not total:
        yield from items
        return
    yield from tqdm(items, total=total, desc=what, unit="", file=sys.stderr)


def password_option(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse a password that registration would refuse."""
    if value is not None and not MIN_PASSWORD <= len(nfc(value)) <= MAX_PASSWORD:
        raise click.BadParameter(f"{MIN_PASSWORD} to {MAX_PASSWORD} characters")
    if value is not None and is_common(value):
        raise click.BadParameter("one of the most common ones")
    return value


def _print_anything() -> None:
    """Print characters that the locale cannot encode as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _abandon_unprinted() -> None:
    """Drop output that could not be printed, which Python would flush again at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _close(wired: Services) -> None:
    wired.audit.flush()
    wired.database.close()
    if wired.embedded is not None:
        wired.embedded.stop()
