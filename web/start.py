"""The start page: what this is, and where to go on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    return render(request, "web/start.html")


start.permits = "anyone"  # type: ignore[attr-defined]
