"""A question is about whoever the fan means by "I" and "you"."""

from datetime import date

import pytest

from memory.languages import language_of, terms
from memory.questions import Question, is_question, read

TODAY = date(2026, 11, 23)
NAMES = {"Mika": "persona:mika", "Robin": "web:robin"}


def asked(text: str) -> Question:
    return read(text, asked_on=TODAY, fan="web:robin", persona="persona:mika", names=NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "What's my sister's name?",
        "Do you remember where I live?",
        "What did I tell you about the boat?",
        "Have I ever mentioned my dad to you?",
        "Can you tell me when I moved?",
        "What is Robin allergic to?",
        "你还记得我的猫叫什么吗?",
        "我跟你说过我的工作吗?",
        "私の犬の名前、覚えてる?",
        "覚えてる?僕の誕生日",
    ],
)
def test_a_question_about_oneself_is_about_the_fan(text: str) -> None:
    assert asked(text).about == "web:robin"


@pytest.mark.parametrize(
    "text",
    [
        "What did you promise me?",
        "What's your favourite song?",
        "What did you say about my job?",
        "You told me something about my cat, what was it?",
        "Where was Mika born?",
        "你答应过我什么?",
        "君は何が好き?",
        "何の歌を歌わないって約束してくれた?",
    ],
)
def test_a_question_about_the_other_is_about_the_persona(text: str) -> None:
    assert asked(text).about == "persona:mika"


@pytest.mark.parametrize("text", ["What did Mika tell Robin?", "Is it raining?", "猫の名前は?"])
def test_where_nobody_can_tell_about_whom_nobody_is_guessed(text: str) -> None:
    assert asked(text).about is None


def test_the_names_of_the_two_are_cut_from_the_words() -> None:
    assert asked("What did Robin's boss say to Mika?").bare == "What did boss say to ?"


def test_a_name_inside_a_word_stays() -> None:
    assert asked("Do I like robins and Mikado?").bare == "Do I like robins and Mikado?"


@pytest.mark.parametrize(
    "text", ["When did I move?", "How long have I lived here?", "我什么时候搬家的?", "引っ越したのはいつ?"]
)
def test_a_question_for_a_time_is_known_as_one(text: str) -> None:
    assert asked(text).asks_when


@pytest.mark.parametrize("text", ["Where do I live now?", "Do I still smoke?", "我现在住哪儿?", "今どこに住んでる?"])
def test_a_question_for_the_present_is_known_as_one(text: str) -> None:
    assert asked(text).asks_now


def test_the_days_a_question_names_are_read() -> None:
    (span,) = asked("What did I do last Friday?").spans

    assert span.first == date(2026, 11, 20)


@pytest.mark.parametrize("text", ["Really?", "你喜欢吗", "何かな", "what?  "])
def test_a_question_is_known_by_its_end(text: str) -> None:
    assert is_question(text)


def test_words_are_compared_by_their_stems_and_stop_words_not_at_all() -> None:
    assert terms("What were the puppies' names?") == terms("the puppy, and its name")


def test_chinese_and_japanese_are_cut_into_characters_and_pairs() -> None:
    assert {"猫", "橘猫"} <= set(terms("我养了一只橘猫"))
    assert "眼鏡" in terms("札幌で眼鏡屋をやっています")
    assert (language_of("我爱你"), language_of("猫がいる"), language_of("hi")) == ("zh", "ja", "en")


def test_wide_letters_and_case_make_no_difference() -> None:
    assert terms("CELLO ＣＡＴ") == terms("cello cat")
