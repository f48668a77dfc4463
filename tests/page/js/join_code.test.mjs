import assert from "node:assert/strict";
import { test } from "node:test";
import { joinCode } from "../../../chat/static/js/join_code.js";

const NUMBER = "235486432";

test("a number is understood however it was copied", () => {
  const written = [
    "235486432",
    " 235 486 432 ",
    "235-486-432",
    "235–486–432",
    "2 3 5 4 8 6 4 3 2",
    "２３５４８６４３２",
    "٢٣٥٤٨٦٤٣٢",
    "२३५४८६४३२",
    "join us: 235-486-432 (Ann)",
    "群号：235486432，快来",
    "on 2026-11-27: 235 486 432",
    "http://chat.example:5000/r/235486432",
    "/r/235486432/",
    "Walkers https://chat.example/r/235486432?x=1 see you",
  ];
  for (const text of written) assert.deepEqual(joinCode(text), { kind: "number", number: NUMBER, seq: null }, text);
});

test("a link to a message leads to it", () => {
  assert.deepEqual(joinCode("https://chat.example/r/235486432/m/17"), { kind: "number", number: NUMBER, seq: 17 });
});

test("an invitation is understood with text around it", () => {
  const text = "come along: https://chat.example/#invite=ab_C-1, until Friday";
  assert.deepEqual(joinCode(text), { kind: "invitation", token: "ab_C-1" });
});

test("other numbers lead nowhere", () => {
  const other = ["", "hello", "23548643", "2354864321", "tel. 13812345678", "+49 30 235486 43", "2026-11-27 22:30"];
  for (const text of other) assert.equal(joinCode(text), null, text);
});
