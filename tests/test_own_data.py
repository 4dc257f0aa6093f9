"""Notebook 10 on folders that are not the practice folder: it says what is true and writes nowhere else."""

import shutil

import matplotlib
import nbformat
import pytest
from shipped import NOTEBOOKS

import handson

LINE = "folder = practice\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the lesson's cells, but for its exercises, on `tmp_path / "own"`: what they print."""
    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()

    def go():
        names = {}
        for cell in nbformat.read(NOTEBOOKS / "10_your_own_data.ipynb", as_version=4).cells:
            mine = {"exercise", "solution"}.isdisjoint(cell.metadata.get("tags", []))
            if cell.cell_type == "code" and mine:
                own = LINE.replace("practice", f"Path({str(tmp_path / 'own')!r})")
                exec(cell.source.replace(LINE, own), names)
        matplotlib.pyplot.close("all")
        return capsys.readouterr().out

    return go


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_with_everything_in_it(run, tmp_path):
    own, traps = tmp_path / "own", handson.fetch("gen-traps")
    for name in ("missing-slice", "tilt-15"):
        shutil.copytree(traps / name, own / name)
    shutil.copytree(handson.fetch("gen-study") / "US", own / "US")
    shutil.copy(handson.fetch("gen-leaks") / "scan_5.nii.gz", own)
    whole = next((own / "tilt-15").iterdir())
    (own / "broken.dcm").write_bytes(whole.read_bytes()[:2000])
    (own / "letter.txt").write_text("not an image")
    before = files(tmp_path)
    said = run()
    assert files(tmp_path) == before, "nothing is written beside the user's images"
    assert "65 files: 62 in 3 DICOM series, 1 NIfTI, 2 skipped" in said
    assert "1 slice is missing" in said
    assert "damaged: 1" in said
    assert "accounted for: 65 of 65 files" in said
    assert "1 refused until somebody has looked at the pixels" in said
    for line in ("CT: same affine True", "NIfTI: same affine True", "MR: refused above"):
        assert line in said
    assert "place kept:   True" in said
    assert "There is no mask in this folder" in said
    assert "Anna" not in said


def test_a_delivery_with_a_mask_becomes_a_figure_and_a_report(run, tmp_path):
    shutil.copytree(handson.fetch("gen-delivery"), tmp_path / "own", dirs_exist_ok=True)
    said = run()
    assert "75 files: 72 in 3 DICOM series, 1 NIfTI, 2 skipped" in said
    assert "axes grow to: RAS" in said
    assert "texts found in these files: 0" in said
    assert "report.html" in said
    assert "Anna" not in said


def test_a_folder_without_images_ends_in_one_clear_sentence(run, tmp_path):
    (tmp_path / "own/letter.txt").write_text("not an image")
    with pytest.raises(AssertionError, match="No image can be read"):
        run()


def test_an_empty_folder_is_said_to_be_empty(run):
    with pytest.raises(handson.HandsonError, match="holds no files"):
        run()
