"""An argument of another kind is refused by its name, in one form, and never as a bare traceback."""

import argparse
import inspect

import nibabel as nib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from pydicom.data import get_testdata_file

import handson
from handson import figures
from handson.__main__ import main
from handson.errors import ArgumentError, HandsonError
from handson.lessons import quiz
from handson.segmentations import read_segmentation

VOLUME = handson.Volume(np.arange(24.0).reshape(2, 3, 4), np.eye(4))
SLICE = get_testdata_file("MR_small.dcm")
NO_PATH = (None, 42, 1.5, b"x", np.zeros(3), "", "a\0b", "x" * 5000)
NO_NUMBER = ("a", "3", [1, 2], True, np.zeros(2), {})
NO_WHOLE = (*NO_NUMBER, 1.5, float("nan"))


@pytest.fixture(scope="module")
def nifti(tmp_path_factory):
    path = tmp_path_factory.mktemp("arguments") / "v.nii"
    nib.save(nib.Nifti1Image(np.zeros((2, 3, 4, 2), np.int16), np.eye(4)), path)
    return path


PATHS = {
    "scan": handson.scan,
    "read_series": handson.read_series,
    "read_slice": handson.read_slice,
    "read_nifti": handson.read_nifti,
    "open": handson.open,
    "read_segmentation": read_segmentation,
    "write_nifti": lambda path: handson.write_nifti(VOLUME, path),
    "audit": lambda path: handson.audit(path, ["Doe"]),
    "anonymize": lambda path: handson.anonymize(path, "never written"),
    "anonymize into": lambda path: handson.anonymize(get_testdata_file("MR_small.dcm"), path),
}


@pytest.mark.parametrize("given", NO_PATH, ids=lambda given: str(given)[:12])
@pytest.mark.parametrize("call", PATHS.values(), ids=PATHS)
def test_what_is_no_path_is_refused_by_its_name(call, given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # "" must not become the folder one works in
    with pytest.raises(HandsonError, match=r"path=|folder=|source=|output="):
        call(given)
    assert not list(tmp_path.iterdir())


CALLS = {
    "frame": (lambda x: handson.read_slice(get_testdata_file("MR_small.dcm"), frame=x), NO_WHOLE),
    "index": (lambda x: figures.picture(VOLUME, index=x), NO_WHOLE),
    "mm": (lambda x: figures.picture(VOLUME, mm=x), NO_NUMBER),
    "ax": (lambda x: figures.picture(VOLUME, ax=x), (3, "a", [])),
    "time": (lambda x: figures.montage(VOLUME, time=x), NO_WHOLE),
    "count": (lambda x: figures.montage(VOLUME, count=x), (*NO_WHOLE, 0, -3)),
    "threshold": (
        lambda x: figures.overlay(VOLUME, VOLUME, threshold=x),
        ("high", [1], [1, 2, 3], {}),
    ),
    "opacity": (lambda x: figures.overlay(VOLUME, VOLUME, opacity=x), NO_NUMBER),
    "other": (VOLUME.resample_like, (3, "a", np.zeros((2, 2, 2)), None)),
    "order": (lambda x: VOLUME.resample_like(VOLUME, order=x), ("nearest", 1.5, [], 42, -1)),
    "ijk": (VOLUME.world, ((1, 2), "a", 3, None, np.zeros((3, 2)))),
    "xyz": (VOLUME.voxel, ((1, 2), "a", 3, None)),
    "jobs": (lambda x: handson.anonymize("nowhere", "never", jobs=x), ("two", 0, -3, 1.5, [])),
    "dry_run": (lambda x: handson.anonymize(SLICE, "never", dry_run=x), ("no", 1, [])),
    "pixels_checked": (lambda x: handson.anonymize(SLICE, "never", pixels_checked=x), ("no", 1)),
    "find_text": (lambda x: handson.anonymize(SLICE, "never", find_text=x), ("no", 0)),
    "number": (quiz, ("99", 3, None, "x")),
}


@pytest.mark.parametrize(
    ("name", "given"),
    [(name, given) for name, (_, wrong) in CALLS.items() for given in wrong],
    ids=lambda x: str(x)[:12],
)
def test_another_kind_is_refused_by_its_name(name, given):
    with pytest.raises(ArgumentError, match=rf"^{name}="):
        CALLS[name][0](given)
    plt.close("all")


@pytest.mark.parametrize("volumes", ["all", 1.5, ["a"], [0.5], {"a": 1}])
def test_volumes_are_numbers(nifti, volumes):
    with pytest.raises(ArgumentError, match=r"^volumes="):
        handson.read_nifti(nifti, volumes=volumes)


def test_what_fits_passes(nifti):
    """NumPy's numbers, ranges and slices, and what is not given."""
    for volumes in (0, np.int64(1), range(2), slice(None, None, 2), np.array([1, 0]), [0]):
        assert handson.read_nifti(nifti, volumes=volumes).shape[:3] == (2, 3, 4)
    assert np.allclose(VOLUME.world([[0, 0, 0], [1, 2, 3]]), [[0, 0, 0], [1, 2, 3]])
    figures.picture(VOLUME, index=np.int8(1), mm=None)
    plt.close("all")


def test_the_signature_stays_readable():
    assert list(inspect.signature(handson.read_slice).parameters) == ["path", "frame"]
    with pytest.raises(TypeError, match="read_slice"):  # Python's own words
        handson.read_slice(nowhere=1)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.html"])
def test_a_picture_is_not_written_under_another_kind_of_name(name, tmp_path):
    with pytest.raises(ArgumentError, match=r"End it with \.png"):
        handson.view(VOLUME).save_png(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_every_option_of_the_command_line_is_explained(monkeypatch):
    found = []
    monkeypatch.setattr(
        argparse.ArgumentParser, "parse_args", lambda self, _: found.append(self) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        main([])
    (commands,) = (a for a in found[0]._actions if isinstance(a, argparse._SubParsersAction))
    assert len(commands.choices) > 5
    for command, parser in commands.choices.items():
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), (
                command,
                action.dest,
            )
