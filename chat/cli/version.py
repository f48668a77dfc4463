"""`flask --app chat.app version`: which version this is."""

from __future__ import annotations

import click

from chat import __version__


@click.command("version")
def version() -> None:
    """Print the version of this server."""
    click.echo(__version__)
