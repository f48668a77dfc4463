// Log in, register, and a new password for those who forgot theirs.

import { fill, h, setAttr, setText } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";
import { field, form, showError } from "./form.js";
import { languageSwitch } from "./language.js";

const RESEND_SECONDS = 60;
const CODE_DIGITS = { register: 6, reset: 8 };

/**
 * Make the page for those who are not logged in. `session` logs in and registers, `request` is
 * api.request, `enter(user)` goes on; `note` is said above the form, `warning`
 * below it. `registration` says who may register ("open", "invitation" or "closed"), `domains` with
 * which e-mail addresses (empty: any). `links` has the tokens of those by which the page was opened.
 */
export function createAuth({
  session,
  request,
  enter,
  chooseLocale,
  mailInTerminal,
  registration = "open",
  domains = "",
  links,
  note,
  warning,
  mode = "login",
}) {
  const invitation = links.token("register");
  const canRegister = registration === "open" || (registration === "invitation" && invitation);
  const card = h("div", { class: "auth-card" });
  const root = h(
    "div",
    { class: "auth" },
    h("header", { class: "auth-head" }, languageSwitch((locale) => chooseLocale(locale, current))),
    h("main", { class: "auth-main" }, card),
  );
  let current = mode;

  function show(name, said = "") {
    current = name;
    const view = VIEWS[name]();
    const text = said || (name === "register" && invitation ? t("auth.invited") : "");
    fill(
      card,
      h("span", { class: "auth-logo", "aria-hidden": "true" }),
      h("h1", {}, t(`auth.${name}_title`)),
      text && h("p", { class: "note", role: "status" }, text),
      view.root,
      warning && h("p", { class: "note warning" }, warning),
    );
    root.querySelector("input")?.focus();
    return view;
  }

  function leadTo(text, name) {
    return h("button", { type: "button", class: "link-button", onclick: () => show(name) }, text);
  }

  const usernameField = () =>
    field({
      name: "username",
      label: t("field.username"),
      hint: t("auth.username_hint"),
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
    });
  const newPasswordField = () =>
    field({
      name: "password",
      label: t("field.password"),
      hint: t("auth.password_hint"),
      type: "password",
      autocomplete: "new-password",
    });

  /** The two fields of an e-mail and its code, the button that sends the code between them. */
  function codeFields(purpose) {
    const send = h("button", { type: "button", class: "button" }, t("auth.send_code"));
    const digits = CODE_DIGITS[purpose];
    const email = field({
      name: "email",
      label: t("field.email"),
      hint: purpose === "register" && domains ? t("auth.email_domains", { domains }) : null,
      type: "email",
      autocomplete: "email",
      aside: send,
    });
    const code = field({
      name: "code",
      label: t("field.code"),
      hint: mailInTerminal ? t("auth.code_in_terminal", { digits }) : t("auth.code_by_mail", { digits }),
      inputmode: "numeric",
      autocomplete: "one-time-code",
    });
    const said = code.hint;
    setAttr(said, "role", "status");
    email.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || code.input.value) return;
      event.preventDefault(); // Enter in this field asks for the code, not for the account
      send.click();
    });
    send.addEventListener("click", async () => {
      send.disabled = true;
      try {
        const address = email.input.value.trim();
        await request("POST", "/users/code", { body: { email: address, purpose } });
        setText(said, t(mailInTerminal ? "auth.code_printed" : "auth.code_sent", { email: address }));
        code.input.focus();
        rest(send);
      } catch (error) {
        send.disabled = false;
        showError(error, [email], (text) => text && email.setError([text]));
      }
    });
    return [email, code];
  }

  /** Keep the button quiet for a minute: another code makes the first one void. */
  function rest(button) {
    let left = RESEND_SECONDS;
    const tick = () => {
      if (!button.isConnected) return clearInterval(timer);
      left -= 1;
      setText(button, left > 0 ? t("auth.resend_in", { count: left }) : t("auth.send_again"));
      if (left > 0) return undefined;
      button.disabled = false;
      return clearInterval(timer);
    };
    const timer = setInterval(tick, 1000);
    tick();
  }

  const VIEWS = {
    login() {
      return form({
        fields: [
          field({
            name: "username",
            label: t("auth.username_or_email"),
            autocomplete: "username",
            autocapitalize: "none",
            spellcheck: "false",
          }),
          field({
            name: "password",
            label: t("field.password"),
            type: "password",
            autocomplete: "current-password",
          }),
        ],
        submit: t("auth.login"),
        async onSubmit({ username, password }) {
          enter(await session.logIn(username.trim(), password));
        },
        after: h(
          "div",
          { class: "auth-links" },
          canRegister
            ? h("p", {}, t("auth.no_account"), " ", leadTo(t("auth.register"), "register"))
            : h("p", {}, t(`auth.registration_${registration}`)),
          leadTo(t("auth.forgot"), "reset"),
        ),
      });
    },

    register() {
      const nickname = field({
        name: "nickname",
        label: t("profile.nickname"),
        optional: true,
        autocomplete: "nickname",
      });
      return form({
        fields: [
          ...(invitation ? [] : codeFields("register")),
          usernameField(),
          newPasswordField(),
          nickname,
        ],
        submit: t("auth.register"),
        async onSubmit({ email, code, username, password, nickname: called }) {
          const proof = invitation ? { invitation } : { email: email.trim(), code: code.trim() };
          const fields = { ...proof, username: username.trim(), password };
          if (called.trim()) fields.nickname = called.trim();
          enter(await session.register(fields));
        },
        after: h(
          "div",
          { class: "auth-links" },
          h("p", {}, t("auth.have_account"), " ", leadTo(t("auth.login"), "login")),
        ),
      });
    },

    reset() {
      return form({
        fields: [...codeFields("reset"), newPasswordField()],
        submit: t("auth.reset"),
        async onSubmit({ email, code, password }) {
          const body = { email: email.trim(), code: code.trim(), password };
          await request("PUT", "/users/password", { body });
          show("login", t("auth.reset_done"));
        },
        after: h(
          "div",
          { class: "auth-links" },
          h("p", { class: "muted" }, t("auth.reset_without_email")),
          leadTo(t("auth.back_to_login"), "login"),
        ),
      });
    },

    link() {
      const leave = () => {
        links.forget("reset");
        location.reload(); // somebody may be logged in here
      };
      return form({
        fields: [newPasswordField()],
        submit: t("auth.reset"),
        async onSubmit({ password }) {
          await request("PUT", "/users/password", { body: { reset_token: links.token("reset"), password } });
          links.forget("reset");
          show("login", t("auth.reset_done"));
        },
        after: h(
          "div",
          { class: "auth-links" },
          h("button", { type: "button", class: "link-button", onclick: leave }, t("auth.back_to_login")),
        ),
      });
    },
  };

  show(mode === "register" && !canRegister ? "login" : mode, note);
  return { root };
}
