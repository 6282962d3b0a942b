"""What all our rows have in common."""

import secrets

from django.db import models

ID_BITS = 53  # the largest whole number that every JSON reader keeps exactly


def random_id() -> int:
    """An id nobody can guess from another one; JSON-safe, never 0."""
    return secrets.randbelow(2**ID_BITS - 1) + 1


class Row(models.Model):
    id = models.BigIntegerField(primary_key=True, default=random_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


def one_of(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """A check that the database itself makes: `field` holds one of `choices`."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": choices.values}), name=name)
