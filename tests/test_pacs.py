"""The archive on this machine: what it answers, and that it listens to nobody else."""

import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless
from pynetdicom import AE, build_context, evt
from pynetdicom.sop_class import (
    MRImageStorage,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

import handson
from handson import pacs
from handson.__main__ import main
from handson.errors import NetworkError
from handson.pacs.matching import matches
from handson.pacs.syntaxes import LIMIT, contexts_for

ROOT = "1.2.826.0.1.3680043.8.498"


def instance(number=1, series=1, study=1, modality="MR", **elements) -> Dataset:
    """A small image whose UIDs follow from its numbers."""
    dataset = Dataset()
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = f"{ROOT}.{study}.{series}.{number}"
    dataset.SeriesInstanceUID = f"{ROOT}.{study}.{series}"
    dataset.StudyInstanceUID = f"{ROOT}.{study}"
    dataset.PatientID, dataset.PatientName = "P1", "Example^Anna^Maria"
    dataset.StudyDate, dataset.StudyTime = f"202403{study:02d}", "101500"
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = modality, series, number
    dataset.Rows = dataset.Columns = 4
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = np.full((4, 4), number % 1000, np.uint16).tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset, path, syntax=ExplicitVRLittleEndian) -> Path:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def data_set(path) -> bytes:
    """The bytes after the file meta information."""
    from pynetdicom.dsutils import split_dataset

    return Path(path).read_bytes()[split_dataset(path)[1] :]


@pytest.fixture
def files(tmp_path):
    """Two studies: one with two series of 3 and 2 images, one with a single ultrasound."""
    return [
        save(instance(n, s, t, m), tmp_path / "in" / f"{t}{s}{n}.dcm")
        for t, s, m, count in ((1, 1, "MR", 3), (1, 2, "CT", 2), (2, 1, "US", 1))
        for n in range(1, count + 1)
    ]


@pytest.fixture
def archive(files):
    with pacs.LocalPacs() as running:
        running.student = pacs.Client("STUDENT", running)
        running.student.send(files)
        yield running


def threads():
    return {t for t in threading.enumerate() if not t.name.startswith("handson-pacs-guard")}


# ---------------------------------------------------------------------------- where it listens


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "", "::", "192.0.2.1", "10.0.0.1", None, "no such host"]
)
def test_it_listens_on_this_machine_alone(host, tmp_path):
    for make in (lambda: pacs.LocalPacs(host=host), lambda: pacs.Receiver(tmp_path, host=host)):
        with pytest.raises(NetworkError, match="not this machine"):
            make()


def test_its_socket_is_bound_to_loopback():
    with pacs.LocalPacs() as running:
        assert running._server.socket.getsockname() == ("127.0.0.1", running.port)
        assert running.port > 1023
        assert running.web_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("peer", [("192.0.2.1", 104), ("pacs.example", 104, "X")])
def test_it_delivers_on_this_machine_alone(peer):
    running = pacs.LocalPacs()
    with pytest.raises(NetworkError, match="not this machine"):
        running.peers["READER"] = peer
    with pytest.raises(NetworkError, match="not this machine"):
        pacs.Tap((*peer[:2], "READER"))


@pytest.mark.parametrize("title", ["", "    ", "SEVENTEEN-LETTERS", "BACK\\SLASH", "ÄRZTE", None])
def test_a_title_has_1_to_16_characters(title):
    with pytest.raises(NetworkError, match="AE title"):
        pacs.LocalPacs(title=title)


def test_a_title_that_is_not_its_own_is_rejected(archive):
    wrong = pacs.Client("STUDENT", ("127.0.0.1", archive.port, "WRONG"))
    with pytest.raises(NetworkError, match="result 1, source 1, reason 7"):
        wrong.echo()


# ---------------------------------------------------------------------------- life


def test_a_cell_that_runs_twice_replaces_its_server():
    first = pacs.LocalPacs().start()
    port = first.port
    second = pacs.LocalPacs(port=port).start()  # the same port: the first stops before
    try:
        assert first.port is None
        assert pacs.Client("STUDENT", second).echo() == 0
    finally:
        second.stop()
        second.stop()


def test_a_browsers_python_is_told_that_it_has_no_network(monkeypatch):
    monkeypatch.setattr("handson.pacs.server.sys.platform", "emscripten")
    with pytest.raises(NetworkError, match="runs in a browser"):
        pacs.LocalPacs().start()


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = pacs.LocalPacs(port=other.getsockname()[1])
        with pytest.raises(NetworkError, match="cannot be opened"):
            taken.start()


def test_after_stop_no_thread_and_no_folder_is_left(files):
    before = threads()
    with pacs.LocalPacs() as running:
        folder = running.folder
        client = pacs.Client("STUDENT", running)
        client.send(files)
        assert running.web_url
        open_one = AE("STUDENT")
        forgotten = open_one.associate(
            "127.0.0.1", running.port, [build_context(Verification)], ae_title="LEARNPACS"
        )
        assert forgotten.is_established
    deadline = time.monotonic() + 10
    while threads() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads() - before == set()
    assert not folder.exists()


def test_an_archive_keeps_its_folder_and_knows_it_again(files, tmp_path):
    with pacs.LocalPacs(tmp_path / "kept") as running:
        pacs.Client("STUDENT", running).send(files)
    with pacs.LocalPacs(tmp_path / "kept") as running:
        assert len(running.files) == len(files)
        assert len(pacs.Client("STUDENT", running).find("STUDY")) == 2


def test_an_association_survives_a_pause(archive):
    """pynetdicom's own limit, set to a second here, would end it."""
    assert pacs.associations.entity("X").network_timeout is None
    with archive.student.association([build_context(Verification)]) as association:
        assert association.network_timeout is None
        time.sleep(1.5)
        assert association.send_c_echo().Status == 0


FORGETFUL = """
from pynetdicom import AE, build_context
from pynetdicom.sop_class import Verification
from handson import pacs
running = pacs.LocalPacs().start()
ae = AE("STUDENT")
ae.network_timeout = None
association = ae.associate("127.0.0.1", running.port, [build_context(Verification)], ae_title="LEARNPACS")
assert association.is_established
print("end")
"""


def test_a_forgotten_association_does_not_hold_the_interpreter():
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "end\n"
    assert done.returncode == 0
    assert time.monotonic() - began < 30, "with a network timeout of None it is for ever"


def test_stopping_in_the_middle_ends_the_transfer_and_leaves_whole_files(tmp_path):
    """A server that closes its port only would let the rest of the C-STOREs through."""
    many = [save(instance(n), tmp_path / "in" / f"{n}.dcm") for n in range(1, 101)]
    running = pacs.LocalPacs(tmp_path / "kept").start()
    client = pacs.Client("STUDENT", running)

    def stop(finished, total):
        if finished == 40:
            running.stop()

    with pytest.raises(NetworkError, match="gone or hangs") as caught:
        client.send(many, stop)
    assert len(caught.value.report.done) == 40
    kept = sorted((tmp_path / "kept").iterdir())
    assert 40 <= len(kept) <= 41
    for path in kept:
        assert data_set(path) == data_set(many[pydicom.dcmread(path).InstanceNumber - 1])


# ---------------------------------------------------------------------------- store


def test_what_is_stored_is_what_was_sent_byte_for_byte(archive, files):
    assert [p.stem for p in archive.files] == sorted(
        pydicom.dcmread(f).SOPInstanceUID for f in files
    )
    by_uid = {pydicom.dcmread(f).SOPInstanceUID: f for f in files}
    for path in archive.files:
        assert data_set(path) == data_set(by_uid[path.stem])


def test_a_second_copy_is_noted_and_the_first_one_stays(archive, files, tmp_path):
    kept = {p: p.read_bytes() for p in archive.files}
    other = instance(1)
    other.PatientName = "Other^Person"
    report = archive.student.send([files[0], save(other, tmp_path / "other.dcm")])
    assert len(report.done) == 2, "as Orthanc: a copy is no failure"
    assert [r.reason for r in archive.refused] == [
        "it is there already",
        "an instance of this UID with other contents is there already; the first one stays",
    ]
    assert {p: p.read_bytes() for p in archive.files} == kept


def raw_store(port, dataset, uid, title="LEARNPACS"):
    """A C-STORE whose command says another UID than pynetdicom would let us say."""
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.dsutils import encode

    ae = AE("STUDENT")
    association = ae.associate(
        "127.0.0.1", port, [build_context(MRImageStorage, ExplicitVRLittleEndian)], ae_title=title
    )
    request = C_STORE()
    request.MessageID, request.Priority = 1, 0
    request.AffectedSOPClassUID = MRImageStorage
    request.AffectedSOPInstanceUID = uid
    request.DataSet = BytesIO(
        encode(dataset, False, True) if isinstance(dataset, Dataset) else dataset
    )
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.001)
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    return answer.Status if answer else None


HOSTILE = [
    "../../evil",
    "..",
    "/tmp/evil",
    "1.2/3",
    "1..2",
    ".1",
    "1.",
    "C:1",
    "1.2\n3",
    "CON",
    "a.b",
]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("uid", HOSTILE)
def test_a_file_is_named_by_a_uid_and_nothing_else(uid, tmp_path):
    bad = instance(1)
    bad.SOPInstanceUID = uid
    with pacs.LocalPacs(tmp_path / "deep" / "kept") as running:
        assert raw_store(running.port, bad, uid) == 0xA900
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyInstanceUID", None),
        ("StudyInstanceUID", "../../x"),
        ("SeriesInstanceUID", ""),
        ("SOPInstanceUID", f"{ROOT}.9"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.2"),
    ],
)
def test_a_data_set_that_is_not_what_was_announced_is_refused(keyword, value):
    bad = instance(1)
    if value is None:
        del bad[keyword]
    else:
        setattr(bad, keyword, value)
    with pacs.LocalPacs() as running:
        assert raw_store(running.port, bad, instance(1).SOPInstanceUID) == 0xA900
        assert running.files == []
        assert [r.status for r in running.refused] == [0xA900]
        assert list(running.folder.iterdir()) == []


@pytest.mark.parametrize("length", [0, 1, 7, 60, 200])
def test_a_damaged_data_set_is_refused(length):
    from pynetdicom.dsutils import encode

    content = encode(instance(1), False, True)[:length] if length else b"\xff" * 99
    with pacs.LocalPacs() as running:
        assert raw_store(running.port, content, instance(1).SOPInstanceUID) in (0xA900, 0xC000)
        assert list(running.folder.iterdir()) == []


def test_a_full_disk_is_said_and_nothing_half_written_stays(files, tmp_path, monkeypatch):
    """The third write fails as it does when the device is full."""
    real, count = open, iter(range(100))

    class Full:
        def __new__(cls, path, mode):
            return super().__new__(cls) if mode == "xb" else real(path, mode)

        def __init__(self, *arguments):
            self.file = real(*arguments)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def writelines(self, parts):
            if next(count) == 2:
                self.file.write(b"half")
                raise OSError(28, os.strerror(28))
            self.file.writelines(parts)

    monkeypatch.setattr("handson.pacs.storing.open", Full, raising=False)
    with pacs.LocalPacs(tmp_path / "kept") as running:
        with pytest.raises(
            NetworkError, match=r"1 x the peer is out of space \(0xA700\)"
        ) as caught:
            pacs.Client("STUDENT", running).send(files)
        assert len(caught.value.report.done) == len(files) - 1
        assert len(list((tmp_path / "kept").iterdir())) == len(files) - 1
        assert pacs.Client("STUDENT", running).send(files).done, "and again: the rest goes"
        assert len(running.files) == len(files)


def test_unfinished_files_of_a_run_that_was_killed_are_removed_and_others_are_not(tmp_path):
    (tmp_path / f".{ROOT}.1-3.part").write_bytes(b"half")
    (tmp_path / "notes.part").write_bytes(b"mine")
    with pacs.LocalPacs(tmp_path) as running:
        assert running.files == []
    assert [p.name for p in tmp_path.iterdir()] == ["notes.part"]


def test_a_file_that_is_cut_off_is_not_sent(files):
    whole = files[0].read_bytes()
    files[0].write_bytes(whole[:-5])
    with pacs.LocalPacs() as running, pytest.raises(NetworkError, match="cut off") as caught:
        pacs.Client("STUDENT", running).send(files)
    assert len(caught.value.report.done) == len(files) - 1


@pytest.mark.parametrize("name", ["pydicom-examples", "pydicom-data-2d"])
def test_no_sound_file_is_taken_for_a_cut_off_one(name):
    from pynetdicom.dsutils import split_dataset

    from handson.pacs.storing import ends_early

    looked = 0
    for path in handson.fetch(name).rglob("*.dcm"):
        try:
            syntax = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
        except Exception:
            continue
        looked += 1
        assert not ends_early(path, split_dataset(path)[1], syntax), path.name
    assert looked > 5


# ---------------------------------------------------------------------------- contexts


def test_results_of_presentation_contexts(archive):
    """PS3.8 Table 9-18: 0 acceptance, 3 abstract syntax, 4 transfer syntaxes not supported."""
    asked = [
        build_context(Verification),
        build_context(MRImageStorage, JPEG2000Lossless),
        build_context("1.2.3.4"),
    ]
    with archive.student.association(asked) as association:
        every = [*association.accepted_contexts, *association.rejected_contexts]
        assert {c.context_id: c.result for c in every} == {1: 0, 3: 4, 5: 3}


def test_an_association_of_odd_ids_holds_128_contexts():
    kinds = [(f"1.2.3.{n}", ExplicitVRLittleEndian) for n in range(100)]
    assert len(contexts_for(kinds)) == 200 > LIMIT


def test_compressed_pixels_are_refused_by_name_and_the_others_go(archive, tmp_path):
    packed = handson.fetch("pydicom-examples")
    compressed = sorted(packed.rglob("*JPEG2000.dcm"))[0]
    good = save(instance(77), tmp_path / "good.dcm")
    with pytest.raises(
        NetworkError, match=r"does not take .* as JPEG 2000.*\(result 4\)"
    ) as caught:
        archive.student.send([compressed, good])
    assert caught.value.report.done == [instance(77).SOPInstanceUID]
    assert list(caught.value.report.failed) == [str(compressed)]


def test_an_archive_for_any_syntax_gives_compressed_pixels_back_as_they_are(tmp_path):
    compressed = sorted(handson.fetch("pydicom-examples").rglob("*JPEG2000.dcm"))[0]
    with (
        pacs.LocalPacs(accept=pacs.ANY) as running,
        pacs.Receiver(tmp_path / "reader", "READER") as reader,
    ):
        running.peers["READER"] = reader
        client = pacs.Client("STUDENT", running)
        client.send(compressed)
        study = client.find("STUDY")[0].StudyInstanceUID
        client.get(study, tmp_path / "got")
        client.move(study, "READER")
        (got,) = (tmp_path / "got").iterdir()
        (moved,) = reader.files
    assert pydicom.dcmread(got).PixelData == pydicom.dcmread(compressed).PixelData
    assert pydicom.dcmread(moved).PixelData == pydicom.dcmread(compressed).PixelData


def test_implicit_and_explicit_vr_travel_to_a_peer_that_takes_the_other(tmp_path):
    file = save(instance(1), tmp_path / "implicit.dcm", ImplicitVRLittleEndian)
    with pacs.LocalPacs(accept=[ExplicitVRLittleEndian]) as running:
        pacs.Client("STUDENT", running).send(file)
        kept = pydicom.dcmread(running.files[0])
    assert kept.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert kept == pydicom.dcmread(file)


# ---------------------------------------------------------------------------- find


def test_one_answer_per_entity_at_the_level(archive):
    find = archive.student.find
    study = instance().StudyInstanceUID
    series = instance().SeriesInstanceUID
    assert len(find("PATIENT")) == 1
    assert len(find("STUDY")) == 2
    assert len(find("SERIES", StudyInstanceUID=study)) == 2
    assert len(find("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series)) == 3


def test_what_an_archive_counts(archive):
    (study,) = archive.student.find(
        "STUDY",
        StudyDate="20240301",
        ModalitiesInStudy="",
        NumberOfStudyRelatedInstances="",
        NumberOfStudyRelatedSeries="",
    )
    assert study.NumberOfStudyRelatedInstances == 5
    assert study.NumberOfStudyRelatedSeries == 2
    assert sorted(study.ModalitiesInStudy) == ["CT", "MR"]
    assert study.RetrieveAETitle == "LEARNPACS"


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({"PatientName": "Example"}, 0),
        ({"PatientName": "*Anna*"}, 2),
        ({"PatientName": "example^anna^maria"}, 2),
        ({"PatientName": "Example^Ann?^Maria"}, 2),
        ({"PatientID": "P"}, 0),
        ({"StudyDate": "20240302-"}, 1),
        ({"StudyDate": "-20240301"}, 1),
        ({"StudyDate": "20240301-20240302"}, 2),
        ({"StudyDate": "20240303-"}, 0),
        ({"ModalitiesInStudy": "US"}, 1),
        ({"Modality": "US"}, 2),  # a key of a lower level is ignored
        ({"StudyInstanceUID": [f"{ROOT}.1", f"{ROOT}.2", "1.9"]}, 2),
        ({"PatientName": "[a-z]*"}, 0),  # no SQL, no glob
        ({"PatientID": "' OR 1=1 --"}, 0),
    ],
)
def test_matching(archive, keys, count):
    assert len(archive.student.find("STUDY", **keys)) == count


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("SERIES", {}),
        ("SERIES", {"StudyInstanceUID": "*"}),
        ("SERIES", {"StudyInstanceUID": ["1.2", "1.3"]}),
        ("IMAGE", {"StudyInstanceUID": f"{ROOT}.1"}),
        ("IMAGE", {"SeriesInstanceUID": f"{ROOT}.1.1"}),
    ],
)
def test_a_query_without_its_parents_is_refused(archive, level, keys):
    with pytest.raises(NetworkError, match="0xA900"):
        archive.student.find(level, **keys)


def test_names_beyond_ascii_are_found_and_come_back(tmp_path):
    anna = instance(1, SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Änne=山田^花子")
    with pacs.LocalPacs() as running:
        client = pacs.Client("STUDENT", running)
        client.send(save(anna, tmp_path / "a.dcm"))
        for key in ("Müller*", "山田*", "*"):
            (found,) = client.find("STUDY", PatientName=key)
            assert found.PatientName == "Müller^Änne=山田^花子"
        assert client.find("STUDY", PatientName="Muller*") == []


@pytest.mark.parametrize(
    ("vr", "key", "value", "expected"),
    [
        ("TM", "1000-1100", "101530.25", True),
        ("TM", "1000-1015", "101530", True),
        ("TM", "1000-1014", "101530", False),
        ("DA", "20240101-", "", False),
        ("LO", "*", "", True),
        ("LO", "a.c", "abc", False),
        ("CS", "CT", "MR\\CT", True),
        ("UI", "1.2\\1.3", "1.3", True),
        ("UI", "1.*", "1.3", False),
        ("IS", "3", " 3 ", True),
    ],
)
def test_matching_by_vr(vr, key, value, expected):
    assert matches(vr, key, value) is expected


# ---------------------------------------------------------------------------- move and get


def test_move_delivers_where_it_was_told_and_nowhere_else(archive, tmp_path):
    with pacs.Receiver(tmp_path / "reader", "READER") as reader:
        archive.peers["READER"] = reader
        before = len(archive.events)
        report = archive.student.move(f"{ROOT}.1", "READER")
        assert (report.completed, report.responses, report.done) == (5, 6, [])
        assert len(reader.files) == 5
        opened = [m for m in archive.events[before:] if m.name == "A-ASSOCIATE-RQ"]
        assert [(m.sender, m.receiver) for m in opened] == [
            ("STUDENT", "LEARNPACS"),
            ("LEARNPACS", "READER"),
        ]


def test_get_brings_the_images_back_over_the_association_that_asked(archive, tmp_path, files):
    before = len(archive.events)
    report = archive.student.get(f"{ROOT}.1", tmp_path / "got", series=f"{ROOT}.1.1")
    assert len(report.done) == 3
    assert all(m.sender in ("STUDENT", "LEARNPACS") for m in archive.events[before:])
    assert {m.receiver for m in archive.events[before:]} == {"STUDENT", "LEARNPACS"}
    for path in (tmp_path / "got").iterdir():
        assert pydicom.dcmread(path) == pydicom.dcmread(
            files[pydicom.dcmread(path).InstanceNumber - 1]
        )


def test_get_without_the_scp_role_delivers_nothing(archive):
    contexts = [
        build_context(StudyRootQueryRetrieveInformationModelGet),
        build_context(MRImageStorage, ExplicitVRLittleEndian),
    ]
    asked = pacs.retrieval(f"{ROOT}.1", f"{ROOT}.1.1")
    with archive.student.association(contexts) as association:
        *_, (status, _) = association.send_c_get(asked, contexts[0].abstract_syntax)
    assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, 3)


@pytest.mark.parametrize("destination", ["NOWHERE", "reader"])
def test_an_unknown_destination_is_said(archive, destination):
    with pytest.raises(NetworkError, match="move destination") as caught:
        archive.student.move(f"{ROOT}.1", destination)
    assert caught.value.status == 0xA801


def test_a_destination_that_is_down_is_said(archive, tmp_path):
    reader = pacs.Receiver(tmp_path, "READER").start()
    archive.peers["READER"] = reader
    reader.stop()
    with pytest.raises(NetworkError) as caught:
        archive.student.move(f"{ROOT}.1", "READER")
    assert caught.value.status == 0xA801


def test_a_bad_identifier_is_said_and_the_peer_is_not_called(archive, tmp_path):
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.PatientID = "STUDY", "P1"
    model = StudyRootQueryRetrieveInformationModelMove
    with pacs.Receiver(tmp_path, "READER") as reader:
        archive.peers["READER"] = reader
        with archive.student.association([build_context(model)]) as association:
            *_, (status, _) = association.send_c_move(asked, "READER", model)
        assert status.Status == 0xA900
        assert reader.events == []


def test_some_that_the_destination_refuses_are_counted_and_named(archive, tmp_path):
    with pacs.Receiver(tmp_path / "reader", "READER") as reader:
        archive.peers["READER"] = reader
        reader._folder.only = {instance(1).SOPInstanceUID}
        with pytest.raises(NetworkError, match="1 of 5") as caught:
            archive.student.move(f"{ROOT}.1", "READER")
    assert caught.value.status == 0xB000
    assert len(caught.value.report.failed) == 4


def test_nothing_under_a_uid_is_said(archive, tmp_path):
    with pytest.raises(NetworkError, match="holds nothing"):
        archive.student.get("1.2.3", tmp_path)
    with pytest.raises(NetworkError, match="not a StudyInstanceUID"):
        archive.student.get("*", tmp_path)


# ---------------------------------------------------------------------------- two at once, many, slow


def test_two_clients_at_once_lose_nothing(tmp_path):
    """Both send all files: each instance is stored once, by whoever is first."""
    many = [save(instance(n), tmp_path / "in" / f"{n}.dcm") for n in range(1, 41)]
    with pacs.LocalPacs() as running:
        reports = []
        workers = [
            threading.Thread(
                target=lambda name=name, order=order: reports.append(
                    pacs.Client(name, running).send(order)
                )
            )
            for name, order in (("ONE", many), ("TWO", many[::-1]))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [len(report.done) for report in reports] == [40, 40]
        assert len(running.files) == 40
        assert len(running.refused) == 40
        assert {r.reason for r in running.refused} == {"it is there already"}


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_instances_go_there_and_back(tmp_path):
    many = [save(instance(n, n // 100), tmp_path / "in" / f"{n}.dcm") for n in range(10_000)]
    with pacs.LocalPacs() as running:
        client = pacs.Client("STUDENT", running)
        report = pacs.send(tmp_path / "in", client)
        assert (len(report.done), report.proved) == (len(many), True)
        report = pacs.pull(client, f"{ROOT}.1", tmp_path / "out")
        assert (len(report.done), report.proved) == (len(many), True)
        began = time.monotonic()
        assert len(client.find("STUDY")) == 1
        assert time.monotonic() - began < 5


@pytest.fixture
def silent():
    """A port that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_silent_peer_is_given_up(silent, monkeypatch):
    monkeypatch.setattr("handson.pacs.associations.WAIT", 0.5)
    with pytest.raises(NetworkError, match="without an answer"):
        pacs.Client("STUDENT", ("127.0.0.1", silent, "PEER")).echo()


def test_a_peer_that_hangs_in_the_middle_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("handson.pacs.associations.WAIT", 1.0)
    release = threading.Event()

    def hang(event):
        if event.request.AffectedSOPInstanceUID.endswith(".3"):
            release.wait(20)
        return 0

    many = [save(instance(n), tmp_path / f"{n}.dcm") for n in range(1, 6)]
    ae = AE("SLOW")
    ae.add_supported_context(MRImageStorage, ExplicitVRLittleEndian)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, hang)])
    try:
        with pytest.raises(NetworkError, match="gone or hangs") as caught:
            pacs.Client("STUDENT", ("127.0.0.1", server.server_address[1], "SLOW")).send(many)
        assert len(caught.value.report.done) == 2
    finally:
        release.set()
        ae.shutdown()


def test_a_slow_peer_is_waited_for(tmp_path):
    many = [save(instance(n), tmp_path / f"{n}.dcm") for n in range(1, 4)]
    ae = AE("SLOW")
    ae.add_supported_context(MRImageStorage, ExplicitVRLittleEndian)
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, lambda event: time.sleep(0.3) or 0)],
    )
    try:
        report = pacs.Client("STUDENT", ("127.0.0.1", server.server_address[1], "SLOW")).send(many)
        assert len(report.done) == 3
    finally:
        ae.shutdown()


def test_only_0x0000_is_stored(tmp_path):
    """A warning says that the peer changed something: not what was sent, so not done."""
    ae = AE("CHANGES")
    ae.add_supported_context(MRImageStorage, ExplicitVRLittleEndian)
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda event: 0xB000)]
    )
    try:
        with pytest.raises(NetworkError, match="0xB000") as caught:
            pacs.Client("STUDENT", ("127.0.0.1", server.server_address[1], "CHANGES")).send(
                save(instance(), tmp_path / "1.dcm")
            )
        assert caught.value.report.done == []
    finally:
        ae.shutdown()


SERVER = """
import sys
from handson import pacs
running = pacs.LocalPacs(sys.argv[1], title="KILLED").start()
print(running.port, flush=True)
sys.stdin.read()
"""


def test_a_peer_that_is_killed_leaves_whole_files_and_one_error(tmp_path):
    many = [save(instance(n), tmp_path / "in" / f"{n}.dcm") for n in range(1, 31)]
    command = [sys.executable, "-c", SERVER, str(tmp_path / "kept")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline())

    def kill(finished, total):
        if finished == 10:
            process.kill()
            process.wait()

    with pytest.raises(NetworkError, match="gone or hangs") as caught:
        pacs.Client("STUDENT", ("127.0.0.1", port, "KILLED")).send(many, kill)
    process.stdin.close()
    process.stdout.close()
    assert len(caught.value.report.done) == 10
    assert len(list((tmp_path / "kept").glob("*.dcm"))) == 10
    for path in (tmp_path / "kept").glob("*.dcm"):
        assert pydicom.dcmread(path).pixel_array.shape == (4, 4)


@pytest.mark.parametrize("how", ["get", "move", "web"])
def test_a_full_disk_on_our_side_is_said_and_the_rest_is_fetched_later(
    archive, tmp_path, monkeypatch, how
):
    """The second write fails as it does when the device is full."""
    real, count = open, iter(range(100))

    def full(path, mode):
        if mode == "xb" and next(count) == 1:
            raise OSError(28, os.strerror(28))
        return real(path, mode)

    asked, inbox = archive.student, None
    if how == "web":
        asked = pacs.DicomWeb(archive.web_url)
    if how == "move":
        with socket.create_server(("127.0.0.1", 0)) as other:
            inbox = pacs.Inbox("INBOX", other.getsockname()[1])
        archive.peers["INBOX"] = ("127.0.0.1", inbox.port)
    with monkeypatch.context() as patched:
        patched.setattr("handson.pacs.storing.open", full, raising=False)
        with pytest.raises(NetworkError, match="1 instance did not arrive") as caught:
            pacs.pull(asked, f"{ROOT}.1", tmp_path / "out", inbox=inbox)
    assert len(caught.value.report.done) == 4
    assert len(list((tmp_path / "out").iterdir())) == 4
    again = pacs.pull(asked, f"{ROOT}.1", tmp_path / "out", inbox=inbox)
    assert (len(again.already), len(again.done), again.proved) == (4, 1, True)


def test_a_folder_that_cannot_be_one_is_said(archive, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(handson.HandsonError, match="cannot be used as a folder"):
        archive.student.get(f"{ROOT}.1", tmp_path / "file")


def test_ctrl_c_in_the_middle_leaves_whole_files_and_no_thread(files):
    before = threads()
    with pacs.LocalPacs() as running:
        client = pacs.Client("STUDENT", running)

        def stop(finished, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client.send(files, stop)
        assert len(running.files) == 1
        assert client.echo() == 0
    deadline = time.monotonic() + 10
    while threads() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads() - before == set()


def test_nobody_there(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(NetworkError, match=f"nobody listens at 127.0.0.1:{port}"):
        pacs.Client("STUDENT", ("127.0.0.1", port, "PEER")).echo()


# ---------------------------------------------------------------------------- the wire


def test_the_first_pdu_by_hand(archive):
    with pacs.Tap(archive) as tap:
        pacs.Client("STUDENT", tap).echo()
        first = tap.sent
    assert first[0] == 1
    assert first[10:26] == b"LEARNPACS       "
    assert first[26:42] == b"STUDENT         "
    assert tap.answered[0] == 2


def test_the_name_is_on_the_wire_without_tls_and_not_with_it(files, tmp_path):
    wire = {}
    for label, tls in (("plain", None), ("tls", pacs.certificate(tmp_path))):
        with pacs.LocalPacs(tls=tls) as running, pacs.Tap(running) as tap:
            client = pacs.Client("STUDENT", tap)
            client.send(files)
            assert len(client.find("STUDY", PatientName="Example*")) == 2
            wire[label] = tap.sent + tap.answered
    for secret in (b"Example^Anna", b"P1", b"STUDENT", b"LEARNPACS"):
        assert secret in wire["plain"]
        assert secret not in wire["tls"] or len(secret) < 4


def test_move_over_tls(files, tmp_path):
    tls = pacs.certificate(
        tmp_path / "certificates" if (tmp_path / "certificates").mkdir() else tmp_path
    )
    with (
        pacs.LocalPacs(tls=tls) as running,
        pacs.Receiver(tmp_path / "r", "READER", tls=tls) as reader,
    ):
        running.peers["READER"] = reader
        client = pacs.Client("STUDENT", running)
        client.send(files)
        assert client.move(f"{ROOT}.1", "READER").completed == 5
        assert len(client.get(f"{ROOT}.1", tmp_path / "g").done) == 5


@pytest.fixture
def identities(tmp_path):
    made = []
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
        made.append(pacs.certificate(tmp_path / name))
    return made


def test_tls_against_plain_text(identities):
    ours, _ = identities
    with pacs.LocalPacs() as plain, pytest.raises(NetworkError, match="TLS failed"):
        pacs.Client("STUDENT", ("127.0.0.1", plain.port, "LEARNPACS"), ours).echo()


def test_plain_text_against_tls(identities):
    ours, _ = identities
    with pacs.LocalPacs(tls=ours) as secure:
        with pytest.raises(NetworkError, match="may expect TLS"):
            pacs.Client("STUDENT", ("127.0.0.1", secure.port, "LEARNPACS")).echo()
        assert pacs.Client("STUDENT", secure).echo() == 0, "and goes on"


def test_an_unknown_server_certificate_is_refused(identities):
    ours, others = identities
    mixed = pacs.Tls(others.authority, ours.certificate, ours.key)
    with pacs.LocalPacs(tls=ours) as secure, pytest.raises(NetworkError, match="not trusted"):
        pacs.Client("STUDENT", ("127.0.0.1", secure.port, "LEARNPACS"), mixed).echo()


@pytest.mark.parametrize("known", ["none", "unknown"])
def test_a_client_without_a_known_certificate_is_refused(identities, known):
    ours, others = identities
    tls = (
        pacs.Tls(ours.authority)
        if known == "none"
        else pacs.Tls(ours.authority, others.certificate, others.key)
    )
    with pacs.LocalPacs(tls=ours) as secure, pytest.raises(NetworkError, match="TLS failed"):
        pacs.Client("STUDENT", ("127.0.0.1", secure.port, "LEARNPACS"), tls).echo()


def test_a_caller_who_is_silent_holds_nobody_up(identities):
    ours, _ = identities
    with pacs.LocalPacs(tls=ours) as secure, socket.create_connection(("127.0.0.1", secure.port)):
        began = time.monotonic()
        assert pacs.Client("STUDENT", secure).echo() == 0
        assert time.monotonic() - began < 5


def test_a_key_is_for_its_owner_and_is_not_replaced(tmp_path):
    made = pacs.certificate(tmp_path)
    if os.name != "nt":
        assert Path(made.key).stat().st_mode & 0o077 == 0
    with pytest.raises(NetworkError, match="cannot be written"):
        pacs.certificate(tmp_path)


# ---------------------------------------------------------------------------- pictures, notebooks


def test_the_diagram_says_in_words_what_it_shows(archive, tmp_path):
    with pacs.Receiver(tmp_path, "READER") as reader:
        archive.peers["READER"] = reader
        before = len(archive.events)
        archive.student.move(f"{ROOT}.1", "READER")
        figure = pacs.sequence(archive.events[before:])
    assert "between STUDENT, LEARNPACS, READER" in figure.alt
    assert "LEARNPACS to READER: C-STORE-RQ, 5 times" in figure.alt
    assert "LEARNPACS to STUDENT: C-MOVE-RSP, 6 times" in figure.alt
    assert "image/png" in figure._repr_mimebundle_()[0]


def test_messages_come_in_the_order_in_which_they_were_said(archive):
    before = len(archive.events)
    archive.student.echo()
    assert [m.name for m in archive.events[before:]] == [
        "A-ASSOCIATE-RQ",
        "A-ASSOCIATE-AC",
        "C-ECHO-RQ",
        "C-ECHO-RSP",
        "A-RELEASE-RQ",
        "A-RELEASE-RP",
    ]


def test_no_message_is_missing_when_its_asker_is_quicker(archive):
    """The answer to a release is recorded after it was sent: its asker may look before."""
    for _ in range(20):
        before = len(archive.events)
        archive.student.echo()
        assert len(archive.events) - before == 6


def test_nothing_said_is_nothing_to_draw():
    with pytest.raises(handson.HandsonError, match="no message"):
        pacs.sequence([])


def test_it_works_inside_a_running_event_loop(files):
    import asyncio

    async def cell():
        with pacs.LocalPacs() as running:
            return len(pacs.Client("STUDENT", running).send(files).done)

    assert asyncio.run(cell()) == len(files)


def test_without_pynetdicom_it_says_what_to_install():
    code = """
    import sys
    sys.modules["pynetdicom"] = None
    from handson import pacs
    try:
        pacs.LocalPacs
    except Exception as error:
        print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "pip install pynetdicom" in done.stdout


# ---------------------------------------------------------------------------- DICOMweb


def web_get(url, **headers):
    """(status, content type, body) of a GET."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers=headers), timeout=20) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except HTTPError as error:
        return error.code, "", error.read()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/studies", 200),
        ("/studies?PatientName=*Anna*", 200),
        ("/studies?PatientName=%2AAnna%2A", 200),
        ("/studies?00100010=Nobody", 204),
        ("/studies?NoSuchKey=1", 400),
        ("/studies?limit=-1", 400),
        ("/series", 200),
        ("/studies/1.2.3", 404),
        ("/studies/../../etc/passwd", 404),
        ("/studies/..%2F..%2Fetc", 404),
        ("/", 404),
        ("/studies/1.2.3/series/..", 404),
    ],
)
def test_qido_and_wado_answers(archive, address, status):
    assert web_get(archive.web_url + address)[0] == status


def test_a_page_of_another_name_cannot_read_the_archive(archive):
    """DNS rebinding: the browser reaches 127.0.0.1 under the name of the page."""
    assert web_get(archive.web_url + "/studies", Host="evil.example:80")[0] == 403


def test_wado_sends_files_as_they_are_stored(archive, tmp_path):
    web = pacs.DicomWeb(archive.web_url)
    report = pacs.pull(web, f"{ROOT}.1", tmp_path / "out")
    assert (len(report.done), report.proved) == (5, True)
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (archive.folder / path.name).read_bytes()


@pytest.mark.parametrize(
    "url", ["ftp://x", "127.0.0.1:80", "http://", "http://me:secret@127.0.0.1:80"]
)
def test_what_is_not_the_address_of_a_service(url):
    with pytest.raises(NetworkError):
        pacs.DicomWeb(url)


def test_nobody_at_the_address_of_a_service():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(NetworkError, match="gave no whole answer"):
        pacs.DicomWeb(f"http://127.0.0.1:{port}").search("STUDY")


# ---------------------------------------------------------------------------- whole transfers


def test_a_transfer_that_broke_off_goes_on_where_it_stopped(tmp_path):
    many = [save(instance(n), tmp_path / "in" / f"{n}.dcm") for n in range(1, 21)]
    running = pacs.LocalPacs(tmp_path / "kept").start()
    port = running.port

    def break_off(finished, total):
        if finished == 8:
            running.stop()

    client = pacs.Client("STUDENT", running)
    with pytest.raises(NetworkError, match="8 instances done") as caught:
        pacs.send(many, client, break_off)
    assert len(caught.value.report.done) == 8
    with pacs.LocalPacs(tmp_path / "kept", port=port):
        report = pacs.send(many, client)
        assert len(report.already) + len(report.done) == 20
        assert len(report.done) <= 12
        assert report.proved
    assert all(path.exists() for path in many), "nothing is deleted"


@pytest.fixture
def many(tmp_path):
    return [save(instance(n), tmp_path / "in" / f"{n}.dcm") for n in range(1, 101)]


def test_many_files_go_over_several_associations_at_once(many):
    with pacs.LocalPacs() as running:
        counted = []
        report = pacs.send(many, pacs.Client("STUDENT", running), lambda *n: counted.append(n))
        opened = {m.association for m in running.events if m.name == "C-STORE-RQ"}
        assert (len(report.done), report.proved, len(running.files)) == (100, True, 100)
        assert len(opened) == pacs.transfer.LANES
        assert counted == [(n, 100) for n in range(1, 101)]
        assert running.refused == []


def test_an_archive_that_allows_one_association_gets_all_of_them(many):
    with pacs.LocalPacs() as running:
        running._server.ae.maximum_associations = 1
        report = pacs.send(many, pacs.Client("STUDENT", running))
        assert (len(report.done), report.proved, len(running.files)) == (100, True, 100)
        assert running.refused == []


def test_several_associations_break_off_as_one(many, tmp_path):
    running = pacs.LocalPacs(tmp_path / "kept").start()
    port = running.port

    def break_off(finished, total):
        if finished == 30:
            running.stop()

    client = pacs.Client("STUDENT", running)
    with pytest.raises(NetworkError, match="instances done") as caught:
        pacs.send(many, client, break_off)
    assert 30 <= len(caught.value.report.done) < 100
    with pacs.LocalPacs(tmp_path / "kept", port=port):
        report = pacs.send(many, client)
        assert len(report.already) + len(report.done) == 100
        assert report.proved


def test_one_refused_file_and_a_peer_that_goes_are_both_said(many, tmp_path):
    compressed = sorted(handson.fetch("pydicom-examples").rglob("*JPEG2000.dcm"))[0]
    running = pacs.LocalPacs(tmp_path / "kept").start()

    def break_off(finished, total):
        if finished == 5:
            running.stop()

    with pytest.raises(NetworkError) as caught:
        pacs.send([compressed, *many[:20]], pacs.Client("STUDENT", running), break_off)
    assert "instances done" in str(caught.value)
    assert list(caught.value.report.failed) == [str(compressed)]


def test_ctrl_c_stops_all_associations(many):
    before = threads()
    with pacs.LocalPacs() as running:

        def stop(finished, total):
            if finished == 20:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            pacs.send(many, pacs.Client("STUDENT", running), stop)
        assert 20 <= len(running.files) < 100
    deadline = time.monotonic() + 10
    while threads() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads() - before == set()


def test_two_files_of_one_uid_and_other_contents_are_named(files, tmp_path):
    other = instance(1)
    other.PatientName = "Other^Person"
    files.append(save(other, tmp_path / "in" / "other.dcm"))
    with pacs.LocalPacs() as running, pytest.raises(NetworkError, match="same SOP Instance UID"):
        pacs.send(files, pacs.Client("STUDENT", running))


def test_pull_takes_nothing_that_it_did_not_ask_for(archive, tmp_path):
    """An archive that sends another patient's images, too: they are refused."""
    hostile = archive._index.paths

    def more(level, query, root="STUDY"):
        return hostile(level, query, root) + archive.files[-1:]

    archive._index.paths = more
    with pytest.raises(NetworkError):
        archive.student.get(f"{ROOT}.1", tmp_path / "a", series=f"{ROOT}.1.1")
    assert len(list((tmp_path / "a").iterdir())) == 3
    pacs.pull(archive.student, f"{ROOT}.1", tmp_path / "b")
    assert len(list((tmp_path / "b").iterdir())) == 5


def test_pull_by_move_to_an_inbox_of_ours(archive, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    archive.peers["STUDENT"] = ("127.0.0.1", port)
    report = pacs.pull(archive.student, f"{ROOT}.1", tmp_path, inbox=pacs.Inbox("STUDENT", port))
    assert (len(report.done), report.proved) == (5, True)


@pytest.mark.parametrize("uid", ["", "*", "../x", "1..2"])
def test_pull_wants_a_uid(archive, tmp_path, uid):
    with pytest.raises(NetworkError):
        pacs.pull(archive.student, uid, tmp_path)


# ---------------------------------------------------------------------------- the command line


@pytest.fixture
def handson_command(capsys):
    """The command line in this process: (status, what it prints, what it prints on the error stream)."""

    def run(*arguments):
        capsys.readouterr()
        status = main([str(one) for one in arguments])
        return status, *capsys.readouterr()

    return run


def test_send_and_pull_from_the_command_line(files, tmp_path, handson_command):
    with pacs.LocalPacs() as running:
        address = f"LEARNPACS@127.0.0.1:{running.port}"
        status, said, _ = handson_command("send", tmp_path / "in", address)
        assert (status, said) == (0, "0x0000: 6 done\n")
        status, said, _ = handson_command("send", tmp_path / "in", address)
        assert (status, said) == (0, "0x0000: 0 done, 6 already there\n")
        status, said, _ = handson_command("pull", address, "--find", "PatientName=*Anna*")
        assert status == 0
        assert f"{ROOT}.1" in said
        assert "Anna" not in said
        assert handson_command("pull", address, tmp_path / "out", "--study", f"{ROOT}.1")[0] == 0
        web = handson_command("pull", running.web_url, tmp_path / "web", "--study", f"{ROOT}.1")
        assert web[:2] == (0, "0x0000: 5 done\n")
        assert handson_command("pull", address, tmp_path / "o", "--study", "1.2.3")[0] == 1
    for folder in ("out", "web"):
        assert len(list((tmp_path / folder).iterdir())) == 5


def test_the_command_line_says_one_clear_line(files, tmp_path, handson_command):
    for arguments in (
        ("send", tmp_path / "in", "LEARNPACS@127.0.0.1:1"),
        ("send", tmp_path / "in", "127.0.0.1:1"),
        ("send", tmp_path / "nothing", "LEARNPACS@127.0.0.1:1"),
        ("pull", "LEARNPACS@127.0.0.1:1", "--study", "1.2"),
        ("pull", "http://127.0.0.1:1", "--find", "PatientID=1"),
        ("pull", "http://127.0.0.1:1", tmp_path / "x", "--study", "1.2", "--move", "11113"),
        ("pull", "LEARNPACS@127.0.0.1:1", tmp_path / "x", "--study", "1.2", "--move", "x"),
    ):
        status, said, error = handson_command(*arguments)
        assert (status, said) == (1, "")
        assert error.startswith(f"handson {arguments[0]}: ")
        assert "Traceback" not in error
        assert error.count("\n") == 1


def test_tls_from_the_command_line(files, tmp_path, handson_command):
    tls = pacs.certificate(tmp_path)
    given = ("--authority", tls.authority, "--certificate", tls.certificate, "--key", tls.key)
    with pacs.LocalPacs(tls=tls) as running:
        address = f"LEARNPACS@127.0.0.1:{running.port}"
        assert handson_command("send", tmp_path / "in", address, *given)[0] == 0
        status, _, error = handson_command("send", tmp_path / "in", address)
        assert status == 1
        assert "may expect TLS" in error
