import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../../chat/static/js/answer.js";
import { Outbox } from "../../../chat/static/js/outbox.js";
import { createKeepers, createLocks, deferred, message } from "./helpers.mjs";

const ROOM = { id: "r1", kind: "group" };
const file = (key) => ({ key, name: `${key}.png`, type: "image/png", size: 3, width: 1, height: 1, blob: new Blob([key]), id: null });

/** Make the outbox of one tab. `upload(roomId, file)` resolves to what the server has. */
function setUp({ emit, upload, keepers = createKeepers(), online = () => true, begin, now } = {}) {
  const uploaded = [];
  const sent = [];
  const cancelled = [];
  let count = 0;
  let ids = 0;
  const locks = createLocks();
  const outbox = new Outbox({
    userId: "u1",
    keeper: keepers.open((clientId) => outbox.changedElsewhere(clientId)),
    emit:
      emit ??
      (async (kind, event, payload) => {
        sent.push(payload);
        return { data: message(sent.length, { client_id: payload.client_id, room_id: payload.room_id }) };
      }),
    online,
    lock: (name, task) => locks.request(name, task),
    stored: () => {},
    changed: () => {},
    wait: async () => {},
    makeId: () => `c${++count}`,
    files: {
      uploads: {
        async send(roomId, given) {
          uploaded.push(`${roomId}/${given.key}`);
          return (await upload?.(roomId, given)) ?? { id: `f${++ids}` };
        },
        cancel: (key) => cancelled.push(key),
      },
      begin,
      uploaded: () => {},
    },
    now,
  });
  return { outbox, uploaded, sent, cancelled, keepers };
}

async function settled(outbox) {
  for (let turn = 0; turn < 200 && [...outbox.records.values()].some(({ state }) => state === "pending"); turn += 1) {
    await new Promise(setImmediate);
  }
}

const idsOf = (sent) => sent.map(({ data, files }) => [data, files]);

test("a message goes out once the server has its files, in their order", async () => {
  const { outbox, sent, uploaded } = setUp();
  outbox.add(ROOM, "both", null, [file("a"), file("b")]);
  await settled(outbox);
  assert.deepEqual(uploaded, ["r1/a", "r1/b"]);
  assert.deepEqual(idsOf(sent), [["both", ["f1", "f2"]]]);
  assert.equal(outbox.size, 0);
});

test("a text does not wait for the files of the message before it", async () => {
  const slow = deferred();
  const { outbox, sent } = setUp({ upload: () => slow.promise });
  outbox.add(ROOM, "", null, [file("a")]);
  outbox.add(ROOM, "meanwhile");
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(idsOf(sent), [["meanwhile", undefined]]);
  slow.resolve({ id: "late" });
  await settled(outbox);
  assert.deepEqual(idsOf(sent)[1], ["", ["late"]]);
});

test("files that the server has forgotten are uploaded anew, once", async () => {
  const acks = [];
  const emit = async (kind, event, payload) => {
    acks.push(payload.files);
    if (acks.length === 1 || acks.length > 2) return { error: { code: "validation_error", message: "", fields: { files: ["gone"] } } };
    return { data: message(1, { client_id: payload.client_id }) };
  };
  const { outbox } = setUp({ emit });
  outbox.add(ROOM, "", null, [file("a")]);
  await settled(outbox);
  assert.deepEqual(acks, [["f1"], ["f2"]]);
  outbox.add(ROOM, "", null, [file("b")]);
  await settled(outbox);
  assert.equal(outbox.list("r1")[0].state, "failed");
  assert.equal(acks.length, 4);
});

test("files that were uploaded long ago are not named any more", async () => {
  let at = 1_000;
  let online = true;
  const first = setUp({ now: () => at, online: () => online, upload: async () => void (online = at > 1_000) });
  first.outbox.add(ROOM, "", null, [file("a")]);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(first.sent, []);
  at += 24 * 3_600_000;
  online = true;
  first.outbox.resume();
  await settled(first.outbox);
  assert.deepEqual(first.uploaded, ["r1/a", "r1/a"]);
  assert.equal(first.sent.length, 1);
});

test("an upload that breaks off is tried again, one that is refused is not", async () => {
  let tries = 0;
  const { outbox, sent } = setUp({
    async upload() {
      tries += 1;
      if (tries < 3) throw new ApiError({ code: "network" });
    },
  });
  outbox.add(ROOM, "", null, [file("a")]);
  await settled(outbox);
  assert.equal(sent.length, 1);
  const refused = setUp({
    async upload() {
      throw new ApiError({ code: "quota_exceeded", message: "Full." });
    },
  });
  refused.outbox.add(ROOM, "text", null, [file("a")]);
  await settled(refused.outbox);
  assert.deepEqual(refused.outbox.list("r1")[0].error, { code: "file_quota_exceeded", message: "Full." });
  assert.equal(refused.uploaded.length, 1);
});

test("a reload goes on with what is left, and sends once", async () => {
  const keepers = createKeepers();
  const never = deferred();
  const before = setUp({ keepers, upload: (roomId, { key }) => (key === "a" ? { id: "fa" } : never.promise) });
  before.outbox.add(ROOM, "kept", null, [file("a"), file("b")]);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  before.outbox.online = () => false; // that page is gone
  const after = setUp({ keepers });
  await after.outbox.load();
  after.outbox.resume();
  await settled(after.outbox);
  assert.equal(after.sent.length, 1);
  assert.equal(after.sent[0].files.length, 2);
  assert.equal(before.sent.length, 0);
});

test("a file can be taken back; without its last one and a text the message goes, too", async () => {
  const never = deferred();
  const { outbox, cancelled } = setUp({ upload: () => never.promise });
  outbox.add(ROOM, "", null, [file("a"), file("b")]);
  outbox.files.dropFile("c1", "a");
  assert.deepEqual(outbox.list("r1")[0].files.map(({ key }) => key), ["b"]);
  outbox.files.dropFile("c1", "b");
  assert.equal(outbox.size, 0);
  assert.deepEqual(cancelled, ["a", "b"]);
});

test("a room that is not there yet is made before the first file", async () => {
  const peer = { id: "u2", username: "bob" };
  const { outbox, uploaded, sent } = setUp({ begin: async () => outbox.begin("new:bob", { id: "r9" }) });
  outbox.add({ id: "new:bob", kind: "direct", provisional: true, peer }, "", null, [file("a")]);
  await settled(outbox);
  assert.deepEqual(uploaded, ["r9/a"]);
  assert.equal(sent[0].room_id, "r9");
});

test("where there is no space for files the text is kept, and one is told once", async () => {
  const kept = [];
  let told = 0;
  const { outbox } = setUp({ online: () => false });
  outbox.notKept = () => (told += 1);
  outbox.keeper = { ...outbox.keeper, put: async (record) => void kept.push(record) || record.files.every(({ blob }) => !blob) };
  await outbox.add(ROOM, "the text", null, [file("a")]);
  assert.deepEqual([told, kept.at(-1).data, kept.at(-1).files[0].blob], [1, "the text", null]);
  const { outbox: later } = setUp();
  later.records.set("c1", { ...kept.at(-1) });
  later.resume();
  await settled(later);
  assert.equal(later.list("r1")[0].error.code, "file_files_lost");
});
