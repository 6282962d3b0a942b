"""Cohorts for the laws: drawn at random by hypothesis, and a small one to read."""

from datetime import date
from random import Random

from hypothesis import strategies as st

from matchmaking.engine.records import Cohort, PastProject, Profile

SECTORS = ("authority", "education", "business", "creative", "civil society", "other")
TERMS = (
    "sound design",
    "саунд-дизайн",
    "Buchillustration",
    "мабільныя дадаткі",
    "museum",
    "grants",
    "beekeeping by the lake",
    "тайная страва",
)
TEXTS = (
    "",
    "We build mobile apps for museums",
    "Шукаем ілюстратара для кнігі",
    "Ищем партнёров для фестиваля",
    "Wir suchen Räume für Workshops",
)

some_terms = st.lists(st.sampled_from(TERMS), max_size=3, unique=True).map(tuple)
profiles = st.builds(
    Profile,
    key=st.just(""),
    sector=st.sampled_from(SECTORS),
    organisation=st.sampled_from(("", "", "Studio", "Museum", "Town hall")),
    industries=st.lists(st.sampled_from(("design", "film", "crafts")), max_size=2, unique=True).map(tuple),
    city=st.sampled_from(("", "Minsk", "Мінск", "Gomel")),
    country=st.sampled_from(("", "Belarus", "Germany")),
    languages=st.lists(st.sampled_from(("be", "ru", "en", "de")), max_size=2, unique=True).map(tuple),
    offers=some_terms,
    needs=some_terms,
    interests=some_terms,
    offer_text=st.sampled_from(TEXTS),
    need_text=st.sampled_from(TEXTS),
    about=st.sampled_from(TEXTS),
    slots=st.lists(st.integers(0, 5), max_size=3, unique=True).map(tuple),
    same_sector=st.booleans(),
    open_=st.sampled_from((0.0, 0.25)),
    draw=st.sampled_from((0.0, -0.5)),
)


@st.composite
def cohorts(draw: st.DrawFn, most: int = 14) -> Cohort:
    """A cohort of up to `most` people with projects, blocks, declines, meetings and pins."""
    drawn = draw(st.lists(profiles, min_size=2, max_size=most))
    people = tuple(_keyed(profile, number) for number, profile in enumerate(drawn))
    keys = [profile.key for profile in people]
    pairs = st.frozensets(st.tuples(st.sampled_from(keys), st.sampled_from(keys)).filter(lambda pair: pair[0] < pair[1]), max_size=4)
    members = st.lists(st.sampled_from([*keys, "outsider 1", "outsider 2"]), min_size=1, max_size=4, unique=True).map(tuple)
    made = draw(st.lists(st.tuples(members, st.sampled_from(TEXTS), some_terms), max_size=4))
    projects = tuple(_project(number, *entry) for number, entry in enumerate(made))
    blocked, declined, met, before, pinned = (draw(pairs) for _ in range(5))
    past = draw(st.dictionaries(st.sampled_from(keys), st.sampled_from((0.0, 0.5, 2.0)), max_size=3))
    return Cohort(people, projects, blocked, declined, met, pinned - blocked - declined, before, past)


def _keyed(profile: Profile, number: int) -> Profile:
    return Profile(
        **{name: getattr(profile, name) for name in profile.__dataclass_fields__ if name != "key"}, key=f"P{number * 7919 % 1000:03}"
    )


def _project(number: int, members: tuple[str, ...], text: str, tags: tuple[str, ...]) -> PastProject:
    return PastProject(f"K{number}", date(2015 + number, 1, 1) if number % 2 else None, members[0], members, tags, text)


def busy(people: int = 14, projects: int = 12) -> Cohort:
    """People who worked together again and again, outsiders among them, so that many know one another from several projects."""
    drawn = Random(5)
    keys = [f"P{number:02}" for number in range(people)]
    members = [tuple(drawn.sample([*keys, "outsider 1", "outsider 2"], drawn.randint(2, 5))) for _ in range(projects)]
    past = [_project(number, some, TEXTS[number % len(TEXTS)], TERMS[number % 3 : 3]) for number, some in enumerate(members)]
    return Cohort(tuple(Profile(key, SECTORS[number % 4], languages=("en",)) for number, key in enumerate(keys)), tuple(past))


def readable() -> Cohort:
    """Six people in four languages whose suggestions can be read aloud."""
    return Cohort(
        profiles=(
            Profile(
                "anna", "creative", "Sound studio", (), "Minsk", "Belarus", ("be", "ru"), ("гукавы дызайн",), ("grants",), ("museums",)
            ),
            Profile("bert", "education", "School 5", (), "Мінск", "Беларусь", ("be", "de"), ("teaching",), ("sound design",), ("museums",)),
            Profile("cleo", "business", "Apps", (), "Gomel", "Belarus", ("ru", "en"), ("mobile apps",), ("sound design",), ("games",)),
            Profile("dora", "authority", "Town hall", (), "Gomel", "Belarus", ("ru",), ("grants",), ("mobile apps",), ("museums",)),
            Profile(
                "emil", "civil society", "Bees", (), "", "", (), ("beekeeping by the lake",), (), (), about="Our bees live on museum roofs"
            ),
            Profile("fred", "business", "Honey", (), "Vitebsk", "Belarus", ("en",), (), ("Beekeeping by the lake",), ()),
        ),
        projects=(
            PastProject("K1", date(2020, 1, 1), "anna", ("anna", "outsider"), (), "A festival of sound in the old brewery"),
            PastProject("K2", date(2021, 1, 1), "outsider", ("cleo", "outsider"), (), "A festival of light in the old brewery"),
        ),
    )
