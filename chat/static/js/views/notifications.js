// The switches for notifications on this device: of the open page, and by push while it is closed.

import { needsHomeScreen } from "../device.js";
import { fill, h } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { notifyingState, setNotifying } from "../notify.js";

function makeSwitch(title, change) {
  const input = h("input", { type: "checkbox", role: "switch", onchange: change });
  const hint = h("span", { class: "hint", role: "status" });
  const root = h("label", { class: "switch" }, input, h("span", {}, h("span", {}, title), hint));
  return { root, input, hint };
}

/** Make the part of the page about oneself. */
export function notificationSettings({ store, push }) {
  const userId = store.me.id;
  const page = makeSwitch(t("notify.title"), changePage);
  const away = makeSwitch(t("push.title"), changeAway);
  const text = makeSwitch(t("push.text"), changeText);
  const root = h("div", { class: "switches" });
  let possible = false;
  let last = Promise.resolve();

  function draw(error = null) {
    const state = notifyingState(userId);
    const chosen = push.chosen();
    page.input.checked = state === "on";
    page.input.disabled = state === "blocked";
    fill(page.hint, t(state === "blocked" ? "notify.blocked" : "notify.hint"));
    away.input.checked = state === "on" && chosen !== null;
    away.input.disabled = !possible || state === "blocked";
    fill(away.hint, error ? reasonOf(error) : t(possible ? "push.hint" : impossible()));
    text.root.hidden = !away.input.checked;
    text.input.checked = Boolean(chosen?.text);
    fill(text.hint, t("push.text_hint"));
  }

  /** Do one thing after the other, and show what became of it. */
  function carryOut(task) {
    root.setAttribute("aria-busy", "true");
    const done = last.then(task).then(() => null, (error) => error);
    last = done;
    return done.then((failed) => {
      if (last !== done) return;
      root.setAttribute("aria-busy", "false");
      draw(failed);
    });
  }

  function changePage() {
    const wanted = page.input.checked;
    return carryOut(async () => {
      await setNotifying(userId, wanted);
      if (!wanted && push.chosen()) await push.turnOff();
    });
  }

  function changeAway() {
    const wanted = away.input.checked;
    return carryOut(async () => {
      if (!wanted) await push.turnOff();
      else if ((await setNotifying(userId, true)) === "on") await push.turnOn();
    });
  }

  function changeText() {
    const wanted = text.input.checked;
    return carryOut(() => push.turnOn({ text: wanted }));
  }

  if (notifyingState(userId) === "unsupported") {
    root.append(h("p", { class: "muted" }, t(needsHomeScreen ? "push.home_screen" : "notify.unsupported")));
    return root;
  }
  root.append(page.root, away.root, text.root);
  draw();
  push.isPossible().then((found) => {
    possible = found;
    draw();
  });
  return root;
}

/** Why no pushes come here. */
function impossible() {
  return "PushManager" in globalThis ? "push.no_worker" : "push.unsupported";
}

/** The text for an error of the server's, or of the browser's and its push service. */
function reasonOf(error) {
  return error instanceof DOMException ? t("push.failed") : errorText(error);
}
