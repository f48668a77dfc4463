"""What the documents point at is there: files, headings, make targets, commands, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from tests.docs.documents import (
    CODE,
    OPERATING,
    ROOT,
    all_documents,
    anchor,
    blocks,
    headings,
    links,
    prose,
    read,
    table,
)

TARGET = re.compile(r"^([a-z]+):.*## ", re.MULTILINE)
MAKE = re.compile(r"^(?:[A-Z_]+=\S+ )*make ([a-z]+)")
FLASK = re.compile(
    r"flask --app chat\.app ([a-z]+) ([a-z][a-z-]*)((?: +--[a-z-]+(?: [^-\s`]\S*)?)*)"
)
OURS = re.compile(
    r"`((?:chat|tests|tools|migrations_mongo|docs)/[\w./-]*|(?:wsgi|config)\.py|setup\.cfg)`"
)

each_document = pytest.mark.parametrize("path", all_documents(), ids=lambda path: path.name)


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        if re.match(r"https?://", link):
            continue
        file, _, name = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_relative_to(ROOT), link
        assert target.is_file(), link
        if name:
            assert name in {anchor(text) for _, text in headings(target)}, link


@each_document
def test_make_targets_exist(path: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    commands = [line for block in blocks(path) for line in block.text.split("\n")]
    commands += CODE.findall(prose(path))
    assert {name for line in commands for name in MAKE.findall(line)} <= targets


@each_document
def test_commands_and_their_options_exist(path: Path, app: Flask) -> None:
    for group, name, options in FLASK.findall(read(path)):
        parent = app.cli.commands[group]
        assert isinstance(parent, click.Group)
        known = set(_options(parent.commands[name]))
        assert set(re.findall(r"--[a-z-]+", options)) <= known, (group, name)


def test_the_commands_about_people_and_rooms_are_all_listed(app: Flask) -> None:
    rows = table(OPERATING, "commands")
    listed = {" ".join(CODE.findall(row[0])[0].split(" ")[:2]) for row in rows}
    existing = set()
    for group in ("users", "rooms"):
        parent = app.cli.commands[group]
        assert isinstance(parent, click.Group)
        existing |= {f"{group} {name}" for name in parent.commands}
    assert listed == existing


@each_document
def test_files_that_are_named_exist(path: Path) -> None:
    for name in OURS.findall(read(path)):
        assert (ROOT / name).exists(), name


def _options(command: click.Command) -> Iterator[str]:
    yield "--help"
    for parameter in command.params:
        yield from parameter.opts
