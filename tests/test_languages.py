"""Each language of the viewer says everything, with the same blanks to fill, and is chosen in one place."""

import string

import pytest

import handson
from handson.display import words
from handson.errors import ViewError


@pytest.fixture(autouse=True)
def _english_again():
    before = words.LABELS.chosen
    yield
    words.LABELS.chosen = before


def leaves(tree, path=()):
    """(path, text) of every word in a labels file."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def blanks(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("code", [code for code in words.LANGUAGES if code != "en"])
def test_a_language_has_every_word_and_the_same_blanks(code):
    english, other = dict(leaves(words.in_language("en"))), dict(leaves(words.in_language(code)))
    assert english.keys() == other.keys()
    for path, text in english.items():
        assert blanks(text) == blanks(other[path]), path


def test_a_language_is_chosen_for_what_is_made_from_then_on():
    assert handson.language() == "en"
    assert handson.language("it") == "it"
    shown = handson.view(handson.Volume([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]))  # fmt: skip
    assert shown.controls["axial"].description == "assiale"
    assert shown.canvas.language == "it"
    assert "sezione assiale 2 di 2" in repr(shown)
    shown.close()
    with pytest.raises(ViewError, match="en, it"):
        handson.language("xx")


def test_an_exported_page_follows_the_browser_unless_a_language_was_chosen(tmp_path):
    shown = handson.view(handson.Volume([[[1, 2], [3, 4]]], [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]))  # fmt: skip
    assert '"language": ""' in shown.save_html(tmp_path / "a.html").read_text(encoding="utf-8")
    handson.language("it")
    assert '"language": "it"' in shown.save_html(tmp_path / "b.html").read_text(encoding="utf-8")
    shown.close()
