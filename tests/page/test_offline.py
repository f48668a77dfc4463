"""The page as an app: it starts without a connection, and what is written waits for one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from chat.bundle import read_manifest
from harness.people import Person
from harness.servers import Server
from tests.page.conftest import Visitor, state_of
from tests.page.hands import log_out
from tests.page.line import kept

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]
READY = "navigator.serviceWorker.ready.then((found) => found.active.state)"
KEPT = """async () => {
  const texts = [JSON.stringify(localStorage)];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      texts.push(request.url, await (await cache.match(request, { ignoreVary: true })).text());
    }
  }
  return texts.join("\\n");
}"""


@pytest.fixture
def install(enter: Enter, bundled: Server) -> Enter:
    """A function that enters and waits until the page is kept."""

    def enter_and_wait(person: Person, path: str = "/", **options: object) -> Visitor:
        visitor = enter(person, path, url=bundled.url, service_workers="allow", **options)
        visitor.page.evaluate(READY)
        return visitor

    return enter_and_wait


def test_without_a_connection_it_starts_and_sends_later_what_is_written_once(
    install: Enter, enter: Enter, people: People, bundled: Server
) -> None:
    ann, ben = people("ann", "ben")
    group = ann.create_group(ben, name="On the train")
    ann.say(group, "said before")
    visitor = install(ann, f"/r/{group['number']}")
    visitor.sees("said before")
    other = enter(ben, f"/r/{group['number']}", url=bundled.url)
    visitor.context.set_offline(True)
    visitor.write("in the tunnel")
    kept(visitor, 1)
    visitor.page.locator(".composer-input").fill("half a sentence")
    visitor.page.reload()
    expect(visitor.page.locator(".room", has_text="On the train")).to_be_visible()
    expect(visitor.page.get_by_text("No connection. What you write is sent later.")).to_be_visible()
    expect(state_of(visitor, "in the tunnel")).to_have_attribute("data-state", "waiting")
    expect(visitor.page.locator(".composer-input")).to_have_value("half a sentence")
    visitor.write("still in the tunnel")
    visitor.context.set_offline(False)
    visitor.is_in()
    other.sees("still in the tunnel")
    visitor.sees("said before")
    written = [message["data"] for message in ben.history(group)["messages"]]
    assert written == ["said before", "in the tunnel", "still in the tunnel"]


def test_with_a_very_slow_server_it_starts_and_goes_on_when_that_answers(
    install: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Patient")
    visitor = install(ann, f"/r/{group['number']}")
    held: list[Route] = []
    visitor.context.route("**/api/session/refresh", lambda route: held.append(route), times=1)
    visitor.page.reload()
    expect(visitor.page.locator(".room", has_text="Patient")).to_be_visible()
    visitor.write("before the answer")
    expect(state_of(visitor, "before the answer")).to_have_attribute("data-state", "waiting")
    held[0].continue_()
    expect(state_of(visitor, "before the answer")).to_have_attribute("data-state", "sent")


def test_what_it_starts_with_has_no_text_of_others_and_is_gone_at_log_out(
    install: Enter, people: People
) -> None:
    ann, ben = people("ann", "ben")
    group = ann.create_group(ben, name="Between us")
    ben.say(group, "not for this disk")
    visitor = install(ann, f"/r/{group['number']}")
    visitor.sees("not for this disk")
    stored = visitor.page.evaluate(KEPT)
    assert "Between us" in stored
    assert "not for this disk" not in stored
    assert all(part in stored for part in read_manifest()["lazy"])  # also what opens later
    log_out(visitor)
    stored = visitor.page.evaluate(KEPT)
    assert ann.username not in stored and "Between us" not in stored
    visitor.context.set_offline(True)
    visitor.page.reload()
    expect(visitor.page.get_by_role("button", name="Log in", exact=True)).to_be_visible()


def test_a_session_that_ended_meanwhile_leads_to_the_log_in_page(
    install: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Kept")
    visitor = install(ann, f"/r/{group['number']}")
    visitor.context.set_offline(True)
    visitor.page.reload()
    expect(visitor.page.locator(".room", has_text="Kept")).to_be_visible()
    changed = {"current_password": ann.password, "password": f"{ann.password}-2"}
    assert ann.put("/users/me/password", json=changed).status_code == 204
    visitor.context.set_offline(False)
    expect(visitor.page.get_by_label("Password")).to_be_visible()
    assert "Kept" not in visitor.page.evaluate("JSON.stringify(localStorage)")


def test_the_chosen_language_and_theme_hold_without_a_connection(
    install: Enter, people: People, bundled: Server
) -> None:
    (ann,) = people("ann")
    visitor = install(ann)
    choose(visitor.context, bundled.url, locale="zh", theme="dark")
    visitor.context.set_offline(True)
    visitor.page.reload()
    expect(visitor.page.locator("html[lang=zh-Hans][data-theme=dark]")).to_be_attached()
    expect(visitor.page.locator(".shell")).to_be_visible()
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert visitor.page.evaluate(scheme) == "dark"


def choose(context: BrowserContext, url: str, **cookies: str) -> None:
    for name, value in cookies.items():
        context.add_cookies([{"name": name, "value": value, "url": url}])


def test_a_new_version_is_taken_at_the_next_load_and_none_is_mixed(
    install: Enter, people: People, bundled: Server
) -> None:
    (ann,) = people("ann")
    visitor = install(ann)
    page = visitor.page
    # The server was updated: its page names files of its own, and none comes from the cache.
    present = page.evaluate("document.querySelector('script[src]').src.split('/')[4]")
    updated = visitor.context.request.get(bundled.url).text().replace(present, "0" * 12)
    visitor.context.route(
        f"{bundled.url}/", lambda route: route.fulfill(body=updated, content_type="text/html")
    )
    page.reload()
    visitor.is_in()
    scripts = page.evaluate("[...document.querySelectorAll('script[src]')].map((one) => one.src)")
    assert ["0" * 12 in script for script in scripts] == [True]
    # Without a connection the version that is kept whole starts, not half of the other one.
    visitor.context.unroute(f"{bundled.url}/")
    visitor.context.set_offline(True)
    page.reload()
    expect(page.locator(".shell")).to_be_visible()
    assert present in page.evaluate("document.querySelector('script[src]').src")


def test_the_theme_of_the_system_holds_without_a_connection(
    install: Enter, people: People, bundled: Server
) -> None:
    (ann,) = people("ann")
    visitor = install(ann)
    choose(visitor.context, bundled.url, theme="dark")
    visitor.page.reload()
    expect(visitor.page.locator("html[data-theme=dark]")).to_be_attached()
    visitor.page.wait_for_function(
        f"async () => (await ({KEPT})()).includes('data-theme=\"dark\"')"
    )
    visitor.context.clear_cookies(name="theme")
    visitor.context.set_offline(True)
    visitor.page.reload()
    expect(visitor.page.locator(".shell")).to_be_visible()
    expect(visitor.page.locator("html:not([data-theme])")).to_be_attached()
