"""Lesson 06, anonymization: what its exercises accept, and the mistakes they know.

Every identity in here is invented: the study's patient and what `phantoms.leaks` planted.
"""

import copy
import hashlib
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from scipy.ndimage import gaussian_filter

from ..deidentify.profile import table
from ..nifti import read_nifti
from ..phantoms import leaks, study_us
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

# SHA-256 of a patient's number, as a careless hand publishes it; exercise 06-1 guesses the number.
PUBLISHED = "81415e2fd439c2c2eb527d78b7b8ac8a3769ad62e5de9899a3add9196afe5bbe"
FREE_TEXT = {"SH", "LO", "ST", "LT", "UT", "PN"}


@cache
def header(series: str) -> Dataset:
    """Header of the first file of a series of the study, "MR" or "US"."""
    return pydicom.dcmread(
        min((folder_of("gen-study") / series).iterdir()), stop_before_pixels=True
    )


def guessed_number() -> str:
    """The number behind `PUBLISHED`, by trying all of them."""
    numbers = (f"FAKE-{n:04}" for n in range(10_000))
    return next(n for n in numbers if hashlib.sha256(n.encode()).hexdigest() == PUBLISHED)


@cache
def filled() -> tuple[pydicom.DataElement, ...]:
    """Elements of CT_small.dcm that hold something, sequences included, PatientName left out."""
    ct = pydicom.dcmread(folder_of("pydicom-examples") / "CT_small.dcm")
    return tuple(e for e in ct.iterall() if e.keyword != "PatientName" and str(e.value).strip())


def listed() -> int:
    return sum(element.tag in table() for element in filled())


def free_text(private: bool = False) -> int:
    """How many elements of free text Table E.1-1 does not list, with the private ones or without."""
    return sum(
        element.VR in FREE_TEXT and element.tag not in table()
        for element in filled()
        if private or not element.tag.is_private
    )


def callbacks(dataset: Dataset) -> Dataset:
    """The two callbacks of the classic recipe, on a copy: every PN, every LO."""
    after = copy.deepcopy(dataset)

    def replace(_, element):
        if element.VR == "PN":
            element.value = "anonymous"
        if element.VR == "LO":
            element.value = "scanner info"

    after.walk(replace)
    return after


def told_apart() -> int:
    """How many of two patients the callbacks leave, by PatientID and PatientName."""
    other = copy.deepcopy(header("MR"))
    other.PatientName, other.PatientID = "Other^Olga", "FAKE-0002"
    after = [callbacks(patient) for patient in (header("MR"), other)]
    return len({(str(p.PatientName), p.PatientID) for p in after})


def leaking_files(skip: Callable[[Any], bool] = lambda leak: False) -> dict[str, set[str]]:
    """Place of a leak -> the names of the files that leak there."""
    files: dict[str, set[str]] = {"name": set(), "bytes": set(), "inflated": set(), "pixels": set()}
    for leak in leaks.planted():
        if not skip(leak):
            files[_place(leak)].add(leak.file)
    return files


def _place(leak: leaks.Leak) -> str:
    """Where a search, or an eye, finds it: in the words of `handson.audit`, and "pixels"."""
    if leak.by_eye:
        return "pixels"
    if leak.place == "the file's name":
        return "name"
    return "inflated" if leak.file.endswith(".gz") else "bytes"


def days_between() -> int:
    dates = [
        date.fromisoformat(header(series).StudyDate) for series in ("US", "MR")
    ]  # DICOM's YYYYMMDD is ISO 8601's basic form
    return (dates[1] - dates[0]).days


@cache
def remedies() -> dict[str, float]:
    """How much does blurred text follow the sharp one, and how much brain does a careless de-facing take?

    A voxel of the brain is lost when it is 0.
    """
    top, bottom, left, right = study_us.BURNED_IN
    screen = pydicom.dcmread(folder_of("gen-leaks") / "screen_4.dcm").pixel_array
    box = screen[top:bottom, left:right, 0].astype(float)
    blurred = gaussian_filter(box, 1.5)
    correlation = float(np.corrcoef(box.ravel(), blurred.ravel())[0, 1])
    return {"correlation": correlation, "brain lost": brain_lost()}


def brain_lost() -> int:
    """Voxels of the brain inside the larger box of the lesson: y > 40 mm and z < 20 mm."""
    brain = read_nifti(folder_of("gen-head") / "truth" / "brain.nii.gz")
    places = brain.world(np.argwhere(brain.data > 0))
    return int(((places[:, 1] > 40) & (places[:, 2] < 20)).sum())


EXERCISES = {
    "06-1": Exercise(
        asks="The number behind the hash PUBLISHED, as text: 'FAKE-....'.",
        answer=guessed_number,
        because="Ten thousand guesses, a blink of an eye. A hash hides nothing that can be guessed: birth dates, "
        "names, hospital numbers (PS3.15 E.1.1).",
        hint="Hash every number from FAKE-0000 to FAKE-9999 and compare.",
        mistakes=(
            Mistake(
                "a hash is anonymous",
                lambda: "impossible",
                "Nobody reverses the function; everybody can try all numbers. It takes "
                "less than a second.",
            ),
        ),
    ),
    "06-2": Exercise(
        asks="{'name': set of file names, 'bytes': ..., 'inflated': ..., 'pixels': ...}: where gen-leaks leaks.",
        answer=leaking_files,
        because="Not one of them is clean. The search finds the strings; the ultrasound screen needs eyes.",
        hint="handson.audit(careless, words) says finding.file and finding.place; then look at every picture.",
        mistakes=(
            Mistake(
                "NIfTI is safe",
                lambda: leaking_files(lambda leak: leak.file.startswith("scan_5")),
                "Look at the NIfTI header (descrip, aux_file, db_name, extensions) and into its sidecar.",
            ),
            Mistake(
                "a search for strings finds everything",
                lambda: leaking_files(lambda leak: leak.by_eye),
                "One file shows a name that no search finds: it stands in the pixels. View the images.",
            ),
            Mistake(
                "the header's word is proof",
                lambda: leaking_files(lambda leak: True),
                "They all say PatientIdentityRemoved YES. Search them all the same.",
            ),
        ),
    ),
    "06-3": Exercise(
        asks="How many patients can be told apart after the two callbacks.",
        answer=told_apart,
        because="PatientID is an LO: both patients are called the same and numbered the same. Their images "
        "mix, and one is treated for what the other has.",
        hint="Which VR has PatientID? What does the second callback write into it?",
        mistakes=(
            Mistake(
                "the callbacks keep patients apart",
                lambda: 2,
                "Two went in. Look at PatientID after the callbacks. A doctor who trusts this folder treats "
                "one patient for what the other has.",
            ),
        ),
    ),
    "06-4": Exercise(
        asks="Two numbers of days between the visits: before and after pseudonymization.",
        answer=lambda: (days_between(), days_between()),
        unit="days",
        because="Both dates moved by one secret interval of this patient, so the time between them is kept.",
        hint="Read StudyDate of the files before, and of visits; date.fromisoformat reads DICOM's form.",
        mistakes=(
            Mistake(
                "every date is shifted by itself",
                lambda: (days_between(), 0),
                "Shifts of their own would destroy what a follow-up study needs. One interval per patient "
                "keeps it.",
            ),
        ),
    ),
    "06-5": Exercise(
        asks="{'correlation': of the text before and after the blur, 'brain lost': number of voxels}",
        answer=remedies,
        within=0.01,
        because="A mask writes black: nothing is left to find. A blur spreads the same ink; "
        "sharpening, or a patient reader, brings it back. And the box in front of the face took brain.",
        hint="np.corrcoef(before.ravel(), after.ravel())[0, 1] of the pixels in line. And how many voxels of "
        "the brain are 0 in large_box?",
        mistakes=(
            Mistake(
                "a blur removes text",
                lambda: {"correlation": 0, "brain lost": ...},
                "Correlate the blurred box with the sharp one: they are still alike. Blurred text can be "
                "read again.",
            ),
            Mistake(
                "de-facing is free for analysis",
                lambda: {"correlation": ..., "brain lost": 0},
                "Count the voxels of the brain that the larger box set to 0: there are some, and every "
                "volume and every map that is computed from this head lacks them.",
            ),
        ),
    ),
    "06-6": Exercise(
        asks="{'listed': elements in Table E.1-1 with a value, 'free text': unlisted ones that hold text}",
        answer=lambda: {"listed": listed(), "free text": free_text()},
        because="Somebody wrote into each of these by hand or by a program. The table leaves them; only their "
        "values can tell whether they are harmless.",
        hint="unseen.iterall() walks through sequences too. element.tag in table(); element.tag.is_private; "
        "element.VR.",
        mistakes=(
            Mistake(
                "deleting PatientName is enough",
                lambda: {"listed": 0, "free text": ...},
                "The name is one of many. Count the elements that table() lists and that hold a value.",
            ),
            Mistake(
                "a deny-list is complete",
                lambda: {"listed": ..., "free text": 0},
                "The table lists what is known to identify. Whatever it does not list stays: look for text there.",
            ),
            Mistake(
                "private elements stay",
                lambda: {"listed": ..., "free text": free_text(private=True)},
                "You counted private elements too. The colleague removed them.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "A hospital replaces each PatientID by its SHA-256. What are the data?",
        (
            Option(
                "Anonymous: a hash is anonymous.", "IDs are few and can be guessed, all of them."
            ),
            Option(
                "Personal data: whoever tries all IDs finds the patients.",
                "A means reasonably likely to be used (recital 26): a dictionary attack takes seconds.",
                right=True,
            ),
            Option("Outside the GDPR.", "Only anonymous information is, and this is not."),
        ),
    ),
    Question(
        "A hospital keeps the key and sends you pseudonymised head scans. Are they personal data for you?",
        (
            Option(
                "No: you have no key.",
                "You have faces, dates and findings: can you identify somebody by them?",
            ),
            Option(
                "Always: pseudonymised data are personal data.",
                "For the hospital, yes. For others the Court of Justice looks at their own means (C-413/23 P).",
            ),
            Option(
                "It depends on the means that you could reasonably use; ask.",
                "That is the test of recital 26 (Breyer, C-582/14; C-413/23 P). Until your data protection officer has answered: treat them so.",
                right=True,
            ),
        ),
    ),
    Question(
        "Where must the look-up table of a pseudonymised study never lie?",
        (
            Option(
                "Beside the data.",
                "Kept separately, says Article 4(5): else it undoes the work.",
                right=True,
            ),
            Option(
                "In an encrypted database.", "That is a good place, if few have the passphrase."
            ),
            Option("In another department.", "That is what separate storage means."),
        ),
    ),
    Question(
        "You removed every header leak of a head MR. What is left?",
        (
            Option(
                "The face, and rare findings.",
                "A head volume can be rendered; Schwarz et al. 2019 (NEJM 381:1684) matched faces to photographs.",
                right=True,
            ),
            Option("Nothing.", "Render the volume and look."),
            Option("Only the voxel spacing.", "And the anatomy of one person."),
        ),
    ),
    Question(
        "A list names the elements that may identify. You remove all of them. What is left?",
        (
            Option(
                "Nothing that identifies.",
                "The list holds what its authors thought of. PS3.15 E.1.1 says so itself.",
            ),
            Option(
                "Whatever somebody wrote elsewhere.",
                "A coil's name, a filter's name, tomorrow's new element. An allow-list keeps only what is known to be harmless.",
                right=True,
            ),
            Option("Only numbers.", "Many unlisted elements hold text."),
        ),
    ),
    Question(
        "Does de-facing leave every later analysis as it was?",
        (
            Option(
                "No: it can cut brain, and it changes what later steps find.",
                "Check the brain mask before and after, and say in the paper that you did it.",
                right=True,
            ),
            Option(
                "Yes, the face is not brain.",
                "The tools estimate where the face ends, and may miss.",
            ),
            Option("Yes, if the tool is well known.", "Known tools have known failures."),
        ),
    ),
    Question(
        "Which of these does no tool decide for you?",
        (
            Option(
                "Whether the result is anonymous.",
                "It depends on who else holds what (recital 26). Ask the data protection officer.",
                right=True,
            ),
            Option("Which UIDs to replace.", "PS3.15 Table E.1-1 says so: action U."),
            Option(
                "How a StudyInstanceUID is replaced.",
                "By a new one, the same for the same old one.",
            ),
        ),
    ),
)
