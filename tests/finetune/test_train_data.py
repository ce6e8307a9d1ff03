"""What a run learns from fits its window, and a wrong preference is told with its line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.cleaning import CleaningReport
from finetune.conversation import Conversation
from finetune.dataset import parts_of, write_dataset
from finetune.errors import LinesUnreadable, TrainingRefused
from finetune.line import Line
from finetune.recipe_file import read_recipe
from finetune.splitting import split
from finetune.train_data import Message, fitted, read_material
from finetune.train_preferences import read_preferences
from tests.finetune.tiny import MIRA, make_data, make_pairs, make_thumbs


def words(messages: Sequence[Message]) -> int:
    return sum(len(message["content"].split()) for message in messages)


def row(*turns: str) -> dict[str, list[Message]]:
    roles = ("user", "assistant")
    prompt = [{"role": roles[number % 2], "content": turn} for number, turn in enumerate(turns)]
    return {
        "prompt": [{"role": "system", "content": "You are Mira."}, *prompt],
        "completion": [{"role": "assistant", "content": "Yes of course"}],
    }


def test_a_conversation_that_is_too_long_loses_its_oldest_turns_and_nothing_of_the_reply() -> None:
    found = fitted(row("one two three", "four", "five six", "seven", "eight"), limit=10, count=words)

    assert found is not None
    assert [message["content"] for message in found.row["prompt"]] == ["You are Mira.", "five six", "seven", "eight"]
    assert found.row["completion"][0]["content"] == "Yes of course"
    assert (found.tokens, found.shortened) == (10, True)


@given(st.lists(st.text("ab ", min_size=1, max_size=20), min_size=1, max_size=9), st.integers(1, 40))
def test_what_is_kept_fits_and_ends_as_it_did(turns: list[str], limit: int) -> None:
    given_row = row(*turns)

    found = fitted(given_row, limit=limit, count=words)

    if found is None:
        assert words([given_row["prompt"][0], given_row["prompt"][-1], *given_row["completion"]]) > limit or (
            len(turns) % 2 == 0
        )
    else:
        assert found.tokens == words([*found.row["prompt"], *given_row["completion"]]) <= limit
        assert found.row["prompt"][-1] == given_row["prompt"][-1]


def test_both_answers_of_a_pair_must_fit() -> None:
    pair = {
        "prompt": [{"role": "user", "content": "a"}],
        "chosen": [{"role": "assistant", "content": "b"}],
        "rejected": [{"role": "assistant", "content": "c " * 9}],
    }

    assert fitted(pair, limit=9, count=words) is None
    assert fitted(pair, limit=10, count=words) is not None


def test_a_data_set_is_read_with_its_hash_and_whom_it_is_for(tmp_path: Path) -> None:
    data = make_data(tmp_path)

    material = read_material(data, read_recipe("lora"), count=words)

    assert material.persona == "mira"
    assert len(material.learnt) == len(material.tokens) > len(material.held_out) > 0
    assert (material.shortened, material.left_out, len(material.hash)) == (0, 0, 16)
    assert material.learnt[0].keys() == {"prompt", "completion"}


def test_without_held_out_lines_nobody_could_say_when_to_stop(tmp_path: Path) -> None:
    data = make_data(tmp_path, lines=3)

    with pytest.raises(TrainingRefused, match="holds nothing out"):
        read_material(data, read_recipe("lora"), count=words)

    unseen = read_recipe("lora", changes=["stopping.patience=0"])
    assert read_material(data, unseen, count=words).held_out == ()


@pytest.mark.parametrize("objective", ["dpo", "kto"])
def test_preferences_are_split_by_what_they_begin_with_and_never_twice(
    objective: Literal["dpo", "kto"], tmp_path: Path
) -> None:
    file = make_pairs(tmp_path / "p", rows=200) if objective == "dpo" else make_thumbs(tmp_path / "p", rows=200)

    learnt, held_out, digest = read_preferences(file, objective)

    assert len(learnt) + len(held_out) == 200
    assert 5 < len(held_out) < 40
    assert len(digest) == 16
    begun = [{json.dumps(one["prompt"]) for one in part} for part in (learnt, held_out)]
    assert not begun[0] & begun[1]


@pytest.mark.parametrize("talks", [7, 300])
def test_preferences_are_not_learnt_from_what_a_data_set_holds_out(talks: int, tmp_path: Path) -> None:
    said = [Conversation((Line("Kim", f"Tea {n}?"),), f"Tea number {n}, warm!", f"journal/{n}") for n in range(talks)]
    write_dataset(tmp_path, split(said), MIRA, "Mira", CleaningReport())
    parts = parts_of(tmp_path)
    file = tmp_path / "p.jsonl"
    pairs = [{"prompt": [{"role": "user", "content": f"{n}?"}], "chosen": f"{n}", "rejected": "No.",
              "block": f"journal/{n}"} for n in range(talks)]  # fmt: skip
    file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))

    learnt, held_out, _ = read_preferences(file, "dpo", parts)

    found = [[f"journal/{row['chosen'][0]['content']}" for row in rows] for rows in (learnt, held_out)]
    assert [{parts[block] for block in blocks} for blocks in found] == [{"train"}, {"validation"}]
    if talks == 300:  # enough for the hashes alone
        assert read_preferences(file, "dpo")[:2] == (learnt, held_out)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "p.jsonl:2: Expecting"),
        ("[]", "this is no object"),
        ('{"prompt": [], "chosen": "a", "rejected": "b"}', "a prompt is a list of messages"),
        ('{"prompt": [{"role": "fan", "content": "a"}], "chosen": "a", "rejected": "b"}', "no message with role"),
        ('{"prompt": [{"role": "user", "content": "a"}], "chosen": "a"}', "'rejected' is missing"),
        ('{"prompt": [{"role": "user", "content": "a"}], "chosen": "a", "rejected": "a"}', "are the same"),
    ],
)
def test_a_wrong_preference_is_told_with_its_line_and_an_example(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    good = {"prompt": [{"role": "user", "content": "a"}], "chosen": "a", "rejected": "b"}
    file.write_text(f"{json.dumps(good)}\n{line}\n")

    with pytest.raises(LinesUnreadable, match=said) as told:
        read_preferences(file, "dpo")
    assert f"{file}:2" in str(told.value)
    assert '"rejected": "Hello."' in str(told.value)


def test_a_preference_may_hold_any_sign_that_breaks_a_line(tmp_path: Path) -> None:
    pair = {"prompt": [{"role": "user", "content": "Hi\u2028you"}], "chosen": "a\u0085b", "rejected": "b"}
    (tmp_path / "p.jsonl").write_text(json.dumps(pair, ensure_ascii=False) + "\n", encoding="utf-8")

    learnt, held_out, _ = read_preferences(tmp_path / "p.jsonl", "dpo")

    assert [row["chosen"][0]["content"] for row in (*learnt, *held_out)] == ["a\u0085b"]


def test_a_thumb_is_up_or_down(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"prompt": [{"role": "user", "content": "a"}], "completion": "b", "label": "up"}\n')

    with pytest.raises(LinesUnreadable, match="not true or false"):
        read_preferences(file, "kto")
