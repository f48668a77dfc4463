// The list of conversations and what leads to one.

export default {
  "rooms.label": "Conversations",
  "rooms.empty": "No conversations yet. Three ways to start:",
  "rooms.no_messages": "No messages yet",
  "rooms.preview": "{name}: {text}",
  "rooms.typing": "typing…",
  "rooms.draft": "Draft:",
  "rooms.mentioned": "You are mentioned",
  "rooms.menu": "Options for {name}",
  "rooms.pin": "Pin to the top",
  "rooms.unpin": "Unpin",
  "rooms.mark_read": "Mark as read",
  pinned: "pinned",

  "unread.count": { one: "1 unread message", other: "{count} unread messages" },
  "unread.line": "New messages",

  "members.online": "{members}, {count} online",

  "skip.composer": "Skip to message",
  "skip.list": "Skip to conversations",

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

  "requests.label": "Invitations to you",
  "requests.by": "{name} (@{username}) invites you to this group",
  "requests.accept": "Accept",
  "requests.decline": "Decline",
  "requests.declined": "Declined. Nobody can invite you to “{name}” again for 30 days.",
  "requests.gone": "This invitation is no longer valid.",

  "introduction.missing": "There is nobody with this username.",
  "introduction.unseen": "{name} sees this conversation once you have written.",
  "introduction.self": "This is your own username.",

  "gone.removed": "You are no longer in “{name}”: you were removed, or left on another device.",
  "gone.deleted": "“{name}” was deleted.",
  "gone.left": "You left “{name}”.",
  "gone.unknown": "You are no longer in “{name}”: it was deleted, or you were removed.",

  "mute.on": "muted",

  "notify_of.label": "Notify me of",
  "notify_of.all": "Everything",
  "notify_of.mentions": "Mentions",
  "notify_of.none": "Nothing",
  "notify_of.set_all": "Notify of every message",
  "notify_of.set_mentions": "Notify of mentions only",
  "notify_of.set_none": "Mute",
  "notify_of.unmute": "Unmute",

  "hide.do": "Hide conversation",
  "hide.hint": "It leaves your list until the next message. You find it again by the person's name.",
  "hide.done": "Hidden until the next message. You find “{name}” again by searching.",

  "palette.open": "Search",
  "palette.label": "Find conversations, people and actions",
  "palette.last": "Recent searches",
  "palette.rooms": "Conversations",
  "palette.people": "People",
  "palette.actions": "Actions",
  "palette.messages": "Messages",
  "palette.join": "Join",
  "palette.join_group": "Join group {number}",
  "palette.join_invitation": "Open the invitation",
  "palette.hidden": "hidden",
  "palette.searching": "Searching…",
  "palette.people_failed": "People could not be searched: {reason}",
  "palette.nothing": "Nothing found.",
  "palette.found": { one: "1 result", other: "{count} results" },

  "action.theme": "Appearance: {name}",
  "action.language": "Use Chinese (使用中文)",
  "action.mute": "Mute “{name}”",
  "action.unmute": "Notify of every message in “{name}”",
  "action.pin": "Pin “{name}” to the top",
  "action.unpin": "Unpin “{name}”",
};
