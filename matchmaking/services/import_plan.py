"""What a row would do to the programme as it stands: compared value by value, nothing written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q

from matchmaking.engine.normalise import normalise
from matchmaking.models import Consent, Import, ImportRow, Participant, Proposal, Registration
from matchmaking.services.import_cells import Identity, Note, fold_id, note
from matchmaking.services.participants import OWN_FIELDS

PERSON = ("name", "mail", "phone", "telegram")
PROFILE = ("sector", "industries", "city", "country", "languages", "offers", "needs", "interests", "offer_text", "need_text", "about")
Outcome = ImportRow.Outcome
State = Registration.State


@dataclass(slots=True)
class Stored:
    """A participant as stored, with what decides about a row: registration, consent, proposals."""

    participant: Participant
    registration: Registration | None = None
    consents: list[Consent] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    trusted: bool = True  # an organiser's doing brought them in, or approved them somewhere

    @property
    def withdrew(self) -> bool:
        return bool(self.consents) and all(consent.withdrawn_at for consent in self.consents)


@dataclass(frozen=True, slots=True)
class Plan:
    """What saving the row writes. `changes` is {field: [stored, told]}; `registration` the state to come."""

    outcome: str
    changes: dict[str, list[Any]] = field(default_factory=dict)
    registration: str | None = None
    consent: bool = False
    notes: tuple[Note, ...] = ()


def stored(import_: Import, ids: Iterable[int], *, lock: bool = False) -> dict[int, Stored]:
    """These participants by id, in a fixed number of queries; locked, so that nobody is erased or edits meanwhile."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = Participant.objects.filter(pk__in=wanted).select_related("profile", "organisation")
    approved = Registration.objects.filter(participant=OuterRef("pk"), state=State.APPROVED)
    imported = ImportRow.objects.filter(participant=OuterRef("pk"), source__state__in=[Import.State.SAVING, Import.State.DONE])
    rows = rows.annotate(trusted=Exists(approved) | Exists(imported.exclude(source=import_)))
    if lock:
        rows = rows.order_by("pk").select_for_update(of=("self",))
    found = {row.pk: Stored(row, trusted=row.trusted) for row in rows if hasattr(row, "profile")}
    for registration in Registration.objects.filter(event=import_.event_id, participant__in=found) if import_.event_id else ():
        found[registration.participant_id].registration = registration
    for consent in Consent.objects.filter(participant__in=found, purpose=Consent.Purpose.SUGGESTIONS):
        found[consent.participant_id].consents.append(consent)
    _add_proposals(found)
    return found


def _add_proposals(found: dict[int, Stored]) -> None:
    claimed = [pk for pk, one in found.items() if one.participant.claimed_at]
    by_person = defaultdict[int, list[Proposal]](list)
    for proposal in Proposal.objects.filter(Q(decided_at__isnull=True) | Q(taken=False), participant__in=claimed) if claimed else ():
        by_person[proposal.participant_id].append(proposal)
    for pk, proposals in by_person.items():
        found[pk].proposals = proposals


def plan_new(import_: Import) -> Plan:
    registration = (State.APPROVED if import_.consent else State.INVITED) if import_.event_id else None
    return Plan(Outcome.NEW, registration=registration, consent=bool(import_.consent))


def plan(import_: Import, identity: Identity, values: Mapping[str, Any], one: Stored) -> Plan:
    """What the row changes about somebody who is there; of a claimed profile it can only propose."""
    changes = _changes(identity, values, one.participant)
    registration, notes = _registration(import_, one)
    consent = bool(import_.consent) and not one.consents
    if one.withdrew and import_.consent:
        notes += (note("The person has withdrawn the consent to suggestions; it stays withdrawn."),)
    outcome = Outcome.CHANGED if changes or registration or consent else Outcome.UNCHANGED
    if one.participant.claimed_at and changes:
        if changes.pop("mail", None):
            notes += (note("The person keeps the mail they sign in with; the one of the file is not used."),)
        changes = {name: pair for name, pair in changes.items() if name in OWN_FIELDS}
        wanted = {name: told for name, (_, told) in changes.items()}
        if wanted and wanted not in [proposal.changes for proposal in one.proposals]:
            outcome = Outcome.PROPOSED
        else:
            changes = {}
            outcome = Outcome.CHANGED if registration or consent else Outcome.UNCHANGED
    return Plan(outcome, changes, registration, consent, notes)


def _changes(identity: Identity, values: Mapping[str, Any], participant: Participant) -> dict[str, list[Any]]:
    changes: dict[str, list[Any]] = {}
    for name, told in values.items():
        if name in PERSON:
            now: Any = getattr(participant, name)
        elif name == "organisation":
            now = participant.organisation.name if participant.organisation else ""
        elif name in PROFILE:
            now = getattr(participant.profile, name)
        else:
            continue
        if not same(now, told):
            changes[name] = [now, told]
    adopts = identity.external_id and not participant.external_id and participant.claimed_at is None
    if adopts and fold_id(identity.external_id):
        changes["external_id"] = ["", identity.external_id]
        changes["key"] = [participant.key, identity.key]
    return changes


def same(one: Any, other: Any) -> bool:
    """Whether two values differ in spelling at most: case, ё, spaces."""
    if one == other:
        return True
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, str) and isinstance(other, str) and normalise(one) == normalise(other)


def _registration(import_: Import, one: Stored) -> tuple[str | None, tuple[Note, ...]]:
    """The state to come, None where it stays. Who asked to join by themselves waits for the organiser's own look."""
    if not import_.event_id:
        return None, ()
    agreed = bool(import_.consent) and not one.withdrew
    now = one.registration.state if one.registration else None
    waits = (note("The person has asked to join and waits for your approval."),)
    if now is None and agreed and one.participant.claimed_at and not one.trusted:
        return State.WAITING, waits
    if now is None:
        return (State.APPROVED if agreed else State.INVITED), ()
    if now == State.INVITED and agreed:
        return State.APPROVED, ()
    return None, (waits if now == State.WAITING and agreed else ())
