"""Names that still stand in free text: collected where a file says them, found where it repeats them.

A description such as "MR KNEE L, Mrs. Doe" tells who the patient is although no rule of the table looks at
it. `Words` gathers the names, identifiers, dates and phrases that a file's own identifying elements hold
and takes them out of any text that stays. It knows strings only. What a file never says elsewhere, a
neighbour's name say, it cannot find: that is a limit, and the documentation says so.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .identity import Identity, is_class_like
from .spelling import date_pattern, fold, name_spellings
from .vocabulary import PLACEHOLDER

_UID = re.compile(r"(?<![\d.])[0-2](?:\.\d++){4,}+(?![\d.]*\d)")
# six readable characters or more: shorter ones occur by chance in any table of numbers. A run is entered at
# its start and never given back (++), so that megabytes take time in proportion.
_READABLE = (
    (re.compile(rb"[\x20-\x7e]{6,}"), "ascii"),
    (re.compile(rb"(?:[\x20-\x7e]\x00){6,}"), "utf-16-le"),
    (
        re.compile(
            rb"(?<![\x20-\x7e])[\x20-\x7e]*+(?:[\xc3-\xed][\x80-\xbf]{1,2}+[\x20-\x7e]*+)++"
        ),
        "utf-8",
    ),
)
# The character sets of DICOM (PS3.3 C.12.1.1.2) and UTF-16: how a name that is not ASCII can stand in bytes.
_CHARACTER_SETS = (
    "utf-8", "utf-16-le", "utf-16-be", "latin-1", "iso8859_2", "iso8859_3", "iso8859_4", "iso8859_5", "iso8859_6",
    "iso8859_7", "iso8859_8", "iso8859_9", "iso8859_11", "iso8859_15", "shift_jis", "euc_jp", "iso2022_jp_2", "euc_kr",
    "gb18030", "cp1251",
)  # fmt: skip
_SEPARATORS = r"[\s^,;._=\-/]*"


def name_parts(person_name: str) -> list[list[str]]:
    """A PN value as its groups (alphabetic, ideographic, phonetic), each the parts of the name.

    >>> name_parts("Yamada^Tarou=山田^太郎")
    [['Yamada', 'Tarou'], ['山田', '太郎']]
    """
    groups = (re.split(r"[\^\s,;._/\-]+", group) for group in person_name.split("="))
    return [parts for group in groups if (parts := [p.strip("'\"() ") for p in group if p])]


class Words:
    """What must not stand in text: gathered with the `add_` methods, removed with `clean`."""

    def __init__(self):
        self._words: set[str] = set()
        self._glyphs: set[str] = set()
        self._phrases: set[tuple[str, ...]] = set()
        self._dates: set[str] = set()
        self._numbers: set[str] = set()
        self._spaced: set[str] = set()
        self._bytes: set[bytes] = set()

    def add_name(self, person_name: str) -> None:
        """Every part of three letters or more, and the whole name in either order."""
        for parts in name_parts(person_name):
            folded = [found for part in parts if (found := fold(part))]
            self._bytes.update(spelled for part in parts for spelled in _in_bytes(part))
            self._glyphs.update(p for p in folded if _is_ideographic(p) and len(p) > 1)
            for part in parts:
                if not _is_ideographic(part):
                    self._words.update(s for s in name_spellings(part) if len(s) >= 3)
            if len(folded) > 1:
                self._phrases |= {tuple(folded[:2]), tuple(folded[1::-1]), tuple(folded)}
                if all(_is_ideographic(part) for part in folded):
                    self._glyphs.add("".join(folded))

    def add_identifier(self, value: str) -> None:
        """The whole value and its pieces, if long enough not to be any number: three characters with a
        letter, four digits without. A whole number of six digits or more is looked for among numbers, too."""
        digits = re.sub(r"[\s\-./_]", "", value)
        if re.fullmatch(r"\d{5,}", digits) and len(number := digits.lstrip("0")) >= 4:
            self._numbers.add(number)
            self._spaced.add("0*" + r"[\s\-./_]?".join(number))
        for piece in {value, *re.split(r"[^\w]+", value)}:
            piece = fold(piece.strip())
            long_enough = len(piece) >= 4 or (len(piece) == 3 and re.search(r"[^\W\d]", piece))
            if long_enough and (re.search(r"\d", piece) or piece == fold(value.strip())):
                self._words.add(piece)

    def add_phrase(self, value: str) -> None:
        """An address, an institution: the whole phrase, and what stands between its commas if it is two words
        or more."""
        pieces = [tuple(re.findall(r"\w+", fold(piece))) for piece in re.split(r"[,;\r\n]", value)]
        whole = tuple(word for piece in pieces for word in piece)
        if len(whole) > 1 or (whole and len(whole[0]) >= 5):
            self._phrases.add(whole)
        self._phrases.update(piece for piece in pieces if len(piece) > 1)

    def add_date(self, value: str) -> None:
        """A day, in the ways people write it."""
        if pattern := date_pattern(value):
            self._dates.add(pattern)

    def __len__(self) -> int:
        return sum(
            (
                len(self._words),
                len(self._glyphs),
                len(self._phrases),
                len(self._dates),
                len(self._spaced),
            )
        )

    def clean(
        self, text: str, identity: Identity | None = None, harmless: frozenset[str] = frozenset()
    ) -> str:
        """`text` with every gathered word replaced by ***, and with `identity` every UID in it by its new one.

        harmless : folded words that stay although a name is spelled like them
        """
        if identity is not None and "." in text:
            text = _UID.sub(lambda m: _new_uid(m[0], identity), text)
        pattern = self._pattern()
        if pattern is None or not text:
            return text
        folded, where = _folded_with_places(text)
        pieces, end = [], 0
        for match in pattern.finditer(folded):
            if match[0] in harmless:
                continue
            start, stop = where[match.start()], where[match.end() - 1] + 1
            pieces += [text[end : max(start, end)], PLACEHOLDER]
            end = max(stop, end)
        return "".join(pieces) + text[end:]

    def found_in(self, data: bytes, whole: bool = False) -> bool:
        """True if bytes that would stay as they are hold one of the words in a run of readable text.

        whole : the bytes are one short text, in which a word of any length counts
        """
        if any(map(data.__contains__, self._bytes)):
            return True
        pattern = self._pattern(in_bytes=True)
        if pattern is None or len(data) < (1 if whole else 6):
            return False
        if whole and any(
            pattern.search(fold(data.decode(code, "replace"))) for code in ("utf-8", "latin-1")
        ):
            return True
        for readable, encoding in _READABLE:
            runs = b"\0\0".join(readable.findall(data)).decode(encoding, "replace")
            if pattern.search(fold(runs)):
                return True
        return False

    def is_day(self, value: str) -> bool:
        """True if a date (DA, DT), or one end of a range, is one of the days."""
        return any(re.search(rf"(?<!\d)(?:{pattern})", value) for pattern in self._dates)

    def is_number(self, value: str | float) -> bool:
        """True if a number is one of the identifiers, however it is written: 47113.0 and 4.7113E4 for 0047113."""
        try:
            number = float(value)
        except ValueError:
            return False
        if isinstance(value, str) and value.lstrip("+-0") in self._numbers:
            return True
        return number.is_integer() and str(abs(int(number))) in self._numbers

    def _pattern(self, in_bytes: bool = False) -> re.Pattern | None:
        return _compile(
            frozenset(self._words),
            frozenset(self._dates | self._spaced),
            frozenset(self._glyphs),
            frozenset(self._phrases),
            in_bytes,
        )


def _in_bytes(name: str) -> Iterator[bytes]:
    """A name that is not ASCII, in every character set that has its letters; five bytes and more, which no
    chance makes."""
    if name.isascii():
        return
    for spelled in {name, name.upper(), name.lower(), name.title()}:
        for character_set in _CHARACTER_SETS:
            try:
                found = spelled.encode(character_set)
            except UnicodeEncodeError:
                continue
            if len(found) >= 5:
                yield found


def _is_ideographic(text: str) -> bool:
    """True for scripts written without spaces, where no word boundary can be asked for."""
    return any("\u2e80" <= c <= "\ud7ff" or "\uf900" <= c <= "\ufaff" for c in text)


def _new_uid(uid: str, identity: Identity) -> str:
    return uid if is_class_like(uid) else identity.uid(uid)


@lru_cache(maxsize=64)
def _compile(
    words: frozenset, dates: frozenset, glyphs: frozenset, phrases: frozenset, in_bytes: bool
) -> re.Pattern | None:
    """Of words, phrases and dates whole ones only, of glyphs any; in bytes, where a chance neighbour may be
    a letter, any word of five letters or more."""
    # the longest first, so that a whole name goes as one
    whole = {*phrases, *((word,) for word in words)}
    alternatives = _bounded(sorted(whole, key=_length, reverse=True))
    alternatives += [rf"(?<!\d)(?:{date})(?!\d)" for date in sorted(dates)]
    alternatives += map(re.escape, sorted(glyphs, key=len, reverse=True))
    if in_bytes and (long := [(word, "") for word in sorted(words) if len(word) >= 5]):
        alternatives.append(_tree(long))
    return re.compile("|".join(alternatives)) if alternatives else None


def _length(phrase: Sequence[str]) -> tuple[int, int]:
    return len(phrase), sum(map(len, phrase))


def _bounded(phrases: list[Sequence[str]]) -> list[str]:
    """Patterns for phrases as a whole: no digit beside a digit, no letter beside a letter. Three characters
    are a word between marks only, since short ones stand in many a machine's terms (TSE in tse2d)."""
    groups: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for first, *others in phrases:
        tail = "".join(_SEPARATORS + re.escape(word) for word in others)
        ends = first[0], (others or [first])[-1][-1]
        before, after = (r"\d" if end.isdigit() else r"[^\W\d_]" for end in ends)
        lacking = 0 if others else max(0, 4 - len(re.escape(first)))  # short ones are tried last
        if lacking == 1:
            before = after = r"[^\W_]"
        groups.setdefault((lacking, before), []).append((first, f"{tail}(?!{after})"))
    return [f"(?<!{before})(?:{_tree(items)})" for (_, before), items in sorted(groups.items())]


def _tree(items: list[tuple[str, str]], depth: int = 3) -> str:
    """A pattern for any of (text, pattern after it), in this order; first letters that are shared stand once,
    since `re` tries one alternative after the other at every place."""
    if not depth or len(items) == 1:
        return "|".join(re.escape(text) + tail for text, tail in items)
    groups: dict[str, list[tuple[str, str]]] = {}
    for text, tail in items:
        groups.setdefault(text[:1], []).append((text[1:], tail))
    return "|".join(f"{re.escape(c)}(?:{_tree(group, depth - 1)})" for c, group in groups.items())


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    """`fold(text)` and, for each of its characters, the index in `text` it comes from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    pieces = [fold(character) for character in text]
    where = [i for i, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), where
