"""Every requirement in SECURITY.md names tests that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.documents import CODE, ROOT, read, table

SECURITY = ROOT / "SECURITY.md"
MARKS = re.findall(r"<!-- table: (\S+) -->", read(SECURITY))
NAME = re.compile(r"(tests/[\w/]+\.py)::(\w+(?:::\w+)?)")


@cache
def _tests(path: str) -> set[str]:
    """Return the names of the tests in a file, those of a class after its name."""
    return set(_names_in(path))


def _names_in(path: str) -> Iterator[str]:
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}::{inner.name}"


@pytest.mark.parametrize("mark", MARKS)
def test_each_requirement_names_tests_that_exist(mark: str) -> None:
    for requirement, tests in table(SECURITY, mark):
        named = CODE.findall(tests)
        assert named, requirement
        for name in named:
            match = NAME.fullmatch(name)
            assert match, name
            assert (ROOT / match[1]).is_file(), name
            assert match[2].split("::")[-1].startswith("test_"), name
            assert match[2] in _tests(match[1]), name


def test_no_requirement_is_there_twice() -> None:
    requirements = [row[0] for mark in MARKS for row in table(SECURITY, mark)]
    assert len(requirements) == len(set(requirements))
