"""Cities and countries under one name, whatever the language. Standard library only."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from matchmaking.engine.normalise import term_key
from matchmaking.engine.records import Profile

FILE = Path(__file__).parent / "data" / "places.json"
ABBREVIATED = 3  # letters of a name like UK
ALSO = "also"  # spellings beside the one of each language


def city_key(city: str) -> str:
    """The key of a city: spellings in several languages meet where the data file knows them."""
    key = term_key(city)
    return _aliases()["cities"].get(key, key)


def country_key(country: str) -> str:
    """The key of a country."""
    key = term_key(country)
    return _aliases()["countries"].get(key, key)


def cities(profile: Profile) -> list[str]:
    """The city of a profile, as a list of none or one key; the country tells two cities of one name apart where it is known."""
    return [city_key(profile.city)] if profile.city.strip() else []


def countries(profile: Profile) -> list[str]:
    """The country of a profile, as a list of none or one key."""
    return [country_key(profile.country)] if profile.country.strip() else []


def areas(profile: Profile) -> list[str]:
    """The region of a profile, else its city with the country, as a list of none or one key."""
    if profile.region.strip():
        return [term_key(profile.region)]
    return [f"{city} {country}" for city in cities(profile) for country in countries(profile) or [""]]


def place_name(place: str, language: str) -> str:
    """A city or country as the language calls it, as typed where the data file does not know it, though not in capitals."""
    known = _spelled().get(place)
    if known and language in known:
        return known[language]
    plain = place.title() if place.isupper() and len(place) > ABBREVIATED else place
    return _names().get(term_key(place), {}).get(language, plain)


@lru_cache(maxsize=1)
def _groups() -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return groups


@lru_cache(maxsize=1)
def _aliases() -> dict[str, dict[str, str]]:
    return {
        kind: {term_key(name): term_key(group["en"]) for group in groups for name in _spellings(group)}
        for kind, groups in _groups().items()
    }


@lru_cache(maxsize=1)
def _names() -> dict[str, dict[str, str]]:
    return {term_key(name): group for groups in _groups().values() for group in groups for name in _spellings(group)}


@lru_cache(maxsize=1)
def _spelled() -> dict[str, dict[str, str]]:
    """The places by their very spellings, so that the usual ones need no normalising."""
    return {name: group for groups in _groups().values() for group in groups for name in _spellings(group)}


def _spellings(group: dict[str, Any]) -> list[str]:
    return [*(name for key, name in group.items() if key != ALSO), *group[ALSO]]
