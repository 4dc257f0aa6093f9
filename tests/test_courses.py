"""Courses in time: one set of numbers behind the page, the figure and Python."""

import json

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_viewer_js import ROOT, run

from handson import Volume, figures
from handson.display import courses
from handson.errors import ViewError

RNG = np.random.default_rng(8)
SERIES = Volume(RNG.normal(100, 5, (6, 7, 8, 9)), nib.affines.from_matvec(np.eye(3)), time_step=2.5)
EVENTS = [("5", "2.5", "left"), (15, 0, "right"), (10, 2.5, "left")]


def test_ticks_and_percent_are_the_same_on_the_page(tmp_path):
    ends = [(0, 238), (0, 1), (3, 120), (0.5, 0.75), (0, 86400), (4, 4), (-20, 35)]
    lines = [RNG.normal(100, 5, 12).tolist(), [90.0, 100.0, 110.0]]
    cases = {
        "ticks": [[low, high, courses.ticks(low, high)] for low, high in ends],
        "percent": [[line, courses.percent_change(line).tolist()] for line in lines],
    }
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    script = tmp_path / "mirror.mjs"
    script.write_text(
        f'import {{ percentChange, ticks }} from "{(ROOT / "handson/viewer/js/plots.js").as_uri()}";\n'
        'import { readFileSync } from "node:fs";\n'
        'import assert from "node:assert/strict";\n'
        "const near = (a, b) => { assert.equal(a.length, b.length); a.forEach((x, n) => assert.ok(Math.abs(x - b[n]) < 1e-9)); };\n"
        f"const cases = JSON.parse(readFileSync({str(tmp_path / 'cases.json')!r}));\n"
        "for (const [low, high, wanted] of cases.ticks) near(ticks(low, high), wanted);\n"
        "for (const [line, wanted] of cases.percent) near(percentChange(line), wanted);\n"
    )
    run("--no-warnings", str(script))


def test_a_mean_course_leaves_out_what_is_no_number():
    data = SERIES.data.copy()
    data[0, 0, 0, 3], data[..., 5] = np.inf, np.nan
    mask = np.zeros(SERIES.shape[:3], bool)
    mask[:2, :2, :2] = True
    found = courses.mean_course(Volume(data, SERIES.affine), mask)
    assert_allclose(found[3], np.mean(np.delete(data[:2, :2, :2, 3].ravel(), 0)))
    assert np.isnan(found[5])
    assert np.isnan(courses.mean_course(SERIES, np.zeros_like(mask))).all()


def test_a_course_has_seconds_a_unit_and_named_bars():
    voxel = SERIES.data[1, 2, 3]
    figure = figures.course(SERIES.seconds, {"voxel": voxel}, events=EVENTS, unit="Bq/ml")
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time / s", "value / (Bq/ml)")
    assert_allclose(ax.lines[0].get_xdata(), 2.5 * np.arange(9))
    assert_allclose(ax.lines[0].get_ydata(), voxel)
    bars = [patch for patch in ax.patches if patch.get_gid() == "event"]
    assert [round(bar.get_x(), 6) for bar in bars] == [5, 10, 15]
    assert [text.get_text().strip() for text in ax.texts] == ["left", "right"]
    assert "0 to 20 s" in figure.alt
    assert "2 left, 1 right" in figure.alt


def test_percent_is_of_each_line_s_own_mean():
    lines = {"a": SERIES.data[0, 0, 0], "b": 3 * SERIES.data[0, 0, 0]}
    (ax,) = figures.course(SERIES.seconds, lines, percent=True).axes
    assert_allclose(ax.lines[0].get_ydata(), ax.lines[1].get_ydata())
    assert_allclose(ax.lines[0].get_ydata().mean(), 0, atol=1e-9)
    assert "%" in ax.get_ylabel()


def test_without_a_time_the_axis_counts_volumes_and_bars_are_refused():
    (ax,) = figures.course(None, SERIES.data[0, 0, 0]).axes
    assert ax.get_xlabel() == "number of the volume"
    with pytest.raises(ViewError, match="nobody says when"):
        figures.course(None, SERIES.data[0, 0, 0], events=EVENTS)
    with pytest.raises(ViewError, match="9 volumes"):
        figures.course(SERIES.seconds, SERIES.data[0, 0, 0, :4])


def test_a_montage_in_time_draws_one_place_with_one_range_of_greys():
    figure = figures.montage(SERIES, times=[0, 4, 8], mm=3)
    pictures = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in pictures] == ["t = 0 s", "t = 10 s", "t = 20 s"]
    assert len({ax.images[0].get_clim() for ax in pictures}) == 1
    for ax, t in zip(pictures, (0, 4, 8), strict=True):
        drawn = SERIES.plane("axial", mm=3, time=t).pixels
        assert_allclose(ax.images[0].get_array(), drawn)
    assert "t = 10 s" in figure.alt.lower()
    silent = figures.montage(Volume(SERIES.data, SERIES.affine), times=[2])
    assert silent.axes[0].get_title(loc="left") == "volume 3"
