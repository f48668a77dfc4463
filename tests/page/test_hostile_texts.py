"""What people write to harm others' browsers: it stays text, wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.hands import open_sheet

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

# Each would leave a mark if it ran.
RUN = "window.owned=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f'"><iframe srcdoc="<script>parent.{RUN}</script>">',
    f"</title><script>{RUN}</script>",
    f"'-{RUN}-'",
    f"${{{RUN}}} {{{{constructor.constructor('{RUN}')()}}}}",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
]
MADE = "script:not([src]), .shell img, .shell iframe, .shell svg[onload], .shell object, .shell b"
LINKS = [
    f"javascript:{RUN}//https://example.org",
    f"data:text/html,<script>{RUN}</script>",
    f'https://example.org/"onmouseover="{RUN}',
    f"https://example.org/'onfocus='{RUN}'autofocus='",
    f"https://javascript:{RUN}@example.org/",
    "https://example.org/a?b=<c>&d='e'",
    "vbscript:https://example.org",
]


def check_nothing_ran(page: Page) -> None:
    """Check that nothing that people wrote was run or made into elements."""
    assert page.evaluate("window.owned") is None
    assert page.locator(MADE).count() == 0


def test_hostile_text_stays_text_wherever_it_is_shown(enter: Enter, people: People) -> None:
    bob, *others = people("bob", *("ann" for _ in PAYLOADS))
    for ann, payload in zip(others, PAYLOADS, strict=True):
        assert ann.patch("/users/me", json={"nickname": payload[:30]}).status_code == 200
        group = ann.create_group(bob, name=payload[:50])
        assert ann.patch(f"/rooms/{group['id']}", json={"info": payload}).status_code == 200
        ann.say(group, payload)
    visitor = enter(bob)
    page = visitor.page
    names = page.locator(".room-name")
    expect(names).to_have_text([payload[:50].strip() for payload in reversed(PAYLOADS)])
    check_nothing_ran(page)
    for number, payload in enumerate(reversed(PAYLOADS)):
        names.nth(number).click()
        expect(page.locator(".bubble")).to_have_text(payload)
        expect(page.locator(".author")).to_have_text(payload[:30].strip())
        open_sheet(visitor)
        expect(page.locator("dialog .group-info")).to_have_text(payload)
        expect(page.locator("dialog .person").first).to_be_visible()
        check_nothing_ran(page)
        page.keyboard.press("Escape")
    assert visitor.complaints == []


def test_links_lead_to_the_web_alone_and_tell_it_nothing(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Links")
    for text in LINKS:
        ann.say(group, text)
    visitor = enter(bob)
    visitor.open_room("Links")
    page = visitor.page
    expect(page.locator(".bubble")).to_have_count(len(LINKS))
    links = page.locator(".bubble a")
    assert links.count() >= 3
    for link in links.all():
        assert (link.get_attribute("href") or "").startswith("https://")
        assert {"noopener", "noreferrer"} <= set((link.get_attribute("rel") or "").split())
        assert link.get_attribute("target") == "_blank"
        names = link.evaluate("node => node.getAttributeNames()")
        assert not [name for name in names if name.startswith("on")]
        link.hover()
    check_nothing_ran(page)
    assert visitor.complaints == []


def test_a_link_ends_where_its_end_is_turned_round(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Turned")
    ann.say(group, "https://example.org/\u202egpj.exe")
    ann.say(group, "\u202ehttps://example.org/exe.gpj")
    ann.say(group, "https://example.org@other.example/")
    visitor = enter(bob)
    visitor.open_room("Turned")
    expect(visitor.page.locator(".bubble")).to_have_count(3)
    links = visitor.page.locator(".bubble a")
    assert links.all_inner_texts() == ["https://example.org/", "https://example.org/exe.gpj"]
    for link in links.all():
        assert link.get_attribute("href") == link.inner_text()
        # its own direction, whatever stands before it
        assert link.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"


# Where the characters of a text stand, from left to right.
PLACES = """(node) => [...node.firstChild.data].map((_, at) => {
  const range = document.createRange();
  range.setStart(node.firstChild, at);
  range.setEnd(node.firstChild, at + 1);
  return range.getBoundingClientRect().left;
})"""


def test_what_a_link_says_cannot_turn_its_host_round(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Hosts")
    ann.say(group, "[\u202eknab](https://moc.knab.example)")
    visitor = enter(bob)
    visitor.open_room("Hosts")
    host = visitor.page.locator(".link-host")
    expect(host).to_have_text("(moc.knab.example)")
    places = host.evaluate(PLACES)
    assert places == sorted(places)


def test_send_is_for_what_shows_and_not_for_what_shows_nothing(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Blank")
    visitor = enter(bob)
    visitor.open_room("Blank")
    send = visitor.page.get_by_role("button", name="Send")
    writing = visitor.page.locator(".composer-input")
    for text in ("\u3164", "\ufe0f", "\u200b\u200d", "\U000e0041\U000e007f", "\u2800 "):
        writing.fill(text)
        expect(send).to_be_disabled()
    for text in ("🫨", "\U00031350", "\U0001faff"):
        writing.fill(text)
        expect(send).to_be_enabled()
        send.click()
        expect(visitor.page.locator(".bubble").last).to_have_text(text)
    assert visitor.complaints == []
