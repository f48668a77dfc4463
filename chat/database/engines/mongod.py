"""mongod, MongoDB's server: of this machine, or else from a wheel.

It listens on a Unix socket alone, in a directory that only the owner can enter, so it needs no
password. It runs standalone: that is faster than a replica set of one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from chat.database.client import DEFAULT_NAME, Document
from chat.database.engines.engine import ENVIRONMENT, Engine, Run
from chat.database.errors import EmbeddedDatabaseError
from chat.database.files import open_private, take_lock
from chat.database.wire import ANSWER_SECONDS, is_ok, send_command

PROGRAM = "mongod"
SOCKET = "mongod.sock"
OLDEST = 5  # major version
CACHE_GB = 0.25  # the default is half of the machine's memory
# Bytes. The kernel takes 107 for a Unix socket; longer ones get a directory of their own.
LONGEST_PATH = 100
# Journal files of 100 MB, made in advance, would be most of a small database.
STORAGE = "log=(file_max=32MB,prealloc=false)"
SLOW_MS = 5_000  # longer operations are logged; the log would fill with texts
COPYING = "copying"  # a file: its lock is held while the data is copied
FREEZE_SECONDS = 60.0  # all data in memory is written to the files first
PROBE_SECONDS = 20.0  # for a program to tell its version
VERSION = re.compile(r"^db version v((\d+)\.\d+)(\.\S+)", re.MULTILINE)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """A mongod that starts. Data of one `series`, such as 6.0, may not fit another one."""

    path: str
    series: str
    version: str


class MissingProgram(EmbeddedDatabaseError):
    """There is no mongod that starts here."""


class Mongod(Engine):
    """A standalone mongod. With a `series`, the program must be of that one."""

    name: ClassVar[str] = "mongod"
    passing = frozenset({SOCKET, COPYING})

    _socket: str | None = None

    def __init__(self, directory: Path, durable: bool = True, series: str | None = None) -> None:
        super().__init__(directory, durable)
        self._series = series

    @cached_property
    def program(self) -> Program:
        """Return the program; raise MissingProgram if there is none."""
        return find_program(self._series)

    @property
    def kind(self) -> str:
        return f"{self.name} {self.program.series}"

    @property
    def title(self) -> str:
        return f"mongod {self.program.version} on {self._socket}"

    def prepare(self, run: Run) -> bool:
        self._socket = self._choose_socket()
        (self._directory / "mongod").mkdir(mode=0o700, exist_ok=True)
        return True

    def command(self) -> list[str]:
        assert self._socket is not None
        command = [self.program.path, "--dbpath", str(self._directory / "mongod")]
        # Without the option it would listen on a second socket, in /tmp.
        command += ["--bind_ip", self._socket, "--nounixsocket", "--filePermissions", "0700"]
        command += ["--networkMessageCompressors", "disabled"]
        command += ["--wiredTigerCacheSizeGB", str(CACHE_GB)]
        command += ["--wiredTigerEngineConfigString", STORAGE]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        return [*command, "--noscripting", "--slowms", str(SLOW_MS), "--quiet"]

    def environment(self) -> dict[str, str]:
        return {"LC_ALL": "C"}  # it does not start with the name of a locale that is missing

    def find(self) -> bool:
        found = self._read_record("socket")
        self._socket = found if isinstance(found, str) else None
        return self.answers()

    def answers(self) -> bool:
        return self._socket is not None and self._ask({"ping": 1}) is not None

    def find_fault(self) -> str | None:
        """Look whether its socket is gone, and thaw it when a program died while it copied."""
        if self._socket is None:
            return None
        if not os.path.exists(self._socket):  # such as at the end of a log-in, with its directory
            return "has lost its socket"
        # With a filter that no operation matches: only the state of the lock is needed.
        state = self._ask({"currentOp": 1, "op": ""}) or {}
        if state.get("fsyncLock"):
            with open_private(self._directory / COPYING) as lock:
                if take_lock(lock) and is_ok(self._ask({"fsyncUnlock": 1}, FREEZE_SECONDS)):
                    log.warning("writes go on: the program that stopped them for a copy is gone")
        return None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with open_private(self._directory / COPYING) as lock:
            if not take_lock(lock):
                raise EmbeddedDatabaseError("Another copy of this DATA_DIR is being made.")
            try:
                if not is_ok(self._ask({"fsync": 1, "lock": True}, FREEZE_SECONDS)):
                    raise EmbeddedDatabaseError("mongod did not stop its writes for the copy.")
                yield
            finally:
                thawed = is_ok(self._ask({"fsyncUnlock": 1}, FREEZE_SECONDS))
            if not thawed:
                raise EmbeddedDatabaseError("mongod ended while it was copied: copy it again.")

    def uri(self) -> str:
        assert self._socket is not None
        # A standalone mongod has no retryable writes.
        options = "directConnection=true&retryWrites=false"
        return f"mongodb://{quote(self._socket, safe='')}/{DEFAULT_NAME}?{options}"

    def record(self, pid: int) -> None:
        self._write_record({"socket": self._socket, "pid": pid})

    def _ask(self, command: Document, seconds: float = ANSWER_SECONDS) -> Document | None:
        assert self._socket is not None
        return send_command(self._socket, {**command, "$db": "admin"}, seconds=seconds)

    def _choose_socket(self) -> str:
        path = self._directory / SOCKET
        if len(os.fsencode(path)) > LONGEST_PATH:
            path = _runtime_directory(self._directory) / SOCKET
        return str(path)


def find_program(series: str | None = None) -> Program:
    """Return the first mongod that starts, of the PATH or of the wheel; raise MissingProgram.

    With a `series` it must be of that one.
    """
    problems = []
    for path in filter(None, (shutil.which(PROGRAM), _find_in_wheel())):
        found = _probe(path)
        if isinstance(found, str):
            problems.append(f"{path} {found}")
        elif series not in (None, found.series):
            problems.append(f"{path} is {found.version}")
        else:
            return found
    needed = f"MongoDB {series}" if series else f"MongoDB {OLDEST} or later"
    raise MissingProgram(
        f"No mongod of {needed} starts on this machine"
        f" ({'; '.join(problems) or 'none is installed'})."
        " Install it, or name a MongoDB server in MONGO_URI."
    )


def _find_in_wheel() -> str | None:
    spec = find_spec("fiftyone")  # found and not imported
    for place in spec.submodule_search_locations or () if spec else ():
        program = Path(place) / "db" / "bin" / PROGRAM
        if os.access(program, os.X_OK):
            return str(program)
    return None


def _probe(path: str) -> Program | str:
    """Run a mongod to tell its version; return why it cannot be used, as the end of a sentence."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        told = subprocess.run(
            [path, "--version"],
            env=kept | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_SECONDS,
        )
    except OSError as error:
        return f"does not start ({error.strerror})"
    except subprocess.TimeoutExpired:
        return f"does not tell its version within {PROBE_SECONDS:.0f} s"
    if told.returncode < 0:  # such as SIGILL on a processor without AVX
        return f"does not start (signal {signal.Signals(-told.returncode).name})"
    version = VERSION.search(told.stdout)
    if told.returncode or version is None:
        lines = told.stderr.strip().splitlines() or ["it does not tell its version"]
        return f"does not start ({lines[-1]})"
    if int(version[2]) < OLDEST:
        return f"is too old ({version[1]}{version[3]})"
    return Program(path, version[1], version[1] + version[3])


def _runtime_directory(directory: Path) -> Path:
    """Return a private directory with a short path for the socket of a database."""
    name = f"chat-{os.geteuid()}-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]}"
    parents = filter(
        os.path.isdir, (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp")
    )
    longest = LONGEST_PATH - len(f"/{name}/{SOCKET}")
    path = Path(next(one for one in parents if len(os.fsencode(one)) <= longest)) / name
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EmbeddedDatabaseError(
            f"{path} is not a private directory of this user: remove it, or give DATA_DIR a"
            f" path so short that the socket's has at most {LONGEST_PATH} bytes."
        )
    return path
