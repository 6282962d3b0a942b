"""S1 in a real browser: from a QR code to the inside on a phone, counted in taps; the second factor on a laptop."""

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from matchmaking.models import Registration, SignInRequest
from matchmaking.services import mailed_sign_in, second_factor
from tests.factories import PASSWORD, make_event, make_participant, make_role, make_user
from tests.factors import next_code
from tests.web.browser import does_not_fit, findings, keep_picture, opened
from tests.web.mailed import CODE, LINK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
LAPTOP = {"width": 1280, "height": 800}
COUNT_TAPS = "addEventListener('click', (event) => { if (event.detail) window.name += '.'; }, true)"  # a name outlives a page


@pytest.fixture
def public(settings, live_server):
    settings.PUBLIC_URL = live_server.url
    return live_server.url


def mailed() -> tuple[str, str]:
    """The code and the link of the newest request, as its worker sends them."""
    assert mailed_sign_in.send(request_id=SignInRequest.objects.latest("created_at").pk)
    text = str(mail.outbox[-1].body)
    return CODE.findall(text)[0], LINK.findall(text)[0]


def looked_at(page: Page, name: str) -> list[str]:
    """What is wrong with the page as it is; a picture at both widths for whoever looks."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    wrong = does_not_fit(page) + findings(page)
    keep_picture(page, name)
    return wrong


def test_from_the_qr_code_to_the_inside_in_three_taps_on_a_phone(browser, public):
    event = make_event(name="How a city learns", city="Minsk")
    invited = make_participant(event.programme, user=make_user(mail="nina@example.org"))
    Registration.objects.create(event=event, participant=invited, state="invited")
    wrong = {}
    with opened(browser, public, color_scheme="light") as page:
        page.add_init_script(COUNT_TAPS)
        page.goto(f"/join/{event.join_code}/")
        wrong["join"] = looked_at(page, "join-light")
        page.get_by_label("Mail address").fill("nina@example.org")
        page.get_by_role("button", name="Send me a code").click()
        expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
        wrong["code"] = looked_at(page, "code-light")
        code, _link = mailed()
        page.keyboard.type(code)  # the field waits for it
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Take part").click()
        expect(page.locator("#notice")).to_contain_text("You take part.")
        assert page.evaluate("window.name") == "..."
    assert wrong == {name: [] for name in wrong}


def test_a_link_opened_on_the_phone_asks_for_what_the_laptop_shows(browser, public):
    user, wrong = make_user(name="Anna"), {}
    with opened(browser, public, color_scheme="dark") as laptop, opened(browser, public, color_scheme="dark") as phone:
        laptop.set_viewport_size(LAPTOP)
        laptop.goto("/sign-in/?next=/my-data/")
        wrong["sign-in"] = looked_at(laptop, "sign-in-dark")
        laptop.get_by_label("Mail address").fill(user.mail)
        laptop.keyboard.press("Enter")
        check = laptop.locator(".check").inner_text()
        code, link = mailed()
        laptop.get_by_label("Code from the mail").fill("1" if code[0] != "1" else "2")
        laptop.keyboard.press("Enter")
        expect(laptop.locator(".error")).to_contain_text("This is not the code.")
        wrong["wrong"] = looked_at(laptop, "code-wrong-dark")
        phone.goto(link)
        assert "token" not in phone.url
        wrong["link"] = looked_at(phone, "link-elsewhere-dark")
        phone.get_by_label("Check code").fill(check)
        phone.get_by_role("button", name="Sign in").click()
        expect(phone).to_have_url(f"{public}/my-data/")
        laptop.goto(link)
        expect(laptop.get_by_role("heading", name="This link cannot be used any more")).to_be_visible()
        wrong["over"] = looked_at(laptop, "link-over-dark")
        laptop.get_by_role("button", name="Send a new mail").click()
        _code, link = mailed()
        laptop.goto(link)
        wrong["own"] = looked_at(laptop, "link-own-dark")
        laptop.keyboard.press("Enter")
        expect(laptop).to_have_url(f"{public}/my-data/")
    assert wrong == {name: [] for name in wrong}


def test_an_organiser_sets_up_the_second_factor_and_comes_back_with_it(browser, public, settings):
    settings.SECOND_FACTOR = True
    organiser, wrong = make_user(name="Olga"), {}
    make_role(organiser, make_event().programme)
    with opened(browser, public, color_scheme="light") as page:
        sign_in(page, organiser)
        wrong["intro"] = looked_at(page, "factor-light")
        page.get_by_role("button", name="Set up my app").click()
        wrong["set-up"] = looked_at(page, "factor-set-up-light")
        page.get_by_label("six digits").fill(next_code(second_factor.begun(organiser)))
        page.get_by_role("button", name="Confirm").click()
        expect(page.locator(".recovery li")).to_have_count(10)
        wrong["codes"] = looked_at(page, "factor-codes-light")
        recovery = page.locator(".recovery code").first.inner_text()
        page.get_by_role("link", name="I have kept them").click()
        expect(page).to_have_url(f"{public}/organise/")
        page.goto("/second-factor/")
        wrong["managed"] = looked_at(page, "factor-managed-light")
        page.get_by_role("link", name="Back to the start page").click()
        page.get_by_role("button", name="Sign out").click()
        sign_in(page, organiser)
        wrong["asked"] = looked_at(page, "factor-asked-light")
        page.get_by_label("recovery code").fill(recovery)
        page.keyboard.press("Enter")
        expect(page.locator("#notice")).to_contain_text("Recovery codes left: 9.")
        wrong["recovered"] = looked_at(page, "factor-recovered-light")
    assert wrong == {name: [] for name in wrong}


def sign_in(page: Page, user) -> None:
    page.goto("/sign-in/password/")
    page.get_by_label("Mail address").fill(user.mail)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/second-factor/")
