"""Runs the server as an operator would: `python wsgi.py` in a process of its own."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pymongo.uri_parser import parse_uri

ROOT = Path(__file__).resolve().parents[1]
READY = re.compile(r"^(https?://\S+)/$", re.MULTILINE)
PATIENCE = 90.0  # seconds to wait on a busy machine; says nothing about the server's speed
# inherited variables
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START", "BUNDLE")


def _ports() -> Iterator[int]:
    """Yield the ports of this process in a cycle, below the range of outgoing connections.

    Each worker of pytest-xdist has a range of its own. Two runs at the same time begin at different
    places in it, and a port comes again only after all others.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    first = 10_000 + (int(worker) + 1 if worker else 0) % 10 * 1_000
    start = random.randrange(1_000)
    return itertools.cycle([*range(first + start, first + 1_000), *range(first, first + start)])


_own_ports = _ports()


def free_port() -> int:
    """Return a port on which nothing listens, and that was not returned lately."""
    for _ in range(1_000):
        port = next(_own_ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def environment(extra: Mapping[str, object]) -> dict[str, str]:
    """Return an environment that configures nothing but `extra`; no `.env` is read."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    kept["FLASK_SKIP_DOTENV"] = "1"
    return kept | {name: str(value) for name, value in extra.items()}


class Server:
    """One `python wsgi.py`; settings are its environment: `Server(tmp_path, RATE_LIMITS="off")`.

    Without MONGO_URI it runs the embedded database in `data_dir`. A thread reads its standard
    output all the time; its log goes to `data_dir/server.log`.
    """

    program = "wsgi.py"

    def __init__(self, data_dir: Path, **settings: object) -> None:
        self.data_dir = Path(data_dir)
        self.log_file = self.data_dir / "server.log"
        self.port = int(str(settings.get("PORT") or free_port()))
        self._environment = environment({"DATA_DIR": data_dir, **settings, "PORT": self.port})
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._printed = ""
        self._mail_read: dict[str, int] = {}  # by address: the end of the last mail read
        self._ended = False
        self._changed = threading.Condition()  # there is new output, or it ended

    @property
    def url(self) -> str:
        """Return the address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def mongo_uri(self) -> str:
        """Return the URI of its configured database."""
        return self._environment["MONGO_URI"]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def processes(self) -> list[int]:
        """Return the ids of the running processes among its own and its database's."""
        uri = self._environment.get("MONGO_URI")
        record = self.data_dir / "database" / "record.json"
        places: list[tuple[str, int | None]] = []
        if uri is not None:
            places = parse_uri(uri)["nodelist"]
        elif record.exists():
            found_at = json.loads(record.read_text())
            places = [(found_at.get("socket", ""), found_at.get("port"))]
        marks = [
            (f"\0--port\0{port}\0" if port else f"\0--bind_ip\0{host}\0").encode()
            for host, port in places
        ]
        found = [self.pid] if self.running else []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it ended meanwhile
                arguments = file.read_bytes()
                if any(mark in arguments for mark in marks):
                    found.append(int(file.parent.name))
        return found

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def set(self, name: str, value: object) -> None:
        """Change a setting for the next start."""
        self._environment[name] = str(value)

    def start(self, ready: bool = True, timeout: float = PATIENCE) -> Server:
        """Start it, or start it again; by default wait until it has printed its address."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._printed, self._mail_read, self._ended = "", {}, False
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, self.program],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if ready:
            self.wait_for(READY.pattern, timeout)
        return self

    def wait_for(self, pattern: str, timeout: float = PATIENCE) -> re.Match[str]:
        """Wait until its output matches `pattern` (multi-line); return the last match."""

        def found() -> bool:
            return self._ended or re.search(pattern, self._printed, re.MULTILINE) is not None

        with self._changed:
            self._changed.wait_for(found, timeout)
            matches = list(re.finditer(pattern, self._printed, re.MULTILINE))
        if not matches:
            raise AssertionError(
                f"never printed {pattern!r}; printed:\n{self._printed}\nlogged:\n{self.log()}"
            )
        return matches[-1]

    def next_code(self, email: str, timeout: float = PATIENCE) -> str:
        """Return the code in the oldest unread mail to an address.

        Mails are printed in the background, so the newest printed one may belong to an earlier
        request.
        """
        mail = re.compile(rf"To: {re.escape(email)}\n[^─]*?\b(\d{{6}}|\d{{8}})\b")

        def find() -> re.Match[str] | None:
            return mail.search(self._printed, self._mail_read.get(email, 0))

        with self._changed:
            found = self._changed.wait_for(find, timeout)
            assert found, f"no mail to {email}; printed:\n{self._printed}"
            self._mail_read[email] = found.end()
            return found[1]

    def terminal(self) -> str:
        """Return the standard output since the start, which includes e-mails."""
        with self._changed:
            return self._printed

    def log(self) -> str:
        """Return the log on standard error of all starts."""
        return self.log_file.read_text("utf-8") if self.log_file.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait until the process ends; return its exit code."""
        assert self._process is not None and self._reader is not None
        code = self._process.wait(timeout)
        self._reader.join(timeout)
        return code

    def kill(self) -> int:
        """Kill the process, as a crash would."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self) -> int:
        """Stop the process with SIGTERM; return its exit code, or 0 if it was never started."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                with self._changed:
                    self._printed += line
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
