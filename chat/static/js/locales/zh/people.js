// Other people.

export default {
  "block.do": "屏蔽",
  "block.undo": "取消屏蔽",
  "block.title": "屏蔽 {name}？",
  "block.text": "双方都不能给对方发消息，也不能把对方加入群。对方不会收到通知。在共同的群里，双方仍可照常发言。",
  "block.is": "你已屏蔽对方，双方都不能给对方发消息。",
  "block.on": "已屏蔽",
  "block.done": "已屏蔽 {name}",
  "block.undone": "已取消屏蔽 {name}",

  "blocks.title": "已屏蔽的人",
  "blocks.hint": "你和他们不能互发消息，也不能把对方加入群。对方不会收到通知。",
  "blocks.nobody": "你没有屏蔽任何人。",

  "person.title": "会话资料",

  "card.own": "这是你自己",
  "card.message": "发消息",
  "card.copy": "复制用户名",
  "card.copied": "用户名已复制",
  "card.groups": "共同的群",
  "card.deleted": "该账号已注销，TA 发过的消息会保留，但不再显示名字。",

  "people.chosen": "已选的人",
  "people.suggested": "搜索建议",
  "people.added": "已选择 {name}",
  "people.remove": "移除 {name}",
  "people.removed": "已移除 {name}",
  "people.nobody": "没有用户名为 {name} 的人。",
  "people.failed": "{name}：{reason}",
};
