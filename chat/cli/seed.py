"""`flask --app chat.app seed …`: data for demos and tests."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from chat import migrations
from chat.auth import issue_tokens
from chat.chunks import CHUNK, chunked
from chat.cli.common import password_option, shown, with_services
from chat.demo.seeding import seed_demo
from chat.demo.talk import PEOPLE
from chat.logs import escape
from chat.models import User
from chat.wiring import Services, services

PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,14}")  # with a number of six digits it is a username
MOST = 999_999

seed = AppGroup("seed", help="Make data for trying out and for tests.")


def _prefix(_: click.Context, __: click.Parameter, value: str) -> str:
    if not PREFIX.fullmatch(value):
        raise click.BadParameter("1 to 14 of a-z, 0-9, _, - and . in any case")
    return value


def _room(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not value.strip() or len(value) > 50):
        raise click.BadParameter("1 to 50 characters, not blank")
    return value


@seed.command("users")
@click.option("--count", required=True, type=click.IntRange(1, MOST), help="How many.")
@click.option(
    "--password",
    envvar="SEED_PASSWORD",  # which other users of the machine cannot read, as a command line
    callback=password_option,
    help="Of all of them; better in SEED_PASSWORD. Made and printed if left out.",
)
@click.option(
    "--prefix", default="user", show_default=True, callback=_prefix, help="user1, user2 …"
)
@click.option(
    "--room", callback=_room, help="A group of the first one's that all become members of."
)
@click.option(
    "--tokens",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to write an access token of each of them to, one a line.",
)
@with_services
def seed_users(
    count: int, password: str | None, prefix: str, room: str | None, tokens: Path | None
) -> None:
    """Create users PREFIX1 … PREFIXN; existing ones stay unchanged.

    With --room the last line of the output is the id of the group.
    """
    wired = services()
    migrations.upgrade(wired.database)
    generated = None if password else secrets.token_urlsafe(12)
    if generated:  # first, so that an interruption does not lose it
        click.echo(f"password of the new ones: {generated}")
    names = [f"{prefix}{number}" for number in range(1, count + 1)]
    created = wired.accounts.create_many(names, password or generated or "")
    users = list(shown(created, count, "users"))
    if tokens is not None:
        with _private_file(tokens) as write:
            for token in shown(_tokens(wired, users), len(users), "tokens"):
                write(f"{token}\n")
    click.echo(f"{names[0]} to {names[-1]} are there")
    if room is not None:
        click.echo(wired.groups.gather(users[0], room, users).id)


@seed.command("demo")
@click.option(
    "--password",
    envvar="SEED_PASSWORD",  # which other users of the machine cannot read, as a command line
    callback=password_option,
    help="Of all of them; better in SEED_PASSWORD. Made and printed if left out.",
)
@with_services
def make_demo(password: str | None) -> None:
    """Create a few users, a direct room and two groups with some history; safe to repeat."""
    wired = services()
    migrations.upgrade(wired.database)
    generated = secrets.token_urlsafe(9)

    def tell_password() -> None:
        click.echo(f"New people of the demo log in with the password {generated}")

    are_new = seed_demo(wired, password, generated, tell_password)
    click.echo("These people have been talking:")
    for one in PEOPLE:
        click.echo(f"  {one.username:<10} {escape(one.nickname)}")
    if password:
        click.echo("Log in as any of them, with the password you gave.")
    elif not are_new:
        click.echo("They were here before: their password is as it was; --password sets another.")


def _tokens(wired: Services, users: Iterable[User]) -> Iterator[str]:
    for some in chunked(users, CHUNK):
        for grant in wired.sessions.start_many(some, "seed"):
            yield issue_tokens(grant)["access_token"]


@contextmanager
def _private_file(path: Path) -> Iterator[Callable[[str], Any]]:
    """Write a file that only its owner may read; rename it into place when it is complete."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            yield file.write
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
