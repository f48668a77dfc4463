"""Read the documents as tests see them: tables by their marks, code blocks, headings, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
README_ZH = ROOT / "README.zh.md"
DESIGN = ROOT / "docs" / "design.md"
PROTOCOL = ROOT / "docs" / "protocol.md"
OPERATING = ROOT / "docs" / "operating.md"
CLIENT = ROOT / "docs" / "client.md"

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) +(.+?) *$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: the words after the fence are a language and perhaps a file's name."""

    language: str
    name: str
    text: str


def all_documents() -> list[Path]:
    """Return every document of the project that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def read(path: Path) -> str:
    return path.read_text("utf-8")


def blocks(path: Path, language: str | None = None) -> list[Block]:
    """Return the fenced blocks of a document, of one language or all."""
    found = []
    for info, text in FENCE.findall(read(path)):
        kind, _, name = info.partition(" ")
        found.append(Block(kind, name, text))
    return [block for block in found if language in (None, block.language)]


def program(path: Path, name: str) -> str:
    """Return the text of the one fenced block that is the file `name`."""
    (found,) = (block.text for block in blocks(path) if block.name == name)
    return found


def prose(path: Path) -> str:
    """Return a document without its fenced blocks."""
    return FENCE.sub("", read(path))


def headings(path: Path) -> list[tuple[int, str]]:
    """Return level and text of each heading."""
    return [(len(marks), text) for marks, text in HEADING.findall(prose(path))]


def links(path: Path) -> list[str]:
    """Return where a document's links lead, images too."""
    return LINK.findall(prose(path))


def anchor(heading: str) -> str:
    """Return the name that the usual renderers give to a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def table(path: Path, mark: str) -> list[list[str]]:
    """Return the rows, without the head, of the table below `<!-- table: mark -->`."""
    _, found, rest = read(path).partition(f"<!-- table: {mark} -->\n")
    assert found, f"{path.name} has no table marked {mark}"
    lines = []
    for line in rest.split("\n"):
        if not line.startswith("|"):
            break
        lines.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    assert len(lines) > 2, f"the table {mark} of {path.name} is empty"
    return lines[2:]


def names(path: Path, mark: str) -> list[str]:
    """Return all that stands as code in the first column of a table."""
    return [name for row in table(path, mark) for name in CODE.findall(row[0])]


def calls(path: Path, mark: str) -> set[tuple[str, str]]:
    """Return method and path of each call in a table; parameters of a path are `<>`."""
    found = [CALL.fullmatch(name) for name in names(path, mark)]
    return {(match[1], without_names(match[2])) for match in found if match}


def without_names(path: str) -> str:
    """Return a path in which parameters have no names."""
    return re.sub(r"<[^>]*>", "<>", path)
