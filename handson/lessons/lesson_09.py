"""Lesson 09, DICOM on the network: what its exercises accept, and the mistakes they know.

Every answer is asked of a real archive on 127.0.0.1, started for the purpose and stopped again. It has
a title of its own, so that the archive of the notebook, which runs at the same time, goes on.
"""

from functools import cache
from tempfile import TemporaryDirectory

import pydicom
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from ..pacs import Client, LocalPacs, Receiver, Tap, certificate
from .checks import Exercise, Mistake, folder_of
from .quizzes import Option, Question

CALLING, ARCHIVE = "STUDENT", "CHECKPACS"
TITLE = 16  # bytes of an AE title in a PDU (PS3.8 9.3.2)
# The first bytes of an A-ASSOCIATE-RQ of other programs, as the exercise gives them.
RECORDED = "0100000000d30001000041524348495645203132202020202020435420524f4f4d203320202020202020"
PROPOSED = 40


def title_at(first: int) -> tuple[str, int]:
    """(AE title at byte `first` of the recorded PDU, how many of its bytes are padding)."""
    field = bytes.fromhex(RECORDED)[first : first + TITLE].decode("ascii")
    return field.strip(), TITLE - len(field.strip())


@cache
def last_context_id() -> int:
    """The ID of the last of `PROPOSED` presentation contexts."""
    contexts = [build_context(f"1.2.3.{n}") for n in range(1, PROPOSED)]
    with (
        LocalPacs(title=ARCHIVE) as archive,
        Client(CALLING, archive).association([build_context(Verification), *contexts]) as agreed,
    ):
        return agreed.requestor.requested_contexts[-1].context_id


@cache
def found() -> dict:
    """What an archive that holds gen-study answers: counts of rows, of the searches and of a C-MOVE."""
    with (
        TemporaryDirectory() as folder,
        LocalPacs(title=ARCHIVE) as archive,
        Receiver(folder, "CHECKREADER") as reader,
    ):
        archive.peers[reader.title] = reader
        client = Client(CALLING, archive)
        client.send(folder_of("gen-study"))
        head = {"StudyInstanceUID": client.find("STUDY", StudyDate="20240311")[0].StudyInstanceUID}
        series = {s.Modality: s.SeriesInstanceUID for s in client.find("SERIES", **head)}
        images = {
            modality: len(client.find("IMAGE", **head, SeriesInstanceUID=uid))
            for modality, uid in series.items()
        }
        searches = (
            {"PatientName": "Example"},
            {"PatientName": "Example*"},
            {"StudyDate": "20240301-"},
            {"ModalitiesInStudy": "US"},
        )
        before = len(archive.events)
        moved = client.move(head["StudyInstanceUID"], reader.title, series=series["PT"])
        opened = [m for m in archive.events[before:] if m.name == "A-ASSOCIATE-RQ"]
        return {
            "nobody": len(client.find("STUDY", PatientID="NOBODY")),
            "series": len(series),
            "images": images["CT"],
            "of the study": sum(images.values()),
            "searches": tuple(len(client.find("STUDY", **keys)) for keys in searches),
            "lower key": len(client.find("STUDY", Modality="US")),
            "moved": (
                len(reader.files),
                len(moved.done),
                moved.responses,
                sum(m.sender == archive.title for m in opened),
            ),
        }


def all_series() -> int:
    """Series of both studies."""
    headers = (
        pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
        for path in folder_of("gen-study").rglob("*")
        if path.is_file() and path.name != "DICOMDIR"
    )
    return len({header.SeriesInstanceUID for header in headers})


@cache
def readable() -> tuple[bool, bool]:
    """Can a tap read an image's SOP Instance UID: (in plain text, through TLS)?"""
    image = min((folder_of("gen-study") / "MR").iterdir())
    uid = pydicom.dcmread(image, stop_before_pixels=True).SOPInstanceUID.encode()
    seen = []
    with TemporaryDirectory() as folder:
        for tls in (None, certificate(folder)):
            with LocalPacs(title=ARCHIVE, tls=tls) as archive, Tap(archive) as tap:
                Client(CALLING, tap).send([image])
                seen.append(uid in tap.sent)
    plain, secret = seen
    return plain, secret


def moved(place: int, value: int) -> tuple:
    """A whole wrong answer of exercise 09-5 with `value` at one place, the others left open."""
    return tuple(value if n == place else ... for n in range(4))


EXERCISES = {
    "09-1": Exercise(
        asks="The called AE title in the recorded PDU, and how many of its bytes are padding.",
        answer=lambda: title_at(10),
        because="The field is always 16 bytes long; blanks fill it up and do not belong to the title. "
        "A longer title has no room.",
        hint="Take first[10:26], decode it, and strip the blanks at its ends.",
        mistakes=(
            Mistake(
                "the caller is the called",
                lambda: title_at(26),
                "Bytes 26 to 41 are the calling title: who asks. The called title stands before it.",
            ),
            Mistake(
                "padding is part of the title",
                lambda: (..., 0),
                "The blanks are padding (PS3.8 9.3.2): strip them, and count them.",
            ),
            Mistake(
                "a blank inside is padding",
                lambda: (..., title_at(10)[1] + 1),
                "A blank between two words belongs to the title. Only those at its ends are padding.",
            ),
            Mistake(
                "letters counted for padding",
                lambda: (..., TITLE - title_at(10)[1]),
                "That is the length of the title. The rest of the 16 bytes is padding.",
            ),
        ),
    ),
    "09-2": Exercise(
        asks="The ID of the last of 40 proposed contexts, and how many contexts an association can hold.",
        answer=lambda: (last_context_id(), 128),
        because="IDs are the odd numbers from 1 to 255, one byte each (PS3.8 9.3.2.2).",
        hint="Look at the three IDs above: what do they have in common? And what is the largest number in a byte?",
        mistakes=(
            Mistake(
                "contexts are counted one by one",
                lambda: (PROPOSED, ...),
                "IDs are odd: 1, 3, 5 and so on (PS3.8 9.3.2.2).",
            ),
            Mistake(
                "contexts are counted from 0",
                lambda: (2 * (PROPOSED - 1), ...),
                "Even IDs are illegal. The first one is 1.",
            ),
            Mistake(
                "every number of a byte is an ID",
                lambda: (..., 256),
                "Only the odd ones are IDs: half of them.",
            ),
            Mistake(
                "every number of a byte is an ID",
                lambda: (..., 255),
                "Only the odd ones are IDs, from 1 to 255. Count them.",
            ),
        ),
    ),
    "09-3": Exercise(
        asks="Three numbers of rows: studies of the patient NOBODY, series of a study, images of a series.",
        answer=lambda: (found()["nobody"], found()["series"], found()["images"]),
        because="One row for each entity of the level that you ask at (PS3.4 C.4.1.3.1.1); no match is "
        "no row, and the status is success all the same.",
        hint="len(student.find(level, ...)); each level needs the UIDs of the levels above it.",
        mistakes=(
            Mistake(
                "a row for each file",
                lambda: (..., found()["of the study"], ...),
                "That is the number of instances. An archive answers once per entity of the level, "
                "however many files it has of it.",
            ),
            Mistake(
                "the last answer is a row",
                lambda: (1, ..., ...),
                "The answer with 0x0000 ends the search and holds no entity.",
            ),
            Mistake(
                "series of another study",
                lambda: (..., all_series(), ...),
                "You counted the series of both studies: the fourth is the ultrasound of another day.",
            ),
        ),
    ),
    "09-4": Exercise(
        asks="Four numbers of studies: for the name Example, for Example*, from 2024-03-01 on, with "
        "an ultrasound.",
        answer=lambda: found()["searches"],
        because="Without a wildcard the whole value must match; a date may have an open end; "
        "ModalitiesInStudy is the key that belongs to a study.",
        hint='Values in DICOM\'s form: StudyDate="20240301-", ModalitiesInStudy="US".',
        mistakes=(
            Mistake(
                "a part of the name is enough",
                lambda: (found()["searches"][1], ..., ..., ...),
                "C-FIND is not a web search: without a wildcard, Example matches no part of a name.",
            ),
            Mistake(
                "a lower key filters studies",
                lambda: (..., ..., ..., found()["lower key"]),
                "Modality belongs to a series: at STUDY level this archive ignores it and another "
                "may find nothing. Ask for ModalitiesInStudy.",
            ),
        ),
    ),
    "09-5": Exercise(
        asks="Of the PET series, four numbers: images at READER, images at STUDENT, responses to STUDENT, "
        "associations that LEARNPACS opened.",
        answer=lambda: found()["moved"],
        because="A C-MOVE delivers to its destination. This archive sends a "
        "count after each image, which is optional, and a last one, which is not.",
        hint="Move it, and look at the report and at archive.events. Which arrows of the diagram end at STUDENT?",
        mistakes=(
            Mistake(
                "C-MOVE brings files to the caller",
                lambda: (0, found()["moved"][0], ..., ...),
                "That would be a C-GET. C-MOVE delivers to the destination that you name.",
            ),
            Mistake(
                "C-MOVE brings files to the caller",
                lambda: moved(1, found()["moved"][0]),
                "That would be a C-GET. C-MOVE delivers to the destination that you name.",
            ),
            Mistake(
                "the last response is not counted",
                lambda: moved(2, found()["moved"][0]),
                "Here one response follows each image, and a final one says how it ended: it counts.",
            ),
            Mistake(
                "images come over the association that asked",
                lambda: moved(3, 0),
                "They travel over a second association, which the archive opens itself.",
            ),
        ),
    ),
    "09-6": Exercise(
        asks="The UID of the transfer syntax that everybody must take; is the SOPInstanceUID readable in "
        "plain text; is it readable through TLS.",
        answer=lambda: (str(ImplicitVRLittleEndian), *readable()),
        because="Implicit VR Little Endian is the one that may always be proposed (PS3.5 10.1). And "
        "whoever carries the bytes reads the elements, unless they are encrypted.",
        hint="pydicom.uid.ImplicitVRLittleEndian is the first. `uid.encode() in plain` says the rest.",
        mistakes=(
            Mistake(
                "explicit VR is the default",
                lambda: ("1.2.840.10008.1.2.1", ..., ...),
                "Explicit VR Little Endian is the common one; the default is implicit.",
            ),
            Mistake(
                "DICOM is a binary protocol, nobody reads it",
                lambda: (..., False, ...),
                "Search the bytes of the plain connection: the UID stands there, letter by letter.",
            ),
            Mistake(
                "TLS hides nothing",
                lambda: (..., ..., True),
                "Search the bytes of the TLS connection: the UID is not in them.",
            ),
        ),
    ),
}

QUIZ = (
    Question(
        "STUDENT asks LEARNPACS to C-MOVE a study to READER. Where do the images arrive?",
        (
            Option("At STUDENT", "STUDENT gets counts. A C-GET would bring images."),
            Option("At READER", "LEARNPACS opens an association to it.", right=True),
            Option("At both", "One destination, the one that is named."),
        ),
    ),
    Question(
        "A C-STORE of a JPEG 2000 image fails before it is sent. What happened most likely?",
        (
            Option(
                "No presentation context for it was accepted.",
                "The peer takes the SOP class, not this transfer syntax: result 4.",
                right=True,
            ),
            Option("The file is damaged.", "Then the peer would have got it, and answered 0xC000."),
            Option("The disk is full.", "Then the answer is 0xA700, after the image was sent."),
        ),
    ),
    Question(
        "C-ECHO answers 0x0000. What do you know?",
        (
            Option(
                "The archive will answer my queries.", "It may offer C-FIND to listed peers alone."
            ),
            Option("It is up, and took my association.", "Nothing more.", right=True),
            Option("It has my images.", "C-ECHO says nothing about images."),
        ),
    ),
    Question(
        "An archive accepts only the AE title STUDENT. Is it protected?",
        (
            Option("Yes, a title is a password.", "Anybody can call themselves STUDENT."),
            Option(
                "No.",
                "A title is a claim. TLS with certificates of both sides proves it.",
                right=True,
            ),
            Option("Yes, if it is 16 letters long.", "It goes over the wire in plain text, too."),
        ),
    ),
    Question(
        "What may you send to an archive that runs on Binder?",
        (
            Option("Your own scan", "Binder is a public server that belongs to somebody else."),
            Option("Pseudonymized patients", "Still personal data (lesson 06)."),
            Option("Invented data only", "As in this lesson.", right=True),
        ),
    ),
)
