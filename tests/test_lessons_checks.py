"""The checks: right is called right, every known mistake by its name, and nothing a learner types raises."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import nbformat
import numpy as np
import pydicom
import pytest
import yaml
from shipped import NOTEBOOKS, REPOSITORY

from handson.lessons.checks import check, check_all, judge, same

LESSONS = sorted(p.stem[-2:] for p in (REPOSITORY / "handson/lessons").glob("lesson_*.py"))
MODULES = {n: importlib.import_module(f"handson.lessons.lesson_{n}") for n in LESSONS}


def remembered(exercise):
    """The same exercise, its answers computed once: the tests judge many and change no data."""
    mistakes = tuple(replace(m, answer=cache(m.answer)) for m in exercise.mistakes)
    return replace(exercise, answer=cache(exercise.answer), mistakes=mistakes)


for module in MODULES.values():
    module.EXERCISES.update({key: remembered(e) for key, e in module.EXERCISES.items()})
EXERCISES = {key: e for module in MODULES.values() for key, e in module.EXERCISES.items()}
MISTAKES = [
    pytest.param(key, number, id=f"{key} {mistake.name}")
    for key, exercise in EXERCISES.items()
    for number, mistake in enumerate(exercise.mistakes)
]
TABLE = yaml.safe_load((REPOSITORY / "tests/misconceptions.yaml").read_text(encoding="utf-8"))
ROWS = [
    pytest.param(lesson, row, id=f"{row['check']} {row['misconception']}")
    for lesson, rows in TABLE.items()
    for row in rows
    if "check" in row
]
ASKED = [
    pytest.param(lesson, row, id=f"quiz {lesson} {row['misconception']}")
    for lesson, rows in TABLE.items()
    for row in rows
    if "quiz" in row
]


def as_answered(accepted, mistake):
    """A whole answer with this mistake in it: parts that the mistake leaves open are right."""
    if isinstance(mistake, Mapping):
        return {key: accepted[key] if v is ... else v for key, v in mistake.items()}
    if isinstance(mistake, tuple) and any(part is ... for part in mistake):
        return [a if m is ... else m for a, m in zip(accepted, mistake, strict=True)]
    return mistake


@pytest.mark.parametrize("key", EXERCISES)
def test_the_accepted_answer_is_correct_and_nothing_else_is_said_of_it(key):
    exercise = EXERCISES[key]
    verdict = judge(key, exercise.answer())
    assert verdict.kind == "correct"
    assert exercise.because in verdict.says
    assert judge(key).kind == judge(key, ...).kind == "unanswered"


@pytest.mark.parametrize(("key", "number"), MISTAKES)
def test_every_known_mistake_is_called_by_its_own_message(key, number):
    exercise = EXERCISES[key]
    mistake = exercise.mistakes[number]
    verdict = judge(key, as_answered(exercise.answer(), mistake.answer()))
    assert (verdict.kind, verdict.mistake) == ("mistake", mistake.name)
    others = {m.says for m in exercise.mistakes if m.name != mistake.name}
    assert verdict.says == mistake.says
    assert verdict.says not in others | {exercise.hint, exercise.because}


@pytest.mark.parametrize(("lesson", "row"), ROWS)
def test_every_misconception_is_shown_in_a_cell_and_recognised_by_a_check(lesson, row):
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = {cell.id for cell in nbformat.read(path, as_version=4).cells}
    assert row["cell"] in cells, "no such cell"
    assert f"ex-{row['check']}" in cells, "no such exercise"
    exercise = EXERCISES[row["check"]]
    mistake = next(m for m in exercise.mistakes if m.name == row["misconception"])
    computed = as_answered(exercise.answer(), mistake.answer())
    verdict = judge(row["check"], row.get("wrong", computed))
    assert verdict.mistake == row["misconception"]
    assert row["says"] in verdict.says


@pytest.mark.parametrize(("lesson", "row"), ASKED)
def test_a_misconception_is_shown_in_a_cell_and_answered_in_the_quiz(lesson, row):
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    assert row["cell"] in {cell.id for cell in nbformat.read(path, as_version=4).cells}
    options = MODULES[lesson].QUIZ[row["quiz"] - 1].options
    (option,) = [option for option in options if option.text == row["wrong"]]
    assert not option.right
    assert row["says"] in option.says


@pytest.mark.parametrize("lesson", TABLE)
def test_no_lesson_has_a_mistake_without_a_row_unless_it_is_a_slip(lesson):
    """A slip is a wrong key pressed, so to say; what a course must confront has its row."""
    rows = {(r["check"], r["misconception"]) for r in TABLE[lesson] if "check" in r}
    exercises = {key for key in EXERCISES if key.startswith(lesson)}
    assert {check for check, _ in rows} == exercises, "every exercise confronts something"


class Contrary:
    """An object that hates to be looked at."""

    def __eq__(self, other):
        raise RuntimeError("no")

    def __len__(self):
        raise RuntimeError("no")

    __hash__ = None


STRANGE = [
    "", "text", b"\x00", object(), Contrary(), [], {}, set(), (), [[1, 2], [3]], np.array([]),
    np.full((3, 3), np.nan), float("inf"), 10**400, 1j, True, [None], [Contrary()], {"a": Contrary()},
    pydicom.Dataset(), lambda: 3, range(5), (x for x in range(3)), np.array(["a", "b"]), int,
]  # fmt: skip


@pytest.mark.parametrize("key", EXERCISES)
def test_no_answer_raises_and_none_of_the_strange_ones_is_correct(key):
    for answer in STRANGE:
        assert judge(key, answer).kind in ("wrong", "mistake", "unanswered"), answer


@pytest.mark.parametrize("key", ["03-99", "99-1", "", "03", None, 3, "../03-1", "xx-1", ("03-1",)])
def test_an_unknown_exercise_is_said_and_not_raised(key, capsys):
    assert judge(key, 1).kind == "problem"
    check(key, 1)
    assert "no such exercise" in capsys.readouterr().out


def test_data_that_cannot_be_had_are_said_and_not_raised(monkeypatch):
    from handson.errors import DataError
    from handson.lessons.checks import Exercise

    def gone():
        raise DataError("gen-study is not here", "Run: handson data fetch gen-study")

    monkeypatch.setitem(MODULES["03"].EXERCISES, "03-1", Exercise("", gone, "", ""))
    verdict = judge("03-1", 3)
    assert verdict.kind == "problem"
    assert "handson data fetch" in verdict.says


@pytest.mark.parametrize(
    "answer",
    [
        [70, 74, -56], (70.0, 74.0, -56.0), np.array([70, 74, -56]), np.float32([70, 74, -56]),
        pydicom.multival.MultiValue(float, ["70", "74", "-56"]), [np.float64(70), 74, -56.0],
    ],
)  # fmt: skip
def test_numbers_come_in_any_container(answer):
    assert judge("04-3", answer).kind == "correct"


def test_a_side_may_be_a_letter_and_letters_may_come_one_by_one():
    n = MODULES["03"].EXERCISES["03-2"].answer()["n"]
    assert judge("03-2", {"n": n, "points to": "P"}).kind == "correct"
    assert judge("03-2", {"n": n, "points to": "A"}).mistake == "DICOM's x is nibabel's x"
    assert judge("04-2", {"codes": ("P", "S", "L"), "feet to head": 1}).kind == "correct"


def test_the_size_of_a_set_is_not_told():
    verdict = judge("10-7", {"IM000015", "a", "b"})
    assert "2" not in verdict.says


def test_numbers_may_carry_their_unit_and_no_other():
    length = MODULES["02"].EXERCISES["02-5"].answer()
    assert judge("02-5", f"{length:.2f} mm").kind == "correct"
    assert judge("02-5", f"{length:.2f}").kind == "correct"
    assert judge("02-5", np.array([length])).kind == "correct"
    assert "in mm" in judge("02-5", f"{length / 10:.3f} cm").says


def test_an_answer_that_is_right_as_well_is_accepted_with_a_remark():
    assert "You rounded" in judge("02-2", (128, 255)).says
    assert judge("02-2", (128, 255)).kind == "correct"
    assert judge("02-2", (127.5, 254.36)).kind == "mistake"


def test_an_answer_with_dots_in_it_is_not_finished():
    assert judge("03-4", (15, ..., 10.0)).kind == "unanswered"
    assert judge("01-6", {"A": "DICOM", "B": ...}).kind == "unanswered"


def test_what_is_said_can_be_read_without_colour(capsys):
    verdict = judge("04-3", (0, 0, 1))
    assert repr(verdict).startswith("04-3 Not yet: ")
    assert "<b>04-3 Not yet.</b>" in verdict._repr_html_()
    assert "&lt;" in judge("04-3", "<b>")._repr_html_() or "<b><" not in judge("04-3", "<b>").says


def test_the_verdict_of_a_solution_is_folded_and_of_an_answer_is_not(monkeypatch, capsys):
    shell = type("Shell", (), {"user_ns": {"In": ["# Solution\ncheck(...)"]}})()
    monkeypatch.setattr("handson.lessons.checks.get_ipython", lambda: shell)
    check("04-3", (70, 74, -56))
    assert capsys.readouterr().out.strip() == "04-3 Correct."
    assert "<details><summary>" in replace(judge("04-3", (70, 74, -56)), folded=True)._repr_html_()
    check("04-3", (0, 0, 1))
    assert "04-3 Not yet: " in capsys.readouterr().out
    shell.user_ns["In"] = ["check(...)"]
    check("04-3", (70, 74, -56))
    assert "Only the last column changes" in capsys.readouterr().out


def test_a_bool_is_no_number_and_close_is_close_enough():
    assert same(0.3181, 0.3183, within=0.001)
    assert not same(0.3181, 0.3183)
    assert not same(True, 1)
    assert not same(1, True)
    assert not same([1, 2], (1, 2, 3))
    assert not same(np.ones((2, 2)), [1, 1, 1, 1])


@pytest.mark.parametrize(
    ("key", "answer", "says"),
    [
        ("04-3", "nonsense", "Expected 3 values, got text."),
        ("04-3", [1, "a", None], "Where was the voxel"),
        ("04-1", [1, 2, 3], "Expected a dictionary with the keys 'mm' and 'side'."),
        ("04-5", {}, "Expected 3 values, got 0."),
        (
            "05-5",
            {"shown": (164, 136, 72), "proves alignment": "no"},
            "'proves alignment': Expected True or False.",
        ),
        (
            "05-5",
            {"shown": (164, 136, 72)},
            "a dictionary with the keys 'shown' and 'proves alignment'",
        ),
        ("04-6", "sform", "the keys 'x', 'right drawn at' and 'form'."),
        ("06-3", "2 patients", "give the answer as a number without a unit"),
        ("03-2", {"n": (0, 1, 0), "points to": "to her back"}, "Expected one word for the side"),
        ("03-2", {"n": (0, 1, 0), "points to": "left"}, "Not right yet: 'points to'."),
        ("03-4", (12, 4.83, 7.0), "Not right yet: value 3."),
        ("03-4", (7, 1, 2), "np.diff"),
        ("10-7", "LETTER.TXT", "Expected a set of file names"),
        ("10-7", {"IMAGES/IM000015"}, "names without folders"),
        ("10-7", {"IM000015", "a", "b"}, "report.entries"),
        (
            "06-2",
            dict.fromkeys(("name", "bytes", "inflated", "pixels"), "a"),
            "'name': Expected a set",
        ),
    ],
)
def test_an_answer_of_the_wrong_kind_is_told_so_in_words_and_not_in_pythons(key, answer, says):
    verdict = judge(key, answer)
    assert verdict.kind == "wrong"
    assert says in verdict.says
    assert "float()" not in verdict.says
    assert "object of type" not in verdict.says


def test_check_all_says_of_every_fact_what_check_says(capsys):
    facts = {key: e.answer() for key, e in MODULES["10"].EXERCISES.items()}
    mistake = MODULES["10"].EXERCISES["10-2"].mistakes[0]
    check_all("10", facts | {"10-2": mistake.answer(), "10-3": ...})
    said = capsys.readouterr().out
    assert said.startswith(f"{len(facts) - 2} of {len(facts)} facts are right.")
    assert mistake.says in said
    assert "10-3 Not answered yet" in said
    check_all("10", facts)
    assert f"{len(facts)} of {len(facts)} facts are right." in capsys.readouterr().out


@pytest.mark.parametrize("answers", [{}, None, 3, {"10-99": 1}])
def test_check_all_never_raises(answers, capsys):
    check_all("10", answers)
    assert capsys.readouterr().out.startswith("0 of ")
