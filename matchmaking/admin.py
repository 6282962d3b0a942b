"""The operator's window: states, counts and ids of the machinery. No personal field, nothing to edit.

Names, mails, texts and answers are in none of these pages: the operator runs the server and has no standing right to
content. Only models listed here have a page at all.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from matchmaking import access
from matchmaking.models import AuditEntry, Event, Import, Programme, Publication, Pulse, Run, Shard

# The theme evaluates expressions and writes its colours into the page; scripts still come from this server alone.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class OperatorSite(UnfoldAdminSite):  # type: ignore[misc]
    site_header = site_title = "Matchmaking: operator"
    index_title = "States and counts"

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        inner = super().admin_view(view, cacheable)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = inner(request, *args, **kwargs)
            response.headers["Content-Security-Policy"] = CONTENT_POLICY
            return response

        return answer

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active) and access.operates(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if settings.SECOND_FACTOR:
            return self._login_with_second_factor(request)
        response: HttpResponse = super().login(request, extra_context)
        response.headers["Content-Security-Policy"] = CONTENT_POLICY
        return response

    def _login_with_second_factor(self, request: HttpRequest) -> HttpResponse:
        """By our own pages: the theme's form knows no second factor."""
        here = reverse("admin:index")
        if access.lacks_second_factor(request.user):
            return redirect_to_login(here, reverse("second-factor"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(here, settings.LOGIN_URL)


site = OperatorSite(name="admin")


class ReadOnly(ModelAdmin):  # type: ignore[misc]
    """A list and a page of the fields named in `shown`; no adding, changing or deleting, no search, no actions."""

    shown: tuple[str, ...] = ()
    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return self.shown

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.shown

    get_readonly_fields = get_fields

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active) and access.operates(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Programme, site=site)
class ProgrammePage(ReadOnly):
    shown = ("id", "slug", "language", "participants", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(participant_count=Count("participants"))

    @admin.display(ordering="participant_count")
    def participants(self, row: Any) -> int:
        return int(row.participant_count)


@admin.register(Event, site=site)
class EventPage(ReadOnly):
    shown = ("id", "slug", "programme", "kind", "starts_at", "registrations", "cap", "floor", "version")
    list_filter = ("kind",)
    list_select_related = ("programme",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(registration_count=Count("registrations"))

    @admin.display(ordering="registration_count")
    def registrations(self, row: Any) -> int:
        return int(row.registration_count)


@admin.register(Run, site=site)
class RunPage(ReadOnly):
    shown = (
        "id", "event", "kind", "state", "stage", "epoch", "shard_count", "code_version", "created_at", "started_at",
        "finished_at", "published_at", "taken_back_at", "failure", "measures",
    )  # fmt: skip
    list_filter = ("state", "kind")
    list_select_related = ("event",)
    ordering = ("-created_at",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("id", "event", "kind", "state", "stage", "created_at", "finished_at", "published_at")


@admin.register(Shard, site=site)
class ShardPage(ReadOnly):
    shown = ("id", "run_id", "stage", "number", "state", "epoch", "attempts", "worker", "lease_until", "peak_mb", "fenced")
    list_filter = ("state", "stage")
    ordering = ("-created_at",)


@admin.register(Publication, site=site)
class PublicationPage(ReadOnly):
    shown = ("id", "event", "kind", "run_id")
    list_select_related = ("event",)


@admin.register(Import, site=site)
class ImportPage(ReadOnly):
    shown = ("id", "programme", "event", "kind", "state", "rows_read", "counts", "created_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("programme", "event")
    ordering = ("-created_at",)


@admin.register(Pulse, site=site)
class PulsePage(ReadOnly):
    shown = ("name", "at")


@admin.register(AuditEntry, site=site)
class AuditPage(ReadOnly):
    shown = ("id", "created_at", "action", "noun", "noun_id", "actor_id", "programme_id", "event_id")
    list_filter = ("action", "noun")
    ordering = ("-created_at",)
