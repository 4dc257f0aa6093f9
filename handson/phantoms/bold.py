"""gen-bold: a run of functional MR whose every part is known, left and right button presses.

Where and how strongly it responds comes from the sign of nilearn's group map (left minus right presses);
the time course is the blocks met by SPM's double-gamma response. Nobody moves. Noise is independent
from voxel to voxel and from volume to volume, which real noise is not. The truth is written beside the run.
"""

from math import factorial
from pathlib import Path

import nibabel
import numpy as np

from .anatomy import motor_map, sample, template
from .grid import Grid
from .nifti_files import nifti, save_json

GRID = Grid.around((0, -18, 8), (40, 48, 40), (4.0, 4.0, 4.0), "RAS")
VOLUMES, TR = 120, 2.0
BLOCK_S, REST_S = 16.0, 14.0
CONDITIONS = ("left", "right")
# Strongest response in percent of the voxel's mean; where the map is weaker, less.
STRONGEST_PERCENT, MAP_FULL, MAP_FROM = 3.0, 6.0, 3.0
# Standard deviation of the noise and reach of the drift, percent of the mean.
NOISE_PERCENT, DRIFT_PERCENT = 0.5, 1.0


def onsets() -> dict:
    """Condition -> seconds at which its blocks begin; they take turns, with rest before each."""
    starts = np.arange(REST_S, VOLUMES * TR - BLOCK_S, BLOCK_S + REST_S)
    return {name: starts[n::2].tolist() for n, name in enumerate(CONDITIONS)}


def design() -> np.ndarray:
    """(VOLUMES, 4): response to left blocks, to right blocks, drift (-1..1), constant.

    A general linear model with these columns describes the run exactly but for the noise.
    """
    step = 0.1
    fine = np.arange(0, VOLUMES * TR, step)
    kernel = _gamma(np.arange(0, 32, step), 6) - _gamma(np.arange(0, 32, step), 16) / 6
    responses = []
    for starts in onsets().values():
        on = sum((fine >= start) & (fine < start + BLOCK_S) for start in starts)
        response = np.convolve(on, kernel)[: fine.size]
        responses.append((response / response.max())[:: round(TR / step)])
    return np.column_stack([*responses, np.linspace(-1, 1, VOLUMES), np.ones(VOLUMES)])


def _gamma(seconds, shape):
    """Density of the gamma distribution of whole `shape` and scale 1 s."""
    return seconds ** (shape - 1) * np.exp(-seconds) / factorial(shape - 1)


def truth():
    """What was put in, on `GRID`.

    returns : mean (arrays [i, j, k]), and percent [i, j, k, 4]: share of the mean that each column of
        `design` carries (100 for the constant)
    """
    brain = sample(template("t1"), GRID)
    mean = np.where(brain > 60, 4000 + 20 * brain, 0.0)
    left_minus_right = sample(motor_map(), GRID)
    strength = np.clip((np.abs(left_minus_right) - MAP_FROM) / (MAP_FULL - MAP_FROM), 0, 1)
    strength = np.where(mean > 0, strength, 0) * STRONGEST_PERCENT
    percent = np.zeros((*GRID.shape, 4))
    percent[..., 0] = np.where(left_minus_right > 0, strength, 0)
    percent[..., 1] = np.where(left_minus_right < 0, strength, 0)
    # The drift grows from the back of the head to the front, so that it is no global constant.
    front = np.linspace(-1, 1, GRID.shape[1])[np.newaxis, :, np.newaxis]
    percent[..., 2] = DRIFT_PERCENT * front * (mean > 0)
    percent[..., 3] = 100.0 * (mean > 0)
    return mean, percent


def run(progress=None) -> np.ndarray:
    """int16 [i, j, k, t]: mean, responses, drift and noise."""
    mean, percent = truth()
    noise = np.random.default_rng(2010).standard_normal
    data = np.empty((*GRID.shape, VOLUMES), np.int16)
    for t, row in enumerate(design()):
        signal = mean / 100 * (percent @ row + NOISE_PERCENT * noise(GRID.shape))
        data[..., t] = np.rint(signal)
        if progress:
            progress(t + 1, VOLUMES)
    return data


def make(folder: Path, progress=None) -> None:
    """Fill an empty folder: bold.nii.gz, its sidecar bold.json, events.tsv, and truth/.

    progress : called with (volumes done, volumes in all)
    """
    folder = Path(folder)
    image = nifti(run(progress), GRID.affine)
    image.header.set_zooms((*GRID.spacing, TR))
    nibabel.save(image, folder / "bold.nii.gz")
    sidecar = {"TaskName": "left and right button presses (simulated)", "RepetitionTime": TR}
    save_json(sidecar, folder / "bold.json")
    events = sorted((onset, name) for name, starts in onsets().items() for onset in starts)
    lines = [f"{onset:g}\t{BLOCK_S:g}\t{name}" for onset, name in events]
    table = "\n".join(["onset\tduration\ttrial_type", *lines, ""])
    (folder / "events.tsv").write_text(table, encoding="utf-8", newline="\n")
    (folder / "truth").mkdir()
    _, percent = truth()
    for column, name in enumerate(CONDITIONS):
        map_ = nifti(percent[..., column].astype(np.float32), GRID.affine)
        nibabel.save(map_, folder / "truth" / f"{name}_percent.nii.gz")
    np.savetxt(
        folder / "truth" / "design.tsv",
        design(),
        "%.9g",
        "\t",
        newline="\n",
        header="\t".join([*CONDITIONS, "drift", "constant"]),
        comments="",
    )
    known = {"noise_percent": NOISE_PERCENT, "drift_percent": DRIFT_PERCENT}
    save_json(known | {"strongest_percent": STRONGEST_PERCENT}, folder / "truth" / "truth.json")
