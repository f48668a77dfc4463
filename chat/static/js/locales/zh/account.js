// One's own account.

export default {
  "profile.title": "我的账号",
  "profile.nickname": "昵称",
  "profile.nickname_hint": "别人看到的名字，留空则显示用户名。",
  "profile.security": "账号安全",

  "notify.title": "在本机显示通知",
  "notify.hint": "离开页面时，有新消息会提醒你。",
  "notify.blocked": "浏览器已屏蔽本站的通知，可以在浏览器设置里允许。",

  "password.title": "修改密码",
  "password.text": "修改后，包括本机在内的所有设备都需要重新登录。",
  "password.submit": "修改密码",

  "sessions.title": "登录的设备",
  "sessions.current": "本机",
  "sessions.used": "最近使用：{when}",
  "sessions.since": "登录时间：{when}",
  "sessions.end": "退出登录",
  "sessions.ended": "已退出登录：{device}",
  "sessions.unknown": "未知设备",

  "deletion.title": "注销账号",
  "deletion.text": "账号将被永久删除，无法恢复。",
  "deletion.messages": "你发过的消息会保留，但不再显示你的名字。",
  "deletion.groups": "你的群会转给其他成员；只有你一个人的群会解散。",
  "deletion.name": "你的用户名和邮箱可以被重新注册。",
  "deletion.password_hint": "输入密码，确认是你本人。",
  "deletion.submit": "永久注销账号",

  "push.title": "关闭页面后也通知",
  "push.hint": "私聊消息和提到你的消息会通知你；设为“所有消息”的群，每条消息都会通知。",
  "push.text": "显示消息内容",
  "push.text_hint": "显示发送人、会话和消息开头，传到本机的途中全程加密。",
  "push.unsupported": "此浏览器无法在页面关闭后接收通知。",
  "push.no_worker": "仅在 https 地址下可用。",
  "push.home_screen": "在 iPhone 或 iPad 上，请先将本页添加到主屏幕，再从主屏幕打开。",
  "push.failed": "无法连接浏览器的推送服务，请稍后再试。",

  "profile.shown": "别人看到的资料",
  "profile.looks": "语言与外观",
  "profile.notifications": "通知",
  "notify.unsupported": "此浏览器不支持本站的通知。",
};
