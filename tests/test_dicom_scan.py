"""`scan` finds every series in any folder, says why a file is none, and survives what folders hold."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import bundled, picture, save, stack, values, write
from numpy.testing import assert_array_equal
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from handson import read_series, read_slice, scan
from handson.__main__ import main
from handson.dicom import read_dicomdir
from handson.dicom import series as series_module
from handson.errors import ReadError, SeriesError

DISC = Path(
    bundled("dicomdirtests/DICOMDIR") or pydicom.data.get_testdata_file("DICOMDIR", download=False)
).parent


def strays(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README").write_text("These are images.")
    (folder / "Thumbs.db").write_bytes(os.urandom(300))
    (folder / "preview.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(200))
    (folder / "notes.dcm").write_text("DICM, this is not")
    shutil.copy(DISC / "DICOMDIR", folder / "index.000")
    shutil.copy(bundled("reportsi.dcm"), folder / "report")


def test_series_are_found_among_strays_at_any_depth_and_under_any_name(tmp_path):
    data = values()
    datasets = stack(
        data, SeriesDescription="tête", SpecificCharacterSet="ISO_IR 100", SeriesNumber=4
    )
    for k, dataset in enumerate(datasets):
        save(dataset, tmp_path / ("größe" if k % 2 else "a/b/c") / f"脳 {k}.txt")
    strays(tmp_path / "a")
    write(stack(values(seed=1), SeriesNumber=2), tmp_path / "b")
    table = scan(tmp_path)
    assert [info.number for info in table] == [2, 4]
    assert table[1].description == "tête"
    assert table[1].shape == (9, 7, 5)
    assert table[1].spacing == pytest.approx((0.5, 0.8, 2.5))
    assert len(table[1].files) == 5
    assert_array_equal(read_series(table[1]).data, data.T)
    reasons = {s.path.name: s.reason for s in table.skipped}
    assert set(reasons) == {
        "README",
        "Thumbs.db",
        "preview.jpg",
        "notes.dcm",
        "index.000",
        "report",
    }
    assert "DICOMDIR" in reasons["index.000"]
    assert "Basic Text SR" in reasons["report"]
    assert not any(s.damaged for s in table.skipped)


def test_the_table_can_be_read_by_people_and_by_code(tmp_path):
    write(stack(values(), SeriesDescription="<b>T1 & co</b>"), tmp_path)
    strays(tmp_path)
    table = scan(tmp_path)
    assert table[table[0].id] is table[0]
    with pytest.raises(KeyError):
        table["1.2.3"]
    assert "9 x 7 x 5" in repr(table)
    page = table._repr_html_()
    assert "&lt;b&gt;T1 &amp; co" in page
    assert "6 other files" in page


def test_a_description_behind_escapes_is_read_in_its_script(tmp_path):
    """ISO 2022 writes every script in bytes that look like ASCII."""
    sets = ["", "ISO 2022 IR 87"]
    save(picture(values()[0], SeriesDescription="山田", SpecificCharacterSet=sets), tmp_path / "a")
    assert b"\x1b$B" in (tmp_path / "a").read_bytes()
    assert scan(tmp_path)[0].description == "山田"


def test_every_file_is_opened_once(tmp_path, monkeypatch):
    write(stack(values()), tmp_path)
    opened = []
    real = series_module.read_header
    monkeypatch.setattr(
        series_module, "read_header", lambda path: opened.append(path) or real(path)
    )
    info = scan(tmp_path)[0]
    read_series(info)
    assert sorted(opened) == sorted(info.files)


def test_reading_stops_before_long_private_groups(tmp_path):
    dataset = picture(values()[0])
    for n in range(200):
        block = dataset.private_block(0x0055 + 2 * n, "LONG", create=True)
        block.add_new(1, "OB", bytes(2000))
    path = save(dataset, tmp_path / "x")
    from handson.dicom.header import read_header

    assert read_header(path).location.rest < 2000
    assert_array_equal(read_slice(path).pixels, values()[0])


def test_links_that_go_round_in_circles_are_followed_once(tmp_path):
    write(stack(values()), tmp_path / "a")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "twin").symlink_to(next(p for p in (tmp_path / "a").iterdir() if p.is_file()))
    table = scan(tmp_path)
    assert [info.problems for info in table] == [()]
    assert {s.path.name for s in table.skipped if s.damaged} == {"self", "gone"}


def test_pipes_sockets_and_devices_are_listed_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    write(stack(values()), tmp_path / "a")
    os.mkfifo("pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket")
    Path("null").symlink_to("/dev/null")
    Path("zero").symlink_to("/dev/zero")
    table = scan(tmp_path)
    server.close()
    assert {s.path.name for s in table.skipped} == {"pipe", "socket", "null", "zero"}
    assert len(table) == 1
    for name in ("pipe", "zero"):
        with pytest.raises(ReadError, match="device, pipe or socket"):
            read_slice(name)


def test_without_permission_the_file_is_named(tmp_path):
    """In a child that is nobody, since root may read everything."""
    write(stack(values()), tmp_path / "in")
    secret, closed = tmp_path / "in" / "secret.dcm", tmp_path / "in" / "closed"
    save(picture(values()[0]), secret)
    closed.mkdir()
    os.chmod(secret, 0)
    os.chmod(closed, 0)
    for folder in (tmp_path, tmp_path / "in", *tmp_path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_uid == os.getuid():
            os.chmod(folder, 0o755)
    code = textwrap.dedent(
        """
        import os, sys
        import handson, handson.dicom
        from handson import HandsonError
        if os.getuid() == 0:
            os.setgid(65534); os.setuid(65534)
        folder = sys.argv[1]
        table = handson.scan(folder)
        print(len(table), sorted((s.path.name, s.damaged) for s in table.skipped))
        for read in (handson.read_slice, handson.read_series):
            try:
                read(folder + "/secret.dcm" if read is handson.read_slice else folder)
            except HandsonError as error:
                print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, tmp_path / "in"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "1 [('closed', True), ('secret.dcm', True)]"
    assert "secret.dcm: cannot be read (Permission denied)" in lines[1]
    assert "Permission denied" in lines[2]
    os.chmod(closed, 0o755)


def test_empty_missing_and_wrong_folders_have_an_error_each(tmp_path):
    with pytest.raises(ReadError, match="holds no files"):
        scan(tmp_path)
    for read in (scan, read_series, read_slice):
        with pytest.raises(ReadError, match="No such file"):
            read(tmp_path / "nowhere")
    with pytest.raises(ReadError, match="is a folder"):
        read_slice(tmp_path)
    strays(tmp_path)
    assert len(scan(tmp_path)) == 0
    with pytest.raises(SeriesError, match="no DICOM image"):
        read_series(tmp_path)
    with pytest.raises(SeriesError, match="empty"):
        read_series([])


def test_a_folder_that_goes_away_while_it_is_read_is_an_error(tmp_path):
    folder = tmp_path / "in"
    write(stack(values()), folder)
    info = scan(folder)[0]
    shutil.rmtree(folder)
    with pytest.raises(ReadError, match="No such file"):
        read_series(info)


def test_a_file_that_shrinks_between_scan_and_reading_is_an_error(tmp_path):
    paths = write(stack(values()), tmp_path)
    info = scan(tmp_path)[0]
    os.truncate(paths[2], paths[2].stat().st_size - 50)
    with pytest.raises(ReadError, match=paths[2].name):
        read_series(info)


def test_a_damaged_slice_at_the_end_never_makes_the_volume_shorter(tmp_path):
    paths = write(stack(values()), tmp_path)
    whole = paths[-1].read_bytes()
    for kept in (0, 200, len(whole) // 2, len(whole) - 3):
        paths[-1].write_bytes(whole[:kept])
        with pytest.raises(ReadError) as caught:
            read_series(tmp_path)
        assert caught.value.path == paths[-1]
        if kept < len(whole) - 3:
            (skipped,) = scan(tmp_path).skipped
            assert skipped.damaged


def test_a_file_cut_anywhere_is_an_error_that_names_it(tmp_path):
    whole = save(stack(values())[0], tmp_path / "whole").read_bytes()
    path = tmp_path / "cut.dcm"
    for kept in [*range(0, 400, 7), *range(400, len(whole) - 1, 3)]:
        path.write_bytes(whole[:kept])
        with pytest.raises(ReadError) as caught:
            read_slice(path)
        assert caught.value.path == path


@pytest.mark.parametrize("syntax", ["native", "RLE"])
def test_claims_of_huge_pictures_are_refused_before_memory_is_taken(tmp_path, syntax):
    import tracemalloc

    dataset = picture(np.zeros((8, 8), np.uint16), NumberOfFrames=1)
    if syntax == "RLE":
        dataset.compress(pydicom.uid.RLELossless)
    dataset.Rows = dataset.Columns = 65535
    dataset.NumberOfFrames = 900_000
    path = save(dataset, tmp_path / "x")
    tracemalloc.start()
    for read in (read_slice, read_series):
        with pytest.raises(ReadError, match="claims"):
            read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400e6


def test_a_deflated_bomb_is_refused(tmp_path, monkeypatch):
    from handson import deflated

    monkeypatch.setattr(deflated, "FREE", 1 << 20)
    path = save(picture(np.zeros((8, 8), np.uint8), DeflatedExplicitVRLittleEndian), tmp_path / "x")
    whole = path.read_bytes()
    start = 144 + int.from_bytes(whole[140:144], "little")
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = zlib.decompress(whole[start:], -15) + bytes(50 << 20)
    path.write_bytes(whole[:start] + deflate.compress(body) + deflate.flush())
    with pytest.raises(ReadError, match=r"x: inflates to more"):
        read_slice(path)


def test_many_files_are_scanned_in_a_time_that_grows_with_their_number(tmp_path):
    uid = generate_uid()
    (dataset,) = stack(values((1, 2, 2)), SeriesInstanceUID=uid)
    first = save(dataset, tmp_path / "seed").read_bytes()
    for k in range(1500):
        (tmp_path / f"{k}.txt").write_bytes(first if k == 0 else b"no image")
    (tmp_path / "seed").unlink()
    table = scan(tmp_path)
    assert (len(table), len(table.skipped)) == (1, 1499)


def test_a_dicomdir_is_an_index_of_patients_studies_series_and_files():
    index = read_dicomdir(DISC / "DICOMDIR")
    kinds = [entry.record_type for entry in index.walk()]
    assert [kinds.count(k) for k in ("PATIENT", "STUDY", "SERIES", "IMAGE")] == [2, 6, 13, 31]
    assert [p.label for p in index.children] == ["77654033", "98890234"]
    assert all(path.is_file() for path in index.files)
    assert "SERIES CT 2" in str(index)
    assert {p for info in scan(DISC / "DICOMDIR") for p in info.files} == set(index.files)


@pytest.mark.parametrize("name", ["DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-reordered"])
def test_a_dicomdir_is_the_same_however_it_is_written(name):
    plain = read_dicomdir(DISC / "DICOMDIR")
    assert sorted(read_dicomdir(DISC / name).files) == sorted(plain.files)


def test_files_that_a_dicomdir_names_and_that_are_missing_are_told(tmp_path):
    shutil.copytree(DISC, tmp_path / "disc")
    index = tmp_path / "disc" / "DICOMDIR"
    lost = read_dicomdir(index).files[5]
    lost.unlink()
    (missing,) = [entry for entry in read_dicomdir(index).walk() if entry.missing]
    assert missing.path == lost
    (skipped,) = [s for s in scan(index).skipped if s.damaged]
    assert (skipped.path, "missing" in skipped.reason) == (lost, True)


def test_a_dicomdir_whose_case_was_changed_by_copying_is_followed(tmp_path):
    for path in DISC.rglob("*"):
        if path.is_file() and not path.name.startswith("DICOMDIR-"):
            new = tmp_path / str(path.relative_to(DISC)).lower()
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, new)
    assert not any(entry.missing for entry in read_dicomdir(tmp_path / "dicomdir").walk())


def test_a_dicomdir_cannot_lead_out_of_its_folder(tmp_path):
    dataset = pydicom.dcmread(DISC / "DICOMDIR")
    for record in dataset.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            record.ReferencedFileID = ["..", "..", "etc", "passwd"]
    dataset.save_as(tmp_path / "DICOMDIR")
    try:
        entries = list(read_dicomdir(tmp_path / "DICOMDIR").walk())
    except ReadError:
        return  # the offsets moved with the longer names
    assert all(entry.missing for entry in entries if entry.path)


def test_a_dicomdir_that_loops_or_leads_nowhere_is_refused(tmp_path):
    with pytest.raises(ReadError, match="nothing leads to"):
        read_dicomdir(DISC / "DICOMDIR-nopatient")
    dataset = pydicom.dcmread(DISC / "DICOMDIR")
    first = dataset.DirectoryRecordSequence[0]
    first.OffsetOfTheNextDirectoryRecord = first.seq_item_tell
    dataset.save_as(tmp_path / "loop")
    with pytest.raises(ReadError, match="do not link up"):
        read_dicomdir(tmp_path / "loop")
    with pytest.raises(ReadError, match="not a DICOMDIR"):
        read_dicomdir(bundled("CT_small.dcm"))


def test_the_command_prints_the_table_and_the_other_files(tmp_path, capsys):
    write(stack(values(), SeriesDescription="T1"), tmp_path)
    strays(tmp_path)
    assert main(["scan", str(tmp_path), "--others"]) == 0
    printed = capsys.readouterr().out
    assert "9 x 7 x 5" in printed
    assert "README: is not a DICOM file" in printed
    assert main(["scan", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("uid", ["1.2.3.4", ""])
@pytest.mark.parametrize("element", ["PatientID", "StudyInstanceUID"])
def test_two_patients_that_share_a_series_uid_are_never_one_volume(tmp_path, uid, element):
    """A copied UID, or none: their slices would interleave without a gap."""
    first, second = values(seed=1), values(seed=2)
    for n, (data, start) in enumerate(((first, 7.0), (second, 8.25))):
        series = stack(data, origin=(-30.5, 12.25, start), SeriesInstanceUID="1.2.3.4")
        for dataset in series:
            dataset.SeriesInstanceUID = uid
            setattr(dataset, element, f"1.2.{n}")
        write(series, tmp_path / str(n))
    table = scan(tmp_path)
    assert [info.shape for info in table] == [(9, 7, 5), (9, 7, 5)]
    assert len({info.id for info in table}) == 2
    assert [info.split for info in table] == ["patient or study 1", "patient or study 2"]
    with pytest.raises(SeriesError, match="patient or study 1"):
        read_series(tmp_path)
    assert (read_series(table[1]).data == second.transpose(2, 1, 0)).all()


def test_tiles_of_a_whole_slide_image_are_not_stacked(tmp_path):
    tiles = picture(
        np.zeros((4, 8, 8), np.uint8),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.6",
        NumberOfFrames=4,
    )
    path = save(tiles, tmp_path / "slide.dcm")
    assert "whole-slide" in scan(tmp_path).skipped[0].reason
    assert read_slice(path, frame=2).pixels.shape == (8, 8)


def test_a_storage_class_that_cannot_be_read_is_one_clear_reason(tmp_path):
    content = bytearray(Path(bundled("SC_rgb_small_odd.dcm")).read_bytes())
    at = content.index(b"\x08\0\x16\0UI")
    content[at + 5], content[at + 29] = 1, 0xFF
    (tmp_path / "a.dcm").write_bytes(content)
    (skipped,) = scan(tmp_path).skipped
    assert skipped.damaged
    assert "Unknown Value Representation" in skipped.reason


def test_a_link_to_where_nobody_may_go_is_listed(tmp_path, monkeypatch):
    save(picture(np.zeros((4, 4), np.uint8)), tmp_path / "a")
    (tmp_path / "closed").symlink_to(tmp_path / "elsewhere")
    is_dir = Path.is_dir

    def closed(path):
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", closed)
    table = scan(tmp_path)
    assert len(table) == 1
    assert [(s.path.name, s.reason) for s in table.skipped] == [
        ("closed", "cannot be reached (Permission denied)")
    ]


def test_the_quick_walk_finds_what_pydicoms_reader_finds(monkeypatch):
    """Every file of pydicom and nibabel: the same elements, and the pixels at the same place."""
    import nibabel

    from handson.dicom import header as room
    from handson.errors import ReadError

    folders = (Path(pydicom.__file__).parent / "data", Path(nibabel.__file__).parent / "nicom")
    walked = 0
    for path in sorted(p for f in folders for p in f.rglob("*") if p.is_file()):
        try:
            quick = room.read_header(path)
        except ReadError:
            continue
        with monkeypatch.context() as patch:
            patch.setattr(room, "_walked", lambda *_: None)
            slow = room.read_header(path)
        if quick.location.pixels is None:
            continue
        walked += 1
        assert quick.location.syntax == slow.location.syntax
        assert room.pixel_element(quick.location) == room.pixel_element(slow.location), path
        for tag, element in slow.dataset._dict.items():
            assert quick.dataset._dict[tag] == element, (path, tag)
    assert walked > 40
