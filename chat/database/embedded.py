"""The default database: SecantusDB, a child process with its data in DATA_DIR.

The server and commands may share one DATA_DIR. Under a file lock, the first process that finds no
running database starts it. The database dies with the process that started it. Then the server
starts it again on the same port, so that open MongoClients keep working.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from chat.database import credentials
from chat.database.client import DEFAULT_NAME
from chat.database.files import open_private, take_lock, write_private
from chat.database.wire import HOST, send_command
from chat.errors import Unavailable
from chat.logs import REPEATS

PROGRAM = "secantusd-py"
LAUNCHER = Path(__file__).with_name("launcher.py")
# Below the ephemeral ports: a client that keeps trying an unused ephemeral port can connect to
# itself and hold the port for ever.
PORTS = range(20_000, 30_000)
# Without the driver's retryable writes: the database searches all earlier ones at each write, which
# after 10,000 takes longer than the writes. It also loses them when it dies, which is when a driver
# would retry. So callers retry.
OPTIONS = f"directConnection=true&retryWrites=false&authSource={credentials.DATABASE}"
# Environment variables for the database; the others may hold secrets.
ENVIRONMENT = (
    *("PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH"),
    *("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"),
)

START_SECONDS = 60.0  # recovery after a crash may take a while
STOP_SECONDS = 10.0  # it needs two; a killed one loses nothing either
START_TRIES = 4  # a killed predecessor may hold its files a moment longer than its lock
POLL_SECONDS = 0.03
WATCH_SECONDS = 0.25
BACKOFF_SECONDS = (0.5, 10.0)  # the first and the longest pause between restarts
STEADY_SECONDS = 5.0  # after so long a run the next restart is immediate
INTERNAL_ERROR = 1  # its code for any failure of the storage
LOOK_SECONDS = 1.0  # between two health checks
SPACE_BYTES = 32 * 1024 * 1024  # for a start and some work; its log alone grows by 10 MB at once
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
LOG_BYTES = 1024 * 1024  # of the child's log before it is truncated

log = logging.getLogger(__name__)


class EmbeddedDatabaseError(Unavailable):
    """The embedded database does not run; the text is one sentence for the operator."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.args = (text,)


class EmbeddedDatabase:
    """The database server in `data_dir`, started by the first process that needs it.

    Start it from the main thread, because the kernel kills the child when its parent thread ends.
    `durable=False` trades safety for speed; it is only for tests.
    """

    def __init__(self, data_dir: str | Path, durable: bool = True, engine: str = "auto") -> None:
        self._directory = Path(data_dir).resolve() / "database"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._port: int | None = None
        self._uri: str | None = None
        self._stopped = False
        self._told_broken = False  # whether the present failure of the child is logged

    @property
    def log_file(self) -> Path:
        """Return the path of the database server's log."""
        return self._directory / "log"

    @property
    def child_pid(self) -> int | None:
        """Return the process id of the database if this process started it and it runs."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def uri(self) -> str:
        """Return the URI of the running database; start it if it does not run.

        The URI contains the password. Raises EmbeddedDatabaseError if the database is not
        installed, does not start or does not answer.
        """
        self._uri = self._ensure()
        return self._uri

    def find_space_problem(self) -> str | None:
        """Return the error if there is too little disk space for a start, or None."""
        probe = self._directory / "space"
        try:
            with open_private(probe) as file:
                os.posix_fallocate(file.fileno(), 0, SPACE_BYTES)
        except OSError as error:
            if error.errno in NO_SPACE:
                return f"{os.strerror(error.errno)}: {self._directory}"
        finally:
            with suppress(OSError):
                probe.unlink()
        return None

    def supervise(self, moved: Callable[[str], object] | None = None) -> None:
        """Restart a dead database until `stop`; call `moved` with the URI if that changes.

        The first restart is immediate; repeated ones have growing pauses. A database that answers
        only errors, as after a write on a full disk, is restarted as soon as there is space.
        """
        pause, started, looked_at = 0.0, time.monotonic(), 0.0
        while not self._stopped:
            if self.child_pid is not None and time.monotonic() - looked_at > LOOK_SECONDS:
                looked_at = time.monotonic()
                self._end_broken()
            if self.child_pid is None:
                self._tell_death(pause)
                self._sleep(pause)
                pause = min(max(2 * pause, BACKOFF_SECONDS[0]), BACKOFF_SECONDS[1])
                try:
                    found = self._ensure()
                except (EmbeddedDatabaseError, OSError) as error:
                    if not self._stopped:
                        log.error("%s Trying again in %.1f s.", error, pause, extra=REPEATS)
                    continue
                started = time.monotonic()
                before, self._uri = self._uri, found
                if before not in (None, found) and moved is not None:
                    moved(found)
                if self.child_pid is None:  # another process has started it
                    pause = 0.0
            elif pause and time.monotonic() - started > STEADY_SECONDS:
                pause = 0.0
            self._sleep(WATCH_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the supervision and stop the database if this process started it.

        Waits until it has closed its files; after `seconds` it is killed.
        """
        self._stopped = True
        child, self._child = self._child, None
        if child is None:
            return
        if self._is_ready:
            child.terminate()
        else:  # it does not handle signals yet, and has no new data
            child.kill()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            log.warning("the embedded database did not stop in time and was killed")
            child.kill()
            child.wait()

    def _tell_death(self, pause: float) -> None:
        """Log once how the child ended, if it had been ready before."""
        code = self._child.poll() if self._child is not None else None
        if code is not None and self._is_ready:
            self._is_ready = False
            how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            log.error("the embedded database %s, starting it again in %.1f s", how, pause)

    def _end_broken(self) -> None:
        """Kill the child if it answers only errors and there is disk space for a restart."""
        if self._port is None or not _is_broken(self._port):
            self._told_broken = False
            return
        problem = self.find_space_problem()
        if not self._told_broken:
            self._told_broken = True
            then = (
                f"it is started again when there is space. {problem}" if problem else "killing it"
            )
            log.error("the embedded database answers nothing but errors: %s", then)
        child = self._child
        if problem is None and child is not None:
            child.kill()  # an orderly stop would fail
            child.wait()

    def _sleep(self, seconds: float) -> None:
        """Sleep in steps, so that `stop` takes effect soon."""
        end = time.monotonic() + seconds
        while not self._stopped and time.monotonic() < end:
            time.sleep(min(WATCH_SECONDS, seconds))

    def _ensure(self) -> str:
        """Return the URI of the running database; start it if it does not run."""
        try:
            return self._find_or_start()
        except OSError as error:  # such as a read-only file system
            where = error.filename or self._directory
            raise EmbeddedDatabaseError(
                f"DATA_DIR cannot be used: {error.strerror}: {where}."
            ) from None

    def _find_or_start(self) -> str:
        program = find_program()
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        deadline = time.monotonic() + START_SECONDS
        with self._starting(deadline):
            while time.monotonic() < deadline:
                port = self._recorded_port()
                if not self._is_alive():
                    port = self._start(program, port)
                elif port is None or not _answers(port):
                    time.sleep(POLL_SECONDS)  # it is starting or stopping
                    continue
                self._port = port
                return self._uri_of(port)
        raise EmbeddedDatabaseError(
            f"The embedded database is running but does not answer: see {self.log_file}."
        )

    @contextmanager
    def _starting(self, deadline: float) -> Iterator[None]:
        """Hold the lock for finding or starting the database, without blocking the event loop."""
        with open_private(self._directory / "lock") as lock:
            while not take_lock(lock):
                if time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(
                        f"Another process has been starting the database in {self._directory}"
                        f" for {START_SECONDS:.0f} s: end it and try again."
                    )
                time.sleep(POLL_SECONDS)
            yield

    def _is_alive(self) -> bool:
        """Return whether a database runs here. Call it within `_starting`: it takes the lock."""
        with open_private(self._directory / "alive") as lock:
            return not take_lock(lock)

    def _start(self, program: str, port: int | None) -> int:
        if self._child is not None:  # it does not hold its lock, so it is dead or dying
            self._child.kill()
            self._child.wait()
        for _ in range(START_TRIES):
            if port is None or not _is_free(port):
                port = _free_port()
                # A new password, because another program at the old port could relay the log-ins of
                # clients that do not know the new port yet.
                self._forget_password()
            if self._ensure_user(program) and self._serve(program, port):
                return port
            time.sleep(0.1)
        problem = self.find_space_problem()
        if problem is not None:
            raise EmbeddedDatabaseError(f"The embedded database did not start. {problem}.")
        raise EmbeddedDatabaseError(f"The embedded database did not start: see {self.log_file}.")

    def _ensure_user(self, program: str) -> bool:
        """Create the database's user if it is missing; return whether it exists."""
        if credentials.read_password(self._password_file) is not None:
            return True
        port, key = _free_port(), self._directory / "key"
        password = credentials.new_password()
        with credentials.single_use_key(key) as tls:
            child = self._launch(program, port, credentials.key_options(key), durable=True)
            if not self._wait_until_ready(child, port, tls):
                return False
            try:
                made = credentials.create_only_user(port, tls, password)
            finally:
                self._end(child, port, tls)
        if made:  # only now, because the file means that the user exists
            temporary = self._directory / "password.new"
            write_private(temporary, password + "\n")
            temporary.replace(self._password_file)
        return made

    def _serve(self, program: str, port: int) -> bool:
        """Start it with authentication; return whether it answers and knows the user."""
        child = self._launch(program, port, ["--auth"], self._durable)
        if not self._wait_until_ready(child, port):
            return False
        if credentials.is_refused(self._uri_of(port)):
            log.warning("the embedded database does not know its user, making it anew")
            self._forget_password()
            self._end(child, port)
            return False
        self._is_ready = True
        self._record(port, child.pid)
        log.info("embedded database started on port %d", port)
        return True

    def _launch(
        self, program: str, port: int, options: list[str], durable: bool
    ) -> subprocess.Popen[bytes]:
        if self._stopped:
            raise EmbeddedDatabaseError("The embedded database has been stopped.")
        config = self._directory / "secantusd.toml"
        write_private(config, "# Of its own, or it would read one from the home directory.\n")
        command = [program, "--config", str(config), "--log-level", "WARNING"]
        command += ["--host", HOST, "--port", str(port)]
        command += ["--storage-path", str(self._directory / "data"), *options]
        environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        if durable:
            command.append("--sync-on-commit")
        else:
            environment["SECANTUS_TEST_FAST_STORAGE"] = "1"
        launcher = [sys.executable, "-I", str(LAUNCHER), str(os.getpid())]
        self._is_ready = False
        with self._open_log() as output:
            self._child = subprocess.Popen(
                [*launcher, str(self._directory / "alive"), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=self._directory,
                start_new_session=True,  # Ctrl-C is for the app, which stops its database last
            )
        return self._child

    def _wait_until_ready(
        self, child: subprocess.Popen[bytes], port: int, tls: ssl.SSLContext | None = None
    ) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while child.poll() is None:
            if _answers(port, tls):
                return True
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                return False
            time.sleep(POLL_SECONDS)
        return False

    def _end(
        self, child: subprocess.Popen[bytes], port: int, tls: ssl.SSLContext | None = None
    ) -> None:
        """Stop a database that nobody else uses, and wait until it has closed its files."""
        child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while child.poll() is None:
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                return
            _answers(port, tls)  # a connection wakes it up; otherwise stopping takes two seconds
            time.sleep(POLL_SECONDS)

    def _open_log(self) -> BinaryIO:
        too_long = self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES
        return open_private(self.log_file, os.O_TRUNC if too_long else os.O_APPEND)

    def _uri_of(self, port: int) -> str:
        password = credentials.read_password(self._password_file)
        if password is None:
            raise EmbeddedDatabaseError(
                f"The embedded database is running, but {self._password_file} is missing"
                " or damaged: end the server that started it, and start it again."
            )
        address = f"{credentials.USER}:{password}@{HOST}:{port}"
        return f"mongodb://{address}/{DEFAULT_NAME}?{OPTIONS}"

    @property
    def _password_file(self) -> Path:
        """Return the path of the password, which exists once the user does."""
        return self._directory / "password"

    def _forget_password(self) -> None:
        """Delete the password, so that the next start creates the user anew."""
        self._password_file.unlink(missing_ok=True)

    def _recorded_port(self) -> int | None:
        try:
            port = json.loads((self._directory / "record.json").read_text())["port"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return port if isinstance(port, int) and 0 < port < 65_536 else None

    def _record(self, port: int, pid: int) -> None:
        """Write the port of the database; `pid` is only informative."""
        record = json.dumps({"host": HOST, "port": port, "pid": pid}) + "\n"
        temporary = self._directory / "record.json.new"
        write_private(temporary, record)
        temporary.replace(self._directory / "record.json")


def find_program() -> str:
    """Return the path of the database server, beside this Python or on the PATH."""
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which(PROGRAM)
    if found is None or find_spec("cryptography") is None:
        raise EmbeddedDatabaseError(
            f"The embedded database ({PROGRAM}) or what it needs is not installed:"
            " `pip install secantusdb cryptography`, or name a MongoDB server in MONGO_URI."
        )
    return found


def _answers(port: int, tls: ssl.SSLContext | None = None) -> bool:
    """Return whether a database answers a ping; a dying one may still accept connections."""
    return send_command(port, {"ping": 1, "$db": "admin"}, tls) is not None


def _is_broken(port: int) -> bool:
    """Return whether a database answers a simple command with an internal error.

    The command is the start of a log-in, which reads the user and needs no authentication.
    """
    begin = {"mechanism": "SCRAM-SHA-256", "payload": f"n,,n={credentials.USER},r=look".encode()}
    answer = send_command(port, {"saslStart": 1, **begin, "$db": credentials.DATABASE})
    return answer is not None and answer.get("code") == INTERNAL_ERROR


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
