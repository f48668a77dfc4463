// What several parts of the page say.

export default {
  "app.name": "Chat",
  "theme.label": "Appearance",
  "theme.system": "System",
  "theme.light": "Light",
  "theme.dark": "Dark",
  language: "Language",
  loading: "Loading…",
  close: "Close",
  cancel: "Cancel",
  save: "Save",
  saved: "Saved",
  retry: "Try again",
  delete: "Delete",
  back: "Back",
  you: "You",
  nobody: "Deleted account",
  optional: "(optional)",
  online: "online",
  offline: "offline",
  logout: "Log out",
  "logout.unsent": {
    one: "One message has not been sent yet and will be lost.",
    other: "{count} messages have not been sent yet and will be lost.",
  },
  copy_failed: "This browser did not allow copying.",

  "day.today": "Today",
  "day.yesterday": "Yesterday",

  "field.username": "Username",
  "field.email": "E-mail",
  "field.password": "Password",
  "field.code": "Code",
  "field.current_password": "Current password",
  "field.new_password": "New password",

  "storage.blocked":
    "This browser keeps nothing for this site: when you close or reload this page, you have to log in again, and drafts and messages that are not sent yet are lost.",
  "storage.no_outbox":
    "This browser keeps no messages for this site: those that are not sent yet are lost when you close or reload this page.",

  "banner.offline": "No connection. What you write is sent later.",
  "banner.wait": { one: "Next try in 1 s", other: "Next try in {count} s" },
  "banner.trying": "Trying…",
  "banner.retry": "Try now",

  "error.network": "The server cannot be reached. Check your connection and try again.",
  "error.unavailable": "The server is not ready at the moment. Try again shortly.",
  "error.outdated": "This part of the page could not be loaded. Reload the page to go on; drafts and unsent messages stay.",
  "error.internal": "Something went wrong. Try again.",
  "error.retry_after": { one: "Too often. Try again in 1 second.", other: "Too often. Try again in {count} seconds." },
  "form.required": "Please fill this in.",
  "form.reveal": "Show what is typed",
};
