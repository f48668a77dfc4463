"""The tables of settings are the settings there are, with their defaults and their bounds."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

from chat.settings import NUMBERS
from tests.docs.documents import CODE, OPERATING, README, README_ZH, ROOT, names, table


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every setting, as one would write it, when nothing is configured."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASK_SKIP_DOTENV", "1")
    config = runpy.run_path(str(ROOT / "config.py"))["Config"]
    shown = {True: "on", False: "off"}
    return {
        name: shown[value] if isinstance(value, bool) else str(value)
        for name, value in vars(config).items()
        if name.isupper()
    }


@pytest.mark.parametrize("path", [README, README_ZH, OPERATING], ids=lambda path: path.name)
def test_every_setting_is_listed_with_its_default(path: Path, defaults: dict[str, str]) -> None:
    stated = {CODE.findall(row[0])[0]: row[1].strip("`") for row in table(path, "settings")}
    assert stated == defaults


def test_settings_keep_the_order_they_have_in_the_code(defaults: dict[str, str]) -> None:
    for path in (README, README_ZH, OPERATING):
        assert names(path, "settings") == list(defaults)


def test_bounds_are_the_ones_that_are_checked() -> None:
    stated = {CODE.findall(row[0])[0]: row[2] for row in table(OPERATING, "settings")}
    for name, (least, most) in NUMBERS.items():
        assert f"{least:,}–{most:,}" in stated[name], name
