"""`flask --app chat.app users …`: the accounts, for an operator."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from chat import migrations
from chat.cli.columns import date, facts, line, moment
from chat.cli.common import confirmed, not_found_as, with_services
from chat.logs import escape
from chat.models import User
from chat.services.links import RESET_MINUTES
from chat.settings import public_url
from chat.wiring import services

users = AppGroup("users", help="The accounts, for an operator. NAME is a username or an id.")


@users.command("list")
@click.option("--disabled", is_flag=True, help="Only those that are disabled.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_services
def list_users(disabled: bool, as_json: bool) -> None:
    """List the accounts: username, date of registration, state, e-mail address.

    A question mark marks an address that no code has proven.
    """
    for user in services().account_administration.list_users(disabled=disabled):
        click.echo(json.dumps(_described(user)) if as_json else _line(user))


@users.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_services
def show_user(name: str, as_json: bool) -> None:
    """Show an account with the numbers of its sessions and rooms."""
    with _known(name):
        found = services().account_administration.show_user(name)
    used = max((one.last_used_at for one in found.sessions), default=None)
    if as_json:
        more = {"sessions": len(found.sessions), "last_used_at": used}
        click.echo(
            json.dumps(
                {**_described(found.user), **more, "rooms": found.rooms, "owned": found.owned}
            )
        )
        return
    user = found.user
    proof = "" if user.email_is_proven or not user.email else " (not proven)"
    pairs = [
        ("username", user.username),
        ("id", user.id),
        ("nickname", user.nickname),
        ("e-mail", user.email + proof),
        ("language", user.locale),
        ("registered", moment(user.created_at)),
        ("disabled", user.disabled_at and f"since {moment(user.disabled_at)}"),
        ("devices", len(found.sessions)),
        ("last seen", used and moment(used)),
        ("rooms", f"{found.rooms}, owner of {found.owned}"),
    ]
    for one in facts(pairs):
        click.echo(one)


@users.command("end")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_services
def end_user(name: str, yes: bool) -> None:
    """Delete an account as its owner would. Its messages stay, without a name."""
    with _known(name):
        user = services().account_administration.get_user(name)
        confirmed(yes, f"Delete the account {escape(user.username)} for good?")
        services().account_administration.end_user(user.id)
    click.echo(f"The account {escape(user.username)} is deleted.")


@users.command("disable")
@click.argument("name")
@with_services
def disable_user(name: str) -> None:
    """Refuse log-ins to an account, and end its sessions within 5 seconds."""
    with _known(name):
        user = services().account_administration.disable_user(name)
    click.echo(f"The account {escape(user.username)} is disabled.")


@users.command("enable")
@click.argument("name")
@with_services
def enable_user(name: str) -> None:
    """Allow log-ins to a disabled account again."""
    with _known(name):
        user = services().account_administration.enable_user(name)
    click.echo(f"The account {escape(user.username)} can log in.")


@users.command("reset-link")
@click.argument("name")
@with_services
def reset_link(name: str) -> None:
    """Print a link with which a user can set a new password, once and within an hour.

    Earlier links become invalid. Give the link only to that user.
    """
    base = public_url(current_app.config)  # first, because it may raise
    migrations.upgrade(services().database)
    with _known(name):
        user, _, token = services().account_administration.issue_reset(name)
    click.echo(f"{base}/#reset={token}")
    note = f"For {escape(user.username)}, good once and for {RESET_MINUTES} minutes."
    if user.disabled_at is not None:
        note += " The account is disabled: it cannot log in before users enable."
    click.echo(note, err=True)


def _line(user: User) -> str:
    state = "" if user.disabled_at is None else "disabled"
    email = user.email if user.email_is_proven else f"? {user.email}"
    return line([(user.username, 20), (date(user.created_at), 10), (state, 8), (email, 36)])


def _described(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "nickname": user.nickname,
        "email": user.email,
        "email_is_proven": user.email_is_proven,
        "locale": user.locale,
        "created_at": user.created_at,
        "disabled_at": user.disabled_at,
    }


def _known(name: str) -> AbstractContextManager[None]:
    return not_found_as(f"Nobody is called {escape(name)}.")
