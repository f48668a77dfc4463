// The switch between Chinese and English, each named in its own tongue.

import { h } from "../dom.js";
import { LOCALES, locale, t } from "../i18n.js";

const NAMES = { zh: ["中文", "zh-Hans"], en: ["English", "en"] };

/** Make the switch; `onChoose(locale)` is called when another language is wanted. */
export function languageSwitch(onChoose) {
  return h(
    "div",
    { class: "segments", role: "group", "aria-label": t("language") },
    LOCALES.map((one) =>
      h(
        "button",
        {
          type: "button",
          class: "segment",
          lang: NAMES[one][1],
          "aria-pressed": String(one === locale()),
          onclick: () => one !== locale() && onChoose(one),
        },
        NAMES[one][0],
      ),
    ),
  );
}
