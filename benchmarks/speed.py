"""`python -m benchmarks.speed`: exact candidate search against one raw matrix product of the same pairs, on one thread, in one process.

The search timed is the one production calls (`engine/tiles.py`): the reciprocal top 20 of everybody where z(a->b) = Q(a) . D(b) with 256
float32 columns, the same with partners in other sectors only, and the one-way top 20 by product. Each round times all of them in turn,
so that a busy machine disturbs all alike; ratios are to the product of the same round, in processor seconds, and the median is told. Lists
of a sample of people are compared with brute force in 64 bits. Beside them rows with argpartition, and where it is installed
faiss's flat index, on the one-way task.
"""

import importlib.util
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from threadpoolctl import threadpool_limits

from benchmarks import machine
from matchmaking.engine.tiles import Factor, Search, Sums, one_way, rounding

PEOPLE, COLUMNS, MOST, SECTORS = 20_000, 256, 20, 4
ROUNDS, SAMPLE, ROWS_AT_ONCE = 3, 40, 1000
SPREAD = 0.8  # standard deviation of z
USUAL = -2.0  # mean of z
LIMITS = {"reciprocal": 1.5, "reciprocal, other sectors": 1.1}
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@njit(cache=True, fastmath={"reassoc", "contract"})
def both_ways(seeks: Singles, offers: Singles, a: Ints, b: Ints) -> Floats:
    """The cost (1 + exp(-z(a->b))) (1 + exp(-z(b->a))) of pairs; infinite for nobody but oneself."""
    found = np.empty(len(a))
    for number in range(len(a)):
        one, other = a[number], b[number]
        forth, back = np.float32(0.0), np.float32(0.0)
        for column in range(seeks.shape[1]):
            forth += seeks[one, column] * offers[other, column]
            back += offers[one, column] * seeks[other, column]
        found[number] = (1.0 + np.exp(-forth)) * (1.0 + np.exp(-back)) if one != other else np.inf
    return found


class Task:
    """Vectors of made-up people: the last column makes the mean of z what it is."""

    def __init__(self, people: int) -> None:
        dice = np.random.default_rng(7)
        size = (SPREAD**0.5 / (COLUMNS - 1) ** 0.25) * np.ones(COLUMNS)
        self.seeks, self.offers = ((dice.standard_normal((people, COLUMNS)) * size).astype(np.float32) for _ in range(2))
        self.seeks[:, -1], self.offers[:, -1] = USUAL, 1.0
        self.sector = np.arange(people) * SECTORS // people
        self.turned = np.ascontiguousarray(self.offers.T)
        self.out = np.empty((ROWS_AT_ONCE, people), np.float32)
        self.nobody = np.zeros(people, np.int64)

    @property
    def size_mb(self) -> float:
        """The vectors and the lists of everybody."""
        lists = len(self.seeks) * MOST * (8 + 4)
        return (self.seeks.nbytes + self.offers.nbytes + lists) / machine.MB

    def product(self) -> None:
        """The raw product of all pairs, never held as a whole."""
        for first in range(0, len(self.seeks), ROWS_AT_ONCE):
            block = self.seeks[first : first + ROWS_AT_ONCE]
            np.matmul(block, self.turned, out=self.out[: len(block)])

    def reciprocal(self) -> tuple[Ints, Ints, Floats]:
        """Everybody's best by the chance of two yeses."""
        return self._search(both_ways, self._both(), self.nobody, np.ones((1, 1), np.bool_))

    def crossing(self) -> tuple[Ints, Ints, Floats]:
        """The same with partners of other sectors."""
        return self._search(both_ways, self._both(), self.sector, ~np.eye(SECTORS, dtype=np.bool_))

    def single(self) -> tuple[Ints, Ints, Floats]:
        """Everybody's best by z(a->b) alone."""
        factors = [Factor(1.0, self.seeks, self.offers)]
        return self._search(None, factors, self.nobody, np.ones((1, 1), np.bool_), least=one_way)

    def _both(self) -> list[Factor]:
        return [Factor(1.0, self.seeks, self.offers), Factor(1.0, self.offers, self.seeks)]

    def _search(self, cost: Any, factors: list[Factor], group: Ints, meets: Any, **more: Any) -> tuple[Ints, Ints, Floats]:
        error = rounding(factors)
        search = Search(Sums(factors, error), cost and partial(cost, self.seeks, self.offers), group, meets, len(group), **more)
        return search.best(MOST, slack=float(np.expm1(2.0 * error.max())), worst=1e300)

    def wrong(self, entries: tuple[Ints, Ints, Floats], cost: Callable[[int], Floats]) -> int:
        """How many of a sample of lists miss one of the best of brute force, or hold one that is not, once they are cut to `MOST`."""
        person, partner, _ = entries
        missed = 0
        for number in random.Random(7).sample(range(len(self.seeks)), SAMPLE):
            others = cost(number)
            mine = partner[person == number]
            mine = mine[np.lexsort((mine, others[mine]))][:MOST]
            missed += mine.tolist() != np.lexsort((np.arange(len(others)), others))[:MOST].tolist()
        return missed

    def costs(self, number: int) -> Floats:
        """The costs of one person with everybody, in 64 bits."""
        forth = self.offers.astype(np.float64) @ self.seeks[number].astype(np.float64)
        back = self.seeks.astype(np.float64) @ self.offers[number].astype(np.float64)
        cost: Floats = (1.0 + np.exp(-forth)) * (1.0 + np.exp(-back))
        cost[number] = np.inf
        return cost

    def crossing_costs(self, number: int) -> Floats:
        return np.where(self.sector == self.sector[number], np.inf, self.costs(number))

    def single_costs(self, number: int) -> Floats:
        return -(self.offers.astype(np.float64) @ self.seeks[number].astype(np.float64))

    def peers(self) -> dict[str, Callable[[], object]]:
        """Other ways to the one-way task, those that are installed."""
        found: dict[str, Callable[[], object]] = {"rows and argpartition": self._argpartition}
        if importlib.util.find_spec("faiss"):
            import faiss

            faiss.omp_set_num_threads(1)
            index = faiss.IndexFlatIP(COLUMNS)
            index.add(self.offers)
            found["faiss, flat index"] = lambda: index.search(self.seeks, MOST)
        return found

    def _argpartition(self) -> None:
        for first in range(0, len(self.seeks), ROWS_AT_ONCE):
            block = self.seeks[first : first + ROWS_AT_ONCE]
            np.argpartition(-np.matmul(block, self.turned, out=self.out[: len(block)]), MOST, axis=1)[:, :MOST]


def main(people: int = PEOPLE) -> dict[str, Any]:
    with threadpool_limits(limits=1):
        return measured(people)


def measured(people: int) -> dict[str, Any]:
    facts, task = machine.facts(), Task(people)
    ways: dict[str, Callable[[], Any]] = {
        "product": task.product,
        "reciprocal": task.reciprocal,
        "reciprocal, other sectors": task.crossing,
        "one way": task.single,
        **task.peers(),
    }
    small = Task(2 * MOST)
    for warm in (small.product, small.reciprocal, small.crossing, small.single):
        warm()
    task.product()
    grew = {name: machine.with_growth(ways[name])[1] for name in ("reciprocal", "reciprocal, other sectors")}
    rounds = [{name: _seconds(act) for name, act in ways.items()} for _ in range(ROUNDS)]
    unit = {name: float(np.median([one[name] / one["product"] for one in rounds])) for name in ways}
    wrong = {
        "reciprocal": task.wrong(task.reciprocal(), task.costs),
        "reciprocal, other sectors": task.wrong(task.crossing(), task.crossing_costs),
        "one way": task.wrong(task.single(), task.single_costs),
    }
    result = {
        "people": people, "ratios": unit, "rounds": rounds, "grew_mb": grew, "size_mb": task.size_mb, "wrong": wrong, "machine": facts,
        "product_seconds": float(np.median([one["product"] for one in rounds])),
    }  # fmt: skip
    show(result)
    assert not any(wrong.values()), "the search must find what brute force finds"
    return result


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def show(result: dict[str, Any]) -> None:
    print(f"\nSearch for the best {MOST} of everybody: {result['people']} people, {COLUMNS} float32 columns, one thread")
    product = f"{result['product_seconds']:.2f} s of processor time, median of {ROUNDS}"
    print(f"  raw product of all pairs = 1: {product}; load before: {result['machine']['load_before']}")
    for name, ratio in result["ratios"].items():
        limit = f"   at most {LIMITS[name]}" if name in LIMITS else ""
        wrong = f"   {result['wrong'][name]} of {SAMPLE} lists unlike brute force" if name in result["wrong"] else ""
        print(f"  {name:<28} {ratio:6.2f}{limit}{wrong}")
    for name, grew in result["grew_mb"].items():
        print(f"  {name}: grew by {grew:.0f} MB beside vectors and lists of {result['size_mb']:.0f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
