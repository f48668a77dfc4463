// Writing, and what one does to a message.

export default {
  "composer.label": "Message to {name}",
  "composer.placeholder": "Write a message",
  "composer.send": "Send",
  "composer.left": { one: "1 character left", other: "{count} characters left" },
  "composer.closed": "This account was deleted. You can read on here, but no longer write.",
  "composer.admins": "Only the owner and the admins write in this group.",
  "composer.blocked": "You have blocked this person: neither of you can write here.",
  "composer.over": { one: "1 character too many", other: "{count} characters too many" },

  "reactions.label": "Reactions",
  "reactions.count": { one: "{emoji}: 1 person", other: "{emoji}: {count} people" },
  "reactions.own": { one: "{emoji}: you", other: "{emoji}: {count} people, you among them" },
};
