"""`make bench`: the first minute's figures; the others are modules of their own, named here with what they measure.

python -m benchmarks.first_light      cold start, first token, what a turn adds
python -m benchmarks.memory_scale     one fan with many memories, many fans with few
python -m benchmarks.locomo           recall on LoCoMo (see ../shared/bench/locomo_recall.py)
python -m benchmarks.recall_sets      recall on first-person questions in three languages
python -m benchmarks.prompt_prefix    how much of a prompt is a cached prefix
"""

from benchmarks.first_light import main

if __name__ == "__main__":
    main()
