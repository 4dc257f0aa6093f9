"""The simulated run: a general linear model finds what was put in, on the right side."""

import json

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine

from handson.phantoms import bold
from handson.phantoms.bold import NOISE_PERCENT, STRONGEST_PERCENT, TR, VOLUMES


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bold")
    bold.make(folder)
    return folder


@pytest.fixture(scope="session")
def fitted(folder):
    """From the files alone: percent of the mean for each column, t of left minus right, residuals."""
    image = nibabel.load(folder / "bold.nii.gz")
    data = np.asarray(image.dataobj, np.float64)
    brain = data.mean(axis=3) > 1000
    design = np.loadtxt(folder / "truth" / "design.tsv", skiprows=1)
    series = data[brain].T
    beta, residual, *_ = np.linalg.lstsq(design, series, rcond=None)
    sigma = np.sqrt(residual / (len(design) - design.shape[1]))
    contrast = np.array([1.0, -1.0, 0.0, 0.0])
    t = contrast @ beta / (sigma * np.sqrt(contrast @ np.linalg.inv(design.T @ design) @ contrast))
    return image, brain, 100 * beta / beta[3], t, 100 * sigma / beta[3]


def true_percent(folder, brain):
    left, right = (
        np.asarray(nibabel.load(folder / "truth" / f"{name}_percent.nii.gz").dataobj)[brain]
        for name in ("left", "right")
    )
    return left, right


def test_the_files_state_the_repetition_time(folder, fitted):
    header = fitted[0].header
    assert header.get_data_shape()[3] == VOLUMES >= 100
    assert header.get_zooms()[3] == TR == 2.0
    assert header.get_xyzt_units() == ("mm", "sec")
    assert json.loads((folder / "bold.json").read_text())["RepetitionTime"] == TR


def test_a_linear_model_finds_the_active_voxels_and_hardly_any_other(folder, fitted):
    _, brain, _, t, _ = fitted
    left, right = true_percent(folder, brain)
    active = left + right > 1
    found = np.abs(t) > 4.5
    assert active.sum() > 200
    assert found[active].mean() > 0.95
    silent = left + right == 0
    assert found[silent].sum() <= 2
    assert (np.sign(t[active & found]) == np.sign((left - right)[active & found])).all()


def test_the_strength_that_was_put_in_comes_out_unbiased(folder, fitted):
    _, brain, percent, _, _ = fitted
    left, right = true_percent(folder, brain)
    assert max(left.max(), right.max()) == pytest.approx(STRONGEST_PERCENT)
    for column, truth in enumerate((left, right)):
        slope, offset = np.polyfit(truth, percent[column], 1)
        assert slope == pytest.approx(1, abs=0.02)
        assert offset == pytest.approx(0, abs=0.02)


def test_noise_and_drift_are_as_stated(folder, fitted):
    _, brain, percent, _, sigma = fitted
    assert np.median(sigma) == pytest.approx(NOISE_PERCENT, rel=0.03)
    j = np.nonzero(brain)[1]
    front, back = percent[2][j > 40].mean(), percent[2][j < 8].mean()
    assert front > 0.6
    assert back < -0.6


def test_the_left_hand_moves_the_right_hemisphere(folder):
    for name, side in (("left", 1), ("right", -1)):
        image = nibabel.load(folder / "truth" / f"{name}_percent.nii.gz")
        active = np.argwhere(np.asarray(image.dataobj) > 2)
        x, _, z = apply_affine(image.affine, active).T
        cortex = z > 40
        assert cortex.sum() > 20
        assert (np.sign(x[cortex]) == side).mean() > 0.9


def test_the_events_are_those_of_the_design(folder):
    rows = [line.split("\t") for line in (folder / "events.tsv").read_text().splitlines()]
    assert rows[0] == ["onset", "duration", "trial_type"]
    onsets = [float(row[0]) for row in rows[1:]]
    assert onsets == sorted(onsets)
    assert {row[2] for row in rows[1:]} == {"left", "right"}
    design = bold.design()
    for onset, duration, name in rows[1:]:
        response = design[:, ("left", "right").index(name)]
        during = response[int((float(onset) + 8) / TR) : int((float(onset) + float(duration)) / TR)]
        assert during.min() > 0.5
        assert response[round(float(onset) / TR)] < 0.1


def residuals(run):
    """What the known design leaves of every voxel of the brain, percent of its mean, [t, voxel]."""
    mean, _ = bold.truth()
    series = 100 * run[mean > 0].T.astype(float) / mean[mean > 0]
    beta, *_ = np.linalg.lstsq(bold.design(), series, rcond=None)
    return series - bold.design() @ beta


def neighbours(values):
    """Correlation of each value with the next one along axis 0."""
    return np.corrcoef(values[1:].ravel(), values[:-1].ravel())[0, 1]


def test_noise_may_be_shared_by_neighbours_in_space_and_in_time():
    plain, shared = bold.run(), bold.run(noise_fwhm_mm=8.0, noise_memory=0.4)
    for run in (plain, shared):
        assert residuals(run).std() == pytest.approx(NOISE_PERCENT, rel=0.06)
    assert neighbours(residuals(plain)) == pytest.approx(0, abs=0.05)
    assert neighbours(residuals(shared)) == pytest.approx(0.4, abs=0.08)
    along_x = [
        np.diff(run, axis=0)[10:30, 20:30, 20].std()
        for run in (plain - plain.mean(3, keepdims=True), shared - shared.mean(3, keepdims=True))
    ]
    assert along_x[1] < 0.7 * along_x[0]


def test_the_head_moves_once_half_way_and_only_its_edges_show():
    still, moved = bold.run(), bold.run(motion_mm=0.5)
    half = VOLUMES // 2
    np.testing.assert_array_equal(still[..., :half], moved[..., :half])
    mean, _ = bold.truth()
    change = (
        100
        * np.abs(moved[..., half:].mean(3) - still[..., half:].mean(3))[mean > 0]
        / mean[mean > 0]
    )
    assert 0.5 < np.median(change) < 3
    forward = (
        np.where(moved[..., half:].mean(3) > 2000)[1].mean()
        - np.where(still[..., half:].mean(3) > 2000)[1].mean()
    )
    assert 0 < forward * bold.GRID.spacing[1] < 1


def test_options_are_written_beside_the_truth(tmp_path):
    bold.make(tmp_path, motion_mm=0.5)
    assert json.loads((tmp_path / "truth/truth.json").read_text())["motion_mm"] == 0.5
