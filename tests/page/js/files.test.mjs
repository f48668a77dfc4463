import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../../chat/static/js/answer.js";
import { filesText, kindOf, nameParts, withFiles } from "../../../chat/static/js/files/kinds.js";
import { boxOf, spansOf } from "../../../chat/static/js/files/layout.js";
import { Pictures } from "../../../chat/static/js/files/pictures.js";
import { createUploads } from "../../../chat/static/js/files/uploads.js";
import { FITTED, zoomed } from "../../../chat/static/js/files/zoom.js";
import { fileSize } from "../../../chat/static/js/format.js";
import { setLocale } from "../../../chat/static/js/i18n.js";
import { quoteOf } from "../../../chat/static/js/quoted.js";
import { excerptOf } from "../../../chat/static/js/views/excerpt.js";
import { deferred, message } from "./helpers.mjs";

const PHOTO = { name: "garden.jpg", type: "image/jpeg", width: 40, height: 30 };
const NOTES = { name: "notes.pdf", type: "application/pdf", width: null, height: null };

test("a message with files says what they are wherever it stands in one line", () => {
  setLocale("en");
  assert.equal(filesText([PHOTO]), "📷 Photo");
  assert.equal(filesText([PHOTO, PHOTO]), "📷 2 photos");
  assert.equal(filesText([NOTES, PHOTO]), "📎 notes.pdf and others, 2 files");
  assert.equal(withFiles("Look!", [PHOTO]), "📷 Look!");
  assert.equal(withFiles("Look!", []), "Look!");
  const quoted = quoteOf(message(3, { data: "", files: [NOTES] }));
  assert.equal(excerptOf(quoted), "📎 notes.pdf");
  assert.equal(excerptOf({ ...quoted, files: [], deleted: true }), "Message deleted");
});

test("the end of a name stays where the name is cut", () => {
  assert.deepEqual(nameParts("short.txt"), ["short.txt", ""]);
  assert.deepEqual(nameParts("the plans for the garden.xlsx"), ["the plans for the ga", "rden.xlsx"]);
  assert.deepEqual(nameParts("🌻".repeat(20)).map((part) => [...part].length), [14, 6]);
  assert.deepEqual(["a.PDF", "b.tar.gz", "c"].map((name) => kindOf({ name })), ["pdf", "archive", "other"]);
});

test("sizes are short, in the reader's numbers", () => {
  setLocale("en");
  assert.deepEqual([0, 900, 1024, 340_000, 3.4 * 2 ** 20, 25 * 2 ** 20].map(fileSize), [
    "0 B",
    "900 B",
    "1 KB",
    "332 KB",
    "3.4 MB",
    "25 MB",
  ]);
});

test("a picture has its box before it is there: neither large nor a strip", () => {
  assert.deepEqual(boxOf({ width: 640, height: 480 }), { width: 320, height: 240 });
  assert.deepEqual(boxOf({ width: 200, height: 150 }), { width: 200, height: 150 });
  assert.deepEqual(boxOf({ width: 100, height: 6_000 }), { width: 96, height: 320 });
  assert.deepEqual(boxOf({ width: 1, height: 1 }), { width: 96, height: 96 });
});

test("the lines of a grid are full, however many pictures there are", () => {
  for (let count = 1; count <= 10; count += 1) {
    const spans = spansOf(count);
    assert.equal(spans.length, count);
    assert.equal(spans.reduce((sum, span) => sum + span, 0) % 6, 0, `${count}`);
  }
});

test("zooming keeps what lies under the pointer, and the picture over the middle", () => {
  const size = { width: 400, height: 300 };
  const view = { width: 400, height: 400 };
  const closer = zoomed(FITTED, 2, { x: 100, y: 0 }, size, view);
  assert.deepEqual(closer, { scale: 2, x: -100, y: 0 });
  assert.deepEqual(zoomed(closer, 0.1, { x: 0, y: 0 }, size, view), FITTED);
});

/** A Pictures whose addresses are counted; `held` are those that are not revoked. */
function makePictures(options = {}) {
  const held = new Set();
  const fetched = [];
  let count = 0;
  const pictures = new Pictures({
    fetchBlob: async (path) => {
      fetched.push(path);
      return { size: 10 };
    },
    urls: {
      createObjectURL() {
        held.add(`blob:${++count}`);
        return `blob:${count}`;
      },
      revokeObjectURL: (url) => held.delete(url),
    },
    ...options,
  });
  return { pictures, held, fetched };
}

test("a picture is fetched once, and one of this browser never", async () => {
  const { pictures, fetched } = makePictures();
  const both = await Promise.all([pictures.load("/a"), pictures.load("/a")]);
  assert.equal(both[0], both[1]);
  const own = pictures.putLocal("key", { size: 5 });
  pictures.adopt("key", "/b");
  assert.equal(await pictures.load("/b"), own);
  assert.deepEqual(fetched, ["/a"]);
});

test("only so many pictures are kept, those in the page whatever happens", async () => {
  const { pictures, held } = makePictures({ most: 2 });
  const shown = await pictures.load("/shown");
  pictures.hold("/shown", { isConnected: true });
  for (const path of ["/1", "/2", "/3"]) await pictures.load(path);
  assert.equal(pictures.peek("/shown"), shown);
  assert.equal(pictures.peek("/1"), null);
  assert.equal(held.size, 2);
});

test("pictures of a deleted message or a room that was left are dropped, also while they come", async () => {
  const coming = deferred();
  const { pictures, held } = makePictures();
  await pictures.load("/a", { message: "m1", room: "r1" });
  await pictures.load("/b", { message: "m2", room: "r1" });
  pictures.drop({ message: "m1" });
  assert.deepEqual([pictures.peek("/a") === null, pictures.peek("/b") === null], [true, false]);
  pictures.fetchBlob = () => coming.promise;
  const late = pictures.load("/c", { room: "r1" });
  pictures.drop({ room: "r1" });
  coming.resolve({ size: 1 });
  await assert.rejects(late, { code: "not_found" });
  assert.equal(held.size, 0);
});

test("a picture that is refused because many ask at once is asked for later, a few times", async () => {
  const waits = [];
  const late = Object.assign(new Error("later"), { code: "rate_limited", retryAfter: 2 });
  const answers = [late, late, { size: 1 }];
  const { pictures } = makePictures({
    wait: async (ms) => waits.push(ms),
    fetchBlob: async () => {
      const answer = answers.shift() ?? late;
      if (answer === late) throw late;
      return answer;
    },
  });
  assert.match(await pictures.load("/a"), /^blob:/);
  assert.deepEqual(waits.map((ms) => ms >= 2000 && ms <= 4000), [true, true]);
  await assert.rejects(pictures.load("/b"), { code: "rate_limited" });
  assert.equal(waits.length, 5);
  late.retryAfter = 60;
  await assert.rejects(pictures.load("/c"), { code: "rate_limited" });
  assert.equal(waits.length, 5);
});

test("a picture that is dropped while it waits is asked for once", async () => {
  const late = Object.assign(new Error("later"), { code: "rate_limited", retryAfter: 2 });
  const asked = [];
  const { pictures } = makePictures({
    wait: async () => pictures.drop({ room: "r1" }),
    fetchBlob: async (path) => {
      asked.push(path);
      throw late;
    },
  });
  await assert.rejects(pictures.load("/a", { room: "r1" }), { code: "not_found" });
  assert.deepEqual(asked, ["/a"]);
});

test("a picture that did not come is asked for again", async () => {
  const { pictures } = makePictures();
  const { fetchBlob } = pictures;
  pictures.fetchBlob = async () => {
    throw new ApiError({ code: "network" });
  };
  await assert.rejects(pictures.load("/a"), { code: "network" });
  pictures.fetchBlob = fetchBlob;
  assert.match(await pictures.load("/a"), /^blob:/);
});

test("two uploads run at a time, and one that is cancelled makes room for the next", async () => {
  const begun = [];
  const uploads = createUploads((path, blob, { signal }) => {
    begun.push(blob);
    return new Promise((resolve, reject) => signal.addEventListener("abort", () => reject(new ApiError({ code: "cancelled" }))));
  });
  const [first] = ["a", "b", "c"].map((key) => uploads.send("r1", { key, name: key, blob: key }).catch((error) => error.code));
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a", "b"]);
  uploads.cancel("a");
  assert.equal(await first, "cancelled");
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a", "b", "c"]);
});
