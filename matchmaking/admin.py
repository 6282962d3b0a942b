"""The operator's window: states, counts and ids of the machinery. No personal field, nothing to edit.

Names, mails, texts and answers are in none of these pages: the operator runs the server and has no standing right to
content. Only models listed here have a page at all.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from knox.models import AuthToken
from unfold.admin import ModelAdmin

from matchmaking.models import AuditEntry, Event, Import, Programme, Publication, Pulse, Run, Shard

admin.site.site_header = admin.site.site_title = "Matchmaking: operator"
admin.site.index_title = "States and counts"
for foreign in (Group, AuthToken):  # pages that other packages bring along
    if admin.site.is_registered(foreign):
        admin.site.unregister(foreign)


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
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Programme)
class ProgrammePage(ReadOnly):
    shown = ("id", "slug", "language", "participants", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(participant_count=Count("participants"))

    @admin.display(ordering="participant_count")
    def participants(self, row: Any) -> int:
        return int(row.participant_count)


@admin.register(Event)
class EventPage(ReadOnly):
    shown = ("id", "slug", "programme", "kind", "starts_at", "registrations", "cap", "floor", "version")
    list_filter = ("kind",)
    list_select_related = ("programme",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(registration_count=Count("registrations"))

    @admin.display(ordering="registration_count")
    def registrations(self, row: Any) -> int:
        return int(row.registration_count)


@admin.register(Run)
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


@admin.register(Shard)
class ShardPage(ReadOnly):
    shown = ("id", "run_id", "stage", "number", "state", "epoch", "attempts", "worker", "lease_until", "peak_mb", "fenced")
    list_filter = ("state", "stage")
    ordering = ("-created_at",)


@admin.register(Publication)
class PublicationPage(ReadOnly):
    shown = ("id", "event", "kind", "run_id")
    list_select_related = ("event",)


@admin.register(Import)
class ImportPage(ReadOnly):
    shown = ("id", "programme", "event", "kind", "state", "rows_read", "counts", "created_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("programme", "event")
    ordering = ("-created_at",)


@admin.register(Pulse)
class PulsePage(ReadOnly):
    shown = ("name", "at")


@admin.register(AuditEntry)
class AuditPage(ReadOnly):
    shown = ("id", "created_at", "action", "noun", "noun_id", "actor_id", "programme_id", "event_id")
    list_filter = ("action", "noun")
    ordering = ("-created_at",)
