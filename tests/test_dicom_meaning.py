"""What a volume means beyond its voxels: scale, frame of reference, segmentations, nuclear medicine."""

import numpy as np
import pytest
from dicom_files import AXIAL, bundled, picture, save, stack, values, write
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset

from handson import read_series, read_slice
from handson.dicom import regions_of
from handson.errors import SeriesGapError

SEGMENTATION, ULTRASOUND = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.6.1"


# --- scale ----------------------------------------------------------------------------------------


def test_a_folder_of_pictures_without_spacing_has_no_millimetres(tmp_path):
    path = save(picture(values((1, 4, 5))[0], SeriesInstanceUID="1.2.3"), tmp_path / "a")
    for volume in (read_series(tmp_path), read_series(path), read_slice(path).as_volume()):
        assert volume.scale == "none"
        assert "distances not stated" in repr(volume)
        assert volume.flip(0).crop((0, 0, 0), (2, 2, 1)).scale == "none"


def test_the_spacing_of_a_detector_is_said_to_hold_there(tmp_path):
    one = picture(values((1, 4, 5))[0], ImagerPixelSpacing=[0.2, 0.1])
    path = save(one, tmp_path / "dx")
    for volume in (read_series(path), read_slice(path).as_volume()):
        assert volume.scale == "detector"
        assert_allclose(volume.spacing[:2], (0.1, 0.2))
    one.PixelSpacing = [0.2, 0.1]
    assert read_series(save(one, path)).scale == "detector"
    one.PixelSpacingCalibrationType = "FIDUCIAL"
    assert read_series(save(one, path)).scale == "mm"


@pytest.mark.parametrize("name", ["SC_rgb_gdcm_KY.dcm", "examples_palette.dcm", "OBXXXX1A.dcm"])
def test_real_pictures_without_spacing_have_no_millimetres(name):
    path = bundled(name)
    slice_ = read_slice(path)
    if slice_.spacing is None:
        assert read_series(path).scale == "none"


def region(form=1, units=(3, 3), deltas=(0.05, 0.04), box=(0, 0, 4, 3)) -> Dataset:
    made = Dataset()
    made.RegionSpatialFormat, made.RegionDataType, made.RegionFlags = form, 1, 0
    made.PhysicalUnitsXDirection, made.PhysicalUnitsYDirection = units
    made.PhysicalDeltaX, made.PhysicalDeltaY = deltas
    (made.RegionLocationMinX0, made.RegionLocationMinY0,
     made.RegionLocationMaxX1, made.RegionLocationMaxY1) = box  # fmt: skip
    return made


def ultrasound(*regions):
    return picture(
        values((1, 8, 9))[0],
        SOPClassUID=ULTRASOUND,
        Modality="US",
        SequenceOfUltrasoundRegions=list(regions),
    )


def test_a_calibrated_region_gives_millimetres(tmp_path):
    path = save(ultrasound(region()), tmp_path / "us")
    found = read_slice(path)
    assert_allclose(found.spacing, (0.4, 0.5))
    assert read_series(path).scale == "mm"
    (one,) = regions_of(found.dataset)
    assert (one.rows, one.columns, one.why) == ((0, 3), (0, 4), "")


def test_regions_that_differ_give_none_to_the_picture_and_say_why(tmp_path):
    made = ultrasound(region(), region(form=3, units=(4, 7), box=(0, 4, 8, 7)))
    path = save(made, tmp_path / "us")
    found = read_slice(path)
    assert found.spacing is None
    assert read_series(path).scale == "none"
    assert "regions_of" in " ".join(found.notes)
    first, second = regions_of(found.dataset)
    assert_allclose(first.spacing, (0.4, 0.5))
    assert second.spacing is None
    assert "spectrum" in second.why
    (other,) = regions_of(ultrasound(region(units=(4, 3))))
    assert "s across" in other.why


def test_the_frame_of_reference_is_kept_and_never_guessed(tmp_path):
    datasets = stack(values(), FrameOfReferenceUID="1.2.840.99")
    write(datasets, tmp_path / "one")
    assert read_series(tmp_path / "one").frame_of_reference == "1.2.840.99"
    for n, dataset in enumerate(datasets):
        dataset.FrameOfReferenceUID = f"1.2.840.{n + 1}"
    write(datasets, tmp_path / "each its own")
    volume = read_series(tmp_path / "each its own")
    assert volume.frame_of_reference == ""
    assert "several frames of reference" in " ".join(volume.notes)
    write(stack(values()), tmp_path / "none")
    assert read_series(tmp_path / "none").frame_of_reference == ""


# --- segmentations --------------------------------------------------------------------------------


def segmentation(pixels, ks, step=3.0, stated=3.0, kind="BINARY", **elements) -> Dataset:
    """A SEG whose frames lie at `ks` times `step` mm; `stated`: its SpacingBetweenSlices, or None."""
    made = picture(np.asarray(pixels), SOPClassUID=SEGMENTATION, Modality="SEG", NumberOfFrames=len(ks),
                   SegmentationType=kind, **elements)  # fmt: skip
    made.Rows, made.Columns = np.shape(pixels)[-2:]
    groups = []
    for k in ks:
        group, place, segment = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [-10.0, 5.0, k * step]
        segment.ReferencedSegmentNumber = 1
        group.PlanePositionSequence = [place]
        group.SegmentIdentificationSequence = [segment]
        groups.append(group)
    made.PerFrameFunctionalGroupsSequence = groups
    shared, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = list(AXIAL)
    measures.PixelSpacing = [1.0, 1.0]
    if stated:
        measures.SpacingBetweenSlices = stated
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    return made


def labels(count, value=1) -> np.ndarray:
    pixels = np.zeros((count, 4, 5), np.uint8)
    pixels[:, 1, 2:4] = value
    return pixels


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("ks", [(0, 2, 4, 6), (0, 30), (0, 1, 2, 7)])
def test_slices_that_a_segmentation_leaves_out_are_empty(tmp_path, kind, ks):
    volume = read_series(save(segmentation(labels(len(ks)), ks, kind=kind), tmp_path / "seg"))
    assert volume.shape == (5, 4, ks[-1] + 1)
    assert_allclose(volume.spacing, (1, 1, 3))
    marked = np.flatnonzero(volume.data.any(axis=(0, 1)))
    assert tuple(marked) == ks
    assert volume.data.sum() * volume.voxel_volume == pytest.approx(len(ks) * 2 * 3.0)


@pytest.mark.parametrize("stated", [None, 4.0])
def test_a_segmentation_whose_step_is_not_known_is_refused(tmp_path, stated):
    path = save(segmentation(labels(3), (0, 2, 4), stated=stated), tmp_path / "seg")
    for option in ({}, {"on_gap": "resample"}):
        with pytest.raises(SeriesGapError, match=r"SpacingBetweenSlices.*highdicom"):
            read_series(path, **option)


def test_fractional_values_are_shares_of_the_greatest(tmp_path):
    made = segmentation(labels(3, 64), (0, 1, 2), kind="FRACTIONAL",
                        MaximumFractionalValue=128, SegmentationFractionalType="PROBABILITY")  # fmt: skip
    path = save(made, tmp_path / "seg")
    volume = read_series(path)
    assert volume.data.max() == 0.5
    assert volume.unit == "probability"
    assert read_slice(path, frame=0).pixels.max() == 0.5
    del made.MaximumFractionalValue
    with pytest.raises(Exception, match="MaximumFractionalValue"):
        read_series(save(made, path))


def test_a_label_map_with_a_palette_is_labels_and_not_colour(tmp_path):
    made = segmentation(labels(3, 7), (0, 1, 2), kind="LABELMAP", PixelPaddingValue=0)
    made.PhotometricInterpretation = "PALETTE COLOR"
    for name in ("Red", "Green", "Blue"):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(made, f"{name}PaletteColorLookupTableData", np.arange(256, dtype="<u2").tobytes())
    volume = read_series(save(made, tmp_path / "seg"))
    assert sorted(np.unique(volume.data)) == [0, 7]
    assert not volume.rgb
    assert "padding" not in " ".join(volume.notes)


# --- nuclear medicine -----------------------------------------------------------------------------


def reconstruction(**elements) -> Dataset:
    return picture(
        values((6, 4, 5)), SOPClassUID="1.2.840.10008.5.1.4.1.1.20", Modality="NM", NumberOfFrames=6,
        ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"], SliceVector=list(range(1, 7)),
        PixelSpacing=[4.0, 3.0], **elements,
    )  # fmt: skip


def test_a_reconstruction_may_state_its_place_at_the_top_level(tmp_path):
    made = reconstruction(
        SpacingBetweenSlices=-4.0,
        ImagePositionPatient=[-30, -40, 50],
        ImageOrientationPatient=list(AXIAL),
    )
    made.DetectorInformationSequence = [Dataset()]
    volume = read_series(save(made, tmp_path / "nm"))
    assert volume.shape == (5, 4, 6)
    assert_array_equal(volume.data, values((6, 4, 5))[::-1].T)
    assert_allclose(volume.world((0, 0, 0)), (30, 40, 30))


def test_slices_of_a_reconstruction_without_a_step_are_not_called_time(tmp_path):
    made = reconstruction(ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=list(AXIAL))
    volume = read_series(save(made, tmp_path / "nm"))
    assert not volume.oriented
    assert volume.time_step is None
    assert "no place" in " ".join(volume.notes)
