// The fields of an e-mail address and of the code that is sent to it.

import { h, setAttr, setText } from "../dom.js";
import { t } from "../i18n.js";
import { isComposing } from "../keys.js";
import { field, showError } from "./form.js";

const RESEND_SECONDS = 60;
const DIGITS = { register: 6, reset: 8 };

/**
 * Make both, with the button that sends the code. `sent`, `{email, at}` or null, is of the code that
 * was sent last: `onSent(sent)` is told of the next one.
 */
export function codeFields({ purpose, request, mailInTerminal, domains, sent, onSent }) {
  const send = h("button", { type: "button", class: "button" }, t(sent ? "auth.send_again" : "auth.send_code"));
  const digits = DIGITS[purpose];
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
    hint: sent ? whereTo(sent.email) : t(mailInTerminal ? "auth.code_in_terminal" : "auth.code_by_mail", { digits }),
    inputmode: "numeric",
    autocomplete: "one-time-code",
  });
  setAttr(code.hint, "role", "status");

  function whereTo(address) {
    return t(mailInTerminal ? "auth.code_printed" : "auth.code_sent", { email: address });
  }

  /** Keep the button quiet for a minute: another code makes the first one void. */
  function rest(from) {
    const draw = () => {
      const left = RESEND_SECONDS - Math.floor((Date.now() - from) / 1000);
      setText(send, left > 0 ? t("auth.resend_in", { count: left }) : t("auth.send_again"));
      send.disabled = left > 0;
      return left;
    };
    const timer = setInterval(() => {
      if (draw() <= 0 || !send.isConnected) clearInterval(timer);
    }, 1000);
    draw(); // not in the document yet where the code was sent before
  }

  email.input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || isComposing(event) || code.input.value) return;
    event.preventDefault(); // Enter in this field asks for the code, not for the account
    send.click();
  });
  send.addEventListener("click", async () => {
    const address = email.input.value.trim();
    if (!address) {
      email.setError([t("form.required")]);
      email.input.focus();
      return;
    }
    send.disabled = true;
    try {
      await request("POST", "/users/code", { body: { email: address, purpose } });
    } catch (error) {
      send.disabled = false;
      showError(error, [email], (text) => text && email.setError([text]));
      return;
    }
    const at = Date.now();
    onSent({ email: address, at });
    setText(code.hint, whereTo(address));
    code.input.focus();
    rest(at);
  });
  if (sent) rest(sent.at);
  return [email, code];
}
