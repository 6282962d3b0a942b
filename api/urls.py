"""Routes of the API. Each noun has its module; all of them are registered here."""

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

router = SimpleRouter()

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", include(router.urls))]
