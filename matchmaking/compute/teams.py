"""Runs of teams: several rosters for an event's rules, or ways to repair one; or the rules that cannot hold together.

They end as drafts, whatever was published meanwhile: a person publishes, and no hand move is ever overwritten.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db.models.functions import Now

from matchmaking.compute.suggestions import Left, code_version
from matchmaking.compute.team_question import PAIRING, alternative, asked, case_of, decode, encode, fits_of, leaning
from matchmaking.compute.team_rows import write
from matchmaking.engine import joiners, pipeline
from matchmaking.engine.records import Cohort, Idea
from matchmaking.engine.teams import bounds, door
from matchmaking.engine.teams.form import certify
from matchmaking.engine.teams.measure import worth
from matchmaking.engine.teams.outcome import Conflict, Outcome
from matchmaking.engine.teams.rules import Case
from matchmaking.engine.teams.said import Said, dumped
from matchmaking.engine.teams.words import conflict as said_conflict
from matchmaking.errors import Infeasible
from matchmaking.models import Artefact, Run, Stage
from matchmaking.selectors import records
from matchmaking.selectors.learning import active_weights
from matchmaking.selectors.team_cases import Question, skill_id
from matchmaking.services import shards, trail
from matchmaking.services.caches import VectorMemory
from matchmaking.services.shards import Claim

WAYS_OUT_S = 5.0  # for the cheapest changes after which a roster exists
TEAMS_JOINED = 200  # of all alternatives; for more of them, who is missing is not looked for
MISSING = 5  # people told for each team
LACKS = 12  # of a team that are looked for


def snapshot(run: Run, claim: Claim) -> Left:
    """The event, its rules and the roster to start from, as they are now."""
    learned = active_weights(run.event.programme_id)
    cohort = pipeline.order(records.cohort_of(run.event, learned))
    if not cohort.profiles:
        raise Infeasible("Nobody takes part in this event yet, so there are no teams to form.")
    keys = {pk: key for key, pk in records.ids_of_keys(run.event, [profile.key for profile in cohort.profiles]).items()}
    content = encode(asked(run, keys), cohort)
    facts = {"fingerprint": hashlib.sha256(content).hexdigest(), "code_version": code_version(), "learned": learned}
    ranges = pipeline.row_ranges(len(cohort.profiles), run.shard_count)
    return Left(content, ranges, lambda run: Run.objects.filter(pk=run.pk).update(**facts))


def vectors(run: Run, claim: Claim) -> Left:
    _, cohort = _inputs(run)
    ranges = pipeline.row_ranges(len(cohort.profiles), run.shard_count)
    return Left(pipeline.vectorise_rows(cohort, claim.start, claim.stop, VectorMemory()), ranges)


def candidates(run: Run, claim: Claim) -> Left:
    """Who suits whom; then a shard for each alternative."""
    _, cohort = _inputs(run)
    found = pipeline.candidates_rows(_space(run, cohort), cohort, PAIRING, claim.start, claim.stop)
    return Left(found, [(number, number + 1) for number in range(run.parameters["alternatives"])])


def teams(run: Run, claim: Claim) -> Left:
    """One alternative; in a repair, all the options there are."""
    question, seconds = _question(run), float(run.parameters["seconds"])
    emphasis, seed = alternative(claim.start, int(run.parameters["seed"]))
    if question.case.current is not None:
        outcomes, emphasis = door.repair(question.case, seconds, seed), ""
    else:
        outcomes = [door.form(leaning(question.case, emphasis), seconds, seed)]
    told: dict[str, Any] = {"rosters": [_told(question.case, one, emphasis) for one in outcomes if one.roster]}
    told["cut"] = any(one.cut for one in outcomes)
    if (found := outcomes[0].conflict) is not None:
        told["conflict"] = _conflict(question, found, seed) if claim.number == 0 else {}
    return Left(json.dumps(told, sort_keys=True).encode(), [(0, 0)])


def _told(case: Case, outcome: Outcome, emphasis: str) -> dict[str, Any]:
    """A roster with what is proved of it. What was looked for with another emphasis is judged like all others."""
    certificate, said = outcome.certificate, outcome.said
    if emphasis:
        certificate = certify(total := worth(case, outcome.roster).total, bounds.upper(case), False)
        proof = Said.of(certificate.proof.value, gap=f"{100 * (certificate.gap or 0):.1f}")
        said = Said.of("found", value=float(total), proof=proof, cut=Said.of("cut") if outcome.cut else "")
    facts = asdict(certificate) if certificate else {}
    return {"teams": outcome.roster, "emphasis": emphasis, "certificate": facts, "said": dumped(said)}


def _conflict(question: Question, found: Conflict, seed: int) -> dict[str, Any]:
    """Which of the facilitator's rules cannot hold together, in words, and the ways out that touch nothing private."""
    private, origins = question.private, question.told.origins
    ways = [one for one in door.relaxations(question.case, found, WAYS_OUT_S, seed) if not private & set(one.drops)]
    return {
        "said": dumped(said_conflict(question.case, found.rules, private)),
        "rules": sorted({origins[name] for name in found.rules if name in origins}),
        "minimal": found.minimal,
        "of_rules": question.told.count,
        "ways_out": [{"said": dumped(one.said), "drops": sorted({origins[x] for x in one.drops if x in origins})} for one in ways],
    }


def finish(run: Run, claim: Claim) -> Left:
    """Writes the drafts, with who is missing in each team; and the run is done."""
    question, (taken, cohort) = _question(run), _inputs(run)
    parts = [json.loads(part) for part in shards.artefacts(run, Stage.TEAMS)]
    found = {json.dumps(one["teams"]): one for part in reversed(parts) for one in reversed(part["rosters"])}
    rosters = list(reversed(found.values()))
    missing = _missing(run, question.case, cohort, rosters)
    fingerprint = pipeline.fingerprint(cohort, PAIRING)

    def also(held: Run) -> None:
        written = write(held, question.case, rosters, missing, fingerprint, base_version=taken.version)
        measures = {"participants": len(cohort.profiles), "alternatives": written, "cut": any(part["cut"] for part in parts)}
        if conflict := next((part["conflict"] for part in parts if part.get("conflict")), None):
            measures["conflict"] = _with_ids(conflict, records.ids_of_keys(held.event, [one.key for one in cohort.profiles]))
        _done(held, measures)

    return Left(None, (), also)


STAGES: dict[str, Callable[[Run, Claim], Left]] = {
    Stage.SNAPSHOT: snapshot,
    Stage.VECTORS: vectors,
    Stage.CANDIDATES: candidates,
    Stage.TEAMS: teams,
    Stage.FINISH: finish,
}


def _missing(run: Run, case: Case, cohort: Cohort, rosters: list[dict[str, Any]]) -> dict[tuple[int, int], list[joiners.Joiner]]:
    """For each roster and team number, who outside it brings most of what it lacks."""
    if sum(len(one["teams"]) for one in rosters) > TEAMS_JOINED:
        return {}
    search = joiners.Search(_space(run, cohort), cohort, PAIRING)
    return {
        (at, number): search.best(_as_idea(case, cohort, at, number, team), MISSING)
        for at, one in enumerate(rosters)
        for number, team in enumerate(one["teams"], 1)
    }


def _as_idea(case: Case, cohort: Cohort, at: int, number: int, team: list[str]) -> Idea:
    """A team that seeks what it lacks: skills that are wished for, and what its people look for and none of them offers."""
    there = {skill for person in case.people if person.id in team for skill in person.skills}
    needs = sorted({need for profile in cohort.profiles if profile.key in team for need in profile.needs})
    lacks = [skill for skill in case.value.skills_wanted if skill not in there]
    lacks += [need for need in needs if skill_id(need) not in there]
    return Idea(f"team:{at}:{number}", tuple(dict.fromkeys(lacks))[:LACKS], "", tuple(team))


def _with_ids(value: Any, ids: dict[str, int]) -> Any:
    """What is said, with people by their ids in place of their keys."""
    if isinstance(value, dict):
        return {
            name: [str(ids[key]) for key in part if key in ids] if name == "people" and isinstance(part, list) else _with_ids(part, ids)
            for name, part in value.items()
        }
    return [_with_ids(part, ids) for part in value] if isinstance(value, list) else value


def _done(run: Run, measures: dict[str, Any]) -> None:
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE, measures=measures, finished_at=Now())
    Artefact.objects.filter(run=run).delete()
    trail.record("run.done", run, actor=None, event=run.event)


def _inputs(run: Run) -> tuple[Any, Cohort]:
    (content,) = shards.artefacts(run, Stage.SNAPSHOT)
    return decode(content)


def _question(run: Run) -> Question:
    question, cohort = _inputs(run)
    return case_of(question, cohort, fits_of(shards.artefacts(run, Stage.CANDIDATES), cohort))


def _space(run: Run, cohort: Cohort) -> pipeline.Space:
    return pipeline.merge_vectors(cohort, shards.artefacts(run, Stage.VECTORS))
