"""S2: consent per purpose and the profile that is filled in once: saved as one types, concepts found in any language."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.utils.translation import gettext as _

from matchmaking import access
from matchmaking.engine.vocabulary import default_vocabulary
from matchmaking.errors import BadInput, NotFound
from matchmaking.models import Participant
from matchmaking.selectors import own_data
from matchmaking.selectors.labels import event_name, term_label
from matchmaking.selectors.possible import possible_partners
from matchmaking.services import consents, participants
from web import errors
from web.forms import TERMS, ConsentForm, checked, told
from web.names import LABELS, OFTEN, TERM_TEXTS, language_name, sectors_of, value_of
from web.pages import is_htmx, page, render

ROOM = "profile"
FOUND = 8  # concepts offered while typing
UNSAID = ("", [], "other")
ASKED = ("name", "organisation", "sector", "offers", "needs", "languages", "city", "about")  # what the progress counts


@page("get")
def which(request: HttpRequest) -> HttpResponse:
    """The profile, or a choice of them where somebody is in several programmes."""
    own = list(own_data.at_a_glance(access.own_participants(request.user)))
    if len(own) == 1:
        return redirect("own-profile", pk=own[0].pk)
    named = [(one.pk, event_name(one.programme, request.user.language)) for one in own]
    return render(request, "web/profiles.html", {"own": named}, room=ROOM)


@page("get", "post")
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    """What one tells; a change is saved by itself with script, with a button without."""
    own = _own(request, pk)
    if request.method == "POST":
        return _save(request, own)
    context = {
        **_standing(own, request.user.language),
        **_consents(request, own),
        "terms": [_terms(own, name, request) for name in TERMS],
        "proposals": [(one.pk, _proposed(own, one.changes, request.user.language)) for one in own.proposals.all()],
    }
    return render(request, "web/profile.html", {**context, **_choices(own, request)}, room=ROOM)


@page("get")
def concepts(request: HttpRequest, pk: int) -> HttpResponse:
    """Concepts whose name in any language begins as typed, to be picked for the field that asks."""
    own, field = _own(request, pk), request.GET.get("field", "")
    if field not in TERMS:
        raise NotFound("There is no such field.")
    typed = request.GET.get(f"{field}_new", "")[:100].strip()
    language = request.user.language
    ids = default_vocabulary().search(typed, language, limit=FOUND) if typed else []
    found = [default_vocabulary().label(concept, language) for concept in ids]
    return part(request, "web/parts/found.html", {"one": own, "field": field, "found": found, "typed": typed})


@page("post")
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Give or withdraw one purpose; what rests on a withdrawn one ends at once."""
    own = _own(request, pk)
    said = checked(ConsentForm(request.POST))
    if said["give"]:
        consents.check([said["purpose"]], said["text_version"])
        consents.give(participant=own, purpose=said["purpose"], by=request.user)
    else:
        consents.withdraw(participant=own, purpose=said["purpose"], by=request.user)
    if is_htmx(request):
        return part(request, "web/parts/consents.html", _consents(request, _own(request, pk)))
    return redirect("own-data") if request.POST.get("room") == "my-data" else redirect("own-profile", pk=pk)


@page("post")
def proposal(request: HttpRequest, pk: int, decision: str) -> HttpResponse:
    """Take or leave what an import would change in a confirmed profile."""
    row = access.own_proposal(request.user, pk)
    (participants.take_proposal if decision == "take" else participants.leave_proposal)(proposal=row, by=request.user)
    return redirect("own-profile", pk=row.participant_id)


def _own(request: HttpRequest, pk: int) -> Participant:
    access.own_participant(request.user, pk)
    return own_data.at_a_glance(access.own_participants(request.user)).get(pk=pk)


# --- saving -----------------------------------------------------------------------------------------------------------
def _save(request: HttpRequest, own: Participant) -> HttpResponse:
    said = {name: value for name, value in told(request.POST).items() if value != value_of(own, name)}
    version = request.POST.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        raise BadInput("The request cannot be used.")
    try:
        if said:
            participants.change(participant=own, data=said, by=request.user, version=int(version))
    except BadInput as error:
        if not is_htmx(request):
            raise
        wrong = [(LABELS.get(name, name), text) for name, text in errors.by_field(error).items()]
        answer = part(request, "web/parts/unsaved.html", {"wrong": wrong})
        answer.headers["HX-Reswap"] = "none"  # the field stays as it is; only the note beside it changes
        return answer
    if not is_htmx(request):
        messages.success(request, _("Saved."))
        return redirect("own-profile", pk=own.pk)
    fresh = _own(request, own.pk)
    field = request.POST.get("field", "")
    terms = _terms(fresh, field, request) if field in TERMS else None
    return part(request, "web/parts/saved.html", {**_standing(fresh, request.user.language), "one_terms": terms})


# --- what is shown ----------------------------------------------------------------------------------------------------
def _standing(own: Participant, language: str) -> dict[str, Any]:
    done = sum(value_of(own, name) not in UNSAID for name in ASKED)
    return {
        "one": own,
        "programme": event_name(own.programme, language),
        "possible": possible_partners(own),
        "done": done,
        "asked": len(ASKED),
    }


def _proposed(own: Participant, changes: dict[str, Any], language: str) -> list[tuple[Any, str]]:
    """What an import would change: the field's name, and its new value in words."""
    words = {"languages": language_name} | dict.fromkeys(TERMS, lambda term: term_label(term, language))
    sectors = sectors_of(own.programme)

    def in_words(name: str, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(words.get(name, str)(one) for one in value)
        return sectors.get(value, value) if name == "sector" else str(value)

    return [(LABELS.get(name, name), in_words(name, value)) for name, value in changes.items()]


def _terms(own: Participant, name: str, request: HttpRequest) -> dict[str, Any]:
    label, example = TERM_TEXTS[name]
    picked = [(term, term_label(term, request.user.language)) for term in value_of(own, name)]
    return {"name": name, "label": label, "example": example, "picked": picked}


def _choices(own: Participant, request: HttpRequest) -> dict[str, Any]:
    spoken = own.profile.languages
    codes = [*OFTEN, *(code for code in spoken if code not in OFTEN)]
    return {
        "sectors": sectors_of(own.programme).items(),
        "tongues": [(code, language_name(code), code in spoken) for code in codes],
        "labels": LABELS,
    }


def _consents(request: HttpRequest, own: Participant) -> dict[str, Any]:
    language = request.user.language
    given = {one.purpose: one for one in own.consents.all()}
    purposes = [{**purpose, "given": given.get(purpose["purpose"])} for purpose in consents.purposes(language)]
    return {"one": own, "purposes": purposes, "notice": consents.notice(language), "in_room": request.POST.get("room", "")}
