import assert from "node:assert/strict";
import { test } from "node:test";
import { Links } from "../../../chat/static/js/link.js";
import { createStorage } from "../../../chat/static/js/storage.js";

const TOKEN = "A-_9".repeat(5) + "xy";

function opened(hash, storage = createStorage(() => null)) {
  const location = { hash, pathname: "/r/123456789", search: "?a" };
  const history = {
    state: { home: 1 },
    addresses: [],
    replaceState(next, _, address) {
      this.state = next;
      this.addresses.push(address);
      location.hash = "";
    },
  };
  return new Links({ location, history, storage });
}

for (const purpose of ["register", "reset", "invite"]) {
  test(`the token of a link to ${purpose} leaves the address and stays for a reload`, () => {
    const links = opened(`#${purpose}=${TOKEN}`);
    assert.equal(links.purpose(), purpose);
    links.take();
    assert.deepEqual(links.history.addresses, ["/r/123456789?a"]);
    assert.deepEqual(links.history.state, { home: 1 });
    const again = opened("", links.storage);
    again.take();
    assert.equal(again.purpose(), null);
    assert.equal(again.token(purpose), TOKEN);
    again.forget(purpose);
    assert.equal(links.token(purpose), null);
  });
}

test("of a link to register and one to reset the last one is kept, an invitation beside it", () => {
  const storage = createStorage(() => null);
  for (const purpose of ["invite", "register", "reset"]) opened(`#${purpose}=${purpose}`, storage).take();
  const links = opened("", storage);
  assert.deepEqual(["invite", "register", "reset"].map((one) => links.token(one)), ["invite", null, "reset"]);
  opened("#register=again", storage).take();
  assert.deepEqual(["invite", "register", "reset"].map((one) => links.token(one)), ["invite", "again", null]);
});

test("other ends of an address are no links", () => {
  for (const hash of ["", "#", "#register", "#register=", "#other=x", `#reset=${"x".repeat(65)}`, "#reset=a b"]) {
    const links = opened(hash);
    assert.equal(links.purpose(), null, hash);
    links.take();
    assert.deepEqual(links.history.addresses, []);
  }
});
