"""ISO codes of the languages a cell names: codes, or names in English, Russian, Belarusian, German and the language itself."""

import re

from matchmaking.engine.normalise import normalise

_TWO_LETTERS = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff
fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks
ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps
pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz
ve vi vo wa wo xh yi yo za zh zu
"""
_NAMES = """
be: bel, belarusian, belarussian, белорусский, беларуский, беларуская, белорусская, по-белорусски, па-беларуску, belarussisch, belarusisch
ru: rus, russian, русский, русская, по-русски, руская, расійская, па-руску, russisch
en: eng, english, английский, по-английски, англійская, ангельская, па-англійску, englisch
de: deu, ger, german, немецкий, по-немецки, нямецкая, па-нямецку, deutsch
pl: pol, polish, польский, польская, polnisch, polski
uk: ua, ukr, ukrainian, украинский, украінская, ukrainisch, українська
lt: lit, lithuanian, литовский, літоўская, litauisch, lietuvių
lv: lav, latvian, латышский, латвийский, латышская, lettisch, latviešu
et: est, estonian, эстонский, эстонская, estnisch, eesti
fr: fra, fre, french, французский, французская, французcкая, französisch, français
es: spa, spanish, испанский, іспанская, spanisch, español
it: ita, italian, итальянский, італьянская, italienisch, italiano
pt: por, portuguese, португальский, партугальская, portugiesisch, português
nl: nld, dut, dutch, нидерландский, голландский, нідэрландская, галандская, niederländisch, nederlands
sv: swe, swedish, шведский, шведская, schwedisch, svenska
da: dan, danish, датский, дацкая, dänisch, dansk
no: nor, norwegian, норвежский, нарвежская, norwegisch, norsk
fi: fin, finnish, финский, фінская, finnisch, suomi
is: isl, icelandic, исландский, ісландская, isländisch, íslenska
cs: ces, cze, czech, чешский, чэшская, tschechisch, čeština
sk: slk, slo, slovak, словацкий, славацкая, slowakisch, slovenčina
sl: slv, slovenian, slovene, словенский, славенская, slowenisch, slovenščina
hr: hrv, croatian, хорватский, харвацкая, kroatisch, hrvatski
sr: srp, serbian, сербский, сербская, serbisch, srpski, српски
bs: bos, bosnian, боснийский, баснійская, bosnisch, bosanski
mk: mkd, macedonian, македонский, македонская, mazedonisch, македонски
bg: bul, bulgarian, болгарский, балгарская, bulgarisch, български
ro: ron, rum, romanian, румынский, румынская, rumänisch, română
hu: hun, hungarian, венгерский, венгерская, ungarisch, magyar
el: ell, gre, greek, греческий, грэчаская, griechisch, ελληνικά
tr: tur, turkish, турецкий, турэцкая, türkisch, türkçe
ka: kat, geo, georgian, грузинский, грузінская, georgisch, ქართული
hy: hye, arm, armenian, армянский, армянская, armenisch, հայերեն
az: aze, azerbaijani, азербайджанский, азербайджанская, aserbaidschanisch
kk: kaz, kazakh, казахский, казахская, kasachisch, қазақша
uz: uzb, uzbek, узбекский, узбекская, usbekisch
zh: zho, chi, chinese, mandarin, китайский, кітайская, chinesisch, 中文
ja: jpn, japanese, японский, японская, japanisch, 日本語
ko: kor, korean, корейский, карэйская, koreanisch, 한국어
ar: ara, arabic, арабский, арабская, arabisch, العربية
fa: fas, per, persian, farsi, персидский, фарси, персідская, persisch
he: heb, hebrew, иврит, іўрыт, hebräisch, עברית
yi: yid, yiddish, идиш, ідыш, jiddisch
hi: hin, hindi, хинди, хіндзі
la: lat, latin, латинский, латынь, лацінская, latein
eo: epo, esperanto, эсперанто, эсперанта
ga: gle, irish, ирландский, ірландская, irisch, gaeilge
cy: cym, welsh, валлийский, валійская, walisisch, cymraeg
ca: cat, catalan, каталанский, каталонский, каталанская, katalanisch, català
eu: eus, basque, баскский, баскская, baskisch, euskara
sq: sqi, alb, albanian, албанский, албанская, albanisch, shqip
mt: mlt, maltese, мальтийский, мальтыйская, maltesisch, malti
lb: ltz, luxembourgish, люксембургский, люксембургская, luxemburgisch
vi: vie, vietnamese, вьетнамский, в’етнамская, vietnamesisch
"""


def _by_name() -> dict[str, str]:
    lines = (line.split(":") for line in _NAMES.strip().splitlines())
    return {normalise(name): code for code, names in lines for name in names.split(",")}


_CODES = frozenset(_TWO_LETTERS.split())
_BY_NAME = _by_name()
_between = re.compile(r"[;；,/|\n+&]|\s(?:and|und|и|і|й|ды)\s", re.IGNORECASE)
_remark = re.compile(r"\([^()]*\)|[(:–—].*", re.DOTALL)
LIMIT = 20


def codes_in(text: str) -> tuple[list[str], list[str]]:
    """The codes of the languages named, in order and once each, and the words that name none."""
    found: dict[str, None] = {}
    unknown: list[str] = []
    for piece in _between.split(text):
        words = normalise(_remark.sub(" ", piece))
        code = _code(words) or _code(words.split(" ", 1)[0])
        if code:
            found[code] = None
        elif words:
            unknown.append(piece.strip()[:60])
    return list(found)[:LIMIT], unknown[:LIMIT]


def _code(word: str) -> str | None:
    return word if word in _CODES else _BY_NAME.get(word)
