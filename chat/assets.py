"""The page's files as this process serves them: the bundle, or its modules to work on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from chat.bundle import STATIC, digest_of, modules, read_manifest, styles
from chat.compression import CODINGS, compressed

TEXTS = (".css", ".js", ".json", ".svg", ".txt")


@dataclass(frozen=True)
class Assets:
    """Paths below STATIC, and the version under which all of them are cached."""

    version: str
    script: str
    preloads: tuple[str, ...]  # modules that the script will ask for at once
    sheets: tuple[str, ...]
    lazy: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return everything that the page may load of them."""
        return (self.script, *self.preloads, *self.sheets, *self.lazy)

    def address(self, name: str) -> str:
        """Return the path at which a file is cached for ever."""
        return f"/static/{self.version}/{name}"


def assets(bundled: bool) -> Assets:
    """Return what a page loads; for modules anew each time, so that a reload shows a change."""
    if bundled:
        return _bundled()
    loaded = modules()
    return Assets(_version(), "js/main.js", tuple(loaded), tuple(styles()))


@cache
def _bundled() -> Assets:
    made = read_manifest()
    return Assets(
        _version(), made["script"], tuple(made["imports"]), (made["style"],), tuple(made["lazy"])
    )


def _version() -> str:
    """Return a digest of all static files, so that a new release has new URLs."""
    names = (path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
    return digest_of(sorted(names))[:12]


@cache
def _texts() -> dict[str, bytes]:
    """Return the content of all files that are worth compressing."""
    return {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in STATIC.rglob("*")
        if path.suffix in TEXTS
    }


def text_file(name: str) -> bytes | None:
    """Return the content of a file that is worth compressing, None if `name` is none."""
    return _texts().get(name)


def prepare() -> None:
    """Compress what every page loads, before somebody waits for it."""
    for name in _bundled().names:
        for coding in CODINGS:
            compressed(_texts()[name], coding)
