"""`flask --app chat.app invite`: registration links."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from flask import current_app

from chat import migrations
from chat.cli.columns import line, moment
from chat.cli.common import not_found_as, with_services
from chat.models import Link
from chat.settings import public_url
from chat.wiring import services


@click.command("invite")
@click.option(
    "--uses",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many accounts can be made by it.",
)
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 365), help="How long it is good."
)
@click.option("--list", "listed", is_flag=True, help="List those that have not expired instead.")
@click.option("--revoke", metavar="ID", help="End one instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_services
def invite(uses: int, days: int, listed: bool, revoke: str | None, as_json: bool) -> None:
    """Print a link with which people can register.

    It is shown only once, because only a hash of its token is stored.
    """
    wired = services()
    if listed and revoke is not None:
        raise click.UsageError("--list and --revoke exclude each other.")
    if revoke is not None:
        _revoke(revoke)
        return
    if listed:
        for link in wired.account_administration.list_registrations():
            click.echo(json.dumps(_described(link)) if as_json else _line(link))
        return
    base = public_url(current_app.config)  # first, because it may raise
    if wired.registration.mode == "closed":
        raise click.ClickException("REGISTRATION=closed lets nobody register: change it first.")
    migrations.upgrade(wired.database)
    link, token = wired.account_administration.issue_registration(uses, days)
    url = f"{base}/#register={token}"
    click.echo(json.dumps({**_described(link), "url": url}) if as_json else url)


def _revoke(link_id: str) -> None:
    with not_found_as("There is no such invitation: see invite --list."):
        services().account_administration.revoke_registration(link_id)
    click.echo("The invitation is ended.")


def _described(link: Link) -> dict[str, object]:
    described = asdict(link)
    return {
        name: described[name] for name in ("id", "uses", "uses_left", "created_at", "expires_at")
    }


def _line(link: Link) -> str:
    left = f"{link.uses_left} of {link.uses} left"
    return line([(link.id, 24), (left, 20), (f"until {moment(link.expires_at)}", 26)])
