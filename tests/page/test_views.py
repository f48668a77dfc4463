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
from tests.page.faults import PHONES, SCREENS, axe_faults, layout_faults

DEVICES: dict[str, tuple[dict[str, Any], tuple[tuple[int, int], ...]]] = {
    "phone": (PHONE, PHONES),
    "desktop": (DESKTOP, SCREENS),
}


@pytest.fixture(scope="module")
def cast(beside: Flask) -> Cast:
    """People with rooms and messages, for all views."""
    return Cast(beside)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("device", DEVICES)
def test_every_view_fits_and_axe_finds_nothing(
    browser: Browser,
    beside: Flask,
    server: Server,
    cast: Cast,
    device: str,
    language: str,
    part: str,
) -> None:
    options, sizes = DEVICES[device]
    views = [view for view in VIEWS.values() if view.part == part]
    found = []
    with Tour(browser, beside, server.url, cast, language, bypass_csp=True, **options) as tour:
        for name, stage in tour.show(views):
            # One way there serves both: they take less time than the way.
            faults = [*axe_faults(stage.page), *layout_faults(stage.page, sizes)]
            found += [f"{name}: {fault}" for fault in faults]
    assert not found, "\n".join(found)
