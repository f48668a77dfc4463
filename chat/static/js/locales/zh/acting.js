// Writing, and what one does to a message.

export default {
  "composer.label": "给 {name} 的消息",
  "composer.placeholder": "输入消息",
  "composer.send": "发送",
  "composer.left": "还可以输入 {count} 个字",
  "composer.closed": "对方已注销账号。你仍可查看消息，但不能再发送。",
  "composer.admins": "仅群主和管理员可以在此群发言。",
  "composer.blocked": "你已屏蔽对方，双方都不能在这里发送消息。",
  "composer.over": "超出 {count} 个字",

  "reactions.label": "回应",
  "reactions.count": "{emoji}：{count} 人",
  "reactions.own": "{emoji}：{count} 人，包括你",
};
