"""Times lore activation: a thousand entries, a hundred messages, beside a search for every key one by one.

`python -m benchmarks.lorebook` prints one JSON object; times are in milliseconds of the processor. The entries are as
in large books from the wild: three keys each, every fifth selective, every twentieth with a pattern, some timed.
"""

import json
import random
import time
from collections.abc import Callable, Sequence

from personas.card_json import Json
from personas.lore_activation import Lore
from personas.lore_moment import Moment, Said
from personas.lorebook import Lorebook, book_of, lorebook_of
from personas.lorebook_repair import Repairs

ENTRIES, MESSAGES, RUNS = 1000, 100, 100
SYLLABLES = ["ra", "ven", "mo", "lu", "tar", "ki", "sel", "bro", "nan", "dy", "or", "eth", "wyn", "gar", "is"]


def main() -> None:
    """Prints the figures."""
    print(json.dumps(figures(), indent=2))


def figures(*, seed: int = 7) -> dict[str, object]:
    """p50 and p99 for the last two messages, for all hundred, and for the plain search over all hundred."""
    chance = random.Random(seed)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(4000)]
    started = time.thread_time()
    book = made_book(words, chance)
    lore = Lore([book])
    ready = (time.thread_time() - started) * 1000
    talks = [made_talk(words, chance) for _ in range(RUNS)]
    return {
        "entries": ENTRIES,
        "messages": MESSAGES,
        "runs": RUNS,
        "made_ready_ms": round(ready, 1),
        "depth_2": spread(talks, lambda said: lore.activate(Moment(said, seed="s", budget=2000))),
        "depth_100": spread(
            talks, lambda said: lore.activate(Moment(said, seed="s", budget=2000, scan_depth=MESSAGES))
        ),
        "depth_100_recursive": spread(
            talks, lambda said: lore.activate(Moment(said, seed="s", budget=2000, scan_depth=MESSAGES, recursive=True))
        ),
        "baseline_key_by_key_depth_100": spread(talks, lambda said: key_by_key(book, said)),
    }


def made_book(words: Sequence[str], chance: random.Random) -> Lorebook:
    """A book of a thousand entries."""
    entries: list[Json] = []
    for number in range(ENTRIES):
        keys: list[Json] = [*chance.sample(words, 3)]
        if number % 20 == 0:
            keys[0] = f"/\\b{keys[0]}(s|es)?\\b/i"
        extensions: dict[str, Json] = {
            "sticky": 3 if number % 50 == 0 else 0,
            "match_whole_words": number % 2 == 0,
            "probability": 100,
        }
        entries.append(
            {
                "keys": keys,
                "secondary_keys": [*chance.sample(words, 2)],
                "selective": number % 5 == 0,
                "content": " ".join(chance.choices(words, k=40)),
                "insertion_order": number % 10,
                "enabled": True,
                "extensions": extensions,
                "id": number,
            }
        )
    return lorebook_of(book_of({"entries": entries, "extensions": {}}, Repairs()), name="bench")


def made_talk(words: Sequence[str], chance: random.Random) -> list[Said]:
    """A hundred messages of thirty words."""
    common = words[:400]
    return [
        Said("Mika" if number % 2 else "Kim", " ".join(chance.choices(common, k=30)), own=bool(number % 2))
        for number in range(MESSAGES)
    ]


def key_by_key(book: Lorebook, said: Sequence[Said]) -> int:
    """What a plain program does: it looks for every key in all that was said."""
    text = "\n".join(one.line for one in said).casefold()
    return sum(any(key.casefold() in text for key in entry.keys) for entry in book.entries)


def spread(talks: Sequence[Sequence[Said]], run: Callable[[Sequence[Said]], object]) -> dict[str, float]:
    """The middle and the slowest hundredth of all runs, in milliseconds."""
    times = []
    for said in talks:
        started = time.thread_time()
        run(said)
        times.append((time.thread_time() - started) * 1000)
    times.sort()
    return {"p50_ms": round(times[len(times) // 2], 2), "p99_ms": round(times[int(len(times) * 0.99)], 2)}


if __name__ == "__main__":
    main()
