"""Team cases drawn at random around a roster that keeps every rule, as JSON documents; and ways to make them impossible."""

import random
from itertools import pairwise
from typing import Any

SKILLS = ("coding", "design", "domain", "pitch", "research", "finance", "video", "law")
SECTORS = ("business", "education", "creative", "authority", "civil society")
LANGUAGES = ("be", "ru", "en", "de", "pl")
DAY = tuple(range(12))
PARTS_OF_THE_DAY = (DAY, DAY, DAY, DAY[:8], DAY[4:], DAY[:4] + DAY[8:], DAY[:4])


def planted(
    seed: int,
    people: int,
    smallest: int,
    largest: int,
    *,
    common_slots: int = 2,
    skills: tuple[str, ...] = ("coding",),
    flags: tuple[str, ...] = ("minor", "newcomer"),
    groups: int = 2,
    pins: int = 3,
    locks: int = 1,
    free: bool = False,
    pairs: int = 8,
) -> tuple[dict[str, Any], list[list[str]]]:
    """A case and the roster it was made around."""
    draw = random.Random(seed)
    ids = [f"p{number:04d}" for number in range(people)]
    draw.shuffle(ids)
    roster = _split(draw, ids, smallest, largest)
    rows = {person: row for team in roster for person, row in _team(draw, team, common_slots, skills, flags).items()}
    open_teams = roster[locks:]
    number_of = {person: number for number, team in enumerate(roster, 1) for person in team}
    together = [draw.sample(team, min(len(team), draw.choice((2, 2, 3)))) for team in draw.sample(open_teams, min(groups, len(open_teams)))]
    apart = [pair for _ in range(groups + 1) if number_of[(pair := draw.sample(ids, 2))[0]] != number_of[pair[1]]]
    free_people = [person for team in open_teams for person in team]
    case = {
        "name": f"planted-{seed}",
        "team_size": {"min": smallest, "max": largest},
        "teams": None if free else len(roster),
        "rules": {
            "everyone": True,
            "common_language": True,
            "common_slots": common_slots,
            "together": together,
            "apart": apart,
            "at_least_one": list(skills),
            "never_alone": list(flags),
            "pinned": [[person, number_of[person]] for person in draw.sample(free_people, min(pins, len(free_people)))],
            "locked": [sorted(team) for team in roster[:locks]],
        },
        "value": {
            "skills_wanted": list(SKILLS[:6]),
            "points_per_skill": 50,
            "points_per_sector": 60,
            "sectors_cap": 3,
            "pair_weight": 1,
        },
        "people": [{"id": person, **rows[person]} for person in sorted(ids)],
        "pair_scores": _pair_scores(draw, sorted(ids), pairs),
    }
    return case, roster


def _split(draw: random.Random, ids: list[str], smallest: int, largest: int) -> list[list[str]]:
    teams = draw.randint(-(-len(ids) // largest), len(ids) // smallest)
    sizes = [smallest] * teams
    for _ in range(len(ids) - smallest * teams):
        sizes[draw.choice([i for i, size in enumerate(sizes) if size < largest])] += 1
    starts = [sum(sizes[:i]) for i in range(teams)]
    return [ids[start : start + size] for start, size in zip(starts, sizes, strict=True)]


def _team(draw: random.Random, team: list[str], slots: int, skills: tuple[str, ...], flags: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    language = draw.choices(LANGUAGES, (4, 4, 3, 1, 1))[0]
    shared = draw.choice([part for part in PARTS_OF_THE_DAY if len(part) >= slots])
    wider = [part for part in PARTS_OF_THE_DAY if set(shared) <= set(part)]
    rows = {person: _person(draw, language, draw.choice(wider)) for person in team}
    for skill in skills:
        for row in rows.values():
            row["skills"] = [has for has in row["skills"] if has != skill or draw.random() < 0.2]
        rows[draw.choice(team)]["skills"].append(skill)
    for flag in flags:
        count = draw.choice((0, 0, 0, 2, 3))
        for person in draw.sample(team, min(len(team), count)) if len(team) > 1 else ():
            rows[person]["flags"].append(flag)
    for row in rows.values():
        row["skills"] = sorted(set(row["skills"]))
    return rows


def _person(draw: random.Random, language: str, slots: tuple[int, ...]) -> dict[str, Any]:
    return {
        "sector": draw.choices(SECTORS, (7, 4, 4, 2, 2))[0],
        "skills": draw.sample(SKILLS, draw.choice((1, 2, 2, 3))),
        "languages": sorted({language, *draw.sample(LANGUAGES, draw.choice((0, 0, 1, 2)))}),
        "slots": list(slots),
        "flags": [],
    }


def _pair_scores(draw: random.Random, ids: list[str], each: int) -> list[list[Any]]:
    """Each person's best few by how near they are in three hidden tastes, with noise."""
    taste = {person: [draw.gauss(0, 1) for _ in range(3)] for person in ids}
    scores: dict[tuple[str, str], int] = {}
    for a in ids:
        others = draw.sample(ids, min(len(ids), 60))
        near = sorted((b for b in others if b != a), key=lambda b: sum((x - y) ** 2 for x, y in zip(taste[a], taste[b], strict=True)))
        for b in near[:each]:
            scores[min(a, b), max(a, b)] = draw.randint(15, 60)
    return [[a, b, score] for (a, b), score in sorted(scores.items())]


def _people(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in case["people"]}


def _strip(case: dict[str, Any], skill: str, keep: int) -> None:
    """Leave the skill to so many people only."""
    for row in [row for row in case["people"] if skill in row["skills"]][keep:]:
        row["skills"].remove(skill)


def few_coders(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """One person fewer with a skill than teams that need it."""
    case["rules"]["at_least_one"] = ["coding"]
    _strip(case, "coding", len(roster) - 1)


def paired_coders(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Enough with a skill, but two of them must be together."""
    case["rules"]["at_least_one"] = ["coding"]
    people = _people(case)
    for team in roster:
        for person in team:
            people[person]["skills"] = [skill for skill in people[person]["skills"] if skill != "coding"]
        people[team[0]]["skills"].append("coding")
    case["rules"]["together"].append([roster[0][0], roster[1][0]])


def pinned_apart(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Two people pinned to one team who must be apart."""
    a, b = draw.sample(roster[-1], 2)
    case["rules"]["pinned"] = [[a, len(roster)], [b, len(roster)]]
    case["rules"]["apart"].append([a, b])


def together_apart(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Two people tied by two groups who must be apart."""
    a, b, c = draw.sample(roster[-1], 3) if len(roster[-1]) > 2 else [*roster[-1][:2], roster[-2][0]]
    case["rules"]["together"] += [[a, b], [b, c]]
    case["rules"]["apart"].append([a, c])


def long_chain(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Groups that overlap into more people than a team may have."""
    ids = [person for team in roster[1:] for person in team][: case["team_size"]["max"] + 1]
    case["rules"]["together"] += [[a, b] for a, b in pairwise(ids)]


def locked_without(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """A locked team without common time, language or a skill."""
    people, what = _people(case), draw.choice(("slots", "languages", "skills"))
    if what == "skills":
        case["rules"]["at_least_one"] = ["coding"]
    for number, person in enumerate(roster[0]):
        people[person]["slots"] = [number] if what == "slots" else people[person]["slots"]
        people[person]["languages"] = [f"l{number}"] if what == "languages" else people[person]["languages"]
        people[person]["skills"] = [] if what == "skills" else people[person]["skills"]


def pinned_twice(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Groups together whose members are pinned to different teams."""
    a, b = roster[-1][:2]
    case["rules"]["together"].append([a, b])
    case["rules"]["pinned"] = [[a, len(roster)], [b, len(roster) - 1]]


def crowded_team(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """More people pinned to one team than it may have."""
    ids = [person for team in roster[1:] for person in team][: case["team_size"]["max"] + 1]
    case["rules"]["pinned"] = [[person, len(roster)] for person in ids]


def lonely_flag(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Somebody marked who is the only one, or two who must be apart."""
    case["rules"]["never_alone"] = ["guest"]
    people = _people(case)
    people[roster[-1][0]]["flags"].append("guest")
    if draw.random() < 0.5:
        people[roster[-2][0]]["flags"].append("guest")
        case["rules"]["apart"].append([roster[-1][0], roster[-2][0]])


def island(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """People who share a language with too few."""
    people = _people(case)
    for person in roster[-1][: case["team_size"]["min"] - 1]:
        people[person]["languages"] = ["eo"]


def seldom_free(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Somebody who can come too seldom."""
    case["rules"]["common_slots"] = 2
    _people(case)[roster[-1][0]]["slots"] = [draw.randrange(12)]


def too_many_apart(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """One person more than teams, all of them apart from each other."""
    ids = [team[0] for team in roster] + [roster[-1][1]]
    case["rules"]["apart"] = [[a, b] for i, a in enumerate(ids) for b in ids[:i]]


def overlapping_locks(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Two locked teams that share somebody."""
    case["rules"]["locked"].append([*roster[-1][1:], roster[0][0]])


def odd_crowd(case: dict[str, Any], roster: list[list[str]], draw: random.Random) -> None:
    """Speakers of one language who cannot be split into whole teams."""
    people = _people(case)
    for row in people.values():
        row["languages"] = ["be", "ru"]
    for person in [person for team in roster for person in team][: case["team_size"]["max"] * 2 - 1]:
        people[person]["languages"] = ["eo"]
    case["team_size"]["min"] = case["team_size"]["max"]


CONTRADICTIONS = (
    few_coders,
    paired_coders,
    pinned_apart,
    together_apart,
    long_chain,
    locked_without,
    pinned_twice,
    crowded_team,
    lonely_flag,
    island,
    seldom_free,
    too_many_apart,
    overlapping_locks,
    odd_crowd,
)
