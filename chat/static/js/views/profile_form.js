// What others see of one: the form to change it, with one button for all.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { handleButton } from "./copy.js";
import { field, form } from "./form.js";

const typed = new WeakMap(); // by app: what is not saved yet stays when the page is drawn in another language

/** Make the part; returns `{root, redraw}`. */
export function createProfileForm(app) {
  const { store, actions, toast } = app;
  const me = () => store.me;
  const saved = () => ({ nickname: me().nickname ?? "", avatar: me().avatar ?? "" });
  const face = h("span", { class: "card-face" });
  const nickname = field({
    name: "nickname",
    label: t("profile.nickname"),
    hint: t("profile.nickname_hint"),
    optional: true,
    autocomplete: "nickname",
  });
  const picture = field({
    name: "avatar",
    label: t("profile.picture"),
    hint: t("profile.picture_hint"),
    optional: true,
    inputmode: "url",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const fields = [nickname, picture];
  const { root: inputs } = form({
    fields,
    submit: t("save"),
    async onSubmit(values) {
      await actions.editMe({ nickname: values.nickname.trim() || me().username, avatar: values.avatar.trim() });
      typed.delete(app);
      redraw();
      toast(t("saved"));
    },
  });
  const root = h(
    "section",
    { class: "profile-part", "aria-label": t("profile.shown") },
    h("div", { class: "profile-who" }, face, handleButton(toast, me().username), me().email && h("p", { class: "muted" }, h("bdi", {}, me().email))),
    inputs,
  );

  /** The picture as it would be. */
  function drawFace() {
    const name = nickname.input.value.trim() || nameOf(me());
    fill(face, avatar({ id: me().id, avatar: picture.input.value.trim() }, name));
  }

  function redraw() {
    const now = typed.get(app) ?? saved();
    for (const one of fields) if (one.input.value !== now[one.name]) one.input.value = now[one.name];
    drawFace();
  }

  inputs.addEventListener("input", () => {
    typed.set(app, Object.fromEntries(fields.map(({ name, input }) => [name, input.value])));
  });
  inputs.addEventListener("change", drawFace);
  redraw();
  return { root, redraw };
}
