// The page about oneself: what others see, how this looks, what guards the account, and its end.

import { h, icon } from "../dom.js";
import { BACK, BLOCK, DEVICE, KEY, LEAVE, TRASH } from "../icons.js";
import { t } from "../i18n.js";
import { blockList } from "./blocks.js";
import { deletionForm } from "./deletion.js";
import { disclosure } from "./disclosure.js";
import { languageSwitch } from "./language.js";
import { logOut } from "./log_out.js";
import { notificationSettings } from "./notifications.js";
import { passwordForm } from "./password.js";
import { createProfileForm } from "./profile_form.js";
import { sessionList } from "./sessions.js";
import { themeSwitch } from "./theme.js";

/** Make the page; returns `{root, stop}`. */
export function createProfile(app) {
  const { store, router } = app;
  const about = createProfileForm(app);
  const sessions = sessionList(app);
  const blocks = blockList(app);

  function changeLanguage(locale) {
    app.chooseLocale(locale); // makes this page anew
    document.querySelector(".profile .segment[aria-pressed=true]")?.focus();
  }

  const labelled = (label, control) => h("div", { class: "setting" }, h("h4", {}, label), control);
  const part = (title, ...children) => h("section", { class: "profile-part" }, h("h3", {}, title), children);
  const root = h(
    "div",
    { class: "profile" },
    h(
      "header",
      { class: "room-head" },
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": t("back"), onclick: () => router.goBack() },
        icon(BACK),
      ),
      h("h2", { tabindex: "-1" }, t("profile.title")),
    ),
    h(
      "div",
      { class: "profile-scroll" },
      h(
        "div",
        { class: "profile-column" },
        about.root,
        part(t("profile.looks"), labelled(t("language"), languageSwitch(changeLanguage)), labelled(t("theme.label"), themeSwitch())),
        part(t("profile.notifications"), notificationSettings(app)),
        part(
          t("profile.security"),
          h(
            "div",
            { class: "disclosures" },
            disclosure(t("password.title"), passwordForm(app), { path: KEY }),
            disclosure(t("sessions.title"), sessions.root, { path: DEVICE, onOpen: sessions.load }),
            disclosure(t("blocks.title"), blocks.root, { path: BLOCK, onOpen: blocks.load }),
          ),
        ),
        h("button", { type: "button", class: "button", onclick: () => logOut(app) }, icon(LEAVE), t("logout")),
        h("div", { class: "profile-part profile-end" }, disclosure(t("deletion.title"), deletionForm(app), { path: TRASH })),
      ),
    ),
  );
  const stop = store.subscribe((key) => key === "me" && about.redraw());
  return { root, stop };
}
