"""`manage.py learn`: asks for a look at the answers of a programme, lists its versions, rolls back."""

import time
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from matchmaking.errors import MatchmakingError
from matchmaking.management.matching import LOOK_EVERY_S, workers
from matchmaking.management.processes import refusal
from matchmaking.models import LearnedWeights, Programme
from matchmaking.selectors.learning import active_weights, versions_of
from matchmaking.services import learning

GUARDS = {
    "few_answers": "Nothing changes: too few answers tell something of the partners ({answers}).",
    "few_accepts": "Nothing changes: too few of the answers are a yes ({accepts}).",
    "no_gain": "Nothing changes: later answers would not be foretold better.",
}


class Command(BaseCommand):
    help = "Learns weights and habits from the answers of a programme. With --wait, starts workers where none answers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--programme", required=True, metavar="SLUG")
        parser.add_argument("--wait", action="store_true", help="Wait for the result.")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--list", action="store_true", dest="listed", help="Show all versions instead.")
        instead.add_argument("--rollback", type=int, metavar="VERSION", help="Use this version instead; 0: the weights that were shipped.")

    def handle(self, *args: Any, programme: str, wait: bool, listed: bool, rollback: int | None, **options: Any) -> None:
        found = Programme.objects.filter(slug=programme).first()
        if found is None:
            raise refusal(f"There is no programme '{programme}'.")
        try:
            if listed:
                self._list(found)
            elif rollback is not None:
                learning.roll_back(found, rollback, by=None)
                self.stdout.write(f"The next runs use {_named(active_weights(found.pk))}.")
            else:
                self._learn(found, wait)
        except MatchmakingError as error:
            raise refusal(str(error)) from error
        except KeyboardInterrupt:
            raise refusal("Not waiting any longer; it goes on as soon as a worker runs.") from None

    def _learn(self, programme: Programme, wait: bool) -> None:
        with workers() if wait else nullcontext():
            learned, new = learning.start(programme, by=None)
            self.stdout.write(f"Version {learned.version} is {'asked for' if new else 'under way already'}.")
            while wait and learned.state in LearnedWeights.WORKING:
                time.sleep(LOOK_EVERY_S)
                learned.refresh_from_db()
        if wait:
            self.stdout.write(told(learned))
            self.stdout.write(f"The next runs use {_named(active_weights(programme.pk))}.")

    def _list(self, programme: Programme) -> None:
        for learned in versions_of(programme):
            self.stdout.write(f"{'*' if learned.active else ' '} {learned.version:3}  {learned.until:%Y-%m-%d %H:%M}  {told(learned)}")
        self.stdout.write(f"{' ' if active_weights(programme.pk) else '*'}   0  as shipped")


def told(learned: LearnedWeights) -> str:
    """What became of a look at the answers."""
    if learned.state == LearnedWeights.State.FAILED:
        return learned.failure["template"].format_map(learned.failure["params"])
    if learned.state != LearnedWeights.State.DONE:
        return f"{learned.state}."
    if learned.refused:
        return GUARDS[learned.refused].format(answers=learned.answers, accepts=learned.accepts)
    gains = ", ".join("{} {:+.4f} ({:+.4f} to {:+.4f})".format(name, *learned.gains[name]) for name in ("weights", "habits"))
    return f"{learned.answers} answers of {learned.people} people, {learned.accepts} of them yes. Gain in log-loss: {gains}."


def _named(learned: LearnedWeights | None) -> str:
    return f"version {learned.version}" if learned else "the shipped weights"
