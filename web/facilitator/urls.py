"""Routes of a facilitator's pages, below /facilitate/."""

from django.urls import URLPattern, path

from web.facilitator import board, home, moves, places, printing, publishing, requests, rules, running, wall, whatif

urlpatterns: list[URLPattern] = [
    path("", home.home, name="facilitate"),
    path("events/<int:pk>/teams/", running.overview, name="facilitate-teams"),
    path("events/<int:pk>/form/", running.form, name="facilitate-form"),
    path("events/<int:pk>/rules/", rules.overview, name="facilitate-rules"),
    path("events/<int:pk>/rules/change/", rules.change, name="facilitate-rules-change"),
    path("runs/<int:pk>/", running.single, name="facilitate-run"),
    path("runs/<int:pk>/look/", running.look, name="facilitate-look"),
    path("runs/<int:pk>/cancel/", running.cancel, name="facilitate-cancel"),
    path("runs/<int:pk>/ways-out/<int:place>/", running.way_out, name="facilitate-way-out"),
    path("rosters/<int:pk>/", board.overview, name="facilitate-board"),
    path("rosters/<int:pk>/now/", board.now, name="facilitate-now"),
    path("rosters/<int:pk>/find/", board.find, name="facilitate-find"),
    path("rosters/<int:pk>/people/<int:participant>/", board.person, name="facilitate-person"),
    path("rosters/<int:pk>/teams/<int:number>/", board.team, name="facilitate-team"),
    path("rosters/<int:pk>/move/", moves.move, name="facilitate-move"),
    path("rosters/<int:pk>/undo/", moves.undo, name="facilitate-undo"),
    path("rosters/<int:pk>/pin/", moves.pin, name="facilitate-pin"),
    path("rosters/<int:pk>/lock/", moves.lock, name="facilitate-lock"),
    path("rosters/<int:pk>/again/", running.again, name="facilitate-again"),
    path("rosters/<int:pk>/repair/", running.repair, name="facilitate-repair"),
    path("rosters/<int:pk>/choose/", running.choose, name="facilitate-choose"),
    path("rosters/<int:pk>/beside/", whatif.beside, name="facilitate-beside"),
    path("rosters/<int:pk>/weigh/", whatif.weigh, name="facilitate-weigh"),
    path("rosters/<int:pk>/take-over/", whatif.take_over, name="facilitate-take-over"),
    path("rosters/<int:pk>/publish/", publishing.publish, name="facilitate-publish"),
    path("rosters/<int:pk>/take-back/", publishing.take_back, name="facilitate-take-back"),
    path("rosters/<int:pk>/set-aside/", publishing.set_aside, name="facilitate-set-aside"),
    path("events/<int:pk>/places/", places.overview, name="facilitate-places"),
    path("events/<int:pk>/places/number/", places.number, name="facilitate-number"),
    path("teams/<int:pk>/place/", places.save, name="facilitate-place"),
    path("events/<int:pk>/wall/", wall.overview, name="facilitate-wall"),
    path("events/<int:pk>/print/", printing.overview, name="facilitate-print"),
    path("events/<int:pk>/print/file/", printing.file, name="facilitate-print-file"),
    path("events/<int:pk>/requests/", requests.overview, name="facilitate-requests"),
    path("requests/<int:pk>/decide/", requests.decide, name="facilitate-decide"),
]
