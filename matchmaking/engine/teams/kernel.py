"""The compiled inner loops: annealing over rosters with moves and swaps, deltas only; and the walk that lists every team.

A broken rule costs `penalty` thousandths of a point for each person (or skill, flag, pair) that is wrong, so that the search may
pass through rosters that break rules; only rosters that break none are ever kept as best. Numbers are whole, random draws are
the loop's own (xorshift), so the same seed and steps give the same roster whatever the machine does meanwhile.

All compiled functions stand in this one file: their cache notices a change of the file a function is in, not of one it calls.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from matchmaking.engine.teams.problem import Ints, Limits, Units, Words

SLACK = 2  # people a team may have above its most while the search passes through
TABLE = 1 << 12
NOTHING = -(1 << 62)  # the value of no roster

# -ln(u) at the middle of each of 4096 steps: acceptance then needs no exp, whose last digit differs between machines
NEGATIVE_LOG = -np.log((np.arange(TABLE) + 0.5) / TABLE)


Short = npt.NDArray[np.int16]


class State(NamedTuple):
    """A roster in work: `team_of` (m,), members of each team as (teams, room) with how many are `filled`, what each is worth and breaks.

    `size`, `wrong`, `value` (without the pairs between units) are (teams,); `broken`, `broken_at` list the teams with something wrong.
    `totals` = value less the price of moves, what is wrong, (unused), how many teams have something wrong, best value kept.
    """

    team_of: Ints
    members: Ints
    filled: Ints
    size: Ints
    wrong: Ints
    value: Ints
    closed: npt.NDArray[np.bool_]
    broken: Ints
    broken_at: Ints
    totals: Ints
    best: Ints
    random: npt.NDArray[np.uint64]


@njit(cache=True)
def _ones(word: np.uint64) -> int:
    """How many bits are set (Hacker's Delight, 5-1)."""
    x = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))  # type: ignore[return-value]  # as numba counts


@njit(cache=True)
def draw(random: npt.NDArray[np.uint64], below: int) -> int:
    """A number from 0 up to, not including, `below` (xorshift64*, Vigna 2016)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64(((x * np.uint64(2685821657736338717)) >> np.uint64(33)) * np.uint64(below) >> np.uint64(31))  # type: ignore[return-value]


@njit(cache=True)
def judge(
    masks: Words, counts: Ints, ranges: Ints, apart_start: Ints, apart_unit: Ints, limits: Limits, team: Ints, count: int
) -> tuple[int, int]:
    """How much is wrong with a team, and its points for skills and sectors."""
    size, apart = 0, 0
    languages = np.uint64(0xFFFFFFFFFFFFFFFF)
    skills, sectors = np.uint64(0), np.uint64(0)
    slots = np.uint64(0xFFFFFFFFFFFFFFFF)
    for i in range(count):
        unit = team[i]
        size += counts[unit, 0]
        languages &= masks[unit, 0]
        skills |= masks[unit, 1]
        sectors |= masks[unit, 2]
        slots &= masks[unit, 3]
        if apart_start[unit] != apart_start[unit + 1]:
            apart += _apart_before(apart_start, apart_unit, team, i)
    wrong = max(limits.smallest - size, 0) + max(size - limits.largest, 0)
    if size == 0:
        return wrong, 0
    wrong += apart
    if languages == 0:
        wrong += _outside(masks, counts, 0, limits.languages, team, count, size)
    if limits.common_slots > 0:
        common = _ones(slots)
        for word in range(4, masks.shape[1]):
            common += _common(masks, word, team, count)
        if common < limits.common_slots:
            wrong += limits.common_slots - common
            if common == 0:
                outside = size
                for word in range(3, masks.shape[1]):
                    outside = min(outside, _outside(masks, counts, word, min(limits.slots - 64 * (word - 3), 64), team, count, size))
                wrong += outside
    wrong += _ones(limits.required & ~skills)
    for rule in range(len(ranges)):
        have, where = 0, 1
        for i in range(count):
            have += counts[team[i], rule + 1]
        if ranges[rule, 3] >= 0:
            where = 0
            for i in range(count):
                where += counts[team[i], ranges[rule, 3]]
        if where and (have or not ranges[rule, 2]):
            wrong += max(ranges[rule, 0] - have, 0) + max(have - ranges[rule, 1], 0)
    return wrong, limits.per_skill * _ones(limits.wanted & skills) + limits.per_sector * min(_ones(sectors), limits.sectors_cap)


@njit(cache=True)
def _apart_before(apart_start: Ints, apart_unit: Ints, team: Ints, i: int) -> int:
    """How many of the first i members must be apart from member i."""
    wrong = 0
    for k in range(apart_start[team[i]], apart_start[team[i] + 1]):
        for j in range(i):
            wrong += 1 if team[j] == apart_unit[k] else 0
    return wrong


@njit(cache=True)
def _common(masks: Words, word: int, team: Ints, count: int) -> int:
    shared = np.uint64(0xFFFFFFFFFFFFFFFF)
    for i in range(count):
        shared &= masks[team[i], word]
    return _ones(shared)


@njit(cache=True)
def _outside(masks: Words, counts: Ints, word: int, bits: int, team: Ints, count: int, size: int) -> int:
    """How many people lack the language (or slot) that most have: so the search sees when a broken team comes nearer."""
    most = 0
    for bit in range(bits):
        having = 0
        for i in range(count):
            having += counts[team[i], 0] * np.int64((masks[team[i], word] >> np.uint64(bit)) & np.uint64(1))
        most = max(most, having)
    return size - most


@njit(cache=True)
def _away(home_start: Ints, home_team: Ints, unit: int, team: int) -> int:
    """How many people of a unit would have moved."""
    away = 0
    for k in range(home_start[unit], home_start[unit + 1]):
        away += 1 if home_team[k] != team else 0
    return away


@njit(cache=True)
def _wished(wish_start: Ints, wish_team: Ints, wish_points: Ints, unit: int, team: int) -> int:
    """Points of a unit for being in a team."""
    points = 0
    for k in range(wish_start[unit], wish_start[unit + 1]):
        points += wish_points[k] if wish_team[k] == team else 0
    return points


@njit(cache=True)
def build(units: Units, limits: Limits, state: State, move_price: int) -> None:
    """Fill everything that follows from `team_of`; the best roster kept is forgotten."""
    state.filled[:] = 0
    state.size[:] = 0
    state.totals[:] = 0
    state.totals[4] = NOTHING
    for unit in range(len(state.team_of)):
        team = state.team_of[unit]
        if team < 0:
            continue
        state.members[team, state.filled[team]] = unit
        state.filled[team] += 1
        state.size[team] += units.counts[unit, 0]
        state.totals[0] -= move_price * _away(units.home_start, units.home_team, unit, team)
        state.totals[0] += _wished(units.wish_start, units.wish_team, units.wish_points, unit, team)
        for k in range(units.pair_start[unit], units.pair_start[unit + 1]):
            if units.pair_unit[k] > unit and state.team_of[units.pair_unit[k]] == team:
                state.totals[0] += units.pair_score[k]
    for team in range(len(state.filled)):
        members, many = state.members[team], state.filled[team]
        wrong, value = judge(units.masks, units.counts, units.ranges, units.apart_start, units.apart_unit, limits, members, many)
        state.value[team], state.wrong[team] = value, wrong
        state.totals[0] += value
        state.totals[1] += wrong
        state.broken_at[team] = -1
        if wrong:
            state.broken[state.totals[3]] = team
            state.broken_at[team] = state.totals[3]
            state.totals[3] += 1


@njit(cache=True)
def construct(units: Units, limits: Limits, state: State, order: Ints, penalty: int, move_price: int) -> None:
    """Put the units that have no team yet, in `order`, each where it is best at that moment; needs `build` before and after."""
    members = np.empty(state.members.shape[1], np.int64)
    gain = np.zeros(len(state.filled), np.int64)
    for unit in order:
        gain[:] = 0
        for k in range(units.pair_start[unit], units.pair_start[unit + 1]):
            other = state.team_of[units.pair_unit[k]]
            if other >= 0:
                gain[other] += units.pair_score[k]
        best, best_score = -1, np.int64(0)
        for team in range(len(state.filled)):
            count = state.filled[team]
            if state.closed[team] or count + 1 > len(members):
                continue
            members[:count] = state.members[team, :count]
            members[count] = unit
            wrong, value = judge(units.masks, units.counts, units.ranges, units.apart_start, units.apart_unit, limits, members, count + 1)
            crowd = max(state.size[team] + units.counts[unit, 0] - limits.largest, 0) * 4
            score = gain[team] + value - state.value[team] - penalty * (wrong - state.wrong[team] + crowd)
            score -= move_price * _away(units.home_start, units.home_team, unit, team)
            score += _wished(units.wish_start, units.wish_team, units.wish_points, unit, team)
            if best < 0 or score > best_score:
                best, best_score = team, score
        if best < 0:
            continue
        state.team_of[unit] = best
        state.members[best, state.filled[best]] = unit
        state.filled[best] += 1
        state.size[best] += units.counts[unit, 0]
        state.wrong[best], state.value[best] = judge(
            units.masks, units.counts, units.ranges, units.apart_start, units.apart_unit, limits, state.members[best], state.filled[best]
        )


@njit(cache=True)
def _after(members: Ints, count: int, moving: npt.NDArray[np.bool_], arriving: Ints, arrivals: int, out: Ints) -> int:
    """Members of a team after some leave and others arrive; -1 where there is no room."""
    kept = 0
    for i in range(count):
        if not moving[members[i]]:
            out[kept] = members[i]
            kept += 1
    if kept + arrivals > len(out):
        return -1
    for i in range(arrivals):
        out[kept] = arriving[i]
        kept += 1
    return kept


@njit(cache=True)
def anneal(
    units: Units, limits: Limits, state: State, steps: int, hot: float, cold: float, penalty: int, move_price: int, keep: bool
) -> None:
    """`steps` proposals while the temperature (thousandths of a point) falls from `hot` to `cold`; needs `build` before.

    With `keep`, the best roster that breaks no rule goes to `state.best`, judged by value less `move_price` for each move.
    """
    # Arrays as locals: handing whole tuples to the helpers costs more than what the helpers do.
    masks, counts, movable = units.masks, units.counts, units.movable
    pair_start, pair_unit, pair_score = units.pair_start, units.pair_unit, units.pair_score
    apart_start, apart_unit = units.apart_start, units.apart_unit
    home_start, home_team, ranges = units.home_start, units.home_team, units.ranges
    wish_start, wish_team, wish_points = units.wish_start, units.wish_team, units.wish_points
    team_of, all_members, count, size = state.team_of, state.members, state.filled, state.size
    state_wrong, state_value, closed = state.wrong, state.value, state.closed
    broken, broken_at, random = state.broken, state.broken_at, state.random
    total, total_wrong, broken_count, best = state.totals[0], state.totals[1], state.totals[3], state.totals[4]
    smallest, largest = limits.smallest, limits.largest
    m, teams, room = len(team_of), len(count), all_members.shape[1]
    moving = np.zeros(m, np.bool_)
    leave, come = np.empty(room, np.int64), np.empty(room, np.int64)
    first, second = np.empty(room, np.int64), np.empty(room, np.int64)
    most = limits.per_skill * _ones(limits.wanted) + limits.per_sector * limits.sectors_cap
    temperature = hot
    cooling = (cold / hot) ** (256.0 / max(steps, 256))
    for step in range(steps):
        if step & 255 == 255:
            temperature *= cooling
        kind = draw(random, 1024)
        # Who: anybody, or every fourth time somebody out of a team with something wrong.
        unit = -1
        if broken_count and kind & 3 == 0:
            own = broken[draw(random, broken_count)]
            if count[own]:
                unit = all_members[own, draw(random, count[own])]
        if unit < 0:
            unit = draw(random, m)
        own = team_of[unit]
        # Where to: six times in eight to somebody it has a pair score with, who is then not swapped away.
        friend = -1
        degree = pair_start[unit + 1] - pair_start[unit]
        if degree and (kind >> 2) & 7 < 6:
            friend = pair_unit[pair_start[unit] + draw(random, degree)]
            other = team_of[friend]
        elif broken_count and kind & 32:
            other = broken[draw(random, broken_count)]
        else:
            other = draw(random, teams)
        if other == own or closed[other] or not movable[unit]:
            continue
        # How: alone where the sizes allow it and the draw says so, else a swap with as many as keep the sizes.
        leave[0] = unit
        leaving, coming, balance = 1, 0, counts[unit, 0]
        moving[unit] = True
        fits = size[own] - balance >= smallest and size[other] + balance <= largest
        if (kind >> 6) & 3 or not (fits or (kind >> 8 == 0 and size[own] > balance and size[other] + balance <= largest + SLACK)):
            for _ in range(8):
                if balance == 0:
                    break
                if coming and kind & 16:
                    a, b = size[own] - balance, size[other] + balance
                    if smallest <= a <= largest and smallest <= b <= largest:
                        break
                source = other if balance > 0 else own
                if count[source] == 0:
                    break
                pick = all_members[source, draw(random, count[source])]
                if moving[pick] or not movable[pick] or pick == friend:
                    continue
                moving[pick] = True
                if balance > 0:
                    come[coming] = pick
                    coming += 1
                    balance -= counts[pick, 0]
                else:
                    leave[leaving] = pick
                    leaving += 1
                    balance += counts[pick, 0]
        count_own = _after(all_members[own], count[own], moving, come, coming, first)
        count_other = _after(all_members[other], count[other], moving, leave, leaving, second)
        delta = np.int64(0)
        for i in range(leaving + coming):
            goes = leave[i] if i < leaving else come[i - leaving]
            here, there = (own, other) if i < leaving else (other, own)
            for k in range(pair_start[goes], pair_start[goes + 1]):
                team = team_of[pair_unit[k]]
                if team == here and not moving[pair_unit[k]]:
                    delta -= pair_score[k]
                elif team == there and not moving[pair_unit[k]]:
                    delta += pair_score[k]
            if len(wish_team):
                delta += _wished(wish_start, wish_team, wish_points, goes, there) - _wished(wish_start, wish_team, wish_points, goes, here)
            if move_price:
                delta -= move_price * (_away(home_start, home_team, goes, there) - _away(home_start, home_team, goes, here))
        for i in range(leaving):
            moving[leave[i]] = False
        for i in range(coming):
            moving[come[i]] = False
        if count_own < 0 or count_other < 0:
            continue
        least = -temperature * NEGATIVE_LOG[draw(random, TABLE)]
        wrong_other, value_other = judge(masks, counts, ranges, apart_start, apart_unit, limits, second, count_other)
        delta += value_other - state_value[other]
        worse = wrong_other - state_wrong[other]
        if delta - penalty * worse + most - state_value[own] + penalty * state_wrong[own] < least:
            continue
        wrong_own, value_own = judge(masks, counts, ranges, apart_start, apart_unit, limits, first, count_own)
        delta += value_own - state_value[own]
        worse += wrong_own - state_wrong[own]
        if delta - penalty * worse < least:
            continue
        for side in range(2):
            team = own if side == 0 else other
            now = count_own if side == 0 else count_other
            wrong = wrong_own if side == 0 else wrong_other
            new = first if side == 0 else second
            for i in range(now):
                all_members[team, i] = new[i]
                team_of[new[i]] = team
            count[team] = now
            size[team] += -balance if side == 0 else balance
            state_value[team] = value_own if side == 0 else value_other
            if wrong and not state_wrong[team]:
                broken[broken_count] = team
                broken_at[team] = broken_count
                broken_count += 1
            elif state_wrong[team] and not wrong:
                broken_count -= 1
                broken[broken_at[team]] = broken[broken_count]
                broken_at[broken[broken_count]] = broken_at[team]
                broken_at[team] = -1
            state_wrong[team] = wrong
        total += delta
        total_wrong += worse
        if keep and total_wrong == 0 and total > best:
            best = total
            state.best[:] = team_of
    state.totals[0], state.totals[1], state.totals[3], state.totals[4] = total, total_wrong, broken_count, best


@njit(cache=True)
def walk(
    masks: Words,
    counts: Ints,
    ranges: Ints,
    enemies: npt.NDArray[np.bool_],
    scores: Ints,
    twins: Ints,
    limits: Limits,
    teams: Short,
    value: Ints,
    most: int,
    most_nodes: int,
) -> int:
    """How many teams there are, written to `teams` and `value` as far as these reach; -1 beyond the limits."""
    m, width = len(masks), limits.largest
    chosen = np.zeros(width + 1, np.int64)
    size, score = np.zeros(width + 1, np.int64), np.zeros(width + 1, np.int64)
    languages = np.full(width + 1, 0xFFFFFFFFFFFFFFFF, np.uint64)
    slots = np.full((width + 1, masks.shape[1]), 0xFFFFFFFFFFFFFFFF, np.uint64)
    no_apart = np.zeros(m + 1, np.int64)
    depth, unit, found, nodes = 0, 0, 0, 0
    while True:
        if unit >= m:
            if depth == 0:
                return found
            depth -= 1
            unit = chosen[depth] + 1
            continue
        nodes += 1
        if nodes > most_nodes:
            return -1
        fits = size[depth] + counts[unit, 0] <= limits.largest and (languages[depth] & masks[unit, 0]) != 0
        for i in range(depth):
            if not fits or enemies[chosen[i], unit]:
                fits = False
                break
        common = 0
        for word in range(3, masks.shape[1]):
            slots[depth + 1 if depth < width else depth, word] = slots[depth, word] & masks[unit, word]
            common += _ones(slots[depth, word] & masks[unit, word])
        if not fits or common < limits.common_slots:
            unit += 1
            continue
        chosen[depth] = unit
        size[depth + 1] = size[depth] + counts[unit, 0]
        languages[depth + 1] = languages[depth] & masks[unit, 0]
        score[depth + 1] = score[depth]
        for i in range(depth):
            score[depth + 1] += scores[chosen[i], unit]
        depth += 1
        if size[depth] >= limits.smallest:
            wrong, worth = judge(masks, counts, ranges, no_apart, no_apart, limits, chosen, depth)
            if wrong == 0:
                if found < len(teams):
                    for i in range(depth):
                        teams[found, i] = chosen[i]
                    value[found] = worth + score[depth]
                found += 1
                if found > most:
                    return -1
        if size[depth] >= limits.largest:
            depth -= 1
            unit = chosen[depth] + 1
        elif _used(chosen, depth, unit) >= twins[unit]:
            unit += 1


@njit(cache=True)
def _used(chosen: Ints, depth: int, unit: int) -> int:
    used = 0
    for i in range(depth):
        used += 1 if chosen[i] == unit else 0
    return used
