"""Joining, invitations and approval through HTTP: the doors by which people come to take part."""

import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from matchmaking import access
from matchmaking.models import AuditEntry, Consent, Event, Idea, Invitation, Membership, Participant, Project, Registration, Role, User
from matchmaking.selectors.records import taking_part
from matchmaking.services import consents, invitations, joining
from tests.factories import PASSWORD, make_event, make_participant, make_published_run, make_role, make_suggestion, make_user

pytestmark = pytest.mark.django_db
State = Registration.State
NEW = {"mail": "new@example.org", "password": "correct horse battery", "name": "Mira", "organisation": "Studio", "sector": "creative",
       "offers": ["print design"], "needs": ["venue"], "consents": ["suggestions"]}  # fmt: skip
REGISTRATION_KEYS = {"id", "event", "state", "participant", "same_address", "created_at"}
PERSON_KEYS = {"id", "name", "organisation", "sector", "city", "offers", "needs", "confirmed"}


@pytest.fixture
def event() -> Event:
    return make_event(join_code="hall-17")


@pytest.fixture
def organiser(event: Event) -> User:
    organiser = make_user()
    make_role(organiser, event.programme)
    return organiser


def as_(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_login(user)
    return client


def join(as_user: User | None = None, **changes: Any) -> Any:
    return as_(as_user).post("/api/v1/join/hall-17/", {**NEW, **changes})


def join_signed_in(user: User, **body: Any) -> Any:
    return as_(user).post("/api/v1/join/hall-17/", body)


def decide(as_user: User, registration: Registration, decision: str) -> Any:
    return as_(as_user).post(f"/api/v1/registrations/{registration.pk}/{decision}/")


# --- by the link ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["be", "ru", "en", "de"])
def test_p1_the_link_tells_of_purposes_before_it_asks(event: Event, language: str) -> None:
    answer = APIClient(headers={"accept-language": language}).get("/api/v1/join/hall-17/").json()
    assert set(answer) == {"event", "notice", "purposes"}
    assert set(answer["event"]) == {
        "name", "description", "kind", "city", "time_zone", "starts_at", "ends_at", "programme", "sectors",
    }  # fmt: skip
    assert [p["purpose"] for p in answer["purposes"]] == ["suggestions", "contacts", "mail", "telegram", "statistics"]
    assert [p["text"] for p in answer["purposes"]] == [p["text"] for p in consents.purposes(language)]
    assert len({consents.notice(one) for one in ("be", "ru", "en", "de")}) == 4


def test_p1_nothing_is_consented_to_unless_ticked(event: Event) -> None:
    assert join(consents=[]).status_code == 202
    assert not Consent.objects.exists()
    assert join(mail="second@example.org", consents=["suggestions", "mail"]).status_code == 202
    given = Consent.objects.order_by("purpose").values_list("purpose", "source", "text_version", "participant__mail")
    assert list(given) == [("mail", "own", "1", "second@example.org"), ("suggestions", "own", "1", "second@example.org")]
    assert AuditEntry.objects.filter(action="consent.given").count() == 2
    assert join(mail="third@example.org", text_version="0").status_code == 409
    assert not User.objects.filter(mail="third@example.org").exists()


def test_p2_a_name_and_a_mail_are_enough(event: Event) -> None:
    answer = as_(None).post("/api/v1/join/hall-17/", {"mail": "new@example.org", "password": NEW["password"], "name": "Mira"})
    assert answer.status_code == 202
    refused = as_(None).post("/api/v1/join/hall-17/", {"mail": "x@example.org", "password": NEW["password"]})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["name"])


def test_t86_who_came_by_the_link_is_in_no_run_and_seen_by_nobody_until_approved(event: Event, organiser: User) -> None:
    onlooker = make_participant(event.programme, event=event, user=make_user())
    join(listed=True)
    newcomer = Participant.objects.get(mail="new@example.org")
    registration = newcomer.registrations.get()
    assert (registration.state, registration.event) == (State.WAITING, event)
    assert not taking_part(event).filter(participant=newcomer).exists()
    assert newcomer not in access.participants_visible_to(onlooker.user)
    assert onlooker not in access.participants_visible_to(newcomer.user)

    assert decide(organiser, registration, "approve").status_code == 200
    assert taking_part(event).filter(participant=newcomer).exists()
    assert newcomer in access.participants_visible_to(onlooker.user)


def test_t86_who_was_not_let_in_reads_no_ideas_and_nobody_reads_theirs(event: Event, organiser: User) -> None:
    onlooker = make_participant(event.programme, event=event, user=make_user())
    join()
    newcomer = Participant.objects.get(mail="new@example.org")
    for lead in (onlooker, newcomer):
        Idea.objects.create(programme=event.programme, lead=lead, title=lead.name)

    def read_by(user: User) -> set[str]:
        return {idea["title"] for idea in as_(user).get("/api/v1/ideas/").json()["results"]}

    assert (read_by(newcomer.user), read_by(onlooker.user)) == ({"Mira"}, {onlooker.name})
    assert read_by(organiser) == {"Mira", onlooker.name}
    decide(organiser, newcomer.registrations.get(), "approve")
    assert read_by(newcomer.user) == read_by(onlooker.user) == {"Mira", onlooker.name}


def test_t42_known_and_unknown_addresses_get_the_same_answer(event: Event) -> None:
    make_user(mail="known@example.org")
    unknown, known = join(), join(mail="known@example.org")
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
    assert unknown.status_code == 202
    assert not Participant.objects.filter(mail="known@example.org").exists()
    assert User.objects.get(mail="known@example.org").check_password(PASSWORD)
    right = join(mail="known@example.org", password=PASSWORD)
    assert right.content == known.content
    assert Registration.objects.get(participant__mail="known@example.org").state == State.WAITING


def test_t42_the_time_does_not_tell_either(event: Event, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    make_user(mail="known@example.org")

    def seconds(mail: str) -> float:
        start = time.thread_time()  # of this thread alone: other tests run beside it
        join(mail=mail)
        return time.thread_time() - start

    seconds("warm@example.org")
    pairs = [(seconds(f"n{number}@example.org"), seconds("known@example.org")) for number in range(5)]
    unknown, known = (min(times) for times in zip(*pairs, strict=True))
    assert abs(unknown - known) < 0.05, (unknown, known)


def test_t34_a_bad_password_is_refused_alike_for_known_and_unknown(event: Event) -> None:
    make_user(mail="known@example.org")
    answers = [join(mail=mail, password="short").json() for mail in ("known@example.org", "new@example.org")]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 400


def test_t31_check_in_and_other_foreign_fields_are_ignored(event: Event) -> None:
    assert join(checked_in=True, checked_in_at="2026-01-01T10:00Z", state="approved").status_code == 202
    registration = Registration.objects.get()
    assert (registration.checked_in_at, registration.state) == (None, State.WAITING)
    user = registration.participant.user
    answer = as_(user).patch(f"/api/v1/me/registrations/{registration.pk}/", {"checked_in": True, "wishes": "a quiet corner"})
    assert answer.status_code == 200
    registration.refresh_from_db()
    assert (registration.checked_in_at, registration.state, registration.wishes) == (None, State.WAITING, "a quiet corner")


def test_who_is_signed_in_joins_another_event_with_the_same_profile(event: Event) -> None:
    user = make_user()
    own = make_participant(event.programme, user=user, name="Ada")
    first, again = join_signed_in(user), join_signed_in(user)
    assert (first.status_code, first.json()["state"]) == (201, "waiting")
    assert first.json()["id"] == again.json()["id"]
    assert own.registrations.count() == 1
    newcomer = make_user()
    assert join_signed_in(newcomer).status_code == 400
    assert join_signed_in(newcomer, name="New").status_code == 201
    assert Participant.objects.get(user=newcomer).mail == newcomer.mail


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [("invited", 201, "approved"), ("withdrawn", 201, "waiting"), ("approved", 201, "approved"), ("refused", 409, "refused")],
)
def test_joining_again_depends_on_what_was(event: Event, before: str, status: int, after: str) -> None:
    own = make_participant(event.programme, event=event, user=make_user())
    Registration.objects.update(state=before)
    assert join_signed_in(own.user).status_code == status
    assert own.registrations.get().state == after


def test_an_event_that_is_over_or_unknown_takes_nobody(event: Event) -> None:
    assert as_(None).post("/api/v1/join/no-such-code/", NEW).status_code == 404
    Event.objects.update(ends_at=timezone.now() - timedelta(hours=1))
    assert join().status_code == 409
    assert not User.objects.filter(mail="new@example.org").exists()


# --- the organiser's side ---------------------------------------------------------------------------------------------
def test_approval_is_the_organisers(event: Event, organiser: User) -> None:
    join()
    registration = Registration.objects.get()
    facilitator, stranger = make_user(), make_user()
    make_role(facilitator, event.programme, "facilitator")
    assert decide(stranger, registration, "approve").status_code == 404
    assert decide(facilitator, registration, "approve").status_code == 403
    assert decide(registration.participant.user, registration, "approve").status_code == 403
    assert Registration.objects.get().state == State.WAITING
    first = decide(organiser, registration, "approve")
    assert (first.status_code, first.json()["state"]) == (200, "approved")
    assert decide(organiser, registration, "approve").json() == first.json()
    assert AuditEntry.objects.filter(action="registration.approved").count() == 1


def test_refusing_takes_suggestions_away(event: Event, organiser: User) -> None:
    one, other = (make_participant(event.programme, event=event, user=make_user()) for _ in range(2))
    suggestion = make_suggestion(make_published_run(event), one, other)
    assert suggestion in access.suggestions_visible_to(other.user)
    assert decide(organiser, one.registrations.get(), "refuse").status_code == 200
    assert suggestion not in access.suggestions_visible_to(other.user)


@pytest.mark.parametrize("count", [1, 3])
def test_listing_registrations_costs_the_same_for_any_length(
    event: Event, organiser: User, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        make_participant(event.programme, event=event, phone="+375 1", name="Ada")
    client = as_(organiser)
    url = f"/api/v1/events/{event.pk}/registrations/"
    client.get(url)
    with django_assert_num_queries(4):  # session, login, event, rows
        answer = client.get(url).json()
    assert [row["participant"]["name"] for row in answer["results"]] == ["Ada"] * count


def test_t33_the_list_shows_no_contacts(event: Event, organiser: User) -> None:
    join(phone="+375 29 1")
    url = f"/api/v1/events/{event.pk}/registrations/"
    rows = as_(organiser).get(url).json()["results"]
    assert [(set(row), set(row["participant"])) for row in rows] == [(REGISTRATION_KEYS, PERSON_KEYS)]
    assert as_(organiser).get(url, {"state": "approved"}).json()["results"] == []
    assert as_(organiser).get(url, {"state": "asleep"}).status_code == 400
    assert as_(organiser).get(url, {"mail": "x"}).status_code == 400
    participant = make_participant(event.programme, event=event, user=make_user())
    assert as_(participant.user).get(url).status_code == 403
    assert as_(make_user()).get(url).status_code == 404


def test_an_organiser_enters_somebody(event: Event, organiser: User) -> None:
    url, body = f"/api/v1/events/{event.pk}/registrations/", {"name": "Ada", "mail": "Ada@Example.org", "sector": "business"}
    facilitator = make_user()
    make_role(facilitator, event.programme, "facilitator")
    assert as_(facilitator).post(url, body).status_code == 403
    assert not Registration.objects.exists()
    first = as_(organiser).post(url, body)
    assert (first.status_code, first.json()["state"]) == (201, "invited")
    assert Participant.objects.get().mail == "ada@example.org"
    assert as_(organiser).post(url, {**body, "name": "Other"}).json()["id"] == first.json()["id"]
    assert Participant.objects.get().name == "Ada"
    assert as_(organiser).post(url, {"name": "Nobody"}).status_code == 400


def test_approving_makes_one_of_an_imported_and_a_joined_person(event: Event, organiser: User) -> None:
    imported = make_participant(event.programme, event=event, mail="new@example.org", external_id="X-7", consent=False, about="old")
    project = Project.objects.create(programme=event.programme, external_id="P1")
    Membership.objects.create(project=project, participant=imported, external_id="X-7")
    Registration.objects.update(state=State.INVITED)
    join(about="new")
    assert Participant.objects.count() == 2
    registration = Registration.objects.get(state=State.WAITING)
    listed = as_(organiser).get(f"/api/v1/events/{event.pk}/registrations/", {"state": "waiting"}).json()["results"]
    assert [row["same_address"] for row in listed] == [True]
    answer = decide(organiser, registration, "approve").json()
    one = Participant.objects.select_related("profile", "user").get()
    assert (one.pk, one.external_id, one.user.mail, one.profile.about) == (imported.pk, "X-7", "new@example.org", "new")
    assert (answer["id"], answer["participant"]["id"], answer["same_address"]) == (registration.pk, one.pk, False)
    assert one.memberships.count() == 1
    assert taking_part(event).get().participant == one


def test_joining_with_an_address_gives_no_look_at_the_imported_profile(event: Event) -> None:
    make_participant(event.programme, mail="new@example.org", about="private to its owner", phone="+375 29 1")
    join()
    me = as_(User.objects.get(mail="new@example.org")).get("/api/v1/me/").json()
    assert [(p["about"], p["phone"]) for p in me["participants"]] == [("", "")]


# --- P4: what is open in which state ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("way", "state", "purposes", "in_run"),
    [
        ("entered", "invited", set(), False),
        ("entered with consent", "approved", {"suggestions"}, True),
        ("claimed", "approved", set(), False),
        ("claimed, ticked", "approved", {"suggestions"}, True),
        ("entered with consent, claimed", "approved", {"suggestions"}, True),
        ("entered with consent, withdrawn", "approved", set(), False),
        ("joined", "waiting", set(), False),
        ("joined, ticked", "waiting", {"suggestions"}, False),
        ("joined, ticked, approved", "approved", {"suggestions"}, True),
        ("joined, approved", "approved", set(), False),
        ("joined, ticked, refused", "refused", {"suggestions"}, False),
    ],
)
def test_p4_states_and_purposes(event: Event, organiser: User, way: str, state: str, purposes: set[str], in_run: bool) -> None:
    steps = way.split(", ")
    stated = "Form of 1 May" if "with consent" in way else ""
    ticked = ["suggestions"] if "ticked" in steps else []
    if steps[0] == "joined":
        join(consents=ticked)
    else:
        joining.enter(event=event, by=organiser, data={"name": "Ada"}, mail="new@example.org", consent=stated)
    registration = Registration.objects.get()
    if "claimed" in steps:
        made = invitations.invite_participant(participant=registration.participant, by=organiser)
        invitations.claim(invitation=made.invitation, password=NEW["password"], ticked=ticked)
    if "withdrawn" in steps:
        consents.withdraw(participant=registration.participant, purpose="suggestions", by=organiser)
    for decision in {"approved", "refused"} & set(steps):
        decide(organiser, registration, decision.removesuffix("d"))
    registration.refresh_from_db()
    live = Consent.objects.filter(withdrawn_at__isnull=True)
    assert (registration.state, set(live.values_list("purpose", flat=True))) == (state, purposes)
    assert all(consent.source == (stated or "own") for consent in live)
    assert taking_part(event).exists() is in_run


# --- invitations ------------------------------------------------------------------------------------------------------
def invite(as_user: User, **body: Any) -> Any:
    return as_(as_user).post("/api/v1/invitations/", body)


def claim(token: str, as_user: User | None = None, **body: Any) -> Any:
    return as_(as_user).post("/api/v1/invitations/claim/", {"token": token, "password": NEW["password"], **body})


def test_an_invitation_hands_the_profile_to_its_person(event: Event, organiser: User) -> None:
    person = make_participant(event.programme, event=event, mail="ada@example.org", consent=False)
    Registration.objects.update(state=State.INVITED)
    answer = invite(organiser, participant=person.pk)
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "role", "participant", "programme", "event", "expires_at", "token", "link"}
    token = answer.json()["token"]
    assert answer.json()["link"] == f"{settings.PUBLIC_URL}/invitation/{token}/"
    claimed = claim(token, name="Ada", language="be", consents=["suggestions"])
    assert (claimed.status_code, claimed.json()["participant"]) == (201, person.pk)
    person.refresh_from_db()
    assert (person.user.mail, person.user.language, person.claimed_at is not None) == ("ada@example.org", "be", True)
    assert person.registrations.get().state == State.APPROVED
    assert as_(person.user).get("/api/v1/me/").json()["participants"][0]["id"] == person.pk


def test_t47_the_token_is_stored_hashed_alone(event: Event, organiser: User) -> None:
    from tests.services.test_erasure import places_of

    person = make_participant(event.programme, event=event)
    client = as_(organiser)
    token = client.post("/api/v1/invitations/", {"participant": person.pk}, headers={"Idempotency-Key": "k"}).json()["token"]
    assert places_of(token) == set()
    assert Invitation.objects.get().token_hash == invitations.hash_of(token)


def test_t44_only_a_post_uses_an_invitation_and_only_once(event: Event, organiser: User) -> None:
    person = make_participant(event.programme, event=event)
    token = invite(organiser, participant=person.pk).json()["token"]
    for method in ("get", "head"):
        assert getattr(as_(None), method)("/api/v1/invitations/claim/", {"token": token}).status_code == 405
    assert claim(token, password="short").status_code == 400
    assert Invitation.objects.get().used_at is None
    assert claim(token).status_code == 201
    assert claim(token).status_code == 404


def test_wrong_used_and_expired_tokens_read_the_same(event: Event, organiser: User) -> None:
    people = [make_participant(event.programme, event=event) for _ in range(3)]
    used, expired, replaced = (invite(organiser, participant=person.pk).json()["token"] for person in people)
    assert claim(used).status_code == 201
    Invitation.objects.filter(token_hash=invitations.hash_of(expired)).update(expires_at=timezone.now())
    invite(organiser, participant=people[2].pk)
    answers = {claim(token).content for token in ("wrong", used, expired, replaced)}
    assert len(answers) == 1
    assert b'"status":404' in answers.pop()


def test_claiming_with_a_known_address_needs_its_password(event: Event, organiser: User) -> None:
    user = make_user(mail="ada@example.org")
    person = make_participant(event.programme, event=event, mail="ada@example.org")
    token = invite(organiser, participant=person.pk).json()["token"]
    assert claim(token).status_code == 400
    assert claim(token, password=PASSWORD).status_code == 201
    person.refresh_from_db()
    assert person.user == user


def test_a_login_has_one_profile_in_a_programme(event: Event, organiser: User) -> None:
    user = make_user()
    make_participant(event.programme, user=user)
    person = make_participant(event.programme, event=event)
    token = invite(organiser, participant=person.pk).json()["token"]
    assert claim(token, as_user=user).status_code == 409
    assert claim(token, as_user=make_user()).status_code == 201
    assert invite(organiser, participant=person.pk).status_code == 409


def test_t88_organisers_alone_invite_and_only_so_many_a_day(event: Event, organiser: User, settings: Any) -> None:
    settings.INVITATIONS_PER_DAY = 2
    person = make_participant(event.programme, event=event, user=make_user())
    body = {"mail": "f@example.org", "role": "facilitator", "event": event.pk}
    facilitator = make_user()
    make_role(facilitator, event.programme, "facilitator")
    assert invite(make_user(), **body).status_code == 404
    assert invite(person.user, **body).status_code == 403
    assert invite(facilitator, **body).status_code == 403
    assert not Invitation.objects.exists()
    assert [invite(organiser, **body).status_code for _ in range(3)] == [201, 201, 409]
    Invitation.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert invite(organiser, **body).status_code == 201


def test_an_invited_facilitator_gets_the_role_where_the_address_fits(event: Event, organiser: User) -> None:
    token = invite(organiser, mail="f@example.org", role="facilitator", event=event.pk).json()["token"]
    assert claim(token, as_user=make_user()).status_code == 404
    assert claim(token, name="Fay").json() == {
        "role": "facilitator", "participant": None, "programme": event.programme_id, "event": event.pk,
    }  # fmt: skip
    assert access.event_to_facilitate(User.objects.get(mail="f@example.org"), event.pk) == event


@pytest.mark.parametrize(
    "body", [{}, {"participant": 1, "role": "organiser"}, {"mail": "a@b.org", "role": "organiser"}, {"role": "operator"}]
)
def test_an_invitation_says_to_what(organiser: User, body: dict[str, Any]) -> None:
    assert invite(organiser, **body).status_code == 400


def signed_in_now() -> list[str]:
    return [session.get_decoded()["_auth_user_id"] for session in Session.objects.all()]


def test_t20_t49_a_removed_role_ends_sessions_and_rights(event: Event, organiser: User) -> None:
    facilitator = make_user(name="Fay")
    role = make_role(facilitator, event.programme, "facilitator", event=event)
    signed_in, url = as_(facilitator), f"/api/v1/events/{event.pk}/registrations/"
    _, token = AuthToken.objects.create(user=facilitator)
    assert signed_in.get(url).status_code == 200
    listed = as_(organiser).get("/api/v1/roles/").json()["results"]
    assert {(row["name"], row["holder"]) for row in listed} == {("organiser", ""), ("facilitator", "Fay")}
    assert as_(make_user()).delete(f"/api/v1/roles/{role.pk}/").status_code == 404
    before = signed_in_now()
    assert as_(organiser).delete(f"/api/v1/roles/{role.pk}/").status_code == 204
    assert before.count(str(facilitator.pk)) == 1
    assert str(facilitator.pk) not in signed_in_now()
    assert signed_in.get(url).status_code in (401, 403)
    assert APIClient(headers={"authorization": f"Token {token}"}).get(url).status_code == 401
    assert as_(facilitator).get(url).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_listing_roles_costs_the_same_for_any_length(event: Event, organiser: User, count: int, django_assert_num_queries: Any) -> None:
    for _ in range(count):
        make_role(make_user(name="Fay"), event.programme, "facilitator", event=event)
    client = as_(organiser)
    with django_assert_num_queries(3):  # session, login, rows
        rows = client.get("/api/v1/roles/").json()["results"]
    assert [row["holder"] for row in rows] == ["", *["Fay"] * count]


def test_a_programme_keeps_an_organiser(event: Event, organiser: User) -> None:
    role = Role.objects.get(user=organiser)
    assert as_(organiser).delete(f"/api/v1/roles/{role.pk}/").status_code == 409
    make_role(make_user(), event.programme)
    assert as_(organiser).delete(f"/api/v1/roles/{role.pk}/").status_code == 204


def test_the_operator_invites_the_first_organiser(event: Event) -> None:
    out = StringIO()
    call_command("invite", "first@example.org", "--programme", event.programme.slug, stdout=out)
    link = out.getvalue().splitlines()[0]
    token = link.rstrip("/").rpartition("/")[2]
    assert link == invitations.link(token)
    assert claim(token, name="First").status_code == 201
    assert access.programme_to_organise(User.objects.get(mail="first@example.org"), event.programme_id)
    with pytest.raises(CommandError, match="no programme 'none'"):
        call_command("invite", "x@example.org", "--programme", "none")
    with pytest.raises(CommandError, match="not a mail address"):
        call_command("invite", "nonsense", "--programme", event.programme.slug)
