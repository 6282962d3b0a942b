"""Which column holds what: header names in English, Russian, Belarusian and German."""

import re
import unicodedata
from collections.abc import Iterable

# Spaces, case, punctuation and ё/е make no difference, so one spelling of each name is enough.
NAMES = {
    "external_id": "External ID, ID, Ext ID, Identifier, Record ID; Внешний ID, ИД, Внешний идентификатор, Идентификатор; "
    "Знешні ID, Вонкавы ID, Ідэнтыфікатар, Знешні ідэнтыфікатар; Externe ID, Externe Kennung, Kennung",
    "name": "Name, Full name, Your name, Participant, Participant name, Contact name, Contact person, First name, Given name; "
    "Имя, ФИО, Ф.И.О., Имя и фамилия, Фамилия и имя, Фамилия имя отчество, Участник, Контактное лицо, Ваше имя; "
    "Імя, ПІБ, Імя і прозвішча, Прозвішча і імя, Прозвішча імя імя па бацьку, Удзельнік, Кантактная асоба, Ваша імя; "
    "Vollständiger Name, Vor- und Nachname, Vorname, Vorname und Name, Teilnehmer, Teilnehmerin, Ansprechpartner, "
    "Ansprechpartnerin, Ihr Name",
    "surname": "Last name, Surname, Family name; Фамилия; Прозвішча; Nachname, Familienname",
    "mail": "Mail, E-mail, E-mail address, Mail address, Contact email, Your email; "
    "Почта, Эл. почта, Электронная почта, Адрес электронной почты, Емейл, Имейл, Е-мейл, Мейл, Ваша почта; "
    "Пошта, Эл. пошта, Электронная пошта, Адрас электроннай пошты, Электронны адрас, Імэйл, Мэйл; "
    "E-Mail-Adresse, Mailadresse, Mail-Adresse",
    "organisation": "Organisation, Organization, Organisation name, Organization name, Name of organisation, Name of organization, "
    "Institution, Company, Company name, Employer, Affiliation; "
    "Организация, Название организации, Наименование организации, Учреждение, Компания, Место работы; "
    "Арганізацыя, Назва арганізацыі, Установа, Кампанія, Месца працы; "
    "Name der Organisation, Einrichtung, Firma, Unternehmen, Arbeitgeber",
    "sector": "Sector, Organisation type, Organization type, Type of organisation, Type of organization; "
    "Сектор, Тип организации, Вид организации; Сектар, Тып арганізацыі, Від арганізацыі; Sektor, Organisationstyp, Art der Organisation",
    "industries": "Industries, Industry, Fields of work, Field of work; Индустрии, Индустрия, Отрасли, Отрасль, Сфера деятельности; "
    "Індустрыі, Індустрыя, Галіны, Галіна, Сфера дзейнасці; Branchen, Branche, Tätigkeitsfelder, Tätigkeitsfeld",
    "city": "City, Town, Place, Location; Город, Населенный пункт, Населённый пункт; Горад, Населены пункт; Stadt, Ort, Wohnort",
    "country": "Country; Страна, Государство; Краіна, Дзяржава; Land, Staat",
    "languages": "Languages, Language, Spoken languages; Языки, Язык, Языки общения; Мовы, Мова, Мовы зносін; Sprachen, Sprache",
    "offers": "We offer, I offer, What I offer, What we offer, What you offer, What can you offer, What do you offer, Offers, Offer, "
    "Offering, Can offer, Skills; "
    "Предлагаем, Предлагаю, Что предлагаем, Что предлагаю, Что я предлагаю, Что мы предлагаем, Предложения, Предложение, "
    "Могу предложить, Можем предложить, Что могу предложить, Что можем предложить, Навыки; "
    "Прапануем, Прапаную, Што прапануем, Што прапаную, Што я прапаную, Што мы прапануем, Прапановы, Прапанова, Магу прапанаваць, "
    "Можам прапанаваць, Што магу прапанаваць, Навыкі; "
    "Wir bieten, Ich biete, Was ich biete, Was wir bieten, Was bieten Sie, Angebote, Angebot, Biete, Kompetenzen",
    "needs": "We look for, I look for, We are looking for, I am looking for, Looking for, What I look for, What we look for, "
    "What are you looking for, What do you look for, We need, I need, What I need, What we need, What do you need, Needs, Need; "
    "Ищем, Ищу, Что ищем, Что ищу, Что я ищу, Что мы ищем, Кого ищем, Кого ищу, Потребности, Запрос, Запросы, Нужно, Что нужно; "
    "Шукаем, Шукаю, Што шукаем, Што шукаю, Што я шукаю, Што мы шукаем, Каго шукаем, Каго шукаю, Патрэбы, Запыт, Запыты, Патрэбна, "
    "Што патрэбна; "
    "Wir suchen, Ich suche, Was ich suche, Was wir suchen, Was suchen Sie, Gesuche, Gesuch, Suche, Gesucht, Bedarf, Bedarfe, Wir brauchen, "
    "Ich brauche",
    "interests": "Interests, Interest, Interested in, Topics, Topics of interest, Themes; Интересы, Интерес, Темы, Интересующие темы; "
    "Інтарэсы, Інтарэс, Тэмы, Цікавыя тэмы; Interessen, Interesse, Themen, Interessengebiete",
    "about": "About, About us, About me, About you, About yourself, Description, Bio, Profile; "
    "О себе, О нас, Об организации, О вас, Описание, Биография; Пра сябе, Пра нас, Пра арганізацыю, Пра вас, Апісанне, Біяграфія; "
    "Über uns, Über mich, Über Sie, Beschreibung, Kurzbeschreibung, Profil",
    "phone": "Phone, Phone number, Telephone, Telephone number, Mobile, Mobile phone, Tel; "
    "Телефон, Номер телефона, Мобильный, Мобильный телефон, Контактный телефон, Тел.; "
    "Тэлефон, Нумар тэлефона, Мабільны, Мабільны тэлефон, Тэл.; Telefon, Telefonnummer, Handy, Handynummer, Mobiltelefon",
    "telegram": "Telegram, Telegram username, Telegram name, Telegram account, TG; Телеграм, Телеграмм, Телега, ТГ, Ник в телеграм; "
    "Тэлеграм, Тэлеграма, Нік у тэлеграме; Telegram-Name, Telegram-Konto",
    "availability": "Availability, Available, Available times, Time slots, When are you available; "
    "Доступность, Свободное время, Удобное время, Когда удобно; Даступнасць, Вольны час, Зручны час, Калі зручна; "
    "Verfügbarkeit, Verfügbar, Verfügbare Zeiten, Zeitfenster",
}
SURNAME = "surname"  # joined to the name of its row; not a field of its own
FIELDS = tuple(field for field in NAMES if field != SURNAME)
HEADER_CHARS = 120  # a longer text is no header
KEYS = frozenset({"name", "organisation", "mail"})  # a row without all of them is about nobody

# A latin letter typed for the cyrillic one that looks the same ("Iмя", "Cектор") is common where і is not on the keyboard.
_LOOKALIKES = str.maketrans("aceiopxy", "асеіорху")
_cyrillic = re.compile("[\u0400-\u04ff]")
_not_a_letter = re.compile(r"[\W_]+")


def key_of(header: str) -> str:
    """`header` without what people write differently: case, spaces, punctuation, ё, latin lookalikes among cyrillic."""
    key = _not_a_letter.sub("", unicodedata.normalize("NFKC", header).casefold()).replace("ё", "е")
    return key.translate(_LOOKALIKES) if _cyrillic.search(key) else key


_FIELD_OF = {key_of(name): field for field, names in NAMES.items() for name in re.split("[,;]", names)}


def field_of(header: str) -> str | None:
    """The field a column of this header holds, or None; remarks in brackets and several languages ("Name / Имя") are understood."""
    if len(header) > HEADER_CHARS:
        return None
    without_remark = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", header)
    for spelling in (header, without_remark):
        if field := _FIELD_OF.get(key_of(spelling)):
            return field
    fields = {_FIELD_OF.get(key_of(part)) for part in re.split(r"[/|\n]", without_remark)} - {None}
    return fields.pop() if len(fields) == 1 else None


def match(headers: Iterable[str]) -> dict[str, list[int]]:
    """The indices of the columns of every field found, in the order of the file."""
    found: dict[str, list[int]] = {}
    for index, header in enumerate(headers):
        if field := field_of(header):
            found.setdefault(field, []).append(index)
    return found
