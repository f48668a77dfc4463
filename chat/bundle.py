"""The page's bundle: what `make bundle` makes of its modules and style sheets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

STATIC = Path(__file__).resolve().parent / "static"
BUNDLE = STATIC / "bundle"
MANIFEST = BUNDLE / "manifest.json"


class Manifest(TypedDict):
    """What was made: paths below STATIC, and the digest of the sources it was made of."""

    sources: str
    script: str
    imports: list[str]  # the chunks that the script needs at once
    style: str
    lazy: list[str]  # the chunks that it loads when it needs them


def read_manifest() -> Manifest:
    """Return what the committed bundle consists of."""
    manifest: Manifest = json.loads(MANIFEST.read_text("utf-8"))
    return manifest


def modules() -> list[str]:
    """Return the paths of all modules, those of other projects included."""
    folders = (STATIC / "js", STATIC / "vendor")
    paths = (path for folder in folders for path in folder.rglob("*.js"))
    return sorted(path.relative_to(STATIC).as_posix() for path in paths)


def styles() -> list[str]:
    """Return the style sheets in the order of their names, which start with a number."""
    return sorted(path.relative_to(STATIC).as_posix() for path in STATIC.glob("css/*.css"))


def digest_of(names: Iterable[str]) -> str:
    """Return a digest of the names and contents of files below STATIC."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0")
        digest.update((STATIC / name).read_bytes() + b"\0")
    return digest.hexdigest()


def digest_of_sources() -> str:
    """Return a digest of everything that the bundle is made of."""
    return digest_of([*modules(), *styles()])


def is_fresh() -> bool:
    """Return whether the bundle was made of the sources that are here."""
    return MANIFEST.exists() and read_manifest()["sources"] == digest_of_sources()
