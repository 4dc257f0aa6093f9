"""The form that a value must have to stay: `keep.csv` as rules.

`keep.csv` lists the elements that may stay and the form of their values (tools/deidentify/build.py makes
it from the dictionary of PS3.6 and the terms of PS3.3). An element that is not listed does not stay; a
value that does not have its element's form does not stay either. The forms:

- `number`, `large number`: decimal or binary numbers, up to a million and to a thousand million million
- `term`: a coded string, of the terms that the standard or a maker defines for this very attribute
- `words`, `device`: text, of which only known words stay (`vocabulary`)
- `long text`: the same, and only where an option asks for it
- `code`: a part of a code (`codes`), judged with the other parts
- `tag`, `age`, `date`, `class`, `uid`: what the name says
- `table`, `array`, `profile`: numbers in bulk: look-up tables, coordinates, an ICC profile
- `sequence`: its items are judged element by element

The VR that a file claims is never believed. This module looks at values only and knows no data set.
"""

import csv
import math
import re
import struct
from collections.abc import Iterator
from functools import cache, lru_cache

from pydicom.datadict import DicomDictionary

from . import vocabulary
from .tables import rows_of

_NUMBER = re.compile(r"[+-]?(\d{1,16}\.?\d{0,16}|\.\d{1,16})([Ee][+-]?\d{1,3})?\Z")
_AGE = re.compile(r"0\d\d[DWMY]\Z")
_OLD = "089Y"
_BINARY = {
    "US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "UV": "Q", "SV": "q", "AT": "HH",
    "OW": "H", "OF": "f", "OD": "d", "OL": "L", "OV": "Q", "OB": "B", "UN": "B",
}  # fmt: skip
_LIMITS = {"number": 1e6, "large number": 1e15}
_INTEGERS = frozenset({"IS", "US", "UL", "SS", "SL", "UV", "SV"})
# Without them no SUV and no time curve: Radionuclide Total Dose and Specific Activity (Bq), Actual Frame Duration
# and Frame Reference Time (ms). Of a long number the first five digits stay.
_ROUNDED = frozenset({0x00181074, 0x00181077, 0x00181242, 0x00541300})


@cache
def forms() -> dict[int, tuple[str, frozenset[str]]]:
    """{tag: (form, terms)} of the elements that may stay."""
    with rows_of("keep.csv") as file:
        return {
            int(row["tag"], 16): (row["form"], frozenset(filter(None, row["terms"].split("|"))))
            for row in csv.DictReader(file)
        }


def form_of(tag: int) -> str:
    """The form of an element's values, "" if it may not stay."""
    return forms().get(tag, ("",))[0]


@lru_cache(maxsize=65536)
def clean(tag: int, vr: str, form: str, value: str) -> str:
    """One value as it may stay: as it is, with *** in place of words, or "" if it does not have its form."""
    if not value:
        return value
    if form == "term":
        return value if value in forms()[tag][1] else ""
    if form in _LIMITS:
        if tag in _ROUNDED and is_number(value, vr, _LIMITS[form], digits=16):
            return _rounded(value, vr)
        return value if is_number(value, vr, _LIMITS[form]) else ""
    if form == "age":
        return _age(value)
    if form in ("words", "device", "long text"):
        if value in forms().get(tag, ("", ()))[1]:
            return value
        cleaned = vocabulary.clean(value, form == "device")
        if vr == "CS":
            return value if cleaned == value else ""
        most = 16 if vr == "SH" else 64 if vr == "LO" else len(cleaned)
        return cleaned if len(cleaned) <= most else vocabulary.PLACEHOLDER
    return ""


def is_number(value: str, vr: str, most: float, digits: int = 5) -> bool:
    """True for a number as DS or IS write it, no larger than `most`.

    Seven digits and more before the point must be a round number (3.7E8 Bq), of no more than `digits` that
    count: a date and an identifier are numbers, too.
    """
    if not _NUMBER.match(value) or (vr == "IS" and not value.lstrip("+-").isdigit()):
        return False
    if abs(float(value)) > most:
        return False
    before = re.split("[.Ee]", value.lstrip("+-"))[0]
    return len(before) < 7 or len(before.strip("0")) <= digits


def _rounded(value: str, vr: str) -> str:
    """A number as it is, or, of seven digits and more, its first five and zeros."""
    if is_number(value, vr, math.inf):
        return value
    short = f"{float(value):.5g}"
    return f"{float(short):.0f}" if vr == "IS" else short


def _age(value: str) -> str:
    """An age; above 89 years one is rare enough to tell (Safe Harbor: 45 CFR 164.514), and becomes 089Y."""
    if not re.fullmatch(r"\d{3}[DWMY]", value):
        return ""
    return (
        _OLD
        if value[-1] == "Y" and value > _OLD
        else value
        if _AGE.match(value) or value[-1] != "Y"
        else _OLD
    )


def are_numbers(tag: int, vr: str, form: str, data: bytes, little_endian: bool = True) -> bool:
    """True if bytes are what an element of binary numbers may hold: as many as it has, within their
    limits, and not readable as text."""
    size = struct.calcsize("<" + _BINARY.get(vr, "B"))
    if len(data) % size:
        return False
    if _is_printable(data):
        return False
    if form in ("array", "table"):
        return not reads_as_text(data, _step(vr))
    if len(data) // size > most_values(tag):
        return False
    if len(data) >= 4 and reads_as_text(data, _step(vr)):
        return False
    found = numbers(vr, data, little_endian)
    if form == "tag":
        return all(
            g << 16 | e in DicomDictionary for g, e in zip(found[::2], found[1::2], strict=True)
        )
    if form == "number" and most_values(tag) == 1 and not all(map(_is_round, found)):
        return False
    limit = _LIMITS.get(form, 0)
    if vr in ("FL", "FD", "OF", "OD"):
        small = 1e-30 if vr == "FD" else 1e-20
        return all(n == 0 or not math.isfinite(n) or small <= abs(n) <= limit * 1e3 for n in found)
    return all(abs(n) <= max(limit, 0xFFFFFFFF) for n in found)


def numbers(vr: str, data: bytes, little_endian: bool = True) -> list:
    """The binary numbers in bytes of a VR; what is too short for one is left out."""
    code = ("<" if little_endian else ">") + _BINARY.get(vr, "B")
    whole = data[: len(data) - len(data) % struct.calcsize(code)]
    return [n for part in struct.iter_unpack(code, whole) for n in part]


def _is_round(number: float) -> bool:
    """True unless it is a whole number of seven digits and more with many of them other than zero."""
    if not math.isfinite(number) or abs(number) < 1e6 or number != int(number):
        return True
    return len(str(abs(int(number))).rstrip("0")) <= 5


def _is_printable(data: bytes) -> bool:
    """True if all of four bytes are letters or digits, or eight bytes and more are printable, most of them
    letters or digits of some variety (the double 38.4 is `333333C@`)."""
    text = data.rstrip(b"\0 ")
    if len(data) < 8:
        return len(text) >= 4 and text.isalnum()
    if text.isdigit():
        return True
    if len(set(text)) < 4 or not all(0x20 <= byte < 0x7F for byte in text):
        return False
    return sum(chr(byte).isalnum() or byte == 0x20 for byte in text) >= 0.7 * len(text)


@cache
def most_values(tag: int) -> float:
    """How many values an element may have by its VM."""
    vm = DicomDictionary[tag][1] if tag in DicomDictionary else "1-n"
    last = vm.split("-")[-1]
    return int(last) if last.isdigit() else math.inf


def _step(vr: str) -> int:
    return {"OW": 2, "US": 2, "SS": 2}.get(vr, 1)


def reads_as_text(data: bytes, step: int = 1) -> bool:
    """True if bytes hold a run of letters longer than chance gives, unlike a smooth run of numbers.

    step : bytes of one number. Ramps of look-up tables pass through every letter, one after the other;
    words do not.
    """
    if not data:
        return False
    # by chance 60 of 256 bytes are letters or stand between them
    length = max(4, math.ceil(math.log(len(data) / 0.002) / math.log(4)) if len(data) > 8 else 3)
    if len(data) <= 16:
        length = min(length, max(4, len(data) // 2))
    narrow = rb"[A-Za-z][A-Za-z '^,.\-]{%d,}" % (length - 1)
    wide = rb"(?:[A-Za-z]\0){%d,}" % max(length * 3 // 4, 3)
    for pattern in (narrow, wide):
        for run in re.finditer(pattern, data):
            letters = sum(byte >= 65 for byte in run[0])
            share = 0.7 if pattern is narrow else 0.5
            varied = len(set(run[0])) > min(len(run[0]) // 4, 5)  # of a long text, too
            enough = letters >= share * len(run[0]) and varied
            if enough and not _is_smooth(
                data, run.start(), run.end(), step if pattern is narrow else 2
            ):
                return True
    return False


def _is_smooth(data: bytes, start: int, stop: int, step: int) -> bool:
    """True if the numbers between two places of `data` change evenly."""
    start -= start % step
    stop += -stop % step
    code = "<" + {1: "B", 2: "H"}[step]
    numbers = [n for (n,) in struct.iter_unpack(code, data[start:stop])]
    turns = [abs(a - 2 * b + c) for a, b, c in zip(numbers, numbers[1:], numbers[2:], strict=False)]
    spread = max(numbers) - min(numbers)
    return not turns or max(turns) <= max(2, spread / 4)


_PROFILE_WORDS = frozenset(
    re.findall(
        r"\S+",
        "srgb iec iec61966 rgb lab xyz mntr prtr scnr appl msft hp adbe adobe lcms argl none desc cprt text wtpt bkpt rxyz gxyz bxyz dmnd dmdd"
        " vued view chrm lumi meas tech rtrc gtrc btrc sig crt vcgt ndin para curv mluc enus copyright hewlett packard company reference viewing"
        " condition conditions default colour color space http www ch acsp acspmsft acspappl cam uvw chad dscm dicom profile apple computer inc"
        " display generic calibrated public domain no use freely linotronic lino mntrrgb systems incorporated rights reserved all gamma built in"
        " hlino scnrrgb pdmdd lwtpt icc input output device abst link grays gray gryxyz ktrc sf32 xyzapple descsrgb textcopyright leica aperio hamamatsu",
    )
)


def is_plain_profile(data: bytes) -> bool:
    """True for an ICC profile all of whose readable words are known."""
    if data[36:40] != b"acsp" or int.from_bytes(data[:4], "big") not in range(
        len(data) - 1, len(data) + 1
    ):
        return False
    if any(_NO_PROFILE_TEXT.search(text) for text in _profile_texts(data)):
        return False
    return all(map(_has_known_words, _profile_pieces(data)))


def _has_known_words(piece: bytes) -> bool:
    words = vocabulary.words()
    wide = [run[1::2] for run in re.findall(rb"(?:\0[A-Za-z]){4,}", piece)]
    for run in [*re.findall(rb"[A-Za-z]{4,}", piece), *wide]:
        word = run.decode().lower()
        known = word in _PROFILE_WORDS or not words.get(word, True) or word.endswith("xyz")
        if not known and not _is_smooth(run, 0, len(run), 1):
            return False
    return True


def _profile_elements(data: bytes) -> list[tuple[int, int]]:
    """(start, stop) of the elements that the table of an ICC profile lists."""
    count = min(int.from_bytes(data[128:132], "big"), (len(data) - 132) // 12, 100)
    table = data[132 : 132 + 12 * max(count, 0)]
    return [(start, start + size) for start, size in struct.iter_unpack(">4xLL", table)]


def _profile_pieces(data: bytes) -> Iterator[bytes]:
    """A profile in the pieces that hold one word or text each: a number before one can end with a letter."""
    elements = _profile_elements(data)
    head = 132 + 12 * len(elements)
    yield from (data[n : n + 4] for n in range(0, head, 4))
    rest = bytearray(data)
    rest[:head] = bytes(head)
    for start, stop in elements:
        yield data[start : start + 4]
        yield data[start + 4 : stop]
        rest[start:stop] = bytes(len(rest[start:stop]))
    yield bytes(rest)


# What no profile says of itself: other letters, long numbers but for the name of sRGB's standard, a day.
_NO_PROFILE_TEXT = re.compile(
    r"[^\x00-\x7f©®™–]|(?<!\d)(?!61966)\d{5,}|\d{1,4}([-./])\d{1,2}\1\d{1,4}"
)


def _profile_texts(data: bytes) -> Iterator[str]:
    """The texts in the elements of an ICC profile (ICC.1 10: textDescription, text, multiLocalizedUnicode)."""
    for start, stop in _profile_elements(data):
        body = data[start:stop]
        if body[:4] in (b"desc", b"text"):
            yield body[12 if body[:4] == b"desc" else 8 :].decode("latin-1")
        elif body[:4] == b"mluc":
            records = int.from_bytes(body[8:12], "big")
            yield body[16 + 12 * records :].decode("utf-16-be", "replace")
