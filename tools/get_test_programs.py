"""Get what the tests need beside Python: a browser, node with its packages, Redis and nginx.

With `--clients` get what the clients in Java and Go need instead, and build them. Each by the first
way that works, the system's own first. Ends with one sentence when none does.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat.database.engines.mongod import MissingProgram, find_program  # noqa: E402
from harness import programs  # noqa: E402

DOWNLOAD_SECONDS = 300
INSTALL_SECONDS = 900
FIRST_GO_THAT_UPDATES = 21  # of 1.x: it gets by itself the version that a module asks for
Way = tuple[str, Callable[[], bool]]


def run(command: Sequence[str], seconds: float, cwd: Path = ROOT) -> bool:
    """Run a command, show it and its output, and tell whether it went well."""
    print("+", " ".join(command), flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, flush=True)
        return False
    return result.returncode == 0


def apt_install(*packages: str) -> bool:
    """Install Debian's packages, as root and where apt is."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    # Another process may be installing something right now: wait for it.
    apt = ["apt-get", "-o", f"DPkg::Lock::Timeout={DOWNLOAD_SECONDS}"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    return run([*apt, "update"], INSTALL_SECONDS) and run(install, INSTALL_SECONDS)


def has_browsers() -> bool:
    """Tell whether browsers start the way the tests start them; in a process of its own."""
    script = (
        "from playwright.sync_api import sync_playwright\n"
        "from harness.programs import quick_chromium, whole_chromium\n"
        "with sync_playwright() as playwright:\n"
        "    for one in (quick_chromium(), whole_chromium()):\n"
        "        playwright.chromium.launch(**one).close()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=120
    )
    return result.returncode == 0


def has_node() -> bool:
    """Tell whether there is a node of 18 or later with npm."""
    try:
        node = programs.node()
    except RuntimeError:
        return False
    major = "process.exit(Number(process.versions.node.split('.')[0]) >= 18 ? 0 : 1)"
    return (
        programs.npm() is not None
        and subprocess.run([node, "-e", major], timeout=60).returncode == 0
    )


def install_node_packages() -> bool:
    """Install what `tests/node/package-lock.json` pins, unless that has been done."""
    lock = programs.NODE_PROJECT / "package-lock.json"
    stamp = programs.NODE_PROJECT / "node_modules" / ".installed"
    checksum = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == checksum:
        return True
    npm = programs.npm()
    if npm is None or not run([*npm, "ci"], INSTALL_SECONDS, programs.NODE_PROJECT):
        return False
    stamp.write_text(checksum)
    return True


def has_java() -> bool:
    """Tell whether there are Maven and a Java that runs a source file."""
    return shutil.which("mvn") is not None and run(["java", "--version"], 60)


def has_go() -> bool:
    """Tell whether there is a Go that can fetch the version its module asks for."""
    try:
        asked = subprocess.run(
            [programs.go(), "env", "GOVERSION"], capture_output=True, text=True, timeout=60
        )
    except OSError:
        return False
    version = re.match(r"go1\.(\d+)", asked.stdout)
    return version is not None and int(version[1]) >= FIRST_GO_THAT_UPDATES


def get_clients() -> None:
    """Get Java and Go, and build the clients that need them."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    ensure(
        "Java 11 or later with Maven",
        has_java,
        [("apt-get", lambda: apt_install("maven", "default-jdk-headless"))],
        "install a JDK and Maven.",
    )
    ensure(
        "Go 1.21 or later",
        has_go,
        [("its Python package", lambda: run([*pip, "requirements-go.lock"], DOWNLOAD_SECONDS))],
        "install Go.",
    )
    java, go = ROOT / "tests" / "clients" / "java", ROOT / "tests" / "clients" / "go"
    if not (
        run(["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies"], 600, java)
        and run([programs.go(), "build", "-o", "build/line_client", "."], INSTALL_SECONDS, go)
    ):
        sys.exit("The clients in Java and Go could not be built: look above at why.")


def has_mongod() -> bool:
    """Tell whether a mongod starts, and print why if none does."""
    try:
        find_program()
    except MissingProgram as error:
        print(error, flush=True)
        return False
    return True


def ensure(what: str, there: Callable[[], bool], ways: Sequence[Way], advice: str) -> None:
    """Try the ways in turn until it is there, or end with the advice."""
    if there():
        return
    for name, way in ways:
        print(f"no {what} yet: trying {name}", flush=True)
        if way() and there():
            return
    sys.exit(f"The tests need {what}, and no way to get it worked: {advice}")


def main() -> None:
    """Get everything or stop with what to do."""
    python = sys.executable
    pip = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    playwright = [python, "-m", "playwright"]
    ensure(
        "Playwright's driver",
        lambda: run([*playwright, "--version"], 60),
        [("apt-get", lambda: apt_install("libatomic1"))],  # all it lacks on a bare Debian
        "install the package libatomic1, or see above what it lacks.",
    )
    ensure(
        "Chromium",
        has_browsers,
        [
            ("apt-get", lambda: apt_install(programs.CHROMIUM_SHELL, "chromium")),
            (
                "Playwright's download",
                lambda: run([*playwright, "install", "chromium"], DOWNLOAD_SECONDS),
            ),
            ("apt-get", lambda: apt_install("chromium")),
            (
                "Playwright's download and the libraries it needs",
                lambda: run([*playwright, "install", "--with-deps", "chromium"], INSTALL_SECONDS),
            ),
        ],
        "install the package chromium, or run `.venv/bin/playwright install --with-deps chromium`.",
    )
    ensure(
        "node 18 or later with npm",
        has_node,
        [
            ("its Python package", lambda: run([*pip, "requirements-node.lock"], DOWNLOAD_SECONDS)),
            ("apt-get", lambda: apt_install("nodejs", "npm")),
        ],
        "install node and npm.",
    )
    ensure(
        "redis-server",
        lambda: shutil.which("redis-server") is not None,
        [("apt-get", lambda: apt_install("redis-server"))],
        "install the package redis-server.",
    )
    ensure(
        "nginx",
        lambda: programs.nginx() is not None,
        [("apt-get", lambda: apt_install("nginx"))],
        "install the package nginx.",
    )
    # The wheel with mongod is installed by now; a bare Debian lacks a library for it.
    if not has_mongod() and not (apt_install("libcurl4") and has_mongod()):
        print("So the tests that need mongod are skipped.", flush=True)
    if not install_node_packages():
        sys.exit(
            "The tests need the npm packages of tests/node: run `npm ci` there and look at why."
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["--clients"]:
        get_clients()
    else:
        main()
