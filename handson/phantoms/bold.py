"""gen-bold: a run of functional MR whose every part is known, left and right button presses.

Where and how strongly it responds comes from the sign of nilearn's group map (left minus right presses);
the time course is the blocks met by SPM's double-gamma response. By default nobody moves, and noise is
independent from voxel to voxel and from volume to volume, which real noise is not: options of `run` and
`make` change both. The truth is written beside the run.
"""

from collections.abc import Callable
from math import factorial
from pathlib import Path

import nibabel
import numpy as np
from nibabel.affines import from_matvec
from scipy.ndimage import gaussian_filter

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


def truth(forward_mm: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """What was put in, on `GRID`.

    forward_mm : how far the head was moved to the front
    returns : mean (arrays [i, j, k]), and percent [i, j, k, 4]: share of the mean that each column of
        `design` carries (100 for the constant)
    """
    grid = Grid(GRID.shape, from_matvec(np.eye(3), (0, -forward_mm, 0)) @ GRID.affine)
    brain = sample(template("t1"), grid)
    mean = np.where(brain > 60, 4000 + 20 * brain, 0.0)
    left_minus_right = sample(motor_map(), grid)
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


def run(
    progress: Callable[[int, int], None] | None = None,
    *,
    noise_fwhm_mm: float = 0.0,
    noise_memory: float = 0.0,
    motion_mm: float = 0.0,
) -> np.ndarray:
    """The run: mean, responses, drift and noise.

    noise_fwhm_mm : how far neighbours share their noise, full width at half maximum; 0: not at all
    noise_memory : correlation of the noise of a volume with that of the one before, 0 to below 1
    motion_mm : how far the head moves to the front after half of the run, at once
    returns : int16 [i, j, k, t]; the noise has the standard deviation `NOISE_PERCENT` whatever its kind
    """
    places = [truth(), truth(motion_mm)] if motion_mm else [truth()] * 2
    noise = _noise(noise_fwhm_mm, noise_memory)
    data = np.empty((*GRID.shape, VOLUMES), np.int16)
    for t, row in enumerate(design()):
        mean, percent = places[t >= VOLUMES // 2]
        signal = mean / 100 * (percent @ row + NOISE_PERCENT * next(noise))
        data[..., t] = np.rint(signal)
        if progress:
            progress(t + 1, VOLUMES)
    return data


def _noise(fwhm_mm, memory):
    """Fields of mean 0 and standard deviation 1 on `GRID`, one after the other."""
    random = np.random.default_rng(2010).standard_normal
    sigma = fwhm_mm / np.sqrt(8 * np.log(2)) / GRID.spacing
    spike = np.zeros(GRID.shape)
    spike[tuple(n // 2 for n in GRID.shape)] = 1
    left = np.linalg.norm(gaussian_filter(spike, sigma, mode="wrap"))  # of the standard deviation
    before = None
    while True:
        field = random(GRID.shape)
        if fwhm_mm:
            field = gaussian_filter(field, sigma, mode="wrap") / left
        if memory and before is not None:
            field = memory * before + np.sqrt(1 - memory**2) * field
        before = field
        yield field


def make(
    folder: Path, progress: Callable[[int, int], None] | None = None, **options: float
) -> None:
    """Fill an empty folder: bold.nii.gz, its sidecar bold.json, events.tsv, and truth/.

    progress : called with (volumes done, volumes in all)
    options : of `run`; written into truth/truth.json
    """
    folder = Path(folder)
    image = nifti(run(progress, **options), GRID.affine)
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
    known |= {"strongest_percent": STRONGEST_PERCENT} | options
    save_json(known, folder / "truth" / "truth.json")
