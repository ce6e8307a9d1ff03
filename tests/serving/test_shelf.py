"""The shelf keeps every version as it came, hands out the newest, and takes nothing a server would refuse."""

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load, save_file
from typer.testing import CliRunner, Result

from serving import EngineRefused, lora_check
from serving.cli import lora as commands
from serving.shelf import Card, Shelf, ShelfError, digest
from tests.serving.tiny import make_lora

PROVEN = Card(base="tiny", persona="mira", evaluation={"passed": True})


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def trained(tiny_loras: Path, tmp_path: Path) -> Path:
    """A LoRA fresh from training, with its card."""
    folder = Path(shutil.copytree(tiny_loras / "mira", tmp_path / "trained"))
    (folder / "card.json").write_text(PROVEN.model_dump_json())
    return folder


def greenroom_lora(shelf: Shelf, *words: object) -> Result:
    verb, *rest = (str(word) for word in words)
    return CliRunner().invoke(commands, [verb, *rest, "--shelf", str(shelf.folder)])


def overwrite(path: Path, content: bytes) -> None:
    """What nobody should do to a version on the shelf."""
    path.chmod(0o644)
    path.write_bytes(content)


def test_each_arrival_is_a_new_version_and_the_newest_is_handed_out(shelf: Shelf, trained: Path) -> None:
    first, second = shelf.add("mira", trained, PROVEN), shelf.add("mira", trained, PROVEN)

    assert (first.id, second.id) == ("mira/v1", "mira/v2")
    assert shelf.place("mira") == ("mira/v2", shelf.folder / "mira" / "v2")
    assert shelf.place("mira/v1") == ("mira/v1", shelf.folder / "mira" / "v1")
    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v2"]


def test_the_tenth_version_is_newer_than_the_ninth(shelf: Shelf, trained: Path) -> None:
    for _ in range(10):
        shelf.add("mira", trained, PROVEN)

    assert shelf.find("mira").id == "mira/v10"


def test_a_card_names_the_hash_of_its_weights(shelf: Shelf, trained: Path) -> None:
    shelved = shelf.add("mira", trained, PROVEN)

    assert shelved.card.weights_hash == digest(trained / "adapter_model.safetensors")
    assert shelved.card.persona == "mira"


def test_a_retired_version_is_found_only_by_its_number(shelf: Shelf, trained: Path) -> None:
    shelf.add("mira", trained, PROVEN)
    shelf.add("mira", trained, PROVEN)

    shelf.retire("mira/v2")

    assert shelf.find("mira").id == "mira/v1"
    assert shelf.find("mira/v2").retired
    shelf.retire("mira")
    with pytest.raises(EngineRefused, match="nothing"):
        shelf.place("mira")


def test_a_version_can_not_be_written_over_and_still_be_retired(shelf: Shelf, trained: Path) -> None:
    shelved = shelf.add("mira", trained, PROVEN, share=0.1)

    files = list(shelved.folder.iterdir())
    promoted, retired = shelf.promote("mira/v1"), shelf.retire("mira/v1")

    assert len(files) == 4
    assert not any(path.stat().st_mode & 0o222 for path in files if path.exists())
    assert (promoted.share, retired.retired) == (1.0, True)


@pytest.mark.parametrize("name", ["../mira", "Mira", "", "mira/v1", "a" * 80, ".hidden"])
def test_a_name_that_is_no_folder_name_is_refused(shelf: Shelf, trained: Path, name: str) -> None:
    with pytest.raises(ShelfError, match="no name"):
        shelf.add(name, trained, PROVEN)


@pytest.mark.parametrize("name", ["../trained", "nobody", "mira/v0", "mira/v9", "/etc"])
def test_what_is_not_there_is_told_with_what_is(shelf: Shelf, trained: Path, name: str) -> None:
    shelf.add("mira", trained, PROVEN)

    with pytest.raises(ShelfError, match="but mira/v1"):
        shelf.find(name)


def test_half_an_arrival_leaves_nothing_behind(shelf: Shelf, trained: Path) -> None:
    (trained / "adapter_model.safetensors").unlink()

    with pytest.raises(FileNotFoundError):
        shelf.add("mira", trained, PROVEN)

    assert shelf.all() == ()
    assert list((shelf.folder / "mira").iterdir()) == []


def test_a_plain_lora_can_be_served(tiny_loras: Path, tiny_model: Path) -> None:
    for name in ("mira", "noor", "zora"):
        assert lora_check.check(tiny_loras / name, base=tiny_model, max_rank=16) == ()


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ({"use_dora": True}, "use_dora: false"),
        ({"bias": "all"}, "bias: none"),
        ({"modules_to_save": ["lm_head"]}, "without modules_to_save"),
        ({"init_lora_weights": "pissa_niter_4"}, "Convert it"),
        ({"rank": 64}, "--max-lora-rank 64"),
        ({"rank_pattern": {"nothing": 48}}, "--max-lora-rank 64"),
        ({"peft_type": "IA3"}, "as a LoRA"),
        ({"base_model_name_or_path": "somebody/else-7b"}, "Train it on this base"),
        ({"trainable_token_indices": [1, 2]}, "single tokens"),
        ({"init_lora_weights": "of-tomorrow"}, "Convert it"),
        ({"lora_bias": True}, "lora_bias: false"),
        ({"alora_invocation_tokens": [1, 2]}, "aLoRA"),
        ({"layer_replication": [[0, 2]]}, "repeats layers"),
        ({"use_qalora": True}, "QALoRA"),
        ({"use_bdlora": {"nblocks": 2}}, "use_bdlora"),
        ({"lora_alpha": "32"}, "no number"),
        ({"lora_alpha": float("nan")}, "no number"),
        ({"alpha_pattern": [16]}, "names no modules"),
        ({"r": "16"}, "rank is '16'"),
        ({"rank_pattern": {"q_proj": "8"}}, "rank is '8'"),
        ({"rank_pattern": [8]}, "rank is [8]"),
        ({"modules_to_save": 5}, "whole modules (5)"),
    ],
)
def test_what_a_server_refuses_is_refused_before(
    tiny_model: Path, tmp_path: Path, slip: dict[str, Any], says: str
) -> None:
    folder = make_lora(tmp_path / "lora", base=tiny_model, seed=1, **slip)

    (trouble,) = lora_check.check(folder, base=tiny_model, max_rank=16)

    assert says in trouble


@pytest.mark.parametrize("name", ["r", "lora_alpha", "target_modules"])
def test_a_server_is_told_all_it_needs_or_not_asked(trained: Path, name: str) -> None:
    path = trained / "adapter_config.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in said.items() if key != name}))

    assert lora_check.check(trained) == (f"It does not say {name}. Train or copy it again.",)


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "{"])
def test_settings_that_are_none_are_refused_in_a_sentence(shelf: Shelf, trained: Path, text: str) -> None:
    (trained / "adapter_config.json").write_text(text)

    result = greenroom_lora(shelf, "check", trained)

    assert result.exit_code == 1
    assert "Train or copy it again." in result.stdout
    assert isinstance(result.exception, SystemExit)


def test_a_base_that_can_not_be_read_is_told_in_a_sentence(shelf: Shelf, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{")

    result = greenroom_lora(shelf, "check", trained, "--base", tmp_path / "base")

    assert result.exit_code == 1
    assert "Copy the base again." in result.stdout


def test_weights_that_are_something_else_are_refused(trained: Path) -> None:
    head = b'{"x": []}'
    (trained / "adapter_model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)

    (trouble,) = lora_check.check(trained)

    assert "no safetensors file" in trouble


def test_what_somebody_put_beside_the_versions_is_no_version(shelf: Shelf, trained: Path) -> None:
    version = shelf.add("mira", trained, PROVEN).folder
    for name in ("v1.bak", "v2 (copy)", "v007"):
        shutil.copytree(version, version.with_name(name))
    version.with_name("v9").write_text("notes")

    assert [shelved.id for shelved in shelf.in_use()] == ["mira/v1"]
    assert shelf.add("mira", trained, PROVEN).id == "mira/v2"


def test_a_version_that_can_not_be_read_is_passed_over_and_told_once(
    shelf: Shelf, trained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        shelf.add("mira", trained, PROVEN)
    overwrite(shelf.folder / "mira" / "v2" / "card.json", b"\xff{}")
    caplog.set_level(logging.WARNING, logger="serving.shelf")

    found = [shelf.find("mira").id for _ in range(3)]

    assert found == ["mira/v1"] * 3
    assert len([record for record in caplog.records if "v2" in record.message]) == 1
    with pytest.raises(ShelfError, match="can't be read"):
        shelf.find("mira/v2")


def test_weights_for_another_size_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    wide = Path(shutil.copytree(tiny_model, tmp_path / "wide"))
    config = json.loads((wide / "config.json").read_text())
    (wide / "config.json").write_text(json.dumps({**config, "hidden_size": 4096, "head_dim": 16}))

    (trouble,) = lora_check.check(make_lora(tmp_path / "lora", base=tiny_model, seed=1), base=wide)

    assert "64 wide, the base 4096" in trouble


def test_embeddings_in_the_weights_are_refused(trained: Path) -> None:
    path = trained / "adapter_model.safetensors"
    weights = load(path.read_bytes())
    save_file({**weights, "base_model.model.lm_head.weight": next(iter(weights.values())).clone()}, path)

    (trouble,) = lora_check.check(trained)

    assert "lm_head" in trouble


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_weights_that_were_cut_short_are_refused(trained: Path, keep: int) -> None:
    path = trained / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])

    assert len(lora_check.check(trained)) == 1


def test_the_command_line_puts_a_lora_on_the_shelf_and_lists_it(shelf: Shelf, trained: Path) -> None:
    added = greenroom_lora(shelf, "add", "mira", trained)
    listed = greenroom_lora(shelf, "list", "--json")
    shown = greenroom_lora(shelf, "show", "mira")

    assert added.stdout == "mira/v1\n"
    assert [(row["id"], row["state"], row["persona"]) for row in json.loads(listed.stdout)] == [
        ("mira/v1", "in use", "mira")
    ]
    assert "tiny" in shown.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "nobody"], "There is no LoRA 'nobody'"),
        (["retire", "nobody"], "There is no LoRA 'nobody'"),
        (["check", "nobody"], "There is no LoRA 'nobody'"),
    ],
)
def test_a_failure_is_one_line(shelf: Shelf, words: Sequence[str], says: str) -> None:
    result = greenroom_lora(shelf, *words)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert result.stdout == ""


def test_a_lora_without_a_passed_evaluation_needs_a_word(shelf: Shelf, trained: Path) -> None:
    (trained / "card.json").write_text(Card(base="tiny").model_dump_json())

    refused = greenroom_lora(shelf, "add", "mira", trained)
    taken = greenroom_lora(shelf, "add", "mira", trained, "--unproven")

    assert refused.exit_code == 1
    assert "--unproven" in refused.stderr
    assert taken.stdout == "mira/v1\n"
    assert "unproven" in greenroom_lora(shelf, "list").stdout


def test_a_lora_that_cannot_be_served_does_not_reach_the_shelf(shelf: Shelf, tiny_model: Path, tmp_path: Path) -> None:
    dora = make_lora(tmp_path / "dora", base=tiny_model, seed=1, use_dora=True)

    result = greenroom_lora(shelf, "add", "mira", dora, "--unproven")

    assert result.exit_code == 1
    assert "DoRA" in result.stderr
    assert shelf.all() == ()


def test_checking_tells_every_reason_and_fails(shelf: Shelf, tiny_model: Path, tmp_path: Path) -> None:
    folder = make_lora(tmp_path / "lora", base=tiny_model, seed=1, use_dora=True, bias="all")

    result = greenroom_lora(shelf, "check", folder, "--json")

    assert result.exit_code == 1
    assert len(json.loads(result.stdout)) == 2


def test_only_the_newest_version_is_in_use(shelf: Shelf, trained: Path) -> None:
    for share in (1.0, 1.0, 0.1):
        shelf.add("nori", trained, PROVEN, share=share)

    listed = json.loads(greenroom_lora(shelf, "list", "--json").stdout)
    shown = json.loads(greenroom_lora(shelf, "show", "nori/v1", "--json").stdout)

    assert {row["id"]: row["state"] for row in listed} == {
        "nori/v1": "replaced",
        "nori/v2": "in use",
        "nori/trial/v3": "in use",
    }
    assert shown["state"] == "replaced"


def test_checking_tells_of_weights_that_were_changed_on_the_shelf(shelf: Shelf, trained: Path) -> None:
    weights = shelf.add("mira", trained, PROVEN).folder / "adapter_model.safetensors"
    before = greenroom_lora(shelf, "check", "mira/v1")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    overwrite(weights, bytes(content))

    after = greenroom_lora(shelf, "check", "mira/v1")

    assert (before.exit_code, before.stdout) == (0, "mira/v1 can be served.\n")
    assert after.exit_code == 1
    assert "was changed after it came onto the shelf" in after.stdout


@pytest.mark.parametrize(
    ("said", "says"),
    [("model: somebody/other-7b", "It was made for"), ("max_lora_rank: 1", "Its rank is 4, and the server takes 1")],
)
def test_checking_and_adding_mean_the_server_of_the_settings(
    shelf: Shelf, trained: Path, monkeypatch: pytest.MonkeyPatch, said: str, says: str
) -> None:
    (shelf.folder.parent / "greenroom.yaml").write_text(f"serving: {{server: {{{said}}}}}\n")
    monkeypatch.chdir(shelf.folder.parent)

    checked = greenroom_lora(shelf, "check", trained)
    added = greenroom_lora(shelf, "add", "mira", trained)
    insisted = greenroom_lora(shelf, "check", trained, "--base", trained_on(trained), "--max-rank", 16)

    assert (checked.exit_code, added.exit_code, insisted.exit_code) == (1, 1, 0)
    assert says in checked.stdout
    assert says in added.stderr
    assert shelf.all() == ()


def trained_on(folder: Path) -> str:
    return str(json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"])
