"""Planted leaks: each is really there, once, in the file that it names; the obvious places are empty."""

import gzip

import nibabel
import numpy as np
import pydicom
import pytest
from phantom_proof import assert_conformant

import handson
from handson.phantoms import leaks, study_us
from handson.phantoms.leaks import planted


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks")
    leaks.make(folder)
    return folder


def searched(path):
    """The file's name and its bytes, unpacked."""
    raw = path.read_bytes()
    return path.name.encode() + b"\n" + (gzip.decompress(raw) if path.suffix == ".gz" else raw)


def test_every_dicom_file_is_conformant(folder):
    assert_conformant(folder.glob("*.dcm"))


@pytest.mark.parametrize(
    "leak", [leak for leak in planted() if not leak.by_eye], ids=lambda x: x.place
)
def test_each_string_stands_in_its_file_once_and_in_no_other(folder, leak):
    counts = {path.name: searched(path).count(leak.value.encode()) for path in folder.iterdir()}
    assert {name: n for name, n in counts.items() if n} == {leak.file: 1}


def test_what_is_in_pixels_is_in_no_string(folder):
    everything = b"".join(searched(path) for path in folder.iterdir())
    by_eye = [leak for leak in planted() if leak.by_eye]
    assert {leak.file for leak in by_eye} == {"screen_4.dcm"}
    assert not any(leak.value.encode() in everything for leak in by_eye)
    top, bottom, left, right = study_us.BURNED_IN
    box = pydicom.dcmread(folder / "screen_4.dcm").pixel_array[top:bottom, left:right]
    assert (box.min(axis=2) > 200).sum() > 1000


def test_every_file_hides_something_and_claims_to_be_clean(folder):
    assert {leak.file for leak in planted()} == {path.name for path in folder.iterdir()}
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        assert dataset.PatientIdentityRemoved == "YES"
        assert (dataset.PatientName, dataset.PatientBirthDate) == ("Anonymous", "")


def test_the_hiding_places_are_those_that_the_truth_names(folder):
    first = pydicom.dcmread(folder / "scan_1.dcm")
    nested = first.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    values = {leak.place: leak.value for leak in planted()}
    assert nested.PatientName in values.values()
    header = nibabel.load(folder / "scan_5.nii.gz").header
    for field in ("descrip", "aux_file", "db_name"):
        assert np.asarray(header[field]).item().decode() == values[field]
    assert len(header.extensions) == 1


def test_our_audit_finds_every_leak_but_those_that_need_eyes(folder):
    by_string = [leak for leak in planted() if not leak.by_eye]
    found = {(f.file.name, f.what) for f in handson.audit(folder, [k.value for k in by_string])}
    assert {(leak.file, leak.value) for leak in by_string} <= found
    by_eye = [leak.value for leak in planted() if leak.by_eye]
    assert handson.audit(folder, by_eye) == []
