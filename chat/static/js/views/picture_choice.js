// Chooses the picture of a person or a group: it is shown at once, and stays when the server has it.

import { h, icon, setAttr, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { PICTURE_TYPES, problemOf } from "../files/kinds.js";
import { t } from "../i18n.js";
import { PICTURE, TRASH } from "../icons.js";

/**
 * Make the part; `has()` tells whether there is a picture, `save(blob, options)` and `remove()` change
 * it, `preview(url)` shows an address in place of it, or (null) what there is again.
 */
export function createPictureChoice({ has, save, remove, preview, toast }) {
  const input = h("input", { type: "file", accept: PICTURE_TYPES.join(","), hidden: true, tabindex: "-1", "aria-hidden": "true" });
  const label = h("span");
  const choose = h("button", { type: "button", class: "button", onclick: () => input.click() }, icon(PICTURE), label);
  const drop = h("button", { type: "button", class: "button", onclick: () => act(remove, "avatar.removed") }, icon(TRASH), t("avatar.remove"));
  const status = h("p", { class: "form-error", role: "alert" });
  const root = h("div", { class: "picture-choice" }, h("div", { class: "actions" }, choose, drop), input, status);
  let busy = false;

  function redraw() {
    const isThere = has();
    setText(label, t(busy ? "avatar.sending" : isThere ? "avatar.change" : "avatar.choose"));
    choose.disabled = drop.disabled = busy;
    drop.hidden = !isThere;
    setAttr(root, "aria-busy", busy ? "true" : null);
  }

  async function act(task, done) {
    const focused = document.activeElement;
    busy = true;
    setText(status, "");
    redraw();
    try {
      await task();
      toast(t(done));
    } catch (error) {
      setText(status, errorText(error));
    }
    busy = false;
    redraw();
    if (root.contains(focused) || document.activeElement === document.body) (focused?.hidden ? choose : focused)?.focus?.();
  }

  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = ""; // the same one may be chosen again
    if (!file) return;
    const problem = problemOf(file);
    if (problem) {
      setText(status, problem);
      return;
    }
    const url = URL.createObjectURL(file);
    preview(url);
    await act(() => save(file), "avatar.saved");
    preview(null);
    URL.revokeObjectURL(url);
  });
  redraw();
  return { root, redraw };
}
