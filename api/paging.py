"""Cursor pages for every list: at most 100 rows, no offsets, no counts. Cursors are signed: nobody can make one up."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib import parse

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import Cursor as Position
from rest_framework.pagination import CursorPagination
from rest_framework.utils.urls import replace_query_param


class Cursor(CursorPagination):
    page_size = 25
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering = "id"

    @property
    def signer(self) -> Signer:
        """A cursor of one order is no cursor of another."""
        return Signer(salt=f"api.cursor:{','.join(self.ordering)}")

    def get_page_size(self, request: Any) -> int:
        wanted = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not (wanted.isascii() and wanted.isdecimal() and int(wanted[:10]) > 0):
            raise ValidationError({self.page_size_query_param: [_("A whole number from 1 to 100.")]})
        return min(int(wanted[:10]), self.max_page_size)

    def decode_cursor(self, request: Any) -> Position | None:
        encoded = request.query_params.get(self.cursor_query_param)
        if encoded is None:
            return None
        try:
            words = parse.parse_qs(self.signer.unsign(urlsafe_b64decode(encoded.encode()).decode()), keep_blank_values=True)
        except (BadSignature, ValueError):
            raise ValidationError({self.cursor_query_param: [_("This cursor is not of this list.")]}) from None
        return Position(offset=int(words["o"][0]), reverse="r" in words, position=words["p"][0] if "p" in words else None)

    def encode_cursor(self, cursor: Position) -> str:
        words = {"o": str(cursor.offset)}
        if cursor.reverse:
            words["r"] = "1"
        if cursor.position is not None:
            words["p"] = cursor.position
        encoded = urlsafe_b64encode(self.signer.sign(parse.urlencode(words)).encode()).decode()
        return replace_query_param(self.base_url, self.cursor_query_param, encoded)

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        self.ordering = self.get_ordering(request, queryset, view)  # the signature needs it before the cursor is read
        return super().paginate_queryset(queryset, request, view)


class Ordering(OrderingFilter):
    """Orders by one declared field, or refuses; rows that are alike are told apart by id."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the description: no such parameter where no field is declared."""
        orders = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        schema = {"type": "string", "enum": orders}
        return [{"name": self.ordering_param, "required": False, "in": "query", "schema": schema}] if orders else []

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        wanted = request.query_params.get(self.ordering_param)
        if wanted is None:
            return tuple(getattr(view, "ordering", ("id",)))
        if wanted.removeprefix("-") not in view.ordering_fields:
            raise ValidationError({self.ordering_param: [_("Order by one of: {names}.").format(names=", ".join(view.ordering_fields))]})
        return (wanted,) if wanted.removeprefix("-") == "id" else (wanted, "id")
