"""Who asks how things are gets the line that changed them as well, in whatever words it did."""

import pytest

from memory.ranking_changes import may_replace
from tests.memory.test_recall_ranking import PERSONA, found, line, question_of, ranking_of

OLD = "My pub is the Anchor, they let me in with flour in my hair"
NEW = "Anchor turned into a vape shop, so flour in the hair is for the Drowned Rat instead"
TALK = ("Rain over the harbour", "My sister paints boats", "Bread takes all night", "A gull stole a roll", "We danced")
PUB = [
    line(1, OLD, session="a"),
    *(line(2 + at, text, session=f"b{at}", days=at) for at, text in enumerate(TALK)),
    line(9, NEW, session="d", days=30),
    line(10, "The moon was out", session="e", days=31),
]


async def test_asked_how_it_is_now_the_line_that_names_the_old_answer_goes_before_it() -> None:
    assert (await found(await ranking_of(PUB), "Which pub is mine now?"))[:2] == ["u9", "u1"]


async def test_without_a_now_the_change_stands_just_behind_what_it_changed() -> None:
    assert (await found(await ranking_of(PUB), "Which pub is mine?"))[:2] == ["u1", "u9"]


async def test_what_happened_is_not_replaced_by_what_happened_later() -> None:
    ranking = await ranking_of(PUB)
    question = question_of("Which pub did I have?")

    assert not question.asks_state
    assert (await found(ranking, question.text))[0] == "u1"


async def test_an_older_line_replaces_nothing() -> None:
    old = line(0, "Anchor chains broke, so we swim instead", session="z", days=-9)

    assert (await found(await ranking_of([old, *PUB]), "Which pub is mine now?"))[:2] == ["u9", "u1"]


async def test_what_the_other_said_replaces_nothing_of_mine() -> None:
    lines = [
        *PUB[:-2],
        line(9, "Anchor songs are over, I sing lullabies now", by=PERSONA, session="d", days=30),
        PUB[-1],
    ]

    assert (await found(await ranking_of(lines), "Which pub is mine now?"))[0] == "u1"


async def test_a_change_matters_as_surely_as_what_it_changed() -> None:
    ranking = await ranking_of(PUB)
    question = question_of("Which pub is mine now?")
    vector = ranking.newest(len(PUB))[0].vector
    assert vector is not None

    new, old = ranking.rank(question, vector)[:2]

    assert (new.record.id, old.record.id) == ("u9", "u1")
    assert new.confidence >= 0.9 * old.confidence


@pytest.mark.parametrize(
    "text",
    [
        "The Fiat is sold",
        "I've given up honey",
        "豆浆我不喝了",
        "招牌换成霓虹灯",
        "大福はもう食べません",
        "民謡に変えました",
    ],
)
def test_a_change_is_known_by_its_words(text: str) -> None:
    assert may_replace(text) > may_replace("My car is a Fiat") == may_replace("我喝豆浆")
