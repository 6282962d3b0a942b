"""S2: consent and the profile: saved as one types, concepts in any language, the count of possible partners."""

import re

import pytest

from matchmaking.models import AuditEntry, Block, Consent, Participant, Proposal
from matchmaking.models import Import as ImportRow
from matchmaking.selectors.possible import possible_partners
from tests.answers import make_two, person
from tests.factories import make_event, make_participant, make_user
from tests.web.visits import PART, text_of, visitor

pytestmark = pytest.mark.django_db


def address(who, step=""):
    return f"/profile/{who.pk}/{step}"


def save(who, client=None, headers=None, **said):
    version = said.pop("version", None) or Participant.objects.get(pk=who.pk).version
    parts = [name for name in said if not name.endswith(("_new", "_add"))]
    return (client or visitor(who)).post(address(who), {"parts": parts, "version": version, **said}, headers=headers or {})


def fresh(who):
    return Participant.objects.select_related("profile", "organisation").get(pk=who.pk)


@pytest.fixture
def ada(db):
    return person(make_event(), "Ada", sector="creative", languages=["be"], offers=["Graphic design"])


def test_a_change_is_saved_without_script_by_the_button(ada):
    answer = save(ada, name="Ada Byron", city="Gomel", organisation="New house", same_sector="on")
    assert (answer.status_code, answer["Location"]) == (302, address(ada))
    now = fresh(ada)
    assert (now.name, now.profile.city, now.organisation.name, now.profile.same_sector) == ("Ada Byron", "Gomel", "New house", True)
    assert now.claimed_at is not None, "saving confirms the profile as one's own"
    assert AuditEntry.objects.filter(action="participant.changed").count() == 1


def test_a_change_is_saved_as_one_types(ada):
    answer = save(ada, headers=PART, city="Gomel")
    told = answer.content.decode()
    assert fresh(ada).profile.city == "Gomel"
    assert "Saved." in told
    assert f'name="version" value="{fresh(ada).version}"' in told, "the next save starts from here"
    assert "Possible partners now:" in told


def test_what_is_the_same_is_not_written_again(ada):
    save(ada, headers=PART, name="Ada", languages=["be"], offers=["Graphic design"])
    assert (fresh(ada).version, AuditEntry.objects.filter(action="participant.changed").count()) == (1, 0)


def test_what_cannot_be_saved_says_why_beside_the_field(ada):
    answer = save(ada, headers=PART, name="", city="Gomel")
    assert (answer.status_code, answer["HX-Reswap"]) == (200, "none")
    assert "Not saved: Name: A name is needed." in text_of(answer)
    refused = save(ada, name="")
    assert (refused.status_code, fresh(ada).name, fresh(ada).profile.city) == (400, "Ada", "")


def test_two_devices_do_not_overwrite_each_other(ada):
    first = fresh(ada).version
    assert save(ada, headers=PART, version=first, city="Gomel").status_code == 200
    refused = save(ada, headers=PART, version=first, city="Brest")
    assert (refused.status_code, "Open the page again" in text_of(refused)) == (412, True)
    assert fresh(ada).profile.city == "Gomel"


@pytest.mark.parametrize(
    ("typed", "language", "first"),
    [("графі", "be", "графічны дызайн"), ("графи", "de", "Grafikdesign"), ("Grafikd", "en", "graphic design")],
)
def test_concepts_are_found_in_any_language_and_named_in_the_readers(ada, typed, language, first):
    ada.user.language = language
    ada.user.save()
    found = visitor(ada).get(address(ada, f"concepts/?field=needs&needs_new={typed}")).content.decode()
    labels = re.findall(r'name="needs_add" value="([^"]*)"', found)
    assert labels[0].casefold() == first.casefold()
    assert labels[-1] == typed, "own words can be kept as they are"


def test_terms_are_added_by_a_tap_or_typed_and_unticked(ada):
    answer = save(ada, headers=PART, offers=["Graphic design"], offers_add="comics", field="offers")
    assert re.findall(r'name="offers" value="([^"]*)"', answer.content.decode()) == ["Graphic design", "comics"]
    save(ada, offers=["comics"], offers_new="Posters, maps; prints")
    assert fresh(ada).profile.offers == ["comics", "Posters", "maps", "prints"]
    save(ada, languages=["be", "de"], languages_new="польский и English")
    assert fresh(ada).profile.languages == ["be", "de", "pl", "en"]


def test_t30_other_fields_are_not_taken_from_a_form(ada):
    before = Participant.objects.values().get(pk=ada.pk)
    save(ada, claimed_at="2020-01-01", mail="x@example.org", key="x", user=make_user().pk, external_id="X", version=1)
    assert Participant.objects.values().get(pk=ada.pk) == before


def test_the_way_here_leads_to_the_one_profile_or_to_a_choice(ada):
    assert visitor(ada).get("/profile/")["Location"] == address(ada)
    second = make_participant(make_event().programme, user=ada.user)
    page = visitor(ada).get("/profile/").content.decode()
    assert all(address(one) in page for one in (ada, second))
    assert "You do not take part in a programme yet." in text_of(visitor(make_user()).get("/profile/"))


# --- consent ----------------------------------------------------------------------------------------------------------
def test_p1_each_purpose_is_given_and_withdrawn_with_one_tap(ada):
    client = visitor(ada)
    page = client.get(address(ada))
    assert "use what you write here to suggest partners to you, and for nothing else" in text_of(page)
    assert len(re.findall(r'name="purpose"', page.content.decode())) == 5
    body = {"purpose": "mail", "text_version": "1"}
    client.post(address(ada, "consent/"), {**body, "give": "1"})
    given = Consent.objects.get(participant=ada, purpose="mail")
    assert (given.source, given.text_version, given.withdrawn_at) == ("own", "1", None)
    told = client.post(address(ada, "consent/"), body, headers=PART)
    assert Consent.objects.get(participant=ada, purpose="mail").withdrawn_at is not None
    assert text_of(told).count("Not agreed.") == 4


@pytest.mark.parametrize("said", [{"purpose": "all"}, {"purpose": "mail", "text_version": "0"}, {}])
def test_consent_to_other_words_or_purposes_is_refused(ada, said):
    refused = visitor(ada).post(address(ada, "consent/"), {"text_version": "1", "give": "1", **said})
    assert refused.status_code in (400, 409)
    assert not Consent.objects.filter(participant=ada, purpose="mail").exists()


def test_what_an_import_proposes_is_taken_or_left(ada):
    source = ImportRow.objects.create(programme=ada.programme, file_name="a.csv")
    for decision, city in (("leave", ""), ("take", "Brest")):
        proposal = Proposal.objects.create(participant=ada, source=source, changes={"city": "Brest"})
        assert "Brest" in text_of(visitor(ada).get(address(ada)))
        visitor(ada).post(f"/proposals/{proposal.pk}/{decision}/")
        assert fresh(ada).profile.city == city


# --- possible partners -------------------------------------------------------------------------------------------------
def test_possible_partners_are_those_no_gate_keeps_apart(django_assert_num_queries):
    two = make_two()
    ada, event = fresh(two.ada), two.event
    with django_assert_num_queries(1):
        alone = possible_partners(ada)
    assert alone == 1, "Cleo named no language and may understand all; Ben speaks none of Ada's"
    others = {"sector": "business", "languages": ["be", "en"]}
    person(event, "Fits", **others)
    person(event, "Same", **{**others, "sector": "creative"})
    person(event, "Silent", **{**others, "languages": ["fr"]})
    person(event, "House", **{**others, "organisation": ada.organisation})
    person(event, "No", consent=False, **others)
    person(make_event(event.programme), "Elsewhere", **others)
    blocked = person(event, "Blocked", **others)
    Block.objects.create(programme=event.programme, by=blocked, whom=ada)
    assert possible_partners(ada) == 2
    event.same_sector = True
    event.save()
    assert possible_partners(ada) == 3


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_costs_the_same_for_any_number(ada, count, django_assert_num_queries):
    for number in range(count):
        make_participant(ada.programme, event=ada.registrations.get().event, languages=["be"], name=f"N{number}")
    client = visitor(ada)
    with django_assert_num_queries(9):
        page = text_of(client.get(address(ada)))
    assert f"Possible partners now: {count}" in page
