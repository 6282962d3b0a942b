"""Cities and countries under one name, whatever the language. Standard library only."""

import json
from functools import lru_cache
from pathlib import Path

from matchmaking.engine.normalise import term_key
from matchmaking.engine.records import Profile

FILE = Path(__file__).parent / "data" / "places.json"


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


@lru_cache(maxsize=1)
def _aliases() -> dict[str, dict[str, str]]:
    groups = json.loads(FILE.read_text(encoding="utf-8"))
    return {kind: {term_key(name): term_key(names[0]) for names in groups[kind] for name in names} for kind in ("cities", "countries")}
