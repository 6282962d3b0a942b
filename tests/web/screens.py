"""Every screen in every state: who opens it, where, and what is done there first. A new screen is one line."""

from base64 import b32decode
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from django_otp.oath import totp
from playwright.sync_api import Page

SEEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
FRAME = '<a href="{name}"><figure><img loading="lazy" height="360" src="{name}" alt=""><figcaption>{label}</figcaption></figure></a>'


class Screen(NamedTuple):
    """A screen in one of its states; `reader` is a name of the world's, or nobody; `{...}` in the address are ids of the world."""

    name: str
    reader: str
    address: str
    act: Callable[[Page], None] | None = None
    closed: bool = False  # details stay as they are at first
    status: int = 200


# --- what is done on a screen, in any language ------------------------------------------------------------------------
def answer_yes(page: Page) -> None:
    page.locator("article.suggestion .answers button[value=accept]").first.click()
    page.locator("article.suggestion button[value=undo]").first.wait_for()


def answer_offline(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("#offline").wait_for()
    page.locator("article.suggestion .answers button[value=accept]").first.click()
    page.locator("article.suggestion .waiting").first.wait_for()


def answer_slowly(page: Page) -> None:
    """The answer is under way and does not come."""
    page.evaluate("XMLHttpRequest.prototype.send = () => {}")
    page.locator("article.suggestion .answers button[value=accept]").first.click()
    page.locator("form.htmx-request").wait_for()


def leave_name_empty(page: Page) -> None:
    page.locator("#name").fill("")
    page.locator("#saved .error, #saved.error").first.wait_for()


def search_concepts(page: Page) -> None:
    page.locator("input[name=needs_new]").fill("диза")
    page.locator("#needs-found button").first.wait_for()


def block(page: Page) -> None:
    page.locator("article.suggestion").nth(1).locator("button.link").click()
    page.locator("form[action$='/take-back/']").first.wait_for()


def submit(selector: str) -> Callable[[Page], None]:
    """Press a button of a form that is sent as it is, whatever the browser thinks of it."""

    def act(page: Page) -> None:
        page.evaluate("document.querySelectorAll('form').forEach((one) => { one.noValidate = true; })")
        with page.expect_navigation():
            page.locator(selector).first.click()

    return act


def invite(page: Page) -> None:
    page.locator("form[action$='/invite/'] [name=mail]").fill("facilitator2@example.org")
    submit("form[action$='/invite/'] button")(page)


def wrong_password(page: Page) -> None:
    page.locator("[name=password]").fill("not this one")
    submit("main form button")(page)


def ask_for_mail(page: Page) -> None:
    page.locator("[name=mail]").fill("anastazija.dlugaja.familija@example.org")
    submit("main form button")(page)


def type_wrong_code(page: Page) -> None:
    ask_for_mail(page)
    page.locator("[name=code]").fill("1")
    submit("main form button")(page)


def confirm_factor(page: Page) -> None:
    """Set up the second factor with the secret that is spelled out for those who cannot scan."""
    submit("form[action$='/set-up/'] button")(page)
    secret = (page.locator("main details code").text_content() or "").replace(" ", "")
    page.locator("[name=code]").fill(f"{totp(b32decode(secret)):06}")
    submit("form[action$='/confirm/'] button")(page)


def empty_the_clocks(page: Page) -> None:
    for clock in page.locator("input[type=time]").all():
        clock.fill("")
    submit("main form button")(page)


NOBODY, PARTICIPANT, ORGANISER, FACILITATOR = "nobody", "participant", "organiser", "facilitator"
SCREENS = (
    Screen("start", NOBODY, "/"),
    Screen("start-signed-in", PARTICIPANT, "/"),
    Screen("style", NOBODY, "/style/"),
    # S1
    Screen("sign-in", NOBODY, "/sign-in/"),
    Screen("sign-in-code", NOBODY, "/sign-in/", ask_for_mail),
    Screen("sign-in-code-wrong", NOBODY, "/sign-in/", type_wrong_code),
    Screen("sign-in-link-over", NOBODY, "/sign-in/link/", status=410),
    Screen("sign-in-password", NOBODY, "/sign-in/password/"),
    Screen("second-factor", FACILITATOR, "/second-factor/"),
    Screen("second-factor-set-up", FACILITATOR, "/second-factor/", submit("form[action$='/set-up/'] button")),
    Screen("second-factor-codes", FACILITATOR, "/second-factor/", confirm_factor),
    Screen("second-factor-managed", FACILITATOR, "/second-factor/"),
    Screen("join", NOBODY, "/join/{join}/"),
    Screen("invitation", NOBODY, "/invitation/{invited}/"),
    Screen("invitation-accept", "newcomer", "/invitation/{invited}/"),
    Screen("join-wrong", NOBODY, "/join/{join}/", submit("main form button")),
    Screen("join-known", "newcomer", "/join/{join}/"),
    # S2
    Screen("profile", PARTICIPANT, "/profile/{sample}/"),
    Screen("profile-several", "newcomer", "/profile/"),
    Screen("profile-new", "newcomer", "/profile/{newcomer}/"),
    Screen("profile-proposal", "with contacts", "/profile/{with_contacts}/"),
    Screen("profile-not-saved", PARTICIPANT, "/profile/{sample}/", leave_name_empty),
    Screen("profile-concepts", PARTICIPANT, "/profile/{sample}/", search_concepts),
    # S3
    Screen("suggestions", PARTICIPANT, "/suggestions/"),
    Screen("suggestions-as-first-seen", PARTICIPANT, "/suggestions/", closed=True),
    Screen("suggestions-of-nobody", "stranger", "/suggestions/"),
    Screen("suggestions-unasked", "newcomer", "/suggestions/"),
    Screen("suggestions-silence", "silent", "/suggestions/"),
    Screen("suggestions-all-answered", "answered", "/suggestions/?event={event}"),
    Screen("suggestions-answered", "answered", "/suggestions/?show=answered"),
    Screen("suggestions-introduced", "with contacts", "/suggestions/?show=answered"),
    Screen("suggestion", PARTICIPANT, "/suggestions/{suggestion}/"),
    Screen("suggestions-loading", PARTICIPANT, "/suggestions/", answer_slowly),
    Screen("suggestions-offline", PARTICIPANT, "/suggestions/", answer_offline),
    Screen("suggestions-said-yes", PARTICIPANT, "/suggestions/", answer_yes),
    Screen("suggestions-blocked", PARTICIPANT, "/suggestions/", block),
    # S4
    Screen("contacts", "with contacts", "/contacts/"),
    Screen("contacts-none", "newcomer", "/contacts/"),
    # S5
    Screen("team", "in a team", "/team/?event={hackathon}"),
    Screen("team-not-published", PARTICIPANT, "/team/?event={event}"),
    # S6
    Screen("my-data", "with contacts", "/my-data/"),
    Screen("my-data-of-nobody", "stranger", "/my-data/"),
    Screen("erase", PARTICIPANT, "/my-data/erase/"),
    Screen("erase-wrong-password", PARTICIPANT, "/my-data/erase/", wrong_password),
    # notices
    Screen("notices", "with contacts", "/notices/"),
    Screen("notices-none", "stranger", "/notices/"),
    Screen("notice-settings", PARTICIPANT, "/notices/settings/"),
    Screen("notice-settings-wrong", PARTICIPANT, "/notices/settings/", empty_the_clocks),
    Screen("notice-settings-of-staff", ORGANISER, "/notices/settings/"),
    Screen("stop-mail", NOBODY, "/mail/stop/{stop}/"),
    Screen("stop-mail-done", NOBODY, "/mail/stop/{stop}/", submit("main form button")),
    Screen("demo-mail", NOBODY, "/mail/"),
    # S7, S8
    Screen("teams-home", FACILITATOR, "/facilitate/"),
    Screen("rules", FACILITATOR, "/facilitate/events/{hackathon}/rules/"),
    Screen("teams", FACILITATOR, "/facilitate/events/{hackathon}/teams/"),
    Screen("teams-none", FACILITATOR, "/facilitate/events/{empty}/teams/"),
    Screen("teams-run", FACILITATOR, "/facilitate/runs/{teams_run}/"),
    Screen("board", FACILITATOR, "/facilitate/rosters/{roster}/"),
    Screen("board-draft", FACILITATOR, "/facilitate/rosters/{draft}/"),
    Screen("board-person", FACILITATOR, "/facilitate/rosters/{draft}/people/{seated}/"),
    Screen("board-publish", FACILITATOR, "/facilitate/rosters/{draft}/publish/"),
    Screen("what-if", FACILITATOR, "/facilitate/rosters/{draft}/beside/"),
    Screen("what-if-compared", FACILITATOR, "/facilitate/rosters/{draft}/beside/?with={roster}"),
    # S9
    Screen("wall", NOBODY, "/wall/{wall}/?page=1"),
    Screen("wall-names", NOBODY, "/wall/{wall}/?list=names&page=1"),
    Screen("wall-held", FACILITATOR, "/facilitate/events/{hackathon}/wall/", submit("button[value=freeze]")),
    # S10
    Screen("print", FACILITATOR, "/facilitate/events/{hackathon}/print/?q=а"),
    Screen("places", FACILITATOR, "/facilitate/events/{hackathon}/places/"),
    Screen("requests", FACILITATOR, "/facilitate/events/{hackathon}/requests/"),
    # S11
    Screen("events", ORGANISER, "/organise/"),
    Screen("events-none", "organiser of nothing", "/organise/"),
    Screen("new-event", ORGANISER, "/organise/programmes/{programme}/new-event/"),
    Screen("new-event-wrong", ORGANISER, "/organise/programmes/{programme}/new-event/", submit("main form button")),
    Screen("settings", ORGANISER, "/organise/events/{event}/settings/"),
    Screen("settings-invited", ORGANISER, "/organise/events/{event}/settings/", invite),
    Screen("settings-wrong-mail", ORGANISER, "/organise/events/{event}/settings/", submit("form[action$='/invite/'] button")),
    # S12
    Screen("imports", ORGANISER, "/organise/events/{event}/imports/"),
    Screen("imports-none", ORGANISER, "/organise/events/{empty}/imports/"),
    Screen("imports-no-file", ORGANISER, "/organise/events/{event}/imports/", submit("form.upload button")),
    Screen("import-preview", ORGANISER, "/organise/imports/{import_preview}/"),
    Screen("import-reading", ORGANISER, "/organise/imports/{import_reading}/"),
    Screen("import-saving", ORGANISER, "/organise/imports/{import_saving}/"),
    Screen("import-done", ORGANISER, "/organise/imports/{import_done}/"),
    Screen("import-failed", ORGANISER, "/organise/imports/{import_failed}/"),
    Screen("import-cancelled", ORGANISER, "/organise/imports/{import_cancelled}/"),
    Screen("import-taken-back", ORGANISER, "/organise/imports/{import_taken_back}/"),
    # S13
    Screen("runs", ORGANISER, "/organise/events/{event}/runs/"),
    Screen("runs-none", ORGANISER, "/organise/events/{empty}/runs/"),
    Screen("runs-one-under-way", ORGANISER, "/organise/events/{training}/runs/"),
    Screen("run-under-way", ORGANISER, "/organise/runs/{running}/"),
    Screen("run-failed", ORGANISER, "/organise/runs/{failed}/"),
    Screen("run-cancelled", ORGANISER, "/organise/runs/{cancelled}/"),
    Screen("run-taken-back", ORGANISER, "/organise/runs/{taken_back}/"),
    Screen("run-preview", ORGANISER, "/organise/runs/{preview}/"),
    Screen("run-shown", ORGANISER, "/organise/runs/{shown}/"),
    # S14
    Screen("pairs", ORGANISER, "/organise/runs/{preview}/pairs/"),
    Screen("pairs-none-like-that", ORGANISER, "/organise/runs/{preview}/pairs/?q=nobody+is+called+so"),
    Screen("pairs-of-nothing", ORGANISER, "/organise/runs/{taken_back}/pairs/"),
    Screen("left-out", ORGANISER, "/organise/runs/{shown}/pairs/?show=left-out"),
    # S15
    Screen("mixing", ORGANISER, "/organise/events/{event}/mixing/"),
    Screen("mixing-of-a-preview", ORGANISER, "/organise/events/{hackathon}/mixing/?run={preview}"),
    Screen("mixing-of-nothing", ORGANISER, "/organise/events/{empty}/mixing/"),
    Screen("network", ORGANISER, "/organise/events/{event}/network/"),
    Screen("network-of-one", ORGANISER, "/organise/events/{event}/network/?node={sample}"),
    # S17
    Screen("exports", ORGANISER, "/organise/events/{event}/exports/"),
    Screen("exports-none", ORGANISER, "/organise/events/{empty}/exports/"),
    Screen("exports-without-purpose", ORGANISER, "/organise/events/{event}/exports/", submit("form[action$='/file/'] button")),
    # refusals
    Screen("not-found", PARTICIPANT, "/suggestions/1/", status=404),
    Screen("not-allowed", PARTICIPANT, "/organise/", status=403),
)


def album(folder: Path) -> None:
    """A page to look through the pictures that lie in a folder: a row for each screen, its pictures by language, width and scheme."""
    rows = []
    for screen in SCREENS:
        pictures = sorted(folder.glob(f"{screen.name}.*.png"))
        shown = "".join(FRAME.format(name=one.name, label=one.stem) for one in pictures)
        rows.append(f"<h2>{screen.name}</h2><p>{screen.reader}, {screen.address}</p><div>{shown}</div>")
    style = "body{font:14px sans-serif}div{display:flex;overflow-x:auto;gap:8px}figure{margin:0}"
    text = f"<!DOCTYPE html><meta charset='utf-8'><title>Screens</title><style>{style}</style><h1>Screens</h1>{''.join(rows)}"
    (folder / "index.html").write_text(text, encoding="utf-8")
