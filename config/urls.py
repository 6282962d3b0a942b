"""Pages at /, API at /api/, health and metrics beside them."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("", include("web.urls")), path("", include("api.urls"))]
if settings.ADMIN_SITE:
    from matchmaking.admin import site

    urlpatterns.append(path("admin/", site.urls))

handler400 = "config.handlers.bad_request"
handler403 = "config.handlers.forbidden"
handler404 = "config.handlers.not_found"
handler500 = "config.handlers.failed"
