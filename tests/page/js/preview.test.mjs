import assert from "node:assert/strict";
import { test } from "node:test";
import { setLocale } from "../../../chat/static/js/i18n.js";
import { previewOf, typingText } from "../../../chat/static/js/preview.js";
import { Store } from "../../../chat/static/js/store.js";
import { group } from "./helpers.mjs";

setLocale("en");

test("who types in a group that was never opened is not called by the name of a deleted account", () => {
  const store = new Store();
  store.setMe({ id: "me", username: "me", nickname: "" });
  store.putRooms([group("r1")], []);
  store.apply("user_typing", { room_id: "r1", user_id: "u2" });
  const room = store.rooms.get("r1");
  const preview = () => previewOf(room, { store, typists: store.typists("r1"), records: [], draft: "" });
  assert.deepEqual(preview(), { kind: "typing", text: "typing…", state: null });
  store.keepUser({ id: "u2", username: "bob", nickname: "Bob" });
  assert.equal(preview().text, "Bob is typing…");
});

test("one who types is one, however little is known of them, and two are several", () => {
  const store = new Store();
  store.keepUser({ id: "u2", username: "bob", nickname: "" });
  const texts = [["u9"], ["u2"], ["u2", "u9"]].map((typists) => typingText(typists, store));
  assert.deepEqual(texts, ["typing…", "bob is typing…", "Several people are typing…"]);
});
