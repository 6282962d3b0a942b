"""What is said of teams, in words of a language: codes with their values and the templates of `data/team_words.toml`.

A `Said` goes through JSON and back, so that what a run found is told later to each reader in their own language, with the
names of people and concepts that the reader's side looks up. Standard library only.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "data" / "team_words.toml"


@dataclass(frozen=True, slots=True)
class Count:
    """A number with its noun in the right form; `of` is `people`, `teams`, ..."""

    n: int
    of: str


@dataclass(frozen=True, slots=True)
class People:
    """`a, b and c`; what is kept is their ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A skill, flag, language, sector or idea such as `skill:coding`: the reader's side knows its name."""

    property: str


@dataclass(frozen=True, slots=True)
class Each:
    """Several things one after the other; `by` is the code of what stands between them, `and`, a sign, or nothing."""

    parts: tuple[Any, ...]
    by: str = "; "


@dataclass(frozen=True, slots=True)
class Said:
    """A code of the templates and its values: numbers, texts, the kinds above, or other things said."""

    code: str
    values: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, code: str, **values: Any) -> "Said":
        """What is said, with its values by name."""
        return cls(code, tuple(values.items()))

    def __str__(self) -> str:
        return Teller("en").tell(self)


Names = Callable[[str], str]


class Teller:
    """Tells in one language; `person` names people by id, `thing` a skill, flag, language, sector or idea by `kind:name`."""

    def __init__(self, language: str, person: Names = str, thing: Names = lambda property: property.partition(":")[2]) -> None:
        self.language, self.person, self.thing = language, person, thing
        self.words = _file()[language]

    def tell(self, said: Any) -> str:
        """A value in words."""
        if isinstance(said, Said):
            return str(self.words[said.code]).format_map({name: self.tell(value) for name, value in said.values})
        if isinstance(said, Count):
            return str(_form(self.language, self.words[f"n_{said.of}"], said.n)).format(n=said.n)
        if isinstance(said, People):
            return self._listed([self.person(one) for one in said.ids])
        if isinstance(said, Named):
            return self.thing(said.property)
        if isinstance(said, Each):
            parts = [self.tell(part) for part in said.parts]
            return self._listed(parts) if said.by == "and" else str(self.words.get(said.by, said.by)).join(parts)
        return f"{said:g}" if isinstance(said, float) else str(said)

    def sentence(self, said: Said) -> str:
        """The same as a sentence of its own: it begins with a capital letter and ends with a full stop."""
        text = self.tell(said).strip()
        return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")

    def _listed(self, parts: list[str]) -> str:
        if len(parts) < 2:
            return "".join(parts)
        return ", ".join(parts[:-1]) + f" {self.words['and']} " + parts[-1]


def _form(language: str, forms: list[str], n: int) -> str:
    """The plural form of a number; Slavic languages count one, few, many."""
    if len(forms) == 2:
        return forms[0] if n == 1 else forms[1]
    if n % 10 == 1 and n % 100 != 11:
        return forms[0]
    return forms[1] if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else forms[2]


def dumped(said: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(said, Said):
        return {"said": said.code, **{name: dumped(value) for name, value in said.values}}
    if isinstance(said, Count):
        return {"count": said.n, "of": said.of}
    if isinstance(said, People):
        return {"people": list(said.ids)}
    if isinstance(said, Named):
        return {"named": said.property}
    if isinstance(said, Each):
        return {"each": [dumped(part) for part in said.parts], "by": said.by}
    return said


def loaded(stored: Any) -> Any:
    """What `dumped` made."""
    if not isinstance(stored, Mapping):
        return stored
    if "said" in stored:
        return Said(stored["said"], tuple((name, loaded(value)) for name, value in stored.items() if name != "said"))
    if "each" in stored:
        return Each(tuple(loaded(part) for part in stored["each"]), stored["by"])
    if "count" in stored:
        return Count(stored["count"], stored["of"])
    return People(tuple(stored["people"])) if "people" in stored else Named(stored["named"])


def people_in(said: Any) -> Iterator[str]:
    """The ids of everybody who is named."""
    if isinstance(said, People):
        yield from said.ids
    values = said.parts if isinstance(said, Each) else [value for _, value in said.values] if isinstance(said, Said) else ()
    for value in values:
        yield from people_in(value)


@cache
def _file() -> dict[str, dict[str, Any]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
