"""A record of exercises: only if wanted, nothing personal, and it sums up a class."""

import json

import pytest

import handson
from handson.__main__ import main
from handson.lessons import check, progress
from handson.lessons.checks import lesson
from handson.lessons.records import FILE, read_export


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer_some():
    exercise = lesson("03").EXERCISES["03-1"]
    check("03-1")
    check("03-1", exercise.mistakes[0].answer())
    check("03-1", -1)
    check("03-1", exercise.answer())


def test_nothing_is_kept_unless_it_is_wanted(here):
    answer_some()
    assert list(here.iterdir()) == []
    assert "Nothing answered yet" in repr(progress())


def test_what_is_kept_is_shown_exported_and_deleted(here):
    progress(True)
    answer_some()
    mine = progress()
    assert mine.tried == {"03-1": 3}
    assert mine.solved == {"03-1"}
    assert mine.mistakes == {("03-1", "a folder is a series"): 1}
    assert "solved" in mine._repr_html_()
    again = read_export(mine.export("me.json", name="Anna"))
    assert (again.tried, again.solved, again.mistakes) == (mine.tried, mine.solved, mine.mistakes)
    assert again.name == "Anna"
    with pytest.raises(handson.HandsonError, match="exists already"):
        mine.export("me.json")
    progress(False)
    assert not (here / FILE).exists()


def test_no_answer_and_no_name_is_written(here):
    progress(True)
    check("03-1", "my secret answer 47113")
    kept = [json.loads(line) for line in (here / FILE).read_text().splitlines()]
    assert [set(line) for line in kept] == [{"id", "kind", "mistake", "time"}]
    assert "47113" not in (here / FILE).read_text()
    exported = json.loads(progress().export("me.json").read_text())
    assert set(exported) == {"format", "name", "tried", "solved", "mistakes"}
    assert exported["name"] == ""


def test_a_line_cut_short_spoils_nothing(here):
    progress(True)
    answer_some()
    whole = (here / FILE).read_text()
    (here / FILE).write_text(whole + whole[:17] + '\n[1]\n{"id": 3, "kind": "correct"}\n')
    assert progress().tried == {"03-1": 3}


def test_a_solution_is_not_an_answer_of_the_learners(here, monkeypatch):
    progress(True)
    monkeypatch.setattr("handson.lessons.checks._in_a_solution", lambda: True)
    check("03-1", lesson("03").EXERCISES["03-1"].answer())
    assert progress().tried == {}


def test_a_class_is_summed_up_and_a_strange_file_named(here, capsys):
    progress(True)
    answer_some()
    (here / "class").mkdir()
    for n in range(3):
        progress().export(here / "class" / f"{n}.json")
    (here / "class" / "photo.json").write_text("{}")
    assert main(["progress", "class"]) == 1
    told = capsys.readouterr()
    assert "3 learners" in told.out
    assert "03-1: solved by 3 of 3 who tried" in told.out
    assert "3 met: a folder is a series" in told.out
    assert "photo.json: is not a progress file" in told.err


def test_a_folder_without_exports_is_refused(here, capsys):
    assert main(["progress", str(here)]) == 1
    assert "no exported progress" in capsys.readouterr().err
