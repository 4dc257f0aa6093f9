"""Codes that stay: values of public coding schemes that are known, with the meaning that PS3.16 gives them.

A code of a hospital's own scheme can be anything, an identifier too: its value goes, and its meaning stays
as far as `vocabulary` knows its words.
"""

import re
from functools import cache
from typing import Any

ANONYMOUS = "ANONYMOUS"
LOCAL_SCHEME = "99ANONYMOUS"
SCHEMES = frozenset(
    re.findall(
        r"\S+",
        "DCM SCT SRT SNM3 99SDM LN UCUM NCIt RADLEX FMA MDC NEU IBSI UMLS RXNORM MSH I10 NDC CPT4 ACR BARI ITIS_TSN PUBCHEM_CID RFC3066 RFC5646 IETF4646 SCPECG",
    )
)
_UNITS = frozenset(
    re.findall(
        r"\S+",
        "1 % s ms us min h d m mm cm um nm km g kg mg ug l ml mL L dL mm2 cm2 m2 mm3 cm3 m3 Bq kBq MBq Bq/ml MBq/ml g/ml g/L mg/ml mGy Gy"
        " cGy mGy.cm Gy.m2 dGy.cm2 Gy.cm2 mSv keV MeV eV kV mA mA.s uA.s Hz kHz MHz T mT deg rad 1/s 1/min /min mm/s cm/s m/s mm2/s um2/s"
        " cm2/s ml/s ml/min l/min mmHg mm[Hg] [hnsf'U] [degF] Cel K ppm dB V mV uV N J W ohm {ratio} {counts} {events} {beats}/min"
        " {pixels} {frames} [arb'U] {SUVbw}g/ml {SUVlbm}g/ml {SUVbsa}cm2/ml mmol mmol/l ug/ml ml/100ml/min ml/100g ml/100g/min 10*-6.mm2/s",
    )
)
_LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        "en de fr it es pt nl sv da no nb nn fi pl cs sk hu ro bg el tr ru uk he ar zh ja ko hi",
    )
)
_MULTIPLY = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
             "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
_PERMUTE = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901",
            "2793806415", "7046913258")  # fmt: skip


@cache
def meanings() -> dict[tuple[str, str], str]:
    """{(scheme, value): meaning} of the concepts of PS3.16, as pydicom has them (MIT licence)."""
    from pydicom.sr._concepts_dict import concepts
    from pydicom.sr._snomed_dict import mapping

    found: dict[tuple[str, str], str] = {}
    snomed: Any = mapping["SRT"]
    listed: Any = concepts
    for scheme, keywords in listed.items():
        for values in keywords.values():
            for value, (meaning, _) in values.items():
                before = found.get((scheme, value), meaning)
                found[scheme, value] = min(before, meaning, key=len)
    for value, code in snomed.items():
        found["SRT", value] = found.get(("SCT", code), "")
    return found


@cache
def known(scheme: str, value: str) -> tuple[bool, str]:
    """(True if a code is of a public scheme, its meaning by PS3.16 or "")."""
    if scheme == "SNM3" or scheme == "99SDM":
        scheme = "SRT"
    if scheme in ("RFC3066", "RFC5646", "IETF4646"):
        return value.lower().split("-")[0] in _LANGUAGES and len(value) <= 5, ""
    if scheme == "SCPECG":
        return bool(re.fullmatch(r"5\.6\.3-9-\d{1,3}", value)), ""
    if scheme == "UCUM":
        return value in _UNITS or ("UCUM", value) in meanings(), ""
    if scheme not in SCHEMES:
        return False, ""
    meaning = meanings().get((scheme, value))
    if meaning is not None:
        return True, meaning
    return scheme == "SCT" and _is_snomed(value), ""


def _is_snomed(value: str) -> bool:
    """A concept identifier of SNOMED CT: its partition and its check digit (Verhoeff) are right."""
    if not re.fullmatch(r"[1-9]\d{7,17}", value) or value[-3:-1] not in ("00", "10"):
        return False
    check = 0
    for place, digit in enumerate(reversed(value)):
        check = int(_MULTIPLY[check][int(_PERMUTE[place % 8][int(digit)])])
    return check == 0


def is_version(text: str) -> bool:
    """True for a version of a coding scheme, such as 1.4 or 01: too short for a date or an identifier."""
    return bool(re.fullmatch(r"(\d{1,2}(\.\d{1,2}){0,2})?", text))
