from django.urls import URLPattern, path

from web.sign_in import sign_in, sign_out
from web.start import start

urlpatterns: list[URLPattern] = [
    path("", start, name="start"),
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
]
