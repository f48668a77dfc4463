"""Programs that use a Socket.IO client library as its readme shows, with all its defaults.

Each is called with `URL TRANSPORTS ACCESS_TOKEN ROOM_ID`, connects to `/group` and prints what
happens: `connected`, `disconnected REASON`, `heard NAME` for a message, `acked NAME` or
`refused WHY` for one it sent. A line `COUNT PREFIX LENGTH` lets it send so many messages of so
many characters at once; their names, PREFIX0, PREFIX1 …, are what their text begins with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness import programs
from harness.servers import ROOT
from tests.docs.programs import Program

FOLDER = Path(__file__).parent
JAVA_LIBRARIES = FOLDER / "java" / "build" / "libraries"
GO_PROGRAM = FOLDER / "go" / "build" / "line_client"
TRANSPORTS = ("polling", "websocket", "polling,websocket")

# `make test` runs these …
USUAL = ("js-4.8", "js-4.0", "js-3.1", "python-sync", "python-async")
# … and `make clients` these too, whose languages it installs.
OTHERS = ("java-2.1", "go-3.0")


def start(name: str, *arguments: str) -> Program:
    """Start a client by its name."""
    return Program([*_command(name), *arguments], ROOT, PYTHONPATH=str(ROOT), PYTHONUTF8="1")


def _command(name: str) -> Sequence[str | Path]:
    script = programs.NODE_PROJECT / "line_client.mjs"
    commands: dict[str, Sequence[str | Path]] = {
        "js-4.8": [script, "socket.io-client"],
        "js-4.0": [script, "socket.io-client-4.0"],
        "js-3.1": [script, "socket.io-client-3.1"],
        "python-sync": [sys.executable, FOLDER / "sync_client.py"],
        "python-async": [ROOT / ".venv" / "asyncio" / "bin" / "python", FOLDER / "async_client.py"],
        "java-2.1": ["java", "-cp", f"{JAVA_LIBRARIES}/*", FOLDER / "java" / "LineClient.java"],
        "go-3.0": [GO_PROGRAM],
    }
    command = commands[name]
    return [programs.node(), *command] if name.startswith("js") else command
