"""Run `flask --app chat.app …` as its user would, a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.servers import PATIENCE, ROOT, environment


def flask(
    *arguments: str, data_dir: Path, check: bool = True, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; settings are its environment variables."""
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
