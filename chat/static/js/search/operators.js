// The operators of a query, such as `from:`, in both languages; the server's are in
// chat/text/queries.py.

import { locale } from "../i18n.js";
import { tokensOf } from "./words.js";

const TYPED = {
  en: { from: "from:", in: "in:", before: "before:", after: "after:", has: "has:" },
  zh: { from: "来自:", in: "在:", before: "之前:", after: "之后:", has: "有:" },
};
const VALUES = { en: { file: "file", link: "link", me: "me" }, zh: { file: "文件", link: "链接", me: "我" } };
const NAMES = {
  from: "from|来自|來自",
  in: "in|在",
  before: "before|之前",
  after: "after|之后|之後",
  has: "has|有",
};
const HAS = { file: "files?|文件|檔案", link: "links?|链接|連結" };
const DATE = /^\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?$/;
const ANY = Object.values(NAMES).join("|");
// What is open at the end of a query, as somebody types it, and what is whole: in quotes, or one word.
const QUOTED = '"[^"]*|[“„«][^”“»]*|「[^」]*|『[^』]*';
const QUOTES = /["“”„«»「」『』]/g;
const WHOLE = new RegExp(`(?<=^|\\s)(${ANY})[:：]((?:${QUOTED})["”“»」』]?|\\S*)`, "giu");
const NAMED = Object.entries(NAMES).map(([name, words]) => `(?<${name}>${words})`);
const LAST = new RegExp(`(?<=^|\\s)(?:${NAMED.join("|")})[:：](?<value>${QUOTED}|(?![“„«「『])[^\\s"]*)$`, "iu");

/** What one types for an operator, in the language of the page. */
export const typedOf = (name) => TYPED[locale()][name];

/** What one types for a value of an operator: "file", "link" or "me". */
export const valueOf = (name) => VALUES[locale()][name];

/** A query with an operator at its end, for a value to be typed. */
export function withOperator(query, name) {
  if (LAST.exec(query)?.groups[name] !== undefined && query.endsWith(typedOf(name))) return query;
  return `${query.trimEnd()} ${typedOf(name)}`.trimStart();
}

const conditionOf = (what) => new RegExp(`(?<=^|\\s)(?:${NAMES.has})[:：]["“„«「『]?(?:${HAS[what]})["”“»」』]?(?=\\s|$)`, "iu");

/** Whether a query asks for messages with a "file" or a "link". */
export const asksFor = (query, what) => conditionOf(what).test(query);

/** A query that asks for messages with a "file" or a "link", or no longer does. */
export function toggled(query, what) {
  if (!asksFor(query, what)) return `${query.trimEnd()} ${typedOf("has")}${valueOf(what)} `.trimStart();
  return query.replace(conditionOf(what), "").replace(/\s+/g, " ").trimStart();
}

/** The operator whose value is being typed at the end of a query: `{name, value, start}`, or null. */
export function openOperator(query) {
  const found = LAST.exec(query);
  if (!found) return null;
  const name = Object.keys(NAMES).find((one) => found.groups[one] !== undefined);
  return { name, value: found.groups.value.replace(QUOTES, ""), start: found.index };
}

/** Whether what is typed of an open operator is not yet a value: half a name finds nobody. */
export function isHalf({ name, value }) {
  if (name === "before" || name === "after") return !DATE.test(value);
  return name !== "has" || !value;
}

/** A query whose open operator has its value; one with spaces is put in quotes. */
export function completed(query, { name, start }, value) {
  const quoted = /\s/.test(value) ? `"${value.replaceAll('"', "")}"` : value;
  return `${query.slice(0, start)}${typedOf(name)}${quoted} `;
}

/** A query without its open operator. */
export const withoutOpen = (query, { start }) => query.slice(0, start);

/** Whether there is something to look for: "empty", "short" or "ready". */
export function readinessOf(query) {
  if (!query.trim()) return "empty";
  let finds = false;
  const rest = query.replace(WHOLE, (_, name, value) => {
    if (new RegExp(`^(?:${NAMES.from}|${NAMES.has})$`, "iu").test(name) && value.replace(QUOTES, "")) finds = true;
    return " ";
  });
  const [first, ...more] = tokensOf(rest);
  if (finds || more.length || (first && (!first.isWord || first.text.length > 1))) return "ready";
  return "short";
}

/** A day as operators take it: 2026-01-31. */
function dayOf(at) {
  const parts = [at.getFullYear(), at.getMonth() + 1, at.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

/** Days that `before:` and `after:` are often used with: `{key, value}`. */
export function usualDays(now = new Date()) {
  const [year, month, date] = [now.getFullYear(), now.getMonth(), now.getDate()];
  const days = {
    yesterday: new Date(year, month, date - 1),
    week: new Date(year, month, date - 7),
    month: new Date(year, month - 1, Math.min(date, new Date(year, month, 0).getDate())),
    year: new Date(year, 0, 1),
  };
  return Object.entries(days).map(([key, at]) => ({ key, value: dayOf(at) }));
}
