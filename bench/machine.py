"""Describes the machine and the versions of a measurement."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from bench.sides import CENTRIFUGO, CENTRIFUGO_PROGRAM, PEERS
from harness import programs

PACKAGES = ("flask-socketio", "python-socketio", "python-engineio", "eventlet", "pymongo")
NODE_PACKAGES = ("socket.io", "engine.io", "ws", "mongodb")


def described(database: str) -> list[str]:
    """Return one line for each property that affects the figures; `database` is one of them."""
    node = subprocess.run([programs.node(), "--version"], capture_output=True, text=True)
    lock = json.loads((PEERS / "package-lock.json").read_text())["packages"]
    python = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    npm = ", ".join(f"{name} {lock[f'node_modules/{name}']['version']}" for name in NODE_PACKAGES)
    return [
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB",
        f"System: {platform.system()} {platform.release().partition('-')[0]}",
        f"Python {platform.python_version()}: {python}",
        f"Node {node.stdout.strip().lstrip('v')}: {npm}",
        f"Centrifugo {CENTRIFUGO if CENTRIFUGO_PROGRAM.exists() else 'was not measured'}",
        f"Database: {database}",
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
