"""The operator's site: states and counts of the machinery, nothing of a person, nothing to change."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from matchmaking.admin import site
from matchmaking.models import AuditEntry, Event, Import, Programme, Publication, Pulse, Run, Shard, User
from tests.factories import make_event, make_participant, make_published_run, make_suggestion, make_user

pytestmark = pytest.mark.django_db
MARKERS = ("Marker Name", "marker@example.org", "+375 marker", "@marker", "marker offer", "marker about", "Marker Organisation")


@pytest.fixture
def everything():
    """One row of everything the site has a page for, with a person in it whose every field is a marker."""
    event = make_event()
    user = make_user(mail="marker@example.org", name="Marker Name")
    texts = {"offer_text": "marker offer", "about": "marker about"}
    contacts = {"mail": "marker@example.org", "phone": "+375 marker", "telegram": "@marker"}
    one = make_participant(event.programme, event=event, user=user, name="Marker Name", **contacts, **texts)
    other = make_participant(event.programme, event=event)
    run = make_published_run(event)
    make_suggestion(run, one, other)
    Shard.objects.create(run=run, run_epoch=1, stage="vectors", number=0)
    Import.objects.create(programme=event.programme, event=event, file_name="Marker Name.csv", sha256="0" * 64)
    AuditEntry.objects.create(action="run started", noun="run", noun_id=run.pk, actor_id=user.pk, programme_id=event.programme_id)
    Pulse.objects.create(name="sweep", at=run.created_at)


def signed_in(**fields: bool) -> Client:
    client = Client()
    client.force_login(make_user(**fields))
    return client


def pages() -> list[str]:
    found = []
    for model in site._registry:
        name = f"admin:matchmaking_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        found += [reverse(f"{name}_change", args=[pk]) for pk in model._default_manager.values_list("pk", flat=True)]
    return found


def test_only_the_machinery_has_pages():
    assert set(site._registry) == {Programme, Event, Run, Shard, Publication, Import, Pulse, AuditEntry}


def test_the_operator_reads_every_page_and_no_person_is_on_it(everything):
    operator = signed_in(is_staff=True)
    assert len(pages()) == 16
    for page in ["/admin/", *pages()]:
        answer = operator.get(page)
        assert answer.status_code == 200, page
        assert [marker for marker in MARKERS if marker in answer.content.decode()] == [], page


def test_others_are_sent_to_the_sign_in_and_nobody_can_change_anything(everything):
    participant = signed_in()
    operator, super_operator = signed_in(is_staff=True), signed_in(is_staff=True, is_superuser=True)
    before = list(Programme.objects.values())
    for page in pages():
        assert participant.get(page).status_code == 302, page
        for client in (operator, super_operator):
            assert client.post(page, {"slug": "other", "action": "delete_selected"}).status_code in (200, 302, 403), page
    for model in site._registry:
        name = f"admin:matchmaking_{model._meta.model_name}"
        pk = model._default_manager.values_list("pk", flat=True)[0]
        assert super_operator.get(reverse(f"{name}_add")).status_code == 403
        assert super_operator.post(reverse(f"{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403
        assert model._default_manager.filter(pk=pk).exists()
    assert list(Programme.objects.values()) == before
    assert User.objects.count() == 4


def test_scripts_come_from_this_server_alone(everything):
    for client, page in ((Client(), "/admin/login/"), (signed_in(is_staff=True), "/admin/matchmaking/run/")):
        answer = client.get(page)
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["script-src"] == "'self' 'unsafe-eval'"
        assert [
            script for script in re.findall(r"<script[^>]*>", answer.content.decode()) if not re.search('src="/(static|admin)/', script)
        ] == []
        assert re.findall(r"""(?:src|href)=["']https?:""", answer.content.decode()) == []
