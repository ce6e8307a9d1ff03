"""How memories fade: slower the more often they came to mind, and never quite.

Ebbinghaus' forgetting curve, R = exp(-t / S), with t the age and S the strength. The strength stands *under* the age:
`exp(-t / 5 * S)`, as MemoryBank's code has it, makes a stronger memory fade faster. And the newest memory counts
most, not the oldest. Both directions are held by tests.
"""

import numpy as np

from memory.lexical import Floats

LASTS_DAYS = 120.0  # after so many days a memory that never came to mind again has faded to 1/e


def retention(age_days: Floats, times_recalled: Floats) -> Floats:
    """What is left of each memory, 1 when new and towards 0 with age; shapes (rows,)."""
    strength = LASTS_DAYS * (1 + np.log1p(times_recalled))
    left: Floats = np.exp(-np.maximum(age_days, 0) / strength)
    return left
