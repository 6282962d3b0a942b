"""Addresses of the API answer with and without the slash at their end: a redirect would lose what was sent."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def one_slash(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/") and not request.path_info.endswith("/"):
            request.path_info += "/"
        return get_response(request)

    return answer
