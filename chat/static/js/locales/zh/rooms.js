// The list of conversations and what leads to one.

export default {
  "rooms.label": "会话",
  "rooms.empty": "还没有会话，可以这样开始：",
  "rooms.no_messages": "还没有消息",
  "rooms.preview": "{name}：{text}",
  "rooms.typing": "正在输入…",
  "rooms.draft": "[草稿]",
  "rooms.mentioned": "有人提到你",
  "rooms.menu": "“{name}”的选项",
  "rooms.pin": "置顶",
  "rooms.unpin": "取消置顶",
  "rooms.mark_read": "标为已读",
  pinned: "已置顶",

  "unread.count": "{count} 条未读消息",
  "unread.line": "以下是新消息",

  "members.online": "{members}，{count} 人在线",

  "skip.composer": "跳到输入框",
  "skip.list": "跳到会话列表",

  "placeholder.choose": "选择一个会话，在这里查看。",
  "placeholder.first": "会话会在这里打开。",

  "join.title": "群聊 {number}",
  "join.text": "你还不在这个群里，要加入吗？",

  "invitation.title": "群聊邀请",
  "invitation.by": "邀请人：{name}（@{username}）",
  "invitation.join": "加入",
  "invitation.open": "打开",
  "invitation.later": "暂不加入",
  "invitation.member": "你已经在这个群里了。",
  "invitation.dead": "邀请无效或已失效，请索取新的链接。",
  "invitation.log_in": "有人邀请你加入群聊，登录或注册后即可查看。",
  "invitation.log_in_only": "有人邀请你加入群聊，登录后即可查看。",

  "requests.label": "收到的邀请",
  "requests.by": "{name}（@{username}）邀请你加入这个群",
  "requests.accept": "接受",
  "requests.decline": "拒绝",
  "requests.declined": "已拒绝。30 天内任何人都不能再邀请你加入“{name}”。",
  "requests.gone": "此邀请已失效。",

  "introduction.missing": "没有这个用户。",
  "introduction.unseen": "你发出第一条消息后，{name} 才会看到这个会话。",
  "introduction.self": "这是你自己的用户名。",

  "gone.removed": "你已不在“{name}”中：你被移出，或在其他设备上退出了。",
  "gone.deleted": "“{name}”已被解散。",
  "gone.left": "你已退出“{name}”。",
  "gone.unknown": "你已不在“{name}”中：该群已被解散，或你被移出了。",

  "mute.on": "免打扰",

  "notify_of.label": "消息通知",
  "notify_of.all": "所有消息",
  "notify_of.mentions": "仅提到我",
  "notify_of.none": "免打扰",
  "notify_of.set_all": "接收所有消息通知",
  "notify_of.set_mentions": "仅在提到我时通知",
  "notify_of.set_none": "消息免打扰",
  "notify_of.unmute": "取消免打扰",

  "hide.do": "隐藏会话",
  "hide.hint": "会话将从列表中移除，有新消息时再出现。按对方的名字也能找到它。",
  "hide.done": "会话已隐藏，有新消息时再出现。搜索“{name}”可以找回。",

  "palette.open": "搜索",
  "palette.label": "搜索会话、联系人、操作",
  "palette.last": "最近搜索",
  "palette.rooms": "会话",
  "palette.people": "联系人",
  "palette.actions": "操作",
  "palette.messages": "消息",
  "palette.join": "加入",
  "palette.join_group": "加入群聊 {number}",
  "palette.join_invitation": "查看群聊邀请",
  "palette.hidden": "已隐藏",
  "palette.searching": "搜索中…",
  "palette.people_failed": "无法搜索联系人：{reason}",
  "palette.nothing": "没有找到。",
  "palette.found": "{count} 个结果",

  "action.theme": "外观：{name}",
  "action.language": "使用英文（Use English）",
  "action.mute": "将“{name}”设为免打扰",
  "action.unmute": "接收“{name}”的所有消息通知",
  "action.pin": "置顶“{name}”",
  "action.unpin": "取消置顶“{name}”",
};
