"""Segmentations, read: the same voxels as the truth and as independent readers, whatever the file's order."""

import copy
import itertools
from dataclasses import replace

import highdicom
import numpy as np
import pydicom
import pytest
from matplotlib.path import Path as Outline
from nibabel.affines import apply_affine
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

import handson
from handson.errors import GeometryError, HandsonError, ReadError, SeriesGapError
from handson.phantoms import segmentation, study_ct, study_mr
from handson.phantoms.segmentation import LESION, ML
from handson.segmentations import Segment, measure, read_segmentation
from handson.segmentations.colours import from_cielab, to_cielab
from handson.segmentations.rings import even_odd, fill, trace
from handson.volume import Volume


@pytest.fixture(scope="module")
def made():
    return handson.fetch("gen-segmentation")


FRAME = str(segmentation.WHERE["FrameOfReferenceUID"])
CT = Volume(
    np.broadcast_to(np.zeros((), np.int16), study_ct.GRID.shape),
    study_ct.GRID.affine,
    modality="CT",
    frame_of_reference=FRAME,
)
MR = replace(
    CT,
    data=np.broadcast_to(np.zeros((), np.int16), study_mr.GRID.shape),
    affine=study_mr.GRID.affine,
)
TRUE = segmentation.masks(study_ct.GRID)


def changed(path, tmp_path, change, pixels=None):
    """A copy of a DICOM file with something in it changed."""
    dataset = pydicom.dcmread(path)
    change(dataset)
    out = tmp_path / f"changed_{path.name}"
    dataset.save_as(out)
    return out


def reordered(dataset, order):
    """The same SEG with its frames in another order."""
    pixels = dataset.pixel_array[order]
    groups = dataset.PerFrameFunctionalGroupsSequence
    dataset.PerFrameFunctionalGroupsSequence = [groups[i] for i in order]
    if dataset.BitsAllocated == 1:
        bits = np.packbits(pixels.ravel(), bitorder="little").tobytes()
        dataset.PixelData = bits + b"\0" * (len(bits) % 2)
    else:
        dataset.PixelData = pixels.tobytes()


# --- SEG ------------------------------------------------------------------------------------------


def test_binary_is_the_truth_voxel_for_voxel(made):
    segments = read_segmentation(made / "binary.dcm", like=CT)
    assert segments.names == ["lesion", "margin", "ring"]
    for segment in segments:
        np.testing.assert_array_equal(segment.mask.data, TRUE[segment.name])
        assert segment.mask.frame_of_reference == FRAME
        assert measure(segment).ml == pytest.approx(ML[segment.name], rel=0.013)
    assert segments["lesion"].algorithm == "MANUAL"
    assert segments["margin"].algorithm_name == "expand by 8 mm"
    assert segments["lesion"].code.meaning == "Neoplasm"
    assert segments["ring"].category.meaning == "Tissue"
    assert segments["lesion"].author == "Drawer^Dora"
    assert [s.colour for s in segments] == list(segmentation.COLOURS.values())


@pytest.mark.parametrize("name", ["binary", "labelmap", "fractional", "every_second", "binary_mr"])
def test_own_grid_holds_the_same_voxels_at_the_same_places(made, name):
    image = MR if name.endswith("mr") else CT
    own = read_segmentation(made / f"{name}.dcm")
    placed = read_segmentation(made / f"{name}.dcm", like=image)
    for a, b in zip(own, placed, strict=True):
        here, there = (s.mask.world(np.argwhere(s.mask.data)) for s in (a, b))
        key = lambda xyz: sorted(map(tuple, xyz.round(3).tolist()))  # noqa: E731
        assert key(here) == key(there)
        assert measure(a).ml == pytest.approx(measure(b).ml)


@pytest.mark.parametrize("name", ["binary", "labelmap", "fractional", "every_second", "binary_mr"])
def test_equal_to_highdicom(made, name):
    """Each marked voxel of highdicom's volume, at its place in mm, and its volume in ml."""
    theirs = highdicom.seg.segread(made / f"{name}.dcm")
    for segment in read_segmentation(made / f"{name}.dcm"):
        volume = theirs.get_volume(
            segment_numbers=[segment.number],
            combine_segments=False,
            rescale_fractional=True,
            allow_missing_positions=True,
        )
        array = np.asarray(volume.array)[..., 0]
        places = apply_affine(np.diag([-1, -1, 1, 1]) @ volume.affine, np.argwhere(array))
        ijk = segment.mask.voxel(places)
        np.testing.assert_allclose(ijk, ijk.round(), atol=1e-3)
        ours = segment.mask.data[tuple(ijk.round().astype(int).T)]
        np.testing.assert_allclose(ours, array[array > 0], atol=1e-6)
        assert np.count_nonzero(segment.mask.data) == np.count_nonzero(array)
        ml = array.sum() * np.prod(volume.spacing) / 1000
        assert measure(segment).ml == pytest.approx(ml, rel=1e-6)


def test_every_second_slice_is_half_the_volume_and_not_a_step_of_six_millimetres(made):
    (lesion,) = read_segmentation(made / "every_second.dcm")
    assert lesion.mask.spacing[2] == pytest.approx(3)
    assert measure(lesion).ml == pytest.approx(3.642, abs=1e-3)


def test_fractional_is_divided_and_says_what_its_shares_are(made):
    (lesion,) = read_segmentation(made / "fractional.dcm", like=CT)
    assert lesion.kind == "occupancy"
    assert lesion.mask.data.max() == 1
    assert measure(lesion).ml == pytest.approx(ML["lesion"], rel=1e-3)


def test_a_frame_is_placed_by_its_position_in_any_order(made, tmp_path):
    rng = np.random.default_rng(1)
    for name in ("binary", "labelmap", "fractional"):
        count = int(pydicom.dcmread(made / f"{name}.dcm").NumberOfFrames)
        order = rng.permutation(count)
        path = changed(made / f"{name}.dcm", tmp_path, lambda d, o=order: reordered(d, o))
        for like in (None, CT):
            for a, b in zip(
                read_segmentation(path, like=like),
                read_segmentation(made / f"{name}.dcm", like=like),
                strict=True,
            ):
                np.testing.assert_array_equal(a.mask.data, b.mask.data)
                np.testing.assert_allclose(a.mask.affine, b.mask.affine, atol=1e-9)


def turned(volume, axes, flips):
    """The same voxels at the same places, the array's axes flipped and then permuted."""
    for axis, flip in enumerate(flips):
        volume = volume.flip(axis) if flip else volume
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, axes]
    return replace(volume, data=volume.data.transpose(axes), affine=affine)


WAYS = list(
    itertools.product(itertools.permutations(range(3)), itertools.product((0, 1), repeat=3))
)
SOME_WAYS = WAYS[5::7]


def check_turned(made, axes, flips):
    """A mask is the same in the patient, whichever of 48 ways the image's array runs."""
    box = CT.crop((40, 40, 25), (220, 220, 50))
    grid = turned(box, axes, flips)
    for name in ("binary.dcm", "rtstruct.dcm", "labels.nii.gz"):
        cut = [(box, False), (grid, False)]
        a, b = (read_segmentation(made / name, like=volume)[0] for volume, _ in cut)
        np.testing.assert_array_equal(turned(a.mask, axes, flips).data, b.mask.data)
        np.testing.assert_allclose(measure(b).centre, LESION[0], atol=0.02)


@pytest.mark.parametrize(("axes", "flips"), SOME_WAYS)
def test_the_image_may_be_stored_in_any_direction(made, axes, flips):
    check_turned(made, axes, flips)


@pytest.mark.long
@pytest.mark.parametrize(("axes", "flips"), WAYS)
def test_the_image_may_be_stored_in_all_48_directions(made, axes, flips):
    check_turned(made, axes, flips)


def test_oblique_sagittal_frames(made):
    truth = segmentation.masks(study_mr.GRID)
    for segment in read_segmentation(made / "binary_mr.dcm", like=MR):
        np.testing.assert_array_equal(segment.mask.data, truth[segment.name])


def test_an_empty_segment_is_empty_and_said(made, tmp_path):
    def fourth(dataset):
        item = copy.deepcopy(dataset.SegmentSequence[0])
        item.SegmentNumber, item.SegmentLabel = 4, "metastasis"
        dataset.SegmentSequence.append(item)

    path = changed(made / "binary.dcm", tmp_path, fourth)
    segments = read_segmentation(path, like=CT)
    assert not segments["metastasis"].mask.data.any()
    assert measure(segments["metastasis"]).ml == 0
    assert np.isnan(measure(segments["metastasis"]).centre).all()
    assert any("metastasis" in note for note in segments.notes)


def test_one_slice(made, tmp_path):
    def one(dataset):
        keep = [3]
        reordered(dataset, keep)
        dataset.NumberOfFrames = 1

    path = changed(made / "every_second.dcm", tmp_path, one)
    (own,), (placed,) = read_segmentation(path), read_segmentation(path, like=CT)
    assert own.mask.shape == (256, 256, 1)
    assert measure(own).ml == pytest.approx(measure(placed).ml)
    assert np.flatnonzero(placed.mask.data.any(axis=(0, 1))).tolist() == [41]


def test_the_bundled_liver_whose_header_counts_no_frames():
    (liver,) = read_segmentation(get_testdata_file("liver_1frame.dcm", download=False))
    assert liver.name == "Liver"
    assert liver.mask.shape == (512, 512, 1)
    assert measure(liver).side == "right", "where a liver lies"


def test_frames_sheared_by_a_tilted_gantry(made, tmp_path):
    """Slices 3 mm apart along the normal that drift by 0.5 mm each: the mask keeps its place."""

    def tilt(dataset):
        for item in dataset.PerFrameFunctionalGroupsSequence:
            place = item.PlanePositionSequence[0]
            x, y, z = map(float, place.ImagePositionPatient)
            place.ImagePositionPatient = [x, round(y + (z + 84.5) / 6, 6), z]

    path = changed(made / "binary.dcm", tmp_path, tilt)
    affine = CT.affine.copy()
    affine[1, 2] = -0.5
    tilted = replace(CT, affine=affine)
    with pytest.raises(GeometryError, match="another grid"):
        read_segmentation(path, like=CT)
    own, placed = read_segmentation(path), read_segmentation(path, like=tilted)
    for a, b in zip(own, placed, strict=True):
        np.testing.assert_array_equal(b.mask.data, TRUE[b.name])
        assert measure(a).ml == pytest.approx(measure(b).ml)
        np.testing.assert_allclose(measure(a).centre, measure(b).centre, atol=1e-3)


def refuse(path, match, error=HandsonError, **options):
    with pytest.raises(error, match=match) as caught:
        read_segmentation(path, **options)
    assert caught.value.path == path
    assert caught.value.remedy
    return caught.value


def test_what_a_seg_must_not_be(made, tmp_path):
    binary = made / "binary.dcm"

    def nothing(dataset):
        dataset.SegmentSequence = []

    def seventh(dataset):
        group = dataset.PerFrameFunctionalGroupsSequence[2]
        group.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7

    def twice(dataset):
        groups = dataset.PerFrameFunctionalGroupsSequence
        groups[1].PlanePositionSequence = groups[0].PlanePositionSequence

    def unsaid_step(dataset):
        del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices

    def between(dataset):
        place = dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence[0]
        place.ImagePositionPatient[2] += 1.5

    def nowhere(dataset):
        del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence

    def elsewhere(dataset):
        dataset.FrameOfReferenceUID = generate_uid()

    refuse(changed(binary, tmp_path, nothing), "no segment", ReadError)
    refuse(changed(binary, tmp_path, seventh), "does not describe the segment", ReadError, like=CT)
    refuse(changed(binary, tmp_path, twice), "two frames of one segment", ReadError, like=CT)
    refuse(changed(binary, tmp_path, between), "between its slices", SeriesGapError)
    refuse(changed(binary, tmp_path, between), "another grid", GeometryError, like=CT)
    refuse(changed(binary, tmp_path, nowhere), "no place in the patient", ReadError, like=CT)
    path = changed(binary, tmp_path, elsewhere)
    refuse(path, "another frame of reference", GeometryError, like=CT)
    assert len(read_segmentation(path)) == 3, "its own grid needs no image"
    refuse(
        changed(made / "every_second.dcm", tmp_path, unsaid_step),
        "SpacingBetweenSlices",
        SeriesGapError,
    )
    refuse(binary, "outside the image", GeometryError, like=CT.crop((0, 0, 0), (256, 256, 38)))
    refuse(binary, "another grid", GeometryError, like=MR)


def test_fractional_without_its_largest_value_or_beyond_it(made, tmp_path):
    path = changed(
        made / "fractional.dcm", tmp_path, lambda d: d.__delattr__("MaximumFractionalValue")
    )
    refuse(path, "MaximumFractionalValue", ReadError)
    path = changed(
        made / "fractional.dcm", tmp_path, lambda d: setattr(d, "MaximumFractionalValue", 100)
    )
    refuse(path, "holds the value 255", ReadError)


def test_fractional_that_does_not_say_what_its_shares_are(made, tmp_path):
    path = changed(
        made / "fractional.dcm", tmp_path, lambda d: d.__delattr__("SegmentationFractionalType")
    )
    refuse(path, "probabilities or occupancies")


def test_a_label_that_no_segment_has(made, tmp_path):
    path = changed(made / "labelmap.dcm", tmp_path, lambda d: d.SegmentSequence.pop())
    refuse(path, "the value 3", ReadError, like=CT)


def thinner(volume, parts):
    """The same place in slices `parts` times as thin; every one of the old slices is still one of them."""
    affine = volume.affine.copy()
    affine[:3, 2] /= parts
    shape = (*volume.shape[:2], (volume.shape[2] - 1) * parts + 1)
    return replace(volume, data=np.broadcast_to(np.zeros((), np.int16), shape), affine=affine)


@pytest.mark.parametrize("parts", [2, 3])
def test_an_image_with_more_slices_is_another_grid(made, parts):
    """Each frame and each contour lands on a slice, and the slices between would be empty: half the volume."""
    thin = thinner(CT, parts)
    refuse(made / "binary.dcm", "slices are 3 mm apart", GeometryError, like=thin)
    refuse(made / "rtstruct.dcm", f"one of every {parts} slices", GeometryError, like=thin)
    refuse(made / "labels.nii.gz", "another grid", GeometryError, like=thin)
    (lesion, *_) = read_segmentation(made / "binary.dcm", like=thin, resample=True)
    assert measure(lesion).ml == pytest.approx(ML["lesion"], rel=0.05)
    sparse = read_segmentation(made / "rtstruct.dcm", like=thin, between="nearest")
    assert any("no contour in" in note for note in sparse.notes)


def test_another_grid_by_word(made):
    coarse = Volume(np.zeros((80, 90, 70)), np.diag([-2, -2, 2.5, 1.0]), frame_of_reference=FRAME)
    affine = coarse.affine.copy()
    affine[:3, 3] = 80, 85, -80
    coarse = replace(coarse, affine=affine)
    refuse(made / "binary.dcm", "another grid", GeometryError, like=coarse)
    segments = read_segmentation(made / "binary.dcm", like=coarse, resample=True)
    assert measure(segments["lesion"]).ml == pytest.approx(ML["lesion"], rel=0.05)
    np.testing.assert_allclose(measure(segments["lesion"]).centre, LESION[0], atol=0.5)
    (shares,) = read_segmentation(made / "fractional.dcm", like=coarse, resample=True)
    assert 0 <= shares.mask.data.min() <= shares.mask.data.max() <= 1


def test_the_series_is_found_in_the_folder_of_the_whole_study(made):
    study = handson.fetch("gen-study")
    (lesion, *_) = read_segmentation(made / "binary.dcm", like=study)
    assert lesion.mask.shape == CT.shape
    (lesion, *_) = read_segmentation(made / "rtstruct_mr.dcm", like=study)
    assert lesion.mask.shape == MR.shape


def test_a_source_that_is_not_there(made, tmp_path):
    study = handson.fetch("gen-study")
    files = [*sorted((study / "PT").iterdir()), *sorted((study / "MR").iterdir())]
    with pytest.raises(ReadError, match="does not hold the series"):
        read_segmentation(made / "binary.dcm", like=files)
    with pytest.raises(HandsonError):
        read_segmentation(made / "binary.dcm", like=tmp_path / "none")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(HandsonError):
        read_segmentation(made / "binary.dcm", like=empty)
    assert len(read_segmentation(made / "binary.dcm")) == 3


def test_what_is_no_segmentation(made, tmp_path):
    study = handson.fetch("gen-study")
    image = next((study / "CT").iterdir())
    refuse(image, "not a segmentation .CT Image", ReadError)
    text = tmp_path / "a.txt"
    text.write_text("hello, I am not an image at all")
    refuse(text, "not a DICOM file", ReadError)
    refuse(tmp_path / "none", "cannot be", ReadError)
    refuse(made / "rtstruct.dcm", "contours and no voxels", ReadError)
    with pytest.raises(HandsonError, match="between"):
        read_segmentation(made / "rtstruct.dcm", like=CT, between="guess")
    data = (made / "binary.dcm").read_bytes()
    for share in (0.2, 0.7, 0.99):
        short = tmp_path / "short.dcm"
        short.write_bytes(data[: int(len(data) * share)])
        refuse(short, "short.dcm: ", HandsonError)


def test_open_says_who_reads_it(made):
    with pytest.raises(ReadError, match="read_segmentation"):
        handson.open(made / "rtstruct.dcm")


def test_an_image_without_a_place_is_no_grid(made):
    for unplaced in (replace(CT, oriented=False), replace(CT, scale="none")):
        with pytest.raises(GeometryError, match="no place"):
            read_segmentation(made / "binary.dcm", like=unplaced)


def test_the_case_of_two_lesions_90_mm_apart(made, tmp_path):
    """Empty frames left out: 31 slices of 3 mm, and not two slices 90 mm apart."""

    def ends(dataset):
        frames = [
            i
            for i, g in enumerate(dataset.PerFrameFunctionalGroupsSequence)
            if g.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 2
        ]
        reordered(dataset, [frames[0], frames[-1]])
        dataset.NumberOfFrames = 2

    margin = read_segmentation(changed(made / "binary.dcm", tmp_path, ends))["margin"]
    assert margin.mask.spacing[2] == pytest.approx(3)
    assert margin.mask.shape[2] == 13 + 1 - (margin.mask.shape[2] == 13)
    assert np.flatnonzero(margin.mask.data.any(axis=(0, 1))).tolist() == [
        0,
        margin.mask.shape[2] - 1,
    ]


# --- RTSTRUCT -------------------------------------------------------------------------------------


def rings_of(path, name):
    dataset = pydicom.dcmread(path)
    number = next(r.ROINumber for r in dataset.StructureSetROISequence if r.ROIName == name)
    (drawn,) = [c for c in dataset.ROIContourSequence if c.ReferencedROINumber == number]
    for contour in drawn.ContourSequence:
        yield np.reshape(np.array(contour.ContourData, float), (-1, 3)) * (-1, -1, 1)


@pytest.mark.parametrize(
    ("file", "grid"), [("rtstruct.dcm", CT), ("rtstruct_mr.dcm", MR)], ids=["CT", "MR"]
)
def test_contours_are_those_of_matplotlib(made, file, grid):
    for segment in read_segmentation(made / file, like=grid):
        expected = np.zeros(grid.shape, bool)
        i, j = np.indices(grid.shape[:2])
        for ring in rings_of(made / file, segment.name):
            ijk = grid.voxel(ring)
            k = round(ijk[:, 2].mean())
            inside = Outline(ijk[:, :2]).contains_points(np.column_stack([i.ravel(), j.ravel()]))
            expected[:, :, k] ^= inside.reshape(grid.shape[:2])
        np.testing.assert_array_equal(segment.mask.data, expected)


def test_a_ring_within_a_ring_is_a_hole_and_a_point_has_no_area(made):
    segments = read_segmentation(made / "rtstruct.dcm", like=CT)
    assert segments.names == ["lesion", "margin", "ring"]
    ring = segments["ring"].mask
    i, j, k = ring.voxel(segmentation.RING[0]).round().astype(int)
    assert not ring.data[i, j, k]
    assert measure(segments["ring"]).ml == pytest.approx(12.131, abs=0.03)
    np.testing.assert_allclose(segments.points["isocentre"], [segmentation.ISOCENTRE])
    assert any("isocentre is a point" in note for note in segments.notes)
    assert segments["lesion"].author == "Drawer^Dora"


def test_between_slices_is_refused_or_moved_by_word(made):
    refuse(made / "between_slices.dcm", "lies in none", GeometryError, like=CT)
    moved = read_segmentation(made / "between_slices.dcm", like=CT, between="nearest")
    assert measure(moved[0]).ml == pytest.approx(7.284, abs=1e-3)


def edit_contours(change):
    def edit(dataset):
        contours = dataset.ROIContourSequence[0].ContourSequence
        change(contours)

    return edit


def test_what_contours_must_not_be(made, tmp_path):
    source = made / "rtstruct.dcm"

    def twice(contours):
        contours.append(copy.deepcopy(contours[3]))

    def crossing(contours):
        other = copy.deepcopy(contours[3])
        points = np.reshape(np.array(other.ContourData, float), (-1, 3)) + np.array((6, 0, 0))
        other.ContourData = [f"{v:.4f}" for v in points.ravel()]
        contours.append(other)

    def odd(contours):
        contours[0].ContourData = contours[0].ContourData[:-1]

    def tipped(contours):
        points = np.reshape(np.array(contours[3].ContourData, float), (-1, 3))
        points[:, 2] += (points[:, 0] - points[:, 0].mean()) / 4
        contours[3].ContourData = [f"{v:.4f}" for v in points.ravel()]

    def away(contours):
        points = np.reshape(np.array(contours[3].ContourData, float), (-1, 3)) + np.array(
            (300, 0, 0)
        )
        contours[3].ContourData = [f"{v:.4f}" for v in points.ravel()]

    for change, says in (
        (twice, "stands there twice"),
        (crossing, "two contours cross"),
        (odd, "539 numbers for 180 points"),
        (tipped, "not drawn in the slices"),
        (away, "leaves the image"),
    ):
        path = changed(source, tmp_path, edit_contours(change))
        refuse(path, says, HandsonError, like=CT)
    refuse(source, "leaves the image", like=CT.crop((0, 0, 0), (256, 256, 38)))

    def elsewhere(dataset):
        for region in dataset.StructureSetROISequence:
            region.ReferencedFrameOfReferenceUID = generate_uid()

    refuse(changed(source, tmp_path, elsewhere), "another frame of reference", like=CT)

    def nothing(dataset):
        dataset.StructureSetROISequence = []

    refuse(changed(source, tmp_path, nothing), "without a region", like=CT)


def test_rings_of_few_points_open_lines_and_gaps_are_said(made, tmp_path):
    def few(contours):
        contours[0].ContourData, contours[0].NumberOfContourPoints = contours[0].ContourData[:6], 2
        contours[1].ContourGeometricType = "OPEN_PLANAR"
        del contours[4]

    path = changed(made / "rtstruct.dcm", tmp_path, edit_contours(few))
    segments = read_segmentation(path, like=CT)
    told = " ".join(segments.notes)
    for part in ("one or two points", "OPEN_PLANAR", "no contour in 1 slice "):
        assert part in told
    assert measure(segments["lesion"]).ml < 7


def test_a_region_without_contours_is_empty(made, tmp_path):
    def bare(dataset):
        del dataset.ROIContourSequence[0].ContourSequence

    segments = read_segmentation(changed(made / "rtstruct.dcm", tmp_path, bare), like=CT)
    assert not segments["lesion"].mask.data.any()
    assert any("lesion has no contour" in note for note in segments.notes)


def test_the_bundled_structure_set_holds_3600_ml_and_not_what_it_says():
    """Three rings of 400 x 300 mm, 10 mm apart; ROIVolume says 49200 cm3. Corners lie on voxel centres."""
    path = get_testdata_file("rtstruct.dcm", download=False)
    affine = np.diag([-5.0, -5.0, 10.0, 1.0])
    affine[:3, 3] = 250, 200, -240
    grid = Volume(np.zeros((101, 81, 30), np.int16), affine)
    for volume in (grid, grid.flip(0), grid.flip(1), grid.flip(2)):
        segments = read_segmentation(path, like=volume)
        assert segments.names == ["patient"]
        assert set(segments.points) == {"Isocenter 1", "Isocenter 2"}
        assert measure(segments[0]).ml == pytest.approx(3600, rel=0.09)
    sizes = {
        tuple(measure(read_segmentation(path, like=v)[0]).centre)
        for v in (grid, grid.flip(0), grid.flip(1), grid.flip(0).flip(1))
    }
    assert len({tuple(np.round(centre, 6)) for centre in sizes}) == 1, (
        "a tie is broken in the patient"
    )


@pytest.mark.parametrize("seed", range(3))
def test_edges_to_rings_and_back_are_exact(seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        mask = rng.random(rng.integers(1, 13, 2)) < rng.random()
        rings = trace(mask)
        back = even_odd([fill(ring, mask.shape) for ring in rings]) if rings else mask & False
        np.testing.assert_array_equal(back, mask)
        assert all((np.abs(ring % 1) == 0.5).all() for ring in rings)


def test_rings_turn_left_around_and_right_within():
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    areas = sorted(
        float(np.cross(ring, np.roll(ring, -1, axis=0)).sum() / 2)
        if ring.shape[1] == 3
        else area(ring)
        for ring in trace(mask)
    )
    assert areas == [-1, 25]


def area(ring):
    p, q = ring.T
    return float((p * np.roll(q, -1) - np.roll(p, -1) * q).sum() / 2)


# --- NIfTI ----------------------------------------------------------------------------------------


def test_a_label_map_that_starts_from_the_other_side(made):
    """Its array is turned against the CT's: by index it would be mirrored, by mm it is the truth."""
    bare = read_segmentation(made / "labels.nii.gz", like=CT)
    np.testing.assert_array_equal(bare[0].mask.data, TRUE["lesion"])
    assert bare.names == ["", "", ""]
    assert any("no names" in note for note in bare.notes)


def test_names_from_a_table_beside_the_file(made, tmp_path):
    path = tmp_path / "sub-01_dseg.nii.gz"
    path.write_bytes((made / "labels.nii.gz").read_bytes())
    path.with_name("sub-01_dseg.tsv").write_text(
        "index\tname\tcolor\n1\tlesion\t#ff0000\n2\tshell\tn/a\n3\tring\t#00FF7f\n9\tnone\t\n"
    )
    segments = read_segmentation(path)
    assert segments.names == ["lesion", "shell", "ring", "none"]
    assert [s.colour for s in segments] == [(255, 0, 0), None, (0, 255, 127), None]
    assert not segments["none"].mask.data.any()
    path.with_name("sub-01_dseg.tsv").write_text("onset\tduration\n1\t2\n")
    assert read_segmentation(path).names == ["", "", ""], "another table says nothing"


def test_what_is_no_label_map(tmp_path):
    shares = Volume(np.linspace(0, 1, 8).reshape(2, 2, 2), np.eye(4))
    path = handson.write_nifti(shares, tmp_path / "shares.nii")
    refuse(path, "between whole numbers", ReadError)
    path = handson.write_nifti(replace(shares, data=-np.ones((2, 2, 2), np.int8)), path)
    refuse(path, "labels start at 0", ReadError)
    path = handson.write_nifti(replace(shares, data=np.zeros((2, 2, 2, 3), np.uint8)), path)
    refuse(path, "not one volume", ReadError)
    path = handson.write_nifti(replace(shares, data=np.zeros((2, 2, 2), np.uint8)), path)
    assert read_segmentation(path) == []


# --- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rgb", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (213, 94, 0), (7, 8, 9), (0, 0, 0)]
)
def test_colours_are_highdicoms(rgb):
    theirs = highdicom.color.CIELabColor.from_rgb(*rgb)
    np.testing.assert_allclose(to_cielab(rgb), theirs.value, atol=30)
    assert from_cielab(to_cielab(rgb)) == rgb
    np.testing.assert_allclose(from_cielab(theirs.value), rgb, atol=1)


# --- Segment and Segmentation ---------------------------------------------------------------------


def test_a_label_map_refuses_overlap_and_names_the_pair(made):
    segments = read_segmentation(made / "binary.dcm", like=CT)
    with pytest.raises(HandsonError, match=r"lesion and margin overlap in \d+ voxels"):
        segments.label_map()
    labels = read_segmentation(made / "labelmap.dcm", like=CT).label_map()
    assert set(np.unique(labels.data)) == {0, 1, 2, 3}
    with pytest.raises(HandsonError, match="map of occupancy"):
        read_segmentation(made / "fractional.dcm").label_map()


def test_a_segment_is_found_by_name(made):
    segments = read_segmentation(made / "binary.dcm", like=CT)
    assert segments["ring"] is segments[2]
    with pytest.raises(HandsonError, match="no segment is named 'Ring'"):
        segments["Ring"]


def test_a_mask_must_be_one():
    with pytest.raises(HandsonError, match="other than 0 and 1"):
        Segment(1, "x", Volume(np.arange(8).reshape(2, 2, 2), np.eye(4)))
    with pytest.raises(HandsonError, match="0 to 1"):
        Segment(1, "x", Volume(np.full((2, 2, 2), 2.0), np.eye(4)), kind="probability")
    with pytest.raises(HandsonError, match="not one 3-D Volume"):
        Segment(1, "x", np.zeros((2, 2, 2)))
    assert Segment(1, "x", Volume(np.ones((2, 2, 2), np.uint8), np.eye(4))).mask.data.dtype == bool
