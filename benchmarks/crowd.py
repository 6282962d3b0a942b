"""A made-up event of any size: people of all sectors and languages with what they offer, need and did together."""

import random
from collections.abc import Iterator
from datetime import date

from matchmaking.engine.records import Cohort, PastProject, Profile
from matchmaking.engine.vocabulary import default_vocabulary

SECTORS = ("authority", "education", "business", "creative", "civil society")
LANGUAGES = ("be", "ru", "en", "de")
COUNTRIES, CITIES = 12, 400
PEOPLE_PER_PROJECT = 5  # of the event: a project for every so many people
HALF_HOURS = 16
SENTENCES = (
    "We work on {} and {}.",
    "For years we have been busy with {}, and now we look into {}.",
    "Our small team knows {} well and learns {}.",
    "We came to {} through {}.",
)


def crowd(people: int, seed: int = 7) -> Cohort:
    """An event of so many people; the same number and seed give the same event."""
    dice = random.Random(seed)
    profiles = tuple(_profiles(people, dice))
    return Cohort(profiles, tuple(_projects(profiles, dice)))


def _profiles(people: int, dice: random.Random) -> Iterator[Profile]:
    vocabulary = default_vocabulary()
    concepts = sorted(vocabulary.concepts)
    for number in range(people):
        tongues = tuple(dice.sample(LANGUAGES, dice.randint(1, 3)))
        city = int(CITIES * dice.random() ** 2)  # some cities are large
        offers, needs, interests = (
            tuple(vocabulary.label(concept, tongues[0]) for concept in dice.sample(concepts, dice.randint(0, most))) for most in (4, 3, 4)
        )
        about = [vocabulary.label(concept, tongues[0]) for concept in dice.sample(concepts, 2)]
        yield Profile(
            f"P{number:06}", dice.choice(SECTORS), organisation=f"Organisation {number // 2}", city=f"City {city}",
            country=f"Country {city % COUNTRIES}", languages=tongues, offers=offers, needs=needs, interests=interests,
            about=dice.choice(SENTENCES).format(*about), slots=tuple(sorted(dice.sample(range(HALF_HOURS), dice.randint(0, 6)))),
        )  # fmt: skip


def _projects(profiles: tuple[Profile, ...], dice: random.Random) -> Iterator[PastProject]:
    vocabulary = default_vocabulary()
    concepts = sorted(vocabulary.concepts)
    for number in range(len(profiles) // PEOPLE_PER_PROJECT):
        members = tuple(profile.key for profile in dice.sample(profiles, dice.randint(2, 6)))
        tags = tuple(vocabulary.label(concept, "en") for concept in dice.sample(concepts, 2))
        text = f"A project on {tags[0]} with {tags[1]}."
        yield PastProject(f"K{number:06}", date(2010 + number % 15, 1, 1), members[0], members, tags, text)
