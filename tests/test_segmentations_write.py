"""Segmentations, written and measured: what goes out comes back, and independent programs agree."""

import shutil
import subprocess
from dataclasses import replace

import highdicom
import nibabel
import numpy as np
import programs
import pydicom
import pytest
from nibabel.affines import apply_affine
from pydicom.sr.codedict import codes
from scipy.ndimage import binary_erosion

import handson
from handson.errors import GeometryError, HandsonError, SeriesGapError, WriteError
from handson.phantoms import segmentation, study_ct
from handson.segmentations import (
    Segment,
    Segmentation,
    compare,
    measure,
    read_segmentation,
    write_segmentation,
)
from handson.volume import Volume

TRUE = segmentation.masks(study_ct.GRID)
SimpleITK = pytest.importorskip("SimpleITK", reason="SimpleITK (extra test) is not installed")


@pytest.fixture(scope="module")
def made():
    return handson.fetch("gen-segmentation")


@pytest.fixture(scope="module")
def source():
    return handson.fetch("gen-study") / "CT"


@pytest.fixture(scope="module")
def ct(source):
    return handson.read_series(source)


@pytest.fixture(scope="module")
def segments(made, ct):
    return read_segmentation(made / "binary.dcm", like=ct)


def drawn(mask, name="lesion", number=1, **more):
    said = {"algorithm": "MANUAL", "code": codes.SCT.Neoplasm, "colour": (213, 94, 0)} | more
    return Segment(number, name, mask, **said)


def assert_valid(path):
    """dciodvfy knows every rule of PS3.3; it does not know label maps."""
    dciodvfy = programs.need("dciodvfy")
    said = subprocess.run([dciodvfy, path], capture_output=True, text=True).stderr
    assert not [line for line in said.splitlines() if line.startswith("Error")], said


# --- writing --------------------------------------------------------------------------------------


def test_the_generated_objects_are_valid(made):
    for name in ("binary", "fractional", "every_second", "rtstruct", "binary_mr", "rtstruct_mr"):
        assert_valid(made / f"{name}.dcm")


def test_a_seg_comes_back_with_its_voxels_names_codes_and_colours(segments, source, ct, tmp_path):
    path = write_segmentation(tmp_path / "seg.dcm", segments, source)
    back = read_segmentation(path, like=ct)
    for a, b in zip(segments, back, strict=True):
        np.testing.assert_array_equal(a.mask.data, b.mask.data)
        for field in ("number", "name", "kind", "algorithm", "algorithm_name", "author", "colour"):
            assert getattr(a, field) == getattr(b, field), field
        assert a.code == b.code
        assert a.category == b.category
    dataset = pydicom.dcmread(path)
    assert dataset.NumberOfFrames == 32, "empty frames are left out"
    assert dataset.StudyInstanceUID == pydicom.dcmread(next(source.iterdir())).StudyInstanceUID
    assert_valid(path)


@pytest.mark.parametrize("kind", ["LABELMAP", "FRACTIONAL", "RTSTRUCT", "NIFTI"])
def test_each_kind_comes_back(made, source, ct, tmp_path, kind):
    name = "fractional" if kind == "FRACTIONAL" else "labelmap"
    segments = read_segmentation(made / f"{name}.dcm", like=ct)
    path = tmp_path / ("seg.nii.gz" if kind == "NIFTI" else "seg.dcm")
    back = read_segmentation(write_segmentation(path, segments, source, kind), like=ct)
    for a, b in zip(segments, back, strict=True):
        np.testing.assert_allclose(a.mask.data, b.mask.data, atol=1e-6)
        assert (a.name, a.number, a.kind) == (b.name, b.number, b.kind)
        assert a.colour == b.colour or kind == "LABELMAP"
    if kind in ("FRACTIONAL", "RTSTRUCT"):
        assert_valid(path)


def test_holes_and_corners_survive_rings(source, ct, tmp_path):
    rng = np.random.default_rng(4)
    data = np.zeros(ct.shape, bool)
    data[60:100, 80:130, 20:24] = rng.random((40, 50, 4)) < 0.6
    data[0, 0, 0] = data[-1, -1, -1] = data[-1, 0, 30] = True
    noise = drawn(replace(ct, data=data), code=None)
    path = write_segmentation(tmp_path / "rt.dcm", noise, source, "RTSTRUCT")
    (back,) = read_segmentation(path, like=ct)
    np.testing.assert_array_equal(back.mask.data, data)
    assert_valid(path)


def test_oblique_sagittal_slices(made, tmp_path):
    source = handson.fetch("gen-study") / "MR"
    mr = handson.read_series(source)
    segments = read_segmentation(made / "binary_mr.dcm", like=mr)
    for kind in ("SEG", "RTSTRUCT"):
        path = write_segmentation(tmp_path / f"{kind}.dcm", segments, source, kind)
        for a, b in zip(segments, read_segmentation(path, like=mr), strict=True):
            np.testing.assert_array_equal(a.mask.data, b.mask.data)


def test_a_mask_stored_the_other_way_round_is_written_at_its_place(segments, source, ct, tmp_path):
    turned = [drawn(segments["lesion"].mask.to_ras())]
    path = write_segmentation(tmp_path / "seg.dcm", turned, source)
    np.testing.assert_array_equal(read_segmentation(path, like=ct)[0].mask.data, TRUE["lesion"])
    image = highdicom.seg.segread(path)
    volume = image.get_volume(combine_segments=True, allow_missing_positions=True)
    places = apply_affine(
        np.diag([-1, -1, 1, 1]) @ volume.affine, np.argwhere(np.asarray(volume.array))
    )
    np.testing.assert_allclose(places.mean(axis=0), segmentation.LESION[0], atol=0.02)


def test_simpleitk_finds_the_nifti_at_the_same_place(segments, ct, tmp_path):
    path = write_segmentation(tmp_path / "lesion.nii.gz", segments["lesion"])
    image = SimpleITK.ReadImage(str(path))
    array = SimpleITK.GetArrayFromImage(image)
    k, j, i = np.argwhere(array).mean(axis=0)
    lps = np.array(image.TransformContinuousIndexToPhysicalPoint((i, j, k)))
    np.testing.assert_allclose(lps * (-1, -1, 1), segmentation.LESION[0], atol=0.02)


def test_a_label_map_becomes_a_seg_when_it_is_said_what_it_is(made, source, ct, tmp_path):
    segments = read_segmentation(made / "labels.nii.gz", like=ct)
    with pytest.raises(WriteError, match="how segment 1 was made"):
        write_segmentation(tmp_path / "seg.dcm", segments, source)
    for segment, name in zip(segments, ("lesion", "shell", "ring"), strict=True):
        segment.name, segment.algorithm, segment.code = name, "MANUAL", codes.SCT.Neoplasm
    back = read_segmentation(write_segmentation(tmp_path / "seg.dcm", segments, source), like=ct)
    assert back.names == ["lesion", "shell", "ring"]
    np.testing.assert_array_equal(back[0].mask.data, TRUE["lesion"])


def test_names_travel_in_the_header_extension(segments, tmp_path):
    names = [drawn(segments["ring"].mask, 'Größe <a> & "b"', 300)]
    path = write_segmentation(tmp_path / "x.nii", names)
    assert nibabel.load(path).header.extensions[0].get_code() == 30
    (back,) = read_segmentation(path)
    assert back.name == 'Größe <a> & "b"'
    assert back.number == 300
    assert back.colour == (213, 94, 0)


def test_totalsegmentators_table_of_names(tmp_path):
    """As TotalSegmentator writes it: ecode 0, XML with CDATA."""
    xml = (
        b'<?xml version="1.0" encoding="UTF-8"?> <CaretExtension>  <VolumeInformation Index="0">   '
        b'<LabelTable>\n<Label Key="1" Red="0.0" Green="1.0" Blue="0.5019607843137255" Alpha="1">'
        b"<![CDATA[spleen]]></Label>\n</LabelTable>  </VolumeInformation></CaretExtension>"
    )
    image = nibabel.Nifti1Image(np.ones((2, 2, 2), np.uint8), np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, xml))
    nibabel.save(image, tmp_path / "a.nii.gz")
    (spleen,) = read_segmentation(tmp_path / "a.nii.gz")
    assert (spleen.name, spleen.colour) == ("spleen", (0, 255, 128))


def test_a_table_that_is_a_trap_is_not_parsed(tmp_path):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><LabelTable><Label Key="1">&a;</Label></LabelTable>'
    image = nibabel.Nifti1Image(np.ones((2, 2, 2), np.uint8), np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, bomb))
    nibabel.save(image, tmp_path / "a.nii")
    assert read_segmentation(tmp_path / "a.nii").names == [""]


def test_what_a_seg_must_say(segments, source, ct, tmp_path):
    lesion = segments["lesion"].mask
    path = tmp_path / "seg.dcm"
    for bad, says in (
        (drawn(lesion, algorithm=""), "how lesion was made"),
        (drawn(lesion, algorithm="AUTOMATIC"), "name the program"),
        (drawn(lesion, code=None), "in a code what lesion is"),
        (drawn(lesion, ""), "name segment 1"),
        (drawn(lesion, code=codes.DCM.ComputedTomography), "what sort of thing"),
    ):
        with pytest.raises(WriteError, match=says):
            write_segmentation(path, bad, source)
    with pytest.raises(WriteError, match="no segment"):
        write_segmentation(path, [], source)
    with pytest.raises(WriteError, match="no kind 'XYZ'"):
        write_segmentation(path, segments, source, "XYZ")
    with pytest.raises(WriteError, match="names the patient"):
        write_segmentation(path, segments, ct)
    with pytest.raises(WriteError, match="cannot hold a ndarray"):
        write_segmentation(path, [lesion.data], source)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_what_a_format_cannot_hold(made, segments, source, ct, tmp_path):
    path = tmp_path / "seg.dcm"
    with pytest.raises(HandsonError, match="lesion and margin overlap"):
        write_segmentation(path, segments, source, "LABELMAP")
    with pytest.raises(HandsonError, match="lesion and margin overlap"):
        write_segmentation(tmp_path / "seg.nii.gz", segments)
    shares = read_segmentation(made / "fractional.dcm", like=ct)
    for kind in ("BINARY", "LABELMAP", "RTSTRUCT"):
        with pytest.raises(WriteError, match="occupancy"):
            write_segmentation(path, shares, source, kind)
    elsewhere = segments["lesion"].mask.crop((0, 0, 0), (200, 200, 50))
    affine = elsewhere.affine.copy()
    affine[0, 3] += 0.4  # mm, of voxels of 0.98 mm
    with pytest.raises(GeometryError, match="another grid"):
        write_segmentation(path, drawn(replace(elsewhere, affine=affine)), source)
    with pytest.raises(GeometryError, match="another frame of reference"):
        write_segmentation(path, drawn(replace(elsewhere, frame_of_reference="1.2.3")), source)
    write_segmentation(path, drawn(elsewhere), source)
    np.testing.assert_array_equal(read_segmentation(path, like=ct)[0].mask.data, TRUE["lesion"])


def test_an_empty_segment_is_written_too(segments, source, ct, tmp_path):
    nothing = drawn(replace(ct, data=np.zeros(ct.shape, bool)), "nothing", 2)
    for kind in ("SEG", "RTSTRUCT", "NIFTI"):
        path = tmp_path / ("a.nii.gz" if kind == "NIFTI" else f"{kind}.dcm")
        back = read_segmentation(
            write_segmentation(path, [segments["lesion"], nothing], source, kind), like=ct
        )
        assert back.names == ["lesion", "nothing"]
        assert not back[1].mask.data.any()
    path = write_segmentation(tmp_path / "only.dcm", drawn(nothing.mask, "nothing"), source)
    assert not read_segmentation(path, like=ct)[0].mask.data.any()


def test_the_source_is_sorted_whatever_its_files_are_called(segments, source, ct, tmp_path):
    shuffled = tmp_path / "source"
    shuffled.mkdir()
    for n, file in enumerate(sorted(source.iterdir(), key=lambda p: hash(p.name) % 97)):
        shutil.copy(file, shuffled / f"{n}.bin")
    path = write_segmentation(tmp_path / "seg.dcm", segments["lesion"], shuffled)
    np.testing.assert_array_equal(read_segmentation(path, like=ct)[0].mask.data, TRUE["lesion"])
    dataset = pydicom.dcmread(path)
    uids = {pydicom.dcmread(f).SOPInstanceUID: pydicom.dcmread(f) for f in source.iterdir()}
    for group in dataset.PerFrameFunctionalGroupsSequence:
        image = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        z = group.PlanePositionSequence[0].ImagePositionPatient[2]
        assert uids[image].ImagePositionPatient[2] == pytest.approx(z)


def test_an_enhanced_source_and_its_frames(tmp_path):
    source = handson.fetch("gen-traps") / "enhanced-multi-frame"
    image = handson.read_series(source)
    data = np.zeros(image.shape[:3], bool)
    data[3:9, 4:11, 1:3] = True
    for kind in ("SEG", "RTSTRUCT"):
        path = write_segmentation(
            tmp_path / f"{kind}.dcm", drawn(replace(image, data=data)), source, kind
        )
        (back,) = read_segmentation(path, like=image)
        np.testing.assert_array_equal(back.mask.data, data)


@pytest.mark.parametrize("kind", ["SEG", "LABELMAP", "RTSTRUCT", "NIFTI"])
def test_a_tilted_gantry(tmp_path, kind):
    """Sheared slices keep their place, on the image and on the file's own grid."""
    source = handson.fetch("gen-traps") / "tilt-15"
    image = handson.read_series(source)
    data = np.zeros(image.shape, bool)
    data[10:20, 12:25, 2:6] = True
    data[14, 14, 3] = False
    lesion = drawn(replace(image, data=data))
    path = tmp_path / ("x.nii.gz" if kind == "NIFTI" else "x.dcm")
    (back,) = read_segmentation(write_segmentation(path, lesion, source, kind), like=image)
    np.testing.assert_array_equal(back.mask.data, data)
    if kind != "RTSTRUCT":
        (own,) = read_segmentation(path)
        assert measure(own).ml == pytest.approx(measure(lesion).ml)
        np.testing.assert_allclose(measure(own).centre, measure(lesion).centre, atol=1e-3)


@pytest.mark.parametrize("kind", ["SEG", "LABELMAP", "RTSTRUCT", "NIFTI"])
def test_an_image_of_one_slice(source, ct, tmp_path, kind):
    """Its depth is its thickness, 3 mm, and not the 1 mm that highdicom writes."""
    alone = tmp_path / "one"
    alone.mkdir()
    shutil.copy(sorted(source.iterdir())[20], alone)
    image = handson.read_series(alone)
    data = np.zeros(image.shape, bool)
    data[100:110, 100:120] = True
    lesion = drawn(replace(image, data=data))
    path = tmp_path / ("x.nii.gz" if kind == "NIFTI" else "x.dcm")
    write_segmentation(path, lesion, alone, kind)
    for like in (image, ct) if kind == "RTSTRUCT" else (None, image, ct):
        (back,) = read_segmentation(path, like=like)
        assert measure(back).ml == pytest.approx(200 * ct.voxel_volume / 1000)
        np.testing.assert_allclose(measure(back).centre, measure(lesion).centre, atol=1e-3)


def test_one_slice_whose_depth_is_told_in_two_ways(source, tmp_path, ct):
    alone = tmp_path / "one"
    alone.mkdir()
    shutil.copy(sorted(source.iterdir())[20], alone)
    image = handson.read_series(alone)
    path = write_segmentation(
        tmp_path / "x.dcm", drawn(replace(image, data=np.ones(image.shape, bool))), alone
    )
    dataset = pydicom.dcmread(path)
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 1
    dataset.save_as(path)
    with pytest.raises(SeriesGapError, match="a step of 1 mm and a thickness of 3 mm"):
        read_segmentation(path)
    assert read_segmentation(path, like=ct)[0].mask.spacing[2] == pytest.approx(3)


@pytest.mark.parametrize("syntax", ["RLELossless", "JPEGLSLossless", "JPEG2000Lossless"])
@pytest.mark.parametrize("kind", ["LABELMAP", "FRACTIONAL"])
def test_compressed_frames_of_highdicom(source, ct, tmp_path, kind, syntax):
    images = sorted(map(pydicom.dcmread, source.iterdir()), key=lambda d: d.ImagePositionPatient[2])
    labels = np.zeros(ct.shape[::-1], np.uint8)
    labels[20:25, 100:120, 90:130], labels[22:30, 140:150, 90:130] = 1, 2
    shares = np.stack([labels == 1, labels == 2], axis=-1).astype(np.float32)
    tissue = codes.SCT.Tissue
    built = highdicom.seg.Segmentation(
        images,
        labels if kind == "LABELMAP" else shares,
        kind,
        [highdicom.seg.SegmentDescription(n, f"s{n}", tissue, tissue, "MANUAL") for n in (1, 2)],
        series_instance_uid=pydicom.uid.generate_uid(),
        sop_instance_uid=pydicom.uid.generate_uid(),
        series_number=1,
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="m",
        software_versions="1",
        device_serial_number="1",
        transfer_syntax_uid=getattr(pydicom.uid, syntax),
    )
    built.save_as(tmp_path / "x.dcm")
    for segment in read_segmentation(tmp_path / "x.dcm", like=ct):
        np.testing.assert_array_equal(
            segment.mask.data, (labels == segment.number).transpose(2, 1, 0)
        )


def test_a_mask_that_no_file_places_has_no_centre():
    found = measure(Volume(np.ones((2, 2, 2), bool), np.eye(4), oriented=False))
    assert found.ml == 0.008
    assert np.isnan(found.centre).all()
    assert found.side == ""
    assert "place not stated" in repr(found)


# --- measures -------------------------------------------------------------------------------------


def raters(made):
    return [read_segmentation(made / f"rater_{one}.nii.gz")[0] for one in "abc"]


def test_measures_are_of_the_patient(segments, ct):
    found = measure(segments["lesion"], ct)
    assert found.ml == pytest.approx(7.284, abs=1e-3)
    assert found.side == "left"
    np.testing.assert_allclose(found.centre, segmentation.LESION[0], atol=0.02)
    np.testing.assert_allclose(found.extent, (24, 24, 24), atol=1)
    inside = ct.data[TRUE["lesion"]]
    assert found.mean == pytest.approx(inside.mean())
    assert found.sd == pytest.approx(inside.std(ddof=1))
    assert found.unit == "HU"
    assert measure(segments["ring"]).side == "right"
    assert measure(segments["lesion"], ct.to_ras()).mean == pytest.approx(inside.mean())
    with pytest.raises(GeometryError, match="do not share"):
        measure(segments["lesion"], handson.read_series(handson.fetch("gen-study") / "PT"))


def test_overlap_and_distance_are_simpleitks(made):
    a, b, c = raters(made)
    for one, other in ((a, b), (a, c), (b, c)):
        found = compare(one, other)
        images = [SimpleITK.GetImageFromArray(s.mask.data.astype(np.uint8).T) for s in (one, other)]
        for image in images:
            image.SetSpacing(one.mask.spacing)
        overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
        overlap.Execute(*images)
        assert found.dice == pytest.approx(overlap.GetDiceCoefficient())
        assert found.iou == pytest.approx(overlap.GetJaccardCoefficient())
        distance = SimpleITK.HausdorffDistanceImageFilter()
        distance.Execute(*images)
        assert found.hausdorff == pytest.approx(distance.GetHausdorffDistance(), abs=1e-4)


def test_distances_hold_for_any_affine():
    """Two voxels apart by a known way; the same in an oblique and in a sheared grid."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        affine = np.eye(4)
        affine[:3] = rng.normal(size=(3, 4)) * 5
        data = np.zeros((2, 9, 9, 9), bool)
        data[0, 2, 3, 4] = data[1, 6, 5, 1] = True
        a, b = (Volume(d, affine) for d in data)
        apart = np.linalg.norm(a.world((2, 3, 4)) - a.world((6, 5, 1)))
        found = compare(a, b)
        assert found.hausdorff == pytest.approx(apart)
        assert found.mean_distance == pytest.approx(apart)
        assert found.centre_distance == pytest.approx(apart)
        assert found.dice == 0
        flipped = compare(a.flip(1), b)
        assert flipped.hausdorff == pytest.approx(apart)


def test_surfaces_by_another_way(made):
    """Mean and 95 % from scipy's distance maps, which hold on straight grids."""
    from scipy.ndimage import distance_transform_edt

    a, b, _ = raters(made)
    masks = [s.mask.data for s in (a, b)]
    surfaces = [m & ~binary_erosion(m) for m in masks]
    maps = [distance_transform_edt(~s, sampling=a.mask.spacing) for s in surfaces]
    pooled = np.concatenate([maps[1][surfaces[0]], maps[0][surfaces[1]]])
    found = compare(a, b)
    assert found.hausdorff == pytest.approx(pooled.max(), abs=1e-6)
    assert found.hausdorff_95 == pytest.approx(np.percentile(pooled, 95), abs=1e-6)
    assert found.mean_distance == pytest.approx(pooled.mean(), abs=1e-6)


def test_nothing_has_no_distance(segments):
    lesion = segments["lesion"].mask
    nothing = replace(lesion, data=lesion.data & False)
    one, both = compare(lesion, nothing), compare(nothing, nothing)
    assert (one.dice, one.iou) == (0, 0)
    assert np.isnan([one.hausdorff, one.mean_distance, both.dice, both.hausdorff]).all()
    assert "empty" in repr(one)
    assert "empty" in repr(both)
    assert compare(lesion, lesion).hausdorff == 0


def test_what_cannot_be_compared(made, segments, ct):
    lesion = segments["lesion"]
    with pytest.raises(GeometryError, match="different grids"):
        compare(
            lesion,
            lesion.mask.resample_like(
                handson.read_series(handson.fetch("gen-study") / "PT"), order=0
            ),
        )
    with pytest.raises(GeometryError, match="frames of reference"):
        compare(
            replace(lesion.mask, frame_of_reference="1.2"),
            replace(lesion.mask, frame_of_reference="1.3"),
        )
    (shares,) = read_segmentation(made / "fractional.dcm", like=ct)
    with pytest.raises(HandsonError, match="holds shares"):
        compare(lesion, shares)
    with pytest.raises(HandsonError, match="other than 0 and 1"):
        measure(ct)
    with pytest.raises(GeometryError, match="no distances"):
        measure(replace(lesion.mask, scale="none"))


def test_a_list_is_a_segmentation_too(segments):
    assert isinstance(segments, Segmentation)
    assert isinstance(segments, list)
    assert [s.number for s in segments] == [1, 2, 3]


# --- the viewer -----------------------------------------------------------------------------------


def test_view_shows_segments_by_name_and_colour(segments, ct):
    """The lesion lies within the margin: two label maps, the larger one below."""
    viewer = handson.view(ct, segments)
    below, above = viewer.layers
    assert below.names == {2: "margin", 3: "ring"}
    assert above.names == {1: "lesion"}
    assert above.colours == {1: segmentation.COLOURS["lesion"]}
    below.shown = [3]
    assert below.shown == (3,) or list(below.shown) == [3]
    (one,) = handson.view(ct, segments["ring"]).layers
    assert one.name == "ring"
    assert len(handson.view(ct, list(segments)).layers) == 2
    with pytest.raises(HandsonError, match="no segment to show"):
        handson.view(ct, Segmentation())


def test_view_shows_shares_as_a_map(made, ct):
    (layer,) = handson.view(ct, read_segmentation(made / "fractional.dcm", like=ct)).layers
    assert tuple(layer.range) == (0, 1)
    assert layer.label_names is None


def test_a_region_numbered_zero_is_shown(segments, ct):
    zero = drawn(segments["lesion"].mask, number=0)
    layers = handson.view(ct, [zero, segments["ring"]]).layers
    assert sorted(name for layer in layers for name in layer.names.values()) == ["lesion", "ring"]


def test_what_is_painted_is_written(segments, source, ct, tmp_path):
    viewer = handson.view(ct)
    with pytest.raises(HandsonError, match="nothing is painted"):
        viewer.painted_segment("lesion")
    viewer.paint(TRUE["lesion"])
    segment = viewer.painted_segment("lesion", code=codes.SCT.Neoplasm)
    assert segment.algorithm == "MANUAL"
    assert measure(segment).ml == pytest.approx(7.284, abs=1e-3)
    path = write_segmentation(tmp_path / "painted.dcm", segment, source)
    np.testing.assert_array_equal(read_segmentation(path, like=ct)[0].mask.data, TRUE["lesion"])
