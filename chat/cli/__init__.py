"""The commands of `flask --app chat.app`: for operators, for the database, and for demo data.

They run with or without a running server, on the same database, and without eventlet's patches.
"""

from __future__ import annotations

from flask import Flask

from chat.cli.audit import audit
from chat.cli.db import db
from chat.cli.invite import invite
from chat.cli.log import log
from chat.cli.rooms import rooms
from chat.cli.seed import seed
from chat.cli.users import users
from chat.cli.version import version


def register(app: Flask) -> None:
    """Add the commands to the app."""
    for command in (audit, db, invite, log, rooms, seed, users, version):
        app.cli.add_command(command)
