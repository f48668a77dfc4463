"""Programs of tests that need a process of their own, such as one that eventlet patches."""

from __future__ import annotations

import subprocess
import sys

from harness.servers import PATIENCE, ROOT, environment


def succeed(program: str) -> None:
    """Run a program, and see that none of its assertions fails."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
