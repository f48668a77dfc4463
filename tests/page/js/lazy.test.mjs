import assert from "node:assert/strict";
import { test } from "node:test";

import { createPart } from "../../../chat/static/js/lazy.js";

const failed = (error) => assert.fail(error);

test("a part is loaded when it is asked for, and is at hand from then on", async () => {
  let loads = 0;
  const part = createPart(async () => ({ number: (loads += 1) }), failed);
  assert.equal(loads, 0);
  assert.equal(await part.use(({ number }) => number), 1);
  assert.equal(part.use(({ number }) => number), 1);
  await part.warm();
  assert.equal(loads, 1);
});

test("a part that was loaded before is at hand at once", async () => {
  const part = createPart(async () => "here", failed);
  await part.warm();
  assert.equal(part.use((loaded) => loaded), "here");
});

test("of what is to be opened while it loads only the last is", async () => {
  const opened = [];
  const part = createPart(async () => null, failed);
  await Promise.all([
    part.open(() => opened.push("first")),
    part.open(() => opened.push("second")),
    part.use(() => opened.push("page")),
  ]);
  assert.deepEqual(opened, ["second", "page"]);
});

test("what is forgotten is not opened when the part comes, and the page itself is shown", async () => {
  const opened = [];
  const part = createPart(async () => null, failed);
  const asked = [part.use(() => opened.push("page")), part.open(() => opened.push("card"))];
  part.forget();
  await Promise.all(asked);
  await part.open(() => opened.push("viewer"));
  assert.deepEqual(opened, ["page", "viewer"]);
});

test("a part that cannot be had says why, and is asked for again the next time", async (context) => {
  const answers = [{ ok: true }, { ok: false }, { ok: false }];
  context.mock.method(globalThis, "fetch", async () => answers.shift());
  let isThere = false;
  const errors = [];
  const part = createPart(async () => {
    if (!isThere) throw new TypeError("not found");
    return "here";
  }, ({ code }) => errors.push(code));
  await part.warm();
  for (let count = 0; count < 2; count += 1) await part.open(failed);
  await part.use(failed, ({ code }) => errors.push(`in place: ${code}`));
  isThere = true;
  assert.equal(await part.use((loaded) => loaded), "here");
  assert.deepEqual(errors, ["outdated", "network", "in place: network"]);
});
