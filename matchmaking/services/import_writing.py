"""What rows of an import write, a batch at a time, within the transaction of `import_saving`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Count
from django.utils import timezone

from matchmaking.engine.normalise import normalise
from matchmaking.models import Consent, Import, ImportRow, Membership, Organisation, Participant, Profile, Project, Proposal, Registration
from matchmaking.services import import_plan, sectors
from matchmaking.services.import_cells import SHARED_MAIL, Identity, fold_id, identity_of, name_for, note, values_of
from matchmaking.services.import_index import Known
from matchmaking.services.import_people import reject
from matchmaking.services.import_plan import PERSON, PROFILE, Plan, Stored
from matchmaking.services.import_projects import FIELDS, outcome_of, stored_projects

KEY_CHARS = 300
AT_ONCE = 500
Outcome = ImportRow.Outcome
Planned = tuple[ImportRow, Identity, dict[str, Any], Plan, Stored | None]


class PeopleWriter:
    """Participants with profile, organisation, registration and consent."""

    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.words = sectors.words_of(import_.programme.sectors)
        self.known = Known(import_.programme)
        self._seen: set[int] = set()
        self._touched: set[int] = set()
        self._left: set[int] = set()
        self._counts = Counter[str]()

    def write(self, rows: Sequence[ImportRow]) -> list[ImportRow]:
        """Write these rows; those that can no longer be written come back."""
        rejected = [row for row in rows if not self._match(row)]
        planned = self._plan([row for row in rows if row not in rejected])
        organisations = self._organisations(planned)
        self._create([one for one in planned if one[4] is None], organisations)
        self._change([one for one in planned if one[4] is not None], organisations)
        self._register(planned)
        return rejected

    def finish(self) -> dict[str, int]:
        settle_sectors(self._touched)
        drop_empty(self._left)
        self._counts["linked"] = link_outsiders(self.import_, self.known)
        return dict(self._counts)

    def _match(self, row: ImportRow) -> bool:
        """Find out again whom the row is about: somebody may have joined since the preview."""
        identity = identity_of(row.cells)
        if row.participant_id is None:
            shared = any(problem["template"] == SHARED_MAIL for problem in row.problems)
            row.participant_id, problem = self.known.match(identity, shared_mail=shared)
            if problem:
                reject(row, problem)
                return False
        if row.participant_id in self._seen:
            reject(row, note("Another row is about the same participant."))
            return False
        if row.participant_id is not None:
            self._seen.add(row.participant_id)
        return True

    def _plan(self, rows: Sequence[ImportRow]) -> list[Planned]:
        stored = import_plan.stored(self.import_, [row.participant_id for row in rows if row.participant_id], lock=True)
        planned: list[Planned] = []
        for row in rows:
            identity = identity_of(row.cells)
            values, _ = values_of(row.cells, identity, self.words)
            one = stored.get(row.participant_id or 0)
            plan = import_plan.plan(self.import_, identity, values, one) if one else import_plan.plan_new(self.import_)
            planned.append((row, identity, values, plan, one))
        return planned

    def _organisations(self, planned: Sequence[Planned]) -> dict[str, int]:
        """The ids by key of the organisations that are written, made where they are new."""
        names: dict[str, str] = {}
        for _, _, values, plan, one in planned:
            if "organisation" in (values if one is None else plan.changes) and plan.outcome != Outcome.PROPOSED:
                key = normalise(values["organisation"])[:KEY_CHARS]
                names[key] = min(names.get(key, values["organisation"]), values["organisation"])
        names.pop("", None)
        stored = {row.key: row for row in Organisation.objects.filter(programme=self.import_.programme_id, key__in=names)}
        new = [Organisation(programme_id=self.import_.programme_id, key=k, name=name) for k, name in names.items() if k not in stored]
        Organisation.objects.bulk_create(new)
        for key, row in stored.items():
            # Of several spellings the same one stays, whichever came first.
            if names[key] < row.name and normalise(row.name)[:KEY_CHARS] == key:
                Organisation.objects.filter(pk=row.pk).update(name=names[key])
        return {row.key: row.pk for row in [*stored.values(), *new]}

    def _create(self, planned: Sequence[Planned], organisations: dict[str, int]) -> None:
        people, profiles = [], []
        for row, identity, values, plan, _ in planned:
            row.outcome = plan.outcome
            organisation = organisations.get(normalise(values.get("organisation", ""))[:KEY_CHARS])
            person = Participant(
                programme_id=self.import_.programme_id, organisation_id=organisation, key=identity.key, external_id=identity.external_id,
                **{**{name: values[name] for name in PERSON if name in values}, "name": name_for(values, identity.key)},
            )  # fmt: skip
            people.append(person)
            profiles.append(Profile(participant_id=person.pk, **{name: values[name] for name in PROFILE if name in values}))
            row.participant_id = person.pk
            self._touch(organisation)
            if identity.external_id:
                self.known.by_id[fold_id(identity.external_id)] = person.pk
        Participant.objects.bulk_create(people)
        Profile.objects.bulk_create(profiles)

    def _change(self, planned: Sequence[Planned], organisations: dict[str, int]) -> None:
        now = timezone.now()
        people, profiles, rows = [], [], []
        for row, identity, _, plan, one in planned:
            if one is None:
                continue
            changes, was = plan.changes, (row.outcome, row.key)
            if plan.outcome == Outcome.PROPOSED:
                self._propose(one, changes)
                changes = {}
            before = dict(changes)
            if changes:
                self._apply(one.participant, changes, organisations)
                one.participant.version += 1
                one.participant.profile.changed_at = now
                people.append(one.participant)
                profiles.append(one.participant.profile)
            if "external_id" in changes:
                self.known.by_id[fold_id(identity.external_id)] = one.participant.pk
            if plan.registration:
                before["registration"] = [one.registration.state if one.registration else None, plan.registration]
            if plan.consent:
                before["consent"] = [None, self.import_.consent]
            row.before, row.outcome = before or None, plan.outcome
            row.key = one.participant.key
            if before or was != (row.outcome, row.key):
                rows.append(row)
        upsert(Participant, people, "id", ["organisation", "key", "external_id", *PERSON, "version"])
        upsert(Profile, profiles, "participant", [*PROFILE, "changed_at"])
        upsert(ImportRow, rows, "id", ["before", "outcome", "participant", "key"])

    def _apply(self, participant: Participant, changes: dict[str, list[Any]], organisations: dict[str, int]) -> None:
        for name, (_, told) in changes.items():
            if name == "organisation":
                self._leave(participant.organisation_id)
                participant.organisation_id = organisations.get(normalise(told)[:KEY_CHARS])
            elif name in PROFILE:
                setattr(participant.profile, name, told)
            else:
                setattr(participant, name, told)
        if "sector" in changes or "organisation" in changes:
            self._touch(participant.organisation_id)

    def _propose(self, one: Stored, changes: dict[str, list[Any]]) -> None:
        """One open proposal per person: a newer file replaces what an older one proposed."""
        told = {name: value for name, (_, value) in changes.items()}
        open_ = Proposal.objects.filter(participant=one.participant, decided_at__isnull=True)
        if not open_.update(changes=told, source=self.import_):
            Proposal.objects.create(participant=one.participant, source=self.import_, changes=told)

    def _register(self, planned: Sequence[Planned]) -> None:
        new, moved, consents = [], defaultdict[str, list[int]](list), []
        for row, _, _, plan, one in planned:
            person, event = row.participant_id or 0, self.import_.event_id or 0
            if plan.registration and one is not None and one.registration:
                moved[plan.registration].append(one.registration.pk)
            elif plan.registration:
                new.append(Registration(event_id=event, participant_id=person, state=plan.registration))
            if plan.consent:
                consents.append(Consent(participant_id=person, purpose=Consent.Purpose.SUGGESTIONS, source=self.import_.consent))
        Registration.objects.bulk_create(new)
        for state, ids in moved.items():
            Registration.objects.filter(pk__in=ids).update(state=state)
        Consent.objects.bulk_create(consents)
        self._counts.update(registered=len(new) + sum(map(len, moved.values())), consents=len(consents))

    def _touch(self, organisation_id: int | None) -> None:
        if organisation_id:
            self._touched.add(organisation_id)

    def _leave(self, organisation_id: int | None) -> None:
        if organisation_id:
            self._left.add(organisation_id)


def upsert(model: Any, rows: Sequence[Any], key: str, fields: Sequence[str]) -> None:
    """Write these fields of rows that exist (and are locked): several times faster than CASE WHEN per field."""
    if rows:
        model.objects.bulk_create(rows, update_conflicts=True, unique_fields=[key], update_fields=list(fields))


def settle_sectors(organisation_ids: Iterable[int]) -> None:
    """Give organisations the sector most of their people name, else the first by name: the order of rows changes nothing."""
    ids = sorted(organisation_ids)
    for start in range(0, len(ids), AT_ONCE):
        rows = Profile.objects.filter(participant__organisation__in=ids[start : start + AT_ONCE])
        counted = rows.values_list("participant__organisation_id", "sector").annotate(count=Count("pk")).order_by()
        best: dict[int, tuple[bool, int, str]] = {}
        for organisation, sector, count in counted:
            rank = (sector == sectors.OTHER, -count, sector)
            best[organisation] = min(best.get(organisation, rank), rank)
        by_sector = defaultdict[str, list[int]](list)
        for organisation, (_, _, sector) in best.items():
            by_sector[sector].append(organisation)
        for sector, some in by_sector.items():
            Organisation.objects.filter(pk__in=some).exclude(sector=sector).update(sector=sector)


def drop_empty(organisation_ids: Iterable[int]) -> None:
    """Remove those organisations that nobody acts for any more."""
    ids = sorted(organisation_ids)
    for start in range(0, len(ids), AT_ONCE):
        Organisation.objects.filter(pk__in=ids[start : start + AT_ONCE], participants__isnull=True).delete()


def link_outsiders(import_: Import, known: Known) -> int:
    """Tie members of past projects, known by an external id alone, to the participants who now have it."""
    outsiders = Membership.objects.filter(project__programme=import_.programme_id, participant__isnull=True).only("id", "external_id")
    linked = 0
    batch: list[Membership] = []
    for membership in list(outsiders):
        membership.participant_id = known.by_id.get(fold_id(membership.external_id))
        if membership.participant_id:
            batch.append(membership)
    for start in range(0, len(batch), AT_ONCE):
        linked += Membership.objects.bulk_update(batch[start : start + AT_ONCE], ["participant"])
    return linked


class ProjectWriter:
    """Past projects with their members."""

    def __init__(self, import_: Import) -> None:
        self.import_ = import_
        self.known = Known(import_.programme)
        self._outsiders: set[str] = set()

    def write(self, rows: Sequence[ImportRow]) -> list[ImportRow]:
        stored = stored_projects(self.import_, [row.cells["id"] for row in rows])
        new: list[tuple[Project, ImportRow]] = []
        changed: list[tuple[Project, ImportRow]] = []
        for row in rows:
            now = stored.get(row.cells["id"])
            row.outcome = outcome_of(row.cells, now)
            if now is None:
                new.append((Project(programme_id=self.import_.programme_id, external_id=row.cells["id"]), row))
            elif row.outcome == Outcome.CHANGED:
                row.before = now[1]
                changed.append((now[0], row))
        for project, row in [*new, *changed]:
            fill(project, row.cells)
        Project.objects.bulk_create([project for project, _ in new])
        upsert(Project, [project for project, _ in changed], "id", FIELDS)
        upsert(ImportRow, list(rows), "id", ["before", "outcome"])
        Membership.objects.filter(project__in=[project for project, _ in changed]).delete()
        members = [member for project, row in [*new, *changed] for member in memberships(project, row.cells, self.known)]
        Membership.objects.bulk_create(members)
        self._outsiders.update(fold for row in rows for fold in row.cells["members"] if fold not in self.known.by_id)
        return []

    def finish(self) -> dict[str, int]:
        return {"outsiders": len(self._outsiders)}


def fill(project: Project, cells: dict[str, Any]) -> None:
    project.held_on = date.fromisoformat(cells["held_on"]) if cells["held_on"] else None
    project.group, project.tags, project.text = cells["group"], cells["tags"], cells["text"]


def memberships(project: Project, cells: dict[str, Any], known: Known) -> list[Membership]:
    return [
        Membership(project=project, participant_id=known.by_id.get(fold), external_id=external_id, lead=fold == cells["lead"])
        for fold, external_id in cells["members"].items()
    ]
