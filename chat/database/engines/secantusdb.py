"""SecantusDB: runs wherever Python does, but is a beta and slower.

It listens on a port of this machine, so it needs a user with a password.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from chat.database.client import DEFAULT_NAME
from chat.database.engines import credentials
from chat.database.engines.engine import Engine, Run
from chat.database.errors import EmbeddedDatabaseError
from chat.database.files import write_private
from chat.database.wire import HOST, send_command

PROGRAM = "secantusd-py"
# Below the ephemeral ports: a client that keeps trying an unused ephemeral port can connect to
# itself and hold the port for ever.
PORTS = range(20_000, 30_000)
# Without the driver's retryable writes: the database searches all earlier ones at each write, which
# after 10,000 takes longer than the writes. It also loses them when it dies, which is when a driver
# would retry. So callers retry.
OPTIONS = f"directConnection=true&retryWrites=false&authSource={credentials.DATABASE}"
INTERNAL_ERROR = 1  # its code for any failure of the storage

log = logging.getLogger(__name__)


class SecantusDB(Engine):
    """SecantusDB with authentication, on a port of the loopback address."""

    name: ClassVar[str] = "secantusdb"
    kind = name

    _port: int | None = None

    @property
    def title(self) -> str:
        return f"SecantusDB {version('secantusdb')} on port {self._port}"

    @property
    def data(self) -> Path:
        """Return the directory of the data."""
        return self._directory / "data"

    def prepare(self, run: Run) -> bool:
        program, port = find_program(), self._recorded_port()
        if port is None or not _is_free(port):
            port = _free_port()
            # A new password, because another program at the old port could relay the log-ins of
            # clients that do not know the new port yet.
            self._forget_password()
        self._port = port
        return self._ensure_user(program, run)

    def command(self) -> list[str]:
        assert self._port is not None
        return self._command(find_program(), self._port, ["--auth"], self._durable)

    def environment(self) -> dict[str, str]:
        found = _locale()
        return found if self._durable else {**found, "SECANTUS_TEST_FAST_STORAGE": "1"}

    def find(self) -> bool:
        self._port = self._recorded_port()
        return self.answers()

    def answers(self) -> bool:
        return self._port is not None and _answers(self._port)

    def is_usable(self) -> bool:
        if not credentials.is_refused(self.uri()):
            return True
        log.warning("the embedded database does not know its user, making it anew")
        self._forget_password()
        return False

    def find_fault(self) -> str | None:
        """Look whether a simple command is answered with an internal error.

        The command is the start of a log-in, which reads the user and needs no authentication.
        """
        if self._port is None:
            return None
        begin = {
            "mechanism": "SCRAM-SHA-256",
            "payload": f"n,,n={credentials.USER},r=look".encode(),
        }
        answer = send_command(self._port, {"saslStart": 1, **begin, "$db": credentials.DATABASE})
        is_broken = answer is not None and answer.get("code") == INTERNAL_ERROR
        return "answers nothing but errors" if is_broken else None

    def uri(self) -> str:
        password = credentials.read_password(self._password_file)
        if password is None:
            raise EmbeddedDatabaseError(
                f"The embedded database is running, but {self._password_file} is missing"
                " or damaged: end the server that started it, and start it again."
            )
        address = f"{credentials.USER}:{password}@{HOST}:{self._port}"
        return f"mongodb://{address}/{DEFAULT_NAME}?{OPTIONS}"

    def record(self, pid: int) -> None:
        self._write_record({"host": HOST, "port": self._port, "pid": pid})

    def _command(self, program: str, port: int, options: list[str], durable: bool) -> list[str]:
        config = self._directory / "secantusd.toml"
        write_private(config, "# Of its own, or it would read one from the home directory.\n")
        command = [program, "--config", str(config), "--log-level", "WARNING"]
        command += ["--host", HOST, "--port", str(port), "--storage-path", str(self.data)]
        return [*command, *options, *(["--sync-on-commit"] if durable else [])]

    def _ensure_user(self, program: str, run: Run) -> bool:
        """Create the database's user if it is missing; return whether it exists."""
        if credentials.read_password(self._password_file) is not None:
            return True
        port, password = _free_port(), credentials.new_password()
        with self._closed(program, port, run) as tls:
            made = tls is not None and credentials.create_only_user(port, tls, password)
        if made:  # only now, because the file means that the user exists
            temporary = self._directory / "password.new"
            write_private(temporary, password + "\n")
            temporary.replace(self._password_file)
        return made

    @contextmanager
    def _closed(self, program: str, port: int, run: Run) -> Iterator[ssl.SSLContext | None]:
        """Run the database for one client; yield the TLS context of that, or None if it failed."""
        key = self._directory / "key"
        with credentials.single_use_key(key) as tls:
            command = self._command(program, port, credentials.key_options(key), durable=True)
            with run(command, _locale(), lambda: _answers(port, tls)) as ready:
                yield tls if ready else None

    @property
    def _password_file(self) -> Path:
        """Return the path of the password, which exists once the user does."""
        return self._directory / "password"

    def _forget_password(self) -> None:
        """Delete the password, so that the next start creates the user anew."""
        self._password_file.unlink(missing_ok=True)

    def _recorded_port(self) -> int | None:
        port = self._read_record("port")
        return port if isinstance(port, int) and 0 < port < 65_536 else None


def find_program() -> str:
    """Return the path of SecantusDB's program, beside this Python or on the PATH."""
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which(PROGRAM)
    if found is None or find_spec("cryptography") is None:
        raise EmbeddedDatabaseError(
            f"The embedded database ({PROGRAM}) or what it needs is not installed:"
            " `pip install secantusdb cryptography`, or name a MongoDB server in MONGO_URI."
        )
    return found


def _locale() -> dict[str, str]:
    names = ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES")
    return {name: os.environ[name] for name in names if name in os.environ}


def _answers(port: int, tls: ssl.SSLContext | None = None) -> bool:
    """Return whether a database answers a ping; a dying one may still accept connections."""
    return send_command(port, {"ping": 1, "$db": "admin"}, tls) is not None


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    for port in random.sample(PORTS, len(PORTS)):
        if _is_free(port):
            return port
    raise EmbeddedDatabaseError("The embedded database finds no free port to listen on.")
