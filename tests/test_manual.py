"""The manual builds without a warning, from the repository's own sources, and asks no other host for anything."""

import re
import subprocess
import sys

import pytest
from shipped import LESSONS, REPOSITORY

import handson


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("manual") / "pages"
    command = [sys.executable, REPOSITORY / "tools/manual.py", out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def test_every_lesson_is_a_page_with_its_pictures(pages):
    for lesson in LESSONS:
        text = (pages / f"notebooks/{lesson.stem}.html").read_text(encoding="utf-8")
        assert text.count("<img ") >= 1, lesson.stem
        assert "widget-view" not in text


def test_every_public_name_is_in_the_reference_with_its_parameters(pages):
    text = (pages / "reference/api.html").read_text(encoding="utf-8")
    for name in handson.__all__:
        assert f'id="handson.{name}"' in text, name
    assert "<strong>affine</strong>" in text


def test_links_inside_lead_somewhere(pages):
    """Files and anchors; the addresses of others are asked once a week."""
    anchors = {}
    for page in pages.rglob("*.html"):
        if page.is_relative_to(pages / "_static"):  # the theme's templates
            continue
        text = page.read_text(encoding="utf-8")
        anchors[page] = set(re.findall(r'\bid="([^"]+)"', text))
    dead = []
    for page in anchors:
        for link in re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:|//", link):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name.partition("?")[0]).resolve() if name else page
            if target.is_dir():
                target = target / "index.html"
            if not target.exists() or (
                anchor and target in anchors and anchor not in anchors[target]
            ):
                dead.append(f"{page.relative_to(pages)}: {link}")
    assert dead == []
