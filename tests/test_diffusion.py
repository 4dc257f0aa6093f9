"""b-values and directions: from DICOM of each vendor to .bval and .bvec, against dcm2niix, in the patient."""

import gzip
import json
import subprocess

import nibabel as nib
import numpy as np
import programs
import pytest
from dicom_files import picture, save, values
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from handson import read_nifti, read_series
from handson.__main__ import main

MR = "1.2.840.10008.5.1.4.1.1.4"
B_VALUES = (0, 0, 700, 1000, 1000)
OBLIQUE = nib.eulerangles.euler2mat(0.2, 0.1, -0.15)


def directions() -> np.ndarray:
    found = np.random.default_rng(7).normal(size=(len(B_VALUES), 3))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    found[:2] = 0
    return found.round(6)


def siemens(dataset, b, g):
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", b)
    if b:
        block.add_new(0x0E, "FD", list(g))


def philips(dataset, b, g):
    dataset.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(0x03, "FL", b)
    block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    for n, part in enumerate(g):
        block.add_new(0xB0 + n, "FL", part)
    dataset.DiffusionBValue, dataset.DiffusionGradientOrientation = float(b), list(map(float, g))


def ge(dataset, b, g):
    dataset.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", [b, 8, 0, 0])
    block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    for n, part in enumerate(g):
        block.add_new(0xBB + n, "DS", f"{part:.6f}")
    block.add_new(0x9C, "LO", "epi2")
    block.add_new(0x9E, "LO", "EPI2")


def united(dataset, b, g):
    block = dataset.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x09, "FD", float(b))
    row, column = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
    image = np.array([row, column, np.cross(row, column)])
    block.add_new(0x37, "FD", (image @ g).tolist())


def standard(dataset, b, g):
    dataset.DiffusionBValue = float(b)
    if b:
        dataset.DiffusionGradientOrientation = list(map(float, g))


VENDORS = {
    "SIEMENS": siemens,
    "Philips Medical Systems": philips,
    "GE MEDICAL SYSTEMS": ge,
    "UIH": united,
}


def series(folder, maker, state, phase="COL", turn=OBLIQUE, slices=4):
    """A diffusion series, a file for each slice, InstanceNumber in the order of the volumes."""
    uid = generate_uid()
    for t, (b, g) in enumerate(zip(B_VALUES, directions(), strict=True)):
        for k, pixels in enumerate(values((slices, 12, 10), seed=t)):
            place = np.array([-10.0, -20, 30]) + 2.5 * k * turn[:, 2]
            dataset = picture(
                pixels, SOPClassUID=MR, Modality="MR", SeriesInstanceUID=uid, Manufacturer=maker,
                ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"], SeriesNumber=3,
                InstanceNumber=slices * t + k + 1, AcquisitionNumber=t + 1, EchoTime=80.0,
                AcquisitionTime=f"1200{t:02d}", PatientPosition="HFS", SliceThickness=2.5,
                ScanningSequence="EP", SequenceName="ep_b", MRAcquisitionType="2D", RepetitionTime=4000,
                InPlanePhaseEncodingDirection=phase, PixelSpacing=[1.5, 1.25],
                ImageOrientationPatient=[round(float(x), 9) for x in turn.T[:2].ravel()],
                ImagePositionPatient=[round(float(x), 6) for x in place],
            )  # fmt: skip
            state(dataset, b, g)
            save(dataset, folder / f"{(slices * t + k) * 7 % 41:03d}")
    return folder


def dcm2niix(source, folder):
    """dcm2niix's image, its .bval and .bvec read beside it."""
    folder.mkdir()
    command = [programs.DCM2NIIX, "-f", "theirs", "-z", "n", "-o", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return read_nifti(folder / "theirs.nii")


def assert_same_gradients(ours, theirs):
    """Equal weightings, and directions equal in the patient up to their sign, which has no meaning."""
    assert_allclose(ours.b_values, theirs.b_values, atol=0.5)
    assert ours.b_vectors is not None
    for a, b in zip(ours.b_vectors, theirs.b_vectors, strict=True):
        assert_allclose(abs(a @ b), a @ a, atol=2e-3)


@pytest.mark.parametrize("phase", ["COL", "ROW"])
@pytest.mark.parametrize("maker", VENDORS)
def test_gradients_agree_with_dcm2niix(tmp_path, maker, phase):
    folder = series(tmp_path / "in", maker, VENDORS[maker], phase)
    volume = read_series(folder)
    theirs = dcm2niix(folder, tmp_path / "theirs")
    assert_same_gradients(volume, theirs)
    assert main(["convert", str(folder), str(tmp_path / "out")]) == 0
    again = read_nifti(tmp_path / "out" / "series-001_MR.nii.gz")
    assert again.time_step is None
    assert_same_gradients(again, theirs)
    assert_allclose(again.b_vectors, volume.b_vectors, atol=1e-5)


@pytest.mark.parametrize("said", [{"NumberOfFrames": 1}, {"Manufacturer": ""}], ids=str)
@pytest.mark.parametrize("maker", VENDORS)
def test_gradients_do_not_depend_on_how_the_file_is_written(tmp_path, maker, said):
    def implicit(dataset, b, g):
        VENDORS[maker](dataset, b, g)
        for keyword, word in said.items():
            setattr(dataset, keyword, word)
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    plain = read_series(series(tmp_path / "explicit", maker, VENDORS[maker]))
    other = read_series(series(tmp_path / "implicit", maker, implicit))
    assert_array_equal(other.data, plain.data)
    assert_same_gradients(other, plain)


def test_directions_of_the_standard_are_those_of_the_patient(tmp_path):
    volume = read_series(series(tmp_path, "CANON_MEC", standard))
    wanted = directions() * (-1, -1, 1)
    assert_allclose(volume.b_vectors, wanted, atol=1e-5)
    assert volume.b_values == B_VALUES


def test_united_imagings_own_element_has_the_directions_of_the_turned_slices(tmp_path):
    """Its standard element does not follow the slices when they are turned (dcm2niix issue 836)."""

    def both(dataset, b, g):
        united(dataset, b, g)
        standard(dataset, b, OBLIQUE.T @ g)

    volume = read_series(series(tmp_path, "UIH", both))
    assert_allclose(volume.b_vectors, directions() * (-1, -1, 1), atol=1e-5)


def test_ges_directions_are_known_for_axial_slices_only(tmp_path):
    turn = np.column_stack([[0, 1, 0], [0, 0, -1], [-1, 0, 0]]).astype(float)
    volume = read_series(series(tmp_path, "GE MEDICAL SYSTEMS", ge, turn=turn))
    assert volume.b_values == B_VALUES
    assert volume.b_vectors is None
    assert "axial" in " ".join(volume.notes)


def test_ges_directions_of_pictures_without_a_place_are_unknown(tmp_path):
    def placeless(dataset, b, g):
        ge(dataset, 1000, (1.0, 0, 0))
        del dataset.ImageOrientationPatient

    folder = series(tmp_path, "GE MEDICAL SYSTEMS", placeless)
    volume = read_series(next(folder.iterdir()))
    assert volume.b_values == (1000,)
    assert volume.b_vectors is None


def test_a_direction_of_two_parts_is_none(tmp_path):
    def short(dataset, b, g):
        dataset.DiffusionBValue, dataset.DiffusionGradientOrientation = 1000.0, [1.0, 0.0]

    volume = read_series(next(series(tmp_path, "CANON_MEC", short).iterdir()))
    assert volume.b_values == (1000,)
    assert volume.b_vectors is None


def test_a_diffusion_series_without_b_values_says_so(tmp_path, capsys):
    folder = series(tmp_path / "in", "SIEMENS", lambda dataset, b, g: None)
    assert main(["convert", str(folder), str(tmp_path / "out")]) == 0
    assert "no b-value" in capsys.readouterr().err
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir()) == [".gz", ".json"]


def test_other_series_get_no_b_values(tmp_path):
    def zero(dataset, b, g):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.SequenceName = "fl2d"
        dataset.DiffusionBValue = 0.0

    assert read_series(series(tmp_path, "GE MEDICAL SYSTEMS", zero)).b_values is None


def test_real_siemens_mosaics_agree_with_dcm2niix(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    data = nib.__path__[0] + "/nicom/tests/data/siemens_dwi_{}.dcm.gz"
    for b in (0, 1000):
        with open(data.format(b), "rb") as packed:
            (folder / f"{b}.dcm").write_bytes(gzip.decompress(packed.read()))
    volume = read_series(folder)
    theirs = dcm2niix(folder, tmp_path / "theirs")
    assert_same_gradients(volume, theirs)
    assert main(["convert", str(folder), str(tmp_path / "out")]) == 0
    ours = json.loads((tmp_path / "out" / "series-001_MR.json").read_text())
    other = json.loads((tmp_path / "theirs" / "theirs.json").read_text())
    # dcm2niix reverses the rows, so the same direction in the patient has the other sign along j
    flipped = {"j": "j-", "j-": "j"}
    stated = other["PhaseEncodingDirection"]
    assert ours["PhaseEncodingDirection"] == flipped.get(stated, stated)
    if "SliceTiming" in other:
        assert_allclose(ours["SliceTiming"], other["SliceTiming"], atol=3e-3)


def test_an_enhanced_object_keeps_its_gradients(tmp_path):
    from test_dicom_repeats import enhanced, group, pixels

    frames = []
    for t, (b, g) in enumerate(zip(B_VALUES, directions(), strict=True)):
        for k in range(3):
            diffusion = Dataset()
            diffusion.DiffusionBValue = float(b)
            diffusion.DiffusionDirectionality = "DIRECTIONAL" if b else "NONE"
            if b:
                diffusion.DiffusionGradientDirectionSequence = [Dataset()]
                item = diffusion.DiffusionGradientDirectionSequence[0]
                item.DiffusionGradientOrientation = list(map(float, g))
            content = {"DimensionIndexValues": [k + 1, t + 1], "TemporalPositionIndex": t + 1}
            frames.append((pixels(t, k), group(k, content=content, MRDiffusionSequence=diffusion)))
    volume = read_series(save(enhanced(frames, seed=3), tmp_path / "e.dcm"))
    assert volume.b_values == B_VALUES
    assert_allclose(volume.b_vectors, directions() * (-1, -1, 1), atol=1e-4)
