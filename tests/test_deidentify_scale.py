"""More than one machine: the same bytes come out, a lost worker or scheduler loses nothing."""

import os
import signal
import socket
import subprocess
import sys
import time

import pydicom
import pytest
from pydicom.data import get_testdata_file

import handson
from handson.errors import DeidentifyError

PHRASE = "correct horse"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    for number in range(90):
        dataset.PatientID = f"MRN{number % 3:06d}"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        dataset.save_as(folder / f"{number}.dcm")
    return folder


@pytest.fixture
def cluster(tmp_path):
    """(address, scheduler, [two worker processes])"""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]  # fmt: skip
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard"]  # fmt: skip
    processes = [subprocess.Popen(scheduler, **quiet)]
    processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]
    yield address, processes[0], processes[1:]
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.dcm")}


def test_the_same_bytes_as_from_one_process_though_a_worker_is_killed(many, cluster, tmp_path):
    address, _, workers = cluster
    handson.pseudonymize(many, tmp_path / "one", store=tmp_path / "s", passphrase=PHRASE)
    pid = os.fork()
    if pid == 0:  # kills a worker as soon as there are outputs
        while not list((tmp_path / "two").rglob("*.dcm")):
            time.sleep(0.02)
        os.kill(workers[0].pid, signal.SIGKILL)
        os._exit(0)
    report = handson.pseudonymize(
        many, tmp_path / "two", store=tmp_path / "s", passphrase=PHRASE, scheduler=address
    )
    os.waitpid(pid, 0)
    assert report.counts == {"done": 90}
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_scheduler_that_does_not_answer_is_named(many, tmp_path):
    with pytest.raises(DeidentifyError, match="No scheduler answers"):
        handson.anonymize(many, tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    # Nothing stays open: the folder is not "being written by another run".
    with pytest.raises(DeidentifyError, match="run that was stopped"):
        handson.anonymize(many, tmp_path / "out")


@pytest.mark.long  # the client waits half a minute for it to come back
def test_a_scheduler_that_goes_away_leaves_whole_files_and_the_run_goes_on(many, cluster, tmp_path):
    address, scheduler, _ = cluster
    out = tmp_path / "out"
    code = (
        "import sys, handson\n"
        "try: handson.pseudonymize(sys.argv[1], sys.argv[2], store=sys.argv[3], passphrase=sys.argv[4],"
        " scheduler=sys.argv[5])\n"
        "except handson.HandsonError as error: print(error)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, many, out, tmp_path / "s", PHRASE, address],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    while not list(out.rglob("*.dcm")) and run.poll() is None:
        time.sleep(0.02)
    scheduler.kill()
    said, _ = run.communicate(timeout=120)
    for path in out.rglob("*.dcm"):
        assert len(pydicom.dcmread(path).PixelData) == 8192
    if said:
        assert "went away" in said
        handson.pseudonymize(many, out, store=tmp_path / "s", passphrase=PHRASE)
    assert len(content(out)) == 90
