// The picture of a person or a group, or an initial on a coloured ground. Decorative: the name stands
// beside it.

import { h } from "../dom.js";

const HUES = 12;
let pictures = null; // where they come from, for one who is logged in

/** Show pictures from a Pictures, from now on. */
export function showAvatarsOf(source) {
  pictures = source;
}

/** The colour class of an id: always the same one. */
export function hueOf(id) {
  let sum = 0;
  for (const char of String(id)) sum = (sum * 31 + char.codePointAt(0)) >>> 0;
  return `hue-${sum % HUES}`;
}

/** Make the avatar of a person, `{id, avatar}`, or of a group (`square`), by the name beside it. */
export function avatar({ id, avatar: fileId = "" }, name, { square = false } = {}) {
  const [initial = "?"] = [...name.trim()];
  const kind = square ? "avatar avatar-square" : "avatar";
  const root = h("span", { class: `${kind} ${hueOf(id)}`, "aria-hidden": "true" }, initial.toUpperCase());
  if (fileId && pictures) showIn(root, `/files/${fileId}`);
  return root;
}

/** The initial stays until the picture is there, and where it never comes. */
async function showIn(root, path) {
  try {
    const url = pictures.peek(path) ?? (await pictures.load(path));
    const image = h("img", { alt: "", draggable: "false", src: url });
    const show = () => {
      root.replaceChildren(image);
      pictures.hold(path, image);
    };
    if (image.complete) show();
    else image.addEventListener("load", show);
  } catch {
    // gone, or no connection
  }
}
