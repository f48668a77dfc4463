// The button that copies a text.

import { h, icon } from "../dom.js";
import { COPY } from "../icons.js";
import { t } from "../i18n.js";

/** Make the button, or null: browsers give pages a clipboard on https and on this machine only. */
export function copyButton(toast, text, label, said) {
  if (!navigator.clipboard) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(said);
    } catch {
      toast(t("copy_failed"));
    }
  };
  return h("button", { type: "button", class: "button", onclick: copy }, icon(COPY), label);
}
