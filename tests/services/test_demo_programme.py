"""The demo programme: loaded once, left alone afterwards."""

import json
import stat

import pytest
from django.contrib.auth import authenticate

from matchmaking.errors import NotAllowed
from matchmaking.models import Consent, Event, Import, Membership, Participant, Project, Proposal, Registration, Role, User
from matchmaking.services import demo

pytestmark = pytest.mark.django_db
SAID = demo.description()


@pytest.fixture
def logins(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return demo.kept_logins(SAID)


def test_it_is_what_the_files_say(logins):
    lines: list[str] = []
    programme = demo.load(SAID, logins=logins, say=lines.append)
    assert lines == [
        "  participants-be.csv: 45 participants, 45 new",
        "  participants-ru.csv: 50 participants, 50 new",
        "  participants-en.csv: 30 participants, 30 new",
        "  participants-de.csv: 25 participants, 25 new",
        "  projects.jsonl: 60 projects, 60 new",
    ]
    approved = Registration.objects.filter(state="approved")
    assert {event.slug: (event.kind, approved.filter(event=event).count()) for event in programme.events.all()} == {
        "discussion-minsk": ("discussion", 150),
        "hackathon-gomel": ("hackathon", 90),
        "training-vitebsk": ("training", 60),
    }
    assert Consent.objects.filter(purpose="suggestions", source=SAID["consent"]).count() == 150
    assert set(Participant.objects.values_list("profile__sector", flat=True)) <= {sector["key"] for sector in programme.sectors}
    assert Participant.objects.filter(profile__sector="civil society").exists()
    assert Project.objects.count() == 60
    assert Membership.objects.filter(participant__isnull=False).count() > 100


def test_everybody_has_a_login_and_each_role_its_own(logins):
    programme = demo.load(SAID, logins=logins)
    assert {login.role for login in logins} == {"participant", "facilitator", "organiser", "operator"}
    for login in logins:
        assert authenticate(username=login.mail, password=login.password) is not None
        assert authenticate(username=login.mail, password="another password") is None
    assert Participant.objects.filter(programme=programme, user__isnull=False, claimed_at__isnull=False).count() == 150
    assert set(Role.objects.values_list("user__mail", "name", "event")) == {
        ("organiser@example.org", "organiser", None),
        ("facilitator@example.org", "facilitator", None),
    }
    assert list(User.objects.filter(is_staff=True).values_list("mail", "is_superuser")) == [("operator@example.org", False)]
    assert User.objects.get(mail="alena.viarbickaja@example.org").language == "be"


def test_the_log_ins_are_kept_where_only_their_owner_reads_them(logins, settings):
    path = settings.VAR_DIR / "demo-logins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["logins"][0] == vars(logins[0])
    assert demo.kept_logins(SAID) == logins


def test_loading_again_changes_nothing_and_brings_nobody_back(logins):
    demo.load(SAID, logins=logins)
    Participant.objects.get(external_id="P003").delete()
    Event.objects.filter(slug="hackathon-gomel").update(cap=5)
    tables = (Event, Import, Participant, Project, Proposal, Registration, Role, User)
    before = [sorted(table.objects.values_list()) if table is not Import else table.objects.count() for table in tables]
    demo.load(SAID, logins=logins)
    assert before == [sorted(table.objects.values_list()) if table is not Import else table.objects.count() for table in tables]


def test_a_new_password_opens_the_old_log_ins(logins, settings):
    demo.load(SAID, logins=logins)
    (settings.VAR_DIR / "demo-logins.json").unlink()
    fresh = demo.kept_logins(SAID)
    assert fresh[0].password != logins[0].password
    demo.load(SAID, logins=fresh)
    for login in fresh:
        assert authenticate(username=login.mail, password=login.password) is not None


def test_production_has_no_demo(logins, settings):
    settings.PRODUCTION = True
    with pytest.raises(NotAllowed, match="is for MODE=demo"):
        demo.load(SAID, logins=logins)
    assert not User.objects.exists()
