import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { badge, brief, clock, day, roomNumber } from "../../../chat/static/js/format.js";
import { has, setLocale, t } from "../../../chat/static/js/i18n.js";
import en from "../../../chat/static/js/locales/en.js";
import zh from "../../../chat/static/js/locales/zh.js";

const ROOT = new URL("../../../chat/static/js/", import.meta.url);

test("both languages have the same texts with the same places", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
  const places = (text) => {
    const forms = typeof text === "object" ? [text.other] : [text];
    return [...new Set(forms.flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();
  };
  for (const key of Object.keys(en)) assert.deepEqual(places(en[key]), places(zh[key]), key);
});

test("every text stands in one file alone", async () => {
  for (const language of ["en", "zh"]) {
    const folder = new URL(`locales/${language}/`, ROOT);
    const parts = await Promise.all(readdirSync(folder).map((name) => import(new URL(name, folder))));
    const keys = parts.flatMap((part) => Object.keys(part.default));
    assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), []);
  }
});

test("every text the page asks for exists, and every text is asked for", () => {
  const sources = readdirSync(ROOT, { recursive: true })
    .filter((name) => name.endsWith(".js") && !name.includes("locales"))
    .map((name) => readFileSync(new URL(name, ROOT), "utf8"))
    .join("\n");
  for (const [, key] of sources.matchAll(/\bt\(\s*"([\w.]+)"/g)) assert.ok(key in en, key);
  const families = [...sources.matchAll(/`(\w+)\.\$\{/g)].map(([, family]) => `${family}.`);
  for (const key of Object.keys(en)) {
    const named = sources.includes(`"${key}"`) || families.some((family) => key.startsWith(family));
    assert.ok(named || key.endsWith("_title"), `${key} is never used`);
  }
});

test("numbers choose their form", () => {
  setLocale("en");
  assert.equal(t("members.count", { count: 1 }), "1 member");
  assert.equal(t("members.count", { count: 3 }), "3 members");
  setLocale("zh");
  assert.equal(t("members.count", { count: 1 }), "1 位成员");
  assert.equal(has("no.such"), false);
});

test("times are short where they stand often", () => {
  setLocale("en");
  const now = new Date(2026, 4, 20, 15, 30).getTime();
  const hour = 3_600_000;
  assert.equal(clock(now), "15:30");
  assert.equal(brief(now - hour, now), "14:30");
  assert.equal(brief(now - 24 * hour, now), "Yesterday");
  assert.equal(brief(now - 3 * 24 * hour, now), "Sun");
  assert.equal(day(now, now), "Today");
  assert.match(day(now - 400 * 24 * hour, now), /2025/);
  setLocale("zh");
  assert.equal(day(now - 24 * hour, now), "昨天");
});

test("badges and room numbers are easy to read", () => {
  assert.equal(badge(7), "7");
  assert.equal(badge(100), "99+");
  assert.equal(roomNumber("123456789"), "123 456 789");
});
