// The list of conversations and what leads to one.

export default {
  "rooms.label": "Conversations",
  "rooms.empty": "No conversations yet. Three ways to start:",
  "rooms.no_messages": "No messages yet",
  "rooms.preview": "{name}: {text}",

  "unread.count": { one: "1 unread message", other: "{count} unread messages" },
  "unread.line": "New messages",

  "placeholder.choose": "Choose a conversation to read it here.",
  "placeholder.first": "Your conversations will open here.",

  "join.title": "Group {number}",
  "join.text": "You are not in this group. Do you want to join it?",

  "invitation.title": "Invitation to a group",
  "invitation.by": "Invited by {name} (@{username})",
  "invitation.join": "Join",
  "invitation.open": "Open",
  "invitation.later": "Not now",
  "invitation.member": "You are in this group already.",
  "invitation.dead": "This invitation is not valid, or no longer works. Ask for a new link.",
  "invitation.log_in": "You are invited to a group. Log in or register to see the invitation.",
  "invitation.log_in_only": "You are invited to a group. Log in to see the invitation.",

  "requests.label": "Invitations",
  "requests.by": "{name} (@{username}) invites you to this group",
  "requests.accept": "Accept",
  "requests.decline": "Decline",
  "requests.declined": "Declined. Nobody can invite you to “{name}” again for 30 days.",
  "requests.gone": "This invitation is no longer valid.",

  "introduction.start": "Start chatting",
  "introduction.missing": "There is nobody with this username.",

  "gone.removed": "You are no longer in “{name}”: you were removed, or left on another device.",
  "gone.deleted": "“{name}” was deleted.",
  "gone.left": "You left “{name}”.",
  "gone.unknown": "You are no longer in “{name}”: it was deleted, or you were removed.",

  mute: "Mute",
  "mute.hint": "No notifications, and not counted in the title of the page.",
  "mute.on": "muted",

  "hide.do": "Hide conversation",
  "hide.hint": "It leaves your list until the next message. You find it again by the person's name.",
  "hide.done": "The conversation is hidden until the next message.",

  "switcher.title": "Go to a conversation",
  "switcher.label": "Part of its name",
  "switcher.nothing": "No conversation of that name.",
};
