"""The table of settings has the settings there are, with their defaults and their bounds."""

from __future__ import annotations

import re

import pytest

from chat.environment import SettingsError
from tests.docs.configuration import read_config
from tests.docs.documents import CODE, OPERATING, names, table

BOUNDS = re.compile(r"([\d,]+)–([\d,]+)")


@pytest.fixture
def defaults() -> dict[str, str]:
    """Every setting, as one would write it, when nothing is configured."""
    shown = {True: "on", False: "off"}
    return {
        name: shown[value] if isinstance(value, bool) else str(value)
        for name, value in read_config().items()
    }


def test_every_setting_is_listed_with_its_default(defaults: dict[str, str]) -> None:
    stated = {CODE.findall(row[0])[0]: row[1].strip("`") for row in table(OPERATING, "settings")}
    assert stated == defaults


def test_settings_keep_the_order_they_have_in_the_code(defaults: dict[str, str]) -> None:
    assert names(OPERATING, "settings") == list(defaults)


def test_bounds_are_the_ones_that_are_checked(defaults: dict[str, str]) -> None:
    stated = {CODE.findall(row[0])[0]: row[2] for row in table(OPERATING, "settings")}
    for name in (name for name, default in defaults.items() if default.isdecimal()):
        bounds = BOUNDS.search(stated[name])
        assert bounds is not None, name
        least, most = (int(bound.replace(",", "")) for bound in bounds.groups())
        for value in (least, most):
            assert read_config(**{name: value})[name] == value
        for value in (least - 1, most + 1):
            with pytest.raises(SettingsError, match=f"^{name} must be"):
                read_config(**{name: value})
