"""Where frames lie, when they were taken, and whether the slices of one volume belong together.

Every file here was read without a word once, and wrong.
"""

import numpy as np
import pytest
from dicom_files import AXIAL, picture, save, stack, truth, values, write
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset

from handson import read_series, scan
from handson.bids import sidecar
from handson.dicom.frame import seconds
from handson.errors import ReadError

FEET_FIRST = (-1, 0, 0, 0, 1, 0)  # its normal points to the feet
DOSE, ULTRASOUND = "1.2.840.10008.5.1.4.1.1.481.2", "1.2.840.10008.5.1.4.1.1.3.1"


# --- places ---------------------------------------------------------------------------------------


def dose(folder, offsets, orientation=AXIAL, place=(10.0, 20.0, -30.0)):
    data = values((len(offsets), 4, 5)).astype(np.uint16)
    dataset = picture(
        data, SOPClassUID=DOSE, Modality="RTDOSE", NumberOfFrames=len(offsets), DoseUnits="GY",
        DoseGridScaling="0.5", PixelSpacing=[3.0, 2.0], GridFrameOffsetVector=list(offsets),
        ImagePositionPatient=list(place), ImageOrientationPatient=list(orientation),
    )  # fmt: skip
    return data, save(dataset, folder / "dose")


@pytest.mark.parametrize("orientation", [AXIAL, FEET_FIRST], ids=["head first", "feet first"])
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
def test_heights_of_a_dose_are_the_patients_and_offsets_follow_the_normal(
    tmp_path, orientation, absolute, sign
):
    steps = sign * np.array([0, 2.5, 5.0, 7.5])
    data, path = dose(tmp_path, steps - 30 if absolute else steps, orientation)
    up = -1 if orientation == FEET_FIRST and not absolute else 1
    volume = read_series(path)
    inverse = np.linalg.inv(volume.affine)
    for k, step in enumerate(steps):
        i, j, n = (inverse @ [-10, -20, -30 + up * step, 1])[:3].round(6)
        assert (i, j) == (0, 0)
        assert_array_equal(volume.data[:, :, int(n)], data[k].T * np.float32(0.5))


def test_offsets_that_begin_with_neither_0_nor_the_height_are_refused(tmp_path):
    _, path = dose(tmp_path, [12.0, 14.5, 17.0])
    assert not len(scan(path))
    with pytest.raises(ReadError, match="GridFrameOffsetVector"):
        read_series(path)


def frames(folder, **elements):
    data = values((4, 6, 7)).astype(np.uint8)
    dataset = picture(
        data, SOPClassUID=ULTRASOUND, Modality="US", NumberOfFrames=4, PixelSpacing=[1.0, 1.0],
        ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=list(AXIAL), **elements,
    )  # fmt: skip
    return data, save(dataset, folder / "frames")


@pytest.mark.parametrize(
    "elements",
    [{}, {"FrameIncrementPointer": 0x00182005, "SliceLocationVector": ["1", "2", "3", "4"]}],
)
def test_frames_that_nothing_places_have_no_place(tmp_path, elements):
    data, path = frames(tmp_path, **elements)
    volume = read_series(path)
    assert_array_equal(volume.data[:, :, 0, 2], data[2].T)
    assert not volume.oriented
    assert volume.time_step is None
    assert "no place" in " ".join(volume.notes)


TIME, VECTOR = 0x00181063, 0x00181065


@pytest.mark.parametrize(
    ("elements", "step", "placed"),
    [
        ({"FrameTime": 40, "FrameIncrementPointer": TIME}, 0.04, True),
        ({"FrameTime": 40}, 0.04, False),
        ({"FrameTimeVector": [0, 20, 20, 20], "FrameIncrementPointer": VECTOR}, 0.02, True),
        (
            {
                "FrameTime": 40,
                "FrameTimeVector": [0, 20, 20, 20],
                "FrameIncrementPointer": VECTOR,
            },
            0.02,
            True,
        ),
        (
            {"FrameTime": 40, "FrameTimeVector": [0, 20, 20, 20], "FrameIncrementPointer": TIME},
            0.04,
            True,
        ),
        ({"FrameTime": 40, "FrameTimeVector": [0, 20, 20, 20]}, None, False),
        ({"FrameTimeVector": [0, 20, 60, 20], "FrameIncrementPointer": VECTOR}, None, True),
    ],
)
def test_the_pointer_says_what_sets_frames_apart(tmp_path, elements, step, placed):
    _, path = frames(tmp_path, **elements)
    volume = read_series(path)
    assert volume.time_step == (None if step is None else pytest.approx(step))
    assert volume.oriented == placed


@pytest.mark.parametrize("first", [0, 1])
def test_a_vector_of_slices_may_begin_with_0(tmp_path, first):
    data = values((4, 5, 6)).astype(np.uint16)
    dataset = picture(
        data, SOPClassUID="1.2.840.10008.5.1.4.1.1.20", Modality="NM", NumberOfFrames=4,
        SliceVector=list(range(first, first + 4)), SpacingBetweenSlices=2.5, PixelSpacing=[0.8, 0.5],
    )  # fmt: skip
    detector = Dataset()
    detector.ImagePositionPatient, detector.ImageOrientationPatient = [-30.5, 12.25, 7], [*AXIAL]
    dataset.DetectorInformationSequence = [detector]
    volume = read_series(save(dataset, tmp_path / "nm"))
    assert_allclose(volume.affine, truth())


def test_the_distance_of_a_mosaics_slices_is_never_their_thickness(tmp_path):
    dataset = stack(values((1, 8, 8)), ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"])[0]
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0A, "US", 4)
    with pytest.raises(ReadError, match="slice distance"):
        read_series(save(dataset, tmp_path / "a"))
    dataset.SpacingBetweenSlices = 3.5
    assert read_series(save(dataset, tmp_path / "a")).spacing[2] == pytest.approx(3.5)


def test_a_single_slice_has_no_distance_that_nobody_stated(tmp_path):
    (dataset,) = stack(values((1, 4, 5)))
    del dataset.SliceThickness
    path = save(dataset, tmp_path / "a")
    assert "0.5 x 0.8 x ?" in repr(scan(path))
    assert any("no thickness" in note for note in read_series(path).notes)


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clock",
    ["95958", "250000", "126000", "1", "120", "noon", "", "12:00:61", "10-20-30", "120000.5.5x"],
)
def test_what_is_no_time_of_day_is_none(clock):
    assert seconds("20200101" + clock) is None


def test_times_of_day_may_be_short_or_old():
    day = seconds("2020010100")
    assert day is not None
    for clock, expected in (("09", 32400), ("0959", 35940), ("09:59:58", 35998), ("235960", 86400)):
        assert seconds("20200101" + clock) == day + expected


def test_two_frames_of_unequal_length_have_no_step(tmp_path):
    made = []
    for t, (start, length) in enumerate([(0, 60_000), (60_000, 120_000)]):
        made += stack(
            values(seed=t), modality="PT", SeriesInstanceUID="1.2.3", Units="BQML",
            FrameReferenceTime=start + length / 2, ActualFrameDuration=length, RescaleSlope=1,
            RescaleIntercept=0,
        )  # fmt: skip
    write(made, tmp_path)
    volume = read_series(tmp_path)
    assert volume.times == ((0.0, 60.0), (60.0, 120.0))
    assert volume.time_step is None


# --- slices that belong together ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("modality", "keyword", "pair", "told"),
    [
        ("MR", "DiffusionBValue", (0.0, 1000.0), "b-value: 0 and 1000"),
        ("MR", "FlipAngle", (10, 40), "flip angle: 10 and 40"),
        ("MR", "EchoNumbers", (1, 2), "echo number: 1 and 2"),
        ("MR", "RepetitionTime", (500, 2000), "repetition time: 500 and 2000"),
        ("MR", "TemporalPositionIdentifier", (1, 2), "temporal position: 1 and 2"),
        ("CT", "ConvolutionKernel", ("B30f", "B60f"), "convolution kernel: B30f and B60f"),
        ("CT", "KVP", (80, 120), "tube voltage: 80 and 120"),
        ("CT", "AcquisitionNumber", (1, 2), "acquisition: 1 and 2"),
        (
            "CT",
            "ImageType",
            (["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "PRIMARY", "AXIAL"]),
            "image type: DERIVED AXIAL and ORIGINAL AXIAL",
        ),
    ],
)
@pytest.mark.parametrize("interleaved", [False, True])
def test_a_mixture_is_told(tmp_path, modality, keyword, pair, told, interleaved):
    made = stack(values((6, 7, 9)), modality=modality, RescaleSlope=1, RescaleIntercept=0)
    for k, dataset in enumerate(made):
        setattr(dataset, keyword, pair[k % 2 if interleaved else k // 3])
    write(made, tmp_path)
    volume = read_series(tmp_path)
    assert f"The slices of a volume differ in {told}." in volume.notes
    assert volume.b_values is None


@pytest.mark.parametrize(
    ("keyword", "per_slice"),
    [
        ("AcquisitionNumber", range(1, 7)),
        ("RepetitionTime", (2000, 1999.8, 2000.1, 2000, 2000, 2000)),
        ("TriggerTime", range(0, 600, 100)),
        ("AcquisitionTime", [f"12000{k}" for k in range(6)]),
    ],
)
def test_what_may_differ_from_slice_to_slice_is_not_told(tmp_path, keyword, per_slice):
    made = stack(values((6, 7, 9)))
    for dataset, stated in zip(made, per_slice, strict=True):
        setattr(dataset, keyword, stated)
    write(made, tmp_path)
    assert "differ" not in " ".join(read_series(tmp_path).notes)


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ((1, 1, 2, 2, 3, 3), "acquisition: 1, 2 and 3"),
        ((1, 2, 3, 4, 5, 5), None),  # counted by slice
    ],
)
def test_acquisitions_are_told_where_they_are_few(tmp_path, stated, told):
    made = stack(values((6, 7, 9)))
    for dataset, number in zip(made, stated, strict=True):
        dataset.AcquisitionNumber = number
    write(made, tmp_path)
    notes = " ".join(read_series(tmp_path).notes)
    assert told in notes if told else "differ" not in notes


@pytest.mark.parametrize(
    ("angles", "told"), [((1, 2, 3, 4, 4), "1, 2, 3 and 4"), (range(5), "(5 values)")]
)
def test_many_values_are_counted(tmp_path, angles, told):
    made = stack(values())
    for dataset, angle in zip(made, angles, strict=True):
        dataset.FlipAngle = angle
    write(made, tmp_path)
    assert any("flip angle" in note and told in note for note in read_series(tmp_path).notes)


@pytest.mark.parametrize("total", [None, 3])
def test_a_lost_part_of_a_concatenation_is_told(tmp_path, total):
    made = stack(values((6, 7, 9)))
    for k, dataset in enumerate(made):
        dataset.ConcatenationUID, dataset.InConcatenationNumber = "1.2.9", k // 2 + 1
        if total:
            dataset.InConcatenationTotalNumber = total
    write(made[:2] + made[4:] if total is None else made[:4], tmp_path)
    lost = "part 2 of 3" if total is None else "part 3 of 3"
    info = scan(tmp_path)[0]
    volume = read_series(info, on_gap="resample") if total is None else read_series(info)
    assert any(f"{lost} is missing" in note for note in volume.notes)


@pytest.mark.parametrize(
    ("modality", "keyword", "name"),
    [
        ("MR", "FlipAngle", "FlipAngle"),
        ("MR", "EchoTrainLength", "EchoTrainLength"),
        ("CT", "KVP", "KVP"),
        ("CT", "XRayTubeCurrent", "XRayTubeCurrent"),
    ],
)
def test_a_sidecar_states_what_holds_for_all_slices(tmp_path, modality, keyword, name):
    made = stack(values(), modality=modality, **{keyword: 100})
    write(made, tmp_path / "same")
    made[2].__setattr__(keyword, 120)
    write(made, tmp_path / "one differs")
    del made[2][keyword]
    write(made, tmp_path / "one is silent")
    found = [
        sidecar(scan(tmp_path / folder)[0], read_series(tmp_path / folder)).get(name)
        for folder in ("same", "one differs", "one is silent")
    ]
    assert found == [100, None, None]


@pytest.mark.parametrize(("stated", "told"), [(2.5, 2.5), (5, None), (-2.5, None)])
def test_a_sidecar_does_not_contradict_the_positions(tmp_path, stated, told):
    """Every other slice was left out, or the element holds a gap: the image's own distance holds."""
    write(stack(values(), modality="CT", SpacingBetweenSlices=stated), tmp_path)
    found = sidecar(scan(tmp_path)[0], read_series(tmp_path))
    assert found.get("SpacingBetweenSlices") == told
