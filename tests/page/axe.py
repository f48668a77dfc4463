"""What axe-core finds wrong with a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = next((Path(__file__).parent / "vendor").glob("axe.min-*.js"))
# All rules, those of taste too; `target-size` has to be asked for.
EVERYTHING: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
# Only this one has other results in other colours.
CONTRAST: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def faults(page: Page) -> list[Any]:
    """Return what axe finds in light and in dark colours: which, rule, and where.

    The context needs `bypass_csp`: axe comes as text, which the page's policy refuses.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = []
    for scheme, options in zip(SCHEMES, (EVERYTHING, CONTRAST), strict=True):
        page.emulate_media(color_scheme=scheme)
        result = page.evaluate("options => axe.run(document, options)", options)
        found += [
            (scheme, one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in result["violations"]
        ]
    return found
