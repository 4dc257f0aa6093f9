"""Burned-in pixels, NIfTI and its sidecars, faces."""

import gzip
import json

import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.nifti1 import Nifti1Extension
from numpy.testing import assert_array_equal
from pydicom.data import get_testdata_file

import handson
from handson.deidentify import Mask, deface
from handson.deidentify.faces import may_show_face
from handson.deidentify.pixels import burned_in_risk
from handson.errors import DeidentifyError, ViewError

SECRET = "Zyxwabel"
NATIVE = [
    "examples_palette.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "rtdose_expb.dcm",
]
COMPRESSED = [
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "rtdose_rle.dcm",
]


def folder_with(tmp_path, *names):
    source = tmp_path / "in"
    source.mkdir()
    for name in names:
        dataset = pydicom.dcmread(get_testdata_file(name, download=False))
        dataset.save_as(source / name)
    return source


def test_pixels_at_risk_are_refused_with_the_reason(tmp_path):
    source = folder_with(tmp_path, "examples_palette.dcm", "SC_rgb_rle.dcm", "MR_small.dcm")
    dataset = pydicom.dcmread(source / "MR_small.dcm")
    dataset.BurnedInAnnotation = "YES"
    dataset.save_as(source / "yes.dcm")
    dataset.BurnedInAnnotation = "NO"
    dataset.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    dataset.save_as(source / "zscreen.dcm")
    report = handson.anonymize(source, tmp_path / "out")
    reasons = {entry.source.name: entry.reason for entry in report.refused}
    assert reasons.keys() == {"examples_palette.dcm", "SC_rgb_rle.dcm", "yes.dcm", "zscreen.dcm"}
    assert "ultrasound" in reasons["examples_palette.dcm"]
    assert "secondary capture" in reasons["SC_rgb_rle.dcm"]
    assert "YES" in reasons["yes.dcm"]
    assert "screen" in reasons["zscreen.dcm"]


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("Modality", "XC", "photograph"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.77.1.4", "photograph"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "LABEL", "NONE"], "label"),
        ("ImageType", ["DERIVED", "SECONDARY", "OTHER", "CT_SOM5 PROT"], "screen"),
        ("SeriesDescription", "Patient Protocol", "screen"),
        ("SeriesDescription", "Dose Report", "screen"),
        ("ConversionType", "DI", "digitised"),
    ],
)
def test_other_pictures_that_show_what_somebody_wrote(keyword, value, reason):
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    assert burned_in_risk(dataset) == ""
    setattr(dataset, keyword, value)
    assert reason in burned_in_risk(dataset)


def test_put_aside_they_are_apart_and_not_called_clean(tmp_path):
    source = folder_with(tmp_path, "examples_palette.dcm", "MR_small.dcm")
    report = handson.anonymize(source, tmp_path / "out", aside=tmp_path / "aside")
    assert report.counts == {"set aside": 1, "done": 1}
    entry = next(e for e in report.entries if e.status == "set aside")
    header = pydicom.dcmread(tmp_path / "aside" / entry.output)
    assert "BurnedInAnnotation" not in header
    assert "113101" not in [c.CodeValue for c in header.DeidentificationMethodCodeSequence]
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1


@pytest.mark.parametrize("name", NATIVE + COMPRESSED)
def test_a_mask_covers_its_rectangle_in_every_frame_and_nothing_else(name, tmp_path):
    source = folder_with(tmp_path, name)
    before = pydicom.dcmread(source / name)
    report = handson.anonymize(source, tmp_path / "out", masks=[Mask(((0, 1, 3, 2),))])
    assert report.counts == {"done": 1}
    after = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    old, new = (pydicom.pixels.pixel_array(d, raw=True) for d in (before, after))
    frames = int(before.get("NumberOfFrames", 1) or 1)
    shape = (frames, before.Rows, before.Columns, -1)
    old, new = old.reshape(shape), new.reshape(shape)
    covered = np.zeros(shape[1:3], bool)
    covered[1:3, 0:3] = True
    black = [0, 128, 128] if after.PhotometricInterpretation.startswith("YBR_FULL") else [0]
    assert (new[:, covered] == black).all()
    assert (new[:, ~covered] == old[:, ~covered]).all()
    assert (old[:, covered] != new[:, covered]).any() or (old[:, covered] == black).all()
    assert after.BurnedInAnnotation == "NO"
    assert "113101" in [c.CodeValue for c in after.DeidentificationMethodCodeSequence]


def test_black_is_the_largest_value_where_zero_is_white(tmp_path):
    source = folder_with(tmp_path, "MR_small.dcm")
    dataset = pydicom.dcmread(source / "MR_small.dcm")
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.save_as(source / "MR_small.dcm")
    report = handson.anonymize(source, tmp_path / "out", masks=[Mask(((0, 0, 2, 2),))])
    after = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert (after.pixel_array[:2, :2] == 32767).all()


def test_a_device_rule_covers_that_device_only(tmp_path):
    source = folder_with(tmp_path, "examples_palette.dcm", "examples_rgb_color.dcm")
    maker = pydicom.dcmread(source / "examples_palette.dcm").Manufacturer
    (tmp_path / "masks.json").write_text(
        json.dumps(
            [{"where": {"Manufacturer": maker, "Rows": 350}, "rectangles": [[0, 0, 50, 20]]}]
        )
    )
    report = handson.anonymize(source, tmp_path / "out", masks=tmp_path / "masks.json")
    status = {entry.source.name: entry.status for entry in report.entries}
    assert status == {"examples_palette.dcm": "done", "examples_rgb_color.dcm": "refused"}


@pytest.mark.parametrize("name", ["MR_small.dcm", "examples_palette.dcm", "examples_ybr_color.dcm"])
@pytest.mark.parametrize("convention", ["radiological", "neurological"])
def test_a_region_drawn_in_the_viewer_covers_the_same_pixels(name, convention, tmp_path):
    """Stored rows and columns, whichever side is drawn where: the drawn box holds the same values."""
    source = folder_with(tmp_path, name)
    viewer = handson.view(handson.read_slice(source / name, frame=0), convention=convention)
    viewer.region = ((9, 3, 0), (4, 12, 0))
    mask = viewer.region_mask()
    before = pydicom.dcmread(source / name).pixel_array
    one = before[0] if name == "examples_ybr_color.dcm" else before
    assert mask.shape == one.shape[:2]
    assert mask.sum() == 60
    if name == "MR_small.dcm":
        shown = viewer.region_values()[:, :, 0]
        assert (one[3:13, 4:10] == shown.T).all()
    report = handson.anonymize(source, tmp_path / "out", masks=[Mask(drawn=mask)])
    after = pydicom.dcmread(tmp_path / "out" / report.entries[0].output).pixel_array
    changed = (after != pydicom.dcmread(source / name).pixel_array).reshape(-1, *one.shape)
    changed = changed.any(axis=(0, *range(3, changed.ndim)))
    assert not changed[~mask].any()
    if name == "MR_small.dcm":
        assert (after[3:13, 4:10] == 0).all()


def test_a_region_in_another_plane_is_no_mask(tmp_path):
    source = handson.fetch("gen-study") / "MR"
    viewer = handson.view(handson.read_series(source), plane="axial")  # the pictures are sagittal
    with pytest.raises(ViewError, match="no region"):
        viewer.region_mask()
    viewer.region = ((9, 3, 0), (4, 3, 5))
    with pytest.raises(ViewError, match="in the plane of the stored pictures"):
        viewer.region_mask()


def test_a_drawn_mask_and_one_that_does_not_fit(tmp_path):
    source = folder_with(tmp_path, "MR_small.dcm")
    drawn = np.zeros((64, 64), bool)
    drawn[5, 7] = drawn[60, 2] = True
    report = handson.anonymize(source, tmp_path / "out", masks=[Mask(drawn=drawn)])
    after = pydicom.dcmread(tmp_path / "out" / report.entries[0].output).pixel_array
    before = pydicom.dcmread(source / "MR_small.dcm").pixel_array
    assert (after[drawn] == 0).all()
    assert (after[~drawn] == before[~drawn]).all()
    report = handson.anonymize(source, tmp_path / "two", masks=[Mask(((60, 0, 10, 10),))])
    assert "outside" in report.refused[0].reason
    with pytest.raises(DeidentifyError, match="not a list of masks"):
        handson.anonymize(source, tmp_path / "three", masks=tmp_path / "missing.json")


# NIfTI --------------------------------------------------------------------------------------------------


def nifti_folder(tmp_path, ending=".nii.gz", kind=nibabel.Nifti1Image):
    source = tmp_path / "in"
    source.mkdir()
    data = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    image = kind(data, np.diag([-2.0, 2, 3, 1]))
    image.header["descrip"] = f"{SECRET} 1951".encode()
    image.header["aux_file"] = SECRET.encode()
    image.header["intent_name"] = SECRET.encode()
    if "db_name" in image.header:
        image.header["db_name"] = SECRET.encode()
    if ending.startswith(".nii"):
        image.header.extensions.append(Nifti1Extension("comment", f"of {SECRET}".encode()))
    path = source / f"sub-{SECRET}_T1w{ending}"
    nibabel.save(image, path)
    return source, path, data


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".nii", nibabel.Nifti1Image),
        (".nii.gz", nibabel.Nifti1Image),
        (".nii", nibabel.Nifti2Image),
        (".hdr", nibabel.Nifti1Pair),
    ],
)
def test_nifti_keeps_its_voxels_and_loses_its_texts(tmp_path, ending, kind):
    source, path, data = nifti_folder(tmp_path, ending, kind)
    if ending == ".nii":
        path.write_bytes(path.read_bytes() + SECRET.encode())
    report = handson.anonymize(source, tmp_path / "out")
    assert set(report.counts) == {"done"}
    assert handson.audit(source, [SECRET])
    assert handson.audit(tmp_path / "out", [SECRET]) == []
    entry = next(e for e in report.entries if e.source.suffix != ".img")
    clean = nibabel.load(tmp_path / "out" / entry.output)
    assert np.array_equal(clean.dataobj, data)
    assert np.array_equal(clean.affine, nibabel.load(path).affine)
    assert not clean.header.extensions


def test_a_big_endian_nifti_and_a_name_in_the_gzip_header(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    data = np.arange(60, dtype=">f4").reshape(3, 4, 5)
    image = nibabel.Nifti1Image(data, np.eye(4), nibabel.Nifti1Header(endianness=">"))
    with (
        open(source / "a.nii.gz", "wb") as raw,
        gzip.GzipFile(f"{SECRET}.nii", "wb", fileobj=raw) as file,
    ):
        file.write(image.to_bytes())
    report = handson.anonymize(source, tmp_path / "out")
    output = tmp_path / "out" / report.entries[0].output
    assert SECRET.encode() in (source / "a.nii.gz").read_bytes()[:40]
    assert SECRET.encode() not in output.read_bytes()[:40]
    assert np.array_equal(nibabel.load(output).dataobj, data)
    assert nibabel.load(output).header.endianness == ">"


def test_truncated_nifti_and_analyze_are_refused(tmp_path):
    source, path, _ = nifti_folder(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    plain = gzip.decompress(nibabel.Nifti1Image(np.zeros((9, 9, 9)), np.eye(4)).to_bytes() and gzip.compress(
        nibabel.Nifti1Image(np.zeros((9, 9, 9)), np.eye(4)).to_bytes()
    ))  # fmt: skip
    (source / "short.nii").write_bytes(plain[:-100])
    nibabel.save(nibabel.AnalyzeImage(np.zeros((4, 4, 4), np.int16), np.eye(4)), source / "old.hdr")
    report = handson.anonymize(source, tmp_path / "out")
    reasons = {entry.source.name: entry.reason for entry in report.refused}
    assert len(reasons) == 4
    assert reasons["short.nii"] == "is truncated: 100 bytes of voxels missing"
    assert "Analyze" in reasons["old.hdr"]
    assert not [
        p
        for p in (tmp_path / "out").rglob("*")
        if p.is_file() and p.suffix not in (".json", ".html")
    ]


SIDECAR = {
    "PatientName": f"{SECRET}^Quentin",
    "PatientID": "MRN0047113",
    "PatientBirthDate": "1951-02-08",
    "InstitutionName": "Saint Elsewhere Hospital",
    "AcquisitionTime": "13:45:07.120000",
    "AcquisitionDateTime": "2020-03-01T13:45:07.120000",
    "StudyInstanceUID": "1.2.276.0.7230010.3.1.4.8323329",
    "SeriesDescription": f"T1 {SECRET}",
    "ProtocolName": "t1_mprage",
    "ImageComments": SECRET,
    "Technician": SECRET,
    "Phone": 5550123456,
    "nested": {"OperatorsName": SECRET, "EchoTime": 0.003},
    "ManufacturersModelName": f"scanner of {SECRET}",
    "MagneticFieldStrength": 3,
    "EchoTime": 0.00298,
    "SliceTiming": [0.0, 0.5, 1.0],
    "ImageType": ["ORIGINAL", "PRIMARY", "M"],
    "PhaseEncodingDirection": "j-",
    "Modality": "MR",
}


def test_a_sidecar_keeps_the_physics_and_loses_the_people(tmp_path):
    source, path, _ = nifti_folder(tmp_path)
    stem = path.name.removesuffix(".nii.gz")
    (source / f"{stem}.json").write_text(json.dumps(SIDECAR))
    (source / f"{stem}.bval").write_text("0 1000 1000\n")
    (source / f"{stem}.bvec").write_text(f"0 1 0 {SECRET}\n")
    report = handson.anonymize(source, tmp_path / "out")
    entries = {entry.source.name.removeprefix(stem): entry for entry in report.entries}
    assert {name: entry.status for name, entry in entries.items()} == {
        ".bval": "done",
        ".bvec": "refused",
        ".json": "done",
        ".nii.gz": "done",
    }
    text = (tmp_path / "out" / entries[".json"].output).read_text()
    for secret in (
        SECRET,
        "0047113",
        "1951",
        "Elsewhere",
        "13:45",
        "2020",
        "8323329",
        "mprage",
        "5550123456",
    ):
        assert secret.lower() not in text.lower()
    clean = json.loads(text)
    for key in (
        "MagneticFieldStrength",
        "EchoTime",
        "SliceTiming",
        "ImageType",
        "PhaseEncodingDirection",
        "Modality",
    ):
        assert clean[key] == SIDECAR[key]
    assert clean["StudyInstanceUID"].startswith("2.25.")
    assert "nested" not in clean  # no key of BIDS
    names = {
        entries[ending].output.removesuffix(ending) for ending in (".json", ".bval", ".nii.gz")
    }
    assert len(names) == 1


# Faces --------------------------------------------------------------------------------------------------


def head(tmp_path):
    shape = (90, 110, 90)
    grid = np.indices(shape).transpose(1, 2, 3, 0)
    skull = ((grid - [45, 50, 45]) / [38, 48, 42]) ** 2
    brain = ((grid - [45, 45, 52]) / [30, 36, 30]) ** 2
    data = (skull.sum(-1) < 1).astype(np.int16) * 100
    data[40:50, 96:106, 30:42] = (
        100  # the nose, at the front (posterior to anterior is the second axis)
    )
    affine = np.diag([2.0, 2, 2, 1])
    nibabel.save(nibabel.Nifti1Image(data, affine), tmp_path / "head.nii.gz")
    mask = (brain.sum(-1) < 1).astype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(mask, affine), tmp_path / "brain.nii.gz")
    return data, mask


def test_a_head_volume_is_said_to_show_a_face(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    head(source)
    report = handson.anonymize(source, tmp_path / "out")
    assert "may show a face" in report.notes[0]
    report = handson.anonymize(
        source, tmp_path / "two", options=["clean-recognizable-visual-features"]
    )
    assert "may show a face" in report.refused[0].reason


def test_defacing_takes_the_nose_and_leaves_the_brain(tmp_path):
    data, mask = head(tmp_path)
    path = deface(tmp_path / "head.nii.gz", tmp_path / "out.nii.gz", tmp_path / "brain.nii.gz", 3)
    clean = np.asarray(nibabel.load(path).dataobj)
    assert (clean[40:50, 100:106, 30:42] == 0).all()
    assert (clean[mask > 0] == data[mask > 0]).all()
    with pytest.raises(DeidentifyError, match="exists already"):
        deface(tmp_path / "head.nii.gz", path, tmp_path / "brain.nii.gz")
    small = nibabel.Nifti1Image(np.ones((3, 3, 3)), np.eye(4))
    nibabel.save(small, tmp_path / "small.nii.gz")
    with pytest.raises(DeidentifyError, match="not on one grid"):
        deface(tmp_path / "head.nii.gz", tmp_path / "x.nii.gz", tmp_path / "small.nii.gz")


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "SLA", "IPL"])
def test_defacing_cuts_at_one_place_however_the_array_is_stored(tmp_path, codes):
    """Any order and direction of the axes: the same voxels of the patient go."""
    head(tmp_path)
    plain = deface(tmp_path / "head.nii.gz", tmp_path / "out.nii.gz", tmp_path / "brain.nii.gz", 3)
    for name in ("head", "brain"):
        image = nibabel.load(tmp_path / f"{name}.nii.gz")
        wanted = nibabel.orientations.axcodes2ornt(codes)
        change = nibabel.orientations.ornt_transform(nibabel.io_orientation(image.affine), wanted)
        nibabel.save(image.as_reoriented(change), tmp_path / f"{name}-{codes}.nii.gz")
    turned = deface(
        tmp_path / f"head-{codes}.nii.gz",
        tmp_path / f"out-{codes}.nii.gz",
        tmp_path / f"brain-{codes}.nii.gz",
        3,
    )
    back = nibabel.as_closest_canonical(nibabel.load(turned))
    assert_array_equal(back.dataobj, nibabel.load(plain).dataobj)


@pytest.mark.parametrize("voxels", [[], [(4, 4, 4)]])
def test_a_mask_without_a_front_is_refused(tmp_path, voxels):
    data = np.zeros((9, 9, 9), np.uint8)
    for voxel in voxels:
        data[voxel] = 1
    nibabel.save(nibabel.Nifti1Image(data, np.eye(4)), tmp_path / "mask.nii")
    with pytest.raises(DeidentifyError, match="empty or too thin"):
        deface(tmp_path / "mask.nii", tmp_path / "out.nii", tmp_path / "mask.nii")
    assert not (tmp_path / "out.nii").exists()


def test_defacing_fills_a_ct_with_its_air_and_keeps_every_volume_in_time(tmp_path):
    data, _ = head(tmp_path)
    affine = nibabel.load(tmp_path / "head.nii.gz").affine
    ct = np.stack([data - 1000, data - 1000], axis=3)
    nibabel.save(nibabel.Nifti1Image(ct, affine), tmp_path / "ct.nii.gz")
    path = deface(tmp_path / "ct.nii.gz", tmp_path / "x.nii.gz", tmp_path / "brain.nii.gz", 3)
    clean = np.asarray(nibabel.load(path).dataobj)
    assert (clean[40:50, 100:106, 30:42] == -1000).all()
    assert_array_equal(clean[..., 0], clean[..., 1])


# Formats that hide text in what looks like numbers ---------------------------------------------------------


def test_a_header_that_says_that_its_text_is_voxels_is_refused(tmp_path):
    """vox_offset 0 made the header's text the first voxels of the output."""
    source, path, _ = nifti_folder(tmp_path, ".nii")
    data = bytearray(path.read_bytes())
    for number, offset in enumerate((0.0, 100.0, 351.0, float("nan"), -4.0)):
        data[108:112] = np.float32(offset).tobytes()
        (source / f"{number}.nii").write_bytes(data)
    path.unlink()
    report = handson.anonymize(source, tmp_path / "out")
    assert report.counts == {"refused": 5}
    assert {"vox_offset" in entry.reason for entry in report.refused} == {True}
    assert handson.audit(tmp_path / "out", [SECRET]) == []


@pytest.mark.parametrize(("code", "name"), [(32, "CIFTI-2"), (44, "NIfTI-MRS")])
def test_what_means_nothing_without_its_extension_is_refused(code, name, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    image = nibabel.Nifti2Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    image.header.extensions.append(Nifti1Extension(code, f"{SECRET}".encode()))
    image.to_filename(source / "a.nii")
    report = handson.anonymize(source, tmp_path / "out")
    assert name in report.refused[0].reason


def test_numbers_of_a_header_that_read_as_text_go(tmp_path):
    source, path, data = nifti_folder(tmp_path, ".nii")
    raw = bytearray(path.read_bytes())
    raw[124:128], raw[136:140], raw[56:60] = (
        b"Zyxw",
        b"abel",
        b"Doe1",
    )  # cal_max, toffset, intent_p1
    path.write_bytes(raw)
    report = handson.anonymize(source, tmp_path / "out")
    written = (tmp_path / "out" / report.entries[0].output).read_bytes()
    assert not any(text in written for text in (b"Zyxw", b"abel", b"Doe1"))
    assert np.array_equal(nibabel.load(tmp_path / "out" / report.entries[0].output).dataobj, data)


def test_an_unknown_key_of_a_sidecar_goes_whatever_its_value(tmp_path):
    source, path, _ = nifti_folder(tmp_path)
    stem = path.name.removesuffix(".nii.gz")
    content = {SECRET: 3, "global": {"const": {"PatientName": SECRET}}, "Custom": [1, 2], "Flag": True,
               "TaskName": f"rest of {SECRET}", "EchoTime": SECRET, "SliceTiming": [0.1, SECRET],
               "RepetitionTime": 47113000, "PhaseEncodingDirection": SECRET}  # fmt: skip
    (source / f"{stem}.json").write_text(json.dumps(content))
    report = handson.anonymize(source, tmp_path / "out")
    entry = next(e for e in report.entries if e.source.suffix == ".json")
    assert json.loads((tmp_path / "out" / entry.output).read_text()) == {"TaskName": "rest of ***"}


# Which pixels are at risk, which volumes show a head -------------------------------------------------------


CT, NM, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.4"
PAGES = [
    {"SOPClassUID": NM, "Modality": "NM", "Manufacturer": "SIEMENS", "Rows": 860, "ImageType": ["DERIVED", "SECONDARY"]},
    {"SOPClassUID": CT, "Modality": "CR", "Manufacturer": "Canon Inc.", "ManufacturerModelName": "CXDI", "Rows": 2592},
    {"SOPClassUID": CT, "Modality": "CT", "SeriesDescription": "MEDRAD profile", "Rows": 1077, "Columns": 750},
    {"SOPClassUID": CT, "Manufacturer": "EPIQ", "Rows": 600},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "GE MEDICAL", "CommentsOnRadiationDose": "DLP = 1"},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "GE MEDICAL", "ImageType": ["DERIVED", "SECONDARY", "VOLREN"]},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "GE MEDICAL", "SeriesDescription": "AVA Report"},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "Philips", "ImageType": ["DERIVED", "SECONDARY", "DOSE"]},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "SIEMENS", "Rows": 860, "Columns": 1132,
     "ImageType": ["DERIVED", "SECONDARY", "OTHER"]},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "TOSHIBA", "WindowWidth": 1,
     "ImageType": ["DERIVED", "SECONDARY"], "ManufacturerModelName": "Aquilion ONE"},
    {"SOPClassUID": CT, "Modality": "CT", "SeriesDescription": "Dosisprotokoll"},
    {"SOPClassUID": CT, "Modality": "CT", "PhotometricInterpretation": "RGB"},
    {"SOPClassUID": NM, "Modality": "NM", "PhotometricInterpretation": "RGB"},
    {"SOPClassUID": CT, "Modality": "OT", "Manufacturer": "MEDRAD"},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "VITREA"},
    {"SOPClassUID": NM, "Modality": "NM", "Manufacturer": "ADAC"},
    {"SOPClassUID": NM, "Modality": "NM", "Manufacturer": "SIEMENS NM", "Rows": 882, "Columns": 1132,
     "ImageType": ["DERIVED", "SECONDARY"]},
    {"SOPClassUID": CT, "Modality": "CT", "Manufacturer": "", "ImageType": ["DERIVED", "SECONDARY"]},
    *({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.1", "Modality": m} for m in ("DOC", "ES", "OP", "GM")),
]  # fmt: skip
SCANS = [
    {"SOPClassUID": CT, "Modality": "CT", "SeriesDescription": "Chest low dose 1.25"},
    {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "Manufacturer": "SIEMENS"},
    {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    {"SOPClassUID": MR, "Modality": "MR", "ImageType": ["DERIVED", "PRIMARY", "MPR"], "Manufacturer": "GE",
     "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "ImagePositionPatient": [0, 0, 0]},
    {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "Modality": "DX", "Rows": 2000, "Columns": 1600},
]  # fmt: skip


def header(values):
    dataset = pydicom.Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize("values", PAGES, ids=str)
def test_pages_and_screens_are_at_risk(values):
    assert burned_in_risk(header(values))


@pytest.mark.parametrize("values", SCANS, ids=str)
def test_scans_are_not(values):
    assert burned_in_risk(header(values)) == ""


@pytest.mark.parametrize(
    ("told", "face"),
    [
        ({"BodyPartExamined": "HEADNECK"}, True),
        ({"StudyDescription": "TC CRANIO senza mdc"}, True),
        ({"SeriesDescription": "Ax BRAVO"}, True),
        ({"BodyPartExamined": "WHOLEBODY"}, True),
        ({"BodyPartExamined": "CHEST", "SeriesDescription": "PET WB head to thigh"}, True),
        ({}, True),
        ({"SeriesDescription": "t1"}, True),
        ({"BodyPartExamined": "KNEE"}, False),
        ({"SeriesDescription": "Addome senza mdc"}, False),
        ({"Rows": 64, "Columns": 64, "PixelSpacing": [0.3, 0.3]}, False),
        ({"Modality": "DX"}, False),
    ],
)
def test_unsure_means_a_face(told, face):
    assert may_show_face(header({"Modality": "MR", **told})) is face


def test_a_bids_tree_stays_one(tmp_path):
    source = tmp_path / "in"
    image = nibabel.Nifti1Image(np.zeros((3, 3, 3), np.int16), np.eye(4))
    for subject in (f"{SECRET}1", f"{SECRET}2"):
        for session in ("01", "20200301"):
            folder = source / f"sub-{subject}" / f"ses-{session}" / "func"
            folder.mkdir(parents=True)
            stem = f"sub-{subject}_ses-{session}_task-rest_run-1_bold"
            image.to_filename(folder / f"{stem}.nii.gz")
            other = f"bids::sub-{subject}/ses-{session}/func/{stem}.nii.gz"
            (folder / f"{stem}.json").write_text(
                json.dumps({"EchoTime": 0.03, "IntendedFor": [other], "X": SECRET})
            )
            (folder / f"{stem.removesuffix('bold')}events.tsv").write_text(
                f"onset\tduration\tnote\n1.5\t2\t{SECRET}\n"
            )
    (source / "participants.tsv").write_text(
        f"participant_id\tage\tsex\tphone\nsub-{SECRET}1\t34\tF\t5550123456\nsub-{SECRET}2\t97\tM\t{SECRET}\n"
    )
    (source / "dataset_description.json").write_text(
        json.dumps({"Name": SECRET, "BIDSVersion": "1.8.0", "Authors": [SECRET]})
    )
    (source / "README").write_text(SECRET)
    (source / f"sub-{SECRET}1" / f"{SECRET}.tsv").write_text("a\tb\n1\t2\n")
    out = tmp_path / "out"
    report = handson.anonymize(source, out)
    assert report.counts == {"done": 14, "refused": 1, "not an image": 1}
    assert handson.audit(out, [SECRET, "20200301", "5550123456"]) == []
    table = [line.split("\t") for line in (out / "participants.tsv").read_text().splitlines()]
    assert table[0] == ["participant_id", "age", "sex"]
    assert [row[1:] for row in table[1:]] == [["34", "F"], ["n/a", "M"]]
    assert {p.name for p in out.glob("sub-*")} == {row[0] for row in table[1:]}
    for path in out.rglob("*_bold.json"):
        content = json.loads(path.read_text())
        assert content["EchoTime"] == 0.03
        assert (out / content["IntendedFor"][0]).is_file()
    assert json.loads((out / "dataset_description.json").read_text())["BIDSVersion"] == "1.8.0"
    assert len(list(out.rglob("sub-*/ses-01/func/sub-*_ses-01_task-rest_run-1_bold.nii.gz"))) == 2
    for path in out.rglob("*_events.tsv"):
        assert path.read_text() == "onset\tduration\n1.5\t2\n"


def test_a_box_is_not_a_mask(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"a")
    with pytest.raises(DeidentifyError, match="not a Mask"):
        handson.anonymize(tmp_path / "in", tmp_path / "out", masks=[(1, 2, 3, 4)])
