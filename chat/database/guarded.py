"""Serve the embedded database to one user alone, who is made before it listens.

    python -P guarded.py PASSWORD_FILE ARGUMENT...

Run by path and standing alone: this is the process of the database, and the one place that imports
it. Its own `--auth` wants the user to be made by a client first, while it still asks nobody who
they are: whoever looks at the ports of this machine could be there before us.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

USER = "chat"
DATABASE = "admin"  # where the user is kept


def main(arguments: list[str]) -> int:
    from secantus import auth, cli
    from secantus.server import SecantusDBServer

    password = Path(arguments[0]).read_text("ascii").strip()
    credentials = auth.derive_credentials(password).to_doc()

    class GuardedServer(SecantusDBServer):
        def start(self) -> None:
            keep_one_user(self.storage, credentials)
            super().start()

    cli.SecantusDBServer = GuardedServer
    return int(cli.main(arguments[1:]))


def keep_one_user(storage: Any, credentials: dict[str, object]) -> None:
    """Make our user and drop all others: any program could add some while there was no password."""
    while others := storage.list_users():
        for other in others:
            storage.drop_user(other["db"], other["user"])
    record = {
        "_id": f"{DATABASE}.{USER}",
        "user": USER,
        "db": DATABASE,
        "credentials": credentials,
        "roles": [{"role": "root", "db": DATABASE}],
        "mechanisms": list(credentials),
    }
    storage.add_user(DATABASE, USER, record)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
