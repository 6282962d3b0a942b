"""S1: signing in by a mail: an address, then the code of the mail, or its link and one button.

What binds a request to the browser that asked is the id in its session. A link that is opened elsewhere asks for the check code
which that browser shows. Opening a link changes nothing but the session; only a POST uses it.
"""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from matchmaking.errors import Conflict, TooOften
from matchmaking.models import Event, SignInRequest, User
from matchmaking.selectors.labels import event_name
from matchmaking.services import mailed_sign_in
from matchmaking.services.participants import clean_mail
from web import errors
from web.pages import ANYONE, FIRST_FACTOR, page, render
from web.signing_in.forms import CheckForm, CodeForm, MailForm
from web.start import local_path, signed_in_as

ASKED, OPENED = "sign_in_asked", "sign_in_opened"  # in the session: the request this browser made; the one whose link it opened
WRONG = "This is not the code."


@page("get", "post", permits=ANYONE)
def sign_in(request: HttpRequest) -> HttpResponse:
    """One field; whoever is signed in already goes on. The same answer to every address."""
    onward = onward_of(request)
    if request.user.is_authenticated:
        return redirect(onward or settings.LOGIN_REDIRECT_URL)
    if not settings.MAIL_ON:
        return redirect(reverse("sign-in-password", query={"next": onward} if onward else None))
    form = MailForm(request.POST if request.method == "POST" else None)
    status = 200 if request.method != "POST" else 400
    if form.is_valid():
        try:
            return asked_for(request, form.cleaned_data["mail"], onward)
        except TooOften as error:
            form.add_error(None, errors.sentence(error))
            status = 429
    return render(request, "web/sign_in.html", {"form": form, "next": onward}, status=status)


def asked_for(request: HttpRequest, mail: str, onward: str, event: Event | None = None) -> HttpResponse:
    """Ask for the mail and lead to where its code is typed; raises TooOften."""
    asked = mailed_sign_in.ask(request, mail=clean_mail(mail), language=_language(), onward=onward[:500], event=event)
    _remember(request, ASKED, asked)
    return redirect("sign-in-code")


@page("post", permits=ANYONE)
def again(request: HttpRequest) -> HttpResponse:
    """A new mail in place of a lost one."""
    earlier = _kept(request, ASKED) or _kept(request, OPENED)
    if earlier is None:
        return redirect("sign-in")
    request.session[ASKED] = mailed_sign_in.ask_again(request, earlier, _language()).pk
    request.session.pop(OPENED, None)
    messages.success(request, _("A new mail is on its way."))
    return redirect("sign-in-code")


@page("post", permits=FIRST_FACTOR)
def renew(request: HttpRequest) -> HttpResponse:
    """Who is signed in proves it once more, before something that cannot be undone."""
    return asked_for(request, request.user.mail, onward_of(request))


@page("get", "post", permits=ANYONE)
def code(request: HttpRequest) -> HttpResponse:
    """Look into your mail: its code is typed here."""
    asked = _kept(request, ASKED)
    if asked is None:
        return redirect("sign-in")
    form = CodeForm(request.POST if request.method == "POST" else None)
    user, status = _typed(request, asked, form, mailed_sign_in.MAILED)
    if user is not None:
        return _in(request, user, asked)
    start_over = reverse("join-event", args=[asked.event.join_code]) if asked.event is not None else reverse("sign-in")
    check = mailed_sign_in.code_of(asked, mailed_sign_in.SHOWN)
    demo_mail = "" if settings.PRODUCTION or settings.EMAIL_URL else reverse("demo-mail")
    context = {"form": form, "check": check, "start_over": start_over, "demo_mail": demo_mail, **_told(asked)}
    return render(request, "web/sign_in_code.html", context, status=status)


@page("get", "post", permits=ANYONE)
def link(request: HttpRequest) -> HttpResponse:
    """The link of the mail: it leads here without its token, so that neither history nor `Referer` keeps that."""
    if "token" in request.GET and request.method != "POST":
        return _opened(request, request.GET["token"])
    asked = _kept(request, OPENED)
    if asked is None:
        return _over(request, None)
    own = request.session.get(ASKED) == asked.pk
    form = CheckForm(request.POST if request.method == "POST" and not own else None)
    if request.method == "POST" and own:
        user, status = _used(asked), 409
    else:
        user, status = _typed(request, asked, form, mailed_sign_in.SHOWN)
    if user is not None:
        return _in(request, user, asked)
    if not mailed_sign_in.is_open(asked):
        return _over(request, asked)
    return render(request, "web/sign_in_link.html", {"form": form, "own": own, **_told(asked)}, status=status)


def _opened(request: HttpRequest, token: str) -> HttpResponse:
    asked = mailed_sign_in.of_token(token)
    if asked is None:
        return _over(request, None)
    if request.session.get(OPENED) != asked.pk:
        _remember(request, OPENED, asked)
    answer = redirect("sign-in-link")
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _over(request: HttpRequest, asked: SignInRequest | None) -> HttpResponse:
    """A new mail is one click away, where it is known for which address."""
    kept = asked or _kept(request, ASKED)
    context = {"kept": kept, "form": MailForm(), "next": kept.onward if kept else ""}
    return render(request, "web/sign_in_over.html", context, status=410)


def _typed(request: HttpRequest, asked: SignInRequest, form: forms.Form, kind: str) -> tuple[User | None, int]:
    """The login that what was typed opens, or None with the status of the page that says why."""
    if not form.is_bound:
        return None, 200
    try:
        if form.is_valid():
            user = mailed_sign_in.enter_by_code(request, asked, kind, form.cleaned_data["code"])
            if user is not None:
                return user, 302
            form.add_error("code", _(WRONG))
    except (TooOften, Conflict) as error:
        form.add_error(None, errors.sentence(error))
        asked.refresh_from_db()
        return None, 429 if isinstance(error, TooOften) else 409
    return None, 400


def _used(asked: SignInRequest) -> User | None:
    try:
        return mailed_sign_in.enter_by_link(asked)
    except Conflict:
        asked.refresh_from_db()
        return None


def _in(request: HttpRequest, user: User, asked: SignInRequest) -> HttpResponse:
    for name in (ASKED, OPENED):
        request.session.pop(name, None)
    return signed_in_as(request, user, local_path(request, asked.onward))


def _remember(request: HttpRequest, name: str, asked: SignInRequest) -> None:
    """In the session, which lasts no longer than the request can be of use as long as nobody is signed in."""
    request.session[name] = asked.pk
    if not request.user.is_authenticated:
        request.session.set_expiry(settings.SIGN_IN_KEPT_S)


def _kept(request: HttpRequest, name: str) -> SignInRequest | None:
    return SignInRequest.objects.select_related("event").filter(pk=request.session.get(name, 0)).first()


def _told(asked: SignInRequest) -> dict[str, object]:
    event = event_name(asked.event, _language()) if asked.event is not None else ""
    return {"mail": asked.mail, "event": event, "open": mailed_sign_in.is_open(asked), "minutes": settings.SIGN_IN_MAIL_S // 60}


def _language() -> str:
    return (get_language() or "en")[:2]


def onward_of(request: HttpRequest) -> str:
    """The path of ours to go to afterwards; never another site, nor a page of the sign-in."""
    path = local_path(request, request.POST.get("next") or request.GET.get("next") or "")
    return "" if path.startswith(settings.LOGIN_URL) else path
