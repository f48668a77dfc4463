"""Which language to answer in, and every text for people in both of them.

Errors and validation carry keys, never texts: a text is looked up when an answer is rendered, so
the same error reads right in every language, over HTTP and as an ack.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Locale = Literal["zh", "en"]
LOCALES: dict[str, Locale] = {"zh": "zh", "en": "en"}
DEFAULT: Locale = "zh"
TAGS: dict[Locale, str] = {"zh": "zh-Hans", "en": "en"}  # of HTML and of mail
# What is read of Accept-Language; browsers send a tenth of it.
MAX_HEADER = 1_000
MAX_TAGS = 32


class Line(NamedTuple):
    """One text in both languages, with the same `{parameters}` in each."""

    zh: str
    en: str


class Text(str):
    """The key of a text together with its parameters: what validation puts into `fields`."""

    params: dict[str, Any]

    def __new__(cls, key: str, **params: Any) -> Text:
        text = super().__new__(cls, key)
        text.params = params
        return text


CATALOGUE: dict[str, Line] = {
    "error.validation_error": Line("输入有误，请检查后重试。", "Some of the input is not valid."),
    "error.unauthorized": Line("请先登录。", "Please log in first."),
    "error.wrong_login": Line("用户名或密码错误。", "Wrong username or password."),
    "error.token_expired": Line("登录凭证已过期。", "The access token has expired."),
    "error.forbidden": Line("你没有权限这样做。", "You are not allowed to do this."),
    "error.removed": Line(
        "你已被移出该群，需由群主或管理员重新添加。",
        "You were removed from this group. Its owner or an admin can add you again.",
    ),
    "error.admins_post": Line(
        "该群仅群主和管理员可以发言。", "Only the owner and the admins post in this group."
    ),
    "error.too_many_invitations": Line(
        "邀请链接已达上限，请先撤销一些。",
        "This group has as many invitations as it may have. Revoke one first.",
    ),
    "error.foreign_page": Line(
        "此网页的来源不被允许：服务器管理者可将其加入 CORS_ORIGINS。",
        "The origin of this page is not allowed. Whoever runs the server can add it to"
        " CORS_ORIGINS.",
    ),
    "error.registration_closed": Line(
        "此服务器未开放注册。", "Nobody can register here: registration is closed."
    ),
    "error.link_required": Line(
        "注册需要邀请链接，请向此服务器的管理者索取。",
        "Only people with an invitation can register here: ask whoever runs this server for one.",
    ),
    "error.disabled": Line(
        "此账号已被停用，请联系此服务器的管理者。",
        "This account is disabled: ask whoever runs this server.",
    ),
    "error.not_found": Line("找不到所请求的内容。", "There is no such thing."),
    "error.method_not_allowed": Line("不支持此请求方法。", "This method is not allowed here."),
    "error.conflict": Line(
        "与现有数据冲突，操作未执行。", "This conflicts with what is there already."
    ),
    "error.message_deleted": Line("此消息已被删除。", "This message was deleted."),
    "error.too_many_emoji": Line(
        "此消息的表情种类已达上限。", "This message has as many different emoji as it may have."
    ),
    "error.too_many_pins": Line(
        "此聊天的置顶消息已达上限。", "This room has as many pinned messages as it may have."
    ),
    "error.too_many_pinned_rooms": Line(
        "置顶的聊天已达上限。", "You have pinned as many rooms as you may."
    ),
    "error.too_many_rooms": Line(
        "所在的群已达上限。", "That would be more groups than one may be in."
    ),
    "error.too_many_direct_rooms": Line(
        "你发起的、对方尚未回复的私聊已达上限，请等待回复后再发起新的私聊。",
        "You have opened as many conversations as you may with people who have not answered."
        " Wait for an answer before you open another one.",
    ),
    "error.too_many_kept_out": Line(
        "此群预先禁止加入的人数已达上限。",
        "This group keeps out as many people who are no members as it may.",
    ),
    "error.group_full": Line("群成员已满。", "This group has as many members as it may have."),
    "error.too_many_blocks": Line(
        "屏蔽的人数已达上限。", "You have blocked as many people as you may."
    ),
    "error.too_many_unanswered": Line(
        "对方未答复的邀请已达上限，请稍后再试。",
        "This person has as many unanswered invitations as one may have.",
    ),
    "error.payload_too_large": Line("内容过大。", "That is too large."),
    "error.unsupported_media_type": Line(
        "请求正文须为 JSON，并注明 Content-Type: application/json。",
        "The body must be JSON and say so: Content-Type: application/json.",
    ),
    "error.form_instead_of_file": Line(
        "请求正文须为文件本身的字节，而不是表单（multipart/form-data）。",
        "The body must be the bytes of the file themselves, not a form (multipart/form-data).",
    ),
    "error.range_not_satisfiable": Line(
        "所请求的部分不存在。", "The file ends before the part that is asked for."
    ),
    "error.misdirected_request": Line(
        "本服务器不使用此主机名：服务器管理者可将其加入 HOSTS。",
        "This server does not go by this host name. Whoever runs it can add the name to HOSTS.",
    ),
    "error.rate_limited": Line(
        "操作过于频繁，请在 {retry_after} 秒后重试。",
        "Too many requests. Try again in {retry_after} s.",
    ),
    "error.quota_exceeded": Line(
        "今天可以发送的内容已达上限，请明天再试。",
        "As much as may be sent on a day has been sent. Try again tomorrow.",
    ),
    "error.storage_full": Line(
        "你的文件已占满可用空间，请先删除一些含文件的消息。",
        "Your files take all the space that you may use. Delete messages with files first.",
    ),
    "error.unknown_event": Line("未知的事件。", "Unknown event."),
    "error.unavailable": Line(
        "服务暂时不可用，请稍后重试。", "Temporarily unavailable. Please try again."
    ),
    "error.not_ready.database": Line("数据库没有响应。", "The database does not answer."),
    "error.not_ready.database_login": Line(
        "数据库拒绝了所用的用户名或密码。", "The database refuses the user or password."
    ),
    "error.not_ready.storage": Line(
        "数据库无法写入，磁盘可能已满。", "The database cannot write. The disk may be full."
    ),
    "error.not_ready.queue": Line("Redis 不可用。", "Redis does not do its work."),
    "error.not_ready.queue_login": Line(
        "Redis 拒绝了所用的用户名或密码。", "Redis refuses the user or password."
    ),
    "error.not_ready.ending": Line("服务器正在关闭。", "The server is shutting down."),
    "error.internal": Line("服务器内部错误。", "Something went wrong on the server."),
    "invalid.required": Line("此项为必填项。", "This field is required."),
    "invalid.null": Line("此项不能为空。", "This field may not be null."),
    "invalid.unknown": Line("未知字段。", "Unknown field."),
    "invalid.value": Line("值无效。", "Not a valid value."),
    "invalid.object": Line("必须是一个 JSON 对象。", "This must be one JSON object."),
    "invalid.repeated": Line("有重复的项。", "This names something more than once."),
    "invalid.list": Line("必须是一个列表。", "This must be a list."),
    "invalid.json": Line("不是有效的 JSON。", "This is not valid JSON."),
    "invalid.string": Line("必须是文本。", "This must be text."),
    "invalid.integer": Line("必须是整数。", "This must be a whole number."),
    "invalid.boolean": Line("必须是 true 或 false。", "This must be true or false."),
    "invalid.id": Line("不是有效的标识。", "Not a valid id."),
    "invalid.no_message": Line(
        "此消息不存在或已被删除。", "There is no such message, or it was deleted."
    ),
    "invalid.no_file": Line("没有这个文件，或已被删除。", "There is no such file, or it is gone."),
    "invalid.file_used": Line(
        "该文件已用于另一条消息。", "This file is in another message already."
    ),
    "invalid.file_empty": Line("文件是空的。", "This file is empty."),
    "invalid.file_incomplete": Line(
        "文件没有完整上传，请重试。", "The file did not arrive whole. Please send it again."
    ),
    "invalid.picture": Line(
        "无法识别这张图片。请使用完整的 PNG、JPEG、GIF 或 WebP 图片。",
        "The server could not read this picture. Choose a whole PNG, JPEG, GIF or WebP file.",
    ),
    "invalid.picture_too_large": Line(
        "图片的像素过多，最多 4000 万像素。", "This picture has more than 40 million pixels."
    ),
    "invalid.no_words": Line(
        "请输入要查找的字词、表情或条件。", "Type words, an emoji or a condition to search for."
    ),
    "invalid.many_words": Line(
        "一次最多搜索 {max} 个词；要找整句话，请给它加上引号。",
        "At most {max} words, please. Put a sentence in quotes.",
    ),
    "invalid.has": Line("只能是“文件”或“链接”。", "This must be file or link."),
    "invalid.day": Line("日期格式如 2026-11-28。", "A date is written as 2026-11-28."),
    "invalid.cursor": Line("不是有效的游标。", "Not a valid cursor."),
    "invalid.emoji": Line("必须是一个表情符号。", "This must be one emoji."),
    "invalid.endpoint": Line(
        "这不是推送服务的 https: 网址。", "This is not the https: address of a push service."
    ),
    "invalid.choice": Line("必须是以下之一：{choices}。", "This must be one of: {choices}."),
    "invalid.characters": Line(
        "包含不允许的字符。", "This contains characters that are not allowed."
    ),
    "invalid.blank": Line("请填写此项。", "Please fill this in."),
    "invalid.too_short": Line("长度不能少于 {min} 个字符。", "At least {min} characters, please."),
    "invalid.too_many": Line("最多 {max} 项。", "At most {max} entries, please."),
    "invalid.too_long": Line("长度不能超过 {max} 个字符。", "At most {max} characters, please."),
    "invalid.too_small": Line("不能小于 {min}。", "This may not be less than {min}."),
    "invalid.too_big": Line("不能大于 {max}。", "This may not be greater than {max}."),
    "invalid.username": Line(
        "用户名须为 3–20 个字符，只能包含字母、数字、“_”、“-”和“.”。",
        "3–20 characters: letters a–z, digits, “_”, “-” and “.” only.",
    ),
    "invalid.email": Line("不是有效的电子邮箱地址。", "Not a valid e-mail address."),
    "invalid.email_international": Line(
        "邮件服务器只能发送到 @ 前面仅含英文字母、数字和符号的地址，请换一个邮箱地址。",
        "The mail server can only send to addresses with plain English letters before the @:"
        " please take another one.",
    ),
    "invalid.email_domain": Line(
        "此处只能使用以下域名的邮箱注册：{domains}。",
        "Only addresses at {domains} can register here.",
    ),
    "invalid.link": Line(
        "链接无效，或已过期、已被使用。", "This link is not valid, has expired or was used already."
    ),
    "invalid.code": Line("验证码错误或已失效。", "The code is wrong or no longer valid."),
    "invalid.taken": Line("已被使用。", "This is taken already."),
    "invalid.many_taken": Line(
        "近期尝试的已占用名称过多。没人使用的名称仍可注册。",
        "Too many names that are taken were tried lately. One that nobody has still works.",
    ),
    "invalid.common_password": Line(
        "这个密码太常见，容易被猜到，请换一个。",
        "This password is one of the most common ones and guessed first: please take another.",
    ),
    "invalid.password": Line("密码错误。", "The password is wrong."),
    "invalid.oneself": Line("不能选择自己。", "This may not be yourself."),
    "invalid.not_both": Line("两者只能选其一。", "Only one of the two may be given."),
    "page.name": Line("聊天室", "Chat"),
    "page.needs_script": Line("本页面需要启用 JavaScript。", "This page needs JavaScript."),
    "mail.of_site": Line("【{site}】{subject}", "{site}: {subject}"),
    "mail.greeting": Line("您好！", "Hello!"),
    "mail.automatic": Line(
        "此邮件由系统自动发送，请勿回复。", "Sent automatically: please do not reply."
    ),
    "mail.register.subject": Line("您的注册验证码", "Your registration code"),
    "mail.register.lead": Line("您的注册验证码是：", "Your registration code is:"),
    "mail.register.note": Line(
        "验证码 {minutes} 分钟内有效，只能使用一次。如果不是您本人的操作，请忽略此邮件。",
        "It is good for {minutes} minutes and can be used once. If you did not ask for it, you can"
        " ignore this mail.",
    ),
    "mail.reset.subject": Line("您的密码重置验证码", "Your password reset code"),
    "mail.reset.lead": Line("您的密码重置验证码是：", "Your password reset code is:"),
    "mail.reset.note": Line(
        "验证码 {minutes} 分钟内有效，只能使用一次。"
        "如果不是您本人的操作，请忽略此邮件，您的密码不会改变。",
        "It is good for {minutes} minutes and can be used once. If you did not ask for it, ignore"
        " this mail: your password stays as it is.",
    ),
    "mail.taken.subject": Line("您已有账号", "You have an account already"),
    "mail.taken.lead": Line(
        "有人用此邮箱地址申请注册，但该地址已有账号：",
        "Someone asked to register with this address, but it has an account already:",
    ),
    "mail.taken.note": Line(
        "请直接登录；忘记密码时可以重置。如果不是您本人的操作，请忽略此邮件。",
        "Just log in with it; a forgotten password can be reset. If that was not you, you can"
        " ignore this mail.",
    ),
}


def choose_locale(saved: str | None, accept_language: str | None) -> Locale:
    """Choose the saved language, else the most preferred one that we have, else Chinese.

    Compares primary subtags in the order of preference, so `en-US,zh;q=0.5` is English.
    """
    if saved in LOCALES:
        return LOCALES[saved]
    for tag in _tags_by_preference(accept_language or ""):
        primary = tag.split("-", 1)[0]
        if primary in LOCALES:
            return LOCALES[primary]
        if primary == "*":
            return DEFAULT
    return DEFAULT


def translate(key: str, locale: str, **params: Any) -> str:
    """Return the text of `key`; a key that is not ours reads as "not a valid value"."""
    line = CATALOGUE.get(key) or CATALOGUE["invalid.value"]
    text = line.en if locale == "en" else line.zh
    return text.format(**params)


def render(text: str, locale: str) -> str:
    """Return what a key, or a `Text` with its parameters, reads in `locale`."""
    return translate(text, locale, **getattr(text, "params", {}))


def _tags_by_preference(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for part in header[:MAX_HEADER].split(",", MAX_TAGS)[:MAX_TAGS]:
        tag, *options = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for option in options:
            if option.startswith("q="):
                weight = _weight(option[2:])
        if tag and weight > 0:
            weighted.append((weight, tag))
    weighted.sort(key=lambda item: -item[0])  # stable: equal weights keep the order they came in
    return [tag for _, tag in weighted]


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
