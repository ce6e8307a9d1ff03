"""How Chinese and Japanese speak of days: 昨天, 上周五, 三天前, 先週の金曜日, 5月3日."""

import re
from datetime import date

from memory.dates_spans import (
    Meaning,
    Patterns,
    Span,
    ago,
    day,
    fixed,
    month,
    nearest,
    weekday_near,
    weekday_of_week,
    year,
)
from memory.dates_tense import direction

EAST_WEEKDAYS = {
    letter: at for letters in ("一二三四五六日", "月火水木金土日") for at, letter in enumerate(letters)
} | {"天": 6}
NUMBERS = {
    **{word: number for number, word in enumerate("一二三四五六七八九十", 1)},
    **{"两": 2, "十一": 11, "十二": 12, "几": 3, "数": 3},
}
EAST_NUMBER = r"(\d{1,3}|十[一二]|[一二两三四五六七八九十几数])"
EAST_UNIT = {
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "週": "week",
    "週間": "week",
    "周间": "week",
} | {
    unit: name
    for name, units in {"month": ["月", "个月", "か月", "ヶ月", "カ月", "ヵ月", "箇月"], "year": ["年"]}.items()
    for unit in units
}
EAST_UNIT |= {f"个{unit}": EAST_UNIT[unit] for unit in ("星期", "礼拜")}
FEASTS = {"元旦|元日": (1, 1), "大晦日": (12, 31), "圣诞节": (12, 25), "平安夜": (12, 24), "情人节": (2, 14)}
EAST_WEEK = {
    "上": -1,
    "上个": -1,
    "这": 0,
    "这个": 0,
    "本": 0,
    "下": 1,
    "下个": 1,
    "先": -1,
    "先々": -2,
    "今": 0,
    "来": 1,
    "再来": 2,
}


def east_counted(sign: int) -> Meaning:
    """ "三天前", "2週間前" (-1) and "三天后", "2週間後" (+1)."""
    return lambda m, on: ago(on, EAST_UNIT[m[2]], sign * count(m[1]), vague=m[1] in "几数")


def weekday_meant(m: re.Match[str], on: date) -> Span:
    """A weekday alone: the latest one gone or the next to come, as the sentence has it."""
    return weekday_near(on, EAST_WEEKDAYS[m[1]], direction(m.string, m.start()))


def feast(of_month: int, of_day: int) -> Meaning:
    """A day that every year has."""
    return lambda _, on: nearest(on, of_month, of_day)


def count(words: str) -> int:
    """ "三", "十二" or "12" as a number."""
    return NUMBERS[words] if words in NUMBERS else int(words)


WORDS = (
    ("今天|今日|今晚|今夜|今朝|今早|きょう", "day", 0),
    ("昨天|昨日|昨晚|昨夜|昨晩|きのう|ゆうべ", "day", -1),
    ("(?<!大)前天|一昨日|おととい|前晚", "day", -2),
    ("大前天", "day", -3),
    ("明天|明日|明晚|明晩|あした|あす", "day", 1),
    ("(?<!大)后天|(?<!し)明後日|(?<!し)あさって", "day", 2),
    ("大后天|しあさって", "day", 3),
    ("上周末|上个周末|先週末|先週の週末", "weekend", -1),
    ("这周末|这个周末|今週末|今週の週末", "weekend", 0),
    ("下周末|下个周末|来週末|来週の週末", "weekend", 1),
    ("上个?(?:周|星期|礼拜)(?![一二三四五六日天末])|(?<!先)先週(?!末|の?[月火水木金土日]曜|の週末)", "week", -1),
    ("(?:这|本)个?(?:周|星期|礼拜)(?![一二三四五六日天末])|今週(?!末|の?[月火水木金土日]曜|の週末)", "week", 0),
    ("下个?(?:周|星期|礼拜)(?![一二三四五六日天末])|(?<!再)来週(?!末|の?[月火水木金土日]曜|の週末)", "week", 1),
    ("再来週(?!の?[月火水木金土日]曜)|下下周(?![一二三四五六日天末])", "week", 2),
    ("先々週|上上周", "week", -2),
    ("上个?月|(?<!先)先月", "month", -1),
    ("这个月|本月|今月", "month", 0),
    ("下个?月|来月", "month", 1),
    ("去年|昨年", "year", -1),
    ("前年|一昨年|おととし", "year", -2),
    ("今年|ことし", "year", 0),
    ("明年|来年|らいねん", "year", 1),
)
MAYBE = re.compile(
    "[天日月周星礼週年晚夜晩朝早]|きょう|きのう|ゆうべ|おととし|おととい|あした|あす|あさって|ことし|らいねん|元旦|圣诞"
)
PATTERNS: Patterns = (
    *((re.compile(words), fixed(unit, by), False) for words, unit, by in WORDS),
    (
        re.compile(rf"{EAST_NUMBER}(天|日|周|个?星期|个?礼拜|週間|週|个月|[かヶカヵ箇]月|年)(?:之?前|以前)"),
        east_counted(-1),
        False,
    ),
    (
        re.compile(rf"{EAST_NUMBER}(天|日|周|个?星期|个?礼拜|週間|週|个月|[かヶカヵ箇]月|年)(?:之?[后後])"),
        east_counted(1),
        False,
    ),
    (
        re.compile(r"(上个?|这个?|本|下个?)(?:周|星期|礼拜)([一二三四五六日天])"),
        lambda m, on: weekday_of_week(on, EAST_WEEKDAYS[m[2]], EAST_WEEK[m[1]]),
        False,
    ),
    (
        re.compile(r"(先々|再来|先|今|(?<!再)来)週の?([月火水木金土日])曜日?"),
        lambda m, on: weekday_of_week(on, EAST_WEEKDAYS[m[2]], EAST_WEEK[m[1]]),
        False,
    ),
    (
        re.compile(r"(?:この前|こないだ)の([月火水木金土日])曜日?"),
        lambda m, on: weekday_near(on, EAST_WEEKDAYS[m[1]], -1),
        False,
    ),
    (re.compile(r"(?<![週毎のと・、])([月火水木金土日])曜日?(?=[にのはも、])"), weekday_meant, False),
    (
        re.compile(r"(?<![上下这个本每一二两三四五六七八九十\d])(?:周|星期|礼拜)([一二三四五六日天])(?!年|次)"),
        weekday_meant,
        False,
    ),
    *((re.compile(names), feast(*when), False) for names, when in FEASTS.items()),
    (
        re.compile(r"((?:19|20)\d\d)年(\d{1,2})月(\d{1,2})[日号號]"),
        lambda m, _: day(date(int(m[1]), int(m[2]), int(m[3]))),
        True,
    ),
    (re.compile(r"((?:19|20)\d\d)年(\d{1,2})月(?![\d])"), lambda m, _: month(int(m[1]), int(m[2])), True),
    (re.compile(r"((?:19|20)\d\d)年(?!\d)"), lambda m, _: year(int(m[1])), True),
    (re.compile(r"(?<![年\d])(\d{1,2})月(\d{1,2})[日号號]"), lambda m, on: nearest(on, int(m[1]), int(m[2])), True),
    (
        re.compile(r"(?<![年\d])(\d{1,2}|十[一二]|[一二三四五六七八九十])月(?:份|(?![\d间間前后後]))"),
        lambda m, on: nearest(on, count(m[1])),
        True,
    ),
)
