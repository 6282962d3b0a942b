"""What `GET /api/v1/suggestions/` is measured against: the same answer, from plain nested ModelSerializers.

Same rows, same sentences, same number of queries, same view base, sign-in, throttle and JSON writer. Mounted by the
benchmark alone, beside the real routes.
"""

from typing import Any

from django.db.models import Prefetch
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response as Answer

from api.views import SignedIn, View
from config.urls import urlpatterns as real_routes
from matchmaking import access
from matchmaking.models import Event, Participant, Profile, Response, Suggestion
from matchmaking.selectors.labels import event_name, term_label
from matchmaking.selectors.reasons import why

PAGE_SIZE = 5


class EventPlain(serializers.ModelSerializer):
    name = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = ("id", "name")

    def get_name(self, event: Event) -> str:
        return event_name(event, self.context["language"])


class ProfilePlain(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ("city", "languages", "industries", "offers", "needs", "about")

    def to_representation(self, profile: Profile) -> dict[str, Any]:
        data = super().to_representation(profile)
        for name in ("industries", "offers", "needs"):
            data[name] = [term_label(term, self.context["language"]) for term in data[name]]
        return data


class PartnerPlain(serializers.ModelSerializer):
    organisation = serializers.CharField(source="organisation.name")
    sector = serializers.SerializerMethodField()
    sector_key = serializers.CharField(source="profile.sector")
    profile = ProfilePlain()

    class Meta:
        model = Participant
        fields = ("id", "name", "organisation", "sector", "sector_key", "profile")

    def get_sector(self, partner: Participant) -> str:
        return str(self.context["sectors"][partner.profile.sector])

    def to_representation(self, partner: Participant) -> dict[str, Any]:
        data = super().to_representation(partner)
        return data | data.pop("profile")


class SuggestionPlain(serializers.ModelSerializer):
    event = EventPlain(source="pair.event")
    partner = PartnerPlain()
    why = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField(source="pair.expires_at")
    state = serializers.SerializerMethodField()
    my_answer = serializers.SerializerMethodField()
    introduced = serializers.SerializerMethodField()
    introduction = serializers.SerializerMethodField()

    class Meta:
        model = Suggestion
        fields = ("id", "event", "partner", "why", "expires_at", "state", "my_answer", "introduced", "introduction")

    def get_why(self, row: Suggestion) -> dict[str, list[str]]:
        if self.context.get("without_reasons"):
            return {"for_you": [], "for_them": [], "does_not_fit": []}
        return why(row.told, self.context["language"], row.partner.name)

    def get_my_answer(self, row: Suggestion) -> str | None:
        return next((one.answer for one in row.pair.responses.all()), None)

    def get_state(self, row: Suggestion) -> str:
        return "introduced" if self.get_introduced(row) else "answered" if self.get_my_answer(row) else "open"

    def get_introduced(self, row: Suggestion) -> bool:
        return hasattr(row.pair, "introduction")

    def get_introduction(self, row: Suggestion) -> int | None:
        return row.pair.introduction.pk if self.get_introduced(row) else None


def rows_of(user: Any) -> list[Suggestion]:
    """The same five rows in two queries."""
    a = ("pair__a__organisation", "pair__a__profile")
    b = ("pair__b__organisation", "pair__b__profile")
    mine = Prefetch("pair__responses", Response.objects.filter(participant__user=user))
    rows = access.suggestions_visible_to(user).select_related("pair__event__programme", "pair__introduction", *a, *b)
    found = list(rows.prefetch_related(mine).order_by("rank_a", "pk")[:PAGE_SIZE])
    for row in found:
        i_am_a = row.pair.a.user_id == user.pk
        row.partner = row.pair.b if i_am_a else row.pair.a
        row.told = row.told_a if i_am_a else row.told_b
    return found


def context_of(user: Any, rows: list[Suggestion]) -> dict[str, Any]:
    sectors = rows[0].pair.event.programme.sectors if rows else []
    return {"user": user, "language": user.language, "sectors": {sector["key"]: sector[user.language] for sector in sectors}}


class Plain(View):
    permits = {"get": SignedIn}

    def get(self, request: Request) -> Answer:
        rows = rows_of(request.user)
        results = SuggestionPlain(rows, many=True, context=context_of(request.user, rows)).data
        return Answer({"next": None, "previous": None, "results": results})


urlpatterns = [path("bench/plain/", Plain.as_view()), *real_routes]
