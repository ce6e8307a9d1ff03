"""Models of random weights, made once for all tests of the room."""

from pathlib import Path

import pytest

from tests.serving.tiny import make_lora, make_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_loras(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the LoRAs mira, noor and zora, of ranks 4, 8 and 16."""
    folder = tmp_path_factory.mktemp("loras")
    for seed, (name, rank) in enumerate({"mira": 4, "noor": 8, "zora": 16}.items()):
        make_lora(folder / name, base=tiny_model, seed=seed, rank=rank, use_rslora=name == "noor")
    return folder
