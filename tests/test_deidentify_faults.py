"""Whatever goes wrong: nothing lost, nothing half written, nothing told."""

import io
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pydicom
import pytest
from deidentify_canaries import corpus
from pydicom.data import get_testdata_file

import handson
from handson.deidentify.folder import RUN_FOLDER
from handson.errors import DeidentifyError, HandsonError

SECRET = "Zyxwabel"
RUN = "import sys, handson; handson.{0}(sys.argv[1], sys.argv[2], jobs=int(sys.argv[3]){1})"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Sixty small MR files of three patients whose names stand in file names too."""
    folder = tmp_path_factory.mktemp("many")
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    for number in range(60):
        dataset.PatientName = f"{SECRET}^{number % 3}"
        dataset.PatientID = f"MRN{number % 3:06d}"
        dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.9.{number}"
        dataset.InstanceNumber = number
        dataset.save_as(folder / f"{SECRET}_{number}.dcm")
    return folder


def whole_outputs(out):
    """The output files of a run that was stopped; every one of them must be whole."""
    files = [p for p in out.rglob("*.dcm") if ".handson-run" not in p.parts]
    for file in files:
        dataset = pydicom.dcmread(file)
        assert len(dataset.PixelData) == 8192
        assert SECRET not in str(dataset.PatientName)
    return files


def killed_run(mode, source, out, wait, extra="", jobs=1):
    """Start a run, kill it after `wait` seconds; True if it was still running."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN.format(mode, extra), source, out, str(jobs)],
        start_new_session=True,
    )
    try:
        run.wait(wait)
        return False
    except subprocess.TimeoutExpired:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        return True


def duration(mode, source, out, extra=""):
    start = time.monotonic()
    killed_run(mode, source, out, 120, extra)
    return time.monotonic() - start


@pytest.mark.parametrize("moments", [4, pytest.param(20, marks=pytest.mark.long)])
def test_killed_at_any_moment_a_pseudonymization_goes_on(many, tmp_path, moments):
    extra = f", store={str(tmp_path / 's')!r}, passphrase='correct horse'"
    whole = duration("pseudonymize", many, tmp_path / "reference", extra)
    reference = {
        p.relative_to(tmp_path / "reference") for p in (tmp_path / "reference").rglob("*.dcm")
    }
    assert len(reference) == 60
    out = tmp_path / "out"
    for _ in range(moments):
        killed_run("pseudonymize", many, out, random.uniform(0.3, 1.0) * whole, extra)
        if (out / "deidentification.json").exists():
            assert {p.relative_to(out) for p in whole_outputs(out)} == reference
            shutil.rmtree(out)
        elif out.exists():
            whole_outputs(out)
    if out.exists():
        assert not killed_run("pseudonymize", many, out, 120, extra)
    else:
        handson.pseudonymize(many, out, store=tmp_path / "s", passphrase="correct horse")
    assert {p.relative_to(out) for p in whole_outputs(out)} == reference
    assert not (out / ".handson-run").exists()


@pytest.mark.parametrize("moments", [2, pytest.param(20, marks=pytest.mark.long)])
def test_killed_at_any_moment_an_anonymization_leaves_whole_files_and_says_so(
    many, tmp_path, moments
):
    whole = duration("anonymize", many, tmp_path / "reference")
    for number in range(moments):
        out = tmp_path / f"out{number}"
        wait = random.uniform(0.5, 0.95) * whole
        if killed_run("anonymize", many, out, wait) and out.exists() and any(out.iterdir()):
            whole_outputs(out)
            unfinished = (out / RUN_FOLDER / "run.json").exists()
            assert unfinished or (out / "deidentification.json").exists()
            said = "a run that was stopped" if unfinished else "is not empty"
            with pytest.raises(DeidentifyError, match=said):
                handson.anonymize(many, out)
            assert handson.audit(out, [SECRET]) == []


def test_workers_end_with_their_parent(many, tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-c", RUN.format("anonymize", ""), many, tmp_path / "out", "2"],
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/*/*/*/*.dcm")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and _group_lives(run.pid):
        time.sleep(0.1)
    assert not _group_lives(run.pid)


def _group_lives(group):
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[2]) == group:
            return True
    return False


def test_two_jobs_write_what_one_writes(many, tmp_path):
    reports = [
        handson.pseudonymize(
            many, tmp_path / f"o{jobs}", store=tmp_path / "s", passphrase="correct horse", jobs=jobs
        )
        for jobs in (1, 2)
    ]
    assert [e.output for e in reports[0].entries] == [e.output for e in reports[1].entries]
    for entry in reports[0].entries:
        assert (tmp_path / "o1" / entry.output).read_bytes() == (
            tmp_path / "o2" / entry.output
        ).read_bytes()
    assert reports[0].to_dict() == reports[1].to_dict()


def test_a_full_disk_is_said_in_one_sentence(many, tmp_path):
    """A child may write no file larger than 5 kB, as on a disk that is full."""
    script = (
        "import resource, signal, sys, handson\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: handson.anonymize(sys.argv[1], sys.argv[2], jobs=int(sys.argv[3]))\n"
        "except handson.HandsonError as error: print(type(error).__name__, error)\n"
    )
    for jobs in "12":
        out = tmp_path / f"out{jobs}"
        done = subprocess.run(
            [sys.executable, "-c", script, many, out, jobs], capture_output=True, text=True
        )
        assert done.stdout.startswith("DeidentifyError")
        assert "cannot be written" in done.stdout
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert whole_outputs(out) == []


def test_a_read_only_output_is_said_in_one_sentence(many, request):
    """In a child that is nobody, since root may write everywhere."""
    folder = Path(tempfile.mkdtemp())
    request.addfinalizer(lambda: shutil.rmtree(folder))
    folder.chmod(0o755)
    shutil.copytree(many, folder / "in")
    (folder / "in").chmod(0o755)
    script = (
        "import os, sys, handson, handson.deidentify.folder\n"
        "os.getuid() or os.setuid(65534)\n"
        "try: handson.anonymize(sys.argv[1], sys.argv[2])\n"
        "except handson.HandsonError as error: print(error.fault)\n"
    )
    locked = folder / "out"  # its folder belongs to root
    done = subprocess.run(
        [sys.executable, "-c", script, folder / "in", locked],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert "cannot be written" in done.stdout, done.stderr[-500:]
    assert "Traceback" not in done.stderr


def one_file(tmp_path, data, name="a.dcm"):
    source = tmp_path / "in"
    source.mkdir(exist_ok=True)
    (source / name).write_bytes(data)
    return source


def element_ends(data):
    """Where an element of an explicit little endian file ends; a zero byte after it is padding."""
    elements = pydicom.dcmread(io.BytesIO(data))
    items = [elements.get_item(tag, keep_deferred=True) for tag in elements.keys()]  # noqa: SIM118
    ends = {item.value_tell + item.length for item in items if item.is_raw}
    return ends | {end + 1 for end in ends if data[end : end + 1] == b"\0"}


def test_every_truncation_is_refused_or_complete(tmp_path):
    """At 60 lengths, never a file without its pixels that is called done."""
    data = Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    source = tmp_path / "in"
    source.mkdir()
    lengths = sorted(random.sample(range(1, len(data) - 200), 60))
    for length in lengths:
        (source / f"{length:06d}.dcm").write_bytes(data[:length])
    report = handson.anonymize(source, tmp_path / "out")
    ends = element_ends(data)
    for entry in report.entries:
        if entry.status == "done":  # cut exactly between two elements: no reader could tell
            assert "PixelData" not in pydicom.dcmread(tmp_path / "out" / entry.output)
            assert int(entry.source.stem) in ends


def test_a_file_cut_in_the_header_behind_an_empty_element_is_refused(tmp_path):
    """pydicom drops seven bytes and less at the end without a word."""
    data = Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    empty = data.index(b"\x18\0\x91\0IS\0\0") + 8  # Echo Train Length
    source = tmp_path / "in"
    source.mkdir()
    for length in range(empty + 1, empty + 8):
        (source / f"{length}.dcm").write_bytes(data[:length])
    report = handson.anonymize(source, tmp_path / "out")
    assert {entry.status for entry in report.entries} == {"refused"}
    assert {entry.reason for entry in report.entries} == {
        "is truncated: it ends in the middle of an element"
    }


def test_values_of_megabytes_are_read_when_they_are_wanted(tmp_path):
    """A large private element goes; a large one that stays is there whole."""
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.add_new(0x00431001, "OB", b"y" * 3_000_000)
    dataset.add_new(0x00660016, "OF", b"z" * 3_000_000)  # Point Coordinates Data
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "a.dcm")
    report = handson.anonymize(tmp_path / "in", tmp_path / "out")
    written = pydicom.dcmread(tmp_path / "out" / report.entries[0].output)
    assert written[0x00660016].value == b"z" * 3_000_000
    assert 0x00431001 not in written


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.long)])
def test_fuzzed_files_never_end_the_run_nor_tell_a_name(tmp_path, count, capfd):
    """Small corpus files with a name in them, broken at random: each is accounted for, none leaks."""
    rng = random.Random()
    templates = [p.read_bytes() for p in corpus() if 300 < p.stat().st_size < 12_000]
    source = tmp_path / "in"
    source.mkdir()
    for number in range(count):
        data = bytearray(rng.choice(templates))
        at = data.find(b"PN") + 6 if b"PN" in data else 0
        for _ in range(rng.choice((1, 1, 2, 5, 30))):
            position = rng.randrange(len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[position] = rng.randrange(256)
            elif kind == 1:
                data[position : position + 4] = struct.pack(
                    "<L", rng.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 65535))
                )
            elif kind == 2:
                del data[position : position + rng.randrange(1, 40)]
            else:
                data[position:position] = rng.randbytes(rng.randrange(1, 40))
        (source / f"{SECRET}{number}-{at}").write_bytes(data)
    report = handson.anonymize(source, tmp_path / "out", pixels_checked=True)
    assert len(report.entries) == count
    assert len([e for e in report.entries if e.status == "done"]) > count / 10
    told = "".join(capfd.readouterr()) + (tmp_path / "out" / "deidentification.json").read_text()
    assert SECRET not in told
    for entry in report.entries:
        assert entry.status in ("done", "refused", "not an image", "directory")
        assert (entry.status == "done") == bool(entry.output)
        assert not entry.output or (tmp_path / "out" / entry.output).is_file()


def test_an_element_of_no_known_type_goes(tmp_path):
    """Its value is a number, but no reader opens the output, and the directory could not be made."""
    data = Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    at = data.index(b"\x20\0\x13\0IS")
    source = one_file(tmp_path, data[: at + 4] + b"I\xe3" + data[at + 6 :])
    (source / "b.dcm").write_bytes(data)
    report = handson.anonymize(source, tmp_path / "out")
    assert report.counts == {"done": 2}
    whole = [pydicom.dcmread(tmp_path / "out" / entry.output) for entry in report.entries]
    assert sorted("InstanceNumber" in dataset for dataset in whole) == [False, True]
    for dataset in whole:
        str(dataset)


def test_what_is_no_image_is_accounted_for_and_not_copied(tmp_path):
    source = one_file(tmp_path, b"", "empty")
    (source / f"{SECRET}.txt").write_text(SECRET)
    (source / "a.json").write_text("{}")
    (source / "link").symlink_to(get_testdata_file("MR_small.dcm", download=False))
    (source / "loop").symlink_to(source)
    (source / "broken").symlink_to(source / "nowhere")
    os.mkfifo(source / "pipe")  # opening it would wait for ever
    report = handson.anonymize(source, tmp_path / "out")
    status = {entry.source.name: entry.status for entry in report.entries}
    assert status == {
        "empty": "not an image",
        f"{SECRET}.txt": "not an image",
        "a.json": "not an image",
        "link": "refused",
        "loop": "refused",
        "broken": "refused",
        "pipe": "refused",
    }
    assert handson.audit(tmp_path / "out", [SECRET]) == []


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    source = one_file(
        tmp_path, Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    )

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("handson.deidentify.worker.read_file", refuse)
    report = handson.anonymize(source, tmp_path / "out")
    assert [e.reason for e in report.refused] == ["cannot be read (Permission denied)"]


def test_one_identifier_twice_with_different_content_is_never_overwritten(tmp_path):
    data = Path(get_testdata_file("MR_small.dcm", download=False))
    source = tmp_path / "in"
    source.mkdir()
    dataset = pydicom.dcmread(data)
    for number in range(3):
        dataset.PixelData = bytes([number]) * 8192
        dataset.save_as(source / f"{number}.dcm")
    report = handson.anonymize(source, tmp_path / "out")
    names = [entry.output for entry in report.entries]
    assert len(set(names)) == 3
    first_bytes = [pydicom.dcmread(tmp_path / "out" / name).PixelData[0] for name in names]
    assert first_bytes == [0, 1, 2]


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("in/out", "lies in the input folder"),
        (".", "lies in the input folder"),
        ("full", "is not empty"),
    ],
)
def test_an_output_that_would_do_harm_is_refused(tmp_path, output, fault):
    source = one_file(tmp_path, b"x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    with pytest.raises(HandsonError, match=fault):
        handson.anonymize(source, tmp_path / output)
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years of work"
    assert sorted(p.name for p in source.iterdir()) == ["a.dcm"]


def test_the_originals_are_untouched(many, tmp_path):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in many.iterdir()}
    handson.anonymize(many, tmp_path / "out")
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in many.iterdir()} == before


def test_a_file_that_ends_inside_a_sequence_is_refused(tmp_path):
    """Undefined lengths, cut at every tenth byte: the reader itself would not say a word."""
    dataset = pydicom.dcmread(get_testdata_file("rtplan.dcm", download=False))
    for element in dataset:
        element.is_undefined_length = element.VR == "SQ"
    whole = tmp_path / "whole.dcm"
    dataset.save_as(whole)
    data = whole.read_bytes()
    start = data.index(b"\x0a\x30\xb0\x00")  # Beam Sequence
    source = tmp_path / "in"
    source.mkdir()
    for length in range(start + 8, data.rindex(b"\xfe\xff\xdd\xe0"), 10):
        if not data[:length].endswith(
            b"\xfe\xff\xdd\xe0\0\0\0\0"
        ):  # the end of Beam Sequence is an end
            (source / f"{length}.dcm").write_bytes(data[:length])
    report = handson.anonymize(source, tmp_path / "out")
    assert len(report.entries) > 20
    assert report.counts == {"refused": len(report.entries)}


def test_a_truncated_deflated_file_is_refused(tmp_path):
    data = Path(get_testdata_file("image_dfl.dcm", download=False)).read_bytes()
    start = 144 + int.from_bytes(data[140:144], "little")
    source = one_file(tmp_path, data[: start + 500])
    report = handson.anonymize(source, tmp_path / "out", pixels_checked=True)
    assert "cannot be inflated" in report.refused[0].reason
