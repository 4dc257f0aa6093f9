"""The check afterwards: search every byte of a folder for strings that must not be there.

The search knows no format's meaning, so that it cannot share a mistake with the engine: raw bytes, file
names, and whatever can be inflated in them (gzip, zip, deflated DICOM, the streams of a PDF), in the
character sets that DICOM and NIfTI files use.
"""

import base64
import bz2
import html
import io
import json
import lzma
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import numpy as np

from .. import arguments
from ..errors import DeidentifyError, ReadError
from .spelling import date_spellings, fold, month_names, name_spellings
from .text import name_parts

_ENCODINGS = (
    "utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso8859_2", "iso8859_3", "iso8859_4", "iso8859_5", "iso8859_6",
    "iso8859_7", "iso8859_8", "iso8859_9", "iso8859_11", "iso8859_15", "shift_jis", "euc_jp", "iso2022_jp_2", "euc_kr",
    "iso2022_kr", "gb18030", "big5", "cp1250", "cp1251", "cp1252", "cp850", "koi8-r", "mac-roman",
)  # fmt: skip
_OF_ASCII = ("utf-8", "utf-16-le", "utf-16-be")  # the others spell ASCII as UTF-8 does
_CHUNK = 8 << 20
_MOST_INFLATED = 1 << 30
_DUTCH = [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
]
_PORTUGUESE = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
]
_MARKS = (b"", *(bytes([byte]) for byte in b"\0\t\r\n ^,;:._-=/\\()'\"<>&"))
_UNPACKERS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b\x08": lambda: zlib.decompressobj(31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
}
_PIECE = 1 << 16  # of packed bytes: a thousand times as many come out at most
# The first letter after Latin: no ASCII letter beside one makes it part of a longer word.
_ALPHABETS = 0x370


@dataclass(frozen=True)
class Finding:
    """A known string that was found.

    file : where; what : the string as it was given; place : "name", "bytes" or "inflated"; offset : of its
    first byte there
    """

    file: Path
    what: str
    place: str
    offset: int

    def __str__(self) -> str:
        return f"{self.file}: {self.what!r} in its {self.place} at {self.offset}"


@arguments.checked(folder=arguments.path)
def audit(folder: str | PathLike[str], known: Iterable) -> list[Finding]:
    """Search a folder (or file) for known strings; an empty list means that none was found.

    known : strings (names, identifiers, UIDs) and datetime.date objects, searched in the usual spellings; a
        folder of originals is not accepted: say what to look for
    returns : one Finding per file, string and place, its first occurrence
    raises : ReadError when the folder or file does not exist, DeidentifyError when `known` is a path

    Every spelling counts that the engine knows: upper and lower case, with and without accents (Müller,
    Muller, Mueller), D'Angelo as DANGELO, a name as DICOM writes it (`Doe^Jane`) in either order, with
    other marks, and its parts alone; a day (as a date or as digits) in the usual orders and with the names
    of months in five languages; a number of five digits and more without its zeros, or split in two. So do
    the escapes of URLs, JSON, HTML and Base64.
    """
    if isinstance(known, PathLike):
        raise DeidentifyError(
            f"the audit looks for words, and {known} is a path",
            'Say what to look for: ["Doe", "4711"].',
        )
    needles, folder = _Needles(known), Path(folder)
    if not folder.exists():
        raise ReadError("does not exist, so nothing was searched", "Check the path.", path=folder)
    files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*"))
    base = folder.parent if folder.is_file() else folder
    findings = []
    for file in files:
        name = os.fsencode(os.fspath(file.relative_to(base)))
        seen: dict[tuple[str, str], int] = {}
        target = os.fsencode(os.readlink(file)) if file.is_symlink() else b""
        for what, offset in [*needles.search(name), *needles.search(target)]:
            seen.setdefault((what, "name"), offset)
        if file.is_file():
            for place, block, start in _blocks(file, needles.longest):
                for what, offset in needles.search(block):
                    seen.setdefault((what, place), start + offset)
        findings += [Finding(file, what, place, at) for (what, place), at in seen.items()]
    return findings


class _Needles:
    """Many byte strings searched at once: candidates by their first four bytes, all positions in one step."""

    def __init__(self, known: Iterable):
        if isinstance(known, str | bytes):
            known = [known]
        # by head, then by length: a needle, and every known text that it spells
        self._by_head: dict[int, dict[int, dict[bytes, tuple[str, ...]]]] = {}
        self._short: dict[bytes, tuple[str, ...]] = {}
        self._bounded: set[bytes] = set()
        self.longest = 4
        for what in known:
            for spelling, bounded in _spellings(what).items():
                self._add(spelling, str(what), bounded)
        self._heads = np.array(sorted(self._by_head), dtype=np.uint32)

    def _add(self, text: str, what: str, bounded: bool = False) -> None:
        if text.isascii():
            forms = {text.lower()}
        else:
            forms = {text.lower(), text.upper(), text, text.title()}
            forms |= {unicodedata.normalize(form, t) for t in set(forms) for form in ("NFC", "NFD")}
            bounded = bounded and ord(min(text)) < _ALPHABETS
        encoded = set()
        for form in forms:
            for encoding in _OF_ASCII if text.isascii() else _ENCODINGS:
                try:
                    encoded.add(form.encode(encoding).lower())
                except UnicodeEncodeError:
                    continue
        for needle in encoded:
            self.longest = max(self.longest, len(needle))
            here = self._short if len(needle) < 4 else self._of_length(needle)
            others = here.get(needle, ())
            # What one text lets stand anywhere, another cannot bind to stand alone.
            if not bounded:
                self._bounded.discard(needle)
            elif not others:
                self._bounded.add(needle)
            if what not in others:
                here[needle] = (*others, what)

    def _of_length(self, needle: bytes) -> dict[bytes, tuple[str, ...]]:
        """The needles of one length with the same first four bytes."""
        head = int.from_bytes(needle[:4], "little")
        return self._by_head.setdefault(head, {}).setdefault(len(needle), {})

    def search(self, data: bytes) -> Iterator[tuple[str, int]]:
        """(what, offset) of every occurrence in `data`."""
        low = data.lower()
        for needle, texts in self._short.items():
            at = low.find(needle)
            while at >= 0 and not self._counts(low, at, needle):
                at = low.find(needle, at + 1)
            if at >= 0:
                yield from ((what, at) for what in texts)
        if len(low) < 4 or not len(self._heads):
            return
        for phase in range(4):
            words = np.frombuffer(low, "<u4", (len(low) - phase) // 4, phase)
            for hit in np.flatnonzero(_is_in(words, self._heads)):
                at = 4 * int(hit) + phase
                for length, same_length in self._by_head[int(words[hit])].items():
                    needle = low[at : at + length]
                    found = same_length.get(needle)
                    if found is None or _in_made_uid(low, at) or not self._counts(low, at, needle):
                        continue
                    yield from ((what, at) for what in found)

    def _counts(self, data: bytes, at: int, needle: bytes) -> bool:
        """True unless the needle is one that must stand alone, and stands in a longer word or number."""
        if needle not in self._bounded:
            return True
        before, after = (
            data[at - 1 : at] if at else b"",
            data[at + len(needle) : at + len(needle) + 1],
        )
        return not (
            before.isalnum() or after.isalnum() or (needle.isdigit() and b"." in (before, after))
        )


def _in_made_uid(data: bytes, at: int) -> bool:
    """True for digits inside a UID made of a UUID (2.25.), which are random: any date occurs in some."""
    start = at
    while start and at - start < 44 and 48 <= data[start - 1] <= 57:
        start -= 1
    return data[start - 5 : start] == b"2.25." and 48 <= data[at] <= 57


def _is_in(words: np.ndarray, heads: np.ndarray) -> np.ndarray:
    places = np.searchsorted(heads, words)
    places[places == len(heads)] = 0
    return heads[places] == words


def _spellings(what) -> dict[str, bool]:
    """{a spelling: True if it counts only between other characters than letters and digits}.

    Every way to write it that the engine knows, and those in which programs escape text.
    """
    if isinstance(what, date):
        return dict.fromkeys(_days(what.strftime("%Y%m%d")), False)
    text = unicodedata.normalize("NFC", str(what).strip())
    if not text:
        return {}
    whole = [text, fold(text), *_days(text)]
    parts = [part for group in name_parts(text) for part in group] if "^" in text else text.split()
    bounded = _numbers(text)
    if not any(map(str.isdigit, text)):
        choices = [sorted(name_spellings(part) | {_umlauts(part)}) for part in parts[:3]]
        for spelled in product(*choices) if parts else ():
            for order in (spelled, spelled[:2], spelled[1::-1], spelled[::-1]):
                whole += [
                    mark.join(order)
                    for mark in ("^", " ", ", ", ",", "_", "", ".", "-", "+", "%20", "%5E")
                ]
        whole += [s for choice in choices if "^" in text for s in choice if len(s) >= 5]
        bounded += [s for choice in choices if "^" in text for s in choice if 3 <= len(s) < 5]
    whole += [quote(s) for s in (text, text.replace("^", " "))] + [
        json.dumps(text)[1:-1],
        html.escape(text),
    ]
    whole += _in_base64(text) if len(text) >= 6 else []
    return {s: False for s in whole if s} | {s: True for s in bounded if s not in whole}


def _umlauts(name: str) -> str:
    """Müller for MUELLER."""
    for written, umlaut in (("ae", "ä"), ("oe", "ö"), ("ue", "ü")):
        name = name.lower().replace(written, umlaut)
    return name


def _days(text: str) -> list[str]:
    """The spellings of a day that a text names, two digits of its year among marks, too."""
    digits = re.sub(r"[-./ ]", "", text)
    spelled = date_spellings(digits) if re.fullmatch(r"(18|19|20)\d{6}", digits) else []
    if spelled:
        year, month, day = digits[2:4], digits[4:6], digits[6:]
        for d, m in ((day, month), (day.lstrip("0"), month.lstrip("0"))):
            spelled += [
                mark.join(order)
                for mark in "./-"
                for order in ((d, m, year), (m, d, year), (year, m, d))
            ]
        for dom in (day, day.lstrip("0")):
            spelled += [f"{dom}. {month.lstrip('0')}. {digits[:4]}"]
            spelled += [
                mark.join((f"{dom}{mark_of_day}", name, y))
                for name in _names_of_month(int(month))
                for y in (digits[:4], year)
                for mark in (" ", "-", " de ")
                for mark_of_day in ("", ".", "st", "nd", "rd", "th")
            ]
    return spelled


def _names_of_month(month: int) -> list[str]:
    """In seven languages, whole and by their first three letters."""
    names = [*month_names(month), _DUTCH[month - 1], _PORTUGUESE[month - 1]]
    return list(dict.fromkeys(n for name in names for n in (name, fold(name), fold(name)[:3])))


def _numbers(text: str) -> list[str]:
    """An identifier of digits, letters before them or not, without its zeros and marks, and split in two."""
    digits = re.sub(r"[-./_ ]", "", text)
    digits = re.sub(r"^[A-Za-z]{1,6}(?=\d{5,}$)", "", digits)
    if not re.fullmatch(r"\d{5,}", digits):
        return []
    plain = [digits, digits.lstrip("0")]
    split = [d[:n] + mark + d[n:] for d in plain for n in range(2, len(d) - 1) for mark in "-. /"]
    return [number for number in plain + split if len(number) >= 4]


def _in_base64(text: str) -> list[str]:
    """What stands in Base64 for a text, wherever in a stream it begins."""
    found = []
    for skipped in range(3):
        coded = base64.b64encode(b"\0" * skipped + text.encode("utf-8")).decode()
        found.append(coded[[0, 2, 3][skipped] : len(coded.rstrip("=")) - 1])
    return [piece for piece in found if len(piece) >= 7]


def _blocks(file: Path, overlap: int) -> Iterator[tuple[str, bytes, int]]:
    """(place, bytes, offset) that cover a file, then what can be inflated in it; pieces overlap."""
    with open(file, "rb") as stream:
        start, tail = 0, b""
        while chunk := stream.read(_CHUNK):
            block = tail + chunk
            yield "bytes", block, start - len(tail)
            for data in _inflated(block):
                yield "inflated", data, 0
                yield from (("inflated", inner, 0) for inner in _inflated(data))
            start += len(chunk)
            tail = block[-overlap:]
        tail = b""
        for data in _unpacked(stream):
            yield "inflated", tail + data, 0
            tail = (tail + data)[-overlap:]
    if zipfile.is_zipfile(file):
        yield from _members(file)


def _unpacked(stream: BinaryIO) -> Iterator[bytes]:
    """A file that is packed as a whole, to its end: gzip, bzip2, xz, a deflated DICOM file."""
    stream.seek(0)
    head = stream.read(1024)
    found: list[Any] = [make() for sign, make in _UNPACKERS.items() if head.startswith(sign)]
    start = 0
    if head[128:132] == b"DICM" and b"1.2.840.10008.1.2.1.99" in head:
        found = [zlib.decompressobj(-15)]
        start = 144 + int.from_bytes(head[140:144], "little")
    stream.seek(start)
    try:
        while found and not found[0].eof and (piece := stream.read(_PIECE)):
            yield found[0].decompress(piece)
    except (zlib.error, OSError, lzma.LZMAError):
        return


def _members(file: Path | BinaryIO, depth: int = 0) -> Iterator[tuple[str, bytes, int]]:
    """What a zip file holds, another zip file in it, too."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            yield "name", member.filename.encode("utf-8", "surrogateescape"), 0
            if member.file_size > _MOST_INFLATED:
                continue
            content = io.BytesIO(archive.read(member))
            yield "inflated", content.getvalue(), 0
            yield from (("inflated", data, 0) for data in _unpacked(content))
            if depth < 3 and zipfile.is_zipfile(content):
                yield from _members(content, depth + 1)


def _inflated(block: bytes) -> Iterator[bytes]:
    """Everything in a block that starts like gzip, zlib, or deflated DICOM and can be inflated."""
    starts = [(m.start(), 31) for m in re.finditer(rb"\x1f\x8b\x08", block)]
    starts += [
        (m.start(), 15)
        for m in re.finditer(rb"[\x08-\x78][\x01\x5e\x9c\xda]", block)
        if _is_zlib(block, m.start())
    ]
    if block[128:132] == b"DICM" and b"1.2.840.10008.1.2.1.99" in block[:1024]:
        length = int.from_bytes(block[140:144], "little")
        starts.append((144 + length, -15))
    for start, bits in starts:
        data = _inflate(io.BytesIO(block[start:]).getvalue(), bits)
        if data:
            yield data


def _is_zlib(block: bytes, at: int) -> bool:
    """A zlib header: method 8, and divisible by 31 (RFC 1950)."""
    return block[at] & 0x0F == 8 and int.from_bytes(block[at : at + 2], "big") % 31 == 0


def _inflate(data: bytes, bits: int) -> bytes:
    try:
        return zlib.decompressobj(bits).decompress(data, _MOST_INFLATED)
    except zlib.error:
        return b""
