// The page of those who are not logged in: log in, register, and a new password.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { opensElsewhere } from "../keys.js";
import { FORMS } from "./auth_forms.js";
import { languageSwitch } from "./language.js";
import { siteHead } from "./site.js";

const PATHS = { register: "/register", reset: "/reset" }; // to log in one needs no address of its own

/** Which form an address means, or null. */
export function formAt(path) {
  return Object.keys(PATHS).find((name) => PATHS[name] === path) ?? null;
}

/** Leave the address of a form, which serves nobody who is logged in, for the one it was to lead to. */
export function leaveForms() {
  if (formAt(location.pathname)) history.replaceState(null, "", history.state?.next ?? "/");
}

/**
 * Make the page. `session` logs in and registers, `request` is api.request, `enter(user)` goes on;
 * the text `note` is said above the form, `warning` below it. `registration` says who may register
 * ("open", "invitation" or "closed"), `domains` with which e-mail addresses (empty: any). `links` has
 * the tokens of those by which the page was opened. `chooseLocale(locale)` is told of the choice.
 */
export function createAuth({ enter, chooseLocale, note = null, warning = null, mode = "login", ...given }) {
  const { links, registration = "open" } = given;
  const invitation = links.token("register");
  const canRegister = registration === "open" || (registration === "invitation" && invitation);
  const head = h("header", { class: "auth-head" });
  const card = h("div", { class: "auth-card" });
  const root = h("div", { class: "auth" }, head, h("main", { class: "auth-main" }, card));
  const codes = {}; // those that were sent
  const kept = {}; // what was typed, by the names of fields
  let current = null;
  let said = note;

  const context = {
    ...given,
    registration,
    codes,
    invitation,
    canRegister,
    leadTo: (text, name) =>
      h("a", { class: "link-button", href: PATHS[name] ?? "/", onclick: (event) => follow(event, name) }, text),
    said(name, key) {
      said = key;
      go(name);
    },
    enter(user) {
      removeEventListener("popstate", onPop);
      enter(user);
    },
  };

  function follow(event, name) {
    if (opensElsewhere(event)) return;
    event.preventDefault();
    said = null;
    go(name);
  }

  /** Go to another form; its address leads on to where this page was to lead. */
  function go(name) {
    const next = history.state?.next ?? location.pathname;
    history.pushState(PATHS[name] ? { next } : null, "", PATHS[name] ?? next);
    show(name);
  }

  function onPop() {
    said = null;
    show(formAt(location.pathname) ?? "login");
  }

  function keep() {
    for (const { name, value } of card.querySelectorAll("input")) kept[name] = value;
  }

  function show(name) {
    keep();
    if (current && current !== name) delete kept.password; // of something else
    current = name === "register" && !canRegister ? "login" : name;
    const text = said ?? (current === "register" && invitation ? "auth.invited" : null);
    fill(head, languageSwitch(changeLanguage));
    fill(
      card,
      siteHead(),
      h("h1", {}, t(`auth.${current}_title`)),
      text && h("p", { class: "note", role: "status" }, t(text)),
      FORMS[current](context).root,
      warning && h("p", { class: "note warning" }, t(warning)),
    );
    const inputs = [...card.querySelectorAll("input")];
    for (const input of inputs) input.value = kept[input.name] ?? "";
    (inputs.find(({ value }) => !value) ?? inputs[0]).focus();
  }

  function changeLanguage(locale) {
    chooseLocale(locale);
    show(current);
    head.querySelector("[aria-pressed=true]").focus();
  }

  addEventListener("popstate", onPop);
  show(mode);
  return { root };
}
