"""One spelling for comparison: case, apostrophes, the short u, two Belarusian orthographies. Standard library only."""

import re
import unicodedata
from functools import lru_cache

APOSTROPHES = "'’ʼ‘`´"
WORD = re.compile(r"[^\W\d_]+")
# The older Belarusian orthography writes the soft sign where the official one does not: "сьнег" for "снег".
SOFT_ASSIMILATION = re.compile("(?<=[зсц])ь(?=[бвзлмнпсц])")
SPELLING = str.maketrans({"ё": "е", "ў": "у", "ґ": "г", **dict.fromkeys(APOSTROPHES, "")})


def normalise(text: str) -> str:
    """The text in lower case, composed, with one spelling for letters that writers vary; spaces are single."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(SPELLING)
    return " ".join(SOFT_ASSIMILATION.sub("", folded).replace("-", " ").split())


def term_key(term: str) -> str:
    """The key under which two spellings of one picked term meet: its words without signs and punctuation."""
    return " ".join(re.findall(r"\w+", normalise(term)))


def words(text: str) -> list[str]:
    """The words of a text, normalised, letters only, in order."""
    return WORD.findall(normalise(text))


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """Words without content in English, German, Russian and Belarusian, normalised."""
    return frozenset(normalise(STOP_WORDS).split())


STOP_WORDS = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its just may more most my no not of on or
our out over so some such than that the their them then there these they this those through to under up us was we were what when where which
while who will with within would you your also all any each between both about after among across per via other
der die das den dem des ein eine einer eines einem einen und oder aber auch als am an auf aus bei bis da dass durch es für hat haben ich im in
ist kann können man mehr mit nach nicht noch nur ob sich sie sind so über um uns unser unsere unserer unseren unter vom von vor was wenn wer wie
wir wird werden wo zu zum zur zwischen dieser diese dieses diesem diesen
и в во не что он она на я с со как а то все так его но да ты к у же вы за бы по ее мне вот от меня еще нет о из ему когда даже ну ли если уже или
быть был него до вас там потом себя ничего ей может они тут где есть для мы тебя их чем была сам чтоб без под раз тоже себе этот этого эта это эти
при об про через между наш наша наше наши нас также который которая которое которые
і ў ва не што ён яна на я з са як а то усе так яго але ды ты к у жа вы за бы па яе мне вось ад мяне яшчэ няма аб калі нават ці ужо або быць быў да
вас там яны тут дзе ёсць для мы іх чым была каб без пад гэты гэта гэтага гэтыя пры праз між паміж наш наша нашы нас таксама які якая якое якія
"""
