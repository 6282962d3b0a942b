"""What participants come for (S1 to S4, S6), done once as a person does it, clicks counted; languages and widths take turns."""

import re

import pytest
from playwright.sync_api import expect

from matchmaking.models import Consent, FollowUp, Participant, Response, User
from tests.web.browser import reading
from tests.web.hands import Hand, at_home

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
FIRST_VIEW_BYTES = 100_000


@pytest.fixture
def home(browser, keeper, live_server):
    """`home(reader, language, width)`: somebody signed in, in the first room."""
    world = keeper.bring()

    def enter(reader, language, width, **options):
        return at_home(browser, live_server.url, world, reader, language, width, **options)

    enter.world = world
    return enter


def participant(home, reader) -> Participant:
    return Participant.objects.filter(user=home.world.user(reader)).earliest("created_at")


# --- S1 ---------------------------------------------------------------------------------------------------------------
def test_s1_the_language_changes_with_one_tap_and_stays(browser, keeper, live_server):
    keeper.bring()
    with reading(browser, live_server.url, "en", "light") as page:
        page.goto("/")
        hand = Hand(page, "de")
        hand.click(page.locator(".languages button[value=de]"))
        expect(page.get_by_role("link", name=hand.word("Sign in"), exact=True)).to_be_visible()
        assert (hand.clicks, page.locator("html").get_attribute("lang")) == (1, "de")
        page.reload()
        assert page.locator("html").get_attribute("lang") == "de"


# --- S2 ---------------------------------------------------------------------------------------------------------------
def test_s2_the_profile_from_nothing_to_whole_and_on_another_device(home):
    with home("newcomer", "be", 360) as hand:
        page = hand.page
        hand.follow("Profile")
        page.locator("main a").first.click()
        hand.press("Agree")
        fields = {"Name": "Ніна", "Organisation": "Майстэрня", "City": "Гомель", "About me and what I do": "Роблю лялек."}
        for label, value in fields.items():
            page.get_by_label(hand.word(label), exact=True).fill(value)
        page.locator("#sector label").nth(3).click()
        for name, typed in (("offers", "дызайн"), ("needs", "школ")):
            page.locator(f"#{name}-new").fill(typed)
            page.locator(f"#{name}-found button").first.click()
            expect(page.locator(f"#{name} .terms label")).to_have_count(1)
        page.locator("#languages label").first.click()
        expect(page.locator("#possible")).to_contain_text("8 / 8")
        expect(page.locator("#saved")).to_contain_text(hand.word("Saved."))
        own = Participant.objects.get(pk=home.world.at["newcomer"])
        assert (own.name, own.profile.city, len(own.profile.offers)) == ("Ніна", "Гомель", 1)
        assert Consent.objects.filter(participant=own, withdrawn_at=None).exists()
    with home("newcomer", "be", 1280) as hand:
        hand.follow("Profile")
        hand.page.locator("main a").first.click()
        expect(hand.page.get_by_label(hand.word("City"), exact=True)).to_have_value("Гомель")
        expect(hand.page.locator("#possible")).to_contain_text("8 / 8")


# --- S3 ---------------------------------------------------------------------------------------------------------------
def test_s3_five_are_decided_with_a_tap_each(home):
    with home("participant", "ru", 360) as hand:
        cards = hand.page.locator("article.suggestion")
        for place, name in enumerate(("No", "Yes", "No", "No", "Yes")):
            hand.press(name, cards.nth(place))
            expect(cards.nth(place)).to_contain_text(hand.word("You said yes." if name == "Yes" else "You said no."))
        assert hand.clicks == 5
        given = Response.objects.filter(participant=participant(home, "participant"))
        assert sorted(given.values_list("answer", flat=True)) == ["accept"] * 2 + ["decline"] * 3


def test_s3_a_no_with_its_reason_takes_two_taps_and_undoing_it_one(home):
    with home("participant", "de", 1280) as hand:
        card = hand.page.locator("article.suggestion").first
        hand.unfold("Not for me because …", card)
        hand.press("it is too far away", card)
        expect(card).to_contain_text(hand.word("You said no."))
        assert (hand.clicks, Response.objects.filter(reason="far").count()) == (2, 1)
        hand.press("Undo", card)
        expect(card.get_by_role("button", name=hand.word("Yes"), exact=True)).to_be_visible()
        assert (hand.clicks, Response.objects.filter(reason="far").count()) == (3, 0)


def test_s3_over_a_slow_line_the_first_view_is_light_and_an_answer_arrives(home, monkeypatch):
    """The first view of a phone with an empty cache weighs at most 100 KB, as it comes over the network."""
    monkeypatch.setattr("django.contrib.staticfiles.handlers.StaticFilesHandler._should_handle", lambda *_: False)  # as in use: compressed
    with home("participant", "en", 360) as hand:
        page = hand.page
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
        network.send("Network.emulateNetworkConditions", slow)
        weighed: list[float] = []
        network.on("Network.loadingFinished", lambda told: weighed.append(told["encodedDataLength"]))
        page.reload(wait_until="networkidle")
        assert len(weighed) >= 4, "the page, its style, htmx and our own script"
        assert sum(weighed) <= FIRST_VIEW_BYTES, weighed
        card = page.locator("article.suggestion").first
        hand.press("Yes", card)
        expect(card.locator("form.htmx-request")).to_have_count(1)
        expect(card).to_contain_text("You said yes.")


# --- S4 ---------------------------------------------------------------------------------------------------------------
def test_s4_a_contact_is_found_met_and_put_into_the_calendar(home):
    with home("with contacts", "be", 1280) as hand:
        page = hand.page
        hand.follow("Contacts")
        name = page.locator("article h2").first.inner_text()
        page.get_by_role("searchbox").fill(name.split()[0])
        page.keyboard.press("Enter")
        expect(page.locator("article h2").first).to_have_text(name)
        card = page.locator("article").first
        already = FollowUp.objects.get()
        FollowUp.objects.update(met_at=None)
        page.reload()
        hand.clicks = 0
        hand.press("We have met", card)
        expect(card.locator("button[name=met]")).to_have_attribute("aria-pressed", "true")
        assert (hand.clicks, already.met_at is not None, FollowUp.objects.get().met_at is not None) == (1, True, True)
        hand.clicks = 0
        page.locator("input[type=datetime-local]").fill("2030-05-01T10:00")
        hand.press("Save", card)
        expect(card.locator("input[type=datetime-local]")).to_have_value("2030-05-01T10:00")
        file = hand.take(lambda: hand.follow("To the calendar", card))
        assert (hand.clicks, "BEGIN:VEVENT" in file.path().read_text()) == (2, True)


# --- S6 ---------------------------------------------------------------------------------------------------------------
def test_s6_a_consent_is_withdrawn_and_the_data_taken_along(home):
    with home("participant", "ru", 360) as hand:
        hand.follow("My data")
        given = hand.page.get_by_role("button", name=re.compile(f"^{hand.word('Withdraw')}:"))
        before, mine = given.count(), Consent.objects.filter(participant=participant(home, "participant"))
        assert before == mine.filter(withdrawn_at=None).count() >= 1
        hand.click(given.first)
        expect(given).to_have_count(before - 1)
        assert (hand.clicks, mine.filter(withdrawn_at=None).count()) == (2, before - 1)
        hand.clicks = 1  # the way into the room
        file = hand.take(lambda: hand.follow("Download, to read"))
        assert hand.clicks <= 3
        assert "Алена Вярбіцкая" in file.path().read_text()


def test_s6_everything_is_erased_in_four_clicks_with_a_clear_result(home):
    user = home.world.user("participant")
    user.set_password("a password of the test")
    user.save()
    with home("participant", "de", 1280) as hand:
        hand.follow("My data")
        hand.follow("Erase everything about me")
        hand.field("Your password, so that nobody else can do this").fill("a password of the test")
        hand.press("Erase for good")
        expect(hand.page.locator("h1")).to_have_text(hand.word("Everything about you has been erased."))
        assert hand.clicks <= 4
        assert not User.objects.filter(pk=user.pk).exists()
