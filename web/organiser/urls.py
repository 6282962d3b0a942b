"""Routes of an organiser's pages, below /organise/."""

from django.urls import URLPattern, path

from web.organiser import exporting, home, importing, mixing, network, pairs, running, setup

urlpatterns: list[URLPattern] = [
    path("", home.home, name="organise"),
    path("programmes/<int:pk>/new-event/", setup.new_event, name="organise-new-event"),
    path("events/<int:pk>/settings/", setup.settings, name="organise-settings"),
    path("events/<int:pk>/invite/", setup.invite, name="organise-invite"),
    path("events/<int:pk>/runs/", running.overview, name="organise-runs"),
    path("events/<int:pk>/runs/start/", running.start, name="organise-start"),
    path("runs/<int:pk>/", running.single, name="organise-run"),
    path("runs/<int:pk>/look/", running.look, name="organise-look"),
    path("runs/<int:pk>/pairs/", pairs.overview, name="organise-pairs"),
    path("runs/<int:pk>/pairs/decide/", pairs.decide, name="organise-decide"),
    *(path(f"runs/<int:pk>/{step}/", running.steer, {"step": step}, name=f"organise-{step}") for step in running.STEERING),
    path("events/<int:pk>/mixing/", mixing.overview, name="organise-mixing"),
    path("events/<int:pk>/mixing/table.csv", mixing.table, name="organise-mixing-table"),
    path("events/<int:pk>/mixing/picture.svg", mixing.image, name="organise-mixing-image"),
    path("events/<int:pk>/network/", network.overview, name="organise-network"),
    path("events/<int:pk>/network/file/", network.download, name="organise-network-file"),
    path("events/<int:pk>/imports/", importing.overview, name="organise-imports"),
    path("events/<int:pk>/imports/upload/", importing.upload, name="organise-upload"),
    path("imports/<int:pk>/", importing.single, name="organise-import"),
    path("imports/<int:pk>/look/", importing.look, name="organise-import-look"),
    path("imports/<int:pk>/read-again/", importing.read_again, name="organise-import-read"),
    path("imports/<int:pk>/confirm/", importing.confirm, name="organise-import-confirm"),
    path("imports/<int:pk>/rows/<int:row>/", importing.fix, name="organise-import-fix"),
    *(path(f"imports/<int:pk>/{step}/", importing.decide, {"step": step}, name=f"organise-import-{step}") for step in importing.STEPS),
    path("events/<int:pk>/exports/", exporting.overview, name="organise-exports"),
    path("events/<int:pk>/exports/file/", exporting.download, name="organise-export"),
]
