from django.urls import URLPattern, URLResolver, include, path, re_path

from web import contacts, joining, my_data, profile, suggestions
from web.sign_in import sign_in, sign_out
from web.start import choose_language, look_in, start
from web.style_page import style

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start, name="start"),
    path("language/", choose_language, name="language"),
    path("look-in/", look_in, name="look-in"),
    path("style/", style, name="style"),
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
    re_path(r"^join/(?P<code>[A-Za-z0-9_-]{1,40})/$", joining.join, name="join-event"),
    path("suggestions/", suggestions.overview, name="suggestions"),
    path("suggestions/<int:pk>/", suggestions.single, name="suggestion"),
    path("suggestions/<int:pk>/answer/", suggestions.answer, name="answer"),
    path("people/<int:pk>/block/", suggestions.block, name="block"),
    path("blocks/<int:pk>/take-back/", suggestions.unblock, name="unblock"),
    path("profile/", profile.which, name="profile"),
    path("profile/<int:pk>/", profile.profile, name="own-profile"),
    path("profile/<int:pk>/concepts/", profile.concepts, name="concepts"),
    path("profile/<int:pk>/consent/", profile.consent, name="consent"),
    path("proposals/<int:pk>/take/", profile.proposal, {"decision": "take"}, name="take-proposal"),
    path("proposals/<int:pk>/leave/", profile.proposal, {"decision": "leave"}, name="leave-proposal"),
    path("contacts/", contacts.overview, name="contacts"),
    path("contacts/<int:pk>/note/", contacts.note, name="note"),
    path("contacts/<int:pk>/share/", contacts.share, name="share"),
    path("contacts/<int:pk>/end/", contacts.end, name="end"),
    path("contacts/<int:pk>/contact.vcf", contacts.card, name="contact-card"),
    path("contacts/<int:pk>/meeting.ics", contacts.meeting, name="meeting"),
    path("contacts/always/<int:pk>/", contacts.share_always, name="share-always"),
    path("my-data/", my_data.overview, name="own-data"),
    path("my-data/my-data.json", my_data.download, {"kind": "json"}, name="download-json"),
    path("my-data/my-data.html", my_data.download, {"kind": "html"}, name="download-html"),
    path("my-data/erase/", my_data.erase, name="erase"),
    path("registrations/<int:pk>/leave/", my_data.leave, name="leave"),
    path("organise/", include("web.organiser.urls")),
]
