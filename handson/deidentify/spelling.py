"""How people write one name and one day: the spellings that mean the same.

A header says MUELLER^HANS and 19610517, a description beside it says Müller and 17 May 61.
"""

import re
import unicodedata
from datetime import datetime

_MONTHS = [
    re.findall(
        r"\w+",
        "January February March April May June July August September October November December",
    ),
    re.findall(
        r"\w+",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ),
    re.findall(
        r"\w+", "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
    ),
    re.findall(
        r"\w+",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    ),
    re.findall(
        r"\w+",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
]
# What a keyboard without accents makes of a letter, beside leaving its mark away.
_TRANSCRIBED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})


# Letters that Unicode does not take apart.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ŀ": "l", "’": "'", "ʼ": "'", "`": "'", "´": "'"})  # fmt: skip


def fold(text: str) -> str:
    """Lower case without accents, so that MÜLLER, Müller and Muller are one name. Length may change.

    >>> fold("Sørensen"), fold("D’Angelo")
    ('sorensen', "d'angelo")
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain).casefold().translate(_PLAIN)


def name_spellings(name: str) -> set[str]:
    """The folded spellings of one part of a name, whichever of them a file gives.

    >>> sorted(name_spellings("Müller")), sorted(name_spellings("MUELLER"))
    (['mueller', 'muller'], ['mueller', 'muller'])
    >>> sorted(name_spellings("D'Angelo"))
    ['angelo', 'd angelo', "d'angelo", 'd-angelo', 'd^angelo', 'd_angelo', 'dangelo']
    """
    folded = fold(name)
    written_out = fold(unicodedata.normalize("NFC", name.casefold()).translate(_TRANSCRIBED))
    spellings = {folded, written_out, re.sub("([aou])e", r"\1", folded)}
    for spelling in list(spellings):
        if "'" in spelling:
            spellings |= {spelling.replace("'", mark) for mark in ("", " ", "-", "_", "^")}
            spellings |= {part for part in spelling.split("'") if len(part) > 3}
    return spellings - {""}


def _digits(value: str) -> str:
    """The eight digits of a DA or DT value (ACR-NEMA wrote dots in it), "" when it names no day."""
    digits = re.sub("[.-]", "", value[:10])[:8]
    try:
        return f"{datetime.strptime(digits, '%Y%m%d'):%Y%m%d}" if len(digits) == 8 else ""
    except ValueError:
        return ""


def month_names(month: int) -> list[str]:
    """What a month (1 to 12) is called in five languages."""
    return list(dict.fromkeys(language[month - 1] for language in _MONTHS))


def date_spellings(value: str) -> list[str]:
    """The commonest ways in which people write the day of a DA value, four digits of the year in all of them.

    >>> date_spellings("19510208")[:3]
    ['19510208', '1951-02-08', '1951/02/08']
    """
    digits = _digits(value)
    if not digits:
        return []
    year, month, dom = digits[:4], digits[4:6], digits[6:]
    orders: tuple[tuple[str, ...], ...] = (
        (year, month, dom),
        (dom, month, year),
        (month, dom, year),
    )
    orders += tuple(tuple(part.lstrip("0") for part in order) for order in orders)
    spelled = ["".join(orders[0])]
    spelled += [mark.join(order) for order in orders for mark in "-/. "]
    spelled += ["".join(order) for order in orders[1:3]]
    names = [part for whole in month_names(int(month)) for part in (whole, fold(whole)[:3])]
    for name in dict.fromkeys(names):
        for number in (dom, dom.lstrip("0")):
            spelled += [mark.join((number, name, year)) for mark in ("-", " ", "")]
            spelled += [
                f"{name} {number}, {year}",
                f"{name} {number} {year}",
                f"{number}. {name} {year}",
            ]
    return list(dict.fromkeys(spelled))


def date_pattern(value: str) -> str:
    """A regular expression for folded text that finds the day of a DA value as people write it.

    It finds all of `date_spellings`, and the year in two digits where marks stand between the numbers.

    >>> bool(re.fullmatch(date_pattern("19510208"), "8.2.51"))
    True
    """
    digits = _digits(value)
    if not digits:
        return ""
    century, year, month, dom = re.findall("..", digits)
    short, m, d = f"(?:{century})?{year}", f"0?{int(month)}", f"0?{int(dom)}"
    starts = "|".join(dict.fromkeys(fold(language[int(month) - 1])[:3] for language in _MONTHS))
    name = rf"(?:{starts})[a-z]*+\.?"
    mark, gap = r"[-/._\s]", r"[-/._,\s]*+"
    return "|".join(
        (
            f"{century}{year}{mark}?{month}{mark}?{dom}",
            f"(?:{dom}{mark}?{month}|{month}{mark}?{dom}){mark}?{century}{year}",
            f"(?:{d}{mark}{m}|{m}{mark}{d}){mark}{short}",
            f"{short}{mark}{m}{mark}{d}",
            rf"{d}(?:st|nd|rd|th)?\.?{gap}{name}{gap}{short}",
            rf"{name}{gap}{d}(?:st|nd|rd|th)?{gap}{short}",
            f"{century}{year}{gap}{name}{gap}{d}",
        )
    )
