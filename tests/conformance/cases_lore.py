"""Sections 3, 4 and 5: which entries fire, in what order, and where they go."""

from typing import Any

from tests.conformance.cases import TALK, entry, fires, shows, texts, wake

FED = entry("The moon rises.")
MOON = entry("Moonlore.", "moon")


@shows("entry.keys")
def any_key_wakes_it() -> None:
    assert fires(entry("X", "no", "lake"))
    assert not fires(entry("X", "no", "sea"))


@shows("entry.once")
def it_comes_in_once_and_an_empty_one_not_at_all() -> None:
    assert texts(wake(entry("X", "lake", "see"), entry(""))) == ["X"]


@shows("entry.enabled")
def a_disabled_one_never_fires() -> None:
    assert not fires(entry("@@activate\nX", enabled=False))


@shows("entry.order")
def lower_order_comes_first() -> None:
    assert texts(wake(entry("B", insertion_order=20), entry("A", insertion_order=3))) == ["A", "B"]


@shows("entry.use_regex")
def slashes_make_a_pattern() -> None:
    assert fires(entry("X", "/L.KE/i", use_regex=True))
    assert not fires(entry("X", "/L.KE/", use_regex=True))
    assert not fires(entry("X", "/(lake/", use_regex=True))
    assert not fires(entry("X", "/lake/q", use_regex=True))


@shows("entry.use_regex_plain")
def without_slashes_it_is_plain_text() -> None:
    assert not fires(entry("X", "l.ke", use_regex=True))
    assert fires(entry("X", "lake", use_regex=True))
    assert not fires(entry("X", "/l.ke/", use_regex=False))
    assert fires(entry("X", "/l.ke/", use_regex=False), ["Kim: what is /l.ke/ ?"])


@shows("entry.constant")
def a_constant_one_fires_within_the_budget() -> None:
    assert fires(entry("X", "no", constant=True, use_regex=True))
    assert texts(wake(entry("X " * 99, constant=True), token_budget=10)) == []


@shows("entry.case", "st.case_sensitive")
def case_counts_only_where_it_is_asked_for() -> None:
    assert fires(entry("X", "LAKE"))
    assert not fires(entry("X", "LAKE", case_sensitive=True))
    assert not fires(entry("X", "LAKE", ext={"case_sensitive": True}))
    assert fires(entry("X", "LAKE", ext={"case_sensitive": None}))


@shows("entry.selective")
def selective_needs_a_second_key() -> None:
    assert fires(entry("X", selective=True, secondary_keys=["boat"]))
    assert not fires(entry("X", selective=True, secondary_keys=["car"]))
    assert fires(entry("X", selective=False, secondary_keys=["car"]))


@shows("entry.priority", "book.budget", "dec.risu.priority")
def the_least_important_goes_first() -> None:
    def left(*entries: dict[str, Any]) -> list[str]:
        return texts(wake(*entries, token_budget=2, count=len))

    assert left(entry("A", priority=1), entry("B", priority=3), entry("C", priority=2)) == ["B", "C"]
    assert left(entry("A", insertion_order=9), entry("B", insertion_order=1), entry("C", insertion_order=5)) == [
        "C",
        "A",
    ]
    assert left(entry("@@priority 9\nA", priority=1), entry("B", priority=3), entry("C", priority=2)) == ["A", "B"]


@shows("entry.position")
def around_the_character() -> None:
    found = wake(entry("A", position="before_char"), entry("B", position="after_char"))
    assert [note.position for note in found.notes] == ["before_char", "after_char"]


@shows("entry.names")
def names_are_never_in_prompts() -> None:
    found = wake(entry("X", name="n1", comment="c1", id="i1"))
    assert texts(found) == ["X"]
    assert found.verdicts[0].name == "c1"


@shows("book.scan_depth")
def older_messages_are_not_scanned() -> None:
    talk = ["Kim: The lake.", "Mika: Yes.", "Kim: Hm."]
    assert not fires(entry(), talk, scan_depth=2)
    assert fires(entry(), talk, scan_depth=3)
    assert not fires(entry(), scan_depth=0)


@shows("book.recursive")
def entries_wake_others_until_nothing_new_wakes() -> None:
    third = entry("Third.", "Moonlore")
    assert texts(wake(FED, MOON, third, recursive_scanning=True)) == ["The moon rises.", "Moonlore.", "Third."]
    assert texts(wake(FED, MOON, recursive_scanning=False, recursive=True)) == ["The moon rises."]


@shows("scan.comments")
def comments_are_not_scanned() -> None:
    assert not fires(entry(), ["Kim: {{// lake}}"])


@shows("dec.depth")
def depth_counts_up_from_the_newest() -> None:
    assert [where(f"@@depth {n}") for n in (2, 0, -3, 99)] == [("depth", n) for n in (2, 0, 0, 3)]


@shows("dec.reverse_depth")
def reverse_depth_counts_from_the_oldest() -> None:
    assert where("@@reverse_depth 1") == ("depth", 2)


@shows("dec.instruct_depth", "dec.reverse_instruct_depth")
def depth_in_tokens_is_for_prompts_that_are_one_text() -> None:
    tokens = len("\x01Kim: I see the lake.")
    for name, depth in (("instruct_depth", 1), ("reverse_instruct_depth", 2)):
        content = f"@@{name} {tokens}\n@@@depth 3\nX"
        assert wake(entry(content), instruct=True, count=len).notes[0].depth == depth
        assert wake(entry(content), count=len).notes[0].depth == 3


@shows("dec.role")
def a_role_goes_with_it() -> None:
    assert wake(entry("@@role assistant\n@@depth 1\nX")).notes[0].role == "assistant"
    assert wake(entry("@@role bishop\n@@depth 1\nX")).notes[0].role == "system"


@shows("dec.scan_depth", "st.scan_depth")
def an_entry_has_a_scan_window_of_its_own() -> None:
    talk = ["Kim: The lake.", "Mika: Yes.", "Kim: Hm."]
    assert fires(entry("@@scan_depth 3\nX"), talk)
    assert fires(entry(ext={"scan_depth": 3}), talk)
    assert not fires(entry("@@scan_depth 1\nX"), talk, scan_depth=3)


@shows("dec.instruct_scan_depth")
def a_scan_window_in_tokens() -> None:
    one = entry("@@instruct_scan_depth 30\nX", "boat")
    assert not fires(one, instruct=True, count=len, scan_depth=9)
    assert fires(entry("@@instruct_scan_depth 99\nX", "boat"), instruct=True, count=len, scan_depth=0)


@shows("dec.is_greeting")
def it_belongs_to_one_greeting() -> None:
    one = entry("@@is_greeting 1\nX")
    assert fires(one, greeting=1)
    assert not fires(one, greeting=0)
    assert not fires(one)


@shows("dec.position")
def positions_override_depth() -> None:
    names = {
        "after_desc": "after_char",
        "before_desc": "before_char",
        "personality": "personality",
        "scenario": "scenario",
    }
    for name, position in names.items():
        assert where(f"@@depth 2\n@@position {name}") == (position, 0)
    assert where("@@position nowhere\n@@depth 2") == ("depth", 2)


@shows("dec.ignore_on_max_context")
def it_is_the_first_to_go() -> None:
    found = wake(entry("@@ignore_on_max_context\nA", priority=99), entry("B", priority=1), token_budget=1, count=len)
    assert texts(found) == ["B"]
    assert wake(entry("@@ignore_on_max_context\nA")).notes[0].priority < 0


@shows("dec.additional_keys")
def one_of_each_list_is_required() -> None:
    assert fires(entry("@@additional_keys boat,car\nX"))
    assert not fires(entry("@@additional_keys boat\n@@additional_keys car\nX"))
    assert fires(entry("@@additional_keys /b.at/\nX", "/lake/", use_regex=True))


@shows("dec.exclude_keys")
def an_excluded_key_blocks() -> None:
    assert not fires(entry("@@exclude_keys car,boat\nX"))
    assert fires(entry("@@exclude_keys car\nX"))
    assert fires(entry("@@exclude_keys boat\nX", "/lake/", use_regex=True))


@shows("dec.is_user_icon")
def it_belongs_to_one_user_icon() -> None:
    assert fires(entry("@@is_user_icon knight\nX"), user_icon="knight")
    assert not fires(entry("@@is_user_icon knight\nX"))


@shows("dec.activate", "dec.dont_activate")
def on_beats_off() -> None:
    assert fires(entry("@@activate\nX", "no"))
    assert not fires(entry("@@dont_activate\nX"))
    assert fires(entry("@@dont_activate\n@@activate\nX", "no"))


@shows("dec.disable_ui_prompt")
def a_prompt_is_silenced() -> None:
    assert wake(entry("@@disable_ui_prompt system_prompt\nX")).silenced == {"system_prompt"}
    assert wake(entry("@@disable_ui_prompt else\nX")).silenced == frozenset()


@shows("dec.unknown")
def what_is_not_understood_is_ignored() -> None:
    found = wake(entry("@@nonsense 4\n@@depth many\nX"))
    assert texts(found) == ["X"]
    assert found.notes[0].position == "notes"


@shows("dec.fallback")
def a_fallback_counts_where_the_line_above_does_not() -> None:
    assert where("@@depth 1\n@@@depth 2") == ("depth", 1)
    assert where("@@a\n@@@b 1\n@@@c\n@@@d\n@@@e\n@@@depth 2") == ("depth", 2)
    assert where("@@depth x\n@@@depth 1\n@@@depth 2") == ("depth", 1)


@shows("dec.first_wins")
def the_first_of_a_name_wins() -> None:
    assert where("@@depth 1\n@@depth 2") == ("depth", 1)


@shows("dec.removed")
def no_decorator_is_inserted() -> None:
    assert texts(wake(entry("@@depth 1\r\n\r\n@@role user\n\n\nX\n@@depth 3"))) == ["X\n@@depth 3"]


@shows("dec.risu.end")
def end_is_depth_0() -> None:
    assert where("@@end") == ("depth", 0)


@shows("dec.risu.probability", "st.probability")
def chance_is_the_same_for_the_same_seed() -> None:
    for one in (entry("@@probability 50\nX"), entry(ext={"probability": 50, "useProbability": True})):
        fired = [fires(one, seed=str(seed)) for seed in range(200)]
        assert fired == [fires(one, seed=str(seed)) for seed in range(200)]
        assert 60 < sum(fired) < 140
    assert fires(entry(ext={"probability": 0, "useProbability": False}))
    assert not fires(entry(ext={"probability": 0}))


@shows("dec.risu.exclude_keys_all")
def all_excluded_keys_block() -> None:
    assert not fires(entry("@@exclude_keys_all boat,lake\nX"))
    assert fires(entry("@@exclude_keys_all boat,car\nX"))


@shows("dec.risu.match_full_word", "st.match_whole_words")
def whole_words_end_where_their_script_says() -> None:
    def whole(key: str, text: str) -> bool:
        return fires(entry("X", key, ext={"match_whole_words": True}), [f"Kim: {text}"])

    assert whole("lake", "a lake.")
    assert not whole("lake", "lakeside")
    assert fires(entry("X", "lak"))
    assert not fires(entry("@@match_full_word\nX", "lak"))
    assert fires(entry("@@match_partial_word\nX", "lak", ext={"match_whole_words": True}))
    assert whole("猫", "我喜欢猫咪")
    assert whole("東京", "東京に行く")
    assert whole("テスト", "このテストは")
    assert not whole("スト", "このテストは")
    assert whole("고양이", "고양이가 있다")
    assert whole("red fox", "the red fox!")
    assert not whole("red fox", "the red foxes")


@shows("dec.risu.recursive")
def recursion_can_be_settled_for_one_entry() -> None:
    assert len(texts(wake(entry("@@recursive\nThe moon."), MOON))) == 2
    assert len(texts(wake(entry("@@unrecursive\nThe moon."), MOON, recursive_scanning=True))) == 1
    assert len(texts(wake(FED, entry("@@no_recursive_search\nM", "moon"), recursive_scanning=True))) == 1


@shows("st.position")
def positions_by_number() -> None:
    found = [wake(entry(ext={"position": n, "depth": 1})).notes[0].position for n in range(7)]
    assert found == [
        "before_char",
        "after_char",
        "note_top",
        "note_bottom",
        "depth",
        "examples_top",
        "examples_bottom",
    ]


@shows("st.outlet")
def an_outlet_waits_to_be_named() -> None:
    found = wake(entry("X", ext={"position": 7, "outlet_name": "here"}))
    assert (texts(found), found.outlets) == ([], {"here": "X"})


@shows("st.depth_role")
def depth_and_role() -> None:
    note = wake(entry(ext={"position": 4, "depth": 2, "role": 2})).notes[0]
    assert (note.position, note.depth, note.role) == ("depth", 2, "assistant")
    assert wake(entry(ext={"position": 4}), talk=TALK * 3).notes[0].depth == 4


@shows("st.logic")
def secondary_keys_have_four_logics() -> None:
    def which(*keys: str) -> list[bool]:
        ones = [entry("X", selective=True, secondary_keys=list(keys), ext={"selectiveLogic": n}) for n in range(4)]
        return [fires(one) for one in ones]

    assert which("boat", "see") == [True, False, False, True]
    assert which("boat", "car") == [True, True, False, False]
    assert which("car", "bus") == [False, True, True, False]


@shows("st.group")
def a_group_has_one_winner() -> None:
    def pair(heavy: int) -> list[dict[str, Any]]:
        return [entry("A", ext={"group": "g"}), entry("B", ext={"group": "g, h", "group_weight": heavy})]

    seen = [texts(wake(*pair(100), seed=str(seed))) for seed in range(60)]
    assert {"".join(one) for one in seen} == {"A", "B"}
    assert sum(one == ["B"] for one in (texts(wake(*pair(9900), seed=str(s))) for s in range(60))) > 50


@shows("st.group_override")
def an_override_wins_by_order() -> None:
    ones = [entry(str(n), insertion_order=n, ext={"group": "g", "group_override": n < 3}) for n in range(5)]
    assert texts(wake(*ones)) == ["2"]


@shows("st.group_scoring")
def scoring_keeps_those_with_most_keys() -> None:
    ext = {"group": "g", "use_group_scoring": True}
    ones = [entry("A", "lake", ext=ext), entry("B", "lake", "boat", ext=ext), entry("C", "lake", ext=ext)]
    assert all(texts(wake(*ones, seed=str(seed))) == ["B"] for seed in range(20))


@shows("st.exclude_recursion")
def it_is_not_woken_by_others() -> None:
    assert len(texts(wake(FED, {**MOON, "extensions": {"exclude_recursion": True}}, recursive_scanning=True))) == 1


@shows("st.prevent_recursion")
def it_wakes_no_others() -> None:
    assert len(texts(wake({**FED, "extensions": {"prevent_recursion": True}}, MOON, recursive_scanning=True))) == 1


@shows("st.delay_until_recursion")
def it_fires_only_when_others_did() -> None:
    late = {**MOON, "keys": ["lake"], "extensions": {"delay_until_recursion": True}}
    assert texts(wake(late, recursive_scanning=True)) == ["Moonlore."]
    first = entry("One.", "lake", ext={"delay_until_recursion": 1})
    second = entry("Two.", "One", ext={"delay_until_recursion": 2})
    assert texts(wake(second, first, recursive_scanning=True)) == ["Two.", "One."]
    assert texts(wake(second, recursive_scanning=True)) == []


@shows("st.preserved", "st.triggers")
def it_fires_for_some_kinds_of_generation() -> None:
    one = entry(ext={"triggers": ["continue"], "automation_id": "a", "display_index": 3})
    assert fires(one, trigger="continue")
    assert not fires(one)


@shows("st.vectorized")
def a_vectorized_one_fires_when_it_is_near() -> None:
    near = entry("Near.", "no", ext={"vectorized": True})
    assert not fires(near)
    assert fires(near, near=frozenset({"b#0"}))
    assert not fires(entry("Far.", "no"), near=frozenset({"b#0"}))
    assert not fires({**near, "enabled": False}, near=frozenset({"b#0"}))
    assert fires(entry("Said.", "lake", ext={"vectorized": True}), near=frozenset())


@shows("st.ignore_budget")
def it_is_never_dropped() -> None:
    found = wake(entry("A" * 50, ext={"ignore_budget": True}), entry("B", priority=9), token_budget=1, count=len)
    assert texts(found) == ["A" * 50, "B"]


@shows("st.match_sources")
def the_personas_texts_are_scanned_where_it_is_asked_for() -> None:
    for name in (
        "persona_description",
        "character_description",
        "character_personality",
        "character_depth_prompt",
        "scenario",
        "creator_notes",
    ):
        one = entry("X", "swan", ext={f"match_{name}": True})
        assert fires(one, sources={name: "A swan."})
        assert not fires(entry("X", "swan"), sources={name: "A swan."})


@shows("st.names")
def speakers_names_are_scanned() -> None:
    assert fires(entry("X", "kim"))
    assert fires(entry("X", "/\\x01Kim: I/"))


def where(decorators: str) -> tuple[str, int]:
    """Where an entry with these decorators goes."""
    note = wake(entry(f"{decorators}\nX")).notes[0]
    assert note.text == "X"
    return note.position, note.depth
