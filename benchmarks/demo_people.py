"""The demo programme's people and past projects as the engine's records, from its files."""

import csv
import json
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from matchmaking.engine.records import Cohort, PastProject, Profile

DEMO = Path(__file__).resolve().parent.parent / "demo"


def demo_cohort() -> Cohort:
    """Everybody in the demo files, whatever the language and delimiter; the columns stand in one order."""
    said = tomllib.loads((DEMO / "programme.toml").read_text(encoding="utf-8"))
    sectors = {label: sector["key"] for sector in said["sector"] for label in sector["name"].values()}
    profiles = [profile_of(row, sectors) for name in said["participant_files"] for row in rows_of(DEMO / name)]
    lines = (DEMO / said["project_file"]).read_text(encoding="utf-8").splitlines()
    unique = {profile.key: profile for profile in profiles}
    return Cohort(tuple(unique.values()), tuple(project_of(json.loads(line)) for line in lines if line.strip()))


def rows_of(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    delimiter = max(",;\t", key=lines[0].count)
    return [row for row in csv.reader(lines[1:], delimiter=delimiter) if any(row)]


def profile_of(row: Sequence[str], sectors: dict[str, str]) -> Profile:
    key, _, _, organisation, sector, industries, city, country, languages, offers, needs, interests, about, *_ = row
    some = lambda text: tuple(item.strip() for item in text.split(";") if item.strip())  # noqa: E731
    return Profile(
        key, sectors.get(sector.strip(), "other"), organisation=organisation, industries=some(industries), city=city, country=country,
        languages=some(languages), offers=some(offers), needs=some(needs), interests=some(interests), about=about,
    )  # fmt: skip


def project_of(entry: dict[str, Any]) -> PastProject:
    when = date.fromisoformat(entry["when"])
    return PastProject(entry["id"], when, entry["lead"], tuple(entry["members"]), tuple(entry["tags"]), entry["text"])
