"""`flask --app chat.app log`: the consumers of the rooms' logs, such as search."""

from __future__ import annotations

import click

from chat.cli.columns import line
from chat.cli.common import confirmed, not_found_as, with_services
from chat.errors import Forbidden
from chat.logs import escape
from chat.wiring import services

WIDTHS = (8, 9, 7, 8, 20)


@click.group("log")
def log() -> None:
    """Show and rebuild what follows the rooms' logs: search, push, files."""


@log.command("status")
@with_services
def status() -> None:
    """Show how far each consumer is behind: messages and changes, rooms, seconds."""
    click.echo(_row("name", "entries", "rooms", "seconds", "state"))
    for one in services().consumer_administration.list_status():
        click.echo(_row(one.name, one.entries, one.rooms, f"{one.seconds:.0f}", one.state))
        if one.failing:
            click.echo(f"  fails: {escape(one.failing)}")


@log.command("rebuild")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_services
def rebuild(name: str, yes: bool) -> None:
    """Delete what a consumer stored and have it read all logs again, by the running server."""
    confirmed(yes, f"Rebuild {escape(name)}? Until it is done, it knows only a part.")
    try:
        with not_found_as(f"No consumer is called {escape(name)}."):
            services().consumer_administration.rebuild(name)
    except Forbidden:
        raise click.ClickException(
            f"{name} tells people: it would tell them of everything once more."
        ) from None
    click.echo(f"A serving process rebuilds {name}; `log status` shows how far it is.")


def _row(*cells: object) -> str:
    return line(zip(cells, WIDTHS, strict=True))
