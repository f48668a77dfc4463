// Forms: labels, hints, the server's errors at their fields, no double submit.

import { fill, h, icon, setAttr } from "../dom.js";
import { errorText } from "../errors.js";
import { EYE, HIDE } from "../icons.js";
import { t } from "../i18n.js";

let count = 0;

/**
 * Make a labelled input; `aside` is a button beside it, `lines` makes it a text area. Returns
 * `{name, root, input, hint, optional, setError}`.
 */
export function field({ name, label, hint = null, aside = null, type = "text", optional = false, lines = 0, ...rest }) {
  const id = `field-${++count}`;
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const input = lines
    ? h("textarea", { id, name, rows: lines, dir: "auto", ...rest })
    : h("input", { id, name, type, dir: "auto", ...rest });
  const error = h("p", { class: "field-error", id: errorId, hidden: true });
  const explanation = hint && h("p", { class: "hint", id: hintId }, hint);
  const describe = (failed) =>
    setAttr(
      input,
      "aria-describedby",
      [failed && errorId, explanation && !explanation.hidden && hintId].filter(Boolean).join(" ") || null,
    );
  const root = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label, optional && h("span", { class: "muted" }, ` ${t("optional")}`)),
    h("div", { class: "field-line" }, type === "password" ? revealable(input) : input, aside),
    error,
    explanation,
  );
  const setError = (texts) => {
    fill(error, (texts ?? []).join(" "));
    error.hidden = !texts?.length;
    // What is wrong mostly repeats the rule; a hint that changes (role) says something else.
    if (explanation && !explanation.hasAttribute("role")) explanation.hidden = !error.hidden;
    setAttr(input, "aria-invalid", texts?.length ? "true" : null);
    describe(!error.hidden);
  };
  describe(false);
  input.addEventListener("input", () => setError(null));
  return { name, root, input, hint: explanation, optional, setError };
}

/** A password's input with a button that shows what is typed. */
function revealable(input) {
  const button = h(
    "button",
    { type: "button", class: "icon-button reveal", "aria-label": t("form.reveal"), title: t("form.reveal"), "aria-pressed": "false" },
    icon(EYE),
  );
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    setAttr(button, "aria-pressed", String(shown));
    fill(button, icon(shown ? HIDE : EYE));
  };
  setAttr(input, "autocapitalize", "none");
  setAttr(input, "spellcheck", "false");
  button.addEventListener("click", () => show(input.type === "password"));
  return h("span", { class: "revealable" }, input, button);
}

/** Show an ApiError: what belongs to a field there, the rest through `say(text)`. */
export function showError(error, fields, say) {
  const texts = { ...(error.fields ?? {}) };
  let first = null;
  for (const one of fields) {
    const own = texts[one.name];
    delete texts[one.name];
    one.setError(own ? [own].flat() : null);
    if (own) first ??= one;
  }
  const rest = Object.values(texts).flat(Infinity).filter((text) => typeof text === "string");
  if (rest.length) say(rest.join(" "));
  else say(first ? "" : errorText(error));
  first?.input.focus();
}

/** Ask for what is empty and may not be; returns whether something is. */
function askForMissing(fields) {
  const missing = fields.filter(({ input, optional }) => !optional && !input.value.trim());
  for (const one of missing) one.setError([t("form.required")]);
  missing[0]?.input.focus();
  return missing.length > 0;
}

/**
 * Make a form; `onSubmit(values)` may throw an ApiError, which is shown. `danger` makes its button
 * look like what it does; `more` is what stands between the fields and the button.
 */
export function form({ fields, more = null, submit, onSubmit, after = null, danger = false }) {
  const problem = h("p", { class: "form-error", role: "alert" });
  const button = h("button", { type: "submit", class: danger ? "button danger" : "button primary" }, submit);
  const say = (text) => {
    fill(problem, text);
  };
  const root = h(
    "form",
    { class: "form", novalidate: true },
    fields.map((one) => one.root),
    more,
    problem,
    h("div", { class: "actions" }, button),
    after,
  );
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say("");
    if (askForMissing(fields)) return;
    button.disabled = true;
    try {
      await onSubmit(Object.fromEntries(fields.map(({ name, input }) => [name, input.value])));
    } catch (error) {
      showError(error, fields, say);
    } finally {
      button.disabled = false;
    }
  });
  return { root, say, fields };
}
