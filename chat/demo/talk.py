"""The people of the demo, what they said over the last days and what they did to that.

In Chinese and in English.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chat.models import ChangeKind


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo; `sex` as in accounts, `locale` the language of their page."""

    username: str
    nickname: str
    sex: int
    locale: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Some lines said one after the other, beginning so many hours ago: (username, text)."""

    hours_ago: float
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did later to the one message whose text begins so.

    `value` is the new text or the emoji.
    """

    kind: ChangeKind
    username: str
    begins: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """A room: its members, a group's owner first, and who has how many messages still to read.

    `acts` is what was done to its messages, in that order.
    """

    members: tuple[str, ...]
    scenes: tuple[Scene, ...]
    name: str = ""  # direct rooms have none
    info: str = ""
    admins: tuple[str, ...] = ()
    unread: dict[str, int] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()


PEOPLE = (
    Person("linxiao", "林晓", 2, "zh"),
    Person("chenmo", "陈墨", 1, "zh"),
    Person("wangyu", "王雨", 2, "zh"),
    Person("emma.reed", "Emma Reed", 2, "en"),
    Person("tomas", "Tomas Novak", 1, "en"),
)

DIRECT = Talk(
    members=("linxiao", "emma.reed"),
    unread={"linxiao": 2},
    acts=(
        Act("reaction", "linxiao", "I only looked up", "👏"),
        Act("text", "linxiao", "对。12:10", "对。12:10 在公司楼下大厅见，晚了要排队。"),
        Act("reaction", "emma.reed", "对。12:10", "👍"),
        Act("reaction", "linxiao", "Those were the best", "❤️"),
        Act("pinned", "emma.reed", "那我们点鸳鸯锅"),
        Act("deleted", "linxiao", "写得很好啊"),
    ),
    scenes=(
        Scene(
            76,
            (
                ("emma.reed", "Hi Lin! I landed an hour ago. The airport train is so fast."),
                ("linxiao", "欢迎！路上顺利吗？"),
                ("linxiao", "Oh sorry — welcome! How was the flight?"),
                (
                    "emma.reed",
                    "Long, but I slept. And please keep writing Chinese, I need the practice 😄",
                ),
                ("linxiao", "好，那我写慢一点。酒店找到了吗？"),
                ("emma.reed", "找到了！房间很小，但是很干净。"),
                ("linxiao", "写得很好啊！"),
                ("emma.reed", "I only looked up one word. Promise."),
            ),
        ),
        Scene(
            51,
            (
                ("linxiao", "明天中午一起吃饭吧？公司旁边有一家很好的面馆。"),
                ("emma.reed", "面馆 = noodle place? Yes please!"),
                ("linxiao", "对。12:10 在楼下大厅见，晚了要排队。"),
                ("emma.reed", "12:10, lobby. 我会准时到。"),
            ),
        ),
        Scene(
            27,
            (
                ("emma.reed", "Those were the best noodles I have had in my life."),
                ("linxiao", "哈哈，下次带你去吃火锅。你能吃辣吗？"),
                ("emma.reed", "一点点。A little little bit."),
                ("linxiao", "那我们点鸳鸯锅，一半辣，一半不辣。"),
                ("emma.reed", "A pot with two halves! Deal."),
            ),
        ),
        Scene(
            1.1,
            (
                ("linxiao", "演示文稿我看完了，第三页的数字是上个月的。"),
                ("emma.reed", "Good catch, thank you. I took them from the old sheet."),
                ("linxiao", "新的表在群里，陈墨昨天发的。"),
                ("emma.reed", "Found it. Fixed, and I made the chart bigger too."),
                ("emma.reed", "晚上火锅，七点？🌶️"),
            ),
        ),
    ),
)

HIKES = Talk(
    members=("linxiao", "chenmo", "wangyu", "emma.reed", "tomas"),
    name="周末爬山 ⛰️",
    info="每周六早上出发。Everyone is welcome, also slow walkers.",
    admins=("wangyu",),
    unread={"linxiao": 3, "tomas": 7, "emma.reed": 1},
    acts=(
        Act("reaction", "wangyu", "Then my vote", "😂"),
        Act("reaction", "linxiao", "Then my vote", "😂"),
        Act("pinned", "linxiao", "提醒：山上风大"),
        Act(
            "text", "wangyu", "Water, a jacket", "Water, a warm jacket, good shoes. I bring snacks."
        ),
        Act("reaction", "chenmo", "Three times", "🛷"),
        Act("reaction", "wangyu", "Three times", "😂"),
        Act("reaction", "emma.reed", "Three times", "😂"),
        Act("reaction", "linxiao", "照片整理好了", "❤️"),
        Act("reaction", "tomas", "照片整理好了", "❤️"),
        Act("reaction", "emma.reed", "照片整理好了", "👏"),
        Act("deleted", "wangyu", "😂😂"),
        Act("reaction", "wangyu", "我去！橘子也去", "🍊"),
    ),
    scenes=(
        Scene(
            98,
            (
                ("linxiao", "大家好，这个周六去香山还是去慕田峪？"),
                ("chenmo", "香山人太多了吧，红叶季。"),
                ("wangyu", "我投慕田峪一票，走野一点的那段不行，那段封了，走开放的这段。"),
                ("tomas", "Is Mutianyu the part of the Wall with the slide?"),
                ("wangyu", "Yes! You walk up and slide down 🛷"),
                ("tomas", "Then my vote is clear."),
                ("linxiao", "好，那就慕田峪。早上七点半，东直门集合。"),
                ("chenmo", "七点半……周六……🥱"),
                ("linxiao", "车上可以睡。"),
            ),
        ),
        Scene(
            73,
            (
                ("wangyu", "提醒：山上风大，最高温只有 8 度，带一件外套。"),
                ("emma.reed", "I am in town this week. May I come along?"),
                ("linxiao", "当然可以！Of course!"),
                ("emma.reed", "谢谢！What should I bring?"),
                ("wangyu", "Water, a jacket, comfortable shoes. Snacks: I always bring too many."),
                ("chenmo", "可以作证，她每次都背一整箱橘子。"),
                ("wangyu", "上次是谁吃了六个？"),
                ("chenmo", "……橘子很好吃。"),
            ),
        ),
        Scene(
            30,
            (
                ("linxiao", "到家了吗大家？今天走了 21,000 步。"),
                ("tomas", "Home. My legs have filed a complaint."),
                (
                    "emma.reed",
                    "Mine too, but what a view. I did not expect it to be so quiet up there.",
                ),
                ("chenmo", "下午那束光真好看，我拍了一百多张，晚上整理。"),
                ("wangyu", "滑道 Tomas 滑了两次。"),
                ("tomas", "Three times. The third was for science."),
            ),
        ),
        Scene(
            6.5,
            (
                ("chenmo", "照片整理好了，一共 38 张，放在共享相册里了。"),
                ("linxiao", "第 12 张太美了！可以做壁纸。"),
                ("emma.reed", "Number 27: is that me? I look so serious."),
                ("chenmo", "You were looking at the map. It was upside down."),
                ("wangyu", "😂😂"),
                ("emma.reed", "That explains a lot."),
            ),
        ),
        Scene(
            0.8,
            (
                ("wangyu", "下周六呢？要不要换个近一点的？"),
                ("linxiao", "可以去植物园，腿也休息一下。"),
                ("chenmo", "同意。九点出发，不要七点半。"),
                ("wangyu", "九点可以。I will make a list — who is in?"),
                ("chenmo", "我去！橘子也去。"),
            ),
        ),
    ),
)

LAUNCH = Talk(
    members=("emma.reed", "linxiao", "chenmo", "tomas"),
    name="Product launch",
    info="Everything about the launch on Thursday. 周四发布的所有事情都在这里说。",
    admins=("linxiao",),
    unread={"linxiao": 1, "chenmo": 4},
    acts=(
        Act("reaction", "emma.reed", "Removed one query", "🚀"),
        Act("reaction", "linxiao", "Removed one query", "🚀"),
        Act("pinned", "emma.reed", "第一批数字出来了"),
        Act("reaction", "tomas", "第一批数字出来了", "🎉"),
        Act("reaction", "linxiao", "第一批数字出来了", "🎉"),
        Act("text", "tomas", "Works on Android", "Works on Android, even on my ancient tablet."),
        Act("deleted", "chenmo", "桌面没问题"),
        Act("reaction", "tomas", "Slides are ready", "👍"),
        Act("reaction", "linxiao", "Slides are ready", "👍"),
    ),
    scenes=(
        Scene(
            101,
            (
                (
                    "emma.reed",
                    "Morning all. One week to go. Shall we do a short round here every day?",
                ),
                ("tomas", "Yes. Backend: the export is done, tests are green, docs are half done."),
                ("linxiao", "设计：首页和价格页都定稿了，英文文案还差两段。"),
                ("emma.reed", "I will write the two missing paragraphs today."),
                ("chenmo", "数据：埋点已经上线，明天可以看到第一批数字。"),
            ),
        ),
        Scene(
            54,
            (
                (
                    "tomas",
                    "Found a bug: in the Chinese page the date picker begins with Sunday.",
                ),
                ("linxiao", "应该是星期一开头，谢谢！"),
                ("tomas", "Fixed and deployed to staging, please have a look."),
                ("linxiao", "看了，没问题 👍"),
                ("chenmo", "顺便说一下，预发布环境比昨天快了很多，是做了什么吗？"),
                ("tomas", "Removed one query that asked for the same thing 40 times 🙈"),
            ),
        ),
        Scene(
            29,
            (
                ("chenmo", "第一批数字出来了：注册转化 6.2%，比旧页面高 1.4 个百分点。"),
                ("emma.reed", "That is better than I hoped! Where do people drop out?"),
                ("chenmo", "大部分在填写手机号那一步。表格我放在共享文件夹了。"),
                ("emma.reed", "Then let us make the phone number optional."),
                ("linxiao", "同意，我今天改稿。"),
                ("tomas", "Ten minutes of work on my side. Done before lunch."),
            ),
        ),
        Scene(
            4.2,
            (
                ("linxiao", "新的注册页上线到预发布了，大家帮忙试一下，手机和电脑都试。"),
                ("tomas", "Works on Android and on my ancient tablet."),
                (
                    "emma.reed",
                    "iPhone is fine too. In German the button is cut off, but who has German? 😅",
                ),
                ("chenmo", "桌面没问题。夜间模式下链接的颜色有点暗。"),
                ("linxiao", "收到，马上调。"),
            ),
        ),
        Scene(
            0.6,
            (
                ("emma.reed", "Slides are ready, with the new numbers. Rehearsal tomorrow at ten?"),
                ("tomas", "Ten works."),
                ("linxiao", "可以，我订会议室。"),
                ("emma.reed", "Perfect. 谢谢大家，we are in good shape!"),
            ),
        ),
    ),
)

GROUPS = (HIKES, LAUNCH)
