"""Run `flask --app chat.app …` in a process of its own or, faster, in this process."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat import logs
from chat.app import create_app, stop
from chat.services.audit import bind_caller
from harness.servers import PATIENCE, ROOT, environment


def flask(
    *arguments: str, data_dir: Path, check: bool = True, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, a process of its own; settings are its environment variables."""
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "chat.app", *arguments],
        cwd=ROOT,
        env=environment({"DATA_DIR": data_dir, **settings}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert not check or result.returncode == 0, result.stderr
    return result


def command(
    *arguments: str,
    data_dir: Path,
    check: bool = True,
    environ: dict[str, str] | None = None,
    **settings: object,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process, a hundredth of the work; it has no input.

    Settings are those of its app, `environ` adds environment variables. The embedded database
    wants a process of its own: give MONGO_URI.
    """
    assert "MONGO_URI" in settings
    app = create_app("config.Config", DATA_DIR=str(data_dir), **settings)
    bind_caller("")  # as in a process of its own, where no request was before
    try:
        with _logging_as_before(), app.app_context():
            result = app.test_cli_runner().invoke(args=arguments, input="", env=environ)
    finally:
        stop(app)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert not check or result.exit_code == 0, result.stderr
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


@contextmanager
def _logging_as_before() -> Iterator[None]:
    """Undo that a command logs to its own standard error."""
    root, own = logging.getLogger(), [logging.getLogger(name) for name in logs.OWN]
    handlers, levels = root.handlers[:], [one.level for one in (root, *own)]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for one, level in zip((root, *own), levels, strict=True):
            one.setLevel(level)
