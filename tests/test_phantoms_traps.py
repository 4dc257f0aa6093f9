"""Each trap has the one fault that it says it has, and is a sound DICOM folder otherwise."""

from itertools import pairwise

import numpy as np
import pydicom
import pytest
import SimpleITK
from phantom_proof import assert_conformant, brightest_point, corners, dcm2niix_volume, files, some

import handson
from handson.errors import SeriesError, SeriesGapError
from handson.phantoms import lettered, traps
from handson.phantoms.grid import Grid
from handson.phantoms.traps import GRID, MISSING_SLICE, TRAPS


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traps")
    traps.make(folder)
    return folder


@pytest.fixture(scope="session")
def headers(folder):
    """Trap -> its files in the order of their names."""
    return {
        name: [pydicom.dcmread(path) for path in sorted((folder / name).iterdir())]
        for name in TRAPS
    }


def normal(dataset):
    return np.cross(dataset.ImageOrientationPatient[:3], dataset.ImageOrientationPatient[3:])


def positions(datasets):
    """mm along the normal of the slices, ascending."""
    return np.sort([normal(d) @ d.ImagePositionPatient for d in datasets])


def in_space(datasets):
    return sorted(datasets, key=lambda d: normal(d) @ d.ImagePositionPatient)


def test_files_of_every_series_are_conformant(folder):
    assert_conformant(some(folder))


@pytest.mark.long
def test_every_file_is_conformant(folder):
    assert_conformant(files(folder))


def test_no_two_files_share_a_sop_instance_uid_but_those_copied_on_purpose(headers):
    uids = [d.SOPInstanceUID for name in TRAPS for d in headers[name] if name != "same-file-twice"]
    assert len(uids) == len(set(uids))
    copied = [d.SOPInstanceUID for d in headers["same-file-twice"]]
    assert len(copied) == len(set(copied)) + 1


@pytest.mark.parametrize(
    "name", [name for name in TRAPS if name not in ("monochrome1", "enhanced-multi-frame")]
)
def test_file_names_tell_nothing_about_the_order(headers, name):
    along = [normal(d) @ d.ImagePositionPatient for d in headers[name]]
    assert along != sorted(along)
    assert along != sorted(along, reverse=True)


def test_one_slice_is_missing(headers):
    gaps = np.diff(positions(headers["missing-slice"]))
    np.testing.assert_allclose(np.delete(gaps, MISSING_SLICE - 1), 5.0)
    assert gaps[MISSING_SLICE - 1] == pytest.approx(10.0)


def test_two_files_stand_at_one_position_and_disagree(headers):
    slices = in_space(headers["duplicate"])
    same = [(a, b) for a, b in pairwise(slices) if a.ImagePositionPatient == b.ImagePositionPatient]
    ((first, second),) = same
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.PixelData != second.PixelData


def test_one_file_was_copied_byte_for_byte(folder):
    contents = [path.read_bytes() for path in (folder / "same-file-twice").iterdir()]
    assert (len(contents), len(set(contents))) == (32, 31)


def test_the_tilted_slices_are_4_83_mm_apart_and_drift_38_8_mm(headers):
    slices = in_space(headers["tilt-15"])
    first, last = (np.array(d.ImagePositionPatient, float) for d in (slices[0], slices[-1]))
    steps = len(slices) - 1
    np.testing.assert_allclose((last - first) / steps, (0, 0, 5.0))
    assert steps == 30
    assert positions(slices)[1] - positions(slices)[0] == pytest.approx(4.83, abs=0.005)
    across = (last - first) - normal(slices[0]) * (normal(slices[0]) @ (last - first))
    assert np.linalg.norm(across) == pytest.approx(38.8, abs=0.05)


def test_two_series_share_a_folder_a_number_and_a_description(headers):
    slices = headers["two-series"]
    assert len({d.SeriesInstanceUID for d in slices}) == 2
    assert len({(d.SeriesNumber, d.SeriesDescription) for d in slices}) == 1


def test_one_series_uid_holds_three_orientations(headers):
    slices = headers["two-orientations"]
    assert len({d.SeriesInstanceUID for d in slices}) == 1
    assert len({tuple(np.rint(normal(d))) for d in slices}) == 3


def test_instance_number_and_position_disagree(headers):
    numbers = [int(d.InstanceNumber) for d in in_space(headers["lying-instance-number"])]
    assert sorted(numbers) == list(range(1, 32))
    assert numbers not in (sorted(numbers), sorted(numbers, reverse=True))


def test_no_file_has_a_slice_location(headers):
    assert not any("SliceLocation" in d for d in headers["no-slice-location"])


def test_a_sagittal_series_cannot_be_sorted_by_the_third_number_of_the_position(headers):
    slices = headers["sagittal"]
    assert len({d.ImagePositionPatient[2] for d in slices}) == 1
    for dataset in slices:
        np.testing.assert_allclose(normal(dataset), (-1, 0, 0), atol=1e-9)


def test_rows_columns_and_slices_have_three_spacings(headers):
    slices = headers["non-square-pixels"]
    assert {tuple(d.PixelSpacing) for d in slices} == {(0.8, 0.5)}
    np.testing.assert_allclose(np.diff(positions(slices)), 5.0)


def test_the_radiograph_draws_low_values_bright(headers):
    (radiograph,) = headers["monochrome1"]
    assert radiograph.PhotometricInterpretation == "MONOCHROME1"
    picture = radiograph.pixel_array
    # Through the body more is absorbed than beside it; the patient's right is at the picture's left.
    assert picture[77, 95] < picture[2, 2] == 4000
    _, column = np.unravel_index(picture.argmin(), picture.shape)
    assert column < 95


def test_four_volumes_at_one_position_are_found_in_the_order_of_time(folder):
    values, _, shape = dcm2niix_volume(folder / "4d-one-position")
    assert shape == (48, 58, 15, traps.TIMES)
    inside = values[..., 0] == lettered.BODY_VALUE
    np.testing.assert_allclose(np.diff(values[inside].mean(0)), 50)


def test_the_gaps_are_uneven(headers):
    gaps = np.diff(positions(headers["uneven-gaps"]))
    assert set(gaps.round(6)) == {2.5, 5.0}
    assert (np.diff(gaps) >= -1e-9).all()


@pytest.mark.parametrize("name", ["sagittal", "enhanced-multi-frame", "lying-instance-number"])
def test_dcm2niix_finds_the_grid_that_was_meant(folder, name):
    _, affine, shape = dcm2niix_volume(folder / name)
    meant = GRID if name != "sagittal" else traps.SAGITTAL_GRID
    np.testing.assert_allclose(
        corners(affine, shape), corners(meant.affine, meant.shape), atol=1e-4
    )


def test_simpleitk_reads_the_same_frames_from_the_enhanced_file(folder):
    (path,) = (folder / "enhanced-multi-frame").iterdir()
    image = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image).T, lettered.values(GRID))
    np.testing.assert_allclose(image.GetSpacing(), GRID.spacing)
    np.testing.assert_allclose(image.GetOrigin(), GRID.world((0, 0, 0)) * (-1, -1, 1))


def test_what_is_wrong_is_said_beside_the_folders(folder):
    said = (folder / "traps.json").read_text(encoding="utf-8")
    assert all(f'"{name}"' in said for name in TRAPS)


HARMLESS = ["lying-instance-number", "no-slice-location", "enhanced-multi-frame"]


@pytest.mark.parametrize("name", [*HARMLESS, "sagittal", "non-square-pixels"])
def test_our_reader_is_not_caught_by_what_can_be_read_right(folder, name):
    small = Grid.around((0, 0, 0), (184, 140, 15), (0.5, 0.8, 5.0), "LPS")
    grid, scale = {"sagittal": (traps.SAGITTAL_GRID, 1), "non-square-pixels": (small, 0.5)}.get(
        name, (GRID, 1)
    )
    volume = handson.read_series(folder / name)
    np.testing.assert_allclose(volume.affine, grid.affine, atol=1e-6)
    np.testing.assert_array_equal(volume.data, lettered.values(grid, scale))


def test_our_reader_keeps_the_tilt_as_a_shear_of_the_affine(folder):
    volume = handson.read_series(folder / "tilt-15")
    np.testing.assert_allclose(volume.affine[:3, 2], (0, 0, 5), atol=1e-6)
    assert volume.slice_distance == pytest.approx(4.83, abs=0.005)
    found = brightest_point(volume.data.astype(float), volume.affine, share=0.6)
    np.testing.assert_allclose(found, lettered.MARKER_MM, atol=1.5)


def test_our_reader_finds_four_volumes_in_time(folder):
    volume = handson.read_series(folder / "4d-one-position")
    assert (volume.n_volumes, volume.time_step) == (traps.TIMES, traps.TIME_STEP_S)
    for t in range(traps.TIMES):
        np.testing.assert_array_equal(volume.data[..., t], traps.in_time(volume.data[..., 0], t))


@pytest.mark.parametrize("name", ["missing-slice", "duplicate", "uneven-gaps"])
def test_our_reader_refuses_slices_that_make_no_volume(folder, name):
    with pytest.raises(SeriesGapError) as raised:
        handson.read_series(folder / name)
    assert str(folder / name) in str(raised.value)
    assert raised.value.remedy


@pytest.mark.parametrize(("name", "volumes"), [("two-series", 2), ("two-orientations", 3)])
def test_our_reader_asks_which_of_several_volumes_is_meant(folder, name, volumes):
    with pytest.raises(SeriesError):
        handson.read_series(folder / name)
    infos = list(handson.scan(folder / name))
    assert len(infos) == volumes
    for info in infos:
        assert handson.read_series(info).shape[2] == len(info.files)


def test_a_copied_file_is_named_and_may_be_dropped(folder):
    with pytest.raises(SeriesGapError, match="IM"):
        handson.read_series(folder / "same-file-twice")
    volume = handson.read_series(folder / "same-file-twice", on_duplicate="first")
    np.testing.assert_array_equal(volume.data, lettered.values(GRID))


def test_the_radiograph_has_no_side_and_keeps_its_values(folder):
    (path,) = (folder / "monochrome1").iterdir()
    radiograph = handson.read_slice(path)
    assert radiograph.photometric == "MONOCHROME1"
    assert radiograph.affine is None
    np.testing.assert_array_equal(radiograph.pixels, pydicom.dcmread(path).pixel_array)
