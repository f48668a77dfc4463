"""A first visit is small: what it takes in time is measured by `make bench`."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Browser

from harness.browsing import signed_in
from harness.first_visit import first_visit
from harness.people import Person
from harness.servers import Server


def test_a_first_visit_takes_few_requests_and_few_bytes(browser: Browser, bundled: Server) -> None:
    visit = first_visit(browser, bundled.url)
    assert len(visit.addresses) <= 12, visit.addresses
    assert visit.received <= 50 * 1024  # the rest comes while somebody types


def test_whoever_is_logged_in_gets_the_whole_page_in_few_requests_and_few_bytes(
    browser: Browser, bundled: Server, beside: Flask, people: Callable[..., list[Person]]
) -> None:
    ann, ben = people("ann", "ben")
    ben.say(ben.talk_to(ann), "hello")
    visit = first_visit(browser, bundled.url, session=signed_in(beside, ann, bundled.url))
    assert len(visit.addresses) <= 11, visit.addresses
    assert visit.received <= 118 * 1024  # what opens later comes later
