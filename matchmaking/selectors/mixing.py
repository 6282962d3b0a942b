"""How an event mixes: who meets whom against chance, who is shown how often, who is left out, what became of it.

Counts made of people's answers are `None` where they are small: nobody may be read out of them.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from matchmaking.models import FollowUp, Introduction, Participant, Profile, Registration, Response, Run, Shortfall, Suggestion
from matchmaking.selectors.records import live_consent

LEAST = 5  # smaller counts are hidden
NO_CONSENT = "no_consent"
_YES = Q(answer=Response.Answer.ACCEPT)
STEPS = ("suggested", "answered", "accepted", "introduced", "met")


class Cell(NamedTuple):
    """Two sectors: pairs between them (None: 1 to 4, hidden), and those over what chance would give (None: none is possible)."""

    one: str
    other: str
    pairs: int | None
    ratio: float | None


def hidden(count: int, least: int = 1) -> int | None:
    """`count`, or None where it lies between `least` and 4."""
    return None if least <= count < LEAST else count


def heat_map(measures: Mapping[str, Any]) -> list[list[Cell]]:
    """Sector by sector, sorted, from a run's measures; empty for a run that has none. A database keeps no order of keys."""
    table, chance = measures.get("sectors") or {}, measures.get("sectors_by_chance") or {}
    names = sorted(table)
    return [[Cell(one, other, hidden(table[one].get(other, 0)), chance.get(one, {}).get(other)) for other in names] for one in names]


def extremes(rows: Iterable[Iterable[Cell]]) -> tuple[Cell, Cell] | None:
    """The two sectors that meet least, and those that meet most, against chance; sectors with themselves apart."""
    crossing = [cell for row in rows for cell in row if cell.one < cell.other and cell.ratio is not None]
    if len(crossing) < 2:
        return None
    crossing.sort(key=lambda cell: (cell.ratio, cell.one, cell.other))
    return crossing[0], crossing[-1]


# --- exposure ---------------------------------------------------------------------------------------------------------
def live_suggestions(run: Run) -> QuerySet[Suggestion]:
    """Those of a run that are, or would be, shown."""
    return Suggestion.objects.filter(run=run, held_at__isnull=True, dropped_at__isnull=True)


def exposure(run: Run) -> tuple[dict[int, int], dict[int, int]]:
    """Suggestions of everybody who has any, by participant: those that are, or would be, shown; and all of the run.

    One reading for both: the rows are wide, and at 5,000 people each reading of them costs a tenth of a second.
    """
    live, given = Counter[int](), Counter[int]()
    rows = Suggestion.objects.filter(run=run).order_by().values_list("pair__a_id", "pair__b_id", "held_at", "dropped_at")
    for a, b, held, dropped in rows.iterator():
        given.update((a, b))
        if held is None and dropped is None:
            live.update((a, b))
    return dict(live), dict(given)


def histogram(shown: Mapping[int, int], people: int) -> list[tuple[int, int]]:
    """How many people have 0, 1, 2, ... suggestions."""
    by_number = Counter(shown.values())
    by_number[0] = max(people - len(shown), 0)
    return [(number, by_number[number]) for number in range(max(by_number) + 1)]


def most_shown(shown: Mapping[int, int], at_most: int = 10) -> list[tuple[Participant, int]]:
    """Those who are shown most often, with how often."""
    first = sorted(shown, key=lambda person: (-shown[person], person))[:at_most]
    people = Participant.objects.select_related("organisation", "profile").in_bulk(first)
    return [(people[person], shown[person]) for person in first]


def left_out(run: Run, shown: Container[int], at_most: int) -> list[Registration]:
    """The first by name who take part and are not `shown`, with `cause` (as in `Shortfall`, or `no_consent`, or empty) and `missing`."""
    approved = Registration.objects.filter(event=run.event_id, state=Registration.State.APPROVED).order_by("participant__name", "pk")
    ids = [pk for pk, person in approved.values_list("pk", "participant_id") if person not in shown][:at_most]
    short = Shortfall.objects.filter(run=run, participant=OuterRef("participant"))
    return list(
        approved.filter(pk__in=ids)
        .select_related("participant__organisation", "participant__profile")
        .annotate(
            cause=Subquery(short.values("cause")[:1]), missing=Subquery(short.values("missing")[:1]), agrees=live_consent("participant")
        )
    )


# --- what became of it ------------------------------------------------------------------------------------------------
def funnel(
    run: Run, shown: Mapping[int, int], people_of: Mapping[str, int]
) -> tuple[dict[str, int | None], dict[str, dict[str, int | None]]]:
    """Suggestions of a published run and what became of them: pairs in all, sides by sector (of `people_of`, its people).

    All of the run (`shown`, by person), also what was held back since: else holding one pair would tell whether it was answered.
    What is made of answers is hidden below 5, 0 included, and for sectors of fewer than 5 people; and of the sectors never one alone,
    which the others would tell.
    """
    pairs = Suggestion.objects.filter(run=run).values("pair_id")
    answered, met = Response.objects.filter(pair__in=pairs), FollowUp.objects.filter(met_at__isnull=False, introduction__pair__in=pairs)
    introduced = Introduction.objects.filter(pair__in=pairs)
    whole = answered.aggregate(answered=Count("pair", distinct=True), accepted=Count("pair", filter=_YES, distinct=True)) | {
        "suggested": sum(shown.values()) // 2,
        "introduced": introduced.count(),
        "met": met.aggregate(how_many=Count("introduction", distinct=True))["how_many"],
    }
    sides = {sector: Counter[str]() for sector in people_of}
    for sector, counts in _by_sector(run, shown, answered, introduced, met):
        sides.setdefault(sector, Counter()).update(counts)
    veiled = {sector: _veiled(row, few=people_of.get(sector, 0) < LEAST) for sector, row in sides.items()}
    for step in STEPS[1:]:
        _hide_enough(veiled, sides, step)
    return _veiled(whole), veiled


def _hide_enough(veiled: Mapping[str, dict[str, int | None]], sides: Mapping[str, Mapping[str, int]], step: str) -> None:
    """Where sectors are hidden, hide the smallest of the others too, until there are two and they hold 10 or more in sum: the whole
    less the rest tells that sum, and of fewer it would tell the parts.
    """
    seen = [sector for sector in sides if veiled[sector][step] is not None and sides[sector]["suggested"]]
    told = sorted(seen, key=lambda sector: (sides[sector][step], sector))
    hidden = [sides[sector][step] for sector in sides if veiled[sector][step] is None]
    while hidden and told and (len(hidden) == 1 or sum(hidden) < 2 * LEAST):
        veiled[told[0]][step] = None
        hidden.append(sides[told.pop(0)][step])


def _by_sector(run: Run, shown: Mapping[int, int], answered: Any, introduced: Any, met: Any) -> Iterable[tuple[str, dict[str, int]]]:
    sectors = Profile.objects.filter(participant__registrations__event=run.event_id).values_list("participant_id", "sector")
    for person, sector in sectors:
        yield sector, {"suggested": shown.get(person, 0)}
    for sector, all_, yes in _grouped(answered, "participant__profile__sector", Count("pk"), Count("pk", filter=_YES)):
        yield sector, {"answered": all_, "accepted": yes}
    for step, rows, path in (("introduced", introduced, "pair__a"), ("introduced", introduced, "pair__b"), ("met", met, "participant")):
        for sector, how_many in _grouped(rows, f"{path}__profile__sector", Count("pk")):
            yield sector, {step: how_many}


def _grouped(rows: Any, by: str, *counts: Count) -> Iterable[tuple[Any, ...]]:
    named = {f"count_{number}": count for number, count in enumerate(counts)}
    found: Iterable[tuple[Any, ...]] = rows.order_by().values(group=F(by)).annotate(**named).values_list("group", *named)
    return found


def _veiled(counts: Mapping[str, int], *, few: bool = False) -> dict[str, int | None]:
    nothing = not counts["suggested"]
    hide = {step: None if few and not nothing else hidden(counts[step], 1 if nothing else 0) for step in STEPS[1:]}
    return {"suggested": hidden(counts["suggested"]), **hide}


# --- two runs ---------------------------------------------------------------------------------------------------------
def mixed_before(run: Run) -> Run | None:
    """The run to compare with: what was shown before it; for one that was never shown, what is shown now."""
    if run.published_at:
        return run.previous
    return Run.objects.filter(publications__event=run.event_id, kind=run.kind).exclude(pk=run.pk).select_related("learned").first()
