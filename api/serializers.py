"""Bodies: known fields only, texts cleaned and limited."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers

from matchmaking.models.base import ID_BITS
from matchmaking.services.cells import clean

LANGUAGE = r"^[a-z]{2,3}\Z"


class Strict(serializers.Serializer):
    """A body in which every field is known and may be set; anything else is refused by name."""

    refuses_unknown = True  # for the description

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            settable = {name for name, field in self.fields.items() if not field.read_only}
            refused = {str(name): [_("This cannot be set here.")] for name in data if name not in settable}
            if refused:
                raise serializers.ValidationError(refused)
            if not isinstance(data, QueryDict):  # in a form everything is a text
                self.refuse_other_types(data)
        return super().to_internal_value(data)

    def refuse_other_types(self, data: Mapping[str, Any]) -> None:
        """A number is no text and no truth value, though the framework would make it one."""
        kinds = {serializers.CharField: str, serializers.BooleanField: bool}
        wrong = {
            name: [self.fields[name].error_messages["invalid"]]
            for name, value in data.items()
            for field, kind in kinds.items()
            if isinstance(self.fields[name], field) and isinstance(value, int | float) and not isinstance(value, kind)
        }
        if wrong:
            raise serializers.ValidationError(wrong)


class Text(serializers.CharField):
    """A text as it may be stored: composed, without invisible and direction signs, limited."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if "\x00" in data:  # before it is cleaned away
            raise serializers.ValidationError(ProhibitNullCharactersValidator.message)
        if self.max_length is not None and len(data) > 4 * self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return clean(super().to_internal_value(data))


class Id(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**ID_BITS, **options)


class Words(serializers.ListField):
    """A short list of short texts: terms, languages."""

    def __init__(self, *, most: int = 50, length: int = 120, **options: Any) -> None:
        super().__init__(child=Text(max_length=length), max_length=most, **options)


class LocalisedText(serializers.DictField):
    """One text by language code."""

    def __init__(self, *, length: int, **options: Any) -> None:
        super().__init__(child=Text(max_length=length, allow_blank=True), **options)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        texts: dict[str, str] = super().to_internal_value(data)
        unknown = set(texts) - {"be", "ru", "en", "de"}
        if unknown:
            raise serializers.ValidationError({name: [_("Languages are be, ru, en, de.")] for name in sorted(unknown)})
        return texts
