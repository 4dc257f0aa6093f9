"""The look-up store: encrypted, authenticated, safe for two, and silent to whoever has no passphrase."""

import os
import sqlite3
import subprocess
import sys
import threading

import pydicom
import pytest
from pydicom.data import get_testdata_file

import handson
from handson.deidentify import Store, erase, reidentify
from handson.errors import DeidentifyError

PHRASE = "correct horse"


@pytest.fixture
def study(tmp_path):
    """Two patients with one Patient ID and two issuers, and one without an ID."""
    source = tmp_path / "study"
    source.mkdir()
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    people = [("A17", "ward 1"), ("A17", "ward 2"), ("A17", "ward 1"), ("", "")]
    for number, (patient, issuer) in enumerate(people):
        dataset.PatientID, dataset.IssuerOfPatientID = patient, issuer
        dataset.PatientName = f"Zyxwabel{number}^Quentin"
        dataset.SOPInstanceUID = f"1.2.3.4.{number}"
        dataset.StudyInstanceUID = f"1.2.3.5.{number}"
        dataset.StudyDate, dataset.SeriesDate = f"2020031{number}", f"2020031{number + 3}"
        dataset.save_as(source / f"{number}.dcm")
    return source


def outputs(folder, report):
    return [pydicom.dcmread(folder / entry.output) for entry in report.entries]


@pytest.fixture
def done(study, tmp_path):
    report = handson.pseudonymize(
        study, tmp_path / "out", store=tmp_path / "s.store", passphrase=PHRASE
    )
    return outputs(tmp_path / "out", report), tmp_path / "s.store"


def test_patients_stay_together_and_apart(done):
    headers, path = done
    tokens = [header.PatientID for header in headers]
    assert tokens[0] == tokens[2]
    assert len(set(tokens)) == 3
    with Store(path, PHRASE) as store:
        assert len(store) == 3


def test_the_same_store_gives_the_same_tokens_in_another_run(done, study, tmp_path):
    headers, path = done
    report = handson.pseudonymize(study, tmp_path / "again", store=path, passphrase=PHRASE)
    again = outputs(tmp_path / "again", report)
    assert [h.PatientID for h in again] == [h.PatientID for h in headers]
    assert [h.SOPInstanceUID for h in again] == [h.SOPInstanceUID for h in headers]


def test_anonymize_gives_others_each_time(study, tmp_path):
    runs = []
    for name in ("a", "b"):
        report = handson.anonymize(study, tmp_path / name)
        runs.append({header.PatientID for header in outputs(tmp_path / name, report)})
    assert runs[0].isdisjoint(runs[1])


def test_dates_move_by_one_interval_per_patient(done):
    headers, _ = done
    from datetime import datetime

    def day(text):
        return datetime.strptime(text, "%Y%m%d")

    moved = [day(h.StudyDate) - day(f"2020031{n}") for n, h in enumerate(headers)]
    assert moved[0] == moved[2]
    # Of some 3300 intervals two patients draw the same one in a thousand runs; three never do.
    assert len({moved[0], moved[1], moved[3]}) > 1
    assert all(-3651 <= m.days <= -365 for m in moved)
    for header in headers:
        assert (day(header.SeriesDate) - day(header.StudyDate)).days == 3
        assert header.LongitudinalTemporalInformationModified == "MODIFIED"


def test_reidentification_finds_the_patient_and_is_written_down(done):
    headers, path = done
    found = reidentify(path, headers[1].PatientID, passphrase=PHRASE, who="a tester")
    assert found["PatientID"] == "A17"
    assert found["IssuerOfPatientID"] == "ward 2"
    assert found["PatientName"] == "Zyxwabel1^Quentin"
    with pytest.raises(DeidentifyError, match="no such token"):
        reidentify(path, "PUNKNOWN", passphrase=PHRASE)
    with Store(path, PHRASE) as store:
        trail = store.audit_trail()
    assert (trail[0]["who"], trail[0]["token"]) == ("a tester", headers[1].PatientID)
    assert trail[1]["token"] == "PUNKNOWN"
    assert abs(trail[0]["when"] - os.stat(path).st_mtime) < 3600


def test_nothing_readable_is_in_the_file_and_only_its_owner_can_read_it(done):
    headers, path = done
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert handson.audit(path, ["Zyxwabel1", "Quentin", "A17", "ward 1", PHRASE]) == []
    reidentify(path, headers[0].PatientID, passphrase=PHRASE, who="Mallory Zyxw")
    assert handson.audit(path, ["Mallory"]) == []


def test_a_wrong_passphrase_opens_nothing(done):
    headers, path = done
    with pytest.raises(DeidentifyError, match="does not open with this passphrase"):
        reidentify(path, headers[0].PatientID, passphrase="wrong")
    with pytest.raises(DeidentifyError, match="needs a passphrase"):
        reidentify(path, headers[0].PatientID, passphrase="")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mapping SET sealed = substr(sealed, 1, length(sealed) - 1) || x'00'",
        # two rows change places
        "UPDATE mapping SET sealed = (SELECT sealed FROM mapping AS other WHERE other.token != mapping.token)",
        "UPDATE mapping SET sealed = 7",
    ],
)
def test_a_changed_row_is_noticed(done, statement):
    headers, path = done
    with sqlite3.connect(path) as db:
        db.execute(statement)
    with Store(path, PHRASE) as store, pytest.raises(DeidentifyError, match=r"tampered|damaged"):
        [store.reidentify(header.PatientID) for header in headers]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE number = 2",
        "DELETE FROM audit WHERE number = 1",
        "UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE number = 2) WHERE number = 1",
    ],
)
def test_a_changed_audit_table_is_noticed(done, statement):
    headers, path = done
    for header in headers[:2]:
        reidentify(path, header.PatientID, passphrase=PHRASE)
    with sqlite3.connect(path) as db:
        db.execute(statement)
    with Store(path, PHRASE) as store, pytest.raises(DeidentifyError, match="tampered"):
        store.audit_trail()


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + b"\7" * 500]
)
def test_a_file_that_is_no_store(content, tmp_path, study):
    path = tmp_path / "x.store"
    path.write_bytes(content)
    if content:
        with pytest.raises(DeidentifyError, match="damaged or not a look-up store"):
            Store(path, PHRASE)
        assert path.read_bytes() == content
    else:  # an empty file is a store that was not begun
        Store(path, PHRASE).close()


def test_a_locked_store_is_waited_for_and_then_named(done, monkeypatch):
    headers, path = done
    monkeypatch.setattr("handson.deidentify.store._WAIT_SECONDS", 0.2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DeidentifyError, match="locked by another program"):
        reidentify(path, headers[0].PatientID, passphrase=PHRASE)
    holder.execute("ROLLBACK")
    assert reidentify(path, headers[0].PatientID, passphrase=PHRASE)


def test_the_store_may_not_lie_in_the_output(study, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "link").symlink_to(out)
    for path in (out / "s.store", out / "deep" / "s.store", tmp_path / "link" / "s.store"):
        with pytest.raises(DeidentifyError, match="lies in the output folder"):
            handson.pseudonymize(study, out, store=path, passphrase=PHRASE)
    assert not out.exists()


def test_two_processes_at_once_make_one_store(study, tmp_path):
    script = "import sys, handson; handson.pseudonymize(sys.argv[1], sys.argv[2], store=sys.argv[3], passphrase='correct horse')"
    runs = [
        subprocess.Popen([sys.executable, "-c", script, study, tmp_path / f"o{n}", tmp_path / "s"])
        for n in range(2)
    ]
    assert [run.wait() for run in runs] == [0, 0]
    names = [
        sorted(str(p.relative_to(tmp_path / f"o{n}")) for p in (tmp_path / f"o{n}").rglob("*.dcm"))
        for n in range(2)
    ]
    assert names[0] == names[1]
    with Store(tmp_path / "s", PHRASE) as store:
        assert len(store) == 3


def test_threads_that_remember_at_once_lose_nothing(tmp_path):
    Store(tmp_path / "s", PHRASE).close()

    def add(start):
        with Store(tmp_path / "s", PHRASE) as store:
            for number in range(start, start + 10):
                store.remember(f"T{number}", {"PatientID": str(number)})

    threads = [threading.Thread(target=add, args=(10 * n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store(tmp_path / "s", PHRASE) as store:
        assert len(store) == 30
        assert store.reidentify("T29")["PatientID"] == "29"


def test_a_patient_that_was_taken_out_is_noticed(done):
    headers, path = done
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM mapping WHERE token = ?", (headers[0].PatientID,))
    with pytest.raises(DeidentifyError, match="tampered"):
        reidentify(path, headers[1].PatientID, passphrase=PHRASE)


def test_the_last_entry_of_the_trail_cannot_be_taken_out(done):
    headers, path = done
    for _ in range(2):
        reidentify(path, headers[0].PatientID, passphrase=PHRASE)
    with sqlite3.connect(
        path
    ) as db:  # the entry before was the end once, and its link is there to read
        db.execute(
            "UPDATE meta SET value = (SELECT chain FROM audit WHERE number = 1) WHERE name = 'head'"
        )
        db.execute("DELETE FROM audit WHERE number = 2")
    with Store(path, PHRASE) as store, pytest.raises(DeidentifyError, match="tampered"):
        store.audit_trail()


def test_an_old_copy_is_noticed_with_a_witness(done, tmp_path):
    headers, path = done
    witness = tmp_path / "elsewhere.json"
    with Store(path, PHRASE, witness=witness) as store:
        store.reidentify(headers[0].PatientID)
    old = path.read_bytes()
    with Store(path, PHRASE, witness=witness) as store:
        store.reidentify(headers[1].PatientID)
    path.write_bytes(old)
    with pytest.raises(DeidentifyError, match="older than its witness"):
        Store(path, PHRASE, witness=witness)


def test_rights_of_others_are_taken_away_and_a_stranger_s_store_is_refused(
    done, monkeypatch, tmp_path
):
    _, path = done
    path.chmod(0o644)
    Store(path, PHRASE).close()
    assert oct(path.stat().st_mode)[-3:] == "600"
    monkeypatch.setattr("os.getuid", lambda: 4711)
    with pytest.raises(DeidentifyError, match="belongs to another user"):
        Store(path, PHRASE)
    monkeypatch.undo()
    with pytest.raises(DeidentifyError, match="is a folder"):
        Store(tmp_path, PHRASE)


@pytest.mark.parametrize("phrase", ["", "x", " ", "  ", " y ", None])
def test_a_passphrase_that_is_none_is_refused(phrase, tmp_path):
    with pytest.raises(DeidentifyError, match="passphrase"):
        Store(tmp_path / "s", phrase)
    assert not (tmp_path / "s").exists()


def test_composed_and_decomposed_accents_are_one_passphrase(tmp_path):
    Store(tmp_path / "s", "Z\u00fcrich gold").close()
    Store(tmp_path / "s", "Zu\u0308rich gold").close()


def test_who_asked_is_the_system_s_user_whatever_variables_say(done, monkeypatch):
    headers, path = done
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    reidentify(path, headers[0].PatientID, passphrase=PHRASE)
    with Store(path, PHRASE) as store:
        entry = store.audit_trail()[-1]
    assert "mallory" not in (entry["who"], entry["user"])


def test_a_patient_is_erased_and_that_is_written_down(done):
    headers, path = done
    token = headers[0].PatientID
    erase(path, token, passphrase=PHRASE)
    with pytest.raises(DeidentifyError, match="no such token"):
        reidentify(path, token, passphrase=PHRASE)
    assert token.encode() not in path.read_bytes()
    assert reidentify(path, headers[1].PatientID, passphrase=PHRASE)
    with Store(path, PHRASE) as store:
        assert [entry["what"] for entry in store.audit_trail()] == ["erased", "asked", "asked"]


def test_the_passphrase_changes_and_the_tokens_do_not(done):
    headers, path = done
    with Store(path, PHRASE) as store:
        store.change_passphrase("another one")
    with pytest.raises(DeidentifyError, match="does not open"):
        Store(path, PHRASE)
    assert reidentify(path, headers[0].PatientID, passphrase="another one")
