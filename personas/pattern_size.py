"""How large a pattern grows when it is compiled: `(?:x{3000}){3000}` is nine million steps, and gigabytes.

What is not covered: groups called from elsewhere (`(?1)`), which are compiled once.
"""

import re

PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\()|(?P<close>\))|\{(?P<least>\d*)(?:,(?P<most>\d*))?\}|.", re.DOTALL
)


def repeats(pattern: str) -> int:
    """How many repeats a pattern has when it is written out: counts inside each other multiply, the others add up."""
    sums, last = [0], 0
    for piece in PIECE.finditer(pattern):
        if piece["open"]:
            sums.append(0)
            last = 0
        elif piece["close"]:
            last = sums.pop() if len(sums) > 1 else 0
            sums[-1] += last
        elif piece["least"] is None:
            last = 0
        else:
            times = max(int(piece["least"] or 0), int(piece["most"] or 0), 1)
            sums[-1] += max(last, 1) * times - last
            last = max(last, 1) * times
    return sum(sums)
