// Messages as they are shown.

export default {
  "messages.label": "Messages with {name}",
  "messages.empty": "No messages yet",
  "messages.empty_hint": "Say hello.",
  "messages.beginning": "This is where the conversation began.",
  "messages.load_failed": "The messages could not be loaded.",
  "messages.missing": "The message this link leads to is not here.",
  "messages.jump": "Jump to newest",
  "messages.jump_new": { one: "1 new message", other: "{count} new messages" },

  announcer: "New messages",
  "announcer.many": { one: "1 new message", other: "{count} new messages" },

  "typing.one": "{name} is typing…",
  "typing.many": "Several people are typing…",

  "message.edited": "edited",
  "message.edited_at": "edited {when}",
  "message.deleted": "Message deleted",
  "message.pinned": "Pinned",
  "message.all": "Show all",
  "message.less": "Show less",
  "message.label": "{name}, {when}: {text}",
  "person.about": "About {name}",

  "code.label": "Code",
  "code.copy": "Copy",
  "code.copied": "Copied",
  "quote.label": "Reply to {name}: {text}",

  "state.pending": "Sending",
  "state.waiting": "Will be sent when the connection is back.",
  "state.sent": "Sent",
  "state.read": "Read",
  "state.failed": "Not sent",

  "read.by": { one: "Read by 1", other: "Read by {count}" },
  "read.title": "Read by",

  "send.unavailable": "Not sent: the server did not answer in time.",
  "send.not_found": "Not sent: you are no longer in this conversation.",
  "send.forbidden": "Not sent: you may not write here.",
  "send.rate_limited": "Too many messages: this one is sent as soon as it may be.",
  "send.failed": "Not sent: {reason}",
};
