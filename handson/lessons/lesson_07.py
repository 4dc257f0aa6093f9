"""Lesson 07, time series: what its exercises accept, and the mistakes they know."""

from functools import cache
from typing import Any

import numpy as np

from ..dicom import read_series
from ..nifti import read_nifti
from ..volume import Volume
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

PLACE = (10, 22, 30)  # voxel of the run: -38, -24, 50 mm, the left motor cortex
BOX = tuple(slice(n - r, n + r + 1) for n, r in zip(PLACE, (2, 2, 1), strict=True))
MOMENT_S, DELAY_S = 104, 6
# Correlations that chance exceeds once in 20, and once in 20 runs of 29,416 voxels (one-sided, 118 d.o.f.).
R_ONCE, R_ANYWHERE = 0.15087, 0.40957
CORNER = (24, 29, 7)  # voxel of the folder


@cache
def run() -> Volume:
    return read_nifti(folder_of("gen-bold") / "bold.nii.gz")


@cache
def folder() -> Volume:
    return read_series(folder_of("gen-traps") / "4d-one-position")


def starts() -> np.ndarray:
    """When each volume of the run begins, s."""
    return np.arange(run().n_volumes) * step()


def step() -> float:
    """From volume to volume of the run, s, as its header states it."""
    return float(run().time_step or np.nan)


@cache
def blocks() -> list[tuple[float, float, str]]:
    """(onset s, duration s, name) of the run."""
    lines = (folder_of("gen-bold") / "events.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return [(float(onset), float(duration), name) for onset, duration, name in rows]


def voxel() -> np.ndarray:
    return run().data[PLACE].astype(float)


def at_volume(n: int) -> float:
    return float(voxel()[n])


def mirrored() -> float:
    """The value at the other side of the head."""
    _, j, k = PLACE
    return float(run().data[run().shape[0] - 1 - PLACE[0], j, k, round(MOMENT_S / step())])


@cache
def box() -> np.ndarray:
    """The voxels of the box, [voxel, t]."""
    return run().data[BOX].reshape(-1, run().n_volumes).astype(float)


def deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1))


def response(
    delay: float = DELAY_S,
    lasts: float | None = None,
    clock: np.ndarray | None = None,
    relative: bool = True,
) -> float:
    """Mean during right blocks minus mean at rest, in percent of rest.

    lasts : how long a block lasts; by default as events.tsv says
    clock : when each volume begins; by default seconds
    """
    clock = starts() if clock is None else clock
    during = {"left": np.zeros(run().n_volumes, bool), "right": np.zeros(run().n_volumes, bool)}
    for onset, duration, name in blocks():
        start = onset + delay
        during[name] |= (clock >= start) & (clock < start + (lasts or duration))
    rest = voxel()[~(during["left"] | during["right"])].mean()
    difference = voxel()[during["right"]].mean() - rest
    return float(100 * difference / rest if relative else difference)


def _onsets_are_rows(delay, lasts) -> Mistake:
    """Onsets taken for numbers of volumes; delay and duration in volumes, converted or not."""
    return Mistake(
        "onsets are rows",
        lambda: response(delay, lasts, clock=np.arange(run().n_volumes, dtype=float)),
        "You used the onsets as numbers of volumes. They are seconds, and a volume takes two.",
    )


@cache
def correlations() -> tuple[np.ndarray, np.ndarray]:
    """r of every brain voxel with the response to right blocks, and whether it truly responds."""
    truth = folder_of("gen-bold") / "truth"
    wanted = np.loadtxt(truth / "design.tsv", skiprows=1)[:, 1]
    brain = run().mean().data > 2000
    series = run().data[brain].astype(float)
    series -= series.mean(axis=1, keepdims=True)
    wanted = wanted - wanted.mean()
    r = series @ wanted / (np.linalg.norm(series, axis=1) * np.linalg.norm(wanted))
    return r, read_nifti(truth / "right_percent.nii.gz").data[brain] > 0


def found(limit: float = R_ONCE) -> int:
    return int((correlations()[0] > limit).sum())


def false(limit: float = R_ONCE) -> int:
    r, responds = correlations()
    return int(((r > limit) & ~responds).sum())


def stated(**other: Any) -> dict:
    """What the folder states, with something else in it."""
    series = folder()
    return {
        "volumes": series.n_volumes,
        "slices": series.shape[2],
        "step": series.time_step,
        "course": series.data[CORNER],
    } | other


def only(**part: Any) -> dict:
    return dict.fromkeys(("volumes", "slices", "step", "course"), ...) | part


EXERCISES = {
    "07-1": Exercise(
        asks="Seconds that the whole run covers.",
        answer=lambda: run().n_volumes * step(),
        unit="s",
        because="Every volume lasts one step, the last one as well: volumes x step.",
        hint="How many volumes are there, and how long does each of them take?",
        mistakes=(
            Mistake(
                "the last volume takes no time",
                lambda: starts()[-1],
                "That is when the last volume begins. It takes as long as the others.",
            ),
            Mistake(
                "volumes are seconds",
                lambda: run().n_volumes,
                "That is the number of volumes. Each of them takes more than a second.",
            ),
            Mistake(
                "TR is in milliseconds",
                lambda: run().n_volumes * step() / 1000,
                "You divided by 1000: the unit of pixdim[4] is in xyzt_units, and here it is s, not ms.",
            ),
            Mistake(
                "the answer is in milliseconds",
                lambda: run().n_volumes * step() * 1000,
                "That is in milliseconds. Seconds are asked, and the header states seconds.",
            ),
        ),
    ),
    "07-2": Exercise(
        asks=f"The value of the voxel {PLACE} at t = {MOMENT_S} s.",
        answer=lambda: at_volume(round(MOMENT_S / step())),
        within=0.5,
        because="Seconds divided by the step are the index, counted from 0.",
        hint="Which volume begins at that time? The first begins at 0 s and has the index 0.",
        mistakes=(
            Mistake(
                "seconds are indices",
                lambda: at_volume(MOMENT_S),
                f"You took volume number {MOMENT_S}. An index counts volumes, and there is not one a second.",
            ),
            Mistake(
                "volumes are counted from 1",
                lambda: at_volume(round(MOMENT_S / step()) - 1),
                "One volume too early: the volume that begins at 0 s has the index 0.",
            ),
            Mistake(
                "left and right exchanged",
                mirrored,
                "That is the value at x = +38 mm, in the right half of the head. i grows to the patient's right.",
            ),
        ),
    ),
    "07-3": Exercise(
        asks="(voxels in the box, SD over time of their mean, dividing by n - 1)",
        answer=lambda: (len(box()), deviation(box().mean(axis=0))),
        within=0.01,
        because="The mean over the box keeps what its voxels share, the response. It is the noise that gets "
        "smaller, and only as far as it is not shared.",
        hint="Cut the box out with slices, average over the voxels for each time, then take np.std(..., ddof=1).",
        mistakes=(
            Mistake(
                "a slice includes its end",
                lambda: (32, ...),
                "i - 2 to i + 2 are five voxels, and Python leaves the end of a slice out: write i + 3.",
            ),
            Mistake(
                "one voxel is the region",
                lambda: (..., deviation(voxel())),
                "That is the SD of the voxel in the middle. Average the box first, volume by volume.",
            ),
            Mistake(
                "spread over space",
                lambda: (..., deviation(box()[:, 0])),
                "That is how much the voxels differ in one volume: anatomy. Asked is the change over time.",
            ),
            Mistake(
                "75 voxels are 75 measurements",
                lambda: (..., deviation(voxel()) / np.sqrt(len(box()))),
                "You divided by the square root of 75. That holds for noise that the voxels do not share; "
                "here most of the change is the response, and they share it.",
            ),
        ),
    ),
    "07-4": Exercise(
        asks="The response to right blocks in percent of rest, blocks moved by 6 s.",
        answer=response,
        within=0.01,
        unit="%",
        because="Blood answers some seconds late, and by a few percent: of rest, not of the maximum.",
        hint="A volume belongs to a block if onset + 6 <= t < onset + 6 + duration; rest is in no block at all.",
        mistakes=(
            Mistake(
                "the response follows at once",
                lambda: response(delay=0),
                "You did not move the blocks: at their onset nothing has happened yet, and after their end "
                "it still does. That halves the response.",
            ),
            _onsets_are_rows(6, 16),
            _onsets_are_rows(3, 8),
            _onsets_are_rows(0, 16),
            Mistake(
                "a difference is a percentage",
                lambda: response(relative=False),
                "That is the difference in the scanner's units, which mean nothing. Divide by the mean at rest.",
            ),
            Mistake(
                "the largest minus the smallest",
                lambda: 100 * np.ptp(voxel()) / voxel().mean(),
                "The largest minus the smallest value grows with the noise and with the length of the run. "
                "Compare means.",
            ),
        ),
    ),
    "07-5": Exercise(
        asks="(voxels found, false ones among them, false ones after Bonferroni)",
        answer=lambda: (found(), false(), false(R_ANYWHERE)),
        because="5 % of the *silent* voxels, and there are many of them: two of three that were found are false. "
        "Bonferroni's threshold lets none through, and misses a fifth of the true ones.",
        hint="Compare r with the threshold, then look each found voxel up in truth/right_percent.nii.gz.",
        mistakes=(
            Mistake(
                "found at p < .05 is true",
                lambda: (..., 0, ...),
                "The truth map is 0 in many of the voxels that you found. Significant is not the same as true.",
            ),
            Mistake(
                "5 % of what was found is false",
                lambda: (..., round(0.05 * found()), ...),
                "5 % is the share of the *silent* voxels that chance lets through, not of those found.",
            ),
            Mistake(
                "whatever chance could find is false",
                lambda: (..., found(), ...),
                "Some of them do respond: the truth map says which.",
            ),
            Mistake(
                "Bonferroni first",
                lambda: (found(R_ANYWHERE), ..., ...),
                "That many are found at Bonferroni's threshold. The first number is asked without it.",
            ),
        ),
    ),
    "07-6": Exercise(
        asks="{'volumes': ..., 'slices': ..., 'step': s, 'course': the values of voxel (24, 29, 7)}",
        answer=stated,
        because="Same places again and again, sorted by place *and* by time: four volumes, not one tall stack.",
        hint="How many different positions are there? Each comes back once for every volume.",
        mistakes=(
            Mistake(
                "same place, so a longer stack",
                lambda: only(volumes=1, slices=stated()["volumes"] * stated()["slices"]),
                "60 slices in one stack would be less than 3 mm apart, and every place would be there four times. "
                "Count the different positions.",
            ),
            Mistake(
                "volumes and slices exchanged",
                lambda: only(volumes=stated()["slices"], slices=stated()["volumes"]),
                "The other way round: a position comes back as often as there are volumes.",
            ),
            Mistake(
                "TR is in milliseconds",
                lambda: only(step=stated()["step"] * 1000),
                "DICOM's RepetitionTime is in milliseconds; seconds are asked.",
            ),
            Mistake(
                "the mean is the course",
                lambda: only(course=float(np.mean(stated()["course"]))),
                "One number is a mean. A course has one value for each volume.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "A NIfTI header says pixdim[4] = 2000 and xyzt_units & 56 = 8. How long does a volume take?",
        (
            Option(
                "The file says 2000 s. Ask the protocol.",
                "8 means seconds: the file is legal and probably wrong by a factor of 1000.",
                right=True,
            ),
            Option("2 s, everybody knows that.", "The file says 2000 s. You may be right; ask."),
            Option("2000 ms.", "16 would mean milliseconds. Here it is 8."),
        ),
    ),
    Question(
        "You read every fifth volume of a run with TR = 2 s. How far apart are they?",
        (
            Option(
                "2 s, TR belongs to the file.", "It belonged to all volumes. You left out four."
            ),
            Option(
                "10 s.",
                "And whoever writes them to a file must write 10, or a filter will be wrong.",
                right=True,
            ),
            Option("0.4 s.", "Fewer volumes lie further apart."),
        ),
    ),
    Question(
        "What does the mean of all volumes keep?",
        (
            Option(
                "When something happened.", "Order does not matter to a mean: the when is lost."
            ),
            Option(
                "What all volumes share: anatomy, and a share of drift and motion.",
                "Only what is independent from volume to volume averages out.",
                right=True,
            ),
            Option("Nothing but noise.", "It is the noise that goes."),
        ),
    ),
    Question(
        "A file has the shape 96 × 96 × 60 × 65, and a .bval file lies beside it. What is axis 4?",
        (
            Option(
                "65 points in time.",
                "Each was measured at some time, but what differs is the weighting.",
            ),
            Option(
                "Diffusion weightings and their directions.",
                "Play it as a film and it tells nonsense.",
                right=True,
            ),
            Option("65 colours.", "Colour would be a last axis of 3."),
        ),
    ),
    Question(
        "A map of 30,000 voxels without any response is cut at p < .05. What do you see?",
        (
            Option("Nothing.", "p < .05 lets one in twenty through, and you ask 30,000 times."),
            Option(
                "About 1500 voxels, some in clusters.",
                "Smooth noise makes clusters. Correct for the number of questions.",
                right=True,
            ),
            Option("One voxel in twenty runs.", "That is what Bonferroni's threshold is made for."),
        ),
    ),
)
