"""Ask whether any package that the lock files pin has a known vulnerability.

`python tools/vulnerabilities.py PIP_AUDIT` runs that program over the lock files and says 0 when it
looked at every package and found nothing, 1 when it found something, 2 when it could not look.
pip-audit itself passes over packages that its service does not know, and ends well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-asyncio.lock")
SECONDS = 600


def ask(program: str, lock: str) -> list[dict[str, Any]] | None:
    """Return what is said of each package of a lock file, or None when nothing was."""
    command = [program, "--requirement", str(ROOT / lock), "--require-hashes", "--disable-pip"]
    command += ["--progress-spinner", "off", "--format", "json"]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
        answer = json.loads(result.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        print(f"{lock}: {type(error).__name__}", file=sys.stderr)
        return None
    found: list[dict[str, Any]] = answer
    return found


def main(program: str) -> int:
    """Print one line for each finding and return the exit code."""
    outcome = 0
    for lock in LOCKS:
        packages = ask(program, lock)
        passed_over = [one["name"] for one in packages or () if "skip_reason" in one]
        if not packages or passed_over:
            some = f" at {len(passed_over)} packages" if passed_over else ""
            print(f"{lock}: could not look{some}: no vulnerability service answered.")
            outcome = outcome or 2
        for one in packages or ():
            for finding in one.get("vulns", ()):
                fixed = ", ".join(finding.get("fix_versions", ())) or "nothing yet"
                print(f"{lock}: {one['name']} {one['version']}: {finding['id']}, mended by {fixed}")
                outcome = 1
    if outcome == 0:
        print("No known vulnerability.")
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
