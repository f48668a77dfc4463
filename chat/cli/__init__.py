"""The commands of `flask --app chat.app`: for an operator, the database and trying out.

They run beside the server or without it, on the same database, and are never patched for eventlet.
"""

from __future__ import annotations

from flask import Flask

from chat.cli.audit import audit
from chat.cli.db import db
from chat.cli.invite import invite
from chat.cli.rooms import rooms
from chat.cli.seed import seed
from chat.cli.users import users
from chat.cli.version import version


def register(app: Flask) -> None:
    """Add the commands to the app."""
    for command in (audit, db, invite, rooms, seed, users, version):
        app.cli.add_command(command)
