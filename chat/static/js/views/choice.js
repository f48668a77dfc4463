// A choice of a few values, as one line of buttons.

import { h } from "../dom.js";

let count = 0;

/** Make it; `onChoose(value)` when another one is chosen. Returns `{root, show(value), value()}`. */
export function choice({ label, values, value, textOf, onChoose = () => {} }) {
  const name = `choice-${++count}`;
  const inputs = values.map((one) =>
    h("input", { type: "radio", name, value: String(one), checked: one === value, onchange: () => onChoose(one) }),
  );
  const root = h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, label),
    h(
      "div",
      { class: "segments wide" },
      values.map((one, at) => h("label", { class: "segment" }, inputs[at], h("span", {}, textOf(one)))),
    ),
  );
  return {
    root,
    show: (now) => inputs.forEach((input, at) => (input.checked = values[at] === now)),
    value: () => values[inputs.findIndex((input) => input.checked)],
  };
}
