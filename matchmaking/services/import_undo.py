"""Taking an import back: its new participants vanish, its changes return to what stood there, as far as nobody relies on them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from matchmaking.errors import Conflict
from matchmaking.models import (
    Block,
    Consent,
    Idea,
    Import,
    ImportRow,
    Introduction,
    Membership,
    Participant,
    Profile,
    Programme,
    Project,
    Proposal,
    Registration,
    Response,
    User,
)
from matchmaking.services import consents, import_plan, rosters, trail
from matchmaking.services.import_cells import note
from matchmaking.services.import_index import Known
from matchmaking.services.import_plan import PERSON, PROFILE, Stored, same
from matchmaking.services.import_projects import stored_projects
from matchmaking.services.import_reading import BATCH
from matchmaking.services.import_writing import drop_empty, fill, memberships, settle_sectors, upsert
from matchmaking.services.participants import organisation_for

Outcome = ImportRow.Outcome
KEPT = {
    "claimed": note("The participant has confirmed the profile; it stays."),
    "answered": note("The participant has answered a suggestion; it stays."),
    "registered": note("The participant is registered for another event, or was there; it stays."),
    "imported": note("Another import lists the participant too; it stays."),
    "used": note("The participant leads an idea, blocked somebody, or gave a consent; it stays."),
    "touched": note("Changed again since the import: {fields}. That stays."),
}  # fmt: skip


@transaction.atomic
def take_back(*, import_: Import, by: User | None) -> Import:
    """Undo what the import saved; rows whose effect stays say why. Doing it again changes nothing."""
    rows = Import.objects.filter(pk=import_.pk, state=Import.State.DONE)
    if rows.update(state=Import.State.TAKEN_BACK, epoch=F("epoch") + 1) != 1:
        import_.refresh_from_db()
        if import_.state == Import.State.TAKEN_BACK:
            return import_
        raise Conflict("Only an import that was saved can be taken back; this one is “{state}”.", state=import_.state)
    import_.refresh_from_db()
    Programme.objects.select_for_update(no_key=True).get(pk=import_.programme_id)
    undo = _People(import_) if import_.kind == Import.Kind.PARTICIPANTS else _Projects(import_)
    last = -1
    done = ImportRow.objects.filter(source=import_, outcome__in=[Outcome.NEW, Outcome.CHANGED, Outcome.PROPOSED]).order_by("number")
    while batch := list(done.filter(number__gt=last)[:BATCH]):
        last = batch[-1].number
        undo.rows(batch)
    undo.finish()
    counts = {**import_.counts, **undo.counts}
    Import.objects.filter(pk=import_.pk).update(counts=counts, finished_at=Now())
    trail.record("taken back", import_, actor=by, programme=import_.programme_id, event=import_.event, **undo.counts)
    import_.refresh_from_db()
    return import_


class _People:
    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.counts = Counter(removed=0, restored=0, kept=0)
        self._organisations: set[int] = set()

    def rows(self, batch: Sequence[ImportRow]) -> None:
        ids = [row.participant_id for row in batch if row.participant_id]
        # registrations before people: the order in which rosters are left
        list(Registration.objects.filter(participant__in=ids).select_for_update().order_by("pk").values_list("pk", flat=True))
        stored = import_plan.stored(self.import_, ids, lock=True)
        here = [(row, stored[row.participant_id]) for row in batch if row.participant_id in stored]
        self._remove([(row, one) for row, one in here if row.outcome == Outcome.NEW])
        self._restore([(row, one) for row, one in here if row.outcome != Outcome.NEW])

    def finish(self) -> None:
        Proposal.objects.filter(source=self.import_, decided_at__isnull=True).delete()
        settle_sectors(self._organisations)
        drop_empty(self._organisations)

    def _remove(self, rows: Sequence[tuple[ImportRow, Stored]]) -> None:
        people = [one.participant for _, one in rows]
        why = _needed(self.import_, [person.pk for person in people])
        gone = [person for person in people if person.pk not in why]
        seated = Participant.objects.filter(Q(seats__isnull=False) | Q(table_seats__isnull=False), pk__in=[person.pk for person in gone])
        for person in seated.order_by("pk").distinct():
            rosters.leave(person)
        Membership.objects.filter(participant__in=gone).update(participant=None)
        self._organisations.update(person.organisation_id for person in gone if person.organisation_id)
        ImportRow.objects.filter(source=self.import_, participant__in=gone).update(participant=None, key="", problems=[])
        Participant.objects.filter(pk__in=[person.pk for person in gone]).delete()
        self.counts.update(removed=len(gone))
        for row, one in rows:
            if one.participant.pk in why:
                self._keep(row, KEPT[why[one.participant.pk]])

    def _restore(self, rows: Sequence[tuple[ImportRow, Stored]]) -> None:
        for row, one in rows:
            before = row.before or {}
            if not before:
                continue
            touched = [name for name, pair in before.items() if not self._put_back(name, pair, one)]
            one.participant.version += 1
            shown = sorted(set(touched) - {"key"})
            if shown:
                template = KEPT["touched"]["template"]
                self._keep(row, note(template, fields=", ".join(shown)))
            else:
                self.counts.update(restored=1)
        people = [one.participant for row, one in rows if row.before]
        upsert(Participant, people, "id", ["organisation", "key", "external_id", *PERSON, "version"])
        upsert(Profile, [person.profile for person in people], "participant", [*PROFILE, "changed_at"])

    def _put_back(self, name: str, pair: Sequence[Any], one: Stored) -> bool:
        """Write the former value, if what the import wrote still stands."""
        former, written = pair
        person = one.participant
        if name == "registration":
            return self._unregister(former, written, one)
        if name == "consent":
            gone = Consent.objects.filter(participant=person, source=written, withdrawn_at__isnull=True).delete()[0]
            if gone:
                consents.drop_suggestions(person)
                rosters.leave(person)
            return bool(gone)
        if name == "organisation":
            return self._former_organisation(former, written, person)
        target: Any = person.profile if name in PROFILE else person
        if not same(getattr(target, name), written):
            return False
        setattr(target, name, former)
        if name == "sector":
            self._touch(person.organisation_id)
        return True

    def _former_organisation(self, former: str, written: str, person: Participant) -> bool:
        now = person.organisation.name if person.organisation else ""
        if not same(now, written):
            return False
        self._touch(person.organisation_id)
        person.organisation = organisation_for(self.import_.programme, former, sector=person.profile.sector)
        self._touch(person.organisation_id)
        return True

    def _touch(self, organisation_id: int | None) -> None:
        if organisation_id:
            self._organisations.add(organisation_id)

    def _unregister(self, former: str | None, written: str, one: Stored) -> bool:
        rows = Registration.objects.filter(event=self.import_.event_id, participant=one.participant)
        rows = rows.filter(state=written, checked_in_at__isnull=True)
        answered = Response.objects.filter(participant=one.participant, pair__event=self.import_.event_id).exists()
        if answered or not rows.exists():
            return False
        consents.drop_suggestions(one.participant, event=self.import_.event)
        rosters.leave(one.participant, event=self.import_.event)
        return bool(rows.update(state=former) if former else rows.delete()[0])

    def _keep(self, row: ImportRow, why: dict[str, Any]) -> None:
        self.counts.update(kept=1)
        ImportRow.objects.filter(pk=row.pk).update(problems=[*row.problems, why])


def _needed(import_: Import, ids: Sequence[int]) -> dict[int, str]:
    """Of these participants those who stay, and why: in few queries, the strongest reason last."""
    among = Participant.objects.filter(pk__in=ids)
    listed = ImportRow.objects.filter(source__state__in=[Import.State.DONE, Import.State.SAVING]).exclude(source=import_)
    elsewhere = Registration.objects.exclude(event=import_.event_id) if import_.event_id else Registration.objects.all()
    there = Registration.objects.filter(checked_in_at__isnull=False)
    introduced = Introduction.objects.all()
    reasons = {
        "imported": Q(pk__in=listed.filter(participant__in=ids).values("participant_id")),
        "used": Q(pk__in=Idea.objects.filter(lead__in=ids).values("lead_id"))
        | Q(pk__in=Block.objects.filter(by__in=ids).values("by_id"))
        | Q(pk__in=Consent.objects.filter(participant__in=ids).exclude(source=import_.consent).values("participant_id")),
        "registered": Q(pk__in=elsewhere.filter(participant__in=ids).values("participant_id"))
        | Q(pk__in=there.filter(participant__in=ids).values("participant_id")),
        "answered": Q(pk__in=Response.objects.filter(participant__in=ids).values("participant_id"))
        | Q(pk__in=introduced.filter(pair__a__in=ids).values("pair__a_id"))
        | Q(pk__in=introduced.filter(pair__b__in=ids).values("pair__b_id")),
        "claimed": Q(claimed_at__isnull=False) | Q(user__isnull=False),
    }
    return {pk: why for why, condition in reasons.items() for pk in among.filter(condition).values_list("pk", flat=True)}


class _Projects:
    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.known = Known(import_.programme)
        self.counts = Counter(removed=0, restored=0, kept=0)

    def rows(self, batch: Sequence[ImportRow]) -> None:
        stored = stored_projects(self.import_, [row.key.removeprefix("p:") for row in batch])
        new = [row.key.removeprefix("p:") for row in batch if row.outcome == Outcome.NEW]
        later = _later_projects(self.import_, [row.key for row in batch])
        for row in batch:
            project = stored.get(row.key.removeprefix("p:"))
            if project is not None and row.key in later:
                self.counts.update(kept=1)
                ImportRow.objects.filter(pk=row.pk).update(problems=[*row.problems, KEPT_PROJECT])
            elif project is not None and row.outcome == Outcome.CHANGED and row.before:
                self._restore(project[0], row.before)
        gone = [stored[pk][0].pk for pk in new if pk in stored and f"p:{pk}" not in later]
        Project.objects.filter(pk__in=gone).delete()
        self.counts.update(removed=len(gone))

    def finish(self) -> None:
        """Nothing else hangs on projects."""

    def _restore(self, project: Project, before: dict[str, Any]) -> None:
        fill(project, before)
        project.save()
        Membership.objects.filter(project=project).delete()
        Membership.objects.bulk_create(memberships(project, before, self.known))
        self.counts.update(restored=1)


KEPT_PROJECT = note("A later import lists the project too; it stays as it is.")


def _later_projects(import_: Import, keys: Sequence[str]) -> set[str]:
    """Of these projects those that an import saved since lists too."""
    others = ImportRow.objects.filter(source__programme=import_.programme_id, source__state=Import.State.DONE, key__in=keys)
    others = others.filter(source__finished_at__gt=import_.finished_at)
    return set(others.exclude(source=import_).values_list("key", flat=True))
