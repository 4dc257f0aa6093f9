"""Lesson 10, your own data: what its exercises accept, and the mistakes they know.

The exercises ask about the practice folder and the traps, never about a folder the learner names.
"""

from functools import cache

from ..deidentify import anonymize
from ..dicom import read_series, scan
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

DELIVERIES = (
    "missing-slice",
    "duplicate",
    "two-series",
    "lying-instance-number",
    "tilt-15",
    "no-slice-location",
)


@cache
def practice():
    """The series table of the generated study."""
    return scan(folder_of("gen-study"))


@cache
def without_sides() -> str:
    """The modality whose files do not say which side of the patient is which."""
    return next(info.modality for info in practice() if not read_series(info).oriented)


@cache
def to_send_back() -> frozenset[str]:
    """The deliveries in which a slice is lost, or two claim one place."""
    folder = folder_of("gen-traps")
    return frozenset(
        name for name in DELIVERIES if any(info.problems for info in scan(folder / name))
    )


@cache
def screens() -> tuple[int, int]:
    """Images in the study's ultrasound folder, and how many of them leave it without a mask."""
    folder = folder_of("gen-study") / "US"
    # a dry run writes nothing: the folder it names is never made
    report = anonymize(folder, folder.parent / "never written", dry_run=True)
    return len(report.entries), report.counts.get("done", 0)


EXERCISES = {
    "10-1": Exercise(
        asks="Number of files in the practice folder that are in no series.",
        answer=lambda: len(practice().skipped),
        because="The DICOMDIR: an index of the disc, not an image. Every other file is in a series.",
        hint="handson.scan(practice).skipped lists them, each with its reason.",
        mistakes=(
            Mistake(
                "every file is an image",
                lambda: 0,
                "One file holds no picture: .skipped says which, and why. A program that reads every "
                "file as an image stops here, or loses a file without a word.",
            ),
            Mistake(
                "a screen is no series",
                lambda: len(practice().skipped) + 1,
                "The ultrasound screen is a series of one image: it is in the table.",
            ),
        ),
    ),
    "10-2": Exercise(
        asks="The modality whose files state no sides, or 'none'.",
        answer=without_sides,
        because="The ultrasound screen holds no ImageOrientationPatient: which side is which, only whoever "
        "held the probe can say. A side that was guessed is a wrong operation half the time.",
        hint="Ask every volume for .oriented.",
        mistakes=(
            Mistake(
                "every image has a left",
                lambda: "none",
                "Every picture has a left edge; not every file says what lies there. Look at the line "
                "'sides' of each series. Whoever guesses operates on the wrong side half the time.",
            ),
        ),
    ),
    "10-3": Exercise(
        asks="The deliveries that must go back to the sender, as a set of names.",
        answer=to_send_back,
        because="A lost slice may be the one with the tumour; of two slices at one place nobody knows which "
        "is hers. The other folders are unusual and whole.",
        hint="Scan each of them: a delivery with problems cannot be trusted.",
        mistakes=(
            Mistake(
                "a gap can be read over",
                lambda: to_send_back() - {"missing-slice"},
                "missing-slice lacks a slice: everything beyond the gap would move by one step, and "
                "what was in the gap is lost to whoever looks for it.",
            ),
            Mistake(
                "of two slices take the first",
                lambda: to_send_back() - {"duplicate"},
                "duplicate holds two different slices at one place. Which is right only the sender knows.",
            ),
            Mistake(
                "InstanceNumber is order",
                lambda: to_send_back() | {"lying-instance-number"},
                "Numbers that lie do no harm: slices are sorted by their place along the normal.",
            ),
            Mistake(
                "a folder is a series",
                lambda: to_send_back() | {"two-series"},
                "Two series in one folder are two whole volumes. Read the one you want.",
            ),
            Mistake(
                "a tilt is a fault",
                lambda: to_send_back() | {"tilt-15"},
                "A tilted gantry is how the images were taken. The affine holds the tilt, and nothing is lost.",
            ),
        ),
    ),
    "10-4": Exercise(
        asks="How many of the images in US are in the output, without masks.",
        answer=lambda: screens()[1],
        because="The screen was refused, since a name is burned into it. Refused means: not written, and said "
        "in the report. Read the report; no error is not success.",
        hint="report.counts: what is not 'done' was not written.",
        mistakes=(
            Mistake(
                "no error means all done",
                lambda: screens()[0],
                "A program can end well and leave images out. Look at report.counts.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "The scan says: 300 files, 299 in a series, 1 skipped as damaged. What do you do?",
        (
            Option(
                "Copy that file again from where it came.",
                "It was meant to be a slice, and without it the volume has a gap.",
                right=True,
            ),
            Option(
                "Nothing, 299 slices are enough.", "The slice you lack may be the one you need."
            ),
            Option("Delete it.", "Then nobody will know that one is missing."),
        ),
    ),
    Question(
        "A series states no orientation. What may you say about its left?",
        (
            Option("Nothing.", "No file says it, so neither do you.", right=True),
            Option(
                "Left of the picture is the patient's right.",
                "That is a convention of display; this file follows none.",
            ),
            Option(
                "What the other series of the study say.",
                "They say it of themselves. A screen can show anything.",
            ),
        ),
    ),
    Question(
        "The audit finds nothing. Is the folder free of identities?",
        (
            Option(
                "Not proven: it finds only what you named, and no pixels.",
                "So look at the images too, and name what only you know.",
                right=True,
            ),
            Option("Yes, it searches every byte.", "For the words you gave it."),
            Option("Yes, if the report says done.", "Done by rule. A rule cannot read a picture."),
        ),
    ),
    Question(
        "Where may you run this notebook on patients' images?",
        (
            Option(
                "On a machine on which the images may be, by the rules of your institution.",
                "And with its outputs cleared before it is shared.",
                right=True,
            ),
            Option("On Binder, if nobody knows the link.", "It is somebody else's computer."),
            Option(
                "Anywhere, after section 5.", "Sections 1 to 5 have read the originals by then."
            ),
        ),
    ),
    Question(
        "Why read the NIfTI back with another program than wrote it?",
        (
            Option(
                "A program that writes a mistake may read it with the same mistake.",
                "Two programs seldom share one.",
                right=True,
            ),
            Option("To make the file smaller.", "Reading changes nothing."),
            Option("Because nibabel is faster.", "Speed proves nothing."),
        ),
    ),
)
