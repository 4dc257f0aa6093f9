"""The two tables of lesson 04 say what the pinned programs answer today."""

import nbformat
import pytest
from reader_table import LESSON, TABLES, conversion_table, forms_table, markdown, versions


@pytest.mark.parametrize("cell_id", TABLES)
def test_the_lesson_shows_what_the_programs_answer(cell_id):
    cells = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}
    expected = markdown(TABLES[cell_id]())
    assert cells[cell_id].startswith(expected), "run: python tests/reader_table.py"
    assert versions(cell_id) in cells[cell_id]


def test_handson_takes_the_form_that_nibabel_takes():
    assert all(nibabel == handson for _, nibabel, handson, _ in forms_table()[1:])


def test_ours_and_dcm2niix_place_the_marker_at_one_point():
    for name, *_, ours, theirs in conversion_table()[1:]:
        assert ours == theirs, name
        assert float(ours.split(",")[0]) > 0, "the marker is on the patient's right"
