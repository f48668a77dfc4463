"""nginx in front of several servers, configured as docs/operating.md says."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import requests
import trustme
from requests.adapters import HTTPAdapter

from harness import programs
from harness.servers import PATIENCE, free_port
from tests.docs.documents import OPERATING, program

# What a distribution's own nginx.conf says around a site, with everything in one folder.
AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    log_format compact '$status $remote_addr $upstream_addr $request_method $uri';
    access_log {folder}/access.log compact;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""
UPSTREAM = re.compile(r"upstream chat \{.*?\n\}\n", re.DOTALL)


class HasPort(Protocol):
    """What stands behind the proxy, on 127.0.0.1."""

    port: int


class Nginx:
    """Use as `with Nginx(folder, servers) as nginx`; `nginx.url` is its address, with TLS."""

    def __init__(self, folder: Path, servers: Sequence[HasPort]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.authority_file = folder / "authority.pem"
        self._servers = servers
        self._process: subprocess.Popen[bytes] | None = None

    def session(self, source: str = "127.0.0.1") -> requests.Session:
        """Return a client that calls from one of this machine's loopback addresses."""
        session = requests.Session()
        session.trust_env = False  # or a bundle named there would come first
        session.verify = str(self.authority_file)
        session.mount("https://", _From(source))
        return session

    def answers(self) -> list[tuple[int, str, str, str]]:
        """Return status, caller, server (several after a retry) and request of each answer."""
        found = []
        for line in (self.folder / "access.log").read_text().splitlines():
            status, caller, rest = line.split(" ", 2)
            servers, method, path = rest.rsplit(" ", 2)
            found.append((int(status), caller, servers, f"{method} {path}"))
        return found

    def __enter__(self) -> Nginx:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_certificate()
        configuration = self.folder / "nginx.conf"
        configuration.write_text(self._configuration())
        path = programs.nginx()
        assert path is not None, "nginx is missing: `make test` installs it"
        command = [path, "-p", str(self.folder), "-c", str(configuration)]
        with (self.folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            assert self._process.poll() is None and time.monotonic() < deadline, self.log()
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE)

    def log(self) -> str:
        """Return what it complained about."""
        files = [self.folder / "output.log", self.folder / "error.log"]
        return "\n".join(file.read_text() for file in files if file.exists())

    def _configuration(self) -> str:
        """Return the documented one, with this test's ports, name and certificate put in."""
        upstream = program(OPERATING, "several processes")
        for number, server in enumerate(self._servers, start=1):
            upstream = _put(upstream, f"127.0.0.1:500{number}", f"127.0.0.1:{server.port}")
        site = UPSTREAM.sub(upstream, program(OPERATING, "proxy"))
        site = _put(site, "listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;")
        site = _put(site, "/etc/ssl/chat/", f"{self.folder}/")
        user = "user root;" if os.geteuid() == 0 else ""
        return AROUND.format(folder=self.folder, user=user, site=site)

    def _make_certificate(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.authority_file))
        certificate = authority.issue_cert("127.0.0.1")
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(str(self.folder / "fullchain.pem"), append=True)
        certificate.private_key_pem.write_to_path(str(self.folder / "privkey.pem"))

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class _From(HTTPAdapter):
    """Connects from one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        options["source_address"] = (self._address, 0)
        super().init_poolmanager(connections, maxsize, block, **options)


def _put(text: str, old: str, new: str) -> str:
    assert old in text, f"the documented configuration has no {old!r}"
    return text.replace(old, new)
