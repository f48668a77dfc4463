"""What a first visit of the page takes: requests, bytes, and the time until one can begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser

# A phone on a mobile network, as browsers' own tools imitate it.
SLOW = {
    "offline": False,
    "latency": 150,  # ms for each request
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
FORM = "form input[name=password]"
LIST = ".room"
PATIENCE_MS = 60_000
# Noted by the page itself: asking it from outside takes a while.
WATCH = """
  new MutationObserver((_, observer) => {
    if (!document.querySelector("WANTED")) return;
    observer.disconnect();
    requestAnimationFrame(() => (window.wantedShownAt = performance.now()));
  }).observe(document, { childList: true, subtree: true });
"""


@dataclass
class FirstVisit:
    """What was asked for, the bytes of the answers, and when what is wanted was shown."""

    addresses: list[str] = field(default_factory=list)
    received: float = 0.0
    shown_ms: float = 0.0

    def hear_request(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            self.addresses.append(event["request"]["url"])

    def hear_end(self, event: dict[str, Any]) -> None:
        self.received += event["encodedDataLength"]


def first_visit(
    browser: Browser,
    url: str,
    network: dict[str, Any] | None = None,
    *,
    session: dict[str, Any] | None = None,
) -> FirstVisit:
    """Open the page in a browser that has kept nothing of it, until nothing more is loaded.

    Somebody with a `session` and a room waits for their list, everybody else for the form.
    """
    visit = FirstVisit()
    kept: Any = session
    context = browser.new_context(locale="en-US", service_workers="block", storage_state=kept)
    try:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        if network is not None:
            devtools.send("Network.emulateNetworkConditions", network)
        devtools.on("Network.requestWillBeSent", visit.hear_request)
        devtools.on("Network.loadingFinished", visit.hear_end)
        page.add_init_script(WATCH.replace("WANTED", LIST if session else FORM))
        page.goto(url, wait_until="networkidle", timeout=PATIENCE_MS)
        shown = page.wait_for_function("window.wantedShownAt", timeout=PATIENCE_MS)
        visit.shown_ms = float(shown.json_value())
    finally:
        context.close()
    return visit
