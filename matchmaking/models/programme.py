"""Programme: the fence around every other row; its events; who organises and facilitates."""

import secrets

from django.db import models
from django.db.models import F, Q

from matchmaking.models.base import Row, one_of


def default_sectors() -> list[dict[str, str]]:
    """The sectors a new programme starts with, as `{"key", "be", "ru", "en", "de"}`; it can rename and add."""
    return [
        {"key": "authority", "be": "улады", "ru": "власть", "en": "authority", "de": "Verwaltung"},
        {"key": "education", "be": "адукацыя", "ru": "образование", "en": "education", "de": "Bildung"},
        {"key": "business", "be": "бізнес", "ru": "бизнес", "en": "business", "de": "Wirtschaft"},
        {
            "key": "creative",
            "be": "крэатыўныя індустрыі",
            "ru": "креативные индустрии",
            "en": "creative industries",
            "de": "Kreativwirtschaft",
        },
        {
            "key": "civil society",
            "be": "грамадзянская супольнасць",
            "ru": "гражданское общество",
            "en": "civil society",
            "de": "Zivilgesellschaft",
        },
        {"key": "other", "be": "іншае", "ru": "другое", "en": "other", "de": "Sonstiges"},
    ]


def new_join_code() -> str:
    return secrets.token_urlsafe(12)


class Programme(Row):
    slug = models.SlugField(unique=True, max_length=80)
    name = models.CharField(max_length=200)
    names = models.JSONField(default=dict, blank=True, help_text="The name by language code.")
    sectors = models.JSONField(default=default_sectors)
    language = models.CharField(max_length=2, default="en")

    def __str__(self) -> str:
        return self.slug


class EventKind(models.TextChoices):
    DISCUSSION = "discussion"
    HACKATHON = "hackathon"
    TRAINING = "training"


class Event(Row):
    Kind = EventKind

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="events")
    slug = models.SlugField(unique=True, max_length=80)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.DISCUSSION)
    name = models.CharField(max_length=200)
    names = models.JSONField(default=dict, blank=True)
    description = models.TextField(blank=True, max_length=5000)
    descriptions = models.JSONField(default=dict, blank=True)
    city = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=60, default="Europe/Minsk")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    cap = models.PositiveSmallIntegerField(default=8, help_text="Most live suggestions of one person.")
    floor = models.PositiveSmallIntegerField(default=2, help_text="Fewest suggestions of one person, where possible.")
    open_limit = models.PositiveSmallIntegerField(default=10, help_text="Most unanswered suggestions of one person.")
    answer_hours = models.PositiveIntegerField(default=72, help_text="Hours to answer, where the event's start is not later.")
    same_sector = models.BooleanField(default=False)
    met_again = models.BooleanField(default=False, help_text="Suggest people who have worked together before.")
    join_code = models.CharField(max_length=40, default=new_join_code, unique=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            one_of("kind", EventKind, "event_kind_known"),
            models.CheckConstraint(condition=Q(cap__gte=1, cap__lte=20), name="event_cap_between_1_and_20"),
            models.CheckConstraint(condition=Q(floor__lte=F("cap")), name="event_floor_below_cap"),
            models.CheckConstraint(condition=Q(ends_at__isnull=True) | Q(starts_at__lte=F("ends_at")), name="event_ends_after_start"),
        ]

    def __str__(self) -> str:
        return self.slug


class RoleName(models.TextChoices):
    ORGANISER = "organiser"
    FACILITATOR = "facilitator"


class Role(Row):
    """Organiser or facilitator of a programme, or of one event of it."""

    Name = RoleName

    user = models.ForeignKey("matchmaking.User", on_delete=models.CASCADE, related_name="roles")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="roles")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, blank=True, related_name="roles")
    name = models.CharField(max_length=20, choices=Name.choices)

    class Meta:
        constraints = [
            one_of("name", RoleName, "role_name_known"),
            models.UniqueConstraint(fields=["user", "programme", "name"], condition=Q(event__isnull=True), name="role_once_per_programme"),
            models.UniqueConstraint(fields=["user", "event", "name"], condition=Q(event__isnull=False), name="role_once_per_event"),
        ]
