"""`flask --app chat.app db …`: the state of the database."""

from __future__ import annotations

import time
from pathlib import Path

import click
from flask.cli import AppGroup

from chat import migrations
from chat.adoption.adopting import adopt
from chat.cli.common import shown, with_services
from chat.wiring import services

db = AppGroup("db", help="The state of the database.")


@db.command("status")
@with_services
def db_status() -> None:
    """List the migrations with their states."""
    for one in migrations.status(services().database):
        when = "" if one.started_at is None else f" {_date(one.started_at)} {one.duration_ms} ms"
        click.echo(f"{one.name} {one.state}{when}")
    newer = migrations.newer(services().database)
    if newer:
        click.echo(f"WARNING: {migrations.NEWER % ', '.join(newer)}", err=True)


@db.command("upgrade")
@click.option("--dry-run", is_flag=True, help="Only list what would run.")
@with_services
def db_upgrade(dry_run: bool) -> None:
    """Run the migrations that have not run yet."""
    database = services().database
    if dry_run:
        for migration in migrations.pending(database):
            click.echo(f"{migration.name} would run: {migration.purpose}")
        return
    for name in migrations.upgrade(database):
        click.echo(f"{name} applied")


@db.command("adopt")
@click.option(
    "--from",
    "from_uri",
    metavar="MONGO_URI/DATABASE",
    help="The database to adopt, it stays as it is; left out: the chat's own, in place.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--direct-when-two",
    is_flag=True,
    help="Make rooms of two members direct when nothing says what they are.",
)
@with_services
def db_adopt(from_uri: str | None, dry_run: bool, direct_when_two: bool) -> None:
    """Adopt the data of an older server of the known design."""
    adopt(
        services().database,
        from_uri,
        direct_when_two=direct_when_two,
        dry_run=dry_run,
        show=shown,
        say=click.echo,
    )


@db.command("copy")
@click.argument("target", type=click.Path(path_type=Path))
@with_services
def db_copy(target: Path) -> None:
    """Copy DATA_DIR to TARGET, which is new, also while the server runs.

    What people write meanwhile waits until the copy is made.
    """
    embedded = services().embedded
    if embedded is None:
        raise click.ClickException("MONGO_URI names the database: copy it with mongodump.")
    embedded.copy_to(target.absolute())
    click.echo(f"{target} is a copy of DATA_DIR, with its key: keep it as safe as the original.")


@db.command("restored")
@with_services
def db_restored() -> None:
    """Declare that a backup was restored: the last step of a restore.

    Clients then reload everything, and running servers drop their caches.
    """
    services().epoch_watch.renew()
    click.echo("The database has a new epoch: all clients load anew.")


def _date(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1000))
