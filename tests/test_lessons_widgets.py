"""The lessons' widgets: their state, what they say without a kernel, and the page's pure functions."""

import json
import re
import subprocess
from itertools import pairwise

import numpy as np
import programs
import pydicom
import pytest
import traitlets
from shipped import REPOSITORY

import handson
from handson.lessons import (
    ByteExplorer,
    SeriesSorter,
    TagTable,
    WindowExplorer,
    health,
    quiz,
    quizzes,
    series_sorter,
)
from handson.lessons.byte_explorer import byte_fields
from handson.lessons.checks import lesson
from handson.lessons.still import script

FOLDER = REPOSITORY / "handson/lessons"
WIDGETS = ("byte_explorer", "tag_table", "series_sorter", "health")


@pytest.fixture(scope="module")
def dicoms():
    return handson.fetch("pydicom-examples")


@pytest.fixture(scope="module")
def niftis():
    return handson.fetch("nibabel-tests")


@pytest.fixture(scope="module")
def lying():
    folder = handson.fetch("gen-traps") / "lying-instance-number"
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


# ---- quizzes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["00", "01", "02", "03", "04", "05", "06"])
def test_every_question_has_one_right_option_and_something_to_say_to_each(number):
    for question in lesson(number).QUIZ:
        assert sum(option.right for option in question.options) == 1
        assert len({option.text for option in question.options}) == len(question.options) >= 3
        assert all(option.says.endswith((".", "?")) for option in question.options)


def test_right_options_do_not_always_stand_at_one_place():
    places = [q.right for n in ("00", "01", "02", "03", "04", "05", "06") for q in lesson(n).QUIZ]
    assert all(places.count(place) < 0.7 * len(places) for place in places)


def test_choosing_answers_at_once_and_counts():
    widget = quiz("03")
    assert widget.score == 0
    right = [question.right for question in widget.questions]
    radios = [w for w in widget.children if isinstance(w, quizzes.widgets.RadioButtons)]
    radios[0].value = right[0]
    assert widget.chosen == [right[0], *[None] * (len(right) - 1)]
    assert "Right." in widget.children[3].value
    radios[1].value = (right[1] + 1) % 3
    assert "No." in widget.children[6].value
    widget.chosen = right
    assert widget.score == len(right)
    assert [radio.value for radio in radios] == right


def test_a_page_without_a_kernel_shows_the_questions_and_folds_the_answers():
    widget = quiz("02")
    html = widget.still_html()
    for question in widget.questions:
        visible = re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)
        assert quizzes.escape(question.asks) in visible
        assert quizzes.escape(question.options[question.right].says) not in visible
        assert quizzes.escape(question.options[question.right].says) in html
    assert widget._repr_mimebundle_()[0]["text/html"] == html


# ---- byte explorer -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "JPEG2000.dcm",
        "image_dfl.dcm",
    ],
)
def test_fields_of_a_dicom_header_touch_and_say_what_the_bytes_say(dicoms, name):
    raw = (dicoms / name).read_bytes()
    fields = byte_fields(dicoms / name)
    assert fields[0].stop == 128
    assert all(a.stop <= b.start for a, b in pairwise(fields))
    for field in fields:
        if field.name.endswith(": VR"):
            assert raw[field.start : field.stop].decode() == field.says
        if field.name.endswith("UID: value"):
            assert raw[field.start : field.stop].decode().rstrip("\0") == field.says


def test_rows_stands_where_a_search_for_its_tag_finds_it(dicoms):
    at = (dicoms / "CT_small.dcm").read_bytes().index(b"\x28\x00\x10\x00US")
    explorer = ByteExplorer(dicoms / "CT_small.dcm", length=at + 16, offset=at + 8)
    assert explorer.field == explorer.field.__class__(at + 8, at + 10, "Rows: value", "128")


def test_nifti_fields_fill_the_header_without_a_hole(niftis):
    fields = byte_fields(niftis / "functional.nii")
    assert (fields[0].start, fields[-1].stop) == (0, 348)
    assert all(a.stop == b.start for a, b in pairwise(fields))
    assert ByteExplorer(niftis / "functional.nii", offset=110).field.says == "352"
    assert ByteExplorer(niftis / "example_nifti2.nii.gz", offset=4).field.name == "magic"


def test_the_offset_stays_inside(dicoms):
    explorer = ByteExplorer(dicoms / "CT_small.dcm", length=64)
    explorer.offset = 1000
    assert explorer.offset == 63
    explorer.offset = -3
    assert explorer.offset == 0


def test_other_files_are_refused_by_name(tmp_path):
    for name, content in (("text.dcm", b"hello"), ("empty.nii", b""), ("half.gz", b"\x1f\x8b\x08")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(handson.HandsonError, match=name):
            ByteExplorer(tmp_path / name)
    with pytest.raises(handson.HandsonError, match="absent"):
        ByteExplorer(tmp_path / "absent")


# ---- tag table -----------------------------------------------------------------------------------


def test_every_element_has_a_row_and_a_private_one_its_creator(dicoms):
    table = TagTable(dicoms / "CT_small.dcm")
    dataset = pydicom.dcmread(dicoms / "CT_small.dcm", stop_before_pixels=True)
    elements = len(dataset.file_meta) + sum(1 for _ in dataset.iterall())
    assert len(table.rows) == elements
    by_tag = {row[0]: row for row in table.rows}
    assert by_tag["(0009,1001)"][4] == "GEMS_IDEN_01"
    assert "> (0010,0020)" in by_tag, "an item of a sequence"
    assert "mm from row to row" in by_tag["(0028,0030)"][5]


def test_every_word_of_the_search_must_occur(dicoms):
    table = TagTable(dicoms / "CT_small.dcm", query="gems DS")
    assert table.found
    assert all("gems" in " ".join(row).lower() for row in table.found)
    table.query = "no such thing"
    assert table.found == []


def test_explained_elements_exist_in_the_standard():
    for keyword in json.loads((FOLDER / "elements.json").read_text(encoding="utf-8")):
        assert pydicom.datadict.tag_for_keyword(keyword), keyword


# ---- series sorter -------------------------------------------------------------------------------


def test_only_the_normal_puts_a_lying_series_in_order(lying):
    sorter = SeriesSorter(lying)
    uneven = {}
    for key in sorter.orders:
        sorter.key = key
        uneven[key] = float(np.ptp(sorter.steps))
    assert uneven["n · IPP"] < 1e-6 < min(uneven["file name"], uneven["InstanceNumber"])
    assert "n · IPP  5.00  5.00  even" in sorter.still_text()


def test_the_letters_name_the_sides_between_which_the_pile_runs(lying):
    ends = [min(lying, key=series_sorter.along_normal), max(lying, key=series_sorter.along_normal)]
    low, high = (float(s.ImagePositionPatient[2]) for s in ends)  # LPS+: z grows to the head
    assert low < high
    assert SeriesSorter(lying).letters == ["I", "S"]


def test_the_cut_is_the_column_of_the_slices(lying):
    sorter = SeriesSorter(lying, column=40)
    shown = np.frombuffer(sorter.cut, np.uint8).reshape(sorter.size)
    column = np.stack([s.pixel_array[:, 40] for s in lying])
    assert (np.argsort(shown.mean(axis=1))[-3:] == np.argsort(column.mean(axis=1))[-3:]).all()
    before = sorter.cut
    sorter.column = 20
    assert sorter.cut != before


def test_a_key_that_slices_lack_is_not_offered(lying):
    bare = [pydicom.dcmread(s.filename) for s in lying[:5]]
    del bare[2].SliceLocation
    sorter = SeriesSorter(bare)
    assert "SliceLocation" not in sorter.orders
    with pytest.raises(traitlets.TraitError, match="sorted by"):
        sorter.key = "SliceLocation"
    with pytest.raises(handson.HandsonError, match="three or more"):
        SeriesSorter(bare[:2])


# ---- window explorer -----------------------------------------------------------------------------


def test_a_window_laid_on_stored_values_loses_most_of_the_picture(dicoms):
    explorer = WindowExplorer(handson.read_slice(dicoms / "CT_small.dcm"))
    assert sum(explorer.saturated) == pytest.approx(0.318, abs=0.001)
    explorer.values = "stored"
    assert sum(explorer.saturated) == pytest.approx(0.872, abs=0.001)
    explorer.viewer.window = (1064.0, 400.0)
    assert explorer.window == (1064.0, 400.0)
    assert sum(explorer.saturated) == pytest.approx(0.318, abs=0.001)
    bundle = explorer._repr_mimebundle_()[0]
    assert bundle["image/png"]
    assert "23% black" in bundle["text/plain"]


def test_colour_has_no_window(dicoms):
    with pytest.raises(handson.HandsonError, match="grey"):
        WindowExplorer(handson.read_slice(dicoms / "examples_rgb_color.dcm"))


# ---- doctor --------------------------------------------------------------------------------------


def test_a_complete_machine_lacks_nothing_essential(capsys):
    report = handson.doctor()
    assert report.ok, [f for f in report.findings if f.fix]
    from handson.commands.doctor import run

    assert run(None) == 0
    assert "pydicom" in capsys.readouterr().out


def test_what_is_saved_differs_on_no_machine():
    text = handson.doctor().still_text()
    assert not re.search(r"\d", text), text
    assert "reload the page" in text


def test_a_missing_package_a_missing_decoder_and_a_full_disk_come_with_a_cure(monkeypatch):
    real = health.metadata.version

    def version(name):
        if name == "pydicom":
            return "1.0"
        if name == "anywidget":
            raise health.metadata.PackageNotFoundError(name)
        return real(name)

    class Absent:
        is_available = False

    monkeypatch.setattr(health.metadata, "version", version)
    monkeypatch.setattr(health, "get_decoder", lambda uid: Absent)
    monkeypatch.setattr(health, "is_stored", lambda dataset: False)
    monkeypatch.setattr(health, "DISK_GB", 1e9)
    monkeypatch.setattr(health, "MEMORY_GB", 1e9)
    monkeypatch.setenv("BINDER_SERVICE_HOST", "x")
    found = {finding.name: finding for finding in health.examine()}
    assert '"anywidget' in found["packages"].fix
    assert '"pydicom>=' in found["packages"].fix
    assert "pylibjpeg-openjpeg" in found["decoders"].fix
    assert "HANDSON_DATA" in found["disk"].fix
    assert "kernels" in found["memory"].fix
    assert "Never upload" in found["server"].fix
    assert not health.Doctor().ok


def test_without_jupyterlab_only_the_package_is_judged(monkeypatch):
    real = health.metadata.version

    def version(name):
        if name in ("jupyterlab", "notebook", "nilearn", "pydicom-data"):
            raise health.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(health.metadata, "version", version)
    monkeypatch.setattr(health, "is_stored", lambda dataset: False)
    found = health.examine()
    assert (found[0].name, found[0].says[:17]) == ("made for", "the package alone")
    assert not any(finding.fix and finding.essential for finding in found), found


def test_a_read_only_cache_is_no_fault_while_every_set_is_in_it(monkeypatch):
    monkeypatch.setattr(health.os, "access", lambda path, mode: False)
    monkeypatch.setattr(health, "is_stored", lambda dataset: True)
    assert health.disk().fix == ""
    monkeypatch.setattr(health, "is_stored", lambda dataset: dataset.id != "gen-bold")
    assert "Ask whoever keeps this cache to run `handson data fetch gen-bold`" in health.disk().fix


def test_data_that_are_not_here_are_no_fault_but_named(monkeypatch):
    monkeypatch.setattr(health, "is_stored", lambda dataset: dataset.id != "gen-study")
    (finding,) = health.data()
    assert "handson data fetch gen-study" in finding.fix
    assert not finding.essential


# ---- the page ------------------------------------------------------------------------------------


def test_scripts_are_one_module_each_and_all_words_stand_in_one_file():
    words = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
    for name in WIDGETS:
        joined = script(name)
        assert "\nimport " not in joined
        assert joined.count("export default") == 1
        assert set(re.findall(r"labels\.(\w+)", joined)) <= set(
            words["doctor" if name == "health" else name]
        )


def test_pure_functions_of_the_page():
    node = programs.need("node")
    test = REPOSITORY / "tests/js/lessons.test.mjs"
    done = subprocess.run(
        [node, "--no-warnings", "--test", str(test)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
