"""`handson convert` and `handson view`: what comes out is right, agrees with dcm2niix, and names nobody."""

import gzip
import json
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import programs
import pydicom
import pytest
from numpy.testing import assert_allclose
from pydicom.data import get_testdata_file

from handson import read_nifti, read_series, scan
from handson.__main__ import main
from handson.bids import MODALITIES, UNITS, WORDS, sidecar

LEAK = "DOE^JANE 19700101"


def slices(folder, *, series="1.2.3", number=3, count=5, oblique=True, **elements):
    """An MR series with an asymmetric picture; text elements of the file carry a name."""
    folder.mkdir(parents=True, exist_ok=True)
    turn = nib.eulerangles.euler2mat(0.2, 0.1, -0.15) if oblique else np.eye(3)
    for k in range(count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
            one.SeriesInstanceUID, one.SOPInstanceUID = series, f"{series}.{k + 1}"
            one.SeriesNumber, one.InstanceNumber = number, count - k
            one.ImageOrientationPatient = [round(float(v), 9) for v in turn.T[:2].ravel()]
            place = np.array([-10.0, -20, 30]) + 2.5 * k * turn[:, 2]
            one.ImagePositionPatient = [round(float(v), 6) for v in place]
            one.PixelSpacing, one.SliceThickness = [1.25, 0.75], 9
            one.Rows, one.Columns = 6, 8
            pixels = np.arange(48, dtype="<u2").reshape(6, 8) + 100 * k
            one.PixelData = pixels.tobytes()
            one.RepetitionTime, one.EchoTime, one.FlipAngle = "2300", "2.98", "9"
            one.PatientName = one.SeriesDescription = one.ProtocolName = LEAK
            for name, value in elements.items():
                setattr(one, name, value)
            one.save_as(folder / f"{(k * 3) % 7}_{series[-1]}")
    return folder


def convert(source, target, *options):
    return main(["convert", str(source), str(target), *options])


def test_a_single_series_may_be_named(tmp_path, capsys):
    slices(tmp_path / "in", series="1.2.3", number=1)
    assert convert(tmp_path / "in", tmp_path / "new" / "t1.nii.gz") == 0
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["t1.json", "t1.nii.gz"]
    slices(tmp_path / "in", series="1.2.4", number=2)
    assert convert(tmp_path / "in", tmp_path / "both.nii") == 1
    told = capsys.readouterr().err
    assert "2 series" in told
    assert "--series N" in told
    assert not (tmp_path / "both.nii").exists()
    assert convert(tmp_path / "in", tmp_path / "both.nii", "--series", "1.2.4") == 0


def test_a_series_becomes_a_volume_at_the_same_place(tmp_path):
    folder = slices(tmp_path / "in")
    assert convert(folder, tmp_path / "out") == 0
    volume, series = read_nifti(tmp_path / "out" / "series-001_MR.nii.gz"), read_series(folder)
    assert_allclose(volume.data, series.data)
    assert_allclose(volume.affine, series.affine, atol=1e-4)
    assert volume.oriented


def test_dcm2niix_puts_every_voxel_at_the_same_place(tmp_path):
    """dcm2niix reverses the rows on the way; in millimetres the two agree."""
    folder = slices(tmp_path / "in")
    convert(folder, tmp_path / "out")
    ours = nib.load(tmp_path / "out" / "series-001_MR.nii.gz")
    (tmp_path / "theirs").mkdir()
    subprocess.run(
        [programs.DCM2NIIX, "-z", "y", "-f", "x", "-o", tmp_path / "theirs", folder],
        check=True,
        capture_output=True,
    )
    theirs = nib.load(tmp_path / "theirs" / "x.nii.gz")
    for image in (ours, theirs):
        assert nib.aff2axcodes(image.affine)  # both are oriented
    ijk = np.argwhere(np.ones(ours.shape, bool))
    back = np.linalg.inv(theirs.affine) @ ours.affine
    there = nib.affines.apply_affine(back, ijk)
    assert_allclose(there, there.round(), atol=1e-3)
    same = np.asarray(theirs.dataobj)[tuple(there.round().astype(int).T)]
    assert_allclose(same, np.asarray(ours.dataobj)[tuple(ijk.T)])
    told = json.loads((tmp_path / "theirs" / "x.json").read_text())
    own = json.loads((tmp_path / "out" / "series-001_MR.json").read_text())
    for field in ("RepetitionTime", "EchoTime", "FlipAngle", "SliceThickness", "Modality"):
        assert own[field] == told[field], field


def test_times_are_in_seconds_and_lengths_in_millimetres(tmp_path):
    folder = slices(tmp_path / "in", InversionTime="900", MagneticFieldStrength="2.8936")
    convert(folder, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "series-001_MR.json").read_text())
    expected = {
        "RepetitionTime": 2.3, "EchoTime": 0.00298, "InversionTime": 0.9, "FlipAngle": 9,
        "MagneticFieldStrength": 2.8936, "SliceThickness": 9, "Modality": "MR",
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected


def test_several_series_become_several_files(tmp_path):
    slices(tmp_path / "in", series="1.2.3", number=3)
    slices(tmp_path / "in", series="1.2.4", number=1, count=4)
    assert convert(tmp_path / "in", tmp_path / "out") == 0
    made = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert made == [f"series-00{n}_MR.{end}" for n in (1, 2) for end in ("json", "nii.gz")]
    assert read_nifti(tmp_path / "out" / "series-001_MR.nii.gz").shape == (8, 6, 4)
    assert convert(tmp_path / "in", tmp_path / "one", "--series", "1.2.3") == 0
    assert convert(tmp_path / "in", tmp_path / "two", "--series", "2") == 0
    one, two = ((tmp_path / folder / "series-002_MR.nii.gz") for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert convert(tmp_path / "in", tmp_path / "none", "--series", "3") == 1
    assert sorted(file.suffix for file in (tmp_path / "one").iterdir()) == [".gz", ".json"]


def test_no_text_of_the_header_reaches_a_name_or_a_file(tmp_path):
    """Every element that can hold words holds a name: none may come out, wherever it is."""
    texts = {
        name: LEAK
        for name in (
            "PatientID", "PatientBirthDate", "InstitutionName", "StationName", "Manufacturer",
            "ManufacturerModelName", "SequenceName", "ScanningSequence", "SequenceVariant",
            "ScanOptions", "MRAcquisitionType", "PatientPosition", "ImageComments", "StudyID",
            "InPlanePhaseEncodingDirection", "SoftwareVersions", "ConvolutionKernel", "Modality",
            "RescaleType", "BodyPartExamined", "AccessionNumber", "DeviceSerialNumber",
        )
    }  # fmt: skip
    folder = slices(tmp_path / "in", **texts)
    assert convert(folder, tmp_path / "out") == 0
    made = list((tmp_path / "out").iterdir())
    assert {file.name for file in made} == {"series-001_OT.nii.gz", "series-001_OT.json"}
    for file in made:
        content = file.read_bytes()
        content = gzip.decompress(content) if file.suffix == ".gz" else content
        for word in (b"DOE", b"JANE", b"19700101", b"1.2.3"):
            assert word not in content


def test_every_word_of_a_sidecar_is_one_of_the_standards(tmp_path):
    for info in scan(slices(tmp_path / "in", ScanningSequence=["GR", "IR", LEAK])):
        told = sidecar(info, read_series(info))
        assert told["ScanningSequence"] == ["GR", "IR"]
        allowed = set().union(*(words for _, words in WORDS.values()), MODALITIES, UNITS.values())
        for name, value in told.items():
            for item in value if isinstance(value, list) else [value]:
                assert (
                    isinstance(item, float | int)
                    or item in allowed
                    or name.startswith("Conversion")
                )


def test_an_enhanced_file_is_described_by_its_functional_groups(tmp_path):
    """PS3.3 C.7.6.16: shared by all frames, or one for each."""
    dataset = pydicom.dcmread(get_testdata_file("emri_small.dcm", download=False))
    timing, echo, shared, frame = (pydicom.Dataset() for _ in range(4))
    timing.RepetitionTime, timing.FlipAngle, echo.EffectiveEchoTime = 3000.0, 78.0, 35.5
    shared.MRTimingAndRelatedParametersSequence = [timing]
    frame.MREchoSequence = [echo]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [frame] * int(dataset.NumberOfFrames)
    dataset.save_as(tmp_path / "enhanced.dcm")
    assert convert(tmp_path / "enhanced.dcm", tmp_path / "out") == 0
    told = json.loads(next((tmp_path / "out").glob("*.json")).read_text())
    assert (told["RepetitionTime"], told["EchoTime"], told["FlipAngle"]) == (3, 0.0355, 78)


def test_a_target_that_is_no_place_for_nifti_is_refused(tmp_path, capsys):
    source = Path(get_testdata_file("MR_small.dcm"))
    for name in ("ct.png", "ct.dcm", "ct.nrrd"):
        assert main(["convert", str(source), str(tmp_path / name)]) == 1
        assert "another format" in capsys.readouterr().err
        assert not (tmp_path / name).exists()
    folder = tmp_path / "study.2024"  # a dot is not yet another format
    assert main(["convert", str(source), str(folder)]) == 0
    shutil.copy(source, folder)
    assert main(["convert", str(folder), str(folder)]) == 1
    assert "originals" in capsys.readouterr().err


def test_existing_files_are_never_replaced(tmp_path, capsys):
    folder = slices(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "series-001_MR.json").write_text("mine")
    assert convert(folder, tmp_path / "out") == 1
    assert "is there already" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["series-001_MR.json"]
    assert (tmp_path / "out" / "series-001_MR.json").read_text() == "mine"


def test_a_series_that_cannot_be_read_does_not_stop_the_others(tmp_path, capsys):
    slices(tmp_path / "in", series="1.2.4", number=9)
    gap = slices(tmp_path / "in", series="1.2.3", number=1, count=5)
    (gap / "6_3").unlink()  # the third of five
    assert convert(tmp_path / "in", tmp_path / "out") == 1
    assert "series 1 of `handson scan`" in capsys.readouterr().err
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert convert(gap, tmp_path / "filled", "--series", "1.2.3", "--on-gap", "resample") == 0
    assert read_nifti(next((tmp_path / "filled").glob("*.gz"))).shape == (8, 6, 5)


@pytest.mark.parametrize("words", [["absent"], ["empty"], ["in", "--series", "9.9"]])
def test_faults_are_one_line_and_leave_nothing(tmp_path, capsys, words):
    (tmp_path / "empty").mkdir()
    slices(tmp_path / "in", count=2)
    assert convert(tmp_path / words[0], tmp_path / "out", *words[1:]) == 1
    said = capsys.readouterr().err
    assert said.startswith("handson convert: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_study_lists_its_series_and_shows_the_one_that_is_chosen(tmp_path, capsys):
    """By number or id, under a window, with another series over it."""
    slices(tmp_path / "in/a", series="1.2.3.1")
    slices(tmp_path / "in/b", series="1.2.3.2")
    study, page = str(tmp_path / "in"), tmp_path / "page.html"
    assert main(["view", study, "--no-browser"]) == 0
    said = capsys.readouterr().out
    assert "--series" in said
    assert said.count("\n") >= 3
    chosen = ["--series", "1", "--window", "40,80", "--overlay", "2", "--plane", "ortho"]
    assert main(["view", study, *chosen, "--output", str(page), "--no-browser"]) == 0
    state = json.loads(re.search(r'id="state">(.*?)</script>', page.read_text("utf-8"))[1])
    assert state["layers"][0]["range"] == [0, 79]
    assert len(state["layers"]) == 2
    assert len(state["canvas"]["panes"]) == 3
    assert "DOE" not in page.read_text("utf-8")
    capsys.readouterr()
    for wrong in (["--series", "9"], ["--series", "1", "--window", "a,b"], ["--series", "1", "--overlay", "no.nii"]):  # fmt: skip
        assert main(["view", study, *wrong, "--no-browser"]) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_a_page_shows_the_image_by_itself(tmp_path, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    folder, page = slices(tmp_path / "in"), tmp_path / "page.html"
    assert main(["view", str(folder), "--output", str(page), "--no-browser"]) == 0
    assert capsys.readouterr().out.endswith(f"{page}\n")
    content = page.read_text()
    assert "http" not in content.replace("http://www.w3.org", "")
    assert "DOE" not in content
    assert not opened
    assert main(["view", str(folder), "--output", str(page)]) == 0
    assert opened == [page.as_uri()]
    assert main(["view", str(tmp_path / "absent"), "--no-browser"]) == 1
