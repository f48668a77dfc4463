// A person's picture, or an initial on a coloured ground. Decorative: the name stands beside it.

import { h } from "../dom.js";

const HUES = 12;

/** The colour class of an id: always the same one. */
export function hueOf(id) {
  let sum = 0;
  for (const char of String(id)) sum = (sum * 31 + char.codePointAt(0)) >>> 0;
  return `hue-${sum % HUES}`;
}

/** The address of a picture that may be shown, else null: on https, or of this server. */
export function pictureOf(address, origin) {
  if (!/^(https:|\/)/.test(address ?? "")) return null;
  try {
    const url = new URL(address, origin);
    return url.protocol === "https:" || url.origin === origin ? url.href : null;
  } catch {
    return null; // not an address at all
  }
}

/** Make the avatar of a person, `{id, avatar}`, or of a group (`square`), by the name beside it. */
export function avatar({ id, avatar: address = "" }, name, { square = false } = {}) {
  const [initial = "?"] = [...name.trim()];
  const kind = square ? "avatar avatar-square" : "avatar";
  const root = h("span", { class: `${kind} ${hueOf(id)}`, "aria-hidden": "true" }, initial.toUpperCase());
  const src = pictureOf(address, location.origin);
  if (!src) return root;
  const picture = h("img", { alt: "", decoding: "async", referrerpolicy: "no-referrer" });
  // The initial stays until the picture is there, and where it never comes.
  picture.addEventListener("load", () => root.replaceChildren(picture));
  picture.src = src;
  return root;
}
