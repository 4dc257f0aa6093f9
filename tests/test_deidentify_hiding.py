"""Hiding places in values that have the right form: second values, binary numbers, segments, other scripts."""

import struct

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.tag import Tag

import handson
from handson.deidentify import codestream, forms, identity, vocabulary
from handson.deidentify.pixels import burned_in_risk
from handson.deidentify.text import Words

JPEG, JPEG2000 = "SC_rgb_jpeg_dcmtk.dcm", "JPEG2000.dcm"


def name(dice):
    return "".join(dice.choices("bdfgklmnprstvz", k=1) + dice.choices("aeiou", k=2)) + "zqxwk"


def number(dice):
    """Eight digits, none of them a zero at the end: no round number."""
    return dice.randrange(10**7, 10**8 - 1) | 1


def small():
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.remove_private_tags()
    return dataset


def through(tmp_path, dataset, **arguments):
    """De-identify one data set; returns (its new self, all bytes, report)."""
    source = tmp_path / "in"
    source.mkdir()
    dataset.save_as(source / "a.dcm")
    report = handson.anonymize(source, tmp_path / "out", **arguments)
    made = [tmp_path / "out" / entry.output for entry in report.entries if entry.output]
    content = b"".join(p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file())
    return (pydicom.dcmread(made[0]) if made else None), content, report


def raw(tag, vr, data):
    tag = Tag(tag)
    return RawDataElement(tag, vr, len(data), data, 0, False, True)


@pytest.mark.parametrize(
    "keyword", ["CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"]
)
def test_a_second_value_behind_a_code_goes(keyword, tmp_path, dice):
    code, secret = Dataset(), name(dice)
    code.CodeValue, code.CodingSchemeDesignator = "T-A0100", "SRT"
    code.CodingSchemeVersion, code.CodeMeaning = "01", "Brain"
    code[keyword].value = [code[keyword].value, secret]
    dataset = small()
    dataset.AnatomicRegionSequence = [code]
    _, content, report = through(tmp_path, dataset)
    assert report.counts == {"done": 1}
    assert secret.encode() not in content


@pytest.mark.parametrize("spelled", ["47113.0", "47113.", "4.7113E4", "-47113", "0047113.00"])
def test_an_identifier_is_a_number_however_it_is_written(spelled):
    words = Words()
    words.add_identifier("0047113")
    assert words.is_number(spelled)
    assert not words.is_number("47113.5")


@pytest.mark.parametrize(("tag", "vr", "code"), [
    (0x00186018, "UL", "<L"), (0x00186020, "SL", "<l"), (0x00189073, "FD", "<d"),
    (0x00180088, "DS", ""),
])  # fmt: skip
def test_an_identifier_among_binary_numbers_goes(tag, vr, code, tmp_path, dice):
    secret = number(dice)
    data = struct.pack(code, secret) if code else b"%d.0" % secret
    dataset = small()
    dataset.PatientID = str(secret)
    dataset[tag] = raw(tag, vr, data)
    new, _, report = through(tmp_path, dataset)
    assert report.counts == {"done": 1}
    assert tag not in new or new[tag].value is None


def test_an_identifier_as_a_safe_private_number_goes(tmp_path, dice):
    secret = number(dice)
    dataset = small()
    dataset.PatientID = str(secret)
    block = dataset.private_block(0x0009, "GEMS_GENIE_1", create=True)
    block.add_new(0x23, "SL", secret)
    block.add_new(0x24, "SL", 7)
    new, _, _ = through(tmp_path, dataset, options=["retain-safe-private"])
    kept = new.private_block(0x0009, "GEMS_GENIE_1")
    assert 0x23 not in kept
    assert kept[0x24].value == 7


@pytest.mark.parametrize("root", ["1.2", "1.2.826.0.1", "1.2.840.10008.5.1.4.1.1", "2.16.1"])
def test_a_class_has_no_room_for_a_number_of_a_person(root, dice):
    secret = str(number(dice))[:7]
    assert not identity.is_class_like(f"{root}.{secret}")
    assert not identity.is_class_like("1.2.1951.2.8")
    assert identity.is_class_like("1.3.12.2.1107.5.9.1")
    assert identity.is_class_like("1.2.840.113619.4.26")


def test_pixel_data_of_no_known_size_are_refused(tmp_path, dice):
    dataset, secret = small(), name(dice)
    del dataset.Rows
    dataset.PixelData = secret.encode() * 10
    _, content, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"refused": 1}
    assert secret.encode() not in content


def with_segment(file, marker, body):
    """A compressed test image with a marker segment of one's own in its header."""
    dataset = pydicom.dcmread(get_testdata_file(file, download=False))
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    at = 2 if file == JPEG else frame.find(b"\xff\x52")
    segment = b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
    dataset.PixelData = encapsulate([frame[:at] + segment + frame[at:]])
    return dataset


@pytest.mark.parametrize(("file", "marker"), [
    (JPEG, 0x02), (JPEG, 0xBF), (JPEG, 0xF0), (JPEG, 0xFD), (JPEG2000, 0x63), (JPEG2000, 0x6F), (JPEG2000, 0x78),
])  # fmt: skip
def test_segments_that_no_decoder_needs_are_emptied(file, marker, tmp_path, dice):
    secret = name(dice)
    dataset = with_segment(file, marker, secret.encode())
    _, content, report = through(tmp_path, dataset, pixels_checked=True)
    assert report.counts == {"done": 1}
    assert secret.encode() not in content


@pytest.mark.parametrize("encoder", [
    "Kakadu-v7.1", "Creator: JasPer Version 1.9", "Creator: Kakadu", "Kdu-Layer-Info:", "LEAD Technologies Inc. V1.01",
    "Created by OpenJPEG version 2.0", "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 9",
])  # fmt: skip
def test_nothing_hides_behind_the_name_of_an_encoder(encoder, dice):
    secret = dice.choice([name(dice), str(number(dice))])
    stream = b"\xff\xd8\xff\xfe" + struct.pack(">H", len(encoder) + 11) + encoder.encode()
    stream += b" " + secret[:8].encode().rjust(8) + b"\xff\xd9"
    assert secret.encode() not in codestream.scrub(stream)


@pytest.mark.parametrize(("person", "charset"), [
    ("Люксембургова", "iso8859_5"), ("ЛЮКСЕМБУРГОВА", "utf-16-le"), ("Διονυσίου", "iso8859_7"), ("山田太郎", "shift_jis"),
    ("山田太郎", "gb18030"), ("Müllerová", "latin-1"), ("Żółkiewska", "iso8859_2"), ("김희중", "euc_kr"),
])  # fmt: skip
def test_a_name_in_any_script_is_found_in_bytes(person, charset, dice):
    words = Words()
    words.add_name(f"{person}^X")
    noise = dice.randbytes(64)
    assert words.found_in(noise + person.encode(charset) + noise)
    assert not words.found_in(bytes(64))


def test_a_long_text_among_numbers_is_text(dice):
    prose = " ".join(name(dice) for _ in range(60)).encode()
    assert forms.reads_as_text(dice.randbytes(200) + prose + dice.randbytes(200))


@pytest.mark.parametrize("group", [0x5000, 0x6000])
def test_bytes_of_graphics_hold_no_text(group, tmp_path, dice):
    secret, dataset = name(dice), small()
    for element, value in ((0x0010, 64), (0x0011, 64)):
        dataset.add(DataElement(group << 16 | element, "US", value))
    tag = group << 16 | 0x3000
    dataset[tag] = raw(tag, "OW", (secret.encode() * 64)[:512])
    _, content, _ = through(tmp_path, dataset, options=["clean-graphics"])
    assert secret.encode() not in content


@pytest.mark.parametrize("day", ["1951.02.08", "19500101-19510208", "19510208101112"])
def test_a_birth_date_in_any_form_is_that_day(day):
    words = Words()
    words.add_date("19510208")
    assert words.is_day(day)
    assert not words.is_day("20110208")


def test_the_report_tells_no_number_and_no_name_of_the_file(tmp_path, dice):
    dataset, secret = small(), name(dice)[:4].upper()
    dataset.Modality = secret
    assert secret not in burned_in_risk(dataset)
    dataset.Modality = "ES"
    assert burned_in_risk(dataset).startswith("ES")
    dataset = small()
    dataset[0x19500208] = raw(0x19500208, "LO", b"x ")
    _, _, report = through(tmp_path, dataset)
    assert "1950" not in "".join(element for element, _, _ in report.rules)


def test_a_day_is_not_the_version_of_a_device():
    assert vocabulary.clean("jan08", device=True) == "***"
    assert vocabulary.clean("syngo MR E11", device=True) == "syngo MR E11"


@pytest.mark.parametrize(("keyword", "given", "kept"), [
    ("RadionuclideTotalDose", "392199968", 3.922e8), ("RadionuclideTotalDose", "370000000", 3.7e8),
    ("FrameReferenceTime", "3570123.4", 3.5701e6), ("ActualFrameDuration", "1234567", 1234600),
    ("FrameReferenceTime", "357012.4", 357012.4),
])  # fmt: skip
def test_long_numbers_of_nuclear_medicine_keep_five_digits(keyword, given, kept):
    element = pydicom.datadict.tag_for_keyword(keyword)
    vr = pydicom.datadict.dictionary_VR(element)
    assert float(forms.clean(element, vr, "large number", given)) == kept


def colour_profile(text):
    words = text.encode("utf-16-be")
    element = b"mluc" + struct.pack(">4xLL4sLL", 1, 12, b"enUS", len(words), 28) + words
    head = (b"lcms".ljust(32, b"\0") + b"acsp").ljust(124, b"\0")
    table = struct.pack(">L4sLL", 1, b"desc", 144, len(element))
    return struct.pack(">L", 144 + len(element)) + head + table + element


@pytest.mark.parametrize("text", ["Люкс", "Mül ", "Bo 47113451", "8.2.1951", "Zyxwabel"])
def test_the_texts_of_a_colour_profile_are_plain(text):
    assert not forms.is_plain_profile(colour_profile(text))


@pytest.mark.parametrize("more", range(24))
def test_a_colour_profile_of_any_length_stays(more):
    """The length before a word of four letters can end with the byte of a letter."""
    assert forms.is_plain_profile(colour_profile("sRGB IEC61966-2.1 ©" + " " * more))


# NIfTI -------------------------------------------------------------------------------------------------


def nifti(tmp_path, image, planted=()):
    source = tmp_path / "in"
    source.mkdir()
    content = bytearray(image.to_bytes())
    for place, data in planted:
        content[place : place + len(data)] = data
    (source / "a.nii").write_bytes(content)
    report = handson.anonymize(source, tmp_path / "out")
    made = [tmp_path / "out" / entry.output for entry in report.entries if entry.output]
    return bytes(content), (made[0].read_bytes() if made else b""), report


@pytest.mark.parametrize(("kind", "place", "text"), [
    (nibabel.Nifti1Image, 76, b"JANE"), (nibabel.Nifti1Image, 80, b"JANE"), (nibabel.Nifti1Image, 268, b"JANEDOEA"),
    (nibabel.Nifti1Image, 280, b"Jane"), (nibabel.Nifti1Image, 124, b"Doe\0"), (nibabel.Nifti1Image, 68, b"Li"),
    (nibabel.Nifti2Image, 8, b"Jane"), (nibabel.Nifti2Image, 104, b"Jane Doe"), (nibabel.Nifti2Image, 192, b"JANE DOE"),
    (nibabel.Nifti2Image, 400, b"Jane Doe"), (nibabel.Nifti2Image, 496, b"Jane"),
])  # fmt: skip
def test_numbers_of_a_nifti_header_are_no_text(kind, place, text, tmp_path):
    image = kind(np.zeros((4, 4, 4), "i2"), np.diag([2, 2, 2, 1]))
    image.set_qform(image.affine, 1)
    _, content, _ = nifti(tmp_path, image, [(place, text)])
    assert text not in content


@pytest.mark.parametrize("place", [112, 116, 268, 272, 276, 292, 308, 324])
def test_a_number_that_happens_to_be_four_letters_stays(place, tmp_path, dice):
    """One float in seventy is: an offset of 48.8 mm or a slope of 12.1 must not become 0."""
    letters = "ABCDEFGHabcdefgh0123456789"
    data = "".join(dice.choices(letters, k=3)).encode() + b"B"
    image = nibabel.Nifti1Image(np.zeros((4, 4, 4), "i2"), np.diag([2, 2, 2, 1]))
    image.set_qform(image.affine, 1)
    before, after, report = nifti(tmp_path, image, [(place, data)])
    assert report.counts == {"done": 1}
    for part in (slice(76, 92), slice(112, 120), slice(256, 328)):
        assert before[part] == after[part]


@pytest.mark.parametrize(
    ("units", "spacing", "step", "place"),
    [
        (("micron", "usec"), (1500, 1500, 5000), 2_000_000, 90_000),
        (("mm", "msec"), (0.8, 0.8, 250), 120_000, -1800),
        (("meter", "sec"), (0.002, 0.002, 0.003), 2, -0.09),
    ],
)
def test_spacing_and_time_in_any_unit_stay(units, spacing, step, place, tmp_path):
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = place
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4, 5), np.int16), affine)
    image.header.set_xyzt_units(*units)
    image.header["pixdim"][4] = step
    before, after, report = nifti(tmp_path, image)
    assert report.counts == {"done": 1}
    for part in (slice(80, 96), slice(123, 124), slice(280, 328)):
        assert before[part] == after[part]
