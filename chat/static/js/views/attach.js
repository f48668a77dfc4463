// The button beside the text that chooses files. Phones then offer camera, photos and files.

import { h, icon } from "../dom.js";
import { CLIP } from "../icons.js";
import { t } from "../i18n.js";

/** Make it; `take(files)` gets what was chosen. */
export function createAttach(take) {
  const input = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true" });
  const root = h(
    "button",
    { type: "button", class: "composer-tool attach", "aria-label": t("files.attach"), title: t("files.attach"), onclick: () => input.click() },
    icon(CLIP),
    input,
  );
  input.addEventListener("click", (event) => event.stopPropagation()); // its own click is not the button's
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // the same ones may be chosen again
    take(files);
  });
  return { root };
}
