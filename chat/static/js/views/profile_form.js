// What others see of one: the picture, and the form to change the name.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { nameOf } from "../store.js";
import { avatar } from "./avatar.js";
import { handleButton } from "./copy.js";
import { field, form } from "./form.js";
import { createPictureChoice } from "./picture_choice.js";

const typed = new WeakMap(); // by app: what is not saved yet stays when the page is drawn in another language

/** Make the part; returns `{root, redraw}`. */
export function createProfileForm(app) {
  const { store, actions, toast } = app;
  const me = () => store.me;
  const face = h("span", { class: "card-face" });
  let previewed = null; // the address of a picture that is on its way
  const picture = createPictureChoice({
    has: () => Boolean(me().avatar),
    save: actions.setMyPicture,
    remove: actions.removeMyPicture,
    preview(url) {
      previewed = url;
      drawFace();
    },
    toast,
  });
  const nickname = field({
    name: "nickname",
    label: t("profile.nickname"),
    hint: t("profile.nickname_hint"),
    optional: true,
    autocomplete: "nickname",
  });
  const { root: inputs } = form({
    fields: [nickname],
    submit: t("save"),
    async onSubmit(values) {
      await actions.editMe({ nickname: values.nickname.trim() || me().username });
      typed.delete(app);
      redraw();
      toast(t("saved"));
    },
  });
  const root = h(
    "section",
    { class: "profile-part", "aria-label": t("profile.shown") },
    h("div", { class: "profile-who" }, face, handleButton(toast, me().username), me().email && h("p", { class: "muted" }, h("bdi", {}, me().email))),
    picture.root,
    inputs,
  );

  function drawFace() {
    const name = nickname.input.value.trim() || nameOf(me());
    fill(face, previewed ? h("img", { class: "avatar", alt: "", src: previewed }) : avatar(me(), name));
  }

  function redraw() {
    const now = typed.get(app) ?? me().nickname ?? "";
    if (nickname.input.value !== now) nickname.input.value = now;
    picture.redraw();
    drawFace();
  }

  inputs.addEventListener("input", () => typed.set(app, nickname.input.value));
  inputs.addEventListener("change", drawFace);
  redraw();
  return { root, redraw };
}
