"""What the demo would have mailed; in production there is no such page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from matchmaking.errors import NotFound
from matchmaking.services import captured_mail
from web.names import moment
from web.pages import ANYONE, page, render

SHOWN, ZONE = 50, "UTC"


@page("get", permits=ANYONE)
def overview(request: HttpRequest) -> HttpResponse:
    """The newest first, with links that can be followed."""
    if settings.PRODUCTION:
        raise NotFound("There is nothing here.")
    told = [
        {"subject": one.subject, "to": one.to, "at": moment(one.at, ZONE), "lines": [(line, _path(line)) for line in one.text.split("\n")]}
        for one in captured_mail.newest(SHOWN)
    ]
    return render(request, "web/demo_mail.html", {"mails": told, "zone": ZONE})


def _path(line: str) -> str:
    """Where a line leads that is one of our addresses: without host and port, so that it works wherever the demo is looked at."""
    own = line.startswith(f"{settings.PUBLIC_URL}/") and " " not in line
    return line.removeprefix(settings.PUBLIC_URL) if own else ""
