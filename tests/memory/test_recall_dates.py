"""What people mean by "yesterday" is the day before they said it, in three languages."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import dates_english
from memory.dates import dated, mentions

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("I went there yesterday", "2026-11-22", "2026-11-22"),
        ("the day before yesterday it rained", "2026-11-21", "2026-11-21"),
        ("last Friday was fun", "2026-11-20", "2026-11-20"),
        ("last Monday was long", "2026-11-16", "2026-11-16"),
        ("see you next Friday", "2026-11-27", "2026-11-27"),
        ("we moved last week", "2026-11-16", "2026-11-22"),
        ("last weekend we hiked", "2026-11-21", "2026-11-22"),
        ("next month we marry", "2026-12-01", "2026-12-31"),
        ("last year in spring", "2025-01-01", "2025-12-31"),
        ("two years ago", "2024-01-01", "2024-12-31"),
        ("four days ago", "2026-11-19", "2026-11-19"),
        ("a few days ago", "2026-11-19", "2026-11-21"),
        ("three weeks ago", "2026-11-01", "2026-11-03"),
        ("in two months", "2027-01-01", "2027-01-31"),
        ("on 3 June, 2023", "2023-06-03", "2023-06-03"),
        ("October 3rd 2023", "2023-10-03", "2023-10-03"),
        ("in August 2023", "2023-08-01", "2023-08-31"),
        ("since 2019", "2019-01-01", "2019-12-31"),
        ("the first weekend of October 2023", "2023-10-07", "2023-10-08"),
        ("昨天我去了医院", "2026-11-22", "2026-11-22"),
        ("大前天下雨", "2026-11-20", "2026-11-20"),
        ("上周五我们吃火锅", "2026-11-20", "2026-11-20"),
        ("上个星期三", "2026-11-18", "2026-11-18"),
        ("上周末", "2026-11-21", "2026-11-22"),
        ("下个月结婚", "2026-12-01", "2026-12-31"),
        ("三天前", "2026-11-20", "2026-11-20"),
        ("两年前分手", "2024-01-01", "2024-12-31"),
        ("2023年5月3日", "2023-05-03", "2023-05-03"),
        ("昨日は雪でした", "2026-11-22", "2026-11-22"),
        ("一昨日、映画に行った", "2026-11-21", "2026-11-21"),
        ("先週の金曜日に", "2026-11-20", "2026-11-20"),
        ("来週の火曜日", "2026-12-01", "2026-12-01"),
        ("先々週", "2026-11-09", "2026-11-15"),
        ("来月、結婚式", "2026-12-01", "2026-12-31"),
        ("三年前に", "2023-01-01", "2023-12-31"),
        ("2週間前", "2026-11-08", "2026-11-10"),
        ("The mixer came on Tuesday.", "2026-11-17", "2026-11-17"),
        ("My exam is on Tuesday", "2026-11-24", "2026-11-24"),
        ("We'll meet on Monday.", "2026-11-30", "2026-11-30"),
        ("I passed the test on the sixth, by luck.", "2026-11-06", "2026-11-06"),
        ("I'm flying on the 2nd.", "2026-12-02", "2026-12-02"),
        ("the second of December", "2026-12-02", "2026-12-02"),
        ("two weeks from today", "2026-12-06", "2026-12-08"),
        ("not a drop since New Year's Eve", "2026-12-31", "2026-12-31"),
        ("we met in September", "2026-09-01", "2026-09-30"),
        ("周三我去了医院", "2026-11-18", "2026-11-18"),
        ("周三我要去医院", "2026-11-25", "2026-11-25"),
        ("大后天体检", "2026-11-26", "2026-11-26"),
        ("两个星期前", "2026-11-08", "2026-11-10"),
        ("土曜日に山へ行きました。", "2026-11-21", "2026-11-21"),
        ("火曜日に試験があります。", "2026-11-24", "2026-11-24"),
        ("この前の日曜日", "2026-11-22", "2026-11-22"),
        ("再来週の土曜日", "2026-12-12", "2026-12-12"),
        ("元日に初詣", "2027-01-01", "2027-01-01"),
    ],
)
def test_a_word_for_a_time_means_the_days_around_when_it_was_said(text: str, first: str, last: str) -> None:
    (mention,) = mentions(text, MONDAY)

    assert (mention.span.first.isoformat(), mention.span.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        *("nothing here", "I may go", "march on", "31 February", "今まで", "the last straw", "一个月亮", ""),
        *("I swim on Tuesdays", "yoga on Tuesday", "I moved in and I'm cooking on Friday", "on the second floor"),
        *("一周三次", "每周三跑步", "毎週火曜日に泳ぎます", "土日は休みです"),
    ],
)
def test_where_no_time_is_spoken_of_none_is_found(text: str) -> None:
    assert mentions(text, MONDAY) == ()


def test_what_is_recalled_carries_its_days_in_brackets() -> None:
    said = "We moved last week, and yesterday the cat came back."

    assert dated(said, MONDAY) == (
        "We moved last week (16 November to 22 November 2026), and yesterday (22 November 2026) the cat came back."
    )


def test_brackets_are_written_as_the_reader_writes_dates() -> None:
    assert dated("昨天我搬家了", MONDAY) == "昨天(2026年11月22日)我搬家了"


def test_a_date_written_out_needs_no_brackets() -> None:
    assert dated("Born on 3 June 1990.", MONDAY) == "Born on 3 June 1990."


def test_the_same_word_means_another_day_when_it_was_said_on_another() -> None:
    assert dated("yesterday", date(2024, 3, 1)) == "yesterday (29 February 2024)"


MONTHS_AND_MORE = (*dates_english.MONTHS, "Oct", "oct.", "sept", "3rd", "12", "2023", "2023-5-6", "first", "two")
JOINING = ("in", "since", "by", "of", "on the", "last", "next", "ago", "from now", "week", "days", "weekend", "friday")
DATELIKE = st.sampled_from((*MONTHS_AND_MORE, *JOINING, "I", "went", ",", "."))


@given(words=st.lists(DATELIKE, max_size=7))
def test_the_quick_look_passes_over_no_line_in_which_a_time_is_found(words: list[str]) -> None:
    text = " ".join(words).replace(" ,", ",").replace(" .", ".")

    found = any(pattern.search(text) for pattern, _, _ in dates_english.PATTERNS)

    assert dates_english.MAYBE.search(text) or not found
