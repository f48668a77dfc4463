"""A first visit is small: what it takes in time is measured by `make bench`."""

from __future__ import annotations

from playwright.sync_api import Browser

from harness.first_visit import first_visit
from harness.servers import Server


def test_a_first_visit_takes_few_requests_and_few_bytes(browser: Browser, bundled: Server) -> None:
    visit = first_visit(browser, bundled.url)
    assert len(visit.addresses) <= 12, visit.addresses
    assert visit.received <= 50 * 1024  # of the goal of 100 KiB the rest comes after the form
