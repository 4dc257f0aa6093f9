"""New identifiers for old ones: UIDs, patient tokens and date shifts, all derived from one secret key.

The same input and key always give the same output, so references between files still resolve, in any
order, in any number of processes. Without the key nobody can compute them; once it is thrown away, nobody
can at all. This module knows no data set and no file.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import date, timedelta

from pydicom.uid import UID_dictionary

KEY_BYTES = 32
# The organisations that name classes of their own: Siemens, Philips, GE, Toshiba, Fuji, Agfa, dcm4che, OFFIS, the US
# government's, and those with a root from Medical Connections. A UID of any other root could be a number of a person.
_CLASS_LIKE = re.compile(
    r"(1\.3\.12\.2\.1107\.5|1\.3\.46\.670589|1\.2\.840\.(10008|113619|113543|113663|113704)|1\.2\.392\.200036|1\.2\.124\.113532"
    r"|1\.2\.40\.0\.13|1\.2\.276\.0\.7230010|2\.16\.840\.1\.11[34]\d{3}|1\.2\.826\.0\.1\.3680043\.\d{1,2}|1\.2\.752\.24)"
    r"(\.(0|[1-9]\d{0,3})){1,8}\Z"
)
_DATE = re.compile(r"(\d{4})(?:([.\-]?)(\d{2})(?:\2(\d{2}))?)?\Z")
_DATETIME = re.compile(
    r"(\d{4,8})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?([+-](?:0\d|1[0-4])[0-5]\d)?\Z"
)


def new_key() -> bytes:
    """A random key. Whoever throws it away can no longer recompute an identifier, nor can anybody else."""
    return secrets.token_bytes(KEY_BYTES)


def is_well_known(uid: str) -> bool:
    """True for the UIDs that the standard registers: SOP classes, transfer syntaxes, frames of reference..."""
    return uid in UID_dictionary


def is_uid(uid: str) -> bool:
    """True for a string that can be a UID at all: digits and dots, 64 at most."""
    return len(uid) <= 64 and bool(re.fullmatch(r"[0-9.]+", uid))


def is_class_like(uid: str) -> bool:
    """True if a UID can name a class: registered, or the root of an organisation that names classes, and
    short numbers after it, few digits in all: no room for a date or an identifier.

    >>> is_class_like("1.3.12.2.1107.5.9.1"), is_class_like("1.2.826.0.1.3680043.20010203.1")
    (True, False)
    """
    return is_well_known(uid) or bool(_CLASS_LIKE.match(uid))


class Identity:
    """Everything that one key decides.

    key : 32 secret bytes (`new_key`)
    """

    def __init__(self, key: bytes):
        self._key = key

    def _digest(self, purpose: str, value: str) -> bytes:
        message = f"{purpose}\0{value}".encode("utf-8", "surrogateescape")
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def uid(self, uid: str) -> str:
        """The UID that replaces `uid`; a well-known one stays.

        HMAC-SHA256 cut to 128 bits, with the version (8) and variant bits of a UUID (RFC 9562 5.8), written
        as PS3.5 B.2 says: `2.25.` and the number in decimal.
        """
        if is_well_known(uid):
            return uid
        number = int.from_bytes(self._digest("uid", uid)[:16], "big")
        number = number & ~(0xF << 76) | 8 << 76
        number = number & ~(0x3 << 62) | 2 << 62
        return f"2.25.{number}"

    def token(self, patient: str) -> str:
        """The pseudonym of a patient: `P` and 16 letters and digits, 80 bits of the digest."""
        return "P" + base64.b32encode(self._digest("patient", patient)[:10]).decode("ascii")

    def shift(self, patient: str) -> timedelta:
        """How far the patient's dates move: whole days, between one and ten years into the past."""
        days = 365 + int.from_bytes(self._digest("dates", patient)[:8], "big") % 3286
        return -timedelta(days=days)


def short_name(identifier: str) -> str:
    """Eight letters and digits that a new identifier is filed under: a valid DICOM File ID component.

    Only for identifiers that are new themselves: no key is used.
    """
    digest = hashlib.sha256(identifier.encode("ascii", "replace")).digest()
    return base64.b32encode(digest[:5]).decode("ascii")


def shift_date(value: str, shift: timedelta) -> str:
    """A DA value moved by `shift`, as precise as it was; "" if it is not a date.

    Also the old form 1997.01.31, partial dates and ranges (`20200101-20200131`).

    >>> shift_date("20200301", timedelta(days=-1)), shift_date("202003", timedelta(days=-31))
    ('20200229', '202002')
    """
    if not _DATE.match(value) and value.count("-") == 1:
        return "-".join(shift_date(part, shift) for part in value.split("-"))
    match = _DATE.match(value)
    if not match:
        return ""
    year, mark, month, day = match.groups()
    try:
        # the middle of a month or a year stands for a partial date, so that it moves by the same interval
        moved = date(int(year), int(month or 7), int(day or 15)) + shift
    except (ValueError, OverflowError):
        return ""
    mark = mark or ""
    parts = [f"{moved.year:04d}", f"{moved.month:02d}", f"{moved.day:02d}"]
    return mark.join(parts[: 1 + (month is not None) + (day is not None)])


def shift_datetime(value: str, shift: timedelta) -> str:
    """A DT value moved by `shift`; the time of day, its precision and its offset stay. "" if it is not a DT.

    >>> shift_datetime("20200301120000.5+0100", timedelta(days=-1))
    '20200229120000.5+0100'
    """
    match = _DATETIME.match(value)
    if not match:
        parts = value.split("-")
        return "-".join(shift_datetime(part, shift) for part in parts) if len(parts) == 2 else ""
    day, time, offset = match.groups()
    if time is not None and (len(day) != 8 or not is_time(time)):
        return ""
    moved = shift_date(day, shift)
    return f"{moved}{time or ''}{offset or ''}" if moved else ""


def is_time(value: str) -> bool:
    """True for a TM value: HH, HHMM, HHMMSS, HHMMSS.FFFFFF, a range of them, or the old HH:MM:SS."""
    one = r"([01]\d|2[0-3])(:?[0-5]\d(:?([0-5]\d|60)(\.\d{1,6})?)?)?"
    return bool(re.fullmatch(rf"{one}|{one}-|-{one}|{one}-{one}", value))


def is_date(value: str) -> bool:
    """True for a DA or DT value, partial or a range too."""
    return bool(shift_date(value, timedelta(0)) or shift_datetime(value, timedelta(0)))
