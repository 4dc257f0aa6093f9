"""Lesson 00 is Italian from end to end; what is not translated is named, and code is never touched."""

import importlib.util
import json
import re

import pytest
from shipped import LESSONS, REPOSITORY

COMPLETE = {("it", "00_start_here")}


@pytest.fixture(scope="module")
def translate():
    spec = importlib.util.spec_from_file_location("translate", REPOSITORY / "tools/translate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_what_is_said_to_be_complete_is_complete(translate, lesson):
    notebook, missing = translate.translated("it", lesson)
    if ("it", lesson.stem) in COMPLETE:
        assert missing == [], f"not translated, or changed since: {missing}"
    else:
        assert missing == list(translate.prose(notebook))


@pytest.mark.parametrize(("language", "lesson"), sorted(COMPLETE))
def test_numbers_links_and_code_are_those_of_the_original(translate, language, lesson):
    (path,) = (p for p in LESSONS if p.stem == lesson)
    original = json.loads(path.read_text(encoding="utf-8"))
    notebook, _ = translate.translated(language, path)
    for old, new in zip(original["cells"], notebook["cells"], strict=True):
        before, after = "".join(old["source"]), "".join(new["source"])
        if old["cell_type"] == "code":
            assert old == new
            continue
        for pattern in (r"\]\(([^)]*)\)", r"`([^`]+)`"):
            assert re.findall(pattern, before) == re.findall(pattern, after), old["id"]
        digits = [re.sub(r"(?<=\d)[.,](?=\d{3}\b)", "", text) for text in (before, after)]
        assert sorted(re.findall(r"\d+", digits[0])) == sorted(re.findall(r"\d+", digits[1])), old[
            "id"
        ]


def test_a_cell_that_changed_is_named_and_stays_in_english(translate, tmp_path):
    (path,) = (p for p in LESSONS if p.stem == "00_start_here")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["cell_type"] == "markdown")
    cell["source"] = ["# A new title\n"]
    changed = tmp_path / path.name
    changed.write_text(json.dumps(notebook), encoding="utf-8")
    built, missing = translate.translated("it", changed)
    assert missing == [cell["id"]]
    assert built["cells"][0]["source"] == ["# A new title\n"]
