"""Values of a picture: whatever way the pixels are stored, against pydicom, SimpleITK and the truth."""

import gzip
import warnings
from pathlib import Path

import data_store
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_files import AXIAL, CT, bundled, picture, save, stack, values, write
from numpy.testing import assert_allclose, assert_array_equal
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    UID_dictionary,
)

from handson import read_series, read_slice
from handson.decoders import PREFERRED
from handson.dicom.scaling import Scaling, scaling, shift_whole
from handson.errors import DecoderError, HandsonError, ReadError, SeriesError

ROOTS = [
    Path(pydicom.__file__).parent / "data/test_files",
    Path(data_store.__file__).parent / "data",
]
FILES = sorted(p for root in ROOTS for p in root.rglob("*") if p.is_file() and p.suffix != ".py")


# pydicom 3.0 reads big-endian palettes in the wrong order, and the others are damaged on purpose.
NOT_COMPARED = {"OBXXXX1A_expb.dcm", "OBXXXX1A_expb_2frame.dcm", "MR_truncated.dcm", "badVR.dcm"}
NOT_COMPARED |= {"gdcm-US-ALOKA-16_big.dcm"}


@pytest.fixture(scope="module")
def read():
    """Every bundled file: the picture, or the error that it got."""
    found = {}
    for path in FILES:
        try:
            found[path] = read_slice(path)
        except HandsonError as error:
            found[path] = error
    return found


def pydicom_values(dataset):
    """The same picture by pydicom alone."""
    many = int(dataset.get("NumberOfFrames") or 1) > 1
    stored = pydicom.pixels.pixel_array(dataset, index=0 if many else None)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colour = pydicom.pixels.apply_color_lut(stored, dataset)
        return (colour >> 8 * (colour.dtype.itemsize - 1)).astype(np.uint8)
    if stored.ndim == 3:
        return (stored >> (dataset.BitsStored - 8)).astype(np.uint8)
    if dataset.get("Modality") == "RTDOSE":
        return stored * float(dataset.DoseGridScaling)
    for keyword in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        holder = dataset.get(keyword, [pydicom.Dataset()])[0]
        if "PixelValueTransformationSequence" in holder:
            item = holder.PixelValueTransformationSequence[0]
            return stored * float(item.RescaleSlope) + float(item.RescaleIntercept)
    return pydicom.pixels.apply_modality_lut(stored, dataset)


def test_every_bundled_file_is_a_picture_or_one_clear_error(read):
    refused = {path.name for path, found in read.items() if isinstance(found, HandsonError)}
    assert {"MR_truncated.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "badVR.dcm"} <= refused
    assert len(FILES) - len(refused) >= 150
    for path, found in read.items():
        if isinstance(found, HandsonError):
            assert found.path == path
            assert found.fault
            assert found.remedy
            continue
        colour = found.photometric == "RGB"
        assert found.pixels.dtype == (np.uint8 if colour else np.float32)
        assert found.pixels.ndim == (3 if colour else 2)


def test_values_are_those_of_pydicom(read):
    checked = 0
    for path, found in read.items():
        if isinstance(found, HandsonError) or path.name in NOT_COMPARED:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                wanted = pydicom_values(found.dataset)
            except (RuntimeError, AttributeError):  # pydicom opens fewer files than we do
                continue
        wanted = wanted.astype(found.pixels.dtype)
        assert_allclose(found.pixels, wanted, rtol=1e-6, atol=1e-4, err_msg=str(path))
        checked += 1
    assert checked >= 140


def test_big_endian_palettes_show_the_colours_of_their_little_endian_twins():
    for little, big in (
        ("OBXXXX1A.dcm", "OBXXXX1A_expb.dcm"),
        ("gdcm-US-ALOKA-16.dcm", "gdcm-US-ALOKA-16_big.dcm"),
    ):
        assert_array_equal(read_slice(bundled(big)).pixels, read_slice(bundled(little)).pixels)


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_twelve_bit_jpeg_has_the_values_that_simpleitk_finds(name):
    wanted = sitk.GetArrayFromImage(sitk.ReadImage(bundled(name)))[0]
    assert wanted.max() > 255
    assert_array_equal(read_slice(bundled(name)).pixels, wanted)


@pytest.mark.parametrize(
    ("compressed", "native"),
    [
        ("693_J2KR.dcm", "693_UNCR.dcm"),
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
        ("OBXXXX1A_rle.dcm", "OBXXXX1A.dcm"),
        ("emri_small_RLE.dcm", "emri_small.dcm"),
        ("emri_small_jpeg_ls_lossless.dcm", "emri_small.dcm"),
        ("emri_small_jpeg_2k_lossless.dcm", "emri_small.dcm"),
        ("rtdose_rle.dcm", "rtdose.dcm"),
        ("SC_rgb_rle_32bit.dcm", "SC_rgb_32bit.dcm"),
        ("color-pl.dcm", "color-px.dcm"),
        ("US1_J2KR.dcm", "US1_UNCR.dcm"),
        ("liver_expb_1frame.dcm", "liver_1frame.dcm"),
    ],
)
def test_one_picture_in_two_transfer_syntaxes_has_the_same_values(compressed, native):
    assert_array_equal(read_slice(bundled(compressed)).pixels, read_slice(bundled(native)).pixels)


GREY = [
    np.array([[0, 1, 200], [255, 7, 90]], np.uint8),
    np.array([[-128, 1, 100], [127, 7, -9]], np.int8),
    np.array([[0, 1, 40000], [65535, 7, 90]], np.uint16),
    np.array([[-32768, 1, 100], [32767, 7, -9]], np.int16),
    np.array([[0, 1, 3_000_000_000], [4_294_967_295, 7, 90]], np.uint32),
    np.array([[-2_147_483_648, 1, 100], [2_147_483_647, 7, -9]], np.int32),
]


@pytest.mark.parametrize("pixels", GREY, ids=lambda p: p.dtype.name)
@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
    ids=["implicit", "explicit", "big endian", "deflated"],
)
def test_native_integers_of_every_size_and_sign(tmp_path, pixels, syntax):
    path = save(picture(pixels, syntax), tmp_path / "x.dcm")
    assert_array_equal(read_slice(path).pixels, pixels.astype(np.float32))
    volume = read_series(path)
    assert volume.data.dtype == pixels.dtype
    assert_array_equal(volume.data[:, :, 0].T, pixels)


@pytest.mark.parametrize(
    ("keyword", "dtype"), [("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")]
)
def test_float_and_double_pixels(tmp_path, keyword, dtype):
    pixels = np.array([[0.5, -1e30, 3], [np.pi, 7, 1e-30]], dtype)
    dataset = picture(np.zeros((2, 3), np.uint32))
    del dataset.PixelData, dataset.PixelRepresentation, dataset.HighBit, dataset.BitsStored
    dataset.BitsAllocated = pixels.itemsize * 8
    setattr(dataset, keyword, pixels.tobytes())
    path = save(dataset, tmp_path / "x.dcm")
    assert_array_equal(read_slice(path).pixels, pixels.astype(np.float32))
    assert_array_equal(read_series(path).data[:, :, 0].T, pixels)
    assert read_series(path).data.dtype == dtype
    dataset.RescaleSlope, dataset.RescaleIntercept = "0.25", "3"
    scaled = read_series(save(dataset, path)).data
    assert scaled.dtype == dtype
    assert_array_equal(scaled[:, :, 0].T, (pixels * 0.25 + 3.0).astype(dtype))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [11, 13])
def test_bits_beside_the_stored_ones_are_no_part_of_the_value(tmp_path, signed, high_bit):
    wanted = np.array([[0, 1, 2047], [5, 1000, 3]]) - (900 if signed else 0)
    shift = high_bit - 11
    stored = (wanted & 0xFFF) << shift | 0x4000 << (shift == 0) | (1 if shift else 0)
    dataset = picture(stored.astype(np.uint16), BitsStored=12, HighBit=high_bit)
    dataset.PixelRepresentation = int(signed)
    path = save(dataset, tmp_path / "x.dcm")
    assert_array_equal(read_slice(path).pixels, wanted)


def test_single_bits_are_unpacked_across_byte_borders(tmp_path):
    bits = np.random.default_rng(3).integers(0, 2, (3, 5, 7)).astype(np.uint8)
    dataset = picture(bits[0], NumberOfFrames=3)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    path = save(dataset, tmp_path / "x.dcm")
    for n in range(3):
        assert_array_equal(read_slice(path, frame=n).pixels, bits[n])
    with pytest.raises(ReadError, match="3 frames, there is no frame 3"):
        read_slice(path, frame=3)


COLOUR = np.random.default_rng(5).integers(0, 256, (4, 6, 3)).astype(np.uint8)


def test_rgb_by_pixel_by_plane_and_of_16_bits(tmp_path):
    plain = save(picture(COLOUR), tmp_path / "rgb.dcm")
    planes = picture(COLOUR, PlanarConfiguration=1)
    planes.PixelData = np.moveaxis(COLOUR, -1, 0).tobytes()
    deep = picture(COLOUR.astype(np.uint16) * 257)
    for path in (plain, save(planes, tmp_path / "p.dcm"), save(deep, tmp_path / "d.dcm")):
        slice_ = read_slice(path)
        assert slice_.photometric == "RGB"
        assert_array_equal(slice_.pixels, COLOUR)
        volume = read_series(path)
        assert volume.rgb
        assert_array_equal(volume.data[:, :, 0].swapaxes(0, 1), COLOUR)


def ybr_full(rgb):
    """PS3.3 C.7.6.3.1.2."""
    matrix = np.array(
        [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
    )
    return (rgb @ matrix.T + [0, 128, 128]).round().clip(0, 255).astype(np.uint8)


def test_ybr_full_and_both_422_become_rgb(tmp_path):
    smooth = np.repeat(COLOUR[:, ::2], 2, axis=1)  # pairs of pixels share their colour
    full = save(picture(ybr_full(smooth), PhotometricInterpretation="YBR_FULL"), tmp_path / "f.dcm")
    assert_allclose(read_slice(full).pixels.astype(int), smooth, atol=2)
    matrix = np.array(
        [[0.2568, 0.5041, 0.0979], [-0.1482, -0.2910, 0.4392], [0.4392, -0.3678, -0.0714]]
    )
    partial = (smooth @ matrix.T + [16, 128, 128]).round().astype(np.uint8)
    for name, ybr in (("YBR_FULL_422", ybr_full(smooth)), ("YBR_PARTIAL_422", partial)):
        dataset = picture(smooth, PhotometricInterpretation=name)
        pairs = np.stack([ybr[:, ::2, 0], ybr[:, 1::2, 0], ybr[:, ::2, 1], ybr[:, ::2, 2]], axis=-1)
        dataset.PixelData = pairs.tobytes()
        path = save(dataset, tmp_path / f"{name}.dcm")
        assert_allclose(read_slice(path).pixels.astype(int), smooth, atol=3)


def palette(entries=256, segmented=False, **elements):
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
    dataset = picture(pixels, PhotometricInterpretation="PALETTE COLOR", **elements)
    ramps = [
        np.linspace(a, b, entries).astype(np.uint16)
        for a, b in ((0, 65535), (65535, 0), (1000, 9000))
    ]
    for colour, ramp in zip(("Red", "Green", "Blue"), ramps, strict=True):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [entries, 0, 16])
        if segmented:  # a discrete segment of one entry, then a linear one to the end: C.7.9.2
            words = np.array([0, 1, ramp[0], 1, entries - 1, ramp[-1]], "<u2")
            setattr(dataset, f"Segmented{colour}PaletteColorLookupTableData", words.tobytes())
        else:
            setattr(dataset, f"{colour}PaletteColorLookupTableData", ramp.astype("<u2").tobytes())
    return dataset, np.stack([ramp[pixels] >> 8 for ramp in ramps], axis=-1)


@pytest.mark.parametrize("segmented", [False, True])
def test_palettes_give_their_colours(tmp_path, segmented):
    dataset, wanted = palette(segmented=segmented)
    path = save(dataset, tmp_path / "x.dcm")
    assert_allclose(read_slice(path).pixels.astype(int), wanted, atol=1)
    assert read_series(path).rgb


def test_a_palette_that_is_missing_is_told(tmp_path):
    dataset, _ = palette()
    del dataset.GreenPaletteColorLookupTableData
    path = save(dataset, tmp_path / "x.dcm")
    for read in (read_slice, read_series):
        with pytest.raises(ReadError, match="look-up table"):
            read(path)


def test_monochrome1_keeps_its_values_and_says_what_they_mean(tmp_path):
    slice_ = read_slice(
        save(picture(GREY[0], PhotometricInterpretation="MONOCHROME1"), tmp_path / "x")
    )
    assert_array_equal(slice_.pixels, GREY[0])
    assert slice_.photometric == "MONOCHROME1"
    assert any("bright" in note for note in slice_.notes)


def test_ct_is_in_hounsfield_units_and_stays_whole(tmp_path):
    data = values() - 1024
    write(
        stack(data.astype(np.int16) + 1024, modality="CT", RescaleSlope=1, RescaleIntercept=-1024),
        tmp_path,
    )
    volume = read_series(tmp_path)
    assert (volume.unit, volume.data.dtype) == ("HU", np.int16)
    assert_array_equal(volume.data, data.T)


@pytest.mark.parametrize(
    ("dtype", "stored", "intercept", "wanted"),
    [
        ("u1", 200, -1000, "i2"),
        ("u2", 4000, -1024, "i2"),
        ("u2", 65535, -1024, "u2"),
        ("u2", 65535, 1024, "i4"),
        ("i2", -32768, -1024, "i4"),
        ("i4", -(2**31), -1, "i8"),
    ],
)
def test_whole_rescale_ends_in_the_smallest_integers_that_hold_it(
    tmp_path, dtype, stored, intercept, wanted
):
    low = 2000 if wanted == "u2" else 0
    pixels = np.array([[stored, low, low + 2], [low + 3, low, low + 1]], dtype)
    path = save(
        picture(pixels, SOPClassUID=CT, Modality="CT", RescaleSlope=1, RescaleIntercept=intercept),
        tmp_path / "x.dcm",
    )
    volume = read_series(path)
    assert volume.data.dtype == wanted
    assert_array_equal(volume.data[:, :, 0].T, pixels.astype(np.int64) + intercept)


def test_a_slope_per_slice_is_used_per_slice(tmp_path):
    data = values()
    datasets = stack(data, modality="PT", Units="BQML", RescaleIntercept=0)
    for k, dataset in enumerate(datasets):
        dataset.RescaleSlope = 0.25 + k
    write(datasets, tmp_path)
    volume = read_series(tmp_path)
    assert (volume.unit, volume.data.dtype) == ("Bq/ml", np.float32)
    wanted = data * (0.25 + np.arange(len(data)))[:, None, None]
    assert_allclose(volume.data, wanted.T, rtol=1e-6)


def test_slices_of_different_sign_and_size_keep_their_values(tmp_path):
    stored = [
        np.array([[0, 65000], [3, 4]], np.uint16),
        np.array([[-700, 1], [2, 30000]], np.int16),
        np.array([[255, 0], [7, 8]], np.uint8),
    ]
    write(stack(stored, modality="CT", RescaleSlope=1, RescaleIntercept=-1024), tmp_path)
    volume = read_series(tmp_path)
    assert volume.data.dtype == np.int32
    assert_array_equal(volume.data.T, np.array(stored, int) - 1024)


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("wrong", [b"1,5 ", b"NaN ", b"inf "])
def test_a_rescale_that_is_no_number_is_refused(tmp_path, keyword, wrong):
    about = {"RescaleSlope": "9876", "RescaleIntercept": "9876"}
    (path,) = write(stack(values()[:1], **(about | {keyword: "5432"})), tmp_path)
    path.write_bytes(path.read_bytes().replace(b"5432", wrong))
    for read in (read_slice, read_series):
        with pytest.raises(ReadError, match=f"{keyword}.* is not a number"):
            read(path)


def test_a_slice_without_the_rescale_of_the_others_is_not_mixed_with_them(tmp_path):
    datasets = stack(values(), modality="CT", RescaleSlope=1, RescaleIntercept=-1024)
    del datasets[4].RescaleSlope, datasets[4].RescaleIntercept
    write(datasets, tmp_path)
    with pytest.raises(SeriesError, match=r"unit HU.*unit not stated"):
        read_series(tmp_path)


def test_a_cut_compressed_slice_is_named_with_what_its_decoder_says(tmp_path):
    datasets = stack(values())
    for dataset in datasets:
        dataset.compress(RLELossless)
    paths = write(datasets, tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-40])
    with pytest.raises(
        ReadError, match=f"{paths[2].name}: has pixels .RLE Lossless. that cannot be"
    ):
        read_series(tmp_path)
    with pytest.raises(ReadError, match=r"^((?!all available plugins).)*$"):
        read_series(tmp_path)


def test_32_bit_pixels_with_a_slope_become_float64(tmp_path):
    pixels = np.array([[4_294_967_295, 1], [2, 3]], np.uint32)
    path = save(picture(pixels, RescaleSlope=0.1, RescaleIntercept=0), tmp_path / "x.dcm")
    volume = read_series(path)
    assert volume.data.dtype == np.float64
    assert_allclose(volume.data[:, :, 0].T, pixels * 0.1, rtol=1e-15)


def real_world_item(slope, intercept, code):
    item, unit = pydicom.Dataset(), pydicom.Dataset()
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = code, "UCUM", code
    item.MeasurementUnitsCodeSequence = [unit]
    return item


def test_a_real_world_mapping_gives_the_unit_that_the_rescale_does_not(tmp_path):
    path = save(
        picture(GREY[2], RealWorldValueMappingSequence=[real_world_item(0.5, 10, "mm2/s")],
                WindowCenter=100, WindowWidth=200),
        tmp_path / "x.dcm",
    )  # fmt: skip
    for read in (read_slice(path), read_series(path)):
        assert read.unit == "mm2/s"
        assert read.window == (60, 100)  # the window follows
        assert any("real-world" in note for note in read.notes)
    assert_allclose(read_slice(path).pixels, GREY[2] * 0.5 + 10)
    assert_allclose(read_series(path).data[:, :, 0].T, GREY[2] * 0.5 + 10)


def test_a_rescale_with_a_unit_comes_before_a_real_world_mapping(tmp_path):
    path = save(
        picture(GREY[3], SOPClassUID=CT, Modality="CT", RescaleSlope=2, RescaleIntercept=-1, RescaleType="HU",
                RealWorldValueMappingSequence=[real_world_item(0.5, 10, "g/ml")]),
        tmp_path / "x.dcm",
    )  # fmt: skip
    assert read_slice(path).unit == read_series(path).unit == "HU"
    assert_allclose(read_slice(path).pixels, GREY[3] * 2.0 - 1)


def test_padding_overlays_and_loss_are_told(tmp_path):
    dataset = picture(
        GREY[3], SOPClassUID=CT, Modality="CT", RescaleSlope=1, RescaleIntercept=-1024
    )
    dataset.PixelPaddingValue = -2000
    dataset.LossyImageCompression = "01"
    notes = " ".join(read_slice(save(dataset, tmp_path / "x.dcm")).notes)
    assert "-3024 are padding" in notes
    assert "loss" in notes
    overlay = read_slice(bundled("MR-SIEMENS-DICOM-WithOverlays.dcm"))
    assert any("overlay_array(0x6000)" in note for note in overlay.notes)
    assert overlay.dataset.overlay_array(0x6000).shape == overlay.pixels.shape


def test_philips_private_scaling_is_told_not_applied(tmp_path):
    dataset = picture(GREY[2], Manufacturer="Philips", RescaleSlope=2.5, RescaleIntercept=0)
    block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    block.add_new(0x0E, "FL", 0.0125)
    slice_ = read_slice(save(dataset, tmp_path / "x.dcm"))
    assert_allclose(slice_.pixels, GREY[2] * 2.5)
    assert any("0.0125" in note and "not applied" in note for note in slice_.notes)


def test_spacing_at_the_detector_is_not_spacing_in_the_patient(tmp_path):
    radiograph = picture(GREY[2], ImagerPixelSpacing=[0.2, 0.1])
    slice_ = read_slice(save(radiograph, tmp_path / "x.dcm"))
    assert slice_.spacing == (0.2, 0.1)
    assert slice_.at_detector
    assert slice_.affine is None
    plain = read_slice(save(picture(GREY[2]), tmp_path / "y.dcm"))
    assert plain.spacing is None
    assert plain.aspect == 1


def test_ultrasound_regions_give_spacing_in_mm(tmp_path):
    region = pydicom.Dataset()
    region.RegionSpatialFormat = 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.03, -0.05
    path = save(picture(GREY[0], SequenceOfUltrasoundRegions=[region]), tmp_path / "x.dcm")
    assert_allclose(read_slice(path).spacing, (0.5, 0.3))


@pytest.mark.parametrize("cut", ["preamble", "meta"])
def test_files_without_preamble_or_meta_and_with_any_name_are_read(tmp_path, cut):
    whole = save(picture(GREY[3], ImplicitVRLittleEndian), tmp_path / "a.dcm").read_bytes()
    start = 132 if cut == "preamble" else whole.index(b"\x08\x00\x16\x00", 132)
    path = tmp_path / "scan.JPEG.txt"
    path.write_bytes(whole[start:])
    assert_array_equal(read_slice(path).pixels, GREY[3])


def test_a_transfer_syntax_that_nobody_knows_is_named(tmp_path):
    dataset = picture(GREY[0])
    dataset.PixelData = encapsulate([dataset.PixelData])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"  # MPEG-4
    path = save(dataset, tmp_path / "x.dcm")
    with pytest.raises(DecoderError, match=r"MPEG-4.*1\.2\.840\.10008\.1\.2\.4\.102"):
        read_slice(path)


@pytest.mark.parametrize(
    ("name", "package"),
    [("JPEG2000.dcm", "pylibjpeg pylibjpeg-openjpeg"), ("MR_small_jpeg_ls_lossless.dcm", "pyjpegls"),
     ("JPEG-LL.dcm", "python-gdcm"), ("MR_small_RLE.dcm", "pylibjpeg pylibjpeg-rle")],
)  # fmt: skip
def test_a_decoder_that_is_not_installed_is_named_with_its_cure(monkeypatch, name, package):
    from pydicom.pixels.decoders import base

    monkeypatch.setattr(base.Decoder, "is_available", property(lambda self: False))
    with pytest.raises(DecoderError, match=f"pip install {package}"):
        read_slice(bundled(name))


def test_without_gdcm_12_bit_jpeg_names_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "gdcm", None)
    with pytest.raises(DecoderError, match="pip install python-gdcm"):
        read_slice(bundled("JPGExtended.dcm"))


def test_compressed_series_of_many_files_and_of_one(tmp_path):
    data = values()
    datasets = stack(data)
    for dataset in datasets:
        dataset.compress(RLELossless, generate_instance_uid=False)
    write(datasets, tmp_path)
    assert_array_equal(read_series(tmp_path).data, data.T)
    many = read_series(bundled("emri_small_RLE.dcm"))
    assert_array_equal(many.data, read_series(bundled("emri_small.dcm")).data)
    assert many.shape[3] == 10


def test_a_header_that_contradicts_itself_is_refused(tmp_path):
    wrong = {
        "samples": {"SamplesPerPixel": 3},
        "bits": {"BitsStored": 20},
        "packed": {"BitsAllocated": 24},
    }
    for name, elements in wrong.items():
        path = save(picture(GREY[2], **elements), tmp_path / name)
        with pytest.raises(ReadError):
            read_slice(path)


def test_rt_dose_is_a_volume_in_its_own_unit():
    path = bundled("rtdose.dcm")
    dataset = pydicom.dcmread(path)
    volume = read_series(path)
    assert volume.shape == (10, 10, 15)
    assert_allclose(volume.data.T, dataset.pixel_array * float(dataset.DoseGridScaling), rtol=1e-6)
    assert_allclose(volume.spacing[2], abs(float(dataset.GridFrameOffsetVector[1])))
    assert tuple(dataset.ImageOrientationPatient) == AXIAL


def test_a_gzipped_file_is_told_to_be_one(tmp_path):
    packed = Path(nibabel.__file__).parent / "nicom/tests/data/siemens_dwi_0.dcm.gz"
    with pytest.raises(ReadError, match=r"gzip.*Unpack"):
        read_slice(packed)
    assert gzip.decompress(packed.read_bytes())[128:132] == b"DICM"


@pytest.mark.timeout(30)
def test_a_box_without_a_length_is_refused_and_not_walked_for_ever(tmp_path):
    """pydicom 3.0 adds the length 0 of a box to its place until the program is stopped."""
    content = Path(bundled("GDCMJ2K_TextGBR.dcm")).read_bytes()
    at = content.index(b"jp2h") - 4
    path = tmp_path / "a.dcm"
    path.write_bytes(content[:at] + bytes(8) + content[at + 8 :])
    with pytest.raises(ReadError, match=r"a\.dcm: has a JPEG 2000 frame whose boxes are damaged"):
        read_slice(path)


@pytest.mark.parametrize("word", PREFERRED)
def test_the_decoders_that_survive_damaged_files_are_installed(word):
    syntaxes = [
        uid for uid in UID_dictionary if word in UID(uid).name and UID(uid).is_transfer_syntax
    ]
    available = [get_decoder(UID(uid)).available_plugins for uid in syntaxes if _is_decoded(uid)]
    assert available
    assert all(PREFERRED[word] in plugins for plugins in available)


def _is_decoded(uid):
    try:
        return get_decoder(UID(uid)).is_available
    except NotImplementedError:
        return False


def test_what_a_header_leaves_out_is_not_scaled_and_what_it_states_wins():
    assert scaling(Dataset(), "RTDOSE") == Scaling(1.0, 0.0, "", stated=False)
    stated = Dataset()
    stated.RescaleSlope, stated.RescaleType, stated.Units = 2, "HU", "BQML"
    assert scaling(stated, "CT").unit == "HU"
    stated.RescaleType = "US"
    assert scaling(stated, "PT").unit == "Bq/ml"
    assert scaling(Dataset(), "PT").unit == ""


@pytest.mark.parametrize("slope", [-2, 1, 2, 3])
def test_whole_slopes_are_exact(slope):
    stored = np.array([[0, 7], [-3, 120]], np.int16)
    found = shift_whole(stored.copy(), Scaling(slope, -5))
    assert found.dtype.kind == "i"
    assert_array_equal(found, stored.astype(int) * slope - 5)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_jp2klossless.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
        "JPGExtended.dcm",
        "JPEG-LL.dcm",
    ],
)
def test_a_compressed_frame_of_another_size_is_refused(tmp_path, name):
    """As many pixels in rows of another length would be a scrambled picture."""
    dataset = pydicom.dcmread(bundled(name))
    dataset.Rows, dataset.Columns = dataset.Rows // 2, dataset.Columns * 2
    with pytest.raises(ReadError, match=r"states|damaged"):
        read_slice(save(dataset, tmp_path / "a"))


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", 8),
        ("MR_small_jp2klossless.dcm", 8),
        ("JPEG-LL.dcm", 8),
        ("JPEG-LL.dcm", 32),
    ],
)
def test_a_compressed_frame_of_more_bits_than_there_is_room_for_is_refused(tmp_path, name, bits):
    """16 bits in 8 were cut off without a word; at 32 bits of a JPEG the decoder ended the program."""
    dataset = pydicom.dcmread(bundled(name))
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    with pytest.raises(ReadError, match=rf"bits a sample where its header states {bits}"):
        read_slice(save(dataset, tmp_path / "a"))
