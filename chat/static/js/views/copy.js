// Copying a text, and the button that does.

import { h, icon } from "../dom.js";
import { COPY } from "../icons.js";
import { t } from "../i18n.js";

/** Copy a text and say that it was done, or that it could not be. */
export async function copyText(toast, text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast(t("copy_failed"));
  }
}

/** Make the button, or null: browsers give pages a clipboard on https and on this machine only. */
export function copyButton(toast, text, label, said) {
  if (!navigator.clipboard) return null;
  return h("button", { type: "button", class: "button", onclick: () => copyText(toast, text, said) }, icon(COPY), label);
}

/** Make the button that shows a username and copies it. */
export function handleButton(toast, username) {
  const handle = `@${username}`;
  const copy = () => copyText(toast, handle, t("card.copied"));
  return h(
    "button",
    { type: "button", class: "card-handle", title: t("card.copy"), onclick: copy },
    h("bdi", {}, handle),
    icon(COPY),
  );
}
