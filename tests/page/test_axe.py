"""axe-core finds nothing in any view: on phones and desktops, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.people import Person
from tests.page.axe import faults
from tests.page.conftest import Visitor
from tests.page.views import VIEWS, WAYS_IN, make_stage

DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}

everywhere = pytest.mark.parametrize("language", ["en-US", "zh-CN"])
on_every_device = pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)


@everywhere
@on_every_device
def test_nothing_is_wrong_with_any_view(
    enter: Callable[..., Visitor],
    people: Callable[..., list[Person]],
    device: dict[str, Any],
    language: str,
) -> None:
    stage = make_stage(*people("ann", "bob", "cleo"))
    visitor = enter(stage.viewer, bypass_csp=True, locale=language, **device)
    page = visitor.page
    found = {}
    for name, show in VIEWS.items():
        show(page, stage)
        if wrong := faults(page):
            found[name] = wrong
    assert found == {}
    assert visitor.complaints == []


@everywhere
@on_every_device
def test_nothing_is_wrong_with_any_way_in(
    visit: Callable[..., Visitor], device: dict[str, Any], language: str
) -> None:
    visitor = visit(bypass_csp=True, locale=language, **device)
    found = {}
    for name, (path, press) in WAYS_IN.items():
        page = visitor.open(path)
        page.locator("h1").wait_for()
        if press:
            page.locator(press).click()
            page.locator(".field-error:visible").first.wait_for()
        if wrong := faults(page):
            found[name] = wrong
    assert found == {}
    assert visitor.complaints == []
