// The forms of those who are not logged in.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { codeFields } from "./code_fields.js";
import { field, form } from "./form.js";

const username = () =>
  field({
    name: "username",
    label: t("field.username"),
    hint: t("auth.username_hint"),
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
  });

const newPassword = () =>
  field({
    name: "password",
    label: t("field.password"),
    hint: t("auth.password_hint"),
    type: "password",
    autocomplete: "new-password",
  });

const below = (...children) => h("div", { class: "auth-links" }, children);

/**
 * Each makes a form: `leadTo(text, name)` a link to another one, `said(name, key)` goes there and says
 * something; the rest is that of `createAuth`. `codes` has the code that was sent last, by purpose.
 */
export const FORMS = {
  login({ session, enter, leadTo, canRegister, registration }) {
    return form({
      fields: [
        field({
          name: "username",
          label: t("auth.username_or_email"),
          autocomplete: "username",
          autocapitalize: "none",
          spellcheck: "false",
        }),
        field({ name: "password", label: t("field.password"), type: "password", autocomplete: "current-password" }),
      ],
      submit: t("auth.login"),
      async onSubmit({ username: name, password }) {
        enter(await session.logIn(name.trim(), password));
      },
      after: below(
        canRegister
          ? h("p", {}, t("auth.no_account"), " ", leadTo(t("auth.register"), "register"))
          : h("p", {}, t(`auth.registration_${registration}`)),
        leadTo(t("auth.forgot"), "reset"),
      ),
    });
  },

  register({ session, request, enter, leadTo, invitation, mailInTerminal, domains, codes }) {
    const proof = codeFieldsOf("register", { request, mailInTerminal, domains, codes });
    const nickname = field({ name: "nickname", label: t("profile.nickname"), optional: true, autocomplete: "nickname" });
    return form({
      fields: [...(invitation ? [] : proof), username(), newPassword(), nickname],
      submit: t("auth.register"),
      async onSubmit({ email, code, username: name, password, nickname: called }) {
        const shown = invitation ? { invitation } : { email: email.trim(), code: code.trim() };
        const fields = { ...shown, username: name.trim(), password };
        if (called.trim()) fields.nickname = called.trim();
        enter(await session.register(fields));
      },
      after: below(h("p", {}, t("auth.have_account"), " ", leadTo(t("auth.login"), "login"))),
    });
  },

  reset({ request, leadTo, said, mailInTerminal, codes }) {
    return form({
      fields: [...codeFieldsOf("reset", { request, mailInTerminal, codes }), newPassword()],
      submit: t("auth.reset"),
      async onSubmit({ email, code, password }) {
        const body = { email: email.trim(), code: code.trim(), password };
        await request("PUT", "/users/password", { body });
        said("login", "auth.reset_done");
      },
      after: below(h("p", { class: "muted" }, t("auth.reset_without_email")), leadTo(t("auth.back_to_login"), "login")),
    });
  },

  link({ request, links, said }) {
    const leave = () => {
      links.forget("reset");
      location.reload(); // somebody may be logged in here
    };
    return form({
      fields: [newPassword()],
      submit: t("auth.reset"),
      async onSubmit({ password }) {
        await request("PUT", "/users/password", { body: { reset_token: links.token("reset"), password } });
        links.forget("reset");
        said("login", "auth.reset_done");
      },
      after: below(h("button", { type: "button", class: "link-button", onclick: leave }, t("auth.back_to_login"))),
    });
  },
};

function codeFieldsOf(purpose, { codes, ...rest }) {
  return codeFields({ purpose, ...rest, sent: codes[purpose] ?? null, onSent: (sent) => (codes[purpose] = sent) });
}
