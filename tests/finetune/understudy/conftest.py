"""One small tokeniser and one run of a few steps, shared by all tests of the understudy."""

import os
from pathlib import Path

import pytest
import torch
from rich.console import Console

from finetune.understudy import tokens
from finetune.understudy.train import Plan, Run


@pytest.fixture(scope="session")
def tokeniser() -> tokens.Tokeniser:
    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    return tokens.trained_on_corpus(0, 50, vocabulary=1024)


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(tokens=6_000, batch=2048, vocabulary=1024, tokeniser_documents=50)


@pytest.fixture(scope="session")
def run(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that took a handful of steps."""
    folder = tmp_path_factory.mktemp("run")
    Run(plan, folder, Console(quiet=True)).learn()
    return folder
