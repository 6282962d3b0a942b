"""`manage.py form_teams`: one team case from a file, its roster (or the rules in conflict) into another; see docs/teams.md."""

import gzip
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matchmaking.engine.teams import door
from matchmaking.engine.teams.outcome import Outcome
from matchmaking.errors import BadInput


class Command(BaseCommand):
    help = (
        "Forms teams under hard rules from a JSON case (gzip too) and writes the roster, or the smallest set of rules in conflict, as JSON."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--seconds", type=float, default=door.SECONDS, help="The search's own budget on one core; default: %(default)s."
        )
        parser.add_argument("--seed", type=int, default=0, help="The same seed and seconds give the same roster; default: 0.")

    def handle(self, *args: Any, file: Path, out: Path, seconds: float, seed: int, **options: Any) -> None:
        try:
            case = door.read_case(_read(file))
        except (OSError, ValueError, BadInput) as error:
            raise CommandError(f"'{file}' cannot be read as a team case: {error}", returncode=2) from error
        outcome = door.form(case, seconds, seed)
        out.write_text(json.dumps(_answer(outcome), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        self.stdout.write(outcome.why)


def _read(file: Path) -> Any:
    raw = file.read_bytes()
    return json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)


def _answer(outcome: Outcome) -> dict[str, Any]:
    conflict = outcome.conflict
    return {
        "teams": [list(team) for team in outcome.roster],
        "unplaced": list(outcome.unplaced),
        "infeasible": {"conflict": list(conflict.rules), "why": conflict.why} if conflict else None,
        "why": outcome.why,
    }
