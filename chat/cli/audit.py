"""`flask --app chat.app audit`: the audit log."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import get_args

import click

from chat.cli.common import not_found_as, with_services
from chat.logs import escape
from chat.models import OPERATOR, Action, AuditEntry
from chat.wiring import services


@click.command("audit")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--user", "username", help="Only what this person did or what was done to them.")
@click.option("--action", type=click.Choice(get_args(Action)), help="Only this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_services
def audit(limit: int, username: str | None, action: str | None, as_json: bool) -> None:
    """Print the latest entries of the audit log, the oldest first."""
    wired = services()
    with not_found_as(f"Nobody is called {escape(username or '')}."):
        user_id = wired.profiles.get_by_username(username).id if username else None
    entries = wired.audit.list_latest(limit, user_id, action)
    names = wired.profiles.names_of(
        {one for entry in entries for one in (entry.actor_id, entry.target_id) if one}
    )
    for entry in entries:
        click.echo(json.dumps(asdict(entry)) if as_json else _line(entry, names))


def _line(entry: AuditEntry, names: dict[str, str]) -> str:
    """Return one line; names and other input are escaped, so they cannot break it."""
    # In brackets, which usernames cannot contain, because a user may be called operator.
    names = {**names, OPERATOR: f"({OPERATOR})"}
    when = datetime.fromtimestamp(entry.at / 1000, UTC).isoformat(timespec="milliseconds")
    facts = {
        "by": names.get(entry.actor_id) or entry.actor_id,
        "to": names.get(entry.target_id) or entry.target_id,
        "room": entry.room_id,
        "from": entry.address,
        "detail": entry.detail,
    }
    words = [f"{name}={escape(value)}" for name, value in facts.items() if value]
    return " ".join([when.replace("+00:00", "Z"), entry.action, *words])
