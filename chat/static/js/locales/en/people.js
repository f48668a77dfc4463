// Other people.

export default {
  "block.do": "Block",
  "block.undo": "Unblock",
  "block.title": "Block {name}?",
  "block.text":
    "Neither of you can write to the other, or add the other to a group. Nobody is told. In groups that you share you both go on writing.",
  "block.is": "You have blocked this person: neither of you can write to the other.",
  "block.on": "blocked",
  "block.done": "{name} is blocked",
  "block.undone": "{name} is no longer blocked",

  "blocks.title": "Blocked people",
  "blocks.hint": "They cannot write to you or add you to a group, and you cannot do so to them. Nobody is told.",
  "blocks.nobody": "You have blocked nobody.",

  "person.title": "About this conversation",

  "card.own": "That is you",
  "card.message": "Message",
  "card.copy": "Copy username",
  "card.copied": "Username copied",
  "card.groups": "Groups you share",
  "card.deleted": "This account was deleted. What its owner wrote stays, without a name.",

  "people.chosen": "Chosen people",
  "people.suggested": "Suggestions",
  "people.added": "{name} is chosen",
  "people.remove": "Remove {name}",
  "people.removed": "{name} is removed",
  "people.nobody": "Nobody has the username {name}.",
  "people.failed": "{name}: {reason}",
};
