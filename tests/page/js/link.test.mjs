import assert from "node:assert/strict";
import { test } from "node:test";
import { forgetLink, isLink, takeLink } from "../../../chat/static/js/link.js";

const TOKEN = "A-_9".repeat(5) + "xy";

function opened(hash, state = null) {
  const history = {
    state,
    addresses: [],
    replaceState(next, _, address) {
      this.state = next;
      if (address) this.addresses.push(address);
    },
  };
  return { location: { hash, pathname: "/r/123456789", search: "?a" }, history };
}

test("the token of a link leaves the address and stays for a reload", () => {
  for (const purpose of ["register", "reset"]) {
    const window = opened(`#${purpose}=${TOKEN}`, { home: 1 });
    assert.deepEqual(takeLink(window), { purpose, token: TOKEN });
    assert.deepEqual(window.history.addresses, ["/r/123456789?a"]);
    assert.equal(window.history.state.home, 1);
    window.location.hash = "";
    assert.deepEqual(takeLink(window), { purpose, token: TOKEN });
  }
});

test("a link that was used is forgotten, and nothing else of the entry", () => {
  const window = opened(`#reset=${TOKEN}`, { home: 1 });
  takeLink(window);
  forgetLink(window);
  assert.deepEqual(window.history.state, { home: 1 });
  window.location.hash = "";
  assert.equal(takeLink(window), null);
});

test("other ends of an address are no links", () => {
  for (const hash of ["", "#", "#register", "#register=", "#other=x", `#reset=${"x".repeat(65)}`, "#reset=a b"]) {
    assert.equal(isLink(hash), false, hash);
    const window = opened(hash);
    assert.equal(takeLink(window), null);
    assert.deepEqual(window.history.addresses, []);
  }
  assert.equal(isLink(`#register=${TOKEN}`), true);
});
