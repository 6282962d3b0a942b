"""The API's description as a file and as a page; in production for those who are signed in."""

from types import SimpleNamespace
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission

from api.health import permits
from api.views import View


class Once(SchemaGenerator):
    """The description is the same for all readers of a language: it is made once per process."""

    made: ClassVar[dict[str, Any]] = {}

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        language = get_language() or ""
        if language not in self.made:
            self.made[language] = super().get_schema(request=request, public=public)
        return self.made[language]


class ReadersOfDocs(BasePermission):
    """Anybody in the demo; in production those who are signed in, and for others there is nothing here."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if settings.PRODUCTION and not request.user.is_authenticated:
            raise Http404
        return True


class ByAddress(DefaultContentNegotiation):
    """YAML or JSON by `?format=` too: a browser has no other way to ask."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE="format")


class SchemaView(View, SpectacularAPIView):
    content_negotiation_class = ByAddress
    permits = {"get": ReadersOfDocs}
    generator_class = Once
    parameters = {"get": ("format", "lang")}

    @extend_schema(exclude=True)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)


@permits("anyone in the demo, signed in in production")
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    if settings.PRODUCTION and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return render(request, "api/docs.html", {"title": _("Matchmaking API")})
