"""What every view of the API shares.

- `permits` says for each operation (a viewset's action, else the method in small letters) who may call it. An operation
  without an entry cannot be called, and fails a test. Whose rows they are is answered by `matchmaking.access` alone.
- Bodies hold known fields only (`api.serializers.Strict`), addresses known parameters only (`parameters`, filters, pages).
- Requests that change state take `Idempotency-Key`, unless `idempotent` is False.
- Answers are in the person's language and are never cached between people.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, ValidationError
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from api import idempotency
from api.authentication import refuse_foreign_origin
from matchmaking import access
from matchmaking.errors import NotAllowed
from matchmaking.models import Programme

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
Anyone = AllowAny
FirstFactor = IsAuthenticated  # signed in, with or without the second factor


class SignedIn(IsAuthenticated):
    """Signed in; those with a role with their second factor."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if access.lacks_second_factor(request.user):
            raise NotAllowed("Show your second factor first: sign in with its code, or set it up on the pages.")
        return True


class Operator(SignedIn):
    """Runs the server: has no standing right to content."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and request.user.is_staff


class View(APIView):
    permits: ClassVar[Mapping[str, type[BasePermission]]] = {}
    scopes: ClassVar[Mapping[str, str]] = {}  # operation: name of a stricter rate in settings.THROTTLES
    counts_itself: ClassVar[tuple[str, ...]] = ()  # operations that call `throttling.take` in place of the general count
    parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # operation: query parameters besides filters and pages
    idempotent: ClassVar[bool] = True
    cache_control: ClassVar[str] = "no-store"
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    @property
    def operation(self) -> str:
        method = str(self.request.method).lower()
        return getattr(self, "action", None) or ("get" if method == "head" else method)

    def get_permissions(self) -> list[BasePermission]:
        return [self.permits[self.operation]()]

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if request.user.is_authenticated:
            translation.activate(request.user.language)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        method = str(request.method).lower()
        if method not in self.http_method_names or getattr(self, method, None) is None:
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        self.refuse_unknown_parameters(request)
        if request.method in UNSAFE:
            self.prepare_change(request)

    def prepare_change(self, request: Request) -> None:
        if not request.user.is_authenticated:
            refuse_foreign_origin(request)
        _read = request.data  # so that a body of the wrong type or form is refused even where nothing is taken from it
        if request.method == "DELETE":
            self.take_nothing(request)
        if self.idempotent and request.user.is_authenticated:
            method = request.method.lower()  # the handler is looked up after this, by this name
            setattr(self, method, partial(idempotency.once, getattr(self, method)))

    def known_parameters(self) -> set[str]:
        return set(self.parameters.get(self.operation, ()))

    def refuse_unknown_parameters(self, request: Request) -> None:
        unknown = set(request.query_params) - self.known_parameters()
        if unknown:
            raise ValidationError({name: [_("There is no such parameter.")] for name in sorted(unknown)})
        repeated = sorted(name for name, values in request.query_params.lists() if len(values) > 1)
        if repeated:
            raise ValidationError({name: [_("Give this parameter once.")] for name in repeated})

    def take_nothing(self, request: Request) -> None:
        """For operations without a body."""
        if request.data:
            names = list(request.data) if isinstance(request.data, Mapping) else ["body"]
            raise ValidationError({str(name): [_("This cannot be set here.")] for name in names})

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        failed = response.status_code >= 400
        response.headers.setdefault("Cache-Control", "no-store" if failed else self.cache_control)
        patch_vary_headers(response, ("Cookie", "Authorization", "Accept-Language"))
        return response


class Nouns(View, GenericViewSet):
    """Rows of one noun: lists by cursor, with declared filters and orders."""

    queryset: Any = Programme.objects.none()  # rows come from `access`; this tells the schema what an id looks like
    lookup_value_regex = "[0-9]{1,16}"
    ordering_fields: ClassVar[tuple[str, ...]] = ()

    def known_parameters(self) -> set[str]:
        known = super().known_parameters()
        if self.operation == "list":
            known |= {"cursor", "page_size"} | ({"ordering"} if self.ordering_fields else set())
            filters = getattr(self, "filterset_class", None)
            known |= set(filters.base_filters) if filters else set()
        return known

    def refuse_unknown_parameters(self, request: Request) -> None:
        """Nor is an empty filter overlooked: it would find everything."""
        super().refuse_unknown_parameters(request)
        blank = sorted(name for name, value in request.query_params.items() if not value)
        if blank:
            raise ValidationError({name: [_("This field may not be blank.")] for name in blank})

    def page(self, rows: Any, serializer: Any, **context: Any) -> Response:
        """One page of `rows` (a queryset that `access` has narrowed), filtered and ordered as asked."""
        found = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(serializer(found, many=True, context={**self.get_serializer_context(), **context}).data)
