"""The sector a cell names: a key or a label of the programme in any language, or one of the usual spellings."""

from collections.abc import Iterable, Mapping

from matchmaking.engine.normalise import normalise

OTHER = "other"
LANGUAGES = ("be", "ru", "en", "de")

# Spellings people use beside the labels. Kinds of organisation (university, museum) are left out: they would be guesses.
_SPELLINGS = {
    "authority": "authorities, local authority, local authorities, public authority, public authorities, public administration, "
    "government, local government, власти, органы власти, орган власти, местная власть, местные власти, "
    "государственные органы, госорганы, улада, "
    "органы улады, мясцовыя улады, мясцовая улада, дзяржаўныя органы, Behörde, Behörden, öffentliche Verwaltung, Kommunalverwaltung",
    "education": "educational, education sector, образовательный, сфера образования, адукацыйны, сфера адукацыі, "
    "Bildungswesen, Bildungssektor",
    "business": "private sector, private, business sector, entrepreneurship, предпринимательство, частный сектор, прадпрымальніцтва, "
    "прыватны сектар, Unternehmen, Privatwirtschaft",
    "creative": "creative industry, creative, creative sector, creative economy, креативная индустрия, креативный, креативный сектор, "
    "творческие индустрии, творческий, крэатыўная індустрыя, крэатыўны, крэатыўны сектар, творчыя індустрыі, Kreativbranche, kreativ, "
    "Kultur- und Kreativwirtschaft",
    "civil society": "civil, ngo, ngos, non-governmental organisation, non-profit, civic society, гражданский сектор, нко, нго, "
    "общественные организации, общественная организация, общественный сектор, грамадзянскі сектар, нка, нда, грамадскія арганізацыі, "
    "грамадская арганізацыя, Bürgergesellschaft, NRO, NGOs",
    "other": "others, другой, другие, иное, прочее, прочие, іншы, іншыя, andere, anderes, sonstige",
}


def fold(text: str) -> str:
    return normalise(text.replace("_", " "))


def words_of(sectors: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The sector's key by everything it may be called in a programme with these sectors; its own labels come first."""
    known = list(sectors)
    found = {fold(sector["key"]): sector["key"] for sector in known}
    for sector in known:
        for language in LANGUAGES:
            found.setdefault(fold(sector.get(language, "")), sector["key"])
    for sector in known:
        for spelling in _SPELLINGS.get(sector["key"], "").split(","):
            found.setdefault(fold(spelling), sector["key"])
    found.pop("", None)
    return found
