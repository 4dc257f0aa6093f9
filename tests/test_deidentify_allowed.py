"""Nothing stays but what is known: every attribute, every VR, at every depth, filled with fresh random text."""

import re
import struct
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

import handson
from handson.deidentify import OPTIONS, codes, forms, vocabulary
from handson.deidentify.profile import Profile, table

TEXT_VRS = (
    "AE",
    "CS",
    "DS",
    "IS",
    "LO",
    "LT",
    "PN",
    "SH",
    "ST",
    "UC",
    "UR",
    "UT",
    "DA",
    "TM",
    "DT",
    "AS",
    "UI",
)
BYTE_VRS = ("OB", "OW", "OF", "OD", "OL", "UN")
NUMBER_VRS = ("US", "SS", "UL", "SL", "FL", "FD", "AT")
# Safe for identities, kept by a choice of the user: what an option keeps is kept, identity or not.
SAFE_OPTIONS = sorted(OPTIONS.keys() - {"clean-pixel-data", "clean-recognizable-visual-features"}
                      - {name for name in OPTIONS if name.startswith("retain")} - {"modified-dates"})  # fmt: skip


def name(dice):
    """A name that nobody has and no keyword holds, in syllables, so that it looks like one."""
    syllables = dice.choices(
        [c + v for c in "bdfgklmnprstvzx" for v in "aeiou"], k=dice.randint(3, 4)
    )
    return "".join(syllables).capitalize() + dice.choice(["xk", "zq", "qz"])


def texts(dice):
    """(text, what must not be found of it) in the ways in which people write an identity."""
    first, last, other = name(dice), name(dice), name(dice)
    number = f"{dice.randrange(10**7, 10**8):08d}"
    day = f"{dice.randint(1920, 1999)}{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}"
    return dice.choice([
        (f"{last}^{first}", [last, first]), (f"{last.upper()}, {first.upper()}", [last, first]),
        (f"Dr. {last}", [last]), (f"CT of {first} {last}", [first, last]), (f"{last}{number}", [last, number]),
        (number, [number]), (f"MRN {number}", [number]), (f"MR HEAD {last.lower()}", [last]),
        (f"{first}.{last}@{other}.org", [first, last, other]), (f"12 {last} Street", [last]), (day, [day]),
        (f"{day[6:]}.{day[4:6]}.{day[:4]}", [f"{day[6:]}.{day[4:6]}.{day[:4]}"]), (f"{last[:1]}. {other}", [other]),
        (f"0{number[:3]} {number[3:]}", [f"{number[:3]} {number[3:]}"]), (f"{last}-{other}", [last, other]),
        (f"born {day[:4]}", [f"born {day[:4]}"]), (f"{last}_{first}_t1", [last, first]),
    ])  # fmt: skip


def element(tag, vr, data):
    """An element in Explicit VR Little Endian, whatever its VR claims."""
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    data += b" " * (len(data) % 2)
    long = vr in ("OB", "OW", "OF", "OD", "OL", "UN", "UC", "UR", "UT", "SQ")
    return (
        head + (struct.pack("<HL", 0, len(data)) if long else struct.pack("<H", len(data))) + data
    )


def filled(dice, tags, depth=0):
    """({tag: an element with a text under a VR chosen at random}, what must not be found)"""
    elements, secret = {}, []
    for tag in tags:
        text, parts = texts(dice)
        own = DicomDictionary[tag][0].split(" or ")[0]
        vr = dice.choice((*TEXT_VRS, *BYTE_VRS, *NUMBER_VRS, *[own] * 20))
        if vr in ("NONE", "OV", "UV", "SV"):
            vr = "UN"
        if depth < 2 and (vr == "SQ" or dice.random() < 0.03):
            inner, more = filled(dice, dice.sample(tags, min(3, len(tags))), depth + 1)
            item = b"".join(inner[t] for t in sorted(inner))
            elements[tag] = element(
                tag, "SQ", struct.pack("<HHL", 0xFFFE, 0xE000, len(item)) + item
            )
            secret += more
            continue
        vr = "LO" if vr == "SQ" else vr
        size = {"FD": 8, "OD": 8, "FL": 4, "UL": 4, "SL": 4, "AT": 4, "OF": 4, "OL": 4}.get(vr, 2)
        data = text.encode()
        elements[tag] = element(tag, vr, data + b" " * (-len(data) % size))
        secret += parts
    return elements, secret


def written(folder, planted):
    """MR files with the elements in them, as bytes."""
    folder.mkdir()
    whole = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    pixels = element(0x7FE00010, "OW", whole.PixelData)
    own = {tag: whole.get_item(tag) for tag in whole.keys() if tag >> 16 < 0x7FE0}  # noqa: SIM118
    own = {tag: element(tag, item.VR, item.value or b"") for tag, item in own.items()}
    meta = Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    start = 132 + 12 + int.from_bytes(meta[140:144], "little")
    for number, elements in enumerate(planted):
        both = own | elements
        data = meta[:start] + b"".join(both[tag] for tag in sorted(both)) + pixels
        (folder / f"{number}.dcm").write_bytes(data)


def found(folder, secret):
    """Of the secret strings those that stand in an output, in any case."""
    data = b"\n".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    data = re.sub(rb"2\.25\.\d+", b"", data).lower()  # random digits
    return [text for text in secret if len(text) > 3 and text.lower().encode() in data]


def attributes():
    """Every attribute of the dictionary that a data set can hold beside pixels."""
    skipped = {0x00020010, 0x00080005, 0x00280002, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102,
               0x00280103, 0x00280008, 0x00080016, 0x00080018, 0x00080060, 0x00280301, 0x00041220}  # fmt: skip
    return [t for t in DicomDictionary if 0x0008 <= t >> 16 < 0x7FE0 and t not in skipped]


@pytest.mark.parametrize(
    "options",
    [(), pytest.param(("clean-descriptors",), marks=pytest.mark.long), tuple(SAFE_OPTIONS)],
    ids=str,
)
def test_random_text_in_every_attribute_and_every_vr(dice, tmp_path, options):
    tags = attributes()
    dice.shuffle(tags)
    planted = [filled(dice, tags[n : n + 120]) for n in range(0, len(tags), 120)]
    secret = [text for _, parts in planted for text in parts]
    written(tmp_path / "in", [elements for elements, _ in planted])
    report = handson.anonymize(
        tmp_path / "in", tmp_path / "out", options=options, pixels_checked=True
    )
    assert len(found(tmp_path / "in", secret)) > 3000
    assert found(tmp_path / "out", secret) == []
    refused = [entry.reason for entry in report.refused]
    assert len(refused) <= len(planted) // 10, refused
    for entry in report.entries:
        if entry.status == "done":
            str(pydicom.dcmread(tmp_path / "out" / entry.output))


def test_every_element_that_stays_has_a_form():
    profile = Profile()
    for tag in DicomDictionary:
        letter, vr = profile.rule(tag)
        if letter == "K" and vr != "UI" and tag not in table():
            assert forms.form_of(tag), hex(tag)


HARMLESS = {
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"],
    "Modality": "MR",
    "Manufacturer": "SIEMENS",
    "ManufacturerModelName": "MAGNETOM Prisma",
    "SoftwareVersions": "syngo MR E11",
    "SequenceName": "*tfl3d1_16ns",
    "ScanningSequence": ["GR", "IR"],
    "SequenceVariant": ["SK", "SP", "MP"],
    "ScanOptions": ["IR", "WE"],
    "MRAcquisitionType": "3D",
    "BodyPartExamined": "HEADNECK",
    "SliceThickness": "1.25",
    "RepetitionTime": "2300",
    "EchoTime": "2.98",
    "MagneticFieldStrength": "3",
    "KVP": "120",
    "XRayTubeCurrent": "240",
    "ConvolutionKernel": "B30f",
    "PatientPosition": "HFS",
    "ImagePositionPatient": [-120.5, -98.25, 33.125],
    "ImageOrientationPatient": [1, 0, 0, 0, 0.9848, -0.1736],
    "SeriesNumber": "4",
    "AcquisitionNumber": "1",
    "InstanceNumber": "17",
    "WindowCenter": ["40", "300"],
    "WindowWidth": ["400", "1500"],
    "WindowCenterWidthExplanation": ["SOFT TISSUE", "BONE"],
    "RescaleSlope": "1",
    "RescaleIntercept": "-1024",
    "RescaleType": "HU",
    "PixelSpacing": ["0.48828125", "0.48828125"],
    "PhotometricInterpretation": "MONOCHROME2",
    "PositionReferenceIndicator": "SN",
    "ReceiveCoilName": "Head_32",
    "SpecificCharacterSet": "ISO_IR 100",
    "FlipAngle": "9",
    "InPlanePhaseEncodingDirection": "ROW",
    "ImagedNucleus": "1H",
}


def test_values_that_are_known_to_be_harmless_stay(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.PatientName = "SIEMENS^PHANTOM"
    for keyword, value in HARMLESS.items():
        setattr(dataset, keyword, value)
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "69536005", "SCT", "Head"
    dataset.AnatomicRegionSequence = [code]
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "a.dcm")
    report = handson.anonymize(tmp_path / "in", tmp_path / "out")
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    lost = {k: (dataset[k].value, new.get(k)) for k in HARMLESS if new.get(k) != dataset[k].value}
    assert lost == {}
    assert new.AnatomicRegionSequence[0] == code
    assert "SIEMENS" not in str(new.PatientName)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ep2d_diff_b1000_tra_p2_iso", None),
        ("t1_mprage_sag_p2_iso_1.0", None),
        ("CT HEAD W/O CONTRAST 5.0 B30f", None),
        ("AX T1 FSE +C FS", None),
        ("Head^Routine (Adult)", None),
        ("TC CRANIO senza mdc", None),
        ("Schädel nativ 5mm", None),
        ("KNIE rechts koronar", None),
        ("cor T2 STIR 3mm, long axis", None),
        ("MR KNEE L for {name}, born 08.02.1951", "MR KNEE L for ***"),
        ("{name} brain", "*** brain"),
        ("CT of Mrs. Long, chest", "CT of ***"),
        ("CT 8 gennaio 1951", "CT ***"),
        ("phone 555 0123", "phone ***"),
        ("scan 12345", "scan ***"),
        ("J. {name} knee", "*** knee"),
    ],
)
def test_descriptions_word_by_word(dice, text, left):
    text = text.format(name=name(dice))
    assert vocabulary.clean(text) == (text if left is None else left)
    assert vocabulary.is_known(vocabulary.clean(text))


def test_a_code_stays_if_its_scheme_knows_it(dice):
    assert codes.known("SCT", "69536005")[0]
    assert codes.known("DCM", "121322")[0]
    assert codes.known("UCUM", "mm")[0]
    number = dice.randrange(10**6)
    assert not codes.known("99LOCAL", str(number))[0]
    assert not codes.known("DCM", name(dice))[0]
    assert not codes.known("LN", f"{number}-{number % 10}x")[0]


def test_codes_below_what_names_a_person_are_replaced_at_any_depth(tmp_path, dice):
    secret = name(dice)
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
        "T-D1100",
        "SRT",
        f"Head of {secret}",
    )
    person = Dataset()
    person.PersonIdentificationCodeSequence = [code]
    person.PersonAddress = secret
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.PhysiciansOfRecordIdentificationSequence = [person]
    dataset.ContentCreatorIdentificationCodeSequence = [person]
    observer = Dataset()
    observer.VerifyingObserverIdentificationCodeSequence = [code]
    observer.VerifyingObserverName = secret
    dataset.VerifyingObserverSequence = [observer]
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "a.dcm")
    handson.anonymize(tmp_path / "in", tmp_path / "out")
    assert found(tmp_path / "out", [secret]) == []
    assert b"T-D1100" not in b"".join(
        Path(p).read_bytes() for p in (tmp_path / "out").rglob("*.dcm")
    )


@pytest.mark.parametrize("vr", ["SQ", "LO", "UT", "UN"])
def test_a_sequence_under_the_tag_of_a_text_does_not_stay(vr, tmp_path, dice):
    secret = name(dice)
    item = Dataset()
    item.add_new(0x00080104, "LO", secret)
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    for tag in (0x00081090, 0x00181210, 0x00081030, 0x00104000):
        if vr == "SQ":
            dataset.add_new(tag, "SQ", [item])
        else:
            data = f"of {secret} ".encode()
            data += b" " * (len(data) % 2)
            dataset[tag] = RawDataElement(Tag(tag), vr, len(data), data, 0, False, True)
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "a.dcm", enforce_file_format=False)
    report = handson.anonymize(tmp_path / "in", tmp_path / "out")
    assert report.counts == {"done": 1}
    assert found(tmp_path / "out", [secret]) == []
