// Forms: labels, hints, the server's errors at their fields, no double submit.

import { fill, h, setAttr } from "../dom.js";
import { errorText } from "../errors.js";
import { t } from "../i18n.js";

let count = 0;

/** Make a labelled input; `aside` is a button beside it. Returns `{root, input, hint, setError}`. */
export function field({ name, label, hint = null, aside = null, type = "text", optional = false, ...rest }) {
  const id = `field-${++count}`;
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const input = h("input", { id, name, type, dir: "auto", ...rest });
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
    h("div", { class: "field-line" }, input, aside),
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
  return { name, root, input, hint: explanation, setError };
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

/**
 * Make a form; `onSubmit(values)` may throw an ApiError, which is shown. `inline` puts the button
 * beside the first field instead of under them all; `danger` makes it look like what it does.
 */
export function form({ fields, submit, onSubmit, after = null, inline = false, danger = false }) {
  const problem = h("p", { class: "form-error", role: "alert" });
  const look = danger ? "button danger" : inline ? "button" : "button primary";
  const button = h("button", { type: "submit", class: look }, submit);
  const say = (text) => {
    fill(problem, text);
  };
  const root = h(
    "form",
    { class: "form", novalidate: true },
    fields.map((one) => one.root),
    problem,
    !inline && h("div", { class: "actions" }, button),
    after,
  );
  if (inline) fields[0].input.after(button);
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    say("");
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
