"""T51: who may see others' data needs a second factor, wherever they come in; one place decides it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_otp.plugins.otp_static.models import StaticToken
from knox.models import AuthToken
from rest_framework.test import APIClient

from matchmaking import access
from matchmaking.errors import Conflict, TooOften
from matchmaking.models import AuditEntry, User
from matchmaking.services import second_factor
from tests.api.test_matrix import ROLES, TABLE, ask, is_allowed, method_of, scene
from tests.api.world import client_of
from tests.factories import PASSWORD, make_event, make_role, make_user
from tests.factors import next_code, set_up, show

pytestmark = pytest.mark.django_db
OWN = ("oneself", "open", "own second factor", "own token")  # what concerns nobody else, or everybody
TRUSTED = ("facilitator", "organiser", "operator")


@pytest.fixture(autouse=True)
def asked_for(settings):
    settings.SECOND_FACTOR = True


@pytest.fixture
def organiser():
    user = make_user()
    make_role(user, make_event().programme)
    return user


def test_t51_no_route_shows_a_role_anything_before_the_second_factor():
    """Every reading route that the matrix opens to a role, pages and API: refused without; with it, the facilitator gets an answer."""
    people, things = scene()
    rows = [row for row in TABLE["route"] if method_of(row) == "GET" and row["resource"] not in OWN]
    wrong, asked = [], 0
    for role in TRUSTED:
        bare, shown = client_of(people[role]), client_of(people[role])
        show(shown, set_up(people[role]))
        for row in rows:
            if not is_allowed(row, role) or is_allowed(row, "anon"):
                continue
            asked += 1
            address = row["path"].format(**things)
            refused = bare.get(address)
            to = refused.headers.get("Location", "").partition("?")[0]
            if (refused.status_code, to) not in ((403, ""), (302, "/second-factor/")):
                wrong.append((role, address, "without", refused.status_code, to))
            answer = shown.get(address) if role == "facilitator" else None
            if answer and (answer.status_code == 403 or answer.headers.get("Location", "").startswith("/second-factor/")):
                wrong.append((role, address, "with", answer.status_code))
    assert wrong == []
    assert asked > 60


def test_t51_no_role_writes_anything_before_the_second_factor():
    people, things = scene()
    for role in TRUSTED:
        for row in TABLE["route"]:
            if method_of(row) == "GET" or row["resource"] in OWN or not is_allowed(row, role) or is_allowed(row, "anon"):
                continue
            before = AuditEntry.objects.count()
            assert ask(row, people[role], things).status_code in (302, 403), row["path"]
            assert AuditEntry.objects.count() == before, row["path"]


def test_t51_roles_open_nothing_even_where_a_door_forgets_to_ask(organiser):
    assert not access.events_with_role(organiser, "organiser").exists()
    assert not access.programmes_with_role(organiser, "organiser").exists()
    assert not access.operates(make_user(is_staff=True))
    assert access.audiences_of(organiser) == set()
    organiser.is_verified = lambda: True
    assert access.audiences_of(organiser) == {"organiser"}
    assert access.programmes_with_role(organiser, "organiser").exists()


def test_participants_need_none(settings):
    people, _things = scene()
    participant = people["self"]
    assert not access.lacks_second_factor(participant)
    assert client_of(participant).get("/api/v1/suggestions/").status_code == 200
    assert {role for role in ROLES if role != "anon" and access.needs_second_factor(people[role])} == {
        *TRUSTED, "beside", "foreign facilitator", "foreign organiser"
    }  # fmt: skip


def test_where_it_is_off_nobody_is_asked(settings, organiser):
    settings.SECOND_FACTOR = False
    assert not access.lacks_second_factor(organiser)
    assert client_of(organiser).get("/api/v1/roles/").json()["results"] != []


# --- the API ----------------------------------------------------------------------------------------------------------
def test_a_session_of_the_api_is_opened_with_the_code(organiser):
    device, client = set_up(organiser), APIClient()
    credentials = {"mail": organiser.mail, "password": PASSWORD}
    assert client.post("/api/v1/session/", credentials).status_code == 200
    assert client.get("/api/v1/roles/").status_code == 403
    assert "second factor" in client.get("/api/v1/roles/").json()["detail"]
    assert client.post("/api/v1/session/", {**credentials, "code": "000000"}).status_code == 401
    assert client.post("/api/v1/session/", {**credentials, "code": next_code(device)}).status_code == 200
    assert client.get("/api/v1/roles/").status_code == 200


def test_a_token_is_given_for_the_code_alone(organiser):
    credentials = {"mail": organiser.mail, "password": PASSWORD}
    refused = APIClient().post("/api/v1/tokens/", credentials)
    assert (refused.status_code, "Set up your second factor" in refused.json()["detail"]) == (403, True)
    device = set_up(organiser)
    for code in ({}, {"code": "000000"}):
        assert APIClient().post("/api/v1/tokens/", {**credentials, **code}).status_code in (401, 403)
    assert not AuthToken.objects.exists()
    made = APIClient().post("/api/v1/tokens/", {**credentials, "code": next_code(device)})
    client = APIClient(HTTP_AUTHORIZATION=f"Token {made.json()['token']}")
    assert [row["name"] for row in client.get("/api/v1/roles/").json()["results"]] == ["organiser"]


def test_a_token_made_before_is_no_way_round_it():
    """A participant's token gains nothing with a role, and ends when the second factor is set up."""
    user = make_user()
    _row, token = AuthToken.objects.create(user=user)
    client = APIClient(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/roles/").status_code == 200
    make_role(user, make_event().programme)
    assert client.get("/api/v1/roles/").status_code == 403
    second_factor.confirm(user=user, code=next_code(second_factor.begin(user)))
    assert client.get("/api/v1/roles/").status_code == 401


# --- the codes --------------------------------------------------------------------------------------------------------
def test_each_code_works_once_and_recovery_codes_are_stored_hashed(organiser):
    device, codes = second_factor.confirm(user=organiser, code=next_code(second_factor.begin(organiser)))
    code = next_code(device)
    assert second_factor.verify(user=organiser, typed=f" {code[:3]} {code[3:]}") == device
    assert second_factor.verify(user=organiser, typed=code) is None
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert (len(set(codes)), len(stored)) == (10, 10)
    assert not stored & {code.replace("-", "") for code in codes}
    assert second_factor.verify(user=organiser, typed=next(iter(stored))) is None, "what is stored opens nothing"
    assert second_factor.verify(user=organiser, typed=codes[3].upper()) is not None
    assert second_factor.verify(user=organiser, typed=codes[3]) is None
    assert second_factor.recovery_codes_left(organiser) == 9
    assert AuditEntry.objects.filter(action="second_factor.recovered", actor_id=organiser.pk).get().data == {"left": 9}
    second_factor.new_recovery_codes(user=organiser)
    assert second_factor.verify(user=organiser, typed=codes[0]) is None


def test_anothers_code_is_of_no_use(organiser):
    set_up(organiser)
    other = make_user()
    assert second_factor.verify(user=organiser, typed=next_code(set_up(other))) is None


def test_guesses_are_counted_and_the_lock_does_not_last(organiser, settings):
    settings.THROTTLES = {**settings.THROTTLES, "second-factor": "3/hour"}
    device = set_up(organiser)
    for _ in range(5):
        assert second_factor.verify(user=organiser, typed=next_code(device)) == device, "right codes do not count"
    for _ in range(3):
        assert second_factor.verify(user=organiser, typed="000000") is None
    with pytest.raises(TooOften):
        second_factor.verify(user=organiser, typed=next_code(device))
    settings.THROTTLES = {**settings.THROTTLES, "second-factor": "100/hour"}
    assert second_factor.verify(user=organiser, typed=next_code(device)) == device


def test_a_new_app_replaces_the_old_one_when_its_first_code_comes(organiser):
    old = set_up(organiser)
    new = second_factor.begin(organiser)
    assert second_factor.confirm(user=organiser, code="000000") is None
    assert second_factor.device_of(organiser) == old
    assert second_factor.verify(user=organiser, typed=next_code(new)) is None, "not confirmed yet"
    second_factor.confirm(user=organiser, code=next_code(new))
    assert second_factor.device_of(organiser) == new
    assert second_factor.verify(user=organiser, typed=next_code(new)) == new
    with pytest.raises(Conflict):
        second_factor.confirm(user=organiser, code=next_code(new))


def test_the_operator_takes_it_away_and_every_session_ends(organiser):
    client, out = client_of(organiser), StringIO()
    show(client, set_up(organiser))
    assert client.get("/api/v1/roles/").status_code == 200
    call_command("remove_second_factor", organiser.mail.upper(), stdout=out)
    assert "Removed" in out.getvalue()
    assert client.get("/api/v1/roles/").status_code == 401
    assert AuditEntry.objects.filter(action="second_factor.removed", noun_id=organiser.pk, actor_id=None).count() == 1
    for mail in (organiser.mail, "nobody@example.org"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", mail)
    assert User.objects.filter(pk=organiser.pk).exists()
