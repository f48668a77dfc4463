// Where the page begins: find the session, or let somebody log in.

import { createApi, request } from "./api.js";
import { createApp } from "./app.js";
import { locale, setLocale, t } from "./i18n.js";
import { locks } from "./locks.js";
import { Session, isGoodbye } from "./session.js";
import { keepLocale, keptLocale } from "./storage.js";
import { createAuth, createSplash } from "./views/auth.js";
import { showTitle } from "./views/title.js";

const NOTE = "chat.note"; // said on the log-in page after a reload
const NOTES = { expired: "auth.ended", changed: "auth.password_changed", deleted: "auth.deleted" };

const host = document.getElementById("app");
const mailInTerminal = host.dataset.mail === "terminal";

function useLocale(name) {
  setLocale(name);
  document.documentElement.lang = locale() === "zh" ? "zh-Hans" : "en";
}

const session = new Session({ request, storage: localStorage, locks });
const api = createApi(session);

/** The page of someone who is not logged in. */
function showAuth(mode) {
  const note = sessionStorage.getItem(NOTE);
  sessionStorage.removeItem(NOTE);
  const auth = createAuth({
    session,
    request,
    mailInTerminal,
    mode,
    note: note && t(note),
    enter,
    chooseLocale(name, current) {
      keepLocale(name);
      useLocale(name);
      showAuth(current);
    },
  });
  showTitle(0, "");
  host.replaceChildren(auth.root);
}

session.onEnded = (reason) => {
  // A fresh page is the surest way to leave nothing of a user behind.
  if (NOTES[reason]) sessionStorage.setItem(NOTE, NOTES[reason]);
  if (isGoodbye(reason)) location.replace("/");
  else location.reload();
};

/** Go on as a user: after log-in, or with the session found again. */
async function enter(user) {
  const chosen = keptLocale();
  if (user.locale) {
    useLocale(user.locale);
    keepLocale(user.locale);
  } else if (chosen) {
    api.patch("/users/me", { locale: chosen }).catch(() => {}); // the cookie still knows
  }
  const app = createApp({ user, session, api, useLocale });
  const splash = createSplash();
  host.replaceChildren(splash.root);
  for (;;) {
    try {
      await app.load();
      break;
    } catch (error) {
      if (session.over) return;
      await new Promise((resolve) => splash.fail(error, resolve));
      splash.wait();
    }
  }
  app.show();
}

async function begin() {
  history.scrollRestoration = "manual";
  useLocale(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
  if (!session.remembered) return showAuth("login");
  const splash = createSplash();
  host.replaceChildren(splash.root);
  for (;;) {
    try {
      await session.renew();
      return enter(await api.get("/users/me"));
    } catch (error) {
      if (session.over) return undefined; // the page is being loaded again
      await new Promise((resolve) => splash.fail(error, resolve));
      splash.wait();
    }
  }
}

begin();
