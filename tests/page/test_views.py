"""Every view of the page: all of it on the screen, and nothing for axe to complain about."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from harness.cast import Cast
from harness.servers import Server
from harness.tour import DESKTOP, LOCALES, PHONE, Tour
from harness.views import PARTS, VIEWS
from tests.page.faults import axe_faults, layout_faults

# The way to a view takes the most time, and what axe hears of depends little on the language. Each
# language has its device, and every size: a window changes its width, and a phone is turned.
DEVICES: dict[str, dict[str, Any]] = {"en": PHONE, "zh": DESKTOP}


@pytest.fixture(scope="module")
def cast(beside: Flask) -> Cast:
    """People with rooms and messages, for all views."""
    return Cast(beside)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", LOCALES)
def test_every_view_fits_and_axe_finds_nothing(
    browser: Browser, beside: Flask, server: Server, cast: Cast, language: str, part: str
) -> None:
    views = [view for view in VIEWS.values() if view.part == part]
    options = DEVICES[language]
    found = []
    with Tour(browser, beside, server.url, cast, language, bypass_csp=True, **options) as tour:
        for name, stage in tour.show(views):
            faults: list[object] = [*axe_faults(stage.page)]  # first, at the usual size
            faults += layout_faults(stage.page)
            found += [f"{name}: {fault}" for fault in faults]
    assert not found, "\n".join(found)
