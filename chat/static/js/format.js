// Times, dates and numbers in the reader's language.

import { locale, t } from "./i18n.js";
import { sameDay } from "./grouping.js";

const formats = new Map();

const tag = () => (locale() === "zh" ? "zh-CN" : "en");

function formatter(options) {
  const key = tag() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(tag(), options));
  return formats.get(key);
}

/** Noon, so many days earlier in the reader's calendar: days have 23 to 25 hours. */
function daysBefore(now, count) {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - count, 12).getTime();
}

function isYesterday(at, now) {
  return sameDay(at, daysBefore(now, 1));
}

/** 14:05 */
export function clock(at) {
  return formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** Today, Yesterday, or the date; the year only when it is another one. */
export function day(at, now = Date.now()) {
  if (sameDay(at, now)) return t("day.today");
  if (isYesterday(at, now)) return t("day.yesterday");
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return formatter({
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(at);
}

/** The shortest useful form for a list: time today, weekday this week, else the date. */
export function brief(at, now = Date.now()) {
  if (sameDay(at, now)) return clock(at);
  if (isYesterday(at, now)) return t("day.yesterday");
  if (at > daysBefore(now, 6) || sameDay(at, daysBefore(now, 6))) return formatter({ weekday: "short" }).format(at);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return formatter(
    sameYear
      ? { month: "numeric", day: "numeric" }
      : { year: "numeric", month: "numeric", day: "numeric" },
  ).format(at);
}

/** Date and time in full, for titles. */
export function full(at) {
  return formatter({ dateStyle: "full", timeStyle: "short" }).format(at);
}

/** Some names as one reads them out: "Ann, Bob, and Cleo". */
export function listed(names) {
  return new Intl.ListFormat(tag()).format(names);
}

/** An unread count that fits its badge. */
export function badge(count) {
  return count > 99 ? "99+" : String(count);
}

/** The size of a file: "820 KB", "3.4 MB". */
export function fileSize(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  const size = bytes / 1024 ** step;
  const digits = step > 1 && size < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(tag(), { maximumFractionDigits: digits }).format(size)} ${units[step]}`;
}

/** A room number in groups of three, as people read it out. */
export function roomNumber(number) {
  return number.replace(/(\d{3})(?=\d)/g, "$1 ");
}

/** "12 members, 3 online". */
export function memberCount(store, members) {
  const online = members.filter(({ user }) => (store.users.get(user.id) ?? user).online).length;
  const count = t("members.count", { count: members.length });
  return online ? t("members.online", { members: count, count: online }) : count;
}
