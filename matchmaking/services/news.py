"""Whether what was to be told is still true, and may be told by mail: looked at a moment before it is sent."""

from collections.abc import Sequence

from matchmaking.access import SUGGESTIONS
from matchmaking.models import Consent, Intent, Registration, Roster, TablePlan, User
from matchmaking.selectors.suggestions import shown

LATEST_COUNTS = ("suggestions", "reminder", "team", "tables", "moved")  # of several of a kind and event the last one tells it all
OF_SUGGESTIONS = ("suggestions", "reminder")


def still_news(user: User, intents: Sequence[Intent]) -> list[Intent]:
    """Those that the person agreed to get by mail and that nothing has overtaken, in their order; they are the person's own."""
    people = {intent.recipient_id for intent in intents}
    agreed = set(
        Consent.objects.filter(participant__in=people, purpose=Consent.Purpose.MAIL, withdrawn_at__isnull=True).values_list(
            "participant_id", flat=True
        )
    )
    here = Registration.objects.filter(participant__in=people, state=Registration.State.APPROVED)
    events = set(here.values_list("participant_id", "event_id"))
    allowed = [
        one for one in intents if one.recipient_id in agreed and (one.event_id is None or (one.recipient_id, one.event_id) in events)
    ]
    last = {(one.kind, one.event_id): one.pk for one in allowed}
    told = [one for one in allowed if one.kind not in LATEST_COUNTS or last[one.kind, one.event_id] == one.pk]
    return _not_overtaken(user, told)


def _not_overtaken(user: User, intents: list[Intent]) -> list[Intent]:
    """Without suggestions that are all answered, and without teams and tables that others have replaced."""
    waiting = set[int]()
    if any(one.kind in OF_SUGGESTIONS for one in intents):
        waiting = {row.event_id for row in shown(SUGGESTIONS.standings(user)) if row.state == "open"}
    rosters = _shown(Roster.State.PUBLISHED, Roster, intents, "roster")
    plans = _shown(TablePlan.State.PUBLISHED, TablePlan, intents, "plan")
    return [
        one
        for one in intents
        if not (one.kind in OF_SUGGESTIONS and one.event_id not in waiting)
        and not (one.data.get("roster") and one.data["roster"] not in rosters)
        and not (one.data.get("plan") and one.data["plan"] not in plans)
    ]


def _shown(published: str, model: type[Roster] | type[TablePlan], intents: Sequence[Intent], name: str) -> set[int]:
    wanted = {one.data[name] for one in intents if one.data.get(name)}
    return set(model.objects.filter(pk__in=wanted, state=published).values_list("pk", flat=True)) if wanted else set()
