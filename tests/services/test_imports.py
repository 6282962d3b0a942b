"""Imports: the preview says what would happen, the confirmation does it, the taking back undoes it."""

import gzip
import io
import json
import random
import subprocess
import sys
from datetime import date

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from matchmaking.engine.encoding import fingerprint
from matchmaking.engine.parameters import Parameters
from matchmaking.errors import BadInput, Conflict
from matchmaking.models import (
    AuditEntry,
    Consent,
    Event,
    Import,
    ImportFile,
    ImportRow,
    Membership,
    Organisation,
    Participant,
    Profile,
    Programme,
    Project,
    Proposal,
    Registration,
    Response,
)
from matchmaking.selectors import records
from matchmaking.services import import_lease, imports
from matchmaking.services.languages import codes_in
from matchmaking.services.sectors import fold, words_of
from tests.conftest import ROOT, SHARED
from tests.factories import make_event, make_participant, make_programme, make_published_run, make_roster, make_suggestion, make_user

pytestmark = pytest.mark.django_db
HEADER = "External ID,Name,Mail,Organisation,Sector,City,Languages,We offer,We look for\n"
ADA = "P1,Ada,ada@example.org,School No 5,education,Minsk,be;ru;en,lessons; halls,designers\n"
BEN = "P2,Ben,ben@example.org,Studio,creative industries,Gomel,русский,posters,halls\n"
FORM = "Registration form of 1 May: “Yes, suggest partners to me.”"


@pytest.fixture
def event() -> Event:
    return make_event()


def begin(
    event: Event, content: str | bytes, *, consent: str = FORM, kind: str = "participants", name: str = "people.csv", **options
) -> Import:
    data = content.encode() if isinstance(content, str) else content
    import_ = imports.begin(
        programme=event.programme, event=event, file=io.BytesIO(data), name=name, kind=kind, consent=consent, by=None, **options
    )
    imports.read(import_id=import_.pk)
    import_.refresh_from_db()
    return import_


def run_through(event: Event, content: str | bytes, *, skip_bad_rows: bool = False, **options) -> Import:
    import_ = begin(event, content, **options)
    assert import_.state == Import.State.PREVIEW, import_.failure
    imports.confirm(import_=import_, by=None, skip_bad_rows=skip_bad_rows)
    imports.save(import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == Import.State.DONE, import_.failure
    return import_


def outcomes(import_: Import) -> dict[str, int]:
    return {name: import_.counts[name] for name in ImportRow.Outcome.values if import_.counts[name]}


def problems(import_: Import) -> dict[int, list[str]]:
    rows = import_.rows.order_by("number").values_list("number", "problems")
    return {number: [told["template"].format_map(told["params"]) for told in notes] for number, notes in rows if notes}


def people() -> list[tuple]:
    return list(Participant.objects.order_by("key").values_list("key", "name", "mail", "organisation__name", "organisation__sector"))


# --- what is saved ----------------------------------------------------------------------------------------------------
def test_t81_nothing_is_saved_before_the_confirmation_and_all_of_it_after(event):
    import_ = begin(event, HEADER + ADA + BEN)
    assert (import_.state, outcomes(import_)) == (Import.State.PREVIEW, {"new": 2})
    assert not Participant.objects.exists()
    assert not Organisation.objects.exists()
    imports.confirm(import_=import_, by=None)
    imports.save(import_id=import_.pk)
    assert people() == [
        ("x:P1", "Ada", "ada@example.org", "School No 5", "education"),
        ("x:P2", "Ben", "ben@example.org", "Studio", "creative"),
    ]
    ada = Profile.objects.get(participant__name="Ada")
    assert (ada.sector, ada.city, ada.languages, ada.offers, ada.needs) == (
        "education", "Minsk", ["be", "ru", "en"], ["lessons", "halls"], ["designers"],
    )  # fmt: skip
    assert set(Registration.objects.values_list("event", "state")) == {(event.pk, "approved")}
    assert set(Consent.objects.values_list("purpose", "source")) == {("suggestions", FORM)}
    actions = AuditEntry.objects.filter(noun="import").order_by("created_at").values_list("action", flat=True)
    assert list(actions) == ["begun", "read", "confirmed", "saved"]
    assert not ImportFile.objects.exists()
    assert set(ImportRow.objects.values_list("participant__name")) == {("Ada",), ("Ben",)}
    assert all(row.cells == {} for row in ImportRow.objects.all()), "what was saved stands with the participants alone"


def test_p4_without_stated_consent_people_are_only_invited(event):
    run_through(event, HEADER + ADA, consent="")
    assert [r.state for r in Registration.objects.all()] == ["invited"]
    assert not Consent.objects.exists()
    run_through(event, HEADER + ADA, consent=FORM)
    assert [r.state for r in Registration.objects.all()] == ["approved"]
    assert Consent.objects.get().source == FORM


def test_p4_a_withdrawn_consent_stays_withdrawn(event):
    run_through(event, HEADER + ADA)
    Consent.objects.update(withdrawn_at=timezone.now())
    other = make_event(event.programme)
    import_ = run_through(other, HEADER + ADA)
    assert Consent.objects.filter(withdrawn_at__isnull=True).count() == 0
    assert Registration.objects.get(event=other).state == "invited"
    assert problems(import_)[2] == ["The person has withdrawn the consent to suggestions; it stays withdrawn."]


def test_a_person_who_withdrew_from_the_event_or_waits_for_approval_stays_so(event):
    run_through(event, HEADER + ADA + BEN)
    Registration.objects.filter(participant__name="Ada").update(state="withdrawn")
    Registration.objects.filter(participant__name="Ben").update(state="waiting")
    run_through(event, HEADER + ADA + BEN)
    assert dict(Registration.objects.values_list("participant__name", "state")) == {"Ada": "withdrawn", "Ben": "waiting"}


def test_somebody_who_joined_under_a_mail_of_the_list_waits_for_the_organisers_look(event):
    user = make_user(mail="ada@example.org")
    joined = make_participant(event.programme, user=user, external_id="", mail="ada@example.org", key="m:own", claimed_at=timezone.now())
    run_through(event, "Name,Mail\nAda,ada@example.org\n")
    assert Registration.objects.get(participant=joined).state == "waiting"


# --- the same again ---------------------------------------------------------------------------------------------------
def test_t78_the_same_file_again_changes_nothing(event):
    run_through(event, HEADER + ADA + BEN)
    versions = list(Participant.objects.values_list("pk", "version"))
    assert outcomes(run_through(event, HEADER + ADA + BEN)) == {"unchanged": 2}
    assert list(Participant.objects.values_list("pk", "version")) == versions


def test_t78_other_case_yo_and_spaces_change_nothing(event):
    run_through(event, "Name,Mail,Organisation,City\nПётр Ёлкин,Petr@Example.org,Школа «Берёзка»,Орёл\n")
    again = run_through(event, "Name,Mail,Organisation,City\nпетр  елкин,PETR@example.ORG ,школа «березка»,орел\n")
    assert outcomes(again) == {"unchanged": 1}
    assert people() == [(people()[0][0], "Пётр Ёлкин", "petr@example.org", "Школа «Берёзка»", "other")]


def test_t78_repeated_rows_are_listed_with_the_row_they_repeat(event):
    import_ = begin(event, "External ID,Name,Mail\nP1,Ada,\np1 ,Ada,\n,Zoë,zoe@example.org\n,ZOË,ZOE@example.org\n,Ёля,\n,еля,\n")
    assert outcomes(import_) == {"new": 3, "duplicate": 3}
    for number, notes in problems(import_).items():
        counting = {2: 3, 3: 2, 4: 5, 5: 4, 6: 7, 7: 6}[number]
        assert notes == [f"Repeats row {counting}, which is the one that counts."]


def test_t78_of_repeated_rows_the_fullest_counts_and_the_external_id_is_never_lost(event):
    rows = ["P1,Ada,ada@example.org,", "P1,Ada,ada@example.org,Minsk", ",Ada Long Name,ada@example.org,Minsk"]
    for order in (rows, rows[::-1]):
        import_ = begin(event, "External ID,Name,Mail,City\n" + "\n".join(order) + "\n")
        counting = import_.rows.get(outcome="new")
        assert (counting.key, counting.cells["city"], outcomes(import_)) == ("x:P1", "Minsk", {"new": 1, "duplicate": 2})


def test_a_mail_leads_to_the_person_and_the_external_id_is_taken_over(event):
    run_through(event, "Name,Mail\nAda,ada@example.org\n")
    before = Participant.objects.get()
    assert before.key.startswith("m:")
    assert outcomes(run_through(event, "External ID,Mail,City\nP1,ADA@example.org,Minsk\n")) == {"changed": 1}
    after = Participant.objects.get()
    assert (after.pk, after.key, after.external_id, after.profile.city, after.name) == (before.pk, "x:P1", "P1", "Minsk", "Ada")
    assert outcomes(run_through(event, "Name,Mail\nAda,ada@example.org\n")) == {"unchanged": 1}
    assert outcomes(run_through(event, "External ID,Name,City\np1,Ada,Minsk\n")) == {"unchanged": 1}


def test_a_shared_mail_is_two_people_where_each_has_an_external_id(event):
    import_ = run_through(event, "External ID,Name,Mail\nP1,Ada,info@example.org\nP2,Ben,info@example.org\n")
    assert outcomes(import_) == {"new": 2}
    assert problems(import_) == {n: ["Several participants have this mail, each with an External ID of their own."] for n in (2, 3)}
    refused = begin(event, "Name,Mail\nAda,info@example.org\n")
    assert outcomes(refused) == {"rejected": 1}
    assert "Give the row the External ID" in problems(refused)[2][0]


def test_an_empty_cell_erases_nothing(event):
    run_through(event, HEADER + ADA)
    assert outcomes(run_through(event, "External ID,Name,City,We offer\nP1,Ada,,\n")) == {"unchanged": 1}
    assert Profile.objects.get().city == "Minsk"


def test_shuffled_rows_make_the_same_records(event):
    sectors, spellings = ["education", "business", "other", "creative"], ["Haus Eins", "HAUS EINS", "haus  eins", "Двор", "двор"]
    draw = random.Random(7)
    rows = [
        f"{f'P{n}' if n % 3 else ''},Person {n},p{n}@example.org,{draw.choice(spellings)},{draw.choice(sectors)},Minsk,be,offer {n},x\n"
        for n in range(60)
    ]
    rows += [f"P{n},Person {n},,,,Gomel,,,\n" for n in (1, 2, 4)]
    seen = []
    for _ in range(3):
        draw.shuffle(rows)
        programme = make_programme()
        one = make_event(programme)
        run_through(one, HEADER + "".join(rows))
        organisations = sorted(Organisation.objects.filter(programme=programme).values_list("key", "name", "sector"))
        seen.append((fingerprint(records.cohort_of(one), Parameters()), organisations))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][1]) == 2


# --- claimed profiles -------------------------------------------------------------------------------------------------
def claimed(event: Event) -> Participant:
    run_through(event, HEADER + ADA)
    Participant.objects.update(claimed_at=timezone.now(), user=make_user())
    return Participant.objects.get()


def test_t79_a_claimed_profile_is_not_overwritten_its_owner_gets_one_open_proposal(event):
    ada = claimed(event)
    changed = ADA.replace("Minsk", "Vitebsk").replace("ada@example.org", "new@example.org")
    import_ = run_through(event, HEADER + changed)
    assert outcomes(import_) == {"proposed": 1}
    assert "keeps the mail they sign in with" in problems(begin(event, HEADER + changed))[2][0]
    ada.refresh_from_db()
    assert (ada.profile.city, ada.mail) == ("Minsk", "ada@example.org")
    assert Proposal.objects.get().changes == {"city": "Vitebsk"}
    assert outcomes(run_through(event, HEADER + changed)) == {"unchanged": 1}, "the same proposal is not made twice"
    run_through(event, HEADER + ADA.replace("Minsk", "Gomel"))
    assert Proposal.objects.get().changes == {"city": "Gomel"}, "one open proposal per person"


def test_t79_what_the_owner_refused_is_not_proposed_again(event):
    claimed(event)
    run_through(event, HEADER + ADA.replace("Minsk", "Gomel"))
    Proposal.objects.update(taken=False, decided_at=timezone.now())
    assert outcomes(run_through(event, HEADER + ADA.replace("Minsk", "Gomel"))) == {"unchanged": 1}
    assert Proposal.objects.count() == 1


def test_t79_an_external_id_is_not_forced_on_a_claimed_profile(event):
    run_through(event, "Name,Mail\nAda,ada@example.org\n")
    Participant.objects.update(claimed_at=timezone.now())
    assert outcomes(run_through(event, "External ID,Name,Mail\nP9,Ada,ada@example.org\n")) == {"unchanged": 1}
    assert Participant.objects.get().external_id == ""


def test_t80_a_column_role_gives_nobody_a_role(event):
    import_ = run_through(event, "Name,Mail,Role,role\nAda,ada@example.org,organiser,operator\n")
    assert import_.table["unknown"] == ["Role", "role"]
    assert not event.programme.roles.exists()


# --- bad rows ---------------------------------------------------------------------------------------------------------
def test_t81_one_bad_row_of_many_is_marked_and_blocks_until_it_is_left_out(event):
    good = "".join(f"P{n},Person {n},p{n}@example.org\n" for n in range(1200))
    import_ = begin(event, "External ID,Name,Mail\n" + good + "Q,Bad,not a mail\n")
    assert outcomes(import_) == {"new": 1200, "rejected": 1}
    assert problems(import_) == {1202: ["“not a mail” is not a mail address."]}
    with pytest.raises(Conflict, match="1 rows cannot be imported as they are"):
        imports.confirm(import_=import_, by=None)
    import_.refresh_from_db()
    assert import_.state == Import.State.PREVIEW
    assert not Participant.objects.exists()
    imports.confirm(import_=import_, by=None, skip_bad_rows=True)
    imports.save(import_id=import_.pk)
    assert Participant.objects.count() == 1200


@pytest.mark.parametrize(
    "row, outcome, told",
    [
        (",,,", "rejected", "The row names nobody: name, organisation and mail are empty."),
        (f"{'9' * 121},Ada,,", "rejected", "The External ID is longer than 120 signs."),
        (",Ada,Ada <ada@example.org>,", "new", None),
        (",,,School", "new", None),
        (",,only@example.org,", "new", None),
        (f",{'n' * 301},,", "new", "“" + "n" * 60 + "…” was cut to 300 signs."),
    ],
)
def test_which_rows_can_be_used(event, row, outcome, told):
    import_ = begin(event, f"External ID,Name,Mail,Organisation,Extra\n{row},x\n")
    assert outcomes(import_) == {outcome: 1}
    assert problems(import_) == ({2: [told]} if told else {})


def test_a_participant_without_name_is_called_by_the_organisation_never_by_the_mail(event):
    run_through(event, "Name,Mail,Organisation\n,school@example.org,School\n,only@example.org,\n")
    names = dict(Participant.objects.values_list("mail", "name"))
    assert names["school@example.org"] == "School"
    assert "only" not in names["only@example.org"]
    assert names["only@example.org"].startswith("Participant ")


def test_unknown_sectors_and_languages_are_noted_and_do_no_harm(event):
    import_ = run_through(event, "Name,Mail,Sector,Languages\nAda,ada@example.org,research,Deutsch; Klingon\n")
    profile = Profile.objects.get()
    assert (profile.sector, profile.languages) == ("other", ["de"])
    assert problems(import_)[2] == [
        "“research” is not a sector of the programme; it counts as “other”.",
        "“Klingon” is not a language we know; it was left out.",
    ]


@pytest.mark.parametrize(
    "cell, key",
    [
        ("civil_society", "civil society"), ("Civil Society", "civil society"), ("грамадзянская супольнасць", "civil society"),
        ("Крэатыўныя індустрыі", "creative"), ("Wirtschaft", "business"), ("ОБРАЗОВАНИЕ", "education"), ("ўлады", "authority"),
        ("Clubs", "club"), ("research", None), ("university", None),
    ],
)  # fmt: skip
def test_sectors_are_understood_in_four_languages_and_those_of_the_programme(cell, key):
    sectors = [*make_programme().sectors, {"key": "club", "en": "clubs", "be": "клубы", "ru": "клубы", "de": "Vereine"}]
    assert words_of(sectors).get(fold(cell)) == key


@pytest.mark.parametrize(
    "cell, codes",
    [
        ("be;ru;en", ["be", "ru", "en"]), ("Беларуская, руская", ["be", "ru"]), ("русский и английский (B2)", ["ru", "en"]),
        ("English - fluent / Deutsch", ["en", "de"]), ("en-GB", ["en"]), ("ua", ["uk"]), ("по-русски", ["ru"]), ("français", ["fr"]),
    ],
)  # fmt: skip
def test_languages_are_understood_by_code_and_by_name(cell, codes):
    assert codes_in(cell) == (codes, [])


def test_long_sentences_stay_texts_lists_become_items(event):
    prose = "We offer everything a small theatre of a small town may ever need and " * 4
    run_through(event, f'Name,Mail,We offer,We look for\nAda,a@example.org,"{prose}","designers, printers"\n')
    profile = Profile.objects.get()
    assert (profile.offers, profile.offer_text, profile.needs) == ([], prose.strip(), ["designers", "printers"])


# --- repairing in place -----------------------------------------------------------------------------------------------
def test_s12_a_rejected_row_is_repaired_in_place(event):
    by = make_user()
    import_ = begin(event, HEADER + ADA + BEN.replace("ben@example.org", "ben(at)example.org"))
    row = imports.fix_row(row=import_.rows.get(number=3), cells={"mail": "ben@example.org"}, by=by)
    assert (row.outcome, row.problems, row.key) == ("new", [], "x:P2")
    import_.refresh_from_db()
    assert outcomes(import_) == {"new": 2}
    imports.confirm(import_=import_, by=by)
    imports.save(import_id=import_.pk)
    assert [name for _, name, *_ in people()] == ["Ada", "Ben"]
    with pytest.raises(Conflict, match="before it is confirmed"):
        imports.fix_row(row=row, cells={"mail": "x@example.org"}, by=by)


def test_s12_a_repair_can_turn_out_to_be_a_repetition_and_unknown_columns_are_refused(event):
    by = make_user()
    import_ = begin(event, "Name,Mail\nAda,ada@example.org\nBen,nothing\n")
    row = imports.fix_row(row=import_.rows.get(number=3), cells={"mail": "ADA@example.org"}, by=by)
    assert (row.outcome, problems(import_)) == ("duplicate", {3: ["Repeats row 2, which is the one that counts."]})
    with pytest.raises(BadInput) as refusal:
        imports.fix_row(row=row, cells={"role": "organiser"}, by=by)
    assert refusal.value.fields == {"role": "There is no such column."}


def test_t76_the_encoding_is_shown_and_can_be_changed(event):
    import_ = begin(event, "Имя;Почта\nПётр;petr@example.org\n".encode("cp1251"))
    assert (import_.table["encoding"], import_.table["delimiter"]) == ("cp1251", ";")
    imports.read_again(import_=import_, by=make_user(), encoding="koi8-r")
    imports.read(import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == Import.State.FAILED
    imports.read_again(import_=import_, by=make_user())
    imports.read(import_id=import_.pk)
    import_.refresh_from_db()
    assert (import_.state, import_.table["columns"]) == (Import.State.PREVIEW, {"name": "Имя", "mail": "Почта"})


# --- cancelling, taking back ------------------------------------------------------------------------------------------
def test_a_cancelled_import_leaves_nothing_and_stops_its_worker(event):
    import_ = begin(event, HEADER + ADA)
    imports.confirm(import_=import_, by=None)
    held = import_lease.claim(import_.pk, Import.State.SAVING)
    imports.cancel(import_=import_, by=None)
    assert not ImportRow.objects.exists()
    assert not ImportFile.objects.exists()
    with pytest.raises(import_lease.Fenced):
        import_lease.write(held)
    imports.save(import_id=import_.pk)
    assert not Participant.objects.exists()


def test_taking_back_removes_what_nobody_relies_on_and_says_what_stays(event):
    programme = event.programme
    import_ = run_through(event, "External ID,Name\n" + "".join(f"P{n},Person {n}\n" for n in range(5)))
    p0, p1, p2, p3, p4 = Participant.objects.order_by("key")
    p0.claimed_at = timezone.now()
    p0.save()
    suggestion = make_suggestion(make_published_run(event), p1, p4)
    Response.objects.create(pair=suggestion.pair, participant=p1, answer="accept", answered_at=timezone.now())
    Registration.objects.create(event=make_event(programme), participant=p2)
    project = Project.objects.create(programme=programme, external_id="K1")
    Membership.objects.create(project=project, participant=p3, external_id="P3")
    imports.take_back(import_=import_, by=None)
    import_.refresh_from_db()
    assert (import_.state, [import_.counts[name] for name in ("removed", "kept", "restored")]) == (Import.State.TAKEN_BACK, [2, 3, 0])
    assert list(Participant.objects.order_by("key").values_list("key", flat=True)) == ["x:P0", "x:P1", "x:P2"]
    assert problems(import_) == {
        2: ["The participant has confirmed the profile; it stays."],
        3: ["The participant has answered a suggestion; it stays."],
        4: ["The participant is registered for another event, or was there; it stays."],
    }
    assert list(Membership.objects.values_list("participant", "external_id")) == [(None, "P3")], "the track record stays"
    assert not Organisation.objects.exists()
    assert imports.take_back(import_=import_, by=None).counts == import_.counts


def test_taking_back_leaves_empty_places_in_rosters(event):
    run_through(event, HEADER + ADA + BEN)
    ada, ben = Participant.objects.order_by("name")
    Registration.objects.filter(participant=ada).delete()
    import_ = run_through(event, HEADER + ADA)
    roster = make_roster(event, [ada, ben])
    imports.take_back(import_=import_, by=None)
    assert not Registration.objects.filter(participant=ada).exists()
    assert {one.participant for one in roster.seats.all()} == {None, ben}
    new = run_through(event, "External ID,Name\nZ1,Zoe\n")
    other = make_roster(event, [Participant.objects.get(name="Zoe"), ben])
    other.seats.update(pinned=1)
    imports.take_back(import_=new, by=None)
    assert sorted(other.seats.values_list("participant__name", "pinned"), key=str) == [("Ben", 1), (None, None)]
    other.refresh_from_db()
    assert other.version == 2, "whoever looks at it learns of it"


def test_taking_back_returns_former_values_unless_they_were_touched_since(event):
    run_through(event, HEADER + ADA + BEN)
    import_ = run_through(
        event, HEADER + ADA.replace("Minsk", "Gomel").replace("School No 5", "School No 6") + BEN.replace("posters", "books")
    )
    assert outcomes(import_) == {"changed": 2}
    assert set(Organisation.objects.values_list("name", flat=True)) == {"School No 6", "Studio"}
    Profile.objects.filter(participant__name="Ben").update(offers=["my own words"])
    imports.take_back(import_=import_, by=None)
    assert dict(Profile.objects.values_list("participant__name", "city")) == {"Ada": "Minsk", "Ben": "Gomel"}
    assert set(Organisation.objects.values_list("name", "sector")) == {("School No 5", "education"), ("Studio", "creative")}
    assert Profile.objects.get(participant__name="Ben").offers == ["my own words"]
    assert problems(import_) == {3: ["Changed again since the import: offers. That stays."]}


# --- workers ----------------------------------------------------------------------------------------------------------
def test_f8_a_second_delivery_does_nothing(event):
    import_ = run_through(event, HEADER + ADA)
    imports.read(import_id=import_.pk)
    imports.save(import_id=import_.pk)
    assert outcomes(import_) == {"new": 1}
    assert Participant.objects.count() == 1


def test_after_three_attempts_the_import_fails_with_a_sentence(event, monkeypatch):
    import_ = begin(event, HEADER + ADA)
    imports.confirm(import_=import_, by=None)
    for _ in range(settings.MAX_ATTEMPTS):
        assert import_lease.claim(import_.pk, Import.State.SAVING)
        Import.objects.update(lease_until=None)
    imports.save(import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == Import.State.FAILED
    assert import_.failure["template"] == "Saving the import failed {count} times; nothing of it was saved."


@pytest.mark.once
def test_t77_memory_does_not_grow_with_the_rows(tmp_path):
    """2,000 rows and then 10,000 in a process of its own: what 200,000 would take at that slope."""
    told = f"education,Minsk,be;ru,{'offer ' * 9},{'need ' * 9}"
    for count in (2_000, 10_000):
        rows = "".join(f"P{n},Person {n},p{n}@example.org,Org {n % 700},{told}\n" for n in range(count))
        (tmp_path / f"{count}.csv").write_text(HEADER + rows)
    done = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    few, many = map(int, done.stdout.split()[-2:])
    assert (many + (many - few) / 8_000 * 190_000) / 1024 < 300, f"KB: {few}, {many}"


MEASURE = """
import os, sys
os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", DATABASE_URL=f"sqlite:///{sys.argv[1]}/own.sqlite3", MODE="demo")
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
peaks = []
for count in (2_000, 10_000):
    call_command("import_participants", f"{sys.argv[1]}/{count}.csv", programme=f"p{count}", event=f"e{count}", consent="form")
    status = open("/proc/self/status").read()  # getrusage would begin with what the process that started this one had
    peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
print(*peaks)
"""


# --- track records ----------------------------------------------------------------------------------------------------
def line(**fields) -> str:
    whole = {"id": "K1", "when": "2020-05-01", "group": "G", "lead": "P1", "members": ["P1", "X1"], "tags": ["music"], "text": "Together."}
    return json.dumps({**whole, **fields}, ensure_ascii=False) + "\n"


def test_projects_are_kept_with_outsiders_and_the_same_file_changes_nothing(event):
    run_through(event, HEADER + ADA)
    packed = gzip.compress((line() + line(id="K2", lead=None, members=["x1", "P2"])).encode())
    import_ = run_through(event, packed, kind="projects", name="p.jsonl.gz")
    assert outcomes(import_) == {"new": 2}
    assert import_.counts["outsiders"] == 2
    project = Project.objects.get(external_id="K1")
    assert (project.held_on, project.group, project.tags, project.text) == (date(2020, 5, 1), "G", ["music"], "Together.")
    found = project.memberships.order_by("external_id").values_list("external_id", "participant__name", "lead")
    assert list(found) == [("P1", "Ada", True), ("X1", None, False)]
    assert outcomes(run_through(event, packed, kind="projects", name="p.jsonl.gz")) == {"unchanged": 2}
    changed = run_through(event, line(members=["P1", "P2"], text="New."), kind="projects")
    assert outcomes(changed) == {"changed": 1}
    assert sorted(project.memberships.values_list("external_id", flat=True)) == ["P1", "P2"]
    imports.take_back(import_=changed, by=None)
    assert sorted(project.memberships.values_list("external_id", flat=True)) == ["P1", "X1"]


def test_a_later_import_of_participants_links_the_outsiders(event):
    run_through(event, line(members=["p1", "P2"]), kind="projects")
    assert run_through(event, HEADER + ADA + BEN).counts["linked"] == 2
    assert sorted(Membership.objects.values_list("participant__name", flat=True)) == ["Ada", "Ben"]


@pytest.mark.parametrize(
    "bad, told",
    [
        ("{", "The line is not valid JSON."),
        ("[1]", "The line is not a JSON object."),
        ('{"id": ""}', "The project has no “id”."),
        ('{"id": "K", "when": "soon"}', "“soon” is not a date like 2024-05-31."),
        ('{"id": "K", "members": "P1"}', "“members” is not a list of at most 5000."),
        ('{"id": "K", "lead": {}}', "The id “{}” is neither a text nor a number."),
        ("[" * 5000, "The line is not valid JSON."),
    ],
)
def test_a_bad_line_of_projects_is_a_reason_with_its_number(event, bad, told):
    import_ = begin(event, line() + bad + "\n", kind="projects")
    assert outcomes(import_) == {"new": 1, "rejected": 1}
    assert problems(import_) == {2: [told]}


@pytest.mark.parametrize(
    "content, told",
    [
        (gzip.compress(b"a" * 50_000_000), "is too large"),
        (gzip.compress(line().encode())[:-9] + b"broken!!!", "is damaged"),
    ],
)
def test_t70_a_file_of_projects_that_unpacks_without_end_or_is_damaged_is_refused(event, content, told):
    import_ = begin(event, content, kind="projects", name="p.jsonl.gz")
    assert import_.state == Import.State.FAILED
    assert told in import_.failure["template"]


# --- commands ---------------------------------------------------------------------------------------------------------
def command(name: str, *words: str, **options) -> str:
    out = io.StringIO()
    call_command(name, *map(str, words), stdout=out, **options)
    return out.getvalue()


def test_the_command_makes_what_is_absent_and_says_what_it_did(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(HEADER + ADA + BEN + ADA)
    told = command("import_participants", file, "--programme", "city", "--event", "talk", "--consent", FORM)
    assert told.splitlines() == [
        "Made the programme “city”: it did not exist.",
        "Made the event “talk”: it did not exist.",
        "3 participants: 2 new, 0 changed, 0 unchanged, 0 proposed, 1 duplicate, 0 rejected",
        *[one for one in told.splitlines() if "Repeats row" in one],
        "Registered 2; 2 consents to suggestions; 0 links to past projects.",
    ]
    again = command("import_participants", file, "--programme", "city", "--event", "talk", "--consent", FORM)
    assert again.splitlines()[0] == "3 participants: 0 new, 0 changed, 2 unchanged, 0 proposed, 1 duplicate, 0 rejected"


def test_the_command_imports_all_or_nothing(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(HEADER + ADA + BEN.replace("@", "(at)"))
    words = ("import_participants", file, "--programme", "city")
    with pytest.raises(CommandError, match="Nothing was imported: 1 bad rows") as refusal:
        command(*words)
    assert refusal.value.returncode == 2
    assert not Programme.objects.exists()
    assert not Import.objects.exists()
    assert "row 3 rejected: “ben(at)example.org” is not a mail address." in command(*words, "--skip-bad-rows")
    assert Participant.objects.get().name == "Ada"


def test_a_dry_run_writes_nothing(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(HEADER + ADA)
    assert "1 new" in command("import_participants", file, "--programme", "city", "--event", "talk", "--dry-run")
    assert [model.objects.count() for model in (Programme, Event, Import, Participant)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "name, content, words, told",
    [
        ("import_participants", b"", (), "is empty"),
        ("import_participants", b"a,b\n1,2\n", (), "No column tells whom"),
        ("import_participants", b"Name\nAda\n", ("--encoding", "rot13"), "is not known"),
        ("import_projects", b"\x1f\x8bnot gzip", (), "is damaged"),
        ("import_participants", None, (), "No such file"),
    ],
)
def test_refusals_are_one_sentence_and_exit_status_2(tmp_path, name, content, words, told):
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=told) as refusal:
        command(name, file, "--programme", "city", *words)
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
    assert not Programme.objects.exists()


@pytest.mark.once
def test_the_real_input_is_imported_with_its_track_record():
    told = command(
        "import_participants", SHARED / "real-input/organisations.csv", "--programme", "keep", "--event", "keep", "--consent", FORM
    )
    assert "5793 participants: 5793 new, 0 changed, 0 unchanged, 0 proposed, 0 duplicate, 0 rejected" in told
    told = command("import_projects", SHARED / "real-input/projects.jsonl.gz", "--programme", "keep")
    assert "1389 projects: 1389 new" in told
    assert Membership.objects.filter(participant__isnull=False).count() == 7093
