from django.urls import URLPattern, path

from web.start import start

urlpatterns: list[URLPattern] = [path("", start, name="start")]
