// One's own account.

export default {
  "profile.title": "Your account",
  "profile.nickname": "Nickname",
  "profile.nickname_hint": "What others see. Empty: your username.",
  "profile.security": "Security",

  "notify.title": "Notifications on this device",
  "notify.hint": "For new messages while you look elsewhere.",
  "notify.blocked": "Your browser blocks them for this site. You can allow them in its settings.",

  "password.title": "Change password",
  "password.text": "Afterwards every device has to log in again, this one too.",
  "password.submit": "Change password",

  "sessions.title": "Where you are logged in",
  "sessions.current": "This device",
  "sessions.used": "Last used: {when}",
  "sessions.since": "Logged in: {when}",
  "sessions.end": "Log out",
  "sessions.ended": "Logged out: {device}",
  "sessions.unknown": "Unknown device",

  "deletion.title": "Delete account",
  "deletion.text": "Your account is deleted for good. This cannot be undone.",
  "deletion.messages": "What you wrote stays, without your name.",
  "deletion.groups": "Groups that you own pass to another member; those where you are alone end.",
  "deletion.name": "Your username and e-mail address are free for anyone to register again.",
  "deletion.password_hint": "Your password shows that it is you.",
  "deletion.submit": "Delete account for good",

  "push.title": "Also when this page is closed",
  "push.hint": "For direct messages and mentions, and for all messages of a group where you choose “Everything”.",
  "push.text": "Show what was written",
  "push.text_hint": "Who wrote, where, and how the message begins. It is encrypted on its way to this device.",
  "push.unsupported": "This browser can't be woken by new messages.",
  "push.no_worker": "This works on an https address only.",
  "push.home_screen": "On an iPhone or iPad, add this page to the home screen first and open it from there.",
  "push.failed": "Your browser's push service could not be reached. Please try again later.",

  "profile.shown": "What others see",
  "profile.looks": "Language and appearance",
  "profile.notifications": "Notifications",
  "notify.unsupported": "This browser shows no notifications for this site.",
};
