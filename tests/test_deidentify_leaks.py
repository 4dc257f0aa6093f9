"""Whatever is planted, nothing is found: canaries in every hiding place of every file of the corpus."""

import contextlib
import io
import logging
import re
import secrets
import struct
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from deidentify_canaries import Planter, corpus
from pydicom.data import get_testdata_file
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import UID_dictionary

import handson
from handson.deidentify import deidentify_dataset
from handson.deidentify.spelling import date_pattern, date_spellings, fold


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Planter, report, and a folder: `copies` of the corpus with canaries, `clean` outputs, what was `said`."""
    planter = Planter(secrets.randbits(32))
    folder = tmp_path_factory.mktemp("leaks")
    source = folder / "copies"
    for file in corpus():
        planter.copy(file, source / planter.word("folder name") / planter.word("file name"))
    # a name that was planned for a file that could not be written is planted nowhere
    names = {
        part
        for path in source.rglob("*")
        if path.is_file()
        for part in path.relative_to(source).parts
    }
    planter.known = {
        what: place
        for what, place in planter.known.items()
        if place not in ("file name", "folder name") or what in names
    }
    terminal, log = io.StringIO(), io.StringIO()
    logging.getLogger().addHandler(listener := logging.StreamHandler(log))
    with contextlib.redirect_stderr(terminal), contextlib.redirect_stdout(terminal):
        report = handson.anonymize(source, folder / "clean", pixels_checked=True)
    logging.getLogger().removeHandler(listener)
    (folder / "said").mkdir()
    said = {"terminal": terminal.getvalue(), "log": log.getvalue()}
    said |= {"shown": report._repr_html_(), "printed": repr(report)}
    for name, text in said.items():
        (folder / "said" / name).write_text(text, encoding="utf-8")
    return planter, report, folder


@pytest.fixture(scope="module")
def found(planted):
    """What the audit finds, asked once: of the copies, of the outputs, and of what was said."""
    planter, _, folder = planted
    findings = handson.audit(folder, planter.known)
    return {
        place: [f for f in findings if f.file.is_relative_to(folder / place)]
        for place in ("copies", "clean", "said")
    }


def test_no_canary_survives(planted, found):
    planter, report, _ = planted
    assert report.counts == {"done": len(report.entries)}
    leaks = [(planter.known[f.what], f.place) for f in found["clean"]]
    assert leaks == [], f"seed {planter.seed}"


def test_a_plain_copy_is_found_out_completely(planted, found):
    planter, report, _ = planted
    assert len(report.entries) > 220
    missed = planter.known.keys() - {finding.what for finding in found["copies"]}
    assert {(what, planter.known[what]) for what in missed} == set(), f"seed {planter.seed}"


def test_the_report_and_the_log_hold_no_original_value(planted, found):
    _, report, folder = planted
    assert len(list((folder / "clean").glob("deidentification.*"))) == 2
    assert str(len(report.entries)) in (folder / "said" / "printed").read_text(encoding="utf-8")
    assert found["said"] == []


def pairs(old, new, path=()):
    """(path, old values, new values) of every UID that both data sets have."""
    for tag in old.keys() & new.keys():  # what follows the data set in `old` is no element
        element, other = old[tag], new[tag]
        if element.VR == "SQ":
            for a, b in zip(element.value, other.value, strict=False):
                yield from pairs(a, b, (*path, element.keyword))
        elif element.VR == "UI" and element.value:
            yield (*path, element.keyword), element.value, other.value


def test_references_resolve_and_groups_stay_groups(planted):
    """Old to new UID is one map, one to one, over all files, meta, references; likewise the patients."""
    _, report, folder = planted
    output = folder / "clean"
    forward, patients = {}, {}
    for entry in report.entries:
        old, new = pydicom.dcmread(entry.source), pydicom.dcmread(output / entry.output)
        assert new.file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID
        for path, a, b in pairs(old, new):
            a, b = ([a], [b]) if isinstance(a, str) else (a, b)
            for before, after in zip(a, b, strict=True):
                assert forward.setdefault(before, after) == after, path
        own = old.get("PatientID") or old.get("StudyInstanceUID")
        if not own and "PatientName" not in old:  # a colour palette is nobody's
            assert "PatientID" not in new
            continue
        own = own or old.get("SeriesInstanceUID") or old.SOPInstanceUID
        who = (own, old.get("IssuerOfPatientID"))
        assert patients.setdefault(who, new.PatientID) == new.PatientID
    changed = {a: b for a, b in forward.items() if a != b}
    assert len(set(changed.values())) == len(changed) > 500
    assert all(len(uid) <= 64 and uid.startswith("2.25.") for uid in changed.values())
    assert all(a in UID_dictionary or len(a) < 40 for a, b in forward.items() if a == b)
    assert len(set(patients.values())) == len(patients) > 20


# Places of their own, one at a time ---------------------------------------------------------------------

SECRET = "Zyxwabel"


def small():
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.PatientName = f"{SECRET}^Quentin"
    return dataset


def through(tmp_path, dataset=None, data=None, **arguments):
    """De-identify one file; returns (bytes of all outputs, report)."""
    source = tmp_path / "in"
    source.mkdir()
    if data is None:
        dataset.save_as(source / "a.dcm", enforce_file_format=False)
    else:
        (source / "a.dcm").write_bytes(data)
    report = handson.anonymize(source, tmp_path / "out", **arguments)
    return b"".join(p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()), report


def plant_text_vr_in(tag, vr, value=SECRET):
    def plant(dataset):
        dataset[tag] = DataElement(tag, vr, value)

    return plant


def plant_in_sequence(dataset):
    inner, outer = Dataset(), Dataset()
    inner.CodeMeaning = f"seen by {SECRET.upper()}, Quentin"
    outer.AnatomicRegionModifierSequence = [inner]
    dataset.AnatomicRegionSequence = [outer]


def plant_sequence_as_unknown(dataset):
    """A sequence that a gateway wrote as UN, of defined length, its items in implicit VR."""
    text = f"by {SECRET}".encode().ljust(12)
    item = struct.pack("<HHL", 0x0008, 0x0104, len(text)) + text
    value = struct.pack("<HHL", 0xFFFE, 0xE000, len(item)) + item
    tag = Tag("AnatomicRegionSequence")
    dataset[tag] = RawDataElement(tag, "UN", len(value), value, 0, False, True)


PLACES = {
    "PN the table does not list": plant_text_vr_in(0x0040A067, "PN"),
    "AE the table does not list": plant_text_vr_in(0x00001030, "AE")
    and plant_text_vr_in(0x00080054, "AE"),
    "long text": plant_text_vr_in(0x00420010, "ST"),
    "unlimited text": plant_text_vr_in(0x0040A160, "UT"),
    "a URL": plant_text_vr_in(0x00081190, "UR", f"http://pacs/{SECRET}/1"),
    "unlimited characters": plant_text_vr_in(0x0018990A, "UC"),
    "a remark in LO": plant_text_vr_in(0x30040006, "LO"),
    "the name in a description that stays": plant_text_vr_in(
        0x00081090, "LO", f"scanner of {SECRET}"
    ),
    "the name, accents and case": plant_text_vr_in(0x00181020, "LO", "v1 ZYXWÁBEL quentin"),
    "the name in a coded string": plant_text_vr_in(0x00080008, "CS", ["DERIVED", SECRET.upper()]),
    "text in a decimal": plant_text_vr_in(0x00180050, "LO", SECRET),
    "text in an integer": plant_text_vr_in(0x00200013, "LO", SECRET),
    "text in a binary number": plant_text_vr_in(0x00280106, "LO", SECRET),
    "text in a date": plant_text_vr_in(0x00140102, "LO", SECRET),
    "text in an age": plant_text_vr_in(0x00101010, "LO", SECRET),
    "unlisted bytes": plant_text_vr_in(0x04000520, "OB", SECRET.encode()),
    "bytes of a look-up table": plant_text_vr_in(
        0x00281201, "OW", b"\0\1 of " + SECRET.encode() + b" x\2\0"
    ),
    "a tag that no dictionary knows": plant_text_vr_in(0x00181FFE, "LO"),
    "an unknown even group": plant_text_vr_in(0x00EA0010, "LO"),
    "a retired repeating element": plant_text_vr_in(0x00203100, "CS"),
    "retired comments": plant_text_vr_in(0x40004000, "LT"),
    "a private element without creator": plant_text_vr_in(0x00291010, "UN", SECRET.encode()),
    "a private creator": plant_text_vr_in(0x00290010, "LO"),
    "a group length": plant_text_vr_in(0x00100000, "UN", SECRET.encode()),
    "a code two levels down": plant_in_sequence,
    "a sequence written as UN": plant_sequence_as_unknown,
    "a SOP class": plant_text_vr_in(0x00081150, "UI", "1.2.3." + "7" * 20),
}


@pytest.mark.parametrize("place", PLACES)
def test_one_place(place, tmp_path):
    dataset = small()
    PLACES[place](dataset)
    found, report = through(tmp_path, dataset)
    assert report.counts == {"done": 1}
    assert handson.audit(tmp_path / "in", [SECRET]) != []
    for needle in (SECRET, "quentin", "7" * 20, "ZYXWÁBEL"):
        assert needle.lower().encode() not in found.lower()
        assert needle.encode("latin-1").lower() not in found.lower()


@pytest.mark.parametrize(
    ("charset", "name", "text"),
    [
        ("ISO_IR 192", "Wang^XiaoDong=王^小東", "胸部 王小東 CT"),
        ("GB18030", "Wang^XiaoDong=王^小东", "王小东 头部"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう", "頭部 山田太郎"),
        (["", "ISO 2022 IR 149"], "Kim^Heejung=金^喜中=김^희중", "두부 김희중"),
        ("ISO_IR 144", "Люкceмбypг^Роза", "снимок: РОЗА Люкceмбypг"),
        ("ISO_IR 100", "Buc^Jérôme", "tête de jerome BUC"),
        ("ISO_IR 126", "Διονυσιος^Νίκος", "κεφάλι ΔΙΟΝΥΣΙΟΣ"),
    ],
)
def test_names_in_other_scripts(charset, name, text, tmp_path):
    dataset = small()
    dataset.SpecificCharacterSet = charset
    dataset.PatientName = name
    dataset.ManufacturerModelName = text
    _, report = through(tmp_path, dataset)
    parts = [p for p in name.replace("=", "^").split("^") if len(p) > 1]
    glyphs = ["".join(group.split("^")) for group in name.split("=")[1:]]
    assert handson.audit(tmp_path / "out", [*parts, *glyphs]) == []
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert set(new.ManufacturerModelName) <= set("* :CTtêde")  # CT, tête and de are known words


def test_preamble_meta_padding_and_what_follows_the_data_set(tmp_path):
    dataset = small()
    dataset.preamble = SECRET.encode() * 16
    dataset.file_meta.SourceApplicationEntityTitle = SECRET
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3.4.5"
    dataset.file_meta.PrivateInformation = SECRET.encode()
    dataset.save_as(tmp_path / "x.dcm")
    found, _ = through(tmp_path, data=(tmp_path / "x.dcm").read_bytes() + SECRET.encode() * 9)
    assert SECRET.encode() not in found


def test_a_deflated_data_set(tmp_path):
    data = Path(get_testdata_file("image_dfl.dcm", download=False)).read_bytes()
    start = 132 + 12 + int.from_bytes(data[140:144], "little")
    content = zlib.decompress(data[start:], -15)
    name = struct.pack("<HH2sH", 0x0010, 0x1000, b"LO", 8) + SECRET.encode()
    place = content.index(b"\x10\x00\x10\x00PN")
    packer = zlib.compressobj(wbits=-15)
    content = content[:place] + content[place:].replace(
        b"\x28\x00\x02\x00US", name + b"\x28\x00\x02\x00US", 1
    )
    packed = data[:start] + packer.compress(content) + packer.flush()
    found, report = through(tmp_path, data=packed, pixels_checked=True)
    assert report.counts == {"done": 1}
    assert handson.audit(tmp_path / "in", [SECRET])[0].place == "inflated"
    assert handson.audit(tmp_path / "out", [SECRET]) == []
    assert SECRET.encode() not in found


JPEG = "SC_rgb_jpeg_dcmtk.dcm"
JPEG2000 = "MR_small_jp2klossless.dcm"
JPEG_LS = "MR_small_jpeg_ls_lossless.dcm"


@pytest.mark.parametrize("where", ["comment", "application", "after the end", "offset table"])
@pytest.mark.parametrize("name", [JPEG, JPEG2000, JPEG_LS])
def test_comments_inside_compressed_pixels_go_and_no_pixel_changes(name, where, tmp_path):
    dataset = pydicom.dcmread(get_testdata_file(name, download=False))
    pixels = dataset.pixel_array
    stream = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    text = SECRET.encode() * 2
    if where == "comment":
        if name == JPEG2000:  # after the SIZ segment, which comes first
            size = 4 + int.from_bytes(stream[4:6], "big")
            stream = (
                stream[:size]
                + b"\xff\x64"
                + struct.pack(">HH", len(text) + 4, 1)
                + text
                + stream[size:]
            )
        else:
            stream = stream[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + stream[2:]
    elif where == "application" and name == JPEG:
        stream = stream[:2] + b"\xff\xe1" + struct.pack(">H", len(text) + 2) + text + stream[2:]
    elif where == "after the end":
        stream += text
    encapsulated = encapsulate([stream], has_bot=False)
    if where == "offset table":
        encapsulated = encapsulated[:4] + struct.pack("<L", len(text)) + text + encapsulated[8:]
    dataset.PixelData = encapsulated
    found, report = through(tmp_path, dataset, pixels_checked=True)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert SECRET.encode() not in found
    assert (new.pixel_array == pixels).all()


def test_bytes_behind_the_last_pixel_do_not_stay(tmp_path):
    dataset = small()
    pixels = dataset.PixelData
    dataset.PixelData = pixels + SECRET.encode()
    found, report = through(tmp_path, dataset)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert new.PixelData == pixels
    assert SECRET.encode() not in found


def test_every_date_and_identifier_of_the_header_is_found_in_text(tmp_path):
    dataset = small()
    dataset.PatientBirthDate = "19510208"
    dataset.PatientID = "MRN-0047113"
    dataset.AccessionNumber = "ACC99812"
    dataset.InstitutionName = "Saint Elsewhere Hospital"
    dataset.SOPInstanceUID = "1.2.276.0.7230010.3.1.4.8323329"
    dataset.ConvolutionKernel = "1951-02-08"
    dataset.SoftwareVersions = ["MRN_0047113", "acc99812", "born 08.02.1951"]
    dataset.PositionReferenceIndicator = "saint elsewhere hospital"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.Manufacturer = "see 1.2.276.0.7230010.3.1.4.8323329"
    found, _ = through(tmp_path, dataset)
    # Four digits alone stand in every tenth new UID by chance.
    days = b"19510208", b"1951-02", b"02.1951"
    for needle in (b"0047113", b"acc99812", *days, b"elsewhere", b"7230010"):
        assert needle not in found.lower()


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("MUELLER^Hans", "Müller head", "*** head"),
        ("Müller^Hans", "MUELLER61", "***61"),
        ("Jørgensen^Åse", "joergensen, aase", "***, ***"),
        ("Li^Wu", "wu, li", "***"),
        ("Wu^Tse", "tse2d1_16b", "tse2d1_16b"),
        ("Doe^Jane", "seen 8.2.51", "seen ***"),
        ("Doe^Jane", "8 Feb 1951 first", "*** first"),
        ("Doe^Jane", "february 8th, 51", "***"),
        ("Doe^Jane", "2/8/1951", "***"),
        ("Doe^Jane", "v8.2.517", "v8.2.517"),
        ("Doe^Jane", "XMRN0047113x", "***"),
        ("Doe^Jane", "scan 47113", "scan ***"),
        ("Doe^Jane", "scan 47-113", "scan ***"),
        ("D'Angelo^Jo", "scan DANGELO", "scan ***"),
        ("D’Angelo^Jo", "scan d angelo", "scan ***"),
        ("Sørensen^Jo", "scan Sorensen", "scan ***"),
        ("Doe^Jane", "scan 8 febbraio 1951", "scan ***"),
        ("Doe^Jane", "scan of Mrs. Long", "scan of ***"),
        ("Doe^Jane", "brain, long axis", "brain, long axis"),
        ("Head^Jane", "brain head", "brain ***"),
    ],
)
def test_the_same_name_day_and_number_spelled_otherwise(name, text, left, tmp_path):
    dataset = small()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientBirthDate, dataset.PatientID = name, "19510208", "0047113"
    dataset.SoftwareVersions = text
    _, report = through(tmp_path, dataset)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert new.SoftwareVersions == left


@pytest.mark.parametrize("day", ["19510208", "20241130", "1951.02.08"])
def test_what_the_audit_calls_a_day_the_walk_finds(day):
    spelled = date_spellings(day)
    assert len(spelled) > 20
    for text in spelled:
        assert re.fullmatch(date_pattern(day), fold(text)), text
    assert date_spellings("19510299") == []
    assert date_pattern("195102") == ""


def test_an_identifier_among_numbers_goes_and_the_instance_number_stays(tmp_path):
    dataset = small()
    dataset.PatientID = "0047113"
    dataset.SeriesNumber = dataset.InstanceNumber = "47113"
    dataset.AcquisitionNumber, dataset.ImagingFrequency = "0", "0047113"
    _, report = through(tmp_path, dataset)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert (new.SeriesNumber, new.ImagingFrequency) == (None, None)
    assert (new.InstanceNumber, new.AcquisitionNumber) == (47113, 0)


def test_a_birth_date_elsewhere_goes_though_dates_are_kept(tmp_path):
    dataset = small()
    dataset.PatientBirthDate, dataset.StudyDate, dataset.StudyID = (
        "19510208",
        "20240311",
        "20240311",
    )
    dataset.ContentSequence = [Dataset(), Dataset()]
    dataset.ContentSequence[0].Date = "19510208"
    dataset.ContentSequence[1].DateTime = "195102081200"
    _, report = through(tmp_path, dataset, options=["retain-full-dates"])
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert new.StudyDate == "20240311"
    assert not new.ContentSequence[0].Date
    assert not new.ContentSequence[1].DateTime


def test_parts_of_an_address(tmp_path):
    dataset = small()
    dataset.PatientAddress = "12 High Street, 50667 Cologne"
    dataset.SoftwareVersions = ["high street 12?", "12 high street", "Cologne", "50667 COLOGNE"]
    _, report = through(tmp_path, dataset)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert all("ologne" not in text and "street" not in text for text in new.SoftwareVersions)


def test_a_name_in_a_colour_profile_beside_any_byte(tmp_path):
    dataset = small()
    dataset.PatientName = "Mueller^Hans"
    dataset.ICCProfile = bytes(128) + b"descMueller\0"
    found, report = through(tmp_path, dataset)
    assert report.counts == {"done": 1}
    assert b"mueller" not in found.lower()


def test_a_data_set_in_memory_is_cleaned_like_one_in_a_file():
    dataset = small()
    dataset.ReferencedStudySequence = [Dataset()]
    dataset.ReferencedStudySequence[0].ReferencedSOPInstanceUID = "1.2.3.4.5.6.777777777"
    changes = deidentify_dataset(dataset)
    assert SECRET not in str(dataset)
    assert ("PatientName", "Z", "emptied") in changes


def test_a_comment_that_spans_two_fragments_goes(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file(JPEG, download=False))
    pixels = dataset.pixel_array
    stream = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    text = SECRET.encode() * 40
    stream = stream[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + stream[2:]
    dataset.PixelData = encapsulate([stream], fragments_per_frame=9, has_bot=False)
    found, report = through(tmp_path, dataset, pixels_checked=True)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert SECRET.encode() not in found
    assert (new.pixel_array == pixels).all()


def rle_with_text(where):
    """One RLE frame of 64 x 64 x 16 bits, two segments, with text where no decoder looks."""
    dataset = pydicom.dcmread(get_testdata_file("MR_small_RLE.dcm", download=False))
    stream = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    first, second = struct.unpack("<2L", stream[4:12])
    text = SECRET.encode()
    text += b" " * (len(text) % 2)
    if where == "unused offsets":
        stream = stream[:40] + text + stream[40 + len(text) :]
    elif where == "behind a segment":
        head = stream[:8] + struct.pack("<L", second + len(text)) + stream[12:64]
        stream = head + stream[64:second] + text + stream[second:]
    elif where == "before the first segment":
        head = (
            stream[:4] + struct.pack("<2L", first + len(text), second + len(text)) + stream[12:64]
        )
        stream = head + text + stream[64:]
    elif where == "behind the last segment":
        stream += text
    return dataset, stream


@pytest.mark.parametrize(
    "where",
    ["unused offsets", "before the first segment", "behind a segment", "behind the last segment"],
)
def test_words_between_the_segments_of_rle_go_and_no_pixel_changes(where, tmp_path):
    dataset, stream = rle_with_text(where)
    pixels = dataset.pixel_array
    dataset.PixelData = encapsulate([stream], has_bot=False)
    found, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"done": 1}
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert SECRET.encode() not in found
    assert (new.pixel_array == pixels).all()


def test_a_segment_of_rle_that_no_pixel_needs_is_refused(tmp_path):
    dataset, stream = rle_with_text("nowhere")
    text = SECRET.encode() * 2
    packed = bytes([len(text) - 1]) + text
    head = struct.pack("<4L", 3, *struct.unpack("<2L", stream[4:12]), len(stream))
    dataset.PixelData = encapsulate([head + stream[16:] + packed], has_bot=False)
    found, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"refused": 1}
    assert SECRET.encode() not in found


@pytest.mark.parametrize("more", [b"", SECRET.encode()])
def test_native_pixels_in_fragments_stay_even_if_they_begin_like_a_jpeg(more, tmp_path):
    """Encapsulated Uncompressed Explicit VR Little Endian; what is longer than a frame is refused."""
    dataset = small()
    frame = b"\xff\xd8\xff\xfe\0\x20" + b"\7" * 26 + bytes(dataset.PixelData)[32:]
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.98"
    dataset.PixelData = encapsulate([frame + more], has_bot=False)
    found, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == ({"refused": 1} if more else {"done": 1})
    assert (frame in found) == (not more)
    assert SECRET.encode() not in found


@pytest.mark.parametrize("place", [9, 40])
def test_an_overlay_bit_that_the_pixels_do_not_have_changes_nothing(place, tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("SC_rgb_small_odd.dcm", download=False))
    dataset.add_new(0x60000100, "US", 8)
    dataset.add_new(0x60000102, "US", place)
    pixels = dataset.PixelData
    _, report = through(tmp_path, dataset, pixels_checked=True)
    assert pydicom.dcmread(tmp_path / "out" / report.entries[0].output).PixelData == pixels


def test_an_overlay_in_the_unused_bits_of_the_pixels_goes(tmp_path):
    """Retired, but scanners did it: graphics, a name too, in bit 12 of 12-bit pixels (PS3.5 8.1.2)."""
    dataset = small()
    image = (dataset.pixel_array & 0x0FFF).astype(np.uint16)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
    drawn = np.zeros_like(image, np.uint16)
    drawn[10:20, 5:50] = 1 << 12
    dataset.PixelData = (image | drawn | 1 << 15).tobytes()
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 12)
    _, report = through(tmp_path, dataset)
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    stored = np.frombuffer(new.PixelData, np.uint16).reshape(image.shape)
    assert (stored == (image | 1 << 15)).all()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.107"])
def test_a_video_is_refused_since_nobody_looks_into_its_stream(syntax, tmp_path):
    dataset = small()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([b"\0\0\1\xb3" + SECRET.encode()])
    found, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"refused": 1}
    assert "video" in report.entries[0].reason
    assert SECRET.encode() not in found


def test_boxes_around_a_code_stream_hold_no_words(tmp_path):
    """A JP2 file has boxes for XML and anything else; DICOM wants the bare code stream (PS3.5 A.4.4)."""
    dataset = pydicom.dcmread(get_testdata_file("GDCMJ2K_TextGBR.dcm", download=False))
    pixels = dataset.pixel_array
    stream = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    assert stream[4:8] == b"jP  "
    box = struct.pack(">L", 8 + len(SECRET)) + b"xml " + SECRET.encode()
    at = stream.index(b"jp2h") - 4
    dataset.PixelData = encapsulate([stream[:at] + box + stream[at:]], has_bot=False)
    found, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"done": 1}
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert SECRET.encode() not in found
    assert (new.pixel_array == pixels).all()


def test_compressed_pixels_that_nobody_can_look_through_are_refused(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file(JPEG2000, download=False))
    dataset.PixelData = encapsulate([b"\xff\x0a" + SECRET.encode() * 2], has_bot=False)
    found, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"refused": 1}
    assert SECRET.encode() not in found


@pytest.mark.parametrize(("vr", "stays"), [("IS", True), ("I\xe3", False)])
def test_a_safe_private_element_of_no_known_type_goes(vr, stays, tmp_path):
    dataset = small()
    dataset.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    tag = Tag(0x0019100C)  # the b-value
    buffer = io.BytesIO()
    dataset[tag] = RawDataElement(tag, "IS", 4, b"1000", 0, False, True)
    dataset.save_as(buffer)
    data = buffer.getvalue().replace(b"\x19\0\x0c\x10IS", b"\x19\0\x0c\x10" + vr.encode("latin-1"))
    _, report = through(tmp_path, data=data, options=["retain-safe-private"])
    new = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert (tag in new) == stays


def test_elements_out_of_order_never_lose_the_pixels_in_silence(tmp_path):
    """An element with a tag above the pixels stood before them: the pixels were gone, and it said "done"."""
    data = Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    at = data.index(b"\xe0\x7f\x10\0OW")
    early = b"\xfc\xff\xfc\xffOB\0\0\x02\0\0\0\0\0"
    _, report = through(tmp_path, data=data[:at] + early + data[at:])
    assert report.counts == {"refused": 1}
    assert "out of order" in report.entries[0].reason


def test_a_data_set_in_memory_that_is_saved_keeps_nothing_of_its_meta(tmp_path):
    dataset = small()
    dataset.preamble = (SECRET.encode() * 16)[:128]
    dataset.file_meta.SourceApplicationEntityTitle = SECRET
    old = str(dataset.SOPInstanceUID)
    deidentify_dataset(dataset)
    dataset.save_as(tmp_path / "a.dcm")
    found = (tmp_path / "a.dcm").read_bytes()
    assert SECRET.encode() not in found
    assert old.encode() not in found
    again = pydicom.dcmread(tmp_path / "a.dcm")
    assert again.file_meta.MediaStorageSOPInstanceUID == again.SOPInstanceUID
