"""The invented patient's study: conformant, placed where its own truth says, marker on her right."""

import numpy as np
import pydicom
import pytest
from phantom_proof import (
    assert_conformant,
    brightest_point,
    corners,
    dcm2niix_volume,
    files,
    simpleitk_volume,
    some,
    world_values,
)
from pydicom.fileset import FileSet

import handson
from handson.phantoms import study, study_ct, study_mr, study_pet, study_us
from handson.phantoms.patient import PRIVATE_CREATOR
from handson.phantoms.study import MARKER_MM

VOLUMES = {"MR": study_mr.GRID, "CT": study_ct.GRID, "PT": study_pet.GRID}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    study.make(folder)
    return folder


@pytest.fixture(scope="session")
def volumes(folder):
    """Modality -> values, affine, shape as dcm2niix reads them."""
    return {name: dcm2niix_volume(folder / name) for name in VOLUMES}


@pytest.fixture(scope="session")
def headers(folder):
    return {
        name: [
            pydicom.dcmread(path, stop_before_pixels=True)
            for path in sorted((folder / name).iterdir())
        ]
        for name in (*VOLUMES, "US")
    }


def test_files_of_every_series_are_conformant(folder):
    assert_conformant(some(folder))


@pytest.mark.long
def test_every_file_is_conformant(folder):
    assert_conformant(files(folder))


def test_the_whole_study_fits_in_40_megabytes(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 40e6


@pytest.mark.parametrize("name", VOLUMES)
def test_dcm2niix_finds_the_grid_that_was_meant(volumes, name):
    _, affine, shape = volumes[name]
    meant = VOLUMES[name]
    np.testing.assert_allclose(
        corners(affine, shape), corners(meant.affine, meant.shape), atol=1e-4
    )


@pytest.mark.parametrize("name", VOLUMES)
def test_simpleitk_finds_the_same_grid_and_the_same_values(folder, volumes, name):
    values, affine, shape = simpleitk_volume(folder / name)
    meant = VOLUMES[name]
    np.testing.assert_allclose(
        corners(affine, shape), corners(meant.affine, meant.shape), atol=1e-4
    )
    ijk = np.random.default_rng(1).integers(0, shape, (2000, 3))
    theirs = world_values(*volumes[name][:2], affine, ijk)
    np.testing.assert_allclose(values[tuple(ijk.T)], theirs, rtol=2e-4, atol=1)


@pytest.mark.parametrize("name", VOLUMES)
def test_the_marker_lies_on_the_patients_right_where_the_truth_says(volumes, name):
    values, affine, _ = volumes[name]
    found = brightest_point(values, affine, share=0.85)
    assert found[0] > 80
    np.testing.assert_allclose(found, MARKER_MM, atol=0.6)


def test_the_mr_is_sagittal_with_rows_that_climb_8_degrees(headers):
    for dataset in headers["MR"]:
        row, column = np.reshape(dataset.ImageOrientationPatient, (2, 3))
        np.testing.assert_allclose(np.cross(row, column), (-1, 0, 0), atol=1e-9)
        assert np.rad2deg(np.arctan2(row[2], row[1])) == pytest.approx(8)
    assert len(headers["MR"]) >= 150
    assert {d.BitsStored for d in headers["MR"]} == {12}


def test_hounsfield_units_tell_air_csf_brain_and_bone(volumes):
    values, affine, _ = volumes["CT"]

    def mean(*mm):
        ijk = np.rint(np.linalg.inv(affine) @ (*mm, 1)).astype(int)[:3]
        return values[tuple(slice(n - 1, n + 2) for n in ijk)].mean()

    assert mean(-100, 90, 20) == pytest.approx(-1000, abs=30)
    assert mean(0, 72, -44) == pytest.approx(study_ct.AIR, abs=30)
    assert 20 < mean(-26, -20, 30) < 40  # white matter
    assert values.max() < 2100
    assert np.percentile(values[values > 900], 50) == pytest.approx(study_ct.BONE, abs=120)


def test_the_pet_slices_have_slopes_of_their_own_and_the_unit_is_stated(headers):
    assert len({float(d.RescaleSlope) for d in headers["PT"]}) > 40
    assert {d.Units for d in headers["PT"]} == {"BQML"}


def test_the_hot_spot_lies_in_the_patients_left_hemisphere(volumes):
    values, affine, _ = volumes["PT"]
    ijk = np.argwhere(values > 0.7 * study_pet.HOT_SPOT_VALUE)
    mm = (np.c_[ijk, np.ones(len(ijk))] @ affine.T)[:, :3]
    left = mm[mm[:, 0] < 0]
    assert len(left) > 10
    np.testing.assert_allclose(left.mean(0), study_pet.HOT_SPOT_MM, atol=1.5)
    assert (mm[mm[:, 0] > 0][:, 0] > 75).all()  # on the right only the marker is that hot


def test_brain_and_skull_lie_over_each_other_in_all_three(volumes):
    """The hull of the bone in the CT holds the brain of MR and PET: one frame of reference."""
    ct, ct_affine, _ = volumes["CT"]
    grid = study_pet.GRID
    ijk = np.argwhere(np.ones(grid.shape, bool))[::37]
    pet = world_values(*volumes["PT"][:2], grid.affine, ijk)
    hu = world_values(ct, ct_affine, grid.affine, ijk)
    hot = hu[(pet > 12000) & (pet < 50000)]
    assert len(hot) > 500
    assert (hot > 300).mean() < 0.05
    assert ((hot > -20) & (hot < 80)).mean() > 0.9


def test_one_patient_two_studies_one_frame_of_reference(headers):
    everything = [d for series in headers.values() for d in series]
    assert {str(d.PatientName) for d in everything} == {"Example^Anna^Maria"}
    assert {d.PatientID for d in everything} == {"FAKE-0001"}
    assert len({d.StudyInstanceUID for d in everything}) == 2
    assert len({d.FrameOfReferenceUID for name in VOLUMES for d in headers[name]}) == 1
    assert len({d.SOPInstanceUID for d in everything}) == len(everything)


def test_identity_hides_in_free_text_private_elements_and_sequences(headers):
    for dataset, *_ in headers.values():
        assert "Anna" in dataset.private_block(0x0009, PRIVATE_CREATOR)[0x01].value
        assert "Example" in dataset.ImageComments
        nested = dataset.RequestAttributesSequence[0]
        assert "Example" in nested.ScheduledProcedureStepDescription
        for keyword in ("InstitutionName", "ReferringPhysicianName", "AccessionNumber"):
            assert dataset[keyword].value


@pytest.mark.parametrize("name", VOLUMES)
def test_file_names_tell_nothing_about_the_order(headers, name):
    numbers = [int(d.InstanceNumber) for d in headers[name]]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert numbers not in (sorted(numbers), sorted(numbers, reverse=True))


def test_the_dicomdir_leads_to_every_file_and_keeps_its_name(folder):
    found = FileSet(folder / "DICOMDIR")
    assert len(found.find_values("StudyInstanceUID")) == 2
    assert sorted(found.find_values("Modality")) == ["CT", "MR", "PT", "US"]
    files = {path for name in (*VOLUMES, "US") for path in (folder / name).iterdir()}
    referenced = {}
    for record in pydicom.dcmread(folder / "DICOMDIR").DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            path = folder.joinpath(*record.ReferencedFileID)
            referenced[path] = record.ReferencedSOPInstanceUIDInFile
    assert set(referenced) == files
    sample = sorted(files)[::40]
    for path in sample:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        assert header.SOPInstanceUID == referenced[path]


def test_the_burned_in_name_fills_its_box_and_nothing_beside_it(folder):
    (path,) = (folder / "US").iterdir()
    dataset = pydicom.dcmread(path)
    assert dataset.BurnedInAnnotation == "YES"
    picture = dataset.pixel_array
    top, bottom, left, right = study_us.BURNED_IN
    text = picture.min(axis=2) > 200
    assert text[top:bottom, left:right].sum() > 1000
    text[top:bottom, left:right] = False
    assert not text[: bottom + 10].any()
    top, bottom, left, right = study_us.HARMLESS
    assert (picture[top:bottom, left:right, 0] > 200).sum() > 200


def test_our_reader_reads_the_study_through_its_dicomdir(folder):
    infos = {info.modality: info for info in handson.scan(folder / "DICOMDIR")}
    assert set(infos) == {"MR", "CT", "PT", "US"}
    for name, meant in VOLUMES.items():
        volume = handson.read_series(infos[name])
        np.testing.assert_allclose(volume.affine, meant.affine, atol=1e-6)
        assert volume.unit == {"MR": "", "CT": "HU", "PT": "Bq/ml"}[name]
        found = brightest_point(volume.data.astype(np.float32), volume.affine, share=0.85)
        np.testing.assert_allclose(found, MARKER_MM, atol=0.6)
