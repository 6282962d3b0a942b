"""Prices: what one more suggestion of a person is worth, and with them a proof of how good the chosen pairs are.

For any prices y >= 0, no choice of pairs under the caps is worth more than sum room_a y_a + sum max(0, v_ab - y_a - y_b), the
Lagrange dual of the b-matching. Floors and groups only take choices away, so it bounds them too. All numbers are 64-bit
integers: sums are exact, so the order of pairs changes nothing.
"""

import numpy as np

from matchmaking.engine.pairs import Ints, Pairs, Rules

STEPS = 100
STEP = 0.05  # of the mean worth, divided by cap and by the root of the step's number


def prices(pairs: Pairs, rules: Rules, worth: Ints, chosen: Ints) -> tuple[Ints, int]:
    """Prices (people,) and the smallest bound met on the worth of any allocation; `chosen` is the greedy one to start from."""
    pinned, open_ = np.flatnonzero(pairs.pinned), np.flatnonzero(pairs.grounded & ~pairs.pinned)
    room = np.maximum(rules.cap - pairs.degrees(pinned, rules.people), 0)
    a, b, value = pairs.a[open_], pairs.b[open_], worth[open_]
    price = best = _start(pairs, rules, worth, chosen)
    length = STEP * (int(value.sum()) / max(len(value), 1)) / rules.cap
    least = None
    for number in range(1, STEPS + 1):
        net = value - price[a] - price[b]
        wanted = np.flatnonzero(net > 0)
        bound = int((room * price).sum()) + int(net[wanted].sum())
        if least is None or bound < least:
            least, best = bound, price
        asked = np.bincount(a[wanted], minlength=rules.people) + np.bincount(b[wanted], minlength=rules.people)
        price = np.maximum(price + round(length / number**0.5) * (asked - room), 0)
    return best, int(worth[pinned].sum()) + (least or 0)


def _start(pairs: Pairs, rules: Rules, worth: Ints, chosen: Ints) -> Ints:
    """Half the worth of each full person's weakest pair; 0 where there is room left."""
    weakest = np.full(rules.people, np.iinfo(np.int64).max)
    for side in (pairs.a, pairs.b):
        np.minimum.at(weakest, side[chosen], worth[chosen])
    full = pairs.degrees(chosen, rules.people) >= rules.cap
    return np.where(full, weakest // 2, 0)
