// What several parts of the page say.

export default {
  "app.name": "聊天室",
  "theme.label": "外观",
  "theme.system": "跟随系统",
  "theme.light": "浅色",
  "theme.dark": "深色",
  language: "语言",
  loading: "加载中…",
  close: "关闭",
  cancel: "取消",
  save: "保存",
  saved: "已保存",
  retry: "重试",
  delete: "删除",
  back: "返回",
  you: "我",
  nobody: "已注销的用户",
  optional: "（选填）",
  online: "在线",
  offline: "离线",
  logout: "退出登录",
  "logout.unsent": "还有 {count} 条消息没有发出，退出后会丢失。",
  copy_failed: "浏览器不允许复制。",

  "day.today": "今天",
  "day.yesterday": "昨天",

  "field.username": "用户名",
  "field.email": "邮箱",
  "field.password": "密码",
  "field.code": "验证码",
  "field.current_password": "当前密码",
  "field.new_password": "新密码",

  "storage.blocked":
    "此浏览器不为本站保存任何数据：关闭或重新加载本页后需要重新登录，草稿和未发出的消息也会丢失。",
  "storage.no_outbox": "此浏览器不为本站保存消息：关闭或重新加载本页时，未发出的消息会丢失。",

  "banner.offline": "连接已断开，消息会在恢复后自动发送。",
  "banner.wait": "{count} 秒后重试",
  "banner.trying": "正在连接…",
  "banner.retry": "立即重试",

  "error.network": "无法连接服务器，请检查网络后重试。",
  "error.unavailable": "服务器暂时不可用，请稍后再试。",
  "error.outdated": "此部分未能加载，请刷新页面后再使用；草稿和未发出的消息会保留。",
  "error.internal": "出错了，请重试。",
  "error.retry_after": "操作太频繁，请 {count} 秒后再试。",
  "form.required": "请填写此项。",
  "form.reveal": "显示输入内容",
};
