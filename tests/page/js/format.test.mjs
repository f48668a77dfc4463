import assert from "node:assert/strict";
import { after, test } from "node:test";
import { brief, day } from "../../../chat/static/js/format.js";
import { setLocale } from "../../../chat/static/js/i18n.js";

const here = process.env.TZ;
after(() => {
  if (here === undefined) delete process.env.TZ;
  else process.env.TZ = here;
});

// A zone, the reader's moment, and moments of yesterday and of the day before in that zone.
const YESTERDAYS = [
  // the clock went from 02:00 to 03:00 on the 29th: that day had 23 hours
  ["Europe/Berlin", [2026, 2, 30, 0, 30], [2026, 2, 29, 0, 0], [2026, 2, 28, 23, 59]],
  ["Europe/Berlin", [2026, 2, 30, 23, 59], [2026, 2, 29, 0, 0], [2026, 2, 28, 23, 59]],
  // autumn: 25 hours
  ["Europe/Berlin", [2026, 9, 26, 0, 0], [2026, 9, 25, 0, 0], [2026, 9, 24, 23, 59]],
  ["Europe/Berlin", [2026, 9, 25, 23, 30], [2026, 9, 24, 0, 0], [2026, 9, 23, 23, 59]],
  ["America/New_York", [2026, 2, 9, 0, 30], [2026, 2, 8, 0, 0], [2026, 2, 7, 23, 59]],
  ["America/New_York", [2026, 10, 1, 23, 30], [2026, 9, 31, 0, 0], [2026, 9, 30, 23, 59]],
  ["America/New_York", [2026, 10, 2, 0, 0], [2026, 10, 1, 0, 0], [2026, 9, 31, 23, 59]],
  ["Australia/Lord_Howe", [2026, 3, 6, 0, 0], [2026, 3, 5, 0, 0], [2026, 3, 4, 23, 59]],
  ["Australia/Lord_Howe", [2026, 9, 5, 0, 10], [2026, 9, 4, 0, 0], [2026, 9, 3, 23, 59]],
  // the hour after midnight does not exist on the 29th of March
  ["Asia/Beirut", [2026, 2, 30, 0, 30], [2026, 2, 29, 1, 0], [2026, 2, 28, 23, 59]],
  ["Asia/Shanghai", [2026, 0, 1, 0, 0], [2025, 11, 31, 0, 0], [2025, 11, 30, 23, 59]],
  ["UTC", [2028, 2, 1, 12, 0], [2028, 1, 29, 23, 59], [2028, 1, 28, 23, 59]],
];

test("yesterday is the day before in the reader's calendar, however many hours days have", () => {
  setLocale("en");
  for (const [zone, ...moments] of YESTERDAYS) {
    process.env.TZ = zone;
    const [now, yesterday, before] = moments.map((parts) => new Date(...parts).getTime());
    const where = `${zone} ${new Date(now)}`;
    assert.equal(day(yesterday, now), "Yesterday", where);
    assert.equal(brief(yesterday, now), "Yesterday", where);
    assert.notEqual(day(before, now), "Yesterday", where);
    assert.notEqual(brief(before, now), "Yesterday", where);
    const midnight = new Date(now).setHours(0, 0, 0, 0);
    assert.equal(day(midnight, now), "Today", where);
    assert.equal(day(midnight - 1, now), "Yesterday", where);
  }
});

test("a weekday names one of the six days before today, never today's own of last week", () => {
  process.env.TZ = "Europe/Berlin";
  const now = new Date(2026, 2, 30, 0, 30).getTime(); // a Monday
  assert.match(brief(new Date(2026, 2, 24, 0, 0).getTime(), now), /^Tue$/);
  assert.doesNotMatch(brief(new Date(2026, 2, 23, 23, 59).getTime(), now), /Mon/);
});
