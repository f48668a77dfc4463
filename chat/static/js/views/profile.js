// The dialog about oneself: name, language, and the ways to what guards or ends the account.

import { h, icon } from "../dom.js";
import { errorText } from "../errors.js";
import { BLOCK, DEVICE, KEY, LEAVE, TRASH } from "../icons.js";
import { t } from "../i18n.js";
import { openBlocks } from "./blocks.js";
import { openDeletion } from "./deletion.js";
import { confirm, openDialog } from "./dialog.js";
import { field, form } from "./form.js";
import { languageSwitch } from "./language.js";
import { notificationSwitch } from "./notifications.js";
import { openPassword } from "./password.js";
import { openSessions } from "./sessions.js";

/** Open the dialog. */
export function openProfile(app) {
  const { store, actions, toast } = app;
  const me = store.me;
  const names = form({
    fields: [
      field({
        name: "nickname",
        label: t("profile.nickname"),
        hint: t("profile.nickname_hint"),
        value: me.nickname ?? "",
        autocomplete: "nickname",
      }),
    ],
    submit: t("save"),
    inline: true,
    async onSubmit({ nickname }) {
      await actions.editMe({ nickname: nickname.trim() });
      toast(t("saved"));
    },
  });

  const picture = form({
    fields: [
      field({
        name: "avatar",
        label: t("profile.picture"),
        hint: t("profile.picture_hint"),
        value: me.avatar ?? "",
        inputmode: "url",
        autocomplete: "off",
        spellcheck: "false",
      }),
    ],
    submit: t("save"),
    inline: true,
    async onSubmit({ avatar }) {
      await actions.editMe({ avatar: avatar.trim() });
      toast(t("saved"));
    },
  });

  async function leave() {
    const waiting = app.outbox.size;
    if (waiting) {
      const sure = await confirm({
        title: t("logout"),
        text: t("logout.unsent", { count: waiting }),
        action: t("logout"),
      });
      if (!sure) return;
    }
    try {
      await app.logOut();
    } catch (error) {
      toast(errorText(error));
    }
  }

  const body = [
    h(
      "dl",
      { class: "facts" },
      h("dt", {}, t("field.username")),
      h("dd", {}, h("bdi", {}, `@${me.username}`)),
      me.email && [h("dt", {}, t("field.email")), h("dd", {}, h("bdi", {}, me.email))],
    ),
    names.root,
    picture.root,
    notificationSwitch(me.id),
    h(
      "div",
      { class: "field" },
      h("h3", {}, t("language")),
      languageSwitch((locale) => {
        opened.close();
        app.chooseLocale(locale);
      }),
    ),
    h(
      "div",
      { class: "stack" },
      h("h3", {}, t("profile.security")),
      button(KEY, t("password.title"), () => openPassword(app)),
      button(DEVICE, t("sessions.title"), () => openSessions(app)),
      button(BLOCK, t("blocks.title"), () => openBlocks(app)),
    ),
    h(
      "div",
      { class: "danger-zone" },
      button(LEAVE, t("logout"), leave),
      button(TRASH, t("deletion.title"), () => openDeletion(app), "button danger"),
    ),
  ];
  const opened = openDialog({ title: t("profile.title"), body });
}

function button(path, text, onclick, look = "button") {
  return h("button", { type: "button", class: look, onclick }, icon(path), text);
}
