"""What a number in a picture means: slopes, mappings, look-up tables, bits, padding, frames that are there.

Every file here was read without a word once, and wrong.
"""

from copy import deepcopy

import numpy as np
import pydicom
import pytest
from dicom_files import PT, SECONDARY, picture, save, stack, values, write
from numpy.testing import assert_array_equal
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from handson import read_series, read_slice, scan
from handson.errors import ReadError

DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


# --- slices that do not share their scale ---------------------------------------------------------


def of_two(data, change, count=2, **elements):
    """A series of which the last `count` slices are changed."""
    made = stack(data, **elements)
    for dataset in made[-count:]:
        change(dataset)
    return made


def drop_slope(dataset):
    del dataset.RescaleSlope, dataset.RescaleIntercept


def zero_slope(dataset):
    dataset.RescaleSlope = 0


@pytest.mark.parametrize("change", [drop_slope, zero_slope])
def test_a_slice_without_a_slope_among_scaled_ones_is_refused(tmp_path, change):
    data = values()
    write(of_two(data, change, RescaleSlope=2.5, RescaleIntercept=0), tmp_path)
    with pytest.raises(ReadError, match="RescaleSlope"):
        read_series(tmp_path)


@pytest.mark.parametrize("change", [drop_slope, zero_slope])
def test_an_empty_slice_needs_no_slope(tmp_path, change):
    data = values()
    data[-2:] = 0
    write(of_two(data, change, RescaleSlope=2.5, RescaleIntercept=0), tmp_path)
    assert_array_equal(read_series(tmp_path).data, (data * np.float32(2.5)).T)


@pytest.mark.parametrize("change", [drop_slope, zero_slope])
def test_an_empty_slice_needs_to_know_what_is_added(tmp_path, change):
    """Stored 0 is -1024 HU in the others: 0 HU would be water in the air."""
    data = values()
    data[-2:] = 0
    write(of_two(data, change, RescaleSlope=1, RescaleIntercept=-1024), tmp_path)
    with pytest.raises(ReadError, match="RescaleSlope"):
        read_series(tmp_path)


def test_a_slope_of_0_leaves_the_numbers_as_stored_and_without_a_unit(tmp_path):
    data = values()
    write(
        stack(data, modality="CT", RescaleSlope=0, RescaleIntercept=-1024, RescaleType="HU"),
        tmp_path,
    )
    volume = read_series(tmp_path)
    assert_array_equal(volume.data, data.T)
    assert volume.unit == ""
    assert any("RescaleSlope is 0" in note for note in volume.notes)
    assert read_slice(next(tmp_path.glob("*"))).unit == ""


def with_table(dataset):
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [4096, 0, 16], "US"
    item.add_new("LUTData", "OW", np.arange(4096, dtype="<u2")[::-1].tobytes())
    dataset.ModalityLUTSequence = [item]


def real_world(slope, unit, intercept=0.0, first=0, last=4095):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", unit
    item = Dataset()
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = first, last
    item.MeasurementUnitsCodeSequence = [code]
    return item


def with_mapping(dataset):
    dataset.RealWorldValueMappingSequence = [real_world(0.001, "mm2/s")]


def with_other_modality(dataset):
    dataset.Modality = "CT"


def with_counts(dataset):
    dataset.Units = "CNTS"


@pytest.mark.parametrize("syntax", SYNTAXES, ids=["explicit", "implicit"])
@pytest.mark.parametrize(
    ("modality", "change"),
    [("MR", with_table), ("MR", with_mapping), ("MR", with_other_modality), ("PT", with_counts)],
    ids=lambda p: getattr(p, "__name__", p),
)
def test_slices_of_another_kind_are_a_volume_of_their_own(tmp_path, modality, change, syntax):
    common = {"Units": "BQML", "RescaleSlope": 2, "RescaleIntercept": 0} if modality == "PT" else {}
    made = of_two(values().astype(np.uint16), change, modality=modality, **common)
    for dataset in made:
        dataset.file_meta.TransferSyntaxUID = syntax
    write(made, tmp_path)
    found = scan(tmp_path)
    assert sorted(info.shape[2] for info in found) == [2, 3]
    assert any(info.split for info in found)
    assert len({read_series(info).unit for info in found}) == (1 if modality == "MR" and change in
               (with_table, with_other_modality) else 2)  # fmt: skip


def test_a_real_world_mapping_is_used_and_said(tmp_path):
    data = values().astype(np.uint16)
    write(
        stack(data, RealWorldValueMappingSequence=[real_world(0.5, "mm2/s", intercept=-3)]),
        tmp_path,
    )
    volume = read_series(tmp_path)
    assert_array_equal(volume.data, data.T * np.float32(0.5) - 3)
    assert volume.unit == "mm2/s"
    assert any("mapping is used: 0.5 x stored + -3 mm2/s" in note for note in volume.notes)


def test_several_mappings_to_one_unit_are_not_guessed_from(tmp_path):
    data = values().astype(np.uint16)
    items = [real_world(1.0, "mm2/s", last=99), real_world(2.0, "mm2/s", first=100)]
    write(stack(data, RealWorldValueMappingSequence=items), tmp_path)
    volume = read_series(tmp_path)
    assert_array_equal(volume.data, data.T)
    assert volume.unit == ""
    assert any("several hold for one unit" in note for note in volume.notes)


def test_a_dose_without_its_factor_is_not_in_gray(tmp_path):
    dataset = picture(values((1, 4, 5))[0], SOPClassUID=DOSE, Modality="RTDOSE", DoseUnits="GY")
    bare = save(dataset, tmp_path / "bare")
    dataset.DoseGridScaling = "0.5"
    scaled = save(dataset, tmp_path / "scaled")
    for read in (read_slice, read_series):
        assert read(bare).unit == ""
        assert any("not a dose" in note for note in read(bare).notes)
        assert read(scaled).unit == "Gy"


# --- look-up tables -------------------------------------------------------------------------------


def palettes(dataset, count, first, bits, data, vr="US"):
    for name, entries in zip(("Red", "Green", "Blue"), data, strict=True):
        dataset.add_new(
            f"{name}PaletteColorLookupTableDescriptor", vr, [count % 65536, first, bits]
        )
        dataset.add_new(f"{name}PaletteColorLookupTableData", "OW", entries.tobytes())
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    return dataset


@pytest.mark.parametrize("vr", ["US", "SS"])
def test_the_first_value_of_a_palette_has_the_sign_of_the_pixels(tmp_path, vr):
    stored = np.array([[-3, -2], [-1, 0]], np.int16)
    first = -3 % 65536 if vr == "US" else -3
    data = [(np.arange(4) * step * 256).astype("<u2") for step in (1, 2, 3)]
    path = save(palettes(picture(stored), 4, first, 16, data, vr), tmp_path / "a")
    expected = np.array([[[0, 0, 0], [1, 2, 3]], [[2, 4, 6], [3, 6, 9]]])
    assert_array_equal(read_slice(path).pixels, expected)


def test_a_palette_of_bytes_may_have_more_than_256_entries(tmp_path):
    stored = np.array([[0, 255], [256, 599]], np.uint16)
    data = [((np.arange(600) // 3 + n) % 256).astype(np.uint8) for n in range(3)]
    path = save(palettes(picture(stored), 600, 0, 8, data), tmp_path / "a")
    assert_array_equal(read_slice(path).pixels, np.stack(data, -1)[stored])


def test_entries_of_8_bits_may_stand_in_words(tmp_path):
    stored = np.array([[0, 1], [2, 255]], np.uint8)
    data = [(np.arange(256) // (n + 1)).astype("<u2") for n in range(3)]
    path = save(palettes(picture(stored), 256, 0, 8, data), tmp_path / "a")
    assert_array_equal(read_slice(path).pixels, np.stack(data, -1)[stored])


def test_numbers_beside_a_table_take_its_ends(tmp_path):
    stored = np.array([[9, 10], [12, 700]], np.uint16)
    data = [np.array([5, 6, 7], np.uint8).repeat(1).tobytes() + b"\0" for _ in range(3)]
    entries = [np.frombuffer(d, np.uint8) for d in data]
    path = save(palettes(picture(stored), 3, 10, 8, entries), tmp_path / "a")
    assert_array_equal(read_slice(path).pixels[..., 0], [[5, 5], [7, 7]])


def segmented(entries) -> np.ndarray:
    """A palette as discrete segments of at most 255 entries (PS3.3 C.7.9.2.1)."""
    parts = [entries[n : n + 255] for n in range(0, len(entries), 255)]
    return np.concatenate([[0, len(part), *part] for part in parts])


@pytest.mark.parametrize(("count", "bits"), [(256, 8), (300, 16), (65536, 16)])
def test_segmented_palettes_are_expanded(tmp_path, count, bits):
    stored = np.array([[0, 1], [255, count - 1]], np.uint16)
    dataset = picture(stored, PhotometricInterpretation="PALETTE COLOR")
    entries = (np.arange(count) * 7) % (1 << bits)
    for n, name in enumerate(("Red", "Green", "Blue")):
        descriptor = [count % 65536, 0, bits]
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", descriptor)
        data = segmented(entries // (n + 1)).astype(np.uint8 if bits == 8 else "<u2").tobytes()
        setattr(dataset, f"Segmented{name}PaletteColorLookupTableData", data)
    pixels = read_slice(save(dataset, tmp_path / "a")).pixels
    for n in range(3):
        assert_array_equal(pixels[..., n], entries[stored] // (n + 1) >> (bits - 8))


def test_a_segmented_palette_that_cannot_be_known_is_refused(tmp_path):
    dataset = picture(np.zeros((2, 2), np.uint16), PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [257, 0, 8])
        setattr(
            dataset,
            f"Segmented{name}PaletteColorLookupTableData",
            segmented(np.zeros(257, np.uint8)).astype(np.uint8).tobytes(),
        )
    with pytest.raises(ReadError, match="more than 256"):
        read_slice(save(dataset, tmp_path / "a"))


def test_a_palette_that_is_too_short_is_refused(tmp_path):
    data = [np.zeros(10, "<u2")] * 3
    path = save(palettes(picture(np.zeros((2, 2), np.uint16)), 64, 0, 16, data), tmp_path / "a")
    with pytest.raises(ReadError, match="10 of 64 entries"):
        read_slice(path)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_big_endian_palette_is_the_same_for_every_frame(tmp_path, bits):
    stored = np.arange(12).reshape(3, 2, 2).astype(np.uint8)
    entries = [np.arange(12) * (n + 1) * (256 if bits == 16 else 1) for n in range(3)]
    little = [e.astype("<u2" if bits == 16 else np.uint8) for e in entries]
    big = [e.astype(">u2") if bits == 16 else e.view("<u2").astype(">u2") for e in little]
    paths = []
    for syntax, data in ((ExplicitVRLittleEndian, little), (ExplicitVRBigEndian, big)):
        dataset = palettes(picture(stored, syntax, NumberOfFrames=3), 12, 0, bits, data)
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
            dataset["PixelData"].VR = "OW"
        dataset.Modality, dataset.SOPClassUID = "US", SECONDARY
        paths.append(save(dataset, tmp_path / syntax.name))
    found = [[read_slice(path, frame=k).pixels for k in range(3)] for path in paths]
    assert_array_equal(found[0], found[1])
    assert_array_equal(found[0][2][0, 0], [8, 16, 24])
    grey = [read_series(path, colour="grey").data for path in paths]
    assert_array_equal(grey[0], grey[1])


@pytest.mark.parametrize("form", ["words", "bytes", "numbers", "bytes as numbers"])
@pytest.mark.parametrize("vr", ["US", "SS"])
def test_modality_tables_hold_for_negative_numbers_and_in_every_form(tmp_path, vr, form):
    stored = np.array([[-300, -299], [0, 99]], np.int16)
    wide = form in ("words", "numbers")
    entries = (np.arange(400) * 7 % 251).astype("<u2" if wide else np.uint8)
    item = Dataset()
    item.add_new(
        "LUTDescriptor", vr, [400, -300 % 65536 if vr == "US" else -300, 16 if wide else 8]
    )
    item.ModalityLUTType = "OD"
    if form in ("words", "bytes"):
        item.add_new("LUTData", "OW", entries.tobytes())
    else:
        item.add_new("LUTData", "US", np.frombuffer(entries.tobytes(), "<u2").tolist())
    path = save(picture(stored, ModalityLUTSequence=[item]), tmp_path / "a")
    assert_array_equal(read_slice(path).pixels, entries[stored.astype(int) + 300])


# --- bits, padding, loss --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "syntax", [DeflatedExplicitVRLittleEndian, RLELossless, ExplicitVRBigEndian]
)
@pytest.mark.parametrize(("signed", "high_bit"), [(False, 11), (False, 15), (True, 13)])
def test_the_high_bit_counts_in_every_transfer_syntax(tmp_path, syntax, signed, high_bit):
    rng = np.random.default_rng(0)
    truth = rng.integers(-2048 if signed else 0, 2048, (6, 7))
    shift = high_bit - 11
    stored = (truth % 4096) << shift | (0xFFFF << (high_bit + 1) | (1 << shift) - 1) & 0xFFFF
    dataset = picture(stored.astype(np.uint16), BitsStored=12, HighBit=high_bit)
    dataset.PixelRepresentation = int(signed)
    if syntax == RLELossless:
        dataset.compress(syntax, generate_instance_uid=False)
    elif syntax == ExplicitVRBigEndian:
        dataset = picture(stored.astype(np.uint16), syntax, BitsStored=12, HighBit=high_bit,
                          PixelRepresentation=int(signed))  # fmt: skip
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    assert_array_equal(read_slice(save(dataset, tmp_path / "a")).pixels, truth)


@pytest.mark.parametrize(("limit", "told"), [
    (None, "Pixels with the value -2000 are padding"),
    (-1900, "Pixels with values from -2000 to -1900 are padding"),
])  # fmt: skip
@pytest.mark.parametrize("vr", ["US", "SS"])
def test_padding_has_the_sign_of_the_pixels_and_may_be_a_range(tmp_path, vr, limit, told):
    dataset = picture(np.full((3, 4), -2000, np.int16))
    for keyword, number in (("PixelPaddingValue", -2000), ("PixelPaddingRangeLimit", limit)):
        if number is not None:
            dataset.add_new(keyword, vr, number % 65536 if vr == "US" else number)
    path = save(dataset, tmp_path / "a")
    assert any(told in note for note in read_slice(path).notes)
    assert any(told in note for note in read_series(path).notes)


def test_padding_and_loss_of_any_slice_are_told(tmp_path):
    made = stack(values(), PixelPaddingValue=-5)
    made[3].PixelPaddingValue, made[3].LossyImageCompression = -9, "01"
    write(made, tmp_path)
    told = " ".join(read_series(tmp_path).notes)
    assert "Pixels with the value -5 are padding" in told
    assert "Pixels with the value -9 are padding" in told
    assert "Compressed with loss in 1 of 5 files" in told


# --- frames that are there and not counted --------------------------------------------------------


def test_fragments_under_a_native_transfer_syntax_are_refused(tmp_path):
    dataset = picture(values((1, 16, 16))[0])
    dataset.compress(RLELossless, generate_instance_uid=False)
    path = save(dataset, tmp_path / "a")
    whole = bytearray(path.read_bytes())
    for uid in (RLELossless, RLELossless + "\0"):
        whole = whole.replace(
            uid.encode(), b"1.2.840.10008.1.2.1"[: len(uid)].ljust(len(uid), b"\0")
        )
    path.write_bytes(whole)
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    for read in (read_slice, read_series):
        with pytest.raises(ReadError, match="fragments"):
            read(path)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("counted", [None, 1, 2])
def test_frames_that_the_header_does_not_count_are_refused(tmp_path, compressed, counted):
    frames = values((3, 6, 8)).astype(np.uint16)
    dataset = picture(frames, NumberOfFrames=3)
    if compressed:
        dataset.compress(RLELossless, generate_instance_uid=False)
    assert len(scan(save(deepcopy(dataset), tmp_path / "whole"))) == 1
    if counted is None:
        del dataset.NumberOfFrames
    else:
        dataset.NumberOfFrames = counted
    path = save(dataset, tmp_path / "a")
    for read in (read_slice, read_series):
        with pytest.raises(ReadError, match=f"3 frames, and its header counts {counted or 1}"):
            read(path)


def test_fragments_of_one_frame_are_one_frame(tmp_path):
    path = pydicom.data.get_testdata_file("JPEG2000.dcm", download=False)
    dataset = pydicom.dcmread(path)
    expected = read_slice(path).pixels
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([frame], fragments_per_frame=4)
    assert_array_equal(read_slice(save(dataset, tmp_path / "a")).pixels, expected)


def test_units_of_pet_are_known_before_any_pixel_is_read(tmp_path):
    made = stack(values().astype(np.uint16), modality="PT", Units="BQML", RescaleSlope=2,
                 RescaleIntercept=0)  # fmt: skip
    assert made[0].SOPClassUID == PT
    write(made, tmp_path)
    (info,) = scan(tmp_path)
    assert info.stack.first.scaling.unit == "Bq/ml"
