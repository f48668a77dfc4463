"""The sockets of a browser, which tests cut, and what it keeps meanwhile."""

from __future__ import annotations

import time

from harness.servers import PATIENCE
from tests.page.conftest import Visitor

POLLING = "**/socket.io/**"
CUT = """
const RealSocket = window.WebSocket;
window.WebSocket = function (url, protocols) {
  if (window.mended) return new RealSocket(url, protocols);
  const refused = { close() {} };
  setTimeout(() => refused.onerror(new Event("error")));
  return refused;
};"""
MENDED = """
window.mended = true;
setInterval(() => dispatchEvent(new Event("online")), 200);"""
KEPT = """() => new Promise((resolve, reject) => {
  const request = indexedDB.open("chat");
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const count = request.result.transaction("outbox").objectStore("outbox").count();
    count.onsuccess = () => resolve(count.result);
  };
})"""


class Line:
    """The sockets of a browser, cut from now on until `mend`; everything else goes through."""

    def __init__(self, visitor: Visitor) -> None:
        self._context = visitor.context
        self._context.add_init_script(CUT)
        self._context.route(POLLING, lambda route: route.abort())
        visitor.page.reload()
        visitor.page.locator(".composer-input").wait_for()

    def mend(self) -> None:
        """Let the pages connect, now and not when their patience says so."""
        self._context.unroute(POLLING)
        self._context.add_init_script(MENDED)
        for page in self._context.pages:
            page.evaluate(MENDED)


def kept(visitor: Visitor, count: int) -> None:
    """Wait until the browser keeps so many messages: they are shown a moment earlier."""
    deadline = time.monotonic() + PATIENCE
    while (found := visitor.page.evaluate(KEPT)) != count:
        assert time.monotonic() < deadline, f"{found} are kept"
        visitor.page.wait_for_timeout(20)
