// What kinds of files there are, and what is said of them in place of a text.

import { fileSize } from "../format.js";
import { t } from "../i18n.js";
import { site } from "../site.js";

export const PICTURE_TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const FALLBACK_BYTES = 25 * 1024 * 1024;

const KINDS = [
  ["pdf", /\.pdf$/i],
  ["archive", /\.(zip|rar|7z|tar|t?gz|bz2|xz)$/i],
  ["sheet", /\.(xlsx?|csv|tsv|ods|numbers)$/i],
  ["slides", /\.(pptx?|odp|key)$/i],
  ["text", /\.(docx?|odt|rtf|txt|md|pages|wps)$/i],
  ["sound", /\.(mp3|m4a|aac|wav|ogg|opus|flac)$/i],
  ["film", /\.(mp4|mov|m4v|webm|mkv|avi)$/i],
  ["picture", /\.(png|jpe?g|gif|webp|heic|svg|bmp|tiff?|psd)$/i],
  ["code", /\.(js|ts|py|java|c|cc|cpp|h|go|rs|rb|sh|html?|css|json|xml|ya?ml|sql)$/i],
];

/** Whether a file is shown as a picture: the server has measured it, or this browser has. */
export function isPicture({ type, width, height }) {
  return PICTURE_TYPES.includes(type) && width > 0 && height > 0;
}

/** The kind of a file by its name, for the sign beside it: "pdf", "archive", …, "other". */
export function kindOf({ name }) {
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}

/** A name in two parts: the second one, with the ending, stays where the first one is cut. */
export function nameParts(name) {
  const letters = [...name];
  const dot = letters.lastIndexOf(".");
  const ending = dot > 0 ? letters.length - dot : 0;
  const kept = ending > 0 && ending <= 8 ? ending + 4 : 6;
  if (letters.length <= kept + 6) return [name, ""];
  return [letters.slice(0, -kept).join(""), letters.slice(-kept).join("")];
}

/** What files are in one line: "📷 Photo", "📎 notes.pdf and 2 more". */
export function filesText(files) {
  if (files.every(isPicture)) return `📷 ${t("files.photos", { count: files.length })}`;
  const [{ name }] = files;
  return `📎 ${files.length > 1 ? t("files.more", { name, count: files.length }) : name}`;
}

/** A message's text, already without marks, on one line with what files it has. */
export function withFiles(text, files = []) {
  if (!files.length) return text;
  if (!text) return filesText(files);
  return `${files.every(isPicture) ? "📷" : "📎"} ${text}`;
}

/** The most bytes that the server takes of one file. */
export function mostBytes() {
  return Number(site("maxFileBytes")) || FALLBACK_BYTES;
}

/** Why a file cannot be sent, in words, or null. */
export function problemOf({ name, size }) {
  if (size === 0) return t("files.empty", { name });
  const most = mostBytes();
  return size > most ? t("files.too_large", { name, size: fileSize(most) }) : null;
}
