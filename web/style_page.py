"""The page that shows every element of the look, for whoever changes it. In the demo alone."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from matchmaking.models.programme import default_sectors
from web.pages import ANYONE, page, render


@page("get", permits=ANYONE)
def style(request: HttpRequest) -> HttpResponse:
    if settings.PRODUCTION:
        raise Http404
    language = request.LANGUAGE_CODE
    sectors = [(one["key"], one.get(language) or one["en"]) for one in default_sectors()]
    return render(request, "web/style.html", {"sectors": sectors})
