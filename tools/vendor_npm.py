"""Renew and verify the files this project keeps from npm packages.

    python tools/vendor_npm.py           fetch the pinned versions again and rewrite the manifest
    python tools/vendor_npm.py --check   compare what is here with the manifest; needs no network

To move to another version change it in PACKAGES, run the first form and adapt the imports that
name the file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "tools" / "vendor_npm.json"


@dataclass(frozen=True)
class Package:
    """An npm package and the files taken from it: path in the package -> path here."""

    name: str
    version: str
    files: dict[str, str]


PACKAGES = [
    Package(
        "socket.io-client",
        "4.8.4",
        {
            "dist/socket.io.esm.min.js": "chat/static/vendor/socket.io.esm.min-4.8.4.js",
            "LICENSE": "chat/static/vendor/socket.io-client-4.8.4.LICENSE.txt",
        },
    ),
    Package(
        "marked",
        "18.2.1",
        {
            "lib/marked.esm.js": "chat/static/vendor/marked.esm-18.2.1.js",
            "LICENSE": "chat/static/vendor/marked-18.2.1.LICENSE.txt",
        },
    ),
    Package(
        "axe-core",
        "4.14.1",
        {
            "axe.min.js": "tests/page/vendor/axe.min-4.14.1.js",
            "LICENSE": "tests/page/vendor/axe-core-4.14.1.LICENSE.txt",
        },
    ),
]


def fetch(package: Package) -> Iterator[tuple[str, bytes]]:
    """Download one package with the npm client; yield (path here, content)."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            for inside, here in package.files.items():
                member = tar.extractfile(f"package/{inside}")
                if member is None:
                    raise SystemExit(f"{package.name}@{package.version} has no file {inside}")
                yield here, without_source_map(member.read())


def without_source_map(content: bytes) -> bytes:
    """Drop the pointer to a source map that is not kept here; browsers would ask for it in vain."""
    lines = content.splitlines(keepends=True)
    if lines and lines[-1].startswith(b"//# sourceMappingURL="):
        lines.pop()
    return b"".join(lines)


def renew() -> None:
    """Write the files of all packages and the manifest of their digests."""
    digests: dict[str, str] = {}
    for package in PACKAGES:
        for here, content in fetch(package):
            path = ROOT / here
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            digests[here] = hashlib.sha256(content).hexdigest()
    MANIFEST.write_text(json.dumps(digests, indent=2) + "\n")


def problems() -> list[str]:
    """Compare files, manifest and PACKAGES; return one sentence for each difference."""
    digests: dict[str, str] = json.loads(MANIFEST.read_text())
    wanted = {here for package in PACKAGES for here in package.files.values()}
    found = []
    for here in sorted(wanted | digests.keys()):
        path = ROOT / here
        if here not in digests or here not in wanted:
            found.append(f"{here}: manifest and PACKAGES do not agree")
        elif not path.is_file():
            found.append(f"{here}: missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digests[here]:
            found.append(f"{here}: is not what the manifest says")
    return found


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Renew and verify the vendored npm files.")
    parser.add_argument("--check", action="store_true", help="only compare, without network")
    if not parser.parse_args().check:
        renew()
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print("vendored files are what the manifest says")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
