// One picture: a box that has its size before the picture is there, and says when there is none.

import { fill, h, icon, setText } from "../dom.js";
import { PICTURE_OFF } from "../icons.js";
import { t } from "../i18n.js";

const shown = new WeakMap(); // by box: what it shows

/** Make an empty box. */
export function createPicture() {
  return h("span", { class: "picture", dataset: { state: "waiting" } });
}

/**
 * Show a picture, `{path, local, name, owner}`: `local` is a Blob of this browser, `path` where the
 * server has it. It is fetched once the box is near what is seen, as `near(node, task)` tells.
 */
export function showPicture(node, picture, { pictures, near }) {
  const key = picture.path ?? picture.local.key;
  const before = shown.get(node);
  if (before?.key === key) return;
  const own = { key };
  shown.set(node, own);
  const isCurrent = () => shown.get(node) === own;
  const { path, local, name, owner } = picture;
  const url = local ? pictures.putLocal(local.key, local.blob, owner) : pictures.peek(path);
  const show = (address) => place(node, address, { key, name, pictures, isCurrent });
  const load = async () => {
    node.dataset.state = "loading";
    try {
      const address = await pictures.load(path, owner);
      if (isCurrent()) await show(address);
    } catch (error) {
      if (isCurrent()) miss(node, error.code === "not_found" || error.code === "forbidden", load);
    }
  };
  if (url) show(url);
  else {
    node.dataset.state = "waiting";
    near(node, () => isCurrent() && load());
  }
}

/** Put the image in once it can be drawn, so that nothing flickers. */
async function place(node, url, { key, name, pictures, isCurrent }) {
  const known = node.querySelector(":scope > img");
  if (known?.src === url) {
    known.alt = name;
    pictures.hold(key, known);
    node.dataset.state = "shown";
    return;
  }
  const image = h("img", { alt: name, draggable: "false" });
  image.src = url;
  try {
    await image.decode();
  } catch {
    if (isCurrent()) miss(node, true);
    return;
  }
  if (!isCurrent()) return;
  fill(node, image);
  pictures.hold(key, image);
  node.dataset.state = "shown";
}

/** Say that a picture is gone, or (`again`) that it did not come and can be asked for once more. */
function miss(node, isGone, again) {
  node.dataset.state = isGone ? "gone" : "failed";
  const text = h("span", {}, "");
  setText(text, t(isGone ? "files.gone" : "files.failed"));
  fill(node, h("span", { class: "picture-missing" }, icon(PICTURE_OFF), text));
  shown.get(node).again = isGone ? null : again;
}

/** Ask again for a picture that did not come; whether there was something to ask for. */
export function askAgain(node) {
  const again = shown.get(node)?.again;
  if (!again) return false;
  shown.get(node).again = null;
  again();
  return true;
}

/** Whether it is known that there is no picture any more. */
export function isGone(node) {
  return node.dataset.state === "gone";
}
