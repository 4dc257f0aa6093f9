"""Frames that share a position: the volumes are what the headers prove, whatever the order of frames and files.

Metamorphic: frames of one object are permuted with their functional groups, files are shuffled and
renamed; no voxel may change. Every voxel value tells its slice and its volume.
"""

import itertools

import numpy as np
import pydicom
import pytest
from dicom_files import AXIAL, picture, save, stack, values, write
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from handson import read_series, scan
from handson.errors import SeriesError, SeriesGapError

ROWS, COLUMNS, SLICES = 4, 5, 3
SPACE = generate_uid(entropy_srcs=["space"])


def pixels(volume, k) -> np.ndarray:
    """One slice whose value says which volume and which slice it is."""
    ramp = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    return (ramp + 100 * k + 1000 * volume).astype(np.uint16)


def truth(volumes, slices=SLICES) -> np.ndarray:
    """[column, row, slice, volume]"""
    return np.array([[pixels(t, k).T for t in range(volumes)] for k in range(slices)]).transpose(
        2, 3, 0, 1
    )


def dataset_of(**elements) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def group(k, *, step=2.5, **groups) -> Dataset:
    """The functional groups of one frame: `groups` are sequences of one item, given as dictionaries."""
    made = dataset_of(
        PlanePositionSequence=[dataset_of(ImagePositionPatient=[-10.0, 5.0, k * step])],
        FrameContentSequence=[dataset_of(**groups.pop("content", {}))],
    )
    for sequence, elements in groups.items():
        item = elements if isinstance(elements, Dataset) else dataset_of(**elements)
        setattr(made, sequence, [item])
    return made


def enhanced(frames, dimensions=(), seed=0, **elements) -> Dataset:
    """An enhanced MR object.

    frames : [(pixels, functional groups)]
    dimensions : [(pointer, functional group pointer)] of the DimensionIndexSequence
    seed : of the order of the frames, None to keep it
    """
    order = (
        range(len(frames)) if seed is None else np.random.default_rng(seed).permutation(len(frames))
    )
    frames = [frames[i] for i in order]
    made = picture(np.array([p for p, _ in frames]), SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1",
                   Modality="MR", SeriesInstanceUID=generate_uid(entropy_srcs=["series"]),
                   FrameOfReferenceUID=SPACE, NumberOfFrames=len(frames), **elements)  # fmt: skip
    made.Rows, made.Columns = frames[0][0].shape
    made.PerFrameFunctionalGroupsSequence = [g for _, g in frames]
    made.SharedFunctionalGroupsSequence = [
        dataset_of(
            PlaneOrientationSequence=[dataset_of(ImageOrientationPatient=list(AXIAL))],
            PixelMeasuresSequence=[dataset_of(PixelSpacing=[0.8, 0.5], SliceThickness=1.0)],
        )
    ]
    if dimensions:
        made.DimensionIndexSequence = [
            dataset_of(DimensionIndexPointer=p, FunctionalGroupPointer=g) for p, g in dimensions
        ]
    return made


def indexed(volumes, place_first=True, extra=lambda t, k: {}):
    """Frames whose DimensionIndexValues alone tell slice and volume."""
    for t, k in itertools.product(range(volumes), range(SLICES)):
        indices = [1, k + 1, t + 1] if place_first else [t + 1, 1, k + 1]
        yield pixels(t, k), group(k, content={"DimensionIndexValues": indices}, **extra(t, k))


STACK, IN_STACK, POSITION = 0x00209056, 0x00209057, 0x00200032
CONTENT, PLACE = 0x00209111, 0x00209113
POINTERS = {
    "time": (0x00209128, CONTENT),
    "time offset": (0x0020930D, 0x00209310),
    "trigger delay": (0x00209153, 0x00189118),
    "b-value": (0x00189087, 0x00189117),
    "direction": (0x00189089, 0x00189117),
    "flip angle": (0x00181314, 0x00189112),
    "inversion time": (0x00189079, 0x00189115),
    "label": (0x00189257, 0x00189251),
    "acquisition time": (0x00189074, CONTENT),
    "private": (0x20051413, 0x2005140F),
    "private, no group": (0x20051413, 0),
    "unknown": (0x00189999, 0x00189998),
}


@pytest.mark.parametrize("pointer", POINTERS.values(), ids=POINTERS)
@pytest.mark.parametrize("place_first", [True, False])
def test_a_dimension_of_any_kind_orders_the_frames(tmp_path, pointer, place_first):
    place = [(STACK, CONTENT), (IN_STACK, CONTENT)]
    dimensions = [*place, pointer] if place_first else [pointer, *place]
    for seed in range(3):
        made = enhanced(list(indexed(4, place_first)), dimensions, seed)
        volume = read_series(save(made, tmp_path / f"{seed}.dcm"))
        assert_array_equal(volume.data, truth(4))


def test_the_place_may_be_counted_by_position_instead_of_a_stack(tmp_path):
    frames = [
        (pixels(t, k), group(k, content={"DimensionIndexValues": [t + 1, k + 1]}))
        for t, k in itertools.product(range(3), range(SLICES))
    ]
    made = enhanced(frames, [POINTERS["private"], (POSITION, PLACE)])
    assert_array_equal(read_series(save(made, tmp_path / "e")).data, truth(3))


def test_pointers_in_another_order_than_the_values_do_no_harm(tmp_path):
    """As Philips' release 11.1 writes them (dcm2niix, issue 809)."""
    dimensions = [POINTERS["time"], (STACK, CONTENT), (IN_STACK, CONTENT)]
    made = enhanced(list(indexed(4)), dimensions)  # the values: stack, position, time
    assert_array_equal(read_series(save(made, tmp_path / "e")).data, truth(4))


def test_indices_without_a_sequence_of_pointers_still_order(tmp_path):
    made = enhanced(list(indexed(3)))
    assert_array_equal(read_series(save(made, tmp_path / "e")).data, truth(3))


def test_an_index_of_every_frame_and_dimensions_of_place_alone_order_nothing(tmp_path):
    """A dimension that numbers all frames, in an order that is not that of volumes, is no proof."""
    frames = [
        (pixels(t, k), group(k, content={"DimensionIndexValues": [k + 1]}))
        for t, k in itertools.product(range(3), range(SLICES))
    ]
    made = enhanced(frames, [(IN_STACK, CONTENT)], seed=1)
    with pytest.raises(SeriesGapError, match="same place"):
        read_series(save(made, tmp_path / "e"))


def test_pointers_without_values_are_followed_to_the_attributes(tmp_path):
    def one(t, k):
        nested = dataset_of(FlipAngle=5.0 * (t + 1))
        return group(k, MRTimingAndRelatedParametersSequence=nested)

    frames = [(pixels(t, k), one(t, k)) for t, k in itertools.product(range(3), range(SLICES))]
    made = enhanced(frames, [(IN_STACK, CONTENT), POINTERS["flip angle"]])
    assert_array_equal(read_series(save(made, tmp_path / "e")).data, truth(3))


ATTRIBUTES = {
    "temporal position": lambda t: {"content": {"TemporalPositionIndex": t + 1}},
    "acquisition time": lambda t: {"content": {"FrameAcquisitionDateTime": f"2024010112000{t}"}},
    "trigger delay": lambda t: {"CardiacSynchronizationSequence": {"NominalCardiacTriggerDelayTime": 40.0 * t}},
    "cardiac phase": lambda t: {"CardiacSynchronizationSequence": {"NominalPercentageOfCardiacPhase": 10.0 * t}},
    "time offset": lambda t: {"TemporalPositionSequence": {"TemporalPositionTimeOffset": 2.0 * t}},
    "b-value": lambda t: {"MRDiffusionSequence": {"DiffusionBValue": 500.0 * t}},
    "flip angle": lambda t: {"MRTimingAndRelatedParametersSequence": {"FlipAngle": 5.0 * t + 2}},
    "inversion time": lambda t: {"MRModifierSequence": {"InversionTimes": [100.0 * t + 50]}},
    "spin label": lambda t: {"MRArterialSpinLabelingSequence": {"ASLContext": ["CONTROL", "LABEL", "M_ZERO"][t]}},
    "kernel": lambda t: {"CTReconstructionSequence": {"ConvolutionKernel": ["B30f", "B45f", "B60f"][t]}},
    "tube voltage": lambda t: {"CTXRayDetailsSequence": {"KVP": [80, 100, 140][t]}},
}  # fmt: skip


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_the_functional_groups_orders_without_dimensions(tmp_path, name):
    for seed in range(3):
        frames = [
            (pixels(t, k), group(k, **ATTRIBUTES[name](t)))
            for t, k in itertools.product(range(3), range(SLICES))
        ]
        volume = read_series(save(enhanced(frames, seed=seed), tmp_path / f"{seed}"))
        assert_array_equal(volume.data, truth(3))


def test_volumes_of_several_image_types_are_told(tmp_path):
    """A map among weighted images is no further weighting."""
    made = []
    for t, word in enumerate(("ADC", "TRACEW")):
        words = ["DERIVED", "PRIMARY", "DIFFUSION", word]
        made += stack(values(seed=t), SeriesInstanceUID="1.2.3", ImageType=words, DiffusionBValue=t)
    write(made, tmp_path)
    told = "Its volumes differ in image type: DERIVED DIFFUSION ADC and DERIVED DIFFUSION TRACEW."
    assert told in read_series(tmp_path).notes


@pytest.mark.parametrize("name", ["kernel", "tube voltage", "flip angle", "b-value"])
def test_a_mixture_in_an_enhanced_object_is_told(tmp_path, name):
    frames = [(pixels(0, k), group(k, **ATTRIBUTES[name](k % 2))) for k in range(SLICES)]
    notes = read_series(save(enhanced(frames), tmp_path / "e")).notes
    assert any("slices of a volume differ in" in note and name in note for note in notes)


def test_frames_that_nothing_tells_apart_are_refused_unless_the_order_is_asked_for(tmp_path):
    frames = [(pixels(t, k), group(k)) for t, k in itertools.product(range(3), range(SLICES))]
    mixed = save(enhanced(frames, seed=1), tmp_path / "mixed")
    with pytest.raises(SeriesGapError, match='order="instance"') as caught:
        read_series(mixed)
    assert "on_duplicate" not in str(caught.value)
    with pytest.raises(SeriesGapError):
        read_series(mixed, on_duplicate="first")
    assert read_series(mixed, order="instance").shape == (COLUMNS, ROWS, SLICES, 3)
    plain = save(enhanced(frames, seed=None), tmp_path / "plain")  # volume by volume
    assert_array_equal(read_series(plain).data, truth(3))


def test_an_element_that_contradicts_the_order_of_frames_is_named(tmp_path):
    """Volume by volume as it seems, and a private element says that slices were exchanged."""

    def one(t, k):
        made = group(k)
        block = made.private_block(0x0099, "A VENDOR", create=True)
        block.add_new(1, "LO", f"phase {t if k else 2 - t}")
        return made

    frames = [(pixels(t, k), one(t, k)) for t, k in itertools.product(range(3), range(SLICES))]
    path = save(enhanced(frames, seed=None), tmp_path / "e")
    with pytest.raises(SeriesGapError, match=r"0099.*1001"):
        read_series(path)
    assert any("0099" in problem for problem in scan(path)[0].problems)


@st.composite
def indexed_objects(draw):
    """(sizes of the dimensions beside place, where place stands among them, pointers, seed)"""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    known = draw(
        st.lists(st.sampled_from(sorted(POINTERS)), min_size=len(sizes), max_size=len(sizes))
    )
    return sizes, draw(st.integers(0, len(sizes))), known, draw(st.integers(0, 2**16))


@settings(max_examples=30, deadline=None)
@given(indexed_objects())
def test_objects_of_random_dimensions_are_read_in_the_order_of_their_indices(
    tmp_path_factory, made
):
    sizes, at, known, seed = made
    dimensions = [POINTERS[name] for name in known]
    dimensions[at:at] = [(STACK, CONTENT), (IN_STACK, CONTENT)]
    frames = []
    for t, index in enumerate(itertools.product(*map(range, sizes))):
        for k in range(SLICES):
            values = [n + 1 for n in index]
            values[at:at] = [1, k + 1]
            frames.append((pixels(t, k), group(k, content={"DimensionIndexValues": values})))
    path = tmp_path_factory.mktemp("dimensions") / "e.dcm"
    volume = read_series(save(enhanced(frames, dimensions, seed), path))
    wanted = truth(int(np.prod(sizes)))
    assert_array_equal(volume.data, wanted if wanted.shape[3] > 1 else wanted[..., 0])


# --- a file for each slice ------------------------------------------------------------------------

CLASSES = {"MR": "1.2.840.10008.5.1.4.1.1.4", "CT": "1.2.840.10008.5.1.4.1.1.2", "PT": "1.2.840.10008.5.1.4.1.1.128"}  # fmt: skip


def classic(t, k, modality="MR", position=None, **elements) -> Dataset:
    return picture(
        pixels(t, k),
        SOPClassUID=CLASSES[modality],
        Modality=modality,
        SeriesInstanceUID=generate_uid(entropy_srcs=["series"]),
        FrameOfReferenceUID=SPACE,
        ImagePositionPatient=position or [-10.0, 5.0, k * 2.5],
        ImageOrientationPatient=list(AXIAL),
        PixelSpacing=[0.8, 0.5],
        **elements,
    )


def files(volumes, elements, modality="MR", slices=SLICES) -> list[Dataset]:
    """One data set for each slice of each volume; `elements(t, k)` tell them apart."""
    return [
        classic(t, k, modality, **elements(t, k))
        for t, k in itertools.product(range(volumes), range(slices))
    ]


def written(datasets, folder, seed):
    """The files under names and in folders that tell nothing."""
    order = np.random.default_rng(seed).permutation(len(datasets))
    for n, dataset in zip(order, datasets, strict=True):
        save(dataset, folder / f"d{n % 3}" / f"{(n * 7919) % 10007:05d}")
    return folder


def clock(seconds) -> str:
    seconds = int(seconds) % 86400
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


SERIES = {
    "temporal position": ("MR", lambda t, k: {"TemporalPositionIdentifier": t + 1}),
    "trigger time": ("MR", lambda t, k: {"TriggerTime": 40.0 * t}),
    "trigger time that drifts from slice to slice": ("MR", lambda t, k: {"TriggerTime": 40.0 * t + 3 * k}),
    "b-value": ("MR", lambda t, k: {"DiffusionBValue": 500.0 * t}),
    "flip angle": ("MR", lambda t, k: {"FlipAngle": 5.0 * (t + 1)}),
    "repetition time": ("MR", lambda t, k: {"RepetitionTime": 500.0 * (t + 1)}),
    "sequence name": ("MR", lambda t, k: {"SequenceName": f"*ep_b{500 * t}"}),
    "acquisition": ("MR", lambda t, k: {"AcquisitionNumber": t + 1}),
    "time of each slice": ("MR", lambda t, k: {"AcquisitionTime": clock(36000 + 10 * t + k)}),
    "time over midnight": ("MR", lambda t, k: {"AcquisitionTime": clock(86390 + 10 * t)}),
    "content time over midnight": ("MR", lambda t, k: {"ContentTime": clock(86390 + 10 * t + k)}),
    "a date that was not moved on": (
        "MR",
        lambda t, k: {"AcquisitionDate": "20240101", "AcquisitionTime": clock(86390 + 10 * t)},
    ),
    "content past midnight, acquired before": (
        "MR",
        lambda t, k: {
            "AcquisitionDate": "20240101",
            "ContentDate": "20240101" if t < 2 else "20240102",
            "ContentTime": clock(86380 + 10 * t),
        },
    ),
    "instance, volume by volume": ("MR", lambda t, k: {"InstanceNumber": SLICES * t + k + 1}),
    "instance, place by place": ("MR", lambda t, k: {"InstanceNumber": 4 * k + t + 1}),
    "instance that counts volumes": ("MR", lambda t, k: {"InstanceNumber": t + 1}),
    "dynamics and phases": (
        "MR",
        lambda t, k: {"TemporalPositionIdentifier": t // 2 + 1, "TriggerTime": 100.0 * (t % 2)},
    ),
    "b-values, then repeats by time": (
        "MR",
        lambda t, k: {"DiffusionBValue": 0.0 if t < 2 else 800.0, "AcquisitionTime": clock(3600 + 9 * t)},
    ),
    "cardiac phase": ("CT", lambda t, k: {"NominalPercentageOfCardiacPhase": 20.0 * t}),
    "kernel": ("CT", lambda t, k: {"ConvolutionKernel": f"B{t}0f"}),
    "CT by time": ("CT", lambda t, k: {"AcquisitionTime": clock(36000 + 2 * t)}),
    "frame reference time": ("PT", lambda t, k: {"FrameReferenceTime": 30000.0 * (2 * t + 1)}),
    "image index": ("PT", lambda t, k: {"ImageIndex": SLICES * t + k + 1, "NumberOfSlices": SLICES}),
}  # fmt: skip


@pytest.mark.parametrize("name", SERIES)
def test_names_and_order_of_files_change_no_volume(tmp_path, name):
    modality, elements = SERIES[name]
    datasets = files(4, elements, modality)
    for seed in range(3):
        volume = read_series(written(datasets, tmp_path / str(seed), seed))
        assert_array_equal(volume.data, truth(4))
        assert volume.frame_of_reference == SPACE


@pytest.mark.parametrize("name", [n for n in SERIES if "instance" not in n])
def test_instance_numbers_that_lie_change_no_volume(tmp_path, name):
    modality, elements = SERIES[name]
    datasets = files(4, elements, modality)
    for dataset, n in zip(
        datasets, np.random.default_rng(5).permutation(len(datasets)), strict=True
    ):
        dataset.InstanceNumber = int(n) + 1
    assert_array_equal(read_series(written(datasets, tmp_path, 1)).data, truth(4))


REFUSED = {
    "nothing": (lambda t, k: {}, "no element"),
    "instance that counts neither": (
        lambda t, k: {"InstanceNumber": [[1, 9, 2], [3, 4, 8], [5, 6, 7]][t][k]},
        "neither volumes nor places",
    ),
    "instance against the time": (
        lambda t, k: {"InstanceNumber": SLICES * t + k, "ContentTime": "120000" if (t > 1) ^ (k == 0) else "120001"},
        "content time",
    ),
    "instance against an element that nobody reads": (
        lambda t, k: {"InstanceNumber": SLICES * t + k, "BodyPartExamined": ["HEAD", "CHEST", "ARM"][t if k else 2 - t]},
        "BodyPartExamined",
    ),
    "positions in time against the clock": (
        lambda t, k: {"TemporalPositionIdentifier": t, "AcquisitionTime": clock(3600 + (t if k else 2 - t))},
        "contradict",
    ),
    "two clocks that disagree": (
        lambda t, k: {"TriggerTime": 40.0 * t + k, "AcquisitionTime": clock(3600 + 10 * (t if k else 2 - t) + k)},
        "contradict",
    ),
    "positions in time that one place lacks": (
        lambda t, k: {"TemporalPositionIdentifier": min(t, 1) if k == 1 else t, "InstanceNumber": SLICES * t + k},
        "temporal position",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_order_that_is_not_proven_is_refused_and_says_what_varies(tmp_path, name):
    elements, words = REFUSED[name]
    folder = written(files(3, elements), tmp_path, 2)
    with pytest.raises(SeriesGapError, match=words) as caught:
        read_series(folder)
    for harmful in ("on_duplicate", "on_gap", "Remove"):
        assert harmful not in str(caught.value)
    for option in ({"on_duplicate": "first"}, {"on_gap": "resample"}):
        with pytest.raises(SeriesGapError):
            read_series(folder, **option)


def test_the_order_of_instances_can_be_asked_for(tmp_path):
    def elements(t, k):
        return {"InstanceNumber": SLICES * t + k, "BodyPartExamined": "HEAD" if t == k else "ARM"}

    folder = written(files(3, elements), tmp_path, 0)
    assert_array_equal(read_series(folder, order="instance").data, truth(3))
    with pytest.raises(SeriesError, match="'instance'"):
        read_series(folder, order="name")


def test_echoes_and_frames_of_reference_are_volumes_of_their_own(tmp_path):
    echoes = written(files(2, lambda t, k: {"EchoTime": [10, 30][t]}), tmp_path / "echoes", 0)
    spaces = files(2, lambda t, k: {"AcquisitionTime": clock(t)})
    for n, dataset in enumerate(spaces):
        dataset.FrameOfReferenceUID = f"1.2.{3 + n // SLICES}"
    for folder in (echoes, written(spaces, tmp_path / "spaces", 0)):
        table = scan(folder)
        assert [info.shape for info in table] == [(COLUMNS, ROWS, SLICES)] * 2
        found = sorted(int(read_series(info).data[0, 0, 0]) for info in table)
        assert found == [0, 1000]


# --- copies, gaps and motion ----------------------------------------------------------------------


def test_copies_under_other_uids_are_told_by_their_pixels(tmp_path):
    datasets = files(1, lambda t, k: {"InstanceNumber": k})
    folder = written(datasets, tmp_path, 0)
    for dataset in datasets:
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        save(dataset, folder / "again" / dataset.SOPInstanceUID)
    with pytest.raises(SeriesGapError, match=r"pixels are equal.*on_duplicate"):
        read_series(folder)
    assert_array_equal(read_series(folder, on_duplicate="first").data, truth(1)[..., 0])


def drifting(t, k, along=0.3, across=0.1):
    return [-10.0 + across * t, 5.0 - across * t, k * 2.5 + along * t]


@pytest.mark.parametrize("drift", [(0.3, 0.1), (0.05, 0.0), (0.0, 0.2), (2.5 / 4, 0.0)])
def test_positions_that_drift_with_motion_correction_are_one_series_in_time(tmp_path, drift):
    """The last drift fills the steps evenly: side by side, all slices would be one finer stack."""

    def elements(t, k):
        return {"TemporalPositionIdentifier": t + 1, "position": drifting(t, k, *drift)}

    volume = read_series(written(files(4, elements), tmp_path, 3))
    assert_array_equal(volume.data, truth(4))
    assert_allclose(volume.spacing, (0.5, 0.8, 2.5))
    assert "drift" in " ".join(volume.notes)


def test_volumes_that_motion_correction_turned_are_one_series_in_time(tmp_path):
    datasets = files(4, lambda t, k: {"TemporalPositionIdentifier": t + 1})
    for n, dataset in enumerate(datasets):
        angle = np.deg2rad(0.2 * (n // SLICES))
        row, column = (np.cos(angle), np.sin(angle), 0), (-np.sin(angle), np.cos(angle), 0)
        dataset.ImageOrientationPatient = [round(float(x), 9) for x in (*row, *column)]
        dataset.ImagePositionPatient = [-10.0 + 0.1 * (n // SLICES), 5.0, (n % SLICES) * 2.5]
    volume = read_series(written(datasets, tmp_path, 1))
    assert_array_equal(volume.data, truth(4))
    assert "degrees" in " ".join(volume.notes)


def test_interleaved_acquisitions_are_one_volume_and_not_motion(tmp_path):
    datasets = [
        classic(0, k, AcquisitionNumber=k % 2 + 1, AcquisitionTime=clock(100 * (k % 2)))
        for k in range(6)
    ]
    volume = read_series(written(datasets, tmp_path, 1))
    assert_array_equal(volume.data, truth(1, 6)[..., 0])


def test_a_gap_between_two_acquisitions_is_not_called_missing(tmp_path):
    datasets = [
        classic(0, k, AcquisitionNumber=1 + k // 4, position=[0, 0, 2.5 * k + 20 * (k // 4)])
        for k in range(8)
    ]
    folder = written(datasets, tmp_path, 1)
    for option in ({}, {"on_gap": "resample"}):
        with pytest.raises(SeriesGapError, match="differ in acquisition") as caught:
            read_series(folder, **option)
        assert "on_gap" not in str(caught.value)


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["middle", "start"])
def test_uneven_frames_of_pet_keep_start_and_duration(tmp_path, reference):
    durations = [10.0, 10.0, 30.0, 60.0]
    starts = [0.0, 10.0, 20.0, 50.0]

    def elements(t, k):
        at = starts[t] + (durations[t] / 2 if reference == "middle" else 0)
        return {"FrameReferenceTime": at * 1000, "ActualFrameDuration": int(durations[t] * 1000)}

    volume = read_series(written(files(4, elements, "PT"), tmp_path, 1))
    assert volume.time_step is None
    assert volume.times == tuple(zip(starts, durations, strict=True))


def test_the_clock_of_the_acquisition_gives_the_starts(tmp_path):
    folder = written(
        files(3, lambda t, k: {"AcquisitionTime": clock(86395 + [0, 4, 30][t])}), tmp_path, 1
    )
    volume = read_series(folder)
    assert (volume.time_step, volume.times) == (None, ((0, None), (4, None), (30, None)))


def test_ges_pause_between_volumes_belongs_to_the_step(tmp_path):
    datasets = files(3, lambda t, k: {"TemporalPositionIdentifier": t, "RepetitionTime": 2000.0,
                                      "ScanningSequence": "EP", "Manufacturer": "GE MEDICAL SYSTEMS"})  # fmt: skip
    for dataset in datasets:
        dataset.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x7C, "FL", 1.5)
    assert read_series(written(datasets, tmp_path, 1)).time_step == 3.5


# --- private elements -----------------------------------------------------------------------------


def test_a_foreign_private_block_is_never_a_b_value(tmp_path):
    def elements(t, k):
        return {"AcquisitionTime": clock(3600 + 10 * t)}

    datasets = files(3, elements)
    for n, dataset in enumerate(datasets):
        block = dataset.private_block(0x0019, "SOMEBODY ELSE", create=True)
        block.add_new(0x0C, "IS", 1000 - n // SLICES)
        block.add_new(0x0A, "US", 9)
    volume = read_series(written(datasets, tmp_path, 1))
    assert_array_equal(volume.data, truth(3))
    assert volume.b_values is None


def test_siemens_b_values_are_found_in_any_block(tmp_path):
    datasets = files(3, lambda t, k: {"Manufacturer": "SIEMENS"})
    for n, dataset in enumerate(datasets):
        dataset.private_block(0x0019, "SOMEBODY ELSE", create=True).add_new(0x0C, "IS", n)
        dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(
            0x0C, "IS", n // SLICES
        )
    volume = read_series(written(datasets, tmp_path, 1))
    assert_array_equal(volume.data, truth(3))
    assert volume.b_values == (0, 1, 2)


def test_ges_map_and_its_magnitude_are_two_volumes(tmp_path):
    datasets = files(
        2, lambda t, k: {"InstanceNumber": SLICES * t + k, "Manufacturer": "GE MEDICAL SYSTEMS"}
    )
    for n, dataset in enumerate(datasets):
        block = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
        block.add_new(0x2F, "SS", 0)
        block.add_new(0x30, "SS", (7, 22)[n // SLICES])
    table = scan(written(datasets, tmp_path, 1))
    assert [info.shape for info in table] == [(COLUMNS, ROWS, SLICES)] * 2
    assert_array_equal(read_series(table[1]).data, truth(2)[..., 1])


# --- mosaics without their private header ---------------------------------------------------------


def lost_mosaic(**elements) -> pydicom.Dataset:
    tiles = np.zeros((2 * ROWS, 2 * COLUMNS), np.uint16)
    for k in range(3):
        row, column = divmod(k, 2)
        tiles[row * ROWS : (row + 1) * ROWS, column * COLUMNS : (column + 1) * COLUMNS] = pixels(
            0, k
        )
    return picture(tiles, SOPClassUID=CLASSES["MR"], Modality="MR", PixelSpacing=[0.8, 0.5],
                   ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], SpacingBetweenSlices=2.5,
                   ImagePositionPatient=[-10.0, 5.0, 0.0], ImageOrientationPatient=list(AXIAL), **elements)  # fmt: skip


def test_a_mosaic_without_its_private_header_is_cut_only_as_asked(tmp_path):
    path = save(lost_mosaic(), tmp_path / "mosaic")
    with pytest.raises(SeriesGapError, match=r"is a mosaic.*mosaic=\(columns, rows\)"):
        read_series(path)
    assert "mosaic" in scan(path)[0].problems[0]
    volume = read_series(path, mosaic=(2, 2))
    assert_array_equal(volume.data[:, :, :3], truth(1)[..., 0])
    assert "assumed" in " ".join(volume.notes)
    assert_allclose(volume.spacing, (0.5, 0.8, 2.5))
    for wrong in ((3, 2), (0, 2), "no"):
        with pytest.raises(Exception, match="mosaic"):
            read_series(path, mosaic=wrong)
    plain = save(classic(0, 0), tmp_path / "plain")
    with pytest.raises(SeriesError, match="not a mosaic"):
        read_series(plain, mosaic=(2, 2))
