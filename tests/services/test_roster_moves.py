"""Hand moves: scored as the engine scores the whole roster, taken back step by step, never over what another did unseen."""

import random
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from matchmaking.engine.teams.measure import worth
from matchmaking.engine.teams.moves import Move, score_move
from matchmaking.errors import BadInput, Conflict, Moved
from matchmaking.models import AuditEntry, Block, Intent, Participant, Roster, RosterMove, Seat, TeamFit, TeamRules
from matchmaking.selectors.rosters import compared, whole, with_measures
from matchmaking.selectors.team_cases import as_roster, fits_between, people_of, private_pairs, question, skill_id
from matchmaking.services import joining, roster_moves, rosters
from matchmaking.services.invariants import check_invariants
from matchmaking.services.roster_moves import Wanted
from tests.factories import make_roster, make_user
from tests.runs import SECTORS, make_cohort, make_programme

pytestmark = pytest.mark.django_db
RULES = [
    {"kind": "team_size", "least": 3, "most": 5},
    {"kind": "teams", "number": 5},
    {"kind": "common_language"},
    {"kind": "has", "skill": skill_id("Graphic design")},
    {"kind": "count", "property": "sector:business", "most": 1},
    {"kind": "balance", "property": "sector:creative"},
    {"kind": "wish_sectors", "most": 3, "points": 60},
    {"kind": "wish_fit", "weight": 2},
]


@pytest.fixture
def by():
    return make_user()


def seated(count=20, of=4, rules=RULES, slug="hack"):
    """A draft of an event in teams of four, with pair scores between many of its people."""
    event = make_cohort(make_programme(slug), slug, count, keys="hack")
    people = list(Participant.objects.filter(programme=event.programme).order_by("external_id"))
    roster = make_roster(event, *[people[start : start + of] for start in range(0, count, of)])
    named = [
        *rules,
        {"kind": "together", "people": [people[0].pk, people[1].pk]},
        {"kind": "apart", "people": [people[0].pk, people[5].pk]},
    ]
    TeamRules.objects.filter(pk=roster.rules_id).update(rules=named)
    draw = random.Random(1)
    ids = sorted(person.pk for person in people)
    pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1 :] if draw.random() < 0.3]
    TeamFit.objects.bulk_create(TeamFit(basis=roster.basis, a_id=a, b_id=b, points=draw.randint(1, 60)) for a, b in pairs)
    return fresh(roster), people


def fresh(roster):
    return Roster.objects.select_related("event__programme", "rules", "basis", "run").get(pk=roster.pk)


def engine(roster):
    """The engine's whole case and roster, from the database."""
    people = people_of(roster.event)
    asked = question(roster.rules.rules, people, private_pairs(roster.event, people))
    home = dict(Seat.objects.filter(roster=roster, participant__isnull=False).values_list("participant_id", "team__number"))
    return replace(asked.case, pair_scores=fits_between(roster.basis)), as_roster(roster.teams.count(), home)


def homes(roster):
    return dict(Seat.objects.filter(roster=roster, participant__isnull=False).values_list("participant_id", "team__number"))


@pytest.mark.parametrize("seed", range(4))
def test_every_move_is_scored_as_the_engine_scores_the_whole_roster_and_undo_leads_back(by, seed):
    roster, people = seated(rules=RULES if seed % 2 else [rule for rule in RULES if rule["kind"] != "balance"])
    Block.objects.create(programme=roster.event.programme, by=people[2], whom=people[9])
    draw, before = random.Random(seed), homes(roster)
    values = dict(enumerate(worth(*engine(roster)).teams, 1))
    for number, value in values.items():
        roster.teams.filter(number=number).update(value=value)
    for _ in range(22):
        case, now = engine(roster)
        person, number = draw.choice(people), draw.choice([None, *range(1, 6)])
        at = homes(roster).get(person.pk)
        others = [one for one, home in homes(roster).items() if home == number and one != person.pk]
        swap = draw.choice(others) if others and at != number and draw.random() < 0.4 else None
        wanted = Wanted(person.pk, number, at, swap)
        if at == number:
            assert roster_moves.move(roster=roster, wanted=wanted, by=by).score is None
            continue
        whole_move = score_move(case, now, Move(str(person.pk), number, str(swap) if swap else None))
        trial = roster_moves.move(roster=roster, wanted=wanted, by=by, trial=True)
        assert homes(roster).get(person.pk) == at, "a trial changes nothing"
        score = roster_moves.move(roster=roster, wanted=wanted, by=by).score
        assert (score.after, score.breaks, score.mends) == (trial.score.after, trial.score.breaks, trial.score.mends)
        changed = {n: score.after[n] - score.before[n] for n in score.after if score.after[n] != score.before[n]}
        assert changed == dict(whole_move.changed)
        ids = [[(one.rule, one.team, sorted(one.people)) for one in part] for part in (score.breaks, whole_move.breaks)]
        assert ids[0] == ids[1]
        case, now = engine(roster)
        assert [value for (value,) in roster.teams.order_by("number").values_list("value")] == list(worth(case, now).teams)
    assert check_invariants(roster.event) == []
    made = RosterMove.objects.filter(roster=roster).count()
    assert made >= 15
    for _ in range(made):
        assert roster_moves.undo(roster=roster, by=by)[1] == 1
    assert homes(roster) == before
    assert dict(roster.teams.values_list("number", "value")) == values
    assert roster_moves.undo(roster=roster, by=by)[1] == 0
    assert AuditEntry.objects.filter(action="roster.moved").count() == made


def test_a_rule_broken_by_hand_is_a_warning_with_its_reason_and_nobody_reads_who_is_private(by):
    roster, people = seated()
    Block.objects.create(programme=roster.event.programme, by=people[3], whom=people[4])
    done = roster_moves.move(roster=roster, wanted=Wanted(people[0].pk, 2, 1), by=by)
    assert {"together:0", "apart:0"} <= {one.rule for one in done.score.breaks}
    roster_moves.move(roster=roster, wanted=Wanted(people[3].pk, 2, 1), by=by)
    told = whole(with_measures(Roster.objects.select_related("basis")).get(pk=roster.pk), "en")
    sentences = {(one["team"], one["rule"]): one["sentence"] for one in told["warnings"]}
    assert sentences[None, len(RULES)] == f"{people[0].name} and {people[1].name} are in one team."
    assert sentences[2, len(RULES) + 1] == f"{people[0].name} and {people[5].name} are not in one team."
    assert sentences[2, 0] == "Each team has 3 to 5 people."
    assert [rule for _, rule in sentences if rule is None] == [], "nor whether somebody is: else each move would tell"
    with pytest.raises(Conflict, match="Team 2 holds two people who cannot be together"):
        rosters.publish(roster=roster, by=by)
    roster_moves.undo(roster=roster, by=by)
    assert rosters.publish(roster=roster, by=by).state == "published", "what breaks a rule of the facilitator's own is theirs to show"


def test_f17_the_second_of_two_facilitators_is_told_where_the_person_is_and_may_go_on(by):
    roster, people = seated()
    ada = people[0].pk
    roster_moves.move(roster=roster, wanted=Wanted(ada, 3, 1), by=by)
    with pytest.raises(Moved) as refused:
        roster_moves.move(roster=roster, wanted=Wanted(ada, 4, 1), by=make_user())
    assert refused.value.present == {"participant": ada, "team": 3, "version": 2, "moved_in_version": 2}
    assert homes(roster)[ada] == 3
    roster_moves.move(roster=roster, wanted=Wanted(people[4].pk, 4, 2), by=by)  # another person: no conflict
    done = roster_moves.move(roster=roster, wanted=Wanted(ada, 4, 1), by=by, anyway=True)
    assert (homes(roster)[ada], done.roster.version, done.roster.hand_version) == (4, 4, 4)


def test_locked_teams_are_left_alone_and_pins_follow_a_hand(by):
    roster, people = seated()
    roster_moves.pin(roster=roster, participant=people[0].pk, pinned=True, by=by)
    roster_moves.move(roster=roster, wanted=Wanted(people[0].pk, 2, 1), by=by)
    assert Seat.objects.get(roster=roster, participant=people[0]).pinned == 2
    roster_moves.lock(roster=roster, numbers=[1, 2], locked=True, by=by)
    for wanted in (Wanted(people[0].pk, 3, 2), Wanted(people[8].pk, 1, 3)):
        with pytest.raises(Conflict, match="is locked"):
            roster_moves.move(roster=roster, wanted=wanted, by=by)
    assert check_invariants(roster.event) == []
    assert roster_moves.undo(roster=roster, by=by, steps=4)[1] == 4
    assert (roster.teams.filter(locked=True).count(), Seat.objects.get(roster=roster, participant=people[0]).pinned) == (0, None)
    with pytest.raises(BadInput, match="no team 9"):
        roster_moves.lock(roster=roster, numbers=[1, 9], locked=True, by=by)
    assert roster.teams.filter(locked=True).count() == 0, "all of them, or none"


def test_t10_nobody_from_elsewhere_is_put_into_a_team(by):
    roster, _ = seated()
    other = make_cohort(make_programme("elsewhere"), "talk", 2)
    stranger = Participant.objects.filter(programme=other.programme).first()
    with pytest.raises(BadInput, match="takes no part"):
        roster_moves.move(roster=roster, wanted=Wanted(stranger.pk, 1, None), by=by)
    withdrawn = Participant.objects.get(programme=roster.event.programme, external_id="hack-007")
    joining.withdraw(registration=withdrawn.registrations.get(), by=by)
    with pytest.raises(BadInput, match="takes no part"):
        roster_moves.move(roster=roster, wanted=Wanted(withdrawn.pk, 1, None), by=by)
    assert check_invariants(roster.event) == []


def test_f16_a_newer_hand_move_is_not_published_over_unseen(by):
    shown, people = seated()
    rosters.publish(roster=shown, by=by)
    draft = make_roster(shown.event, people[:10], people[10:], base=shown, base_version=fresh(shown).version)
    roster_moves.move(roster=shown, wanted=Wanted(people[0].pk, 3, 1), by=by)
    with pytest.raises(Moved) as refused:
        rosters.publish(roster=fresh(draft), by=by)
    assert refused.value.present == {"roster": shown.pk, "version": 3, "moves": 1}
    assert fresh(shown).state == "published"
    roster_moves.undo(roster=shown, by=by)
    assert rosters.publish(roster=fresh(draft), by=by).state == "published"
    assert fresh(shown).state == "aside"
    assert Intent.objects.filter(kind="team", dedupe_key__startswith=f"roster:{draft.pk}:").count() == 20
    with pytest.raises(Conflict, match="set aside"):
        roster_moves.move(roster=shown, wanted=Wanted(people[0].pk, 3, 1), by=by)
    assert rosters.publish(roster=fresh(shown), by=by).state == "published", "a person may go back to an earlier one"
    assert check_invariants(shown.event) == []


def test_two_rosters_are_compared_person_by_person(by):
    one, people = seated()
    other = make_roster(one.event, people[:10], people[10:])
    measured = with_measures(Roster.objects.select_related("basis"))
    told = compared(measured.get(pk=one.pk), measured.get(pk=other.pk), "en")
    assert (told["one"]["measures"]["teams"], told["difference"]["teams"]) == (5, 3)
    assert {row["id"]: (row["one"], row["other"]) for row in told["moved"]}[people[19].pk] == (5, 2)
    assert len(told["moved"]) == 16
    assert told["one"]["measures"]["sectors_in_a_team"] == 4
    assert len(SECTORS) == 5


@pytest.mark.parametrize("wrong", ["pin", "stranger"])
def test_the_invariant_sees_what_is_wrong(by, wrong):
    roster, people = seated()
    assert check_invariants(roster.event) == []
    if wrong == "pin":
        Seat.objects.filter(roster=roster, participant=people[0]).update(pinned=4)
    else:
        people[0].registrations.update(state="refused")
    (found,) = check_invariants(roster.event)
    assert found.startswith("I7")
    assert str(people[0].pk) in found


def test_a_move_costs_the_same_queries_for_any_number_of_people(by):
    counts = []
    for number, count in enumerate((20, 60)):
        roster, people = seated(count, slug=f"hack-{number}")
        with CaptureQueriesContext(connection) as queries:
            roster_moves.move(roster=roster, wanted=Wanted(people[0].pk, 3, 1), by=by)
        counts.append(len(queries))
    assert counts[0] == counts[1]
