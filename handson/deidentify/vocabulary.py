"""Text that may stay, word by word: what is known to be harmless, and *** for the rest.

`words.txt` holds the words of image descriptions: body parts, planes, sequences, contrasts, units. Lists of
people's and places' names were subtracted when it was built (tools/deidentify/build.py). Numbers stay if
they are too short to be an identifier and do not look like a date or a telephone number. Everything else
goes, whatever it is. A word behind `?` in the file is a name of people as well: it stays among known
words and goes beside an unknown one. `devices.txt` holds makers, models and their software, which stay only
in elements about a device.

This module knows strings only.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from .spelling import fold

PLACEHOLDER = "***"
_PIECE = re.compile(r"[^\W_]+|[\W_]+")
_PART = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_OTHER_MARK = re.compile(r"[^ _\-./,;:+*()\[\]{}%&<>=#'\"|^@!?~\n\r\t]")
_UNIT = r"(mm|cm|um|ms|us|sec|s|min|kv|kvp|kev|mev|ma|mas|msv|mgy|gy|hu|t|hz|khz|mhz|ml|mg|kg|mbq|d|x|ch|st|nd|rd|th|pct|deg|dir|dirs|iso|w|hr|yr)"
_CHUNK = re.compile(
    rf"\d{{1,4}}{_UNIT}|[234]d|t[12](star|w|wi|map|se|tse|fs|fl|flair|tfe|ffe|me|ir|vibe|spc|gre|rho)?|pd|b\d{{1,4}}|[ctls]\d{{1,2}}|[prsxfk]\d{{1,2}}"
    r"|(te|tr|ti|fa|sl|et|nex|bw|fov|st)\d{1,4}|(\d{1,3}x)+\d{1,3}(mm|cm|iso)?|ep2d|fl[23]d|se2d|tse[23]d|gre[23]d"
    r"|[abdhijqstu][frpv]?\d{2}[a-z]?|fc\d{2}|(vol|ser|acq|echo|phase|run|seg|rev|ph|img|ver|v)\d{1,3}|\d{1,3}(st|nd|rd|th)"
)
_DEVICE_CHUNK = re.compile(
    r"(ep|epfid|epse|ep2d|fl|tfl|tse|tir|h|se|spc|spcr|swi|ciss|fi|tfi|trufi|me|gr|fm|tgse|rm|pd|b)[23]d\d{0,2}[a-z]{0,3}|\d{1,4}(b|ns|r|t|rs|c)|[12]\d{3}[a-z]|\d[a-z]{2}\d{2}[a-z]?|[a-z]{1,3}\d{1,3}[a-z]{0,2}|\d{1,2}[a-z]{1,2}|v?\d{1,4}"
)
_SIDES = frozenset("lrwox")
_TITLES = frozenset(
    re.findall(
        r"\S+",
        "mrs miss prof professor herr frau monsieur madame mme mlle signor signora sig sigra dott dottssa senor senora sr sra don dona"
        " doctor physician surname lastname firstname forename nurse",
    )
)
_NAMED = frozenset(
    re.findall(
        r"\S+",
        "by for name patient pt named",
    )
)
_MONTHS = frozenset(
    re.findall(
        r"\S+",
        "jan feb mar apr jun jul aug sep sept oct nov dec january february march april may june july august september october"
        " november december gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
        " januar februar marz maerz mai juni juli oktober dezember janvier fevrier mars avril juin juillet aout septembre octobre"
        " novembre decembre enero febrero abril mayo junio julio septiembre octubre noviembre diciembre",
    )
)


GONE, KNOWN, DOUBTFUL, NUMBER = range(4)


@cache
def words() -> dict[str, bool]:
    """{word: True if it is also a name}, folded."""
    lines = files(__package__).joinpath("words.txt").read_text(encoding="utf-8").split()
    return {line.lstrip("?"): line[0] == "?" for line in lines}


@cache
def devices() -> frozenset[str]:
    """Words of makers, models and software, folded."""
    return frozenset(files(__package__).joinpath("devices.txt").read_text(encoding="utf-8").split())


@lru_cache(maxsize=65536)
def clean(text: str, device: bool = False) -> str:
    """`text` with *** in place of whatever is not known to be harmless.

    device : the text is about a device, where makers, models and versions stay, too

    >>> clean("MR KNEE L for Zyxwabel, born 08.02.1951")
    'MR KNEE L for ***'
    """
    pieces = _PIECE.findall(text)
    chunks = [n for n, piece in enumerate(pieces) if piece[0].isalnum()]
    verdicts = {n: _verdict(pieces[n], device) for n in chunks}
    for n in chunks:
        if (
            "".join(pieces[max(n - 1, 0) : n + 1]).strip().lower() == "+c"
            or "".join(pieces[n : n + 2]) == "b="
        ):
            verdicts[n] = KNOWN  # with contrast; a b-value
    _judge_titles(pieces, chunks, verdicts)
    _judge_numbers(pieces, chunks, verdicts)
    _judge_neighbours(pieces, chunks, verdicts)
    kept: list[str] = []
    marks = ""
    after_gone = False
    for n, piece in enumerate(pieces):
        if n not in verdicts:
            marks = _OTHER_MARK.sub(" ", piece)
        elif verdicts[n] != GONE:
            kept += [marks, piece]
            marks, after_gone = "", False
        else:
            kept += [] if after_gone else [marks, PLACEHOLDER]
            marks, after_gone = "", True
    return "".join(kept) + marks


def is_known(text: str, device: bool = False) -> bool:
    """True if nothing of a text would have to go."""
    return clean(text, device) == text


def _verdict(chunk: str, device: bool) -> int:
    """What a run of letters and digits is by itself."""
    word = fold(chunk)
    if not word.isascii() or word in _MONTHS:
        return GONE
    if word.isdigit():
        return GONE if len(word) > 4 or (len(word) == 4 and "1900" <= word < "2100") else NUMBER
    short = _DEVICE_CHUNK.fullmatch(word) and word[:3] not in _MONTHS  # jan08 is a day
    if device and (word in devices() or short):
        return KNOWN
    if len(word) == 1:
        return DOUBTFUL if device or word in _SIDES else GONE
    if word in words():
        return DOUBTFUL if words()[word] else KNOWN
    if _CHUNK.fullmatch(word):
        return KNOWN
    parts = _PART.findall(word)
    if len(parts) == 1:
        parts = _CAMEL.findall(chunk)
        if len(parts) == 1 or "".join(parts) != chunk:
            return GONE
    return KNOWN if all(map(_is_plain, parts)) else GONE


def _is_plain(part: str) -> bool:
    """A part of a chunk that may stand glued to others."""
    if part.isdigit():
        return len(part) <= 4 and not (len(part) == 4 and "1900" <= part < "2100")
    return part in "vV" or (len(part) > 1 and words().get(fold(part), True) is False)


def _judge_titles(pieces: list[str], chunks: list[int], verdicts: dict[int, int]) -> None:
    """Two words behind a title go, whatever they are; so does a doubtful one behind `for` and the like."""
    for place, n in enumerate(chunks):
        word = fold(pieces[n])
        dotted = word in ("dr", "mr", "ms") and pieces[n + 1 : n + 2] and pieces[n + 1][0] == "."
        if word in _TITLES or dotted:
            for other in chunks[place : place + 3]:
                verdicts[other] = GONE
        elif word in _NAMED and chunks[place + 1 :] and verdicts[chunks[place + 1]] == DOUBTFUL:
            verdicts[chunks[place + 1]] = GONE


def _judge_numbers(pieces: list[str], chunks: list[int], verdicts: dict[int, int]) -> None:
    """Numbers side by side go if they have the shape of a date or as many digits as a telephone number."""
    run: list[int] = []
    for n in [*chunks, len(pieces) + 2]:
        follows = run and n == run[-1] + 2 and "*" not in pieces[n - 1]
        if verdicts.get(n) == NUMBER and (follows or not run):
            run.append(n)
            continue
        if len(run) > 1 and not _are_plain_numbers(pieces, run):
            verdicts.update(dict.fromkeys(run, GONE))
        run = [n] if verdicts.get(n) == NUMBER else []


def _are_plain_numbers(pieces: list[str], run: list[int]) -> bool:
    text = "".join(pieces[run[0] : run[-1] + 1])
    if re.search(
        r"(?<![\d.])(\d{1,2}([-/. ]+)\d{1,2}\2(\d{2}|\d{4})|\d{4}([-/. ]+)\d{1,2}\4\d{1,2})(?!\.?\d)",
        text,
    ):
        return False
    whole = re.sub(r"(?<![\d.,])\d{1,3}[.,]\d{1,4}(?![\d.,])", " ", text)
    return sum(map(str.isdigit, whole)) < 6


def _judge_neighbours(pieces: list[str], chunks: list[int], verdicts: dict[int, int]) -> None:
    """Doubtful words and numbers go with an unknown word beside them, and take the next ones with them."""
    for order in (chunks, chunks[::-1]):
        for n, following in pairwise(order):
            if verdicts[n] == GONE and verdicts[following] in (DOUBTFUL, NUMBER):
                verdicts[following] = GONE
