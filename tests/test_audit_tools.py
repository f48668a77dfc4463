"""`make audit`: licences, known vulnerabilities, and that not looking is no good news."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import licences, vulnerabilities

CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["3.1.4"], "aliases": [], "description": "…"}
PASSED_OVER = {"name": "flask", "skip_reason": "Dependency not found and could not be audited"}


def test_every_pinned_package_has_a_welcome_licence(capsys: pytest.CaptureFixture[str]) -> None:
    packages = licences.pinned()
    assert list(licences.findings(packages)) == []
    assert len(capsys.readouterr().out.splitlines()) == len(packages) > 50


@pytest.mark.parametrize(
    ("expression", "welcome"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("(GPL-3.0-only OR MIT)", True),
        ("GPL-2.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("AGPL-3.0-only OR GPL-3.0-only", False),
        ("", False),
        ("UNKNOWN", False),
    ],
)
def test_a_licence_is_welcome_when_one_of_its_choices_is(expression: str, welcome: bool) -> None:
    assert licences.is_welcome(expression, licences.ALLOWED) is welcome


def test_the_database_under_gpl_is_welcome_as_an_extra_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert licences.in_extras_alone("secantusdb")
    assert list(licences.findings(["secantusdb"])) == []
    monkeypatch.setattr(licences, "in_extras_alone", lambda _: False)
    (sentence,) = licences.findings(["secantusdb"])
    assert "secantusdb is under GPL-2.0-only" in sentence


def test_a_package_that_cannot_be_looked_at_is_a_finding() -> None:
    (sentence,) = licences.findings(["no-such-package-here"])
    assert "could not be looked at" in sentence


def auditor(folder: Path, answer: str, code: int) -> str:
    """Write a program that answers as pip-audit would, whatever it is asked."""
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\nprintf %s {shlex.quote(answer)}\nexit {code}\n")
    program.chmod(0o755)
    return str(program)


def answer_of(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("answer", "code", "outcome", "says"),
    [
        (answer_of(CLEAN), 0, 0, "No known vulnerability."),
        (answer_of({**CLEAN, "vulns": [HOLE]}), 1, 1, "PYSEC-2026-1, mended by 3.1.4"),
        (answer_of(CLEAN, PASSED_OVER), 0, 2, "could not look at 1 packages"),
        (answer_of({**CLEAN, "vulns": [HOLE]}, PASSED_OVER), 1, 1, "could not look"),
        (answer_of(), 0, 2, "could not look"),
        ("", 1, 2, "could not look"),
        ("[]", 0, 2, "could not look"),
    ],
)
def test_only_what_was_looked_at_and_found_clean_is_good_news(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    outcome: int,
    says: str,
) -> None:
    assert vulnerabilities.main(auditor(tmp_path, answer, code)) == outcome
    assert says in capsys.readouterr().out


def test_a_program_that_is_not_there_could_not_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vulnerabilities.main(str(tmp_path / Path(sys.executable).name)) == 2
    assert "could not look" in capsys.readouterr().out
