"""A true upper bound of a case's value by counting: loose in the pair scores, but cheap at any size."""

from collections import Counter, defaultdict

from matchmaking.engine.teams.rules import Case


def upper(case: Case) -> float:
    """No roster is worth more: skills and sectors by supply, pairs by everybody's best partners."""
    most = max(case.numbers_of_teams(), default=0)
    return _skills(case, most) + _sectors(case, most) + _pairs(case) + _wishes(case)


def _wishes(case: Case) -> float:
    """Everybody's best wish."""
    best: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for person, number, points in case.value.wishes:
        best[person][number] = best[person].get(number, 0) + points
    return sum(max(0.0, *numbers.values()) for numbers in best.values())


def _skills(case: Case, teams: int) -> float:
    supply = Counter(skill for person in case.people for skill in person.skills)
    return sum(max(0.0, case.value.points_per_skill) * min(teams, supply[skill]) for skill in case.value.skills_wanted)


def _sectors(case: Case, teams: int) -> float:
    supply = Counter(person.sector for person in case.people)
    filled = sum(min(teams, count) for count in supply.values())
    return max(0.0, case.value.points_per_sector) * min(filled, teams * case.value.sectors_cap)


def _pairs(case: Case) -> float:
    """Half the sum over people of their best scores, one partner fewer than the largest team."""
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for a, b, score in case.pair_scores:
        worth = score * case.value.pair_weight
        if worth > 0:
            scores[a].append(worth)
            scores[b].append(worth)
    partners = case.largest - 1
    return sum(sum(sorted(one, reverse=True)[:partners]) for one in scores.values()) / 2
