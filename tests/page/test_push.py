"""Notifications while no page is open."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Request, expect

from harness.people import Person
from harness.servers import Server
from tests.page.conftest import Visitor
from tests.page.hands import log_out
from tests.page.test_attention import look_away
from tests.push.service import Browser

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

ORIGIN = "https://push.example.org"
# A browser without windows reaches no push service: its part is played here, the rest is real.
PUSH_SERVICE = """
const place = "test.subscription";
const endpoint = "%(origin)s/" + Math.random().toString(36).slice(2);
const plain = (text) => atob(text.replace(/-/g, "+").replace(/_/g, "/"));
const bytes = (text) => Uint8Array.from(plain(text), (one) => one.charCodeAt(0));
const make = (key, endpoint) => ({
  endpoint,
  options: { applicationServerKey: bytes(key).buffer },
  toJSON: () => ({ endpoint, keys: { p256dh: "%(p256dh)s", auth: "%(auth)s" } }),
  unsubscribe: async () => localStorage.removeItem(place),
});
PushManager.prototype.getSubscription = async () => {
  const kept = JSON.parse(localStorage.getItem(place));
  return kept && make(...kept);
};
PushManager.prototype.subscribe = async ({ applicationServerKey: key }) => {
  localStorage.setItem(place, JSON.stringify([key, endpoint]));
  return make(key, endpoint);
};
Object.defineProperty(Notification, "permission", { get: () => "granted" });
"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map(({title, body}) => [title, body]);
}"""
# What the worker says after a click: nobody can click a notification in a test.
CLICKED = """(data) => navigator.serviceWorker.dispatchEvent(new MessageEvent("message", {data}))"""
IS_SHOWN = f"async (expected) => JSON.stringify(await ({SHOWN})()) === expected"


@pytest.fixture
def install(enter: Enter, bundled: Server) -> Enter:
    """A function that enters, with a browser that takes pushes, and waits for the worker."""

    def enter_and_wait(person: Person, path: str = "/") -> Visitor:
        options = {"service_workers": "allow", "permissions": ["notifications"]}
        visitor = enter(person, path, url=bundled.url, **options)
        visitor.page.add_init_script(
            PUSH_SERVICE % {"origin": ORIGIN, **Browser(ORIGIN, "").subscription["keys"]}
        )
        visitor.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        visitor.page.reload()
        visitor.is_in()
        return visitor

    return enter_and_wait


class PushService:
    """Delivers to the worker of a page what the browser would deliver."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._session = visitor.context.new_cdp_session(visitor.page)
        found: list[str] = []
        self._session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
        )
        self._session.send("ServiceWorker.enable")
        while not found:
            visitor.page.evaluate("navigator.serviceWorker.getRegistrations().then(() => 1)")
        self._registration = found[0]

    def push(self, said_in: dict[str, Any], seq: int, **more: object) -> None:
        place = {"room_id": said_in["id"], "kind": said_in["kind"], "seq": seq}
        said = {"type": "message"} | place | more
        self._session.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": self._visitor.url,
                "registrationId": self._registration,
                "data": json.dumps(said),
            },
        )

    def shows(self, *notifications: tuple[str, str]) -> None:
        """Wait until the worker shows these, as titles and texts."""
        shown = json.dumps([list(one) for one in notifications], separators=(",", ":"))
        self._visitor.page.wait_for_function(IS_SHOWN, arg=shown)


def settings(visitor: Visitor) -> tuple[Locator, Locator]:
    """Open the account page; return the switches for pushes and for their texts."""
    visitor.page.locator(".me").click()
    page = visitor.page.locator(".switches")
    return (
        page.get_by_role("switch", name="Also when this page is closed"),
        page.get_by_role("switch", name="Show what was written"),
    )


def settled(visitor: Visitor) -> None:
    """Wait until what was chosen is done."""
    expect(visitor.page.locator(".switches")).to_have_attribute("aria-busy", "false")


def test_pushes_come_once_somebody_wants_them_and_end_with_the_session(
    install: Enter, people: People
) -> None:
    (ann,) = people("ann")
    visitor = install(ann)
    page = visitor.page
    told: list[tuple[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/session/push"):
            told.append((request.method, request.post_data_json))

    page.on("request", note)
    away, text = settings(visitor)
    expect(away).not_to_be_checked()
    expect(text).to_be_hidden()
    away.check()
    expect(text).to_be_visible()
    text.check()
    settled(visitor)
    assert [(method, body["text"]) for method, body in told] == [("PUT", False), ("PUT", True)]

    page.reload()  # the browser may have got another endpoint since
    visitor.is_in()
    expect(page.locator(".switches").get_by_role("switch").nth(2)).to_be_checked()
    page.wait_for_function("() => localStorage.getItem('test.subscription') !== null")
    away.uncheck()
    expect(text).to_be_hidden()
    page.wait_for_function("() => localStorage.getItem('test.subscription') === null")
    away.check()
    settled(visitor)
    expect(text).not_to_be_checked()
    log_out(visitor)
    assert page.evaluate("() => localStorage.getItem('test.subscription')") is None
    assert visitor.complaints == []


def test_a_push_is_shown_until_it_is_read_and_a_click_leads_to_the_message(
    install: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Walkers")
    visitor = install(bob)
    away, _ = settings(visitor)
    away.check()
    settled(visitor)
    look_away(visitor.page)
    ann.say(group, "at five?")
    service = PushService(visitor)
    service.push(group, 1, sender="Ann", room="Walkers", text="at five?", files=0, unread=1)
    service.shows(("Walkers", "Ann: at five?"))
    service.push(group, 1, unread=3)
    service.shows(("Chat", "3 new messages"))  # in place of the other one
    visitor.page.evaluate(CLICKED, {"type": "message_opened", "room_id": group["id"], "seq": 1})
    look_away(visitor.page, False)
    visitor.sees("at five?")
    service.shows()
