"""Series become volumes whose every voxel is where the files say, or are refused with the reason."""

import gzip
import itertools
import subprocess
import warnings
from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import programs
import pydicom
import pytest
import SimpleITK as sitk
from dicom_files import (
    AXIAL,
    CORONAL,
    MR,
    SAGITTAL,
    bundled,
    picture,
    save,
    stack,
    truth,
    values,
    write,
)
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.uid import generate_uid

from handson import read_series, read_slice, scan
from handson.dicom import geometry
from handson.errors import ReadError, SeriesError, SeriesGapError

NICOM = Path(nibabel.__file__).parent / "nicom/tests/data"


def oblique(degrees=23):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, c, -s], [0, s, c]]
    )
    return tuple(rotation[:, 0]) + tuple(rotation[:, 1])


ORIENTATIONS = {
    "axial": AXIAL,
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "oblique": oblique(),
    "prone": (-1, 0, 0, 0, -1, 0),
    "decubitus": (0, -1, 0, 1, 0, 0),
    "upside down": (1, 0, 0, 0, -1, 0),
}


def normal(orientation):
    return np.cross(orientation[:3], orientation[3:])


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
def test_every_voxel_is_where_the_files_say(tmp_path, orientation, descending):
    data = values()
    step = normal(orientation) * (-2.5 if descending else 2.5)
    write(stack(data, orientation, step), tmp_path)
    volume = read_series(tmp_path)
    affine = truth(orientation, step)
    # the truth counts slices as they were made, the volume along row x column
    k = [len(data) - 1 - n if descending else n for n in range(len(data))]
    for n in range(len(data)):
        assert_allclose(volume.world([3, 2, n]), (affine @ [3, 2, k[n], 1])[:3], atol=1e-6)
        assert_array_equal(volume.data[:, :, n], data[k[n]].T)
    assert np.linalg.det(volume.affine[:3, :3]) > 0


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_simpleitk_finds_the_same_world(tmp_path, orientation):
    data = values()
    write(stack(data, orientation, normal(orientation) * 2.5), tmp_path)
    volume = read_series(tmp_path)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))
    image = sitk.ReadImage(names)
    assert_array_equal(sitk.GetArrayFromImage(image), volume.data.T)
    for ijk in ((0, 0, 0), (8, 6, 4), (3, 5, 1)):
        lps = np.array(image.TransformIndexToPhysicalPoint(ijk))
        assert_allclose(volume.world(ijk), lps * (-1, -1, 1), atol=1e-5)


def dcm2niix(folder, out):
    out.mkdir()
    subprocess.run(
        [programs.DCM2NIIX, "-b", "n", "-z", "n", "-m", "y", "-o", out, folder],
        check=True,
        capture_output=True,
    )
    return [nibabel.load(path) for path in sorted(out.glob("*.nii"))]


def assert_same_image(volume, image, atol=1e-3):
    theirs, ours = nibabel.as_closest_canonical(image), volume.to_ras()
    assert_allclose(ours.affine, theirs.affine, atol=atol)
    assert_array_equal(np.asarray(theirs.dataobj), ours.data)


@pytest.mark.parametrize("name", ["axial", "sagittal", "oblique", "decubitus"])
def test_dcm2niix_makes_the_same_nifti(tmp_path, name):
    orientation = ORIENTATIONS[name]
    folder = tmp_path / "in"
    write(stack(values(), orientation, normal(orientation) * 2.5, PatientPosition="HFS"), folder)
    (image,) = dcm2niix(folder, tmp_path / "out")
    assert_same_image(read_series(folder), image)


@pytest.mark.parametrize("orientation", list(itertools.permutations("xyz")), ids="".join)
def test_all_48_orientations_of_rows_columns_and_slices(tmp_path, orientation):
    axes = [np.eye(3)["xyz".index(a)] for a in orientation]
    data = values((3, 4, 5))
    for number, signs in enumerate(itertools.product((1, -1), repeat=3)):
        row, column, through = (a * s for a, s in zip(axes, signs, strict=True))
        folder = tmp_path / str(number)
        write(stack(data, (*row, *column), through * 2.0), folder)
        volume = read_series(folder)
        affine = truth((*row, *column), through * 2.0)
        ijk = np.array([4, 1, 2, 1])
        found = volume.voxel((affine @ ijk)[:3]).round().astype(int)
        assert volume.data[tuple(found)] == data[2, 1, 4]
        assert_allclose(volume.world(found), (affine @ ijk)[:3], atol=1e-9)


def test_names_and_instance_numbers_that_lie_or_are_missing_change_nothing(tmp_path):
    data = values()
    wanted = None
    for trouble in ("none", "reversed", "equal", "missing", "location"):
        datasets = stack(data)
        for k, dataset in enumerate(datasets):
            if trouble == "reversed":
                dataset.InstanceNumber = 100 - (k * 7) % 5
            elif trouble == "equal":
                dataset.InstanceNumber = 1
            elif trouble == "missing":
                del dataset.InstanceNumber
            elif trouble == "location":
                dataset.SliceLocation = -k
        write(datasets, tmp_path / trouble, seed=len(trouble))
        volume = read_series(tmp_path / trouble)
        wanted = volume if wanted is None else wanted
        assert_array_equal(volume.data, wanted.data)
        assert_array_equal(volume.affine, wanted.affine)


def test_the_step_is_from_first_to_last_and_never_the_thickness(tmp_path):
    data = values((11, 4, 4))
    datasets = stack(data)
    for k, dataset in enumerate(datasets):  # rounded to a tenth, as some scanners write it
        dataset.ImagePositionPatient = [0, 0, round(k * 1.251, 2)]
        dataset.SpacingBetweenSlices = 9.0
    write(datasets, tmp_path)
    assert_allclose(read_series(tmp_path).spacing[2], 12.51 / 10)


def test_a_tilted_gantry_stays_a_shear_until_resampling_is_asked(tmp_path):
    step = (0, 5 * np.sin(np.deg2rad(15)), 5 * np.cos(np.deg2rad(15)))
    data = values((31, 6, 5))
    write(stack(data, step=step, modality="CT", RescaleSlope=1, RescaleIntercept=0), tmp_path)
    volume = read_series(tmp_path)
    assert_allclose(volume.affine, truth(step=step), atol=1e-6)
    assert_allclose([volume.spacing[2], volume.slice_distance], [5, 4.8296], atol=1e-4)
    assert any("15.0 degrees" in note for note in volume.notes)
    straight = read_series(tmp_path, on_tilt="resample")
    assert_allclose(straight.slice_distance, straight.spacing[2])
    assert_allclose(straight.world([0, 0, 0])[2], volume.world([0, 0, 0])[2])


def test_a_missing_slice_is_named_and_can_be_filled(tmp_path):
    data = np.arange(9, dtype=np.int16)[:, None, None] * np.ones((1, 3, 4), np.int16) * 10
    datasets = stack(data, step=(0, 0, 1.2))
    paths = write(datasets, tmp_path)
    paths[4].unlink()
    with pytest.raises(SeriesGapError) as caught:
        read_series(tmp_path)
    message = str(caught.value)
    for part in (
        paths[3].name,
        paths[5].name,
        "2.4 mm",
        "1.2 mm",
        "1 slice is missing",
        'on_gap="resample"',
    ):
        assert part in message
    assert "missing" in scan(tmp_path)[0].problems[0]
    filled = read_series(tmp_path, on_gap="resample")
    assert_allclose(filled.data[0, 0], np.arange(9) * 10, atol=1e-3)
    assert_allclose(filled.affine, truth(step=(0, 0, 1.2)), atol=1e-6)
    assert any("interpolated" in note for note in filled.notes)


def test_colours_between_slices_are_colours(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (4, 3, 5, 3)).astype(np.uint8)
    datasets = [
        picture(rgb, SOPClassUID=MR, SeriesInstanceUID="1.2.3", ImagePositionPatient=[0, 0, z],
                ImageOrientationPatient=list(AXIAL), PixelSpacing=[1, 1])
        for rgb, z in zip(pixels, (0.0, 2.0, 6.0, 8.0), strict=True)
    ]  # fmt: skip
    write(datasets, tmp_path)
    volume = read_series(tmp_path, on_gap="resample")
    assert volume.data.dtype == np.uint8
    assert volume.shape == (5, 3, 5, 3)
    between = (pixels[1].astype(float) + pixels[2]) / 2
    assert_allclose(volume.data[:, :, 2].astype(float), between.transpose(1, 0, 2), atol=0.51)


def test_a_segmentation_without_its_empty_slices_is_never_interpolated(tmp_path):
    dataset = enhanced(values())
    dataset.Modality = "SEG"
    for group in dataset.PerFrameFunctionalGroupsSequence:
        place = group.PlanePositionSequence[0]
        z = float(place.ImagePositionPatient[2])
        place.ImagePositionPatient = [-30.5, 12.25, z if z < 12 else z + 5]
    path = save(dataset, tmp_path / "seg.dcm")
    for on_gap in ("error", "resample"):
        with pytest.raises(SeriesGapError, match="highdicom"):
            read_series(path, on_gap=on_gap)


def test_uneven_slices_are_refused_and_can_be_evened(tmp_path):
    heights = np.array([0, 2, 4, 6, 9, 11, 13])
    datasets = stack((heights[:, None, None] * np.ones((1, 3, 4)) * 10).astype(np.int16))
    for dataset, z in zip(datasets, heights, strict=True):
        dataset.ImagePositionPatient = [0, 0, float(z)]
    write(datasets, tmp_path)
    with pytest.raises(SeriesGapError, match="3 mm apart where the others are 2 mm"):
        read_series(tmp_path)
    even = read_series(tmp_path, on_gap="resample")
    z = [even.world([0, 0, k])[2] for k in range(even.shape[2])]
    assert_allclose(even.data[0, 0], np.array(z) * 10, atol=1e-3)


@pytest.mark.parametrize("off", [0.019, 0.5])
def test_the_tolerance_is_as_stated(tmp_path, off):
    datasets = stack(values((6, 3, 4)), step=(0, 0, 1.0))
    datasets[2].ImagePositionPatient[2] += off
    write(datasets, tmp_path)
    if off < 0.02:
        assert read_series(tmp_path).shape == (4, 3, 6)
    else:
        with pytest.raises(SeriesGapError):
            read_series(tmp_path)


def test_a_missing_slice_is_seen_in_micro_ct_too(tmp_path):
    datasets = stack(values((8, 3, 4)), step=(0, 0, 0.01), spacing=(0.01, 0.01))
    paths = write(datasets, tmp_path)
    assert_allclose(read_series(tmp_path).spacing, 0.01)
    paths[3].unlink()
    with pytest.raises(SeriesGapError, match="1 slice is missing"):
        read_series(tmp_path)


def test_a_slice_beside_the_line_is_refused(tmp_path):
    datasets = stack(values((6, 3, 4)))
    datasets[2].ImagePositionPatient[0] += 3
    write(datasets, tmp_path)
    with pytest.raises(SeriesGapError, match="leave their straight line"):
        read_series(tmp_path)
    with pytest.raises(SeriesGapError):
        read_series(tmp_path, on_gap="resample")


def test_a_duplicated_slice_is_named_and_one_of_the_two_can_be_kept(tmp_path):
    data = values()
    datasets = stack(data)
    twin = stack(
        data[2:3] + 1, origin=(-30.5, 12.25, 12.0), SeriesInstanceUID=datasets[0].SeriesInstanceUID
    )
    paths = write(datasets, tmp_path)
    twin[0].InstanceNumber = 77
    save(twin[0], tmp_path / "zz")
    with pytest.raises(
        SeriesGapError, match=r"same place: .*not copies: their pixels differ"
    ) as caught:
        read_series(tmp_path)
    assert paths[2].name in str(caught.value)
    assert "zz" in str(caught.value)
    assert "on_duplicate" not in str(caught.value)
    assert_array_equal(read_series(tmp_path, on_duplicate="first").data, data.T)
    last = read_series(tmp_path, on_duplicate="last")
    assert_array_equal(last.data[:, :, 2], data[2].T + 1)
    assert "other pixels lay at 1 of its places" in " ".join(last.notes)
    twin[0].PixelData = datasets[2].PixelData
    save(twin[0], tmp_path / "zz")
    with pytest.raises(SeriesGapError, match=r"pixels are equal.*on_duplicate"):
        read_series(tmp_path)
    assert "other pixels" not in " ".join(read_series(tmp_path, on_duplicate="first").notes)


def test_two_files_of_one_instance_with_other_pixels_are_told(tmp_path):
    datasets = stack(values())
    write(datasets, tmp_path)
    changed = stack(values() + np.int16(1))[3]
    for keyword in ("SeriesInstanceUID", "SOPInstanceUID"):
        setattr(changed, keyword, datasets[3][keyword].value)
    save(changed, tmp_path / "again")
    notes = read_series(tmp_path, on_duplicate="first").notes
    assert "other pixels lay at 1 of its places" in " ".join(notes)


def test_a_folder_copied_into_itself_is_a_duplicate(tmp_path):
    datasets = stack(values())
    write(datasets, tmp_path / "a")
    write(datasets, tmp_path / "a copy", seed=5)
    with pytest.raises(SeriesGapError, match="same place"):
        read_series(tmp_path)
    assert_array_equal(read_series(tmp_path, on_duplicate="first").data, values().T)


def test_the_images_of_a_dixon_series_are_volumes_of_their_own(tmp_path):
    uid = generate_uid()
    for n, word in enumerate(["W", "F", "IP", "OP"]):
        about = {"ImageType": ["DERIVED", "PRIMARY", word, word, "DERIVED"]}
        write(stack(values(seed=n), SeriesInstanceUID=uid, **about), tmp_path / word)
    found = {info.split: read_series(info).data for info in scan(tmp_path)}
    assert set(found) == {"dixon water", "dixon fat", "dixon in phase", "dixon opposed phase"}
    assert_array_equal(found["dixon fat"], values(seed=1).T)


def test_parts_of_a_series_with_other_pixel_spacing_are_told_by_it(tmp_path):
    datasets = stack(values())
    datasets[4].PixelSpacing = [0.9, 0.5]
    write(datasets, tmp_path)
    assert {info.split for info in scan(tmp_path)} == {r"spacing 0.8\0.5", r"spacing 0.9\0.5"}


def _in_time(times=3):
    """Data sets of a series in time that InstanceNumber alone puts in order; [time][slice]."""
    uid = generate_uid()
    made = [stack(values(seed=t), SeriesInstanceUID=uid) for t in range(times)]
    for n, dataset in enumerate(itertools.chain(*made)):
        dataset.InstanceNumber = n + 1
    return made


@pytest.mark.parametrize("keep", ["first", "last"])
def test_a_copied_file_does_not_cost_a_series_its_time_points(tmp_path, keep):
    made = _in_time()
    write(list(itertools.chain(*made)), tmp_path / "a")
    save(made[1][2], tmp_path / "b/0000")
    with pytest.raises(SeriesGapError, match=r"same place: [^;]* and [^;]*on_duplicate"):
        read_series(tmp_path)
    volume = read_series(tmp_path, on_duplicate=keep)
    assert_array_equal(volume.data, np.stack([values(seed=t).T for t in range(3)], axis=3))


def test_a_series_in_time_that_was_cut_short_is_never_taken_for_copies(tmp_path):
    datasets = list(itertools.chain(*_in_time(20)))
    write(datasets[:-2], tmp_path)
    for option in ({}, {"on_duplicate": "first"}, {"on_gap": "resample"}):
        with pytest.raises(SeriesGapError, match=r"19 to 20 slices.*incomplete"):
            read_series(tmp_path, **option)


def test_options_that_do_not_exist_are_refused():
    for option in ({"on_gap": "ignore"}, {"on_duplicate": "both"}, {"on_tilt": "straighten"}):
        with pytest.raises(SeriesError, match="not known"):
            read_series("nowhere", **option)


def test_mixed_sizes_spacings_and_orientations_are_several_volumes(tmp_path):
    uid = generate_uid()
    origin = (0, 0, 100)
    write(stack(values(), SeriesInstanceUID=uid), tmp_path / "a")
    write(stack(values((5, 6, 9)), SeriesInstanceUID=uid, origin=origin), tmp_path / "b")
    write(stack(values(), SeriesInstanceUID=uid, origin=origin, spacing=(0.9, 0.5)), tmp_path / "c")
    write(stack(values(), CORONAL, (0, 2.5, 0), SeriesInstanceUID=uid), tmp_path / "d")
    table = scan(tmp_path)
    assert len(table) == len({info.id for info in table}) == 4
    assert {info.series_uid for info in table} == {uid}
    assert all(info.split for info in table)
    with pytest.raises(SeriesError) as caught:
        read_series(tmp_path)
    assert [info.id in str(caught.value) for info in table] == [True, True, True, False]
    assert "and 1 more" in str(caught.value)
    for info in table:
        assert read_series(tmp_path, series_uid=info.id).shape == info.shape
        assert read_series(info).shape == info.shape


def test_two_stacks_side_by_side_are_not_one_series_in_time(tmp_path):
    uid = generate_uid()
    write(stack(values(), SeriesInstanceUID=uid), tmp_path / "left")
    write(stack(values(seed=1), SeriesInstanceUID=uid, origin=(40, 12.25, 7)), tmp_path / "right")
    table = scan(tmp_path)
    assert [info.shape for info in table] == [(9, 7, 5)] * 2
    assert {tuple(read_series(info).affine[:3, 3]) for info in table} == {
        (30.5, -12.25, 7),
        (-40, -12.25, 7),
    }


def several(folder, count, common, **changing):
    """`count` stacks at the same positions that differ in `changing`; returns their data."""
    uid, made = generate_uid(), []
    for t in range(count):
        data = values(seed=t)
        extra = {k: v[t] for k, v in changing.items()}
        datasets = stack(data, SeriesInstanceUID=uid, **common, **extra)
        for dataset in datasets:
            dataset.InstanceNumber = 1  # tells nothing
        write(datasets, folder / f"x{(t * 7) % 5}", seed=t)
        made.append(data)
    return made


@pytest.mark.parametrize(
    ("word", "changing"),
    [
        ("echo time 30", {"EchoTime": [10, 30]}),
        ("inversion time 900", {"InversionTime": [100, 900]}),
        (
            "signal phase",
            {"ImageType": [["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]]},
        ),
    ],
)
def test_echoes_and_phases_are_volumes_of_their_own(tmp_path, word, changing):
    made = several(tmp_path, 2, {}, **changing)
    table = scan(tmp_path)
    assert len(table) == 2
    (chosen,) = [info for info in table if word in info.split]
    assert_array_equal(read_series(chosen).data, made[1].T)


@pytest.mark.parametrize(
    ("changing", "step"),
    [
        ({"TemporalPositionIdentifier": [3, 1, 2], "TemporalResolution": [1500] * 3}, 1.5),
        ({"TriggerTime": [80.0, 0.0, 40.0]}, 0.04),
        ({"AcquisitionTime": ["000001.5", "235957.5", "235959.5"],
          "AcquisitionDate": ["20200102", "20200101", "20200101"]}, 2.0),
        ({"AcquisitionDateTime": ["20200101120004.0", "20200101120000.0", "20200101120002"]}, 2.0),
        ({"AcquisitionNumber": [3, 1, 2]}, None),
        ({"DiffusionBValue": [1000.0, 0.0, 500.0]}, None),
        ({"ContentTime": ["120010", "120000", "120005"]}, 5.0),
    ],
    ids=lambda c: next(iter(c)) if isinstance(c, dict) else "",
)  # fmt: skip
def test_repeated_positions_are_volumes_in_the_order_of_time(tmp_path, changing, step):
    made = several(tmp_path, 3, {}, **changing)
    volume = read_series(tmp_path)
    assert volume.shape == (9, 7, 5, 3)
    for t, source in enumerate((1, 2, 0)):
        assert_array_equal(volume.data[..., t], made[source].T)
    assert volume.time_step == (None if step is None else pytest.approx(step))


def test_instance_number_orders_in_time_only_when_nothing_better_does(tmp_path):
    uid = generate_uid()
    for t, number in enumerate((200, 100)):
        datasets = stack(values(seed=t), SeriesInstanceUID=uid)
        for k, dataset in enumerate(datasets):
            dataset.InstanceNumber = number + k
        write(datasets, tmp_path / str(t))
    assert_array_equal(read_series(tmp_path).data[..., 0], values(seed=1).T)


def test_tr_is_the_time_step_of_echo_planar_series_only(tmp_path):
    for name, sequence, wanted in (("epi", "EP", 2.5), ("flash", "GR", None)):
        several(
            tmp_path / name, 3, {"RepetitionTime": 2500, "ScanningSequence": sequence},
            TemporalPositionIdentifier=[1, 2, 3],
        )  # fmt: skip
        assert read_series(tmp_path / name).time_step == wanted


def test_uneven_frames_of_pet_have_no_time_step(tmp_path):
    several(tmp_path, 3, {"modality": "PT"}, AcquisitionTime=["120000", "120030", "120200"],
            AcquisitionDate=["20200101"] * 3)  # fmt: skip
    assert read_series(tmp_path).time_step is None


def test_a_time_point_that_lacks_slices_is_named_and_can_be_left_out(tmp_path):
    several(tmp_path, 3, {}, TemporalPositionIdentifier=[1, 2, 3])
    last = next(
        p for p in (tmp_path / "x4").iterdir() if pydicom.dcmread(p).ImagePositionPatient[2] > 15
    )
    assert pydicom.dcmread(last).TemporalPositionIdentifier == 3
    last.unlink()
    with pytest.raises(SeriesGapError, match="time point 2 lacks 1 of 5 slices"):
        read_series(tmp_path)
    assert read_series(tmp_path, on_gap="resample").shape == (9, 7, 5, 2)


def test_acquisitions_that_overlap_are_volumes_of_their_own(tmp_path):
    uid = generate_uid()
    for number, z in ((1, 7.0), (2, 14.5)):
        datasets = stack(
            values(), SeriesInstanceUID=uid, origin=(0, 0, z), AcquisitionNumber=number
        )
        write(datasets, tmp_path / str(number))
    table = scan(tmp_path)
    assert [info.split for info in table] == ["acquisition 1", "acquisition 2"]
    assert [read_series(info).affine[2, 3] for info in table] == [7.0, 14.5]


def enhanced(data, orientation=AXIAL, step=(0, 0, 2.5), times=1, shared_place=False, **elements):
    """An enhanced MR object: [slice, row, column] or [time, slice, row, column] in frames out of order."""
    data = data.reshape(times, -1, *data.shape[-2:])
    order = np.random.default_rng(4).permutation(times * data.shape[1])
    frames, groups = [], []
    for n in order:
        t, k = divmod(int(n), data.shape[1])
        frames.append(data[t, k])
        group = pydicom.Dataset()
        group.PlanePositionSequence = [pydicom.Dataset()]
        group.PlanePositionSequence[0].ImagePositionPatient = [
            float(x) for x in np.add((-30.5, 12.25, 7.0), np.multiply(k, step))
        ]
        content = pydicom.Dataset()
        content.DimensionIndexValues = [k + 1, t + 1]
        content.TemporalPositionIndex = t + 1
        group.FrameContentSequence = [content]
        groups.append(group)
    dataset = picture(
        np.array(frames), SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1", Modality="MR", **elements
    )
    dataset.Rows, dataset.Columns = data.shape[-2:]
    dataset.NumberOfFrames = len(frames)
    dataset.PerFrameFunctionalGroupsSequence = groups
    shared, plane, measures = (pydicom.Dataset() for _ in range(3))
    plane.ImageOrientationPatient = list(orientation)
    measures.PixelSpacing, measures.SliceThickness = [0.8, 0.5], 1.0
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    return dataset


def test_an_enhanced_ultrasound_volume_has_distances_and_no_sides(tmp_path):
    data = values()
    dataset = enhanced(data)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        (place,) = group.PlanePositionSequence
        place.ImagePositionVolume = [float(x) for x in place.ImagePositionPatient]
        del place.ImagePositionPatient, group.PlanePositionSequence
        group.PlanePositionVolumeSequence = [place]
    (shared,) = dataset.SharedFunctionalGroupsSequence
    shared.PlaneOrientationVolumeSequence = [pydicom.Dataset()]
    shared.PlaneOrientationVolumeSequence[0].ImageOrientationVolume = list(AXIAL)
    del shared.PlaneOrientationSequence
    dataset.Modality = "US"
    volume = read_series(save(dataset, tmp_path / "us.dcm"))
    assert_array_equal(volume.data, data.T)
    assert_allclose(volume.spacing, (0.5, 0.8, 2.5))
    assert not volume.oriented
    assert "probe's own frame" in " ".join(volume.notes)


def nuclear(data, step, orientation=AXIAL, **elements):
    """A nuclear-medicine reconstruction: [slice, row, column] in one file, its first slice placed."""
    detector = pydicom.Dataset()
    detector.ImagePositionPatient = [-30.5, 12.25, 7.0]
    detector.ImageOrientationPatient = list(orientation)
    return picture(
        data.reshape(-1, *data.shape[-2:]),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.20",
        Modality="NM",
        ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        NumberOfFrames=data.size // (data.shape[-1] * data.shape[-2]),
        DetectorInformationSequence=[detector],
        SliceVector=[*range(1, data.shape[-3] + 1)] * (len(data) if data.ndim == 4 else 1),
        SpacingBetweenSlices=step,
        PixelSpacing=[0.8, 0.5],
        **elements,
    )


@pytest.mark.parametrize("name", ["axial", "sagittal", "oblique"])
@pytest.mark.parametrize("step", [2.5, -2.5])
def test_a_nuclear_reconstruction_is_stacked_from_its_first_slice(tmp_path, name, step):
    orientation, data = ORIENTATIONS[name], values()
    path = save(nuclear(data, step, orientation), tmp_path / "nm.dcm")
    volume = read_series(path)
    stated = truth(orientation, step * normal(orientation))
    for k in range(len(data)):
        place = np.round(volume.voxel((stated @ (3, 2, k, 1))[:3])).astype(int)
        assert volume.data[tuple(place)] == data[k, 2, 3]
    assert volume.oriented
    image = sitk.ReadImage(path)
    for ijk in ((0, 0, 0), (8, 6, 4), (3, 5, 1)):
        lps = np.array(image.TransformIndexToPhysicalPoint(ijk))
        assert_allclose((stated @ (*ijk, 1))[:3], lps * (-1, -1, 1), atol=1e-4)


def test_a_gated_reconstruction_is_a_series_in_time(tmp_path):
    data = np.stack([values(seed=t) for t in range(3)])
    path = save(
        nuclear(data, 2.5, TimeSlotVector=[t for t in (1, 2, 3) for _ in range(5)]), tmp_path / "g"
    )
    assert_array_equal(read_series(path).data, data.transpose(3, 2, 1, 0))


@pytest.mark.parametrize("keyword", ["TimeSlotVector", "PhaseVector", "TimeSliceVector"])
def test_the_vectors_of_a_reconstruction_order_its_frames(tmp_path, keyword):
    """Wherever the frames of a moment stand in the file."""
    data = np.stack([values(seed=t) for t in range(3)])
    mixed = [int(n) for n in np.random.default_rng(3).permutation(15)]
    dataset = nuclear(data, 2.5)
    dataset.PixelData = data.reshape(15, *data.shape[2:])[mixed].tobytes()
    dataset.SliceVector = [n % 5 + 1 for n in mixed]
    setattr(dataset, keyword, [n // 5 + 1 for n in mixed])
    assert_array_equal(read_series(save(dataset, tmp_path / "g")).data, data.transpose(3, 2, 1, 0))


def test_time_slices_of_a_dynamic_reconstruction_count_within_their_phase(tmp_path):
    data = np.stack([values(seed=t) for t in range(4)])
    dataset = nuclear(data, 2.5)
    dataset.PhaseVector = [2] * 10 + [1] * 10
    dataset.TimeSliceVector = ([1] * 5 + [2] * 5) * 2
    volume = read_series(save(dataset, tmp_path / "g"))
    assert_array_equal(volume.data, data[[2, 3, 0, 1]].transpose(3, 2, 1, 0))


@pytest.mark.parametrize("keyword", ["EnergyWindowVector", "DetectorVector", "RotationVector"])
def test_detectors_and_windows_of_a_reconstruction_are_volumes_of_their_own(tmp_path, keyword):
    data = np.stack([values(seed=t) for t in range(2)])
    dataset = nuclear(data, 2.5)
    setattr(dataset, keyword, [2] * 5 + [1] * 5)
    found = scan(save(dataset, tmp_path / "g"))
    assert [info.shape for info in found] == [(9, 7, 5)] * 2
    for info, own in zip(found, data[::-1], strict=True):
        assert_array_equal(read_series(info).data, own.T)


def test_projections_are_no_volume(tmp_path):
    dataset = nuclear(values(), 2.5)
    del dataset.SliceVector
    volume = read_series(save(dataset, tmp_path / "tomo"))
    assert not volume.oriented


def test_ge_tells_magnitude_and_phase_in_a_private_element(tmp_path):
    uid, data = generate_uid(), values()
    for part in (0, 1, 2, 3):
        made = stack(data + part, SeriesInstanceUID=uid, Manufacturer="GE MEDICAL SYSTEMS")
        for k, dataset in enumerate(made):
            dataset.InstanceNumber = 4 * k + part + 1
            block = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
            block.add_new(0x2F, "SS", part)
        write(made, tmp_path / str(part))
    table = scan(tmp_path)
    parts = ["magnitude", "phase", "real", "imaginary"]
    assert {info.split for info in table} == {f"signal {part}" for part in parts}
    for info in table:
        part = parts.index(info.split.split()[1])
        assert_array_equal(read_series(info).data, (data + part).T)


@pytest.mark.parametrize("name", ["axial", "sagittal", "oblique"])
def test_one_enhanced_file_is_the_volume_of_many_classic_ones(tmp_path, name):
    orientation, data = ORIENTATIONS[name], values()
    step = normal(orientation) * 2.5
    path = save(enhanced(data, orientation, step), tmp_path / "e.dcm")
    volume = read_series(path)
    assert_array_equal(volume.data, data.T)
    assert_allclose(volume.affine, truth(orientation, step), atol=1e-6)
    assert_array_equal(read_slice(path, frame=2).as_volume().affine[:3, :2], volume.affine[:3, :2])


def test_enhanced_time_series_in_one_file_and_in_a_file_per_time_point(tmp_path):
    data = np.stack([values(seed=t) for t in range(3)])
    save(enhanced(data, times=3), tmp_path / "one" / "e.dcm")
    uid = generate_uid()
    for t in (2, 0, 1):
        day = {"AcquisitionDateTime": f"2020010112000{t}"}
        save(enhanced(data[t], SeriesInstanceUID=uid, **day), tmp_path / "many" / f"{(t * 5) % 7}")
    for folder in ("one", "many"):
        volume = read_series(tmp_path / folder)
        assert_array_equal(volume.data, data.transpose(3, 2, 1, 0))


def test_enhanced_frames_with_a_slope_each(tmp_path):
    data = values((3, 4, 5))
    dataset = enhanced(data)
    for n, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        item = pydicom.Dataset()
        item.RescaleSlope, item.RescaleIntercept, item.RescaleType = n + 1, 0, "US"
        group.PixelValueTransformationSequence = [item]
    volume = read_series(save(dataset, tmp_path / "e"))
    order = np.argsort(np.random.default_rng(4).permutation(3))
    assert_allclose(volume.data, (data * (order + 1)[:, None, None]).T)


def test_enhanced_groups_that_are_too_few_are_refused(tmp_path):
    dataset = enhanced(values())
    del dataset.PerFrameFunctionalGroupsSequence[3:]
    with pytest.raises(ReadError, match="describes 3 of its 5 frames"):
        read_series(save(dataset, tmp_path / "e"))


def test_the_real_enhanced_ct_agrees_with_simpleitk():
    path = bundled("eCT_Supplemental.dcm")
    table = scan(path)
    stored = sitk.GetArrayFromImage(sitk.ReadImage(path))
    wanted = {tuple(frame.ravel()[:5000]) for frame in stored}
    found = {
        tuple(f)
        for info in table
        for v in [read_series(info)]
        for f in v.data.T.reshape(-1, 512 * 512)[:, :5000]
    }
    assert found == wanted


def unzipped(name, folder):
    path = folder / name.removesuffix(".gz")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.decompress((NICOM / name).read_bytes()))
    return path


@pytest.mark.parametrize("name", ["siemens_dwi_0.dcm.gz", "siemens_dwi_1000.dcm.gz"])
def test_a_real_mosaic_agrees_with_nibabel_and_dcm2niix(tmp_path, name):
    path = unzipped(name, tmp_path / "in")
    volume = read_series(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom.dicomwrappers import wrapper_from_file

        wrapper = wrapper_from_file(path)
    theirs = np.diag([-1, -1, 1, 1]) @ wrapper.affine[:, [1, 0, 2, 3]]
    assert_allclose(volume.affine, theirs, atol=1e-9)
    assert_array_equal(volume.data, wrapper.get_data().swapaxes(0, 1))
    (image,) = dcm2niix(tmp_path / "in", tmp_path / "out")
    assert_same_image(volume, image)


def test_two_mosaics_are_a_series_of_two_volumes(tmp_path):
    for name in ("siemens_dwi_0.dcm.gz", "siemens_dwi_1000.dcm.gz"):
        unzipped(name, tmp_path)
    (info,) = scan(tmp_path)
    volume = read_series(info)
    assert volume.shape == info.shape == (128, 128, 48, 2)
    assert_array_equal(volume.data[..., 1], read_series(tmp_path / "siemens_dwi_1000.dcm").data)


@pytest.mark.parametrize("name", ["coronal", "sagittal", "oblique"])
@pytest.mark.parametrize("reversed_", [False, True])
def test_mosaics_of_any_plane_and_either_slice_order(tmp_path, name, reversed_):
    orientation = ORIENTATIONS[name]
    dataset = pydicom.dcmread(unzipped("siemens_dwi_0.dcm.gz", tmp_path / "in"))
    dataset.ImageOrientationPatient = [round(x, 12) for x in orientation]
    direction = normal(orientation) * (-1 if reversed_ else 1)
    _state_normal(dataset, direction)
    path = save(dataset, tmp_path / "x.dcm")
    volume = read_series(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom.dicomwrappers import wrapper_from_file

        wrapper = wrapper_from_file(path)
    theirs = np.diag([-1, -1, 1, 1]) @ wrapper.affine[:, [1, 0, 2, 3]]
    pixels = wrapper.get_data().swapaxes(0, 1)
    for ijk in ((0, 0, 0), (100, 20, 40), (64, 64, 30)):
        world = (theirs @ [*ijk, 1])[:3]
        mine = volume.voxel(world)
        assert_allclose(mine, mine.round(), atol=1e-4)
        assert volume.data[tuple(mine.round().astype(int))] == pixels[ijk]


def _state_normal(dataset, direction):
    """Write SliceNormalVector into the CSA header, whose numbers are text of a fixed length."""
    csa = bytearray(dataset[0x0029, 0x1010].value)
    at = csa.index(b"SliceNormalVector\0")
    for old, new in zip((b"0.00000000", b"0.00523632", b"0.99998629"), direction, strict=True):
        at = csa.index(old, at)
        csa[at : at + 10] = f"{new:+.7f}".encode()
        at += 10
    dataset[0x0029, 0x1010].value = bytes(csa)


def test_a_mosaic_of_united_imaging_is_refused_and_shown_as_a_picture(tmp_path):
    pixels = values((1, 12, 12))
    (dataset,) = stack(pixels, ImageType=["ORIGINAL", "PRIMARY", "EPI", "VFRAME"])
    path = save(dataset, tmp_path / "a")
    with pytest.raises(ReadError, match="mosaic of United Imaging"):
        read_series(path)
    assert_array_equal(read_slice(path).pixels, pixels[0])


def test_a_mosaic_as_a_picture_is_whole_or_one_of_its_slices(tmp_path):
    path = unzipped("siemens_dwi_0.dcm.gz", tmp_path)
    whole, third = read_slice(path), read_slice(path, frame=3)
    assert whole.pixels.shape == (896, 896)
    assert_array_equal(third.pixels, whole.pixels[:128, 3 * 128 : 4 * 128])
    volume = read_series(path)
    assert_array_equal(third.pixels, volume.data[:, :, 3].T)
    assert_allclose(third.affine[:3, 3], volume.world([0, 0, 3]))


def test_a_mosaic_that_was_resampled_is_refused_as_a_volume_and_shown_as_a_picture():
    with pytest.raises(ReadError, match="mosaic of 48 slices"):
        read_series(NICOM / "0.dcm")
    assert read_slice(NICOM / "0.dcm").pixels.shape == (256, 256)


def test_a_real_philips_enhanced_volume_agrees_with_dcm2niix(tmp_path):
    path = unzipped("philips_mprage.dcm.gz", tmp_path / "in")
    volume = read_series(path)
    (image,) = dcm2niix(tmp_path / "in", tmp_path / "out")
    theirs, ours = nibabel.as_closest_canonical(image), volume.to_ras()
    assert_allclose(ours.affine, theirs.affine, atol=1e-4)
    assert_allclose(ours.data, np.asarray(theirs.dataobj), rtol=1e-5)


def test_a_single_slice_is_as_deep_as_its_file_says(tmp_path):
    (dataset,) = stack(values((1, 4, 5)))
    dataset.SliceThickness = 6.5
    assert read_series(save(dataset, tmp_path / "x")).spacing == pytest.approx((0.5, 0.8, 6.5))


def test_pictures_without_a_place_have_no_sides(tmp_path):
    volume = read_series(save(picture(values((1, 4, 5))[0]), tmp_path / "x"))
    assert not volume.oriented
    assert any("no place" in note for note in volume.notes)


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "PixelSpacing"])
def test_what_keeps_a_series_from_stacking_is_named(tmp_path, keyword):
    datasets = stack(values())
    del datasets[2][keyword]
    paths = write(datasets, tmp_path)
    assert {info.split for info in scan(tmp_path)} == {"", f"lacking {keyword}"}
    for path, dataset in zip(paths, datasets, strict=True):
        dataset.pop(keyword, None)
        save(dataset, path)
    with pytest.raises(SeriesError, match=f"holds 5 volumes, each .* without {keyword}, so"):
        read_series(tmp_path)


def test_colour_in_time_is_refused_with_the_way_out():
    with pytest.raises(SeriesError, match=r"read_slice\(path, frame=n\)"):
        read_series(bundled("examples_ybr_color.dcm"))


def test_cosines_that_are_none_are_refused(tmp_path):
    datasets = stack(values(), (1, 0, 0, 1, 0, 0))
    write(datasets, tmp_path)
    with pytest.raises(ReadError, match="right angle"):
        read_series(tmp_path)


@pytest.mark.parametrize("shape", [(5, 7, 9), (4, 40, 30)])
def test_a_list_of_files_a_folder_and_a_scanned_series_are_the_same(tmp_path, shape):
    paths = write(stack(values(shape)), tmp_path)
    volumes = [
        read_series(source) for source in (tmp_path, str(tmp_path), paths, scan(tmp_path)[0])
    ]
    for volume in volumes:
        assert_array_equal(volume.data, volumes[0].data)
        assert not volume.data.flags.writeable
    assert read_series(paths[0]).shape == (*shape[:0:-1], 1)


def test_frames_lie_one_after_another_in_memory(tmp_path):
    write(stack(values()), tmp_path)
    data = read_series(tmp_path).data
    assert data.T.flags.c_contiguous


@pytest.mark.parametrize(("step", "allowed"), [(0.04, 0.01), (0.5, 0.02), (1.0, 0.02), (5.0, 0.1)])
def test_how_much_a_step_may_differ(step, allowed):
    """Two hundredths of a mm or of the step, whichever is more, but never more than a quarter of it."""
    assert geometry.tolerance(step) == pytest.approx(allowed)


def test_slices_along_their_normal_are_not_tilted_whatever_the_rounding():
    rng = np.random.default_rng(0)
    for turned in (np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(300)):
        frame = SimpleNamespace(orientation=tuple(turned[:, :2].T.ravel()))
        step = geometry.normal(frame.orientation) * 2.5
        spacing = geometry.Spacing(step, 2.5, (), 0.0)
        assert geometry.tilt_degrees(spacing, frame) == pytest.approx(0, abs=1e-5)
