"""The commands: `flask --app chat.app db …` and `flask --app chat.app seed …`.

They run beside the server or without it, on the same database, and are never patched for eventlet.
"""

from __future__ import annotations

from flask import Flask

from chat.cli.audit import audit
from chat.cli.db import db
from chat.cli.seed import seed
from chat.cli.version import version


def register(app: Flask) -> None:
    """Add the commands to the app."""
    app.cli.add_command(audit)
    app.cli.add_command(db)
    app.cli.add_command(seed)
    app.cli.add_command(version)
