"""`handson deidentify` as a user types it."""

import json
import os
import pty
import subprocess
import sys

import pydicom
import pytest
from pydicom.data import get_testdata_file

from handson.commands import deidentify as command

SECRET = "Zyxwabel"


def run(*arguments):
    """(exit status, printed) of the command, in this process: one parser, one call."""
    import argparse

    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(dest="command"))
    parsed = parser.parse_args(["deidentify", *map(str, arguments)])
    return parsed.run(parsed)


@pytest.fixture
def study(tmp_path):
    source = tmp_path / "study" / SECRET
    source.mkdir(parents=True)
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.PatientName = f"{SECRET}^Quentin"
    dataset.save_as(source / "a.dcm")
    return tmp_path / "study"


def test_exit_status_and_what_is_printed(study, tmp_path, capsys):
    assert run(study, tmp_path / "out") == 0
    ultrasound = pydicom.dcmread(get_testdata_file("examples_palette.dcm", download=False))
    ultrasound.save_as(study / SECRET / "b.dcm")
    assert run(study, tmp_path / "two") == 3
    assert run(study, tmp_path / "three", "--pixels-checked", "--jobs", 2) == 0
    assert run(study, tmp_path / "four", "--aside", tmp_path / "aside") == 0
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err
    assert "Refused: 1 input" in printed.err
    number = next(
        e["number"]
        for e in json.loads((tmp_path / "two" / "deidentification.json").read_text())["inputs"]
        if e["status"] == "refused"
    )
    assert run(study, "--which", number) == 0
    assert capsys.readouterr().out.strip() == str(study / SECRET / "b.dcm")


def test_a_dry_run_writes_nothing(study, tmp_path, capsys):
    before = sorted(tmp_path.rglob("*"))
    assert run(study, tmp_path / "out", "--dry-run") == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert "1 done" in capsys.readouterr().out


def test_a_dry_run_says_why_an_input_would_be_refused(study, tmp_path, capsys):
    (study / SECRET / "b.dcm").write_bytes(b"\0" * 128 + b"DICM and no more")
    assert run(study, tmp_path / "out", "--dry-run") == command.SOME_REFUSED
    said = capsys.readouterr().err
    assert "Would be refused: 1 input." in said
    assert "1 input (number 1): " in said
    assert "report" not in said
    assert SECRET not in said


def test_pseudonymize_and_find_again(study, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda prompt: "correct horse")
    store = tmp_path / "private" / "s.store"
    assert run(study, tmp_path / "out", "--pseudonymize", "--store", store) == 0
    token = pydicom.dcmread(next((tmp_path / "out").rglob("*.dcm"))).PatientID
    capsys.readouterr()
    assert run(store, "--reidentify", token) == 0
    assert f"PatientName: {SECRET}^Quentin" in capsys.readouterr().out


def test_options_reach_the_header(study, tmp_path):
    options = ("retain-device", "clean-descriptors")
    assert run(study, tmp_path / "out", "--profile-options", *options) == 0
    header = pydicom.dcmread(next((tmp_path / "out").rglob("*.dcm")))
    codes = [item.CodeValue for item in header.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113105", "113109"]


def test_the_whole_program_says_errors_in_one_line(study, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "handson", "deidentify", study, study / "out"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "lies in the input folder" in done.stderr


def test_the_passphrase_is_asked_for_on_the_terminal_and_not_echoed(study, tmp_path):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(
            sys.executable,
            [sys.executable, "-m", "handson", "deidentify", str(study), str(tmp_path / "out"), "--pseudonymize",
             "--store", str(tmp_path / "s.store")],
        )  # fmt: skip
    seen = b""
    for question in (b"look-up store: ", b"Once more: "):
        while not seen.endswith(question):
            seen += os.read(terminal, 1)
        os.write(terminal, b"correct horse\n")
    try:
        while chunk := os.read(terminal, 4096):
            seen += chunk
    except OSError:  # the terminal's end
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
    assert b"correct horse" not in seen
    assert b"1 done" in seen
