import assert from "node:assert/strict";
import { test } from "node:test";
import { lifetimeOf, Session } from "../../../chat/static/js/session.js";
import { createLocks, createStorage, createTimers, deferred } from "./helpers.mjs";

function token(name, seconds = 900) {
  const claims = Buffer.from(JSON.stringify({ iat: 5_000, exp: 5_000 + seconds, name }));
  return `h.${claims.toString("base64url")}.s`;
}

function setUp(request, more = {}) {
  const session = new Session({ request, storage: createStorage(), locks: createLocks(), ...more });
  return session;
}

test("a token's lifetime is read from its own claims", () => {
  assert.equal(lifetimeOf(token("a", 60)), 60_000);
  assert.equal(lifetimeOf("opaque"), 600_000);
});

test("a token is renewed before its end, and the sockets are told", async () => {
  const timers = createTimers();
  const renewed = [];
  const session = setUp(
    async (method, path) =>
      path === "/session"
        ? { user: { id: "u1" }, access_token: token("first", 100) }
        : { access_token: token("second", 100) },
    { onRenewed: (one) => renewed.push(one), timers },
  );
  await session.logIn("ann", "secret");
  assert.equal(session.remembered, true);
  assert.equal(timers.next(), 75_000);
  await timers.run();
  assert.deepEqual(renewed, [token("second", 100)]);
  session.end("left");
  assert.equal(timers.next(), null);
});

test("a server that asks at once again is answered after a while", async () => {
  const timers = createTimers();
  const session = setUp(async () => ({ access_token: token("a") }), { timers });
  session.renewSoon();
  assert.equal(timers.next(), 0);
  await timers.run();
  session.renewSoon();
  assert.equal(timers.next(), 15_000);
  session.end("left");
});

test("where there are no cookies the refresh token is held in memory, for one renewal each", async () => {
  const timers = createTimers();
  const asked = [];
  let count = 0;
  const session = setUp(
    async (method, path, options) => {
      asked.push([path, options.cookie ?? false, options.token]);
      count += 1;
      return { user: { id: "u1" }, access_token: token(`a${count}`), refresh_token: `r${count}` };
    },
    { cookies: false, timers },
  );
  await session.logIn("ann", "secret");
  await session.renew();
  await session.renew();
  await session.logOut();
  assert.deepEqual(asked, [
    ["/session", false, undefined],
    ["/session/refresh", false, "r1"],
    ["/session/refresh", false, "r2"],
    ["/session", false, token("a3")],
  ]);
  assert.equal(session.refresh, null);
});

test("askers at the same moment share one renewal", async () => {
  const answer = deferred();
  let calls = 0;
  const session = setUp(() => {
    calls += 1;
    return answer.promise;
  });
  const both = Promise.all([session.token(), session.token()]);
  answer.resolve({ access_token: token("a") });
  assert.deepEqual(await both, [token("a"), token("a")]);
  assert.equal(calls, 1);
  session.end("left");
});

test("two tabs renew one after the other", async () => {
  const locks = createLocks();
  let running = 0;
  const request = async () => {
    running += 1;
    assert.equal(running, 1);
    await new Promise(setImmediate);
    running -= 1;
    return { access_token: token("a") };
  };
  const tabs = [setUp(request, { locks }), setUp(request, { locks })];
  await Promise.all(tabs.map((tab) => tab.token()));
  for (const tab of tabs) tab.end("left");
});

test("a refused renewal ends the session, a missing network does not", async () => {
  const ended = [];
  let code = "network";
  const session = setUp(() => Promise.reject(Object.assign(new Error(code), { code })), {
    onEnded: (reason) => ended.push(reason),
  });
  await assert.rejects(session.token(), { code: "network" });
  assert.deepEqual(ended, []);
  code = "unauthorized";
  await assert.rejects(session.token(), { code: "unauthorized" });
  assert.deepEqual(ended, ["expired"]);
});

test("one who leaves has left, even when the sockets hear of it before the answer", async () => {
  const ended = [];
  const session = setUp(
    async (method, path) => {
      if (method !== "DELETE") {
        if (ended.asked) throw Object.assign(new Error("unauthorized"), { code: "unauthorized" });
        return { access_token: token("a") };
      }
      ended.asked = true;
      await assert.rejects(session.renew());
      return null;
    },
    { onEnded: (reason) => ended.push(reason) },
  );
  await session.token();
  await session.logOut();
  assert.deepEqual([...ended], ["left"]);
});

test("a log-out the server did not hear of is no log-out", async () => {
  const ended = [];
  const session = setUp(
    async (method) => {
      if (method === "DELETE") throw Object.assign(new Error("network"), { code: "network" });
      return { access_token: token("a") };
    },
    { onEnded: (reason) => ended.push(reason) },
  );
  await session.token();
  await assert.rejects(session.logOut());
  assert.deepEqual(ended, []);
  session.end("left");
});

function answering(answers, ended) {
  const session = setUp(
    async (method, path) => {
      const answer = answers[`${method} ${path}`];
      if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
      return answer;
    },
    { onEnded: (reason) => ended.push(reason) },
  );
  session.keep({ access_token: token("a") });
  return session;
}

test("what ends the session on the server ends it here when it is done, and by its own name", async () => {
  const ended = [];
  const session = answering({ "POST /session/refresh": "unauthorized" }, ended);
  await session.finish("deleted", async (access) => {
    assert.equal(access, token("a"));
    await assert.rejects(session.renew()); // the sockets heard it first
    assert.deepEqual(ended, []);
  });
  assert.deepEqual(ended, ["deleted"]);
});

test("a refused password ends nothing", async () => {
  const ended = [];
  const session = answering({}, ended);
  const refused = Object.assign(new Error("no"), { code: "validation_error" });
  await assert.rejects(session.finish("changed", () => Promise.reject(refused)), refused);
  assert.deepEqual(ended, []);
  session.end("expired");
  assert.deepEqual(ended, ["expired"]);
});

test("a session that ended although the task failed has just ended", async () => {
  const ended = [];
  const session = answering({ "POST /session/refresh": "unauthorized" }, ended);
  const broken = Object.assign(new Error("no"), { code: "unavailable" });
  const task = async () => {
    await assert.rejects(session.renew());
    throw broken;
  };
  await assert.rejects(session.finish("deleted", task), broken);
  assert.deepEqual(ended, ["expired"]);
});

test("the other tabs hear which end it was", () => {
  for (const [said, reason] of [["left", "left"], ["deleted", "deleted"], [null, "elsewhere"]]) {
    const ended = [];
    const session = answering({}, ended);
    const tab = new EventTarget();
    session.watch(tab);
    const event = Object.assign(new Event("storage"), { key: "chat.signed_in", oldValue: "u1", newValue: said });
    tab.dispatchEvent(event);
    tab.dispatchEvent(event);
    assert.deepEqual(ended, [reason]);
  }
});

function cookieKeys() {
  const keys = [];
  const request = async (method, path, { cookie, key }) => {
    keys.push([`${method} ${path}`, cookie, key]);
    return { user: { id: "u1" }, access_token: token("a") };
  };
  return { keys, request };
}

test("a log-in makes a key that every renewal shows, in each tab, until the log-out", async () => {
  const { keys, request } = cookieKeys();
  const storage = createStorage();
  const session = setUp(request, { storage });
  await session.logIn("ann", "secret");
  const key = storage.getItem("chat.session_key");
  assert.match(key, /^[0-9a-f]{64}$/);
  await session.renew();
  const tab = setUp(request, { storage });
  await tab.renew();
  assert.deepEqual(keys, [
    ["POST /session", true, key],
    ["POST /session/refresh", true, key],
    ["POST /session/refresh", true, key],
  ]);
  tab.end("expired");
  await session.logOut();
  assert.equal(storage.getItem("chat.session_key"), null);
  await session.logIn("ann", "secret");
  assert.notEqual(storage.getItem("chat.session_key"), key);
  session.end("left");
});

test("a log-in that fails leaves the key of another tab's session", async () => {
  const storage = createStorage({ "chat.session_key": "theirs" });
  const wrong = Object.assign(new Error("no"), { code: "unauthorized" });
  const session = setUp(() => Promise.reject(wrong), { storage });
  await assert.rejects(session.logIn("ann", "guessed"), wrong);
  assert.equal(storage.getItem("chat.session_key"), "theirs");
});

test("a session from before there were keys gets one at its next renewal", async () => {
  const { keys, request } = cookieKeys();
  const storage = createStorage({ "chat.signed_in": "u1" });
  const session = setUp(request, { storage });
  await session.renew();
  const key = storage.getItem("chat.session_key");
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.deepEqual(keys, [["POST /session/refresh", true, key]]);
  session.end("left");
});

test("where there are no cookies there is nothing to bind", async () => {
  const { keys, request } = cookieKeys();
  const session = setUp(request, { cookies: false });
  await session.logIn("ann", "secret");
  await session.renew();
  assert.deepEqual(
    keys.map(([, ...rest]) => rest),
    [
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
  session.end("left");
});

test("a cookie of somebody else's session is not taken for one's own", async () => {
  const ended = [];
  const claims = Buffer.from(JSON.stringify({ iat: 1, exp: 2, sub: "mallory" })).toString("base64url");
  const session = setUp(async () => ({ access_token: `h.${claims}.s` }), {
    storage: createStorage({ "chat.signed_in": "u1" }),
    onEnded: (reason) => ended.push(reason),
  });
  await assert.rejects(session.renew(), { code: "unauthorized" });
  assert.equal(session.access, null);
  assert.deepEqual(ended, ["expired"]);
});
