// Messages as they are shown.

export default {
  "messages.label": "与 {name} 的消息",
  "messages.empty": "还没有消息",
  "messages.empty_hint": "打个招呼吧。",
  "messages.beginning": "会话从这里开始。",
  "messages.load_failed": "消息加载失败。",
  "messages.missing": "找不到这个链接指向的消息。",
  "messages.jump": "回到最新",
  "messages.jump_new": "{count} 条新消息",

  announcer: "新消息",
  "announcer.many": "{count} 条新消息",

  "typing.one": "{name} 正在输入…",
  "typing.many": "多人正在输入…",

  "message.edited": "已编辑",
  "message.edited_at": "{when} 编辑",
  "message.deleted": "消息已删除",
  "message.pinned": "已置顶",
  "message.all": "显示全部",
  "message.less": "收起",
  "message.label": "{name}，{when}：{text}",
  "person.about": "查看 {name} 的资料",

  "code.label": "代码",
  "code.copy": "复制",
  "code.copied": "已复制",
  "quote.label": "回复 {name}：{text}",

  "state.pending": "发送中",
  "state.waiting": "连接恢复后会自动发送。",
  "state.sent": "已发送",
  "state.read": "对方已读",
  "state.failed": "未发送",

  "read.by": "{count} 人已读",
  "read.title": "已读成员",

  "send.unavailable": "未发送：服务器没有及时回应。",
  "send.not_found": "未发送：你已不在这个会话里。",
  "send.forbidden": "未发送：你不能在这里发言。",
  "send.rate_limited": "发送太频繁，稍后会自动发送。",
  "send.failed": "未发送：{reason}",
};
