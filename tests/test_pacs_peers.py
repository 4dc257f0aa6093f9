"""Real peers: Orthanc beside our archive under one suite, dcmtk's programs against our archive and client.

Where the two servers differ, and may:

- Orthanc takes any called AE title; ours rejects a wrong one (PS3.8 9.3.4 allows both).
- Orthanc finds a move destination in any case; ours takes the title as it is (PS3.5 6.2, AE).
- Orthanc answers SERIES and IMAGE queries without their parents; ours says 0xA900, for PS3.4 C.4.1.2.1
  asks for the unique keys above unless relational queries were negotiated.
- A key of a lower level at STUDY level: ours ignores it, Orthanc lets it match nothing
  (PS3.4 C.4.1.2.1 forbids the SCU to send it).
- An unknown move destination: ours says 0xA801 (PS3.4 C.4.2.1.5), Orthanc 0xC000.
- A QIDO search without results: ours says 204, Orthanc 200 and [] (PS3.18 8.3.4, 10.6.3).
- QIDO: Orthanc does not decode %2A; ours does (RFC 3986).
"""

import subprocess
from pathlib import Path

import archives
import programs
import pydicom
import pytest

import handson
from handson import pacs
from handson.errors import NetworkError

TAKEN = {"MR": 6, "CT": 4, "PT": 3, "US": 1}


@pytest.fixture(scope="module")
def files():
    study = handson.fetch("gen-study")
    return [
        path
        for modality, count in TAKEN.items()
        for path in sorted(p for p in (study / modality).iterdir() if p.is_file())[:count]
    ]


@pytest.fixture(scope="module")
def headers(files):
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in files]


@pytest.fixture(scope="module")
def study(headers):
    """StudyInstanceUID of the one with MR, CT and PET."""
    return headers[0].StudyInstanceUID


@pytest.fixture(scope="module", params=["ours", "orthanc"])
def server(request, tmp_path_factory, files):
    """(peer, address of DICOMweb, receiver that it knows as READER, its files stored)."""
    folder = tmp_path_factory.mktemp(request.param)
    with pacs.Receiver(folder / "reader", "READER") as reader:
        if request.param == "ours":
            with pacs.LocalPacs() as running:
                running.peers["READER"] = reader
                peer = pacs.Peer.of(running)
                pacs.Client("STUDENT", peer).send(files)
                yield peer, running.web_url, reader
        else:
            known = {"STUDENT": archives.free_port(), "READER": reader.port}
            with archives.orthanc(folder / "orthanc", known) as (port, web):
                peer = pacs.Peer("127.0.0.1", port, "ORTHANC")
                pacs.Client("STUDENT", peer).send(files)
                yield peer, web, reader


@pytest.fixture
def student(server):
    return pacs.Client("STUDENT", server[0])


def same_images(folder, headers_sent, files_sent):
    """Each file is one that was sent: equal data set, whatever the file meta information says."""
    sent = {h.SOPInstanceUID: path for h, path in zip(headers_sent, files_sent, strict=True)}
    found = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    for path in found:
        dataset = pydicom.dcmread(path)
        assert dataset == pydicom.dcmread(sent[dataset.SOPInstanceUID])
    return len(found)


# ---------------------------------------------------------------------------- one suite, two servers


def test_echo(student):
    assert student.echo() == 0x0000


def test_counts_at_four_levels(student, study, headers):
    assert len(student.find("PATIENT")) == 1
    assert len(student.find("STUDY")) == 2
    series = student.find("SERIES", StudyInstanceUID=study)
    assert sorted(s.Modality for s in series) == ["CT", "MR", "PT"]
    for one in series:
        images = student.find(
            "IMAGE", StudyInstanceUID=study, SeriesInstanceUID=one.SeriesInstanceUID
        )
        assert len(images) == TAKEN[one.Modality]


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({"PatientName": "Example"}, 0),
        ({"PatientName": "*Anna*"}, 2),
        ({"PatientName": "Example^Anna^Mari?"}, 2),
        ({"PatientID": "FAKE-0001"}, 2),
        ({"StudyDate": "20240301-"}, 1),
        ({"StudyDate": "-20240301"}, 1),
        ({"StudyDate": "20240223-20240311"}, 2),
        ({"StudyDate": "20240312-"}, 0),
        ({"ModalitiesInStudy": "US"}, 1),
    ],
)
def test_matching(student, keys, count):
    assert len(student.find("STUDY", **keys)) == count


def test_move_reaches_the_receiver(server, student, study, headers, files):
    reader = server[2]
    report = student.move(study, "READER")
    assert (report.status, report.completed) == (0x0000, 13)
    assert len(reader.files) == 13
    assert same_images(reader.folder, headers, files) == 13


def test_get_brings_everything_back(student, study, headers, files, tmp_path):
    assert len(student.get(study, tmp_path).done) == 13
    assert same_images(tmp_path, headers, files) == 13


def test_a_volume_that_was_there_is_the_same_volume(student, study, headers, tmp_path):
    mr = headers[0]
    student.get(study, tmp_path / "got", series=mr.SeriesInstanceUID)
    got = {pydicom.dcmread(p).SOPInstanceUID: p for p in (tmp_path / "got").iterdir()}
    for header in headers[: TAKEN["MR"]]:
        one = pydicom.dcmread(got[header.SOPInstanceUID])
        assert (one.pixel_array == pydicom.dcmread(header.filename).pixel_array).all()
        assert one.ImagePositionPatient == header.ImagePositionPatient


def test_a_second_copy_is_no_failure_and_nothing_is_double(student, study, files, headers):
    assert len(student.send(files[:2]).done) == 2
    series = headers[0].SeriesInstanceUID
    assert (
        len(student.find("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series)) == TAKEN["MR"]
    )


def test_an_unknown_destination_is_an_error(student, study):
    with pytest.raises(NetworkError) as caught:
        student.move(study, "NOWHERE")
    assert caught.value.status in (0xA801, 0xC000)


def test_transfers_are_resumed_and_proved(server, student, study, files, tmp_path):
    """Two of 13 files are there: the rest travels. The archive has all: nothing does."""
    whole = pacs.pull(student, study, tmp_path)
    assert (len(whole.done), whole.proved) == (13, True)
    for path in sorted(tmp_path.iterdir())[2:]:
        path.unlink()
    again = pacs.pull(student, study, tmp_path)
    assert (len(again.already), len(again.done), again.proved) == (2, 11, True)
    sent = pacs.send(files, student)
    assert (len(sent.already), len(sent.done)) == (14, 0)


def test_dicomweb_finds_and_fetches_the_same(server, student, study, headers, files, tmp_path):
    web = pacs.DicomWeb(server[1])
    assert len(web.search("STUDY")) == 2
    assert len(web.search("STUDY", PatientName="*Anna*")) == 2
    assert len(web.search("STUDY", StudyDate="20240301-")) == 1
    assert len(web.search("SERIES")) == 4, "QIDO asks over all studies; C-FIND must not"
    report = pacs.pull(web, study, tmp_path)
    assert (len(report.done), report.proved) == (13, True)
    assert same_images(tmp_path, headers, files) == 13


def test_dicomweb_client_agrees(server, study):
    from dicomweb_client.api import DICOMwebClient

    client = DICOMwebClient(server[1])
    assert len(client.search_for_studies()) == 2
    assert len(client.search_for_series(study)) == 3
    assert len(client.search_for_series(search_filters={"Modality": "CT"})) == 1
    assert len(client.search_for_instances(study, limit=5)) == 5
    series = client.search_for_series(study, search_filters={"Modality": "PT"})[0]["0020000E"][
        "Value"
    ][0]
    assert len(client.retrieve_series(study, series)) == TAKEN["PT"]


def test_compressed_pixels_come_back_as_they_were(tmp_path):
    compressed = sorted(handson.fetch("pydicom-examples").rglob("*JPEG2000.dcm"))[0]
    known = {"STUDENT": archives.free_port()}
    with archives.orthanc(tmp_path / "orthanc", known) as (port, web):
        student = pacs.Client("STUDENT", ("127.0.0.1", port, "ORTHANC"))
        student.send(compressed)
        (study,) = [s.StudyInstanceUID for s in student.find("STUDY")]
        student.get(study, tmp_path / "get")
        pacs.pull(pacs.DicomWeb(web), study, tmp_path / "web")
    for folder in ("get", "web"):
        (path,) = (tmp_path / folder).iterdir()
        dataset = pydicom.dcmread(path)
        assert (
            dataset.file_meta.TransferSyntaxUID
            == pydicom.dcmread(compressed).file_meta.TransferSyntaxUID
        )
        assert dataset.PixelData == pydicom.dcmread(compressed).PixelData


def test_stow_rs_stores_and_the_archive_lists_it(files, tmp_path):
    with archives.orthanc(tmp_path / "orthanc", {}) as (_, address):
        web = pacs.DicomWeb(address)
        first = pacs.send(files[:5], web)
        assert (len(first.done), first.proved) == (5, True)
        rest = pacs.send(files, web)
        assert (len(rest.already), len(rest.done)) == (5, len(files) - 5)


# ---------------------------------------------------------------------------- dcmtk


@pytest.fixture
def ours(files):
    with pacs.LocalPacs() as running:
        pacs.Client("STUDENT", running).send(files)
        yield running


def dcmtk(name, *arguments, title="LEARNPACS"):
    command = [programs.need(name), "-aet", "DCMTK", "-aec", title, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_echoscu(ours):
    assert dcmtk("echoscu", "127.0.0.1", ours.port).returncode == 0
    wrong = dcmtk("echoscu", "127.0.0.1", ours.port, title="WRONG")
    assert wrong.returncode != 0
    assert "Called AE Title Not Recognized" in wrong.stderr


def test_storescu(files, headers):
    with pacs.LocalPacs() as running:
        assert dcmtk("storescu", "127.0.0.1", running.port, *files).returncode == 0
        assert same_images(running.folder, headers, files) == len(files)


def test_findscu(ours):
    done = dcmtk(
        "findscu",
        "-S",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        "PatientName=*Anna*",
        "-k",
        "StudyInstanceUID",
        "127.0.0.1",
        ours.port,
    )
    assert done.returncode == 0
    assert (done.stdout + done.stderr).count("Find Response:") == 2


def test_movescu_to_storescp(ours, study, headers, files, tmp_path):
    port = archives.free_port()
    ours.peers["STORESCP"] = ("127.0.0.1", port)
    receiving = subprocess.Popen(
        [programs.need("storescp"), "-od", str(tmp_path), "-aet", "STORESCP", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_open(port, receiving)
        keys = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
        assert dcmtk("movescu", *keys, "-aem", "STORESCP", "127.0.0.1", ours.port).returncode == 0
        assert same_images(tmp_path, headers, files) == 13
        assert dcmtk("movescu", *keys, "-aem", "NOWHERE", "127.0.0.1", ours.port).returncode == 69
    finally:
        receiving.terminate()
        receiving.wait(20)


def test_getscu(ours, study, headers, files, tmp_path):
    keys = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    assert dcmtk("getscu", "-od", tmp_path, *keys, "127.0.0.1", ours.port).returncode == 0
    assert same_images(tmp_path, headers, files) == 13


def test_our_client_and_storescp(headers, files, tmp_path):
    """storescp answers no queries: confirmed file by file, and said not to be proved."""
    port = archives.free_port()
    receiving = subprocess.Popen(
        [programs.need("storescp"), "-od", str(tmp_path), "-aet", "STORESCP", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_open(port, receiving)
        report = pacs.send(files, pacs.Client("STUDENT", ("127.0.0.1", port, "STORESCP")))
        assert (len(report.done), report.proved) == (len(files), False)
        assert same_images(tmp_path, headers, files) == len(files)
    finally:
        receiving.terminate()
        receiving.wait(20)


def test_storescu_over_tls(files, headers, tmp_path):
    tls = pacs.certificate(tmp_path)
    secured = ["+tls", tls.key, tls.certificate, "+cf", tls.authority]
    with pacs.LocalPacs(tls=tls) as running:
        done = dcmtk("storescu", *secured, "127.0.0.1", running.port, *files[:3])
        assert done.returncode == 0, done.stderr
        assert len(running.files) == 3
        assert dcmtk("storescu", "127.0.0.1", running.port, *files[:3]).returncode != 0


def _until_open(port, process):
    import socket
    import time

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("storescp did not start")
