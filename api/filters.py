"""Filters are declared, field by field; what is not declared is refused before it comes here."""

from typing import Any

from django import forms
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django_filters import rest_framework as filters

from matchmaking.models.base import ID_BITS


class IdFilter(filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**ID_BITS, **options)


class Listed(filters.CharFilter):
    """Rows whose JSON list of texts holds the one asked for, on both databases."""

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        name = f"{self.field_name}_text".replace("__", "_")
        return rows.annotate(**{name: Cast(self.field_name, TextField())}).filter(**{f"{name}__contains": f'"{value}"'})
