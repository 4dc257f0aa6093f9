"""Does a stored value match a key of a query? (PS3.4 C.2.2.2)"""

import re
from functools import lru_cache

TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
MOMENTS = {"DA", "TM", "DT"}


def matches(vr: str, key: str, value: str) -> bool:
    """Universal, UID list, range, wildcard or single value matching, by VR.

    vr : value representation of the element
    key : value in the query; backslashes separate UIDs
    value : stored value; backslashes separate several, of which one must match

    >>> matches("PN", "*anna*", "Example^Anna"), matches("PN", "Example", "Example^Anna")
    (True, False)
    >>> matches("DA", "20240301-", "20240311"), matches("CS", "US", "CT")
    (True, False)
    """
    if key.strip(" *") == "" and (key == "" or vr in TEXT):
        return True
    values = value.split("\\")
    if vr == "UI":
        return any(one in key.split("\\") for one in values)
    if vr in MOMENTS and "-" in key:
        return any(one != "" and _within(vr, key, one) for one in values)
    if vr == "PN":
        return any(_name(key).fullmatch(part) for one in values for part in _names(one, key))
    if vr in TEXT:
        return any(_pattern(key.strip()).fullmatch(one.strip()) for one in values)
    return key.strip() in [one.strip() for one in values]


def _within(vr, key, value) -> bool:
    """From, to, or both, ends included; a shorter time stands for all that begin with it."""
    first, _, last = key.replace(":", "").partition("-")
    value = value.replace(":", "").replace(".", "") if vr == "DA" else value.replace(":", "")
    first, last = first.strip(), last.strip()
    return (not first or value >= first) and (not last or value[: len(last)] <= last)


@lru_cache(256)
def _pattern(key):
    """The wildcards: * any characters, ? exactly one."""
    parts = ({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in key)
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(256)
def _name(key):
    return re.compile(_pattern(key.strip().rstrip("^=")).pattern, re.DOTALL | re.IGNORECASE)


def _names(value, key):
    """A name as a whole, and each of its alphabetic, ideographic and phonetic groups."""
    whole = value.strip().rstrip("^=")
    return [whole] if "=" in key else [whole, *(part.rstrip("^") for part in whole.split("="))]
