// The switch between light, dark, and the colours of the system.

import { h, setAttr } from "../dom.js";
import { t } from "../i18n.js";
import { THEMES, setTheme, theme } from "../theme.js";

/** Make the switch. */
export function themeSwitch() {
  const buttons = THEMES.map((one) =>
    h("button", { type: "button", class: "segment", onclick: () => choose(one) }, t(`theme.${one}`)),
  );

  function choose(name) {
    setTheme(name);
    mark();
  }

  function mark() {
    buttons.forEach((button, index) => setAttr(button, "aria-pressed", String(THEMES[index] === theme())));
  }

  mark();
  return h("div", { class: "segments", role: "group", "aria-label": t("theme.label") }, buttons);
}
