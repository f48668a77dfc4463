"""A Redis for tests and measurements, which keeps its port and its Unix socket over restarts."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from harness.servers import PATIENCE, free_port


class Redis:
    """A redis-server with its Unix socket in a directory. It stores nothing on disk."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._socket = directory / "redis.sock"
        self.unix_url = f"unix://{self._socket}"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again; return when it listens. Raises RuntimeError."""
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("redis-server is missing: `make programs` gets it")
        command = [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self._process = subprocess.Popen(
            [*command, "--unixsocket", self._socket.name],  # below its working directory
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server does not listen")
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return self._socket.exists() and probe.connect_ex(("127.0.0.1", self.port)) == 0
