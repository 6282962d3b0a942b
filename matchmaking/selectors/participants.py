"""Participants as lists show them, in a fixed number of queries."""

from django.db.models import Prefetch, QuerySet

from matchmaking.models import Event, Participant, Registration


def with_profiles(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    return rows.select_related("profile", "organisation")


def with_registrations_in(rows: QuerySet[Participant], events: QuerySet[Event]) -> QuerySet[Participant]:
    """Each with its registrations in these events, as `registrations_here`."""
    here = Registration.objects.filter(event__in=events).order_by("pk")
    return with_profiles(rows).prefetch_related(Prefetch("registrations", queryset=here, to_attr="registrations_here"))
