"""`python -m benchmarks.team_pictures`: the picture of docs/teams.md: the demo's 150 people in teams, by the rules alone and searched."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.demo_people import demo_cohort
from benchmarks.pictures import COLOURS, FOLDER, LEFT, RIGHT, WIDTH, _box, _legend, _svg, _text
from benchmarks.teams import _plain, _random
from matchmaking.engine import pipeline
from matchmaking.engine.candidates import read_candidates
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort
from matchmaking.engine.teams import door
from matchmaking.engine.teams.measure import worth
from matchmaking.engine.teams.rules import Case, Person, Roster, Rules, Value

SIZES, SECONDS, CELL, LIST = (4, 6), 10.0, 13, 40


def main() -> None:
    case = case_of(pipeline.order(demo_cohort()))
    found = door.form(case, SECONDS, 0)
    assert found.roster is not None
    rows = {"by the rules alone": _plain(replace(case, teams=len(found.roster)), _random), "searched for ten seconds": found.roster}
    (FOLDER / "teams.svg").write_text(drawn(case, rows), encoding="utf-8")
    print(f"Written: {FOLDER}/teams.svg")


def case_of(cohort: Cohort) -> Case:
    """Teams of four to six with a language in common; wished for: up to three sectors, and people who suit each other."""
    people = tuple(Person(one.key, one.sector, languages=frozenset(one.languages)) for one in cohort.profiles if one.languages)
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, len(cohort.profiles))])
    settings = Parameters(candidates=LIST, threshold=0.0)
    lists = read_candidates([pipeline.candidates_rows(space, cohort, settings, 0, len(cohort.profiles))])
    there, keys = {person.id for person in people}, [one.key for one in cohort.profiles]
    points = {
        (min(a, b), max(a, b)): float(round(100 * score**0.5))
        for a, b, score in zip(lists.row.tolist(), lists.column.tolist(), lists.score.tolist(), strict=True)
    }
    pairs = tuple((keys[a], keys[b], score) for (a, b), score in sorted(points.items()) if score and {keys[a], keys[b]} <= there)
    return Case(people, *SIZES, None, Rules(common_language=True), Value((), 0, 60, 3, 1), pairs)


def drawn(case: Case, rosters: dict[str, Roster]) -> str:
    """Each team as a column of its people, coloured by sector, with what it is worth; the teams sorted by that."""
    sector = {person.id: person.sector for person in case.people}
    colours = dict(zip(sorted(set(sector.values())), COLOURS, strict=False))
    most = max(max(worth(case, roster).teams) for roster in rosters.values())
    out = [_text(LEFT, 24, f"{len(case.people)} people in teams of {SIZES[0]} to {SIZES[1]} (demo programme)", size=16)]
    for place, (name, roster) in enumerate(rosters.items()):
        top = 62 + 190 * place
        values = worth(case, roster)
        ranked = sorted(zip(values.teams, roster, strict=True), key=lambda team: -team[0])
        told = (
            f"{name}: worth {values.total:,.0f}, the least team {ranked[-1][0]:,.0f}, {_alike(roster, sector)} teams of one or two sectors"
        )
        out.append(_text(LEFT, top - 8, told))
        step = (WIDTH - LEFT - RIGHT) / len(ranked)
        for column, (value, team) in enumerate(ranked):
            x, height = LEFT + column * step, 60 * value / most
            out.append(_box(x, top + 62 - height, step * 0.8, height, "#b8b8b8", f"worth {value:,.0f}"))
            for row, person in enumerate(sorted(team, key=lambda one: sector[one])):
                out.append(_box(x, top + 68 + row * (CELL + 1), step * 0.8, CELL, colours[sector[person]], sector[person]))
    out += _legend(colours, 62 + 190 * len(rosters) - 16)
    return _svg(out, 62 + 190 * len(rosters) + 34)


def _alike(roster: Sequence[Sequence[str]], sector: dict[str, str]) -> int:
    return sum(len({sector[person] for person in team}) < 3 for team in roster)


if __name__ == "__main__":
    main()
