"""What one profile or past project says, as weighted terms: concept ids, or `=words` for a term no concept resolves."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain

from matchmaking.engine.normalise import normalise, plain_words, stop_words, term_key
from matchmaking.engine.records import PastProject, Profile
from matchmaking.engine.spotting import default_spotter
from matchmaking.engine.vocabulary import default_vocabulary

PICKED = 1.0  # a picked term; a concept found in text counts at most 0.5
FREE = "="
MIN_LETTERS = 3

Terms = dict[str, float]


@lru_cache(maxsize=50_000)
def term_of(picked: str) -> str:
    """The term a picked entry stands for: a concept id, or the entry itself after `=`; empty for an empty entry."""
    concept = default_vocabulary().resolve(picked)
    if concept is not None:
        return concept
    key = term_key(picked)
    return FREE + key if key else ""


def spelled(entries: Iterable[str]) -> dict[str, str]:
    """How to write each free term among picked entries: `=` and the entry as somebody typed it, the first in order of sorting."""
    return {term_of(entry): FREE + _written(entry) for entry in sorted(entries, reverse=True) if term_of(entry).startswith(FREE)}


def terms(picked: Iterable[str], text: str = "") -> Terms:
    """Terms with weights: 1 for picked ones, 0.5 at most for concepts found in the text or in a free term."""
    found = dict(default_spotter().spot(text)) if text else {}
    for entry in picked:
        term = term_of(entry)
        if term.startswith(FREE):
            found = _highest(found, default_spotter().spot(entry))
        if term:
            found[term] = PICKED
    return found


def typed(entry: str) -> str:
    """A picked entry as evidence: `concept=entry`, `=entry` where no concept resolves it."""
    term = term_of(entry)
    return f"{'' if term.startswith(FREE) else term}={_written(entry)}"


def behind(term: str, picked: Iterable[str]) -> str:
    """A concept as evidence, with the picked entry that led to it: `concept=entry`; the concept alone where it comes from a text."""
    sure = (entry for entry in picked if term_of(entry) == term)
    found = (entry for entry in picked if term_of(entry).startswith(FREE) and term in default_spotter().spot(entry))
    entry = next(chain(sure, found), "")
    return f"{term}={_written(entry)}" if entry else term


def learn(profiles: Iterable[Profile], projects: Iterable[PastProject] = ()) -> None:
    """Look up the words of many records at once; what is found in each stays the same."""
    texts = chain.from_iterable((p.offer_text, p.need_text, p.about, *p.offers, *p.needs, *p.interests) for p in profiles)
    default_spotter().learn(chain(texts, chain.from_iterable((project.text, *project.tags) for project in projects)))


def profile_terms(profile: Profile) -> dict[str, Terms]:
    """The terms of each facet of a profile."""
    return {
        "offers": terms(profile.offers, profile.offer_text),
        "needs": terms(profile.needs, profile.need_text),
        "interests": terms(profile.interests, profile.about),
    }


def project_terms(project: PastProject) -> Terms:
    """The themes of a past project, from its tags and its text."""
    return terms(project.tags, project.text)


def industries(profile: Profile) -> list[str]:
    """The terms of the industries a profile names, sorted."""
    return sorted({term for term in map(term_of, profile.industries) if term})


def profile_words(profile: Profile) -> Counter[str]:
    """Counts of the content words a profile wrote itself."""
    picked = (*profile.offers, *profile.needs, *profile.interests)
    return content_words(" ".join((profile.offer_text, profile.need_text, profile.about, *picked)))


def profile_texts(profile: Profile) -> dict[str, str]:
    """What a profile says in each facet, picked entries and text, as one text."""
    return {
        "offers": _sentences(profile.offers, profile.offer_text),
        "needs": _sentences(profile.needs, profile.need_text),
        "interests": _sentences(profile.interests, profile.about),
    }


def project_words(project: PastProject) -> Counter[str]:
    """Counts of the content words of a past project's text and tags."""
    return content_words(" ".join((project.text, *project.tags)))


def content_words(text: str) -> Counter[str]:
    """Counts of the words of a text that are no stop words and have three letters or more."""
    stops = stop_words()
    return Counter(word for word in plain_words(text) if len(word) >= MIN_LETTERS and normalise(word) not in stops)


def _sentences(picked: Iterable[str], text: str) -> str:
    return ". ".join(entry.strip() for entry in (*picked, text) if entry.strip())


def _written(entry: str) -> str:
    """An entry as somebody typed it, without the sign that evidence uses."""
    return " ".join(entry.replace(">", " ").split())


def _highest(first: Mapping[str, float], second: Mapping[str, float]) -> Terms:
    return {term: max(first.get(term, 0.0), second.get(term, 0.0)) for term in [*first, *(t for t in second if t not in first)]}
