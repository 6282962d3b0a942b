"""`python -m benchmarks.pictures`: the pictures of docs/matching.md, drawn from a run of the engine on the demo programme's people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from benchmarks.demo_people import demo_cohort
from matchmaking.engine import pipeline
from matchmaking.engine.candidates import read_candidates
from matchmaking.engine.parameters import Parameters
from matchmaking.engine.records import Cohort, Direction, Suggested

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
INK, BACK = "#222222", "#ffffff"
COLOURS = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f",
    "#ff9da7", "#499894", "#8cd17d", "#d37295", "#79706e", "#d4a6c8", "#86bcb6", "#b6992d",
)  # fmt: skip
LEAST = 0.02  # z units of a part worth drawing
WIDTH, LEFT, RIGHT = 900, 60, 30
CAP = Parameters().cap


def main() -> None:
    cohort = demo_cohort()
    shown = pipeline.suggest(cohort, Parameters()).suggestions
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "parts.svg").write_text(parts(telling(shown), cohort), encoding="utf-8")
    (FOLDER / "exposure.svg").write_text(exposure(times_shown(shown), times_wanted(cohort), len(cohort.profiles)), encoding="utf-8")
    print(f"Written: {FOLDER}/parts.svg, {FOLDER}/exposure.svg")


# --- the run ---------------------------------------------------------------------------------------------------------
def telling(shown: Sequence[Suggested]) -> Suggested:
    """The suggestion whose reasons come from the most parts, the likelier one of equals."""
    return max(shown, key=lambda pair: (sum(term.value > LEAST for side in (pair.ab, pair.ba) for term in side.terms), pair.score_e9))


def times_shown(shown: Iterable[Suggested]) -> Counter[str]:
    """How often everybody is suggested to somebody."""
    return Counter(key for pair in shown for key in (pair.a, pair.b))


def times_wanted(cohort: Cohort) -> Counter[str]:
    """How often everybody would be shown if each person saw the eight best for themselves, whoever else saw them too."""
    cohort = pipeline.order(cohort)
    count = len(cohort.profiles)
    space = pipeline.merge_vectors(cohort, [pipeline.vectorise_rows(cohort, 0, count)])
    settings = Parameters(candidates=CAP)
    lists = read_candidates([pipeline.candidates_rows(space, cohort, settings, 0, count)])
    return Counter(cohort.profiles[column].key for column in lists.column.tolist())


# --- drawing ---------------------------------------------------------------------------------------------------------
def parts(pair: Suggested, cohort: Cohort) -> str:
    """Both directions of one suggestion: from the constant upwards, part by part, to z and the chance of a yes."""
    sides = ((pair.a, pair.b, pair.ab), (pair.b, pair.a, pair.ba))
    names = [
        term.part for term in pair.ab.terms if term.part != "constant" and max(_value(side, term.part) for _, _, side in sides) > LEAST
    ]
    low = min(_value(side, "constant") for _, _, side in sides)
    high = max(side.z for _, _, side in sides)
    unit = (WIDTH - LEFT - RIGHT) / (max(high, 0.0) + 0.5 - low)
    of = {profile.key: profile for profile in cohort.profiles}
    drawn = [_text(LEFT, 24, "The parts of one suggestion, in z units (demo programme)", size=16)]
    for place, (one, other, side) in enumerate(sides):
        top, z = 62 + 82 * place, _value(side, "constant")
        drawn.append(_text(LEFT, top - 6, f"{one} ({of[one].sector}) towards {other} ({of[other].sector})"))
        for name, colour in zip(names, COLOURS, strict=False):
            width = _value(side, name)
            drawn.append(_box(LEFT + (z - low) * unit, top, width * unit, 30, colour, f"{name} {width:+.2f}"))
            z += width
        drawn.append(_text(LEFT + (z - low) * unit + 6, top + 20, f"z = {side.z:.2f}, chance {side.p:.0%}"))
    drawn += _axis(low, max(high, 0.0), unit, 196)
    drawn.append(
        _text(LEFT, 246, f"Chance that both say yes: {pair.ab.p:.0%} x {pair.ba.p:.0%} = {pair.score:.0%}. Bars begin at the constant.")
    )
    drawn += _legend(dict(zip(names, COLOURS, strict=False)), 264)
    return _svg(drawn, 264 + 22 * (1 + (len(names) - 1) // 5) + 6)


def _value(side: Direction, part: str) -> float:
    return next((term.value for term in side.terms if term.part == part), 0.0)


def _axis(low: float, high: float, unit: float, top: float) -> list[str]:
    ticks = range(round(low), round(high) + 1)
    line = _box(LEFT, top, (high - low) * unit, 1, INK)
    return [line, *(_text(LEFT + (tick - low) * unit, top + 18, str(tick), anchor="middle") for tick in ticks)]


def exposure(shown: Counter[str], wanted: Counter[str], people: int) -> str:
    """How many people are suggested how often, with the shared allocation and if everybody saw their own best."""
    tables = [Counter(table.values()) + Counter({0: people - len(table)}) for table in (wanted, shown)]
    most = max(max(table) for table in tables)
    tallest = max(max(table.values()) for table in tables)
    step = (WIDTH - LEFT - RIGHT) / (most + 1)
    drawn = [_text(LEFT, 24, f"How many of {people} people are suggested how often (demo programme)", size=16)]
    told = ("each sees the best eight for themselves", "one allocation for all, eight at most")
    for place, (table, label, colour) in enumerate(zip(tables, told, COLOURS, strict=False)):
        bottom = 190 + 180 * place
        unseen = f"most often {max(table)} times, {sum(table[times] for times in (0, 1))} people once or never"
        drawn.append(_text(WIDTH - RIGHT, bottom - 128, f"{label}: {unseen}", anchor="end"))
        for times, count in sorted(table.items()):
            height = 115 * count / tallest
            drawn.append(_box(LEFT + times * step, bottom - height, step * 0.85, height, colour, f"{count} people, {times} times"))
            drawn.append(_text(LEFT + (times + 0.4) * step, bottom - height - 4, str(count), anchor="middle", size=11))
        drawn.append(_box(LEFT, bottom, WIDTH - LEFT - RIGHT, 1, INK))
        drawn += [_text(LEFT + (times + 0.4) * step, bottom + 16, str(times), anchor="middle") for times in range(0, most + 1, 2)]
    return _svg(drawn, 400)


def _legend(colours: Mapping[str, str], top: float) -> list[str]:
    drawn = []
    for place, (name, colour) in enumerate(colours.items()):
        x, y = LEFT + (place % 5) * 165, top + 22 * (place // 5)
        drawn += [_box(x, y, 14, 14, colour), _text(x + 20, y + 12, name.replace("_", ", by "))]
    return drawn


def _box(x: float, y: float, width: float, height: float, colour: str, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">{inside}</rect>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}">{escape(words)}</text>'


def _svg(drawn: Iterable[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{height:.0f}" fill="{BACK}"/>', *drawn, "</svg>", ""])


if __name__ == "__main__":
    main()
