"""`manage.py rank_case CASE_DIR --out FILE`: answers a matching case with the engine and the weights of production."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from matchmaking.management.cases import Case


class Command(BaseCommand):
    help = "Answer a matching case (a folder with profiles, projects and queries) with the engine and the weights of production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("case", type=Path, metavar="CASE_DIR")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the answers go, JSON lines")

    def handle(self, *args: Any, **options: Any) -> None:
        case, out = Case(options["case"]), options["out"]
        with out.open("w", encoding="utf-8") as answers:
            for answer in case.answers():
                answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
        self.stdout.write(f"{len(case.queries)} queries answered in {out}.")
