"""Team runs: several rosters side by side, the rest formed anew around what is locked, a roster repaired."""

from matchmaking.errors import BadInput, Conflict
from matchmaking.models import Event, Roster, Run, RunKind, User
from matchmaking.services import runs, team_rules

SECONDS = (1, 60)
ALTERNATIVES = (1, 6)
SEED_LIMIT = 2**31


def form(
    *, event: Event, by: User | None, base: Roster | None = None, seconds: int = 5, alternatives: int = 3, seed: int = 0,
    shards: int | None = None,
) -> tuple[Run, bool]:  # fmt: skip
    """Ask for rosters of an event, or get the run that is active already; whether it is new.

    From a `base`, its locked teams and pins stay and the rest is formed anew.
    """
    return _ask(event, by, base, seconds, alternatives, seed, shards, repair=False)


def repair(*, roster: Roster, by: User | None, seconds: int = 5, seed: int = 0, shards: int | None = None) -> tuple[Run, bool]:
    """Ask for ways to mend a roster after people left or arrived, or a rule changed: fewest moves first."""
    if roster.state == Roster.State.ASIDE:
        raise Conflict("This roster was set aside. Work on the published one, or on a draft.")
    return _ask(roster.event, by, roster, seconds, 1, seed, shards, repair=True)


def _ask(
    event: Event, by: User | None, base: Roster | None, seconds: int, alternatives: int, seed: int, shards: int | None, *, repair: bool
) -> tuple[Run, bool]:
    limits = {"seconds": (seconds, SECONDS), "alternatives": (alternatives, ALTERNATIVES), "seed": (seed, (0, SEED_LIMIT))}
    for name, (value, (least, most)) in limits.items():
        if not least <= value <= most:
            raise BadInput("{name} has to be from {least} to {most}.", name=name, least=least, most=most)
    rules = team_rules.now_or_first(event, by=by)
    parameters = {
        "rules": rules.pk, "base": base.pk if base else None, "repair": repair,
        "seconds": seconds, "alternatives": alternatives, "seed": seed,
    }  # fmt: skip
    return runs.ask(event, kind=RunKind.TEAMS, by=by, parameters=parameters, shards=shards)
