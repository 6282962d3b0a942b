"""A small cohort to run on, and runs computed in this process."""

import json

from django.db.models import F

from matchmaking.access import published_suggestions
from matchmaking.compute import shards
from matchmaking.models import Consent, Event, Organisation, Participant, Profile, Programme, Registration, Run, Shard
from matchmaking.selectors.exports import exported

SECTORS = ("authority", "education", "business", "creative", "civil society")
TERMS = ("Graphic design", "Fundraising", "Web development", "Event management", "Architecture", "Photography", "Mentoring", "Translation")
TEXTS = (
    "We look for a designer who draws posters for a school festival.",
    "Мы ищем партнёров для музея: фотографы, архитекторы, издатели.",
    "Wir bieten Räume für Werkstätten und suchen Mentoren.",
    "Прапануем пераклад і дапамогу з вэб-сайтамі для школ.",
)


def make_programme(slug: str = "city") -> Programme:
    return Programme.objects.create(slug=slug, name="Learning city")


def make_cohort(programme: Programme, slug: str, count: int = 40, *, keys: str = "", backwards: bool = False, **fields: object) -> Event:
    """An event with `count` approved and consenting people of five sectors, the same ones whenever it is made.

    `keys` is the beginning of their external ids; `backwards` registers them in the other order.
    """
    event = Event.objects.create(programme=programme, slug=slug, name=slug, **fields)
    people = []
    for number in range(count):
        organisation, _ = Organisation.objects.get_or_create(
            programme=programme, key=f"house {number // 2}", defaults={"name": f"House {number // 2}"}
        )
        key = f"{keys or slug}-{number:03}"
        people.append(Participant(programme=programme, organisation=organisation, external_id=key, key=f"x:{key}", name=f"Person {number}"))
    Participant.objects.bulk_create(reversed(people) if backwards else people)
    Profile.objects.bulk_create(
        Profile(
            participant=person,
            sector=SECTORS[number % 5],
            city=("Minsk", "Gomel", "Vitebsk")[number % 3],
            languages=[("be", "ru", "en", "de")[number % 4], "en"],
            offers=[TERMS[number % 8], TERMS[(number * 3 + 1) % 8]],
            needs=[TERMS[(number * 5 + 2) % 8]],
            offer_text=TEXTS[number % 4],
            need_text=TEXTS[(number + 1) % 4],
        )
        for number, person in enumerate(people)
    )
    registered = [Registration(event=event, participant=p, state=Registration.State.APPROVED) for p in people]
    Registration.objects.bulk_create(reversed(registered) if backwards else registered)
    Consent.objects.bulk_create(Consent(participant=p, purpose="suggestions", source="own") for p in people)
    return event


def compute_all(run: Run, *, reverse: bool = False) -> Run:
    """Compute a run in this process, shard by shard; `reverse` takes the shards of a stage in the other order."""
    while True:
        run.refresh_from_db()
        waiting = Shard.objects.filter(run=run, run_epoch=F("run__epoch"), state=Shard.State.WAITING, run__state__in=Run.ACTIVE)
        ids = list(waiting.order_by("-number" if reverse else "number").values_list("pk", flat=True))
        if not ids:
            return run
        for shard_id in ids:
            shards.run(shard_id=shard_id)


def shown(event: Event) -> set[int]:
    """Ids of the suggestions that the event shows."""
    return set(published_suggestions().filter(pair__event=event).values_list("pk", flat=True))


def export(event: Event) -> str:
    """What the event shows, as a file would say it, the ids of this database apart."""
    rows = list(exported(published_suggestions().filter(pair__event=event), "en"))
    for row in rows:
        del row["a"]["id"], row["b"]["id"]
    return json.dumps(rows, sort_keys=True)
