"""The organiser's first page and S13: what to do next; runs started, followed, cancelled, compared, published, taken back."""

import re

import pytest
from django.test import Client

from matchmaking.models import AuditEntry, Import, Publication, Registration, Run, Shard
from matchmaking.services import runs
from matchmaking.services.runs import EXHAUSTED
from tests.factories import make_event, make_role, make_user
from tests.web.organising import make_scene
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db
HOME = "/organise/"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def scene():
    return make_scene()


# --- the first page ---------------------------------------------------------------------------------------------------
def test_the_first_page_says_how_each_event_stands_and_what_to_do_next(scene):
    Registration.objects.filter(participant=scene.people[0]).update(state="waiting")
    told = text_of(scene.client.get(HOME))
    assert "Evening" in told
    assert "People 6 Invited 0 Waiting for a decision 1 Published." in told
    assert "See how it mixes" in told


def test_what_to_do_next_follows_the_state(scene):
    def step():
        return re.search(r'class="button step" href="([^"]*)">([^<]*)<', scene.client.get(HOME).content.decode()).groups()

    assert step() == (scene.page("mixing/"), "See how it mixes")
    run, _ = runs.start(scene.event, by=scene.organiser)
    assert step() == (scene.run_page(run=run), "Follow the run")
    Run.objects.filter(pk=run.pk).update(state="failed")
    assert step() == (scene.run_page(run=run), "See why the run failed")
    Run.objects.filter(pk=run.pk).update(state="done")
    assert step() == (scene.run_page(run=run), "Review the preview and publish it")
    Import.objects.create(programme=scene.event.programme, event=scene.event, state="preview", file_name="a.csv", sha256="")
    assert step() == (scene.page("imports/"), "Look at the import that waits for your confirmation")


def test_an_organiser_without_an_event_is_told_to_set_one_up():
    user = make_user()
    make_role(user, make_event().programme, "organiser").programme.events.all().delete()
    told = text_of(visitor(user).get(HOME))
    assert "There is no event yet." in told
    assert "Set up an event" in told


@pytest.mark.parametrize("count", [1, 3])
def test_the_first_page_costs_the_same_for_any_number_of_events(count, django_assert_num_queries):
    scene = make_scene()
    for _ in range(count - 1):
        make_event(scene.event.programme)
    scene.client.get(HOME)
    with django_assert_num_queries(6):
        page = scene.client.get(HOME).content.decode()
    assert page.count("<article") == count


def test_the_first_page_is_for_organisers(scene):
    """T23, T7: a participant, a facilitator and an organiser elsewhere find nothing of this event."""
    facilitator, foreign = make_user(), make_user()
    make_role(facilitator, scene.event.programme, "facilitator", scene.event)
    make_role(foreign, make_event().programme, "organiser")
    assert visitor(facilitator).get(HOME).status_code == 403
    assert visitor(make_user()).get(HOME).status_code == 403
    assert "Evening" not in text_of(visitor(foreign).get(HOME))
    for path in (scene.page("runs/"), scene.page("mixing/"), scene.run_page()):
        assert visitor(foreign).get(path).status_code == 404, path
        assert visitor(facilitator).get(path).status_code == 403, path
        assert scene.client.get(path).status_code == 200, path


# --- starting and following -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("said", "publish", "bridge"), [({"publish": ""}, False, 0.0), ({"publish": "1", "bridge": "1.5"}, True, 1.5)])
def test_one_click_starts_a_run(scene, said, publish, bridge):
    answer = scene.client.post(scene.page("runs/start/"), said)
    run = Run.objects.exclude(pk=scene.run.pk).get()
    assert (answer.status_code, answer["Location"]) == (302, scene.run_page(run=run))
    assert (run.publish, run.parameters["bridge"], run.requested_by) == (publish, bridge, scene.organiser)
    told = text_of(scene.client.get(answer["Location"]))
    assert "Queued, will start shortly." in told
    assert "0 %" in told
    assert "The time left is not known yet." in told


def test_a_second_click_leads_to_the_run_that_is_under_way(scene):
    first = scene.client.post(scene.page("runs/start/"))["Location"]
    second = scene.client.post(scene.page("runs/start/"))
    assert second["Location"] == first
    assert "A run is under way already." in text_of(scene.client.get(first))
    assert "A run is under way." in text_of(scene.client.get(scene.page("runs/")))
    assert Run.objects.filter(state__in=Run.ACTIVE).count() == 1


@pytest.mark.parametrize("bridge", ["4", "-1", "nan", "x"])
def test_a_dial_that_does_not_exist_starts_nothing(scene, bridge):
    assert scene.client.post(scene.page("runs/start/"), {"bridge": bridge}).status_code == 400
    assert Run.objects.count() == 1


def test_starts_are_counted(scene, settings):
    """T83."""
    settings.THROTTLES = {**settings.THROTTLES, "run": "1/hour"}
    assert scene.client.post(scene.page("runs/start/")).status_code == 302
    refused = scene.client.post(scene.page("runs/start/"))
    assert refused.status_code == 429


def test_a_participant_starts_nothing(scene):
    """T23."""
    user = make_user()
    scene.people[0].user = user
    scene.people[0].save()
    assert visitor(user).post(scene.page("runs/start/")).status_code == 403
    assert Run.objects.count() == 1


def test_who_follows_a_run_gets_its_progress_and_then_the_whole_page(scene):
    run, _ = runs.start(scene.event, by=scene.organiser)
    Shard.objects.filter(run=run).update(state="done")
    Run.objects.filter(pk=run.pk).update(state="running", stage="vectors")
    Shard.objects.create(run=run, run_epoch=1, stage="vectors", number=0, attempts=1)
    part = scene.client.get(scene.run_page("look/", run), headers=PART).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    assert "Resuming (attempt 2)." in part
    assert "2 %" in part
    runs.cancel(run, by=None)
    over = scene.client.get(scene.run_page("look/", run), headers=PART)
    assert (over.headers["HX-Refresh"], over.content) == ("true", b"")


def test_a_failure_is_told_in_plain_words(scene):
    failure = {"template": "{count} rows cannot be imported as they are. Fix them, or confirm without them.", "params": {"count": 3}}
    run = Run.objects.create(event=scene.event, state="failed", failure=failure)
    told = text_of(scene.client.get(scene.run_page(run=run)))
    assert "The run failed. 3 rows cannot be imported as they are." in told
    assert "What people see now has not changed." in told
    assert "Start a new run" in told


def test_a_stage_is_told_by_what_it_does(scene):
    failure = {"template": EXHAUSTED, "params": {"attempts": 3, "stage": "vectors", "run": 5}}
    run = Run.objects.create(event=scene.event, state="failed", failure=failure)
    told = text_of(scene.client.get(scene.run_page(run=run)))
    assert "The work stopped 3 times at one stage (Reading what people offer and need)." in told
    assert "vectors" not in told


# --- steering ---------------------------------------------------------------------------------------------------------
def test_a_run_is_cancelled(scene):
    run, _ = runs.start(scene.event, by=scene.organiser)
    answer = scene.client.post(scene.run_page("cancel/", run))
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "The run was cancelled" in text_of(scene.client.get(answer["Location"]))
    assert AuditEntry.objects.get(action="run.cancelled").actor_id == scene.organiser.pk
    assert scene.client.post(scene.run_page("cancel/", run)).status_code == 409


def test_a_preview_is_published_and_taken_back(scene):
    preview = scene.preview()
    shown = Publication.objects.get(event=scene.event)
    assert "Publish to everybody" in text_of(scene.client.get(scene.run_page(run=preview)))
    scene.client.post(scene.run_page("publish/", preview))
    shown.refresh_from_db()
    assert shown.run == preview
    told = text_of(scene.client.get(scene.run_page(run=preview)))
    assert "Published: everybody sees their suggestions now." in told
    assert "Take back" in told
    scene.client.post(scene.run_page("take-back/", preview))
    shown.refresh_from_db()
    assert shown.run == scene.run
    assert "taken back" in text_of(scene.client.get(scene.run_page(run=preview)))


def test_a_preview_stands_beside_what_is_shown_with_the_price_of_the_dial(scene):
    preview = scene.preview(relevance=0.19, pairs=22, none=0)
    told = text_of(scene.client.get(scene.run_page(run=preview)))
    assert "The dial is at 1.0 instead of 0.0. Its price: the fit changes by −5.0 %." in told
    assert "Suggested pairs 22 20 +2" in told
    assert "People without a suggestion 0 1 −1" in told
    assert "The two sectors that meet least, in percent of chance 25 % 25 % 0" in told


def test_other_kinds_of_runs_have_other_pages(scene):
    teams = Run.objects.create(event=scene.event, kind="teams", state="done")
    assert scene.client.get(scene.run_page(run=teams)).status_code == 404


# --- what holds for all of these pages --------------------------------------------------------------------------------
PAGES = ("runs/", "mixing/", "imports/", "exports/", "settings/")


def test_scripts_in_names_are_inert_on_every_page():
    """T56, T57."""
    scene = make_scene(event=SCRIPT, person=SCRIPT, organisation=SCRIPT)
    sector = {"key": SCRIPT, "en": SCRIPT}
    scene.event.programme.sectors = [*scene.event.programme.sectors, sector]
    scene.event.programme.save()
    table = {SCRIPT: {SCRIPT: 7, "business": 6}, "business": {SCRIPT: 6, "business": 0}}
    chance = {SCRIPT: {SCRIPT: 1.0, "business": 0.5}, "business": {SCRIPT: 0.5, "business": 2.0}}
    Run.objects.filter(pk=scene.run.pk).update(measures={**scene.run.measures, "sectors": table, "sectors_by_chance": chance})
    Import.objects.create(
        programme=scene.event.programme, event=scene.event, state="preview", file_name=SCRIPT, sha256="", table={"unknown": [SCRIPT]}
    )
    import_ = f"/organise/imports/{Import.objects.get().pk}/"
    pairs = [scene.run_page("pairs/"), scene.run_page("pairs/?q=" + SCRIPT), scene.run_page("pairs/?show=left-out")]
    for path in [HOME, *map(scene.page, PAGES), scene.page("mixing/picture.svg"), scene.run_page(), *pairs, import_]:
        page = scene.client.get(path).content.decode()
        assert SCRIPT not in page, path
        assert path == scene.page("imports/") or "&lt;script&gt;" in page, path


def test_no_page_needs_a_script_or_style_of_its_own_and_all_carry_the_headers(scene):
    """T98."""
    preview = scene.preview()
    paths = [HOME, *map(scene.page, PAGES), scene.page("mixing/picture.svg"), scene.run_page(run=preview), scene.run_page("pairs/")]
    for path in [*paths, "/organise/events/1/runs/"]:
        answer = scene.client.get(path)
        page = answer.content.decode()
        assert "script-src 'self'" in answer["Content-Security-Policy"], path
        assert "no-store" in answer["Cache-Control"], path
        assert re.findall(r"<script(?![^>]*src=)|\sstyle=|<style|\son\w+=", page) == [], path


@pytest.mark.parametrize("step", ["cancel/", "publish/", "take-back/", "pairs/decide/"])
def test_changes_need_the_token_and_our_own_pages(scene, step):
    """T99, T25."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.organiser)
    assert client.post(scene.run_page(step), {"hold_one": scene.suggestions[0].pk}).status_code == 403
    assert scene.client.get(scene.run_page(step)).status_code == 405
    assert scene.client.post(scene.run_page(step), {}, headers={"X-HTTP-Method-Override": "GET"}).status_code != 200


@pytest.mark.parametrize("language", ["be", "ru", "de"])
def test_the_pages_speak_the_readers_language(scene, language):
    scene.organiser.language = language
    scene.organiser.save()
    english = re.compile(r"\b(the|and|of|is|run|pairs|sectors)\b")
    Run.objects.filter(pk=scene.run.pk).update(parameters={"bridge": 0.5})
    for path in [HOME, *map(scene.page, PAGES), scene.run_page(run=scene.preview()), scene.run_page("pairs/?show=left-out")]:
        told = text_of(scene.client.get(path))
        assert english.findall(told) == [], (path, told)
    assert "1,23" in text_of(scene.client.get(scene.page("mixing/")))
