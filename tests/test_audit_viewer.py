"""The audit viewer: what it calls a leak is one, wherever in the header it stands; nothing else is."""

import copy
import subprocess

import programs
import pytest
from pydicom import Dataset
from shipped import REPOSITORY

from handson.deidentify import deidentify_dataset
from handson.lessons.audit_viewer import AuditViewer

KNOWN = ["Invented^Anna", "FAKE-0001"]


@pytest.fixture
def patient():
    dataset = Dataset()
    dataset.PatientName = "Invented^Anna"
    dataset.PatientID = "FAKE-0001"
    dataset.Rows = 4
    inside = Dataset()
    inside.PatientName = "INVENTED^ANNA"
    dataset.OtherPatientIDsSequence = [inside]
    private = dataset.private_block(0x0009, "EXAMPLE", create=True)
    private.add_new(0x01, "OB", b"id FAKE-0001 ")
    private.add_new(0x02, "OB", bytes(range(16)))
    return dataset


def test_a_name_is_found_in_sequences_in_bytes_and_in_either_case(patient):
    viewer = AuditViewer(patient, copy.deepcopy(patient), KNOWN)
    assert set(viewer.leaks) == {
        "PatientName", "PatientID", "OtherPatientIDsSequence[0].PatientName", "(0009,1001)",
    }  # fmt: skip
    assert "16 bytes" in viewer.still_text()


def test_a_long_value_is_searched_to_its_end(patient):
    patient.PatientComments = 100 * "word " + "FAKE-0001"
    viewer = AuditViewer(patient, copy.deepcopy(patient), KNOWN)
    assert "PatientComments" in viewer.leaks
    assert all(len(row[3]) <= 48 for row in viewer.rows)


def test_the_engine_leaves_no_leak_and_the_table_tells_what_it_removed(patient):
    after = copy.deepcopy(patient)
    deidentify_dataset(after)
    viewer = AuditViewer(patient, after, KNOWN)
    assert viewer.leaks == []
    told = {row[0]: row for row in viewer.rows}
    assert told["OtherPatientIDsSequence[0].PatientName"][3] == "removed"
    assert told["Rows"][1:4] == ["K", "4", "4"]
    assert told["(0009,1001)"][1] == "private: X"


def test_what_is_added_stands_in_the_table_too(patient):
    after = copy.deepcopy(patient)
    after.PatientIdentityRemoved = "YES"
    (row,) = (
        r for r in AuditViewer(patient, after, KNOWN).rows if r[0] == "PatientIdentityRemoved"
    )
    assert row[2:4] == ["", "YES"]


@pytest.mark.parametrize(("filter", "count"), [(0, 7), (1, 1), (2, 3)])
def test_the_still_form_lists_what_the_filter_leaves(patient, filter, count):
    after = copy.deepcopy(patient)
    after.PatientID = "token"
    viewer = AuditViewer(patient, after, KNOWN, filter=filter)
    assert len(viewer.still_text().splitlines()) == 2 + count
    assert viewer.still_html().count("<tr") == 1 + count


def test_a_value_cannot_become_markup(patient):
    patient.PatientComments = "<script>"
    page = AuditViewer(patient, copy.deepcopy(patient), KNOWN).still_html()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize("widget", ["audit_viewer", "affine_explorer"])
def test_the_pure_functions_of_the_page(widget):
    done = subprocess.run(
        [
            programs.need("node"),
            "--no-warnings",
            "--test",
            str(REPOSITORY / f"tests/js/{widget}.test.mjs"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
