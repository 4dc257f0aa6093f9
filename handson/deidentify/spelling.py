"""How people write one name and one day: the spellings that mean the same.

A header says MUELLER^HANS and 19610517, a description beside it says Müller and 17 May 61.
"""

import re
import unicodedata
from datetime import datetime

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
# What a keyboard without accents makes of a letter, beside leaving its mark away.
_TRANSCRIBED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})


def fold(text: str) -> str:
    """Lower case without accents, so that MÜLLER, Müller and Muller are one name. Length may change."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if not unicodedata.combining(c))
    )


def name_spellings(name: str) -> set[str]:
    """The folded spellings of one part of a name, whichever of them a file gives.

    >>> sorted(name_spellings("Müller")), sorted(name_spellings("MUELLER"))
    (['mueller', 'muller'], ['mueller', 'muller'])
    """
    folded = fold(name)
    written_out = fold(unicodedata.normalize("NFC", name.casefold()).translate(_TRANSCRIBED))
    return {folded, written_out, re.sub("([aou])e", r"\1", folded)} - {""}


def _digits(value: str) -> str:
    """The eight digits of a DA or DT value (ACR-NEMA wrote dots in it), "" when it names no day."""
    digits = re.sub("[.-]", "", value[:10])[:8]
    try:
        return f"{datetime.strptime(digits, '%Y%m%d'):%Y%m%d}" if len(digits) == 8 else ""
    except ValueError:
        return ""


def date_spellings(value: str) -> list[str]:
    """The commonest ways in which people write the day of a DA value, four digits of the year in all of them.

    >>> date_spellings("19510208")[:3]
    ['19510208', '1951-02-08', '1951/02/08']
    """
    digits = _digits(value)
    if not digits:
        return []
    year, month, dom = digits[:4], digits[4:6], digits[6:]
    orders = ((year, month, dom), (dom, month, year), (month, dom, year))
    orders += tuple(tuple(part.lstrip("0") for part in order) for order in orders)
    spelled = ["".join(orders[0])]
    spelled += [mark.join(order) for order in orders for mark in "-/. "]
    spelled += ["".join(order) for order in orders[1:3]]
    month_name = _MONTHS[int(month) - 1]
    for name in (month_name, month_name[:3]):
        for number in (dom, dom.lstrip("0")):
            spelled += [mark.join((number, name, year)) for mark in ("-", " ", "")]
            spelled += [f"{name} {number}, {year}", f"{name} {number} {year}"]
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
    name = rf"{_MONTHS[int(month) - 1][:3].lower()}[a-z]*+\.?"
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
