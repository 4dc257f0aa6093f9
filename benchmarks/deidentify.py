"""De-identification beside what a user would run instead: leaks, losses, speed, memory.

    python benchmarks/deidentify.py [leaks] [score] [speed] [jobs] [memory] [large]

The rivals (dicom-anonymizer, dicognito, deid) live in an environment of their own, made in a temporary folder by
`python -m venv` and pip. Every tool gets its default de-identification in one process; the same canaries (tests/deidentify_canaries.py) are searched for in every output. Times are wall
times of the whole command with its start, the best of three, the tools in turns.
"""

import collections
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import pydicom
from deidentify_canaries import Planter, corpus
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

import handson

RIVALS = {"dicom-anonymizer": "2.1.0", "dicognito": "0.19.0", "deid": "0.4.13"}
# The leaks are counted file by file, each in a try: the rivals' own command lines end at the first file they cannot
# read. Only their speed is taken from the command lines.
PER_FILE = """
import glob, os, sys
source, output = sys.argv[1:]
{setup}
for file in sorted(glob.glob(source + "/*")):
    try:
        {one}
    except Exception:
        pass
"""
DRIVERS = {
    "dicom-anonymizer": PER_FILE.format(
        setup="from dicomanonymizer import anonymize_dicom_file",
        one="anonymize_dicom_file(file, output + '/' + os.path.basename(file))",
    ),
    "dicognito": PER_FILE.format(
        setup="import pydicom; from dicognito.anonymizer import Anonymizer; anonymizer = Anonymizer()",
        one="d = pydicom.dcmread(file); anonymizer.anonymize(d); d.save_as(f'{output}/{d.SOPInstanceUID}.dcm')",
    ),
    "deid": PER_FILE.format(
        setup="from deid.dicom import get_identifiers, replace_identifiers",
        one="replace_identifiers(dicom_files=[file], ids=get_identifiers([file], force=True), save=True,"
        " output_folder=output, overwrite=True)",
    ),
    "two callbacks, every PN and every LO": PER_FILE.format(
        setup="import pydicom\ndef clean(d, e):\n    if e.VR in ('PN', 'LO'): e.value = 'anonymous'",
        one="d = pydicom.dcmread(file); d.walk(clean); d.save_as(output + '/' + os.path.basename(file))",
    ),
}
OURS = "import sys, handson; handson.{0}(sys.argv[1], sys.argv[2], jobs={1}, pixels_checked=True)"


def environment(folder):
    """The rivals' own Python, with their versions pinned."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    wanted = [f"{name}=={version}" for name, version in RIVALS.items()]
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *wanted], check=True)
    return folder / "bin"


def commands(rivals, source, output):
    """{tool: command line} from a flat folder to a flat folder."""
    return {
        "handson": [sys.executable, "-c", OURS.format("anonymize", 1), source, output],
        "dicom-anonymizer": [rivals / "dicom-anonymizer", source, output],
        "dicognito": [rivals / "dicognito", "-o", output, source],
        "deid": [rivals / "python", "-c", DRIVERS["deid"], source, output],
    }


def run(command, output):
    """Seconds of one run into a fresh folder."""
    shutil.rmtree(output, ignore_errors=True)
    if "handson" not in str(command[2]):
        output.mkdir()
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def leaks(rivals, work):
    """Files out, canaries found, hiding places open, elements lost, for every tool on the planted corpus."""
    seed = secrets.randbits(32)
    planter = Planter(seed)
    source = work / "planted"
    number = 0
    for file in corpus():
        # without text after the data set, at which the rivals raise and leave the whole file out
        number += planter.copy(file, source / f"{planter.word('file name')}.dcm", tail=False)
    names = {path.stem for path in source.iterdir()}
    planter.known = {w: p for w, p in planter.known.items() if p != "file name" or w in names}
    places = set(map(place_of, planter.known.values()))
    print(
        f"\nseed {seed}: {number} files, {len(planter.known)} canaries in {len(places)} kinds of places\n"
    )
    print("| tool | files out | canaries found | kinds of places open |\n|---|---|---|---|")
    ours = commands(rivals, source, work / "out")["handson"]
    theirs = {
        tool: [rivals / "python", "-c", code, source, work / "out"]
        for tool, code in DRIVERS.items()
    }
    tools = {"a plain copy": None, "handson": ours, **theirs}
    for tool, command in tools.items():
        output = work / "out"
        if command is None:
            shutil.copytree(source, output)
        else:
            run(command, output)
        files = [
            p
            for p in output.rglob("*")
            if p.is_file() and not p.name.startswith("deidentification")
        ]
        found = {finding.what for finding in handson.audit(output, planter.known)}
        open_places = {place_of(planter.known[what]) for what in found}
        print(
            f"| {tool} | {len(files)} | {len(found)} ({100 * len(found) / len(planter.known):.0f} %)"
            f" | {len(open_places)} ({100 * len(open_places) / len(places):.0f} %) |"
        )
        shutil.rmtree(output)


ACTIONS = ("removed", "replaced", "shifted", "consistent", "kept", "pixels")
KEPT = ("Modality", "Manufacturer", "SliceThickness", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
        "Rows", "Columns", "WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept", "SeriesNumber",
        "InstanceNumber", "PatientPosition", "PhotometricInterpretation", "RepetitionTime", "EchoTime", "KVP",
        "ConvolutionKernel", "BodyPartExamined", "SOPClassUID", "ImageType", "BitsStored")  # fmt: skip
REMOVED = ("PatientBirthDate", "InstitutionName", "InstitutionAddress", "ReferringPhysicianName", "OperatorsName",
           "AccessionNumber", "OtherPatientIDs", "PatientAddress", "PatientTelephoneNumbers")  # fmt: skip


def actions(pairs, secrets_of):
    """{action: [passed, all]} over (original, output or None) files, in the categories of the field's benchmark.

    A file that is missing passes what had to go and fails what had to stay. `removed` and `kept` are never added up:
    whoever copies everything is perfect at one, whoever deletes everything at the other.
    """
    score = {action: [0, 0] for action in ACTIONS}
    uids = {}

    def count(action, passed):
        score[action][0] += bool(passed)
        score[action][1] += 1

    for old, new in pairs:
        before = pydicom.dcmread(old)
        after = pydicom.dcmread(new) if new else None
        data = new.read_bytes().lower() if new else b""
        for secret in secrets_of[old.name]:
            count("removed", secret.lower().encode() not in data)
        for keyword in REMOVED:
            if before.get(keyword):
                count(
                    "removed", after is None or str(after.get(keyword)) != str(before.get(keyword))
                )
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID"):
            value = after.get(keyword) if after is not None else None
            count("replaced", value and value != before.get(keyword))
            known = uids.setdefault((keyword, before.get(keyword)), value)
            count("consistent", value and value == known)
        if before.get("StudyDate"):
            date = str(after.get("StudyDate")) if after is not None else ""
            count("shifted", date != before.StudyDate)
        for keyword in KEPT:
            if before.get(keyword) not in (None, ""):
                count("kept", after is not None and after.get(keyword) == before.get(keyword))
        if "PixelData" in before:
            count("pixels", after is not None and after.get("PixelData") == before.PixelData)
    return score


def score(rivals, work):
    """The actions of every tool on small files with identities in elements that the table does not list."""
    seed = secrets.randbits(32)
    dice = random.Random(seed)
    source = work / "score"
    source.mkdir()
    secret = {}
    for number in range(40):
        name = get_testdata_file(dice.choice(["MR_small.dcm", "CT_small.dcm"]), download=False)
        dataset = pydicom.dcmread(name)
        word = lambda: "".join(dice.choices("bdfgklmnprstvz", k=9)).title()  # noqa: E731
        who = [word(), word(), word()]
        dataset.PatientName, dataset.PatientID = f"{who[0]}^{who[1]}", f"ID{number % 5}{seed}"
        dataset.PatientAddress, dataset.StudyDate = f"12 {who[2]} Street", "20200301"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.InstanceNumber = number
        dataset.ReceiveCoilName, dataset.ImageComments = f"coil of {who[2]}", f"seen by {who[1]}"
        dataset.SeriesDescription = f"CT HEAD for {who[0]}"
        dataset.private_block(0x0011, "ACME", create=True).add_new(1, "LO", who[2])
        dataset.save_as(source / f"{number:02d}.dcm")
        secret[f"{number:02d}.dcm"] = who
    print(
        f"\nseed {seed}\n\n| % passed | "
        + " | ".join(ACTIONS)
        + " |\n|---|"
        + "---|" * len(ACTIONS)
    )
    tools = {"handson": commands(rivals, source, work / "out")["handson"]}
    tools |= {
        t: [rivals / "python", "-c", code, source, work / "out"] for t, code in DRIVERS.items()
    }
    for tool, command in tools.items():
        run(command, work / "out")
        outputs = [
            p for p in (work / "out").rglob("*") if p.is_file() and "deidentification" not in p.name
        ]
        pairs = matched(sorted(source.iterdir()), outputs)
        result = actions(pairs, secret)
        row = " | ".join(f"{100 * passed / max(total, 1):.1f}" for passed, total in result.values())
        print(f"| {tool} | {row} |")


def matched(originals, outputs):
    """(original, output or None), by Instance Number, which no tool changes."""
    found = {int(pydicom.dcmread(path).InstanceNumber): path for path in outputs}
    return [(path, found.get(int(path.stem))) for path in originals]


def place_of(place):
    """A kind of hiding place: the tag, and how deep it lies."""
    words = place.split()
    depth = sum(word.endswith("Sequence") for word in words)
    return (depth, " ".join(word for word in words if not word.endswith("Sequence")))


def small_files(folder, number):
    """MR files of 9.8 kB, of five patients."""
    folder.mkdir()
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    for index in range(number):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.PatientID, dataset.InstanceNumber = f"ID{index % 5:05d}", index
        dataset.save_as(folder / f"IM{index:05d}.dcm")
    return folder


def speed(rivals, work):
    source = small_files(work / "mr1000", 1000)
    times = collections.defaultdict(list)
    for _ in range(3):
        for tool, command in commands(rivals, source, work / "out").items():
            times[tool].append(run(command, work / "out"))
    rate = {tool: 1000 / min(seconds) for tool, seconds in times.items()}
    print(
        "\n| 1,000 MR files, one process | files per second | beside dicom-anonymizer |\n|---|---|---|"
    )
    for tool, value in rate.items():
        print(f"| {tool} | {value:.0f} | {value / rate['dicom-anonymizer']:.2f} |")


def jobs(work):
    source = small_files(work / "mr5000", 5000)
    print("\n| 5,000 MR files | seconds | speed-up |\n|---|---|---|")
    best = {
        n: min(
            run(
                [sys.executable, "-c", OURS.format("anonymize", n), source, work / "out"],
                work / "out",
            )
            for _ in range(2)
        )
        for n in (1, 2)
    }
    for n, seconds in best.items():
        print(f"| --jobs {n} | {seconds:.1f} | {best[1] / seconds:.2f} |")


def peak(source, output):
    """Peak memory in MB of one run in a child."""
    code = (  # VmHWM, since ru_maxrss of a child begins with its parent's
        OURS.format("anonymize", 1)
        + "; import re; status = open('/proc/self/status').read()"
        + "; print(re.search(r'VmHWM:\\s+(\\d+)', status)[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, source, output], capture_output=True, text=True
    )
    return int(done.stdout) / 1024


def memory(work):
    print("\n| files | peak memory |\n|---|---|")
    for number in (1000, 10_000):
        source = small_files(work / f"memory{number}", number)
        print(f"| {number} | {peak(source, work / f'out{number}'):.0f} MB |")


def large(work):
    """A multi-frame file of 2 GB, its pixels a hole in the file."""
    folder = work / "large"
    folder.mkdir()
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.Rows = dataset.Columns = 1024
    dataset.NumberOfFrames = 1000
    del dataset.PixelData, dataset[0xFFFCFFFC]
    path = folder / "a.dcm"
    dataset.save_as(path)
    length = 1024 * 1024 * 2 * 1000
    with open(path, "ab") as file:
        file.write(b"\xe0\x7f\x10\x00OW\0\0" + length.to_bytes(4, "little"))
        file.truncate(file.tell() + length)
    used = peak(folder, work / "large_out")
    print(f"\nA multi-frame file of {length / 1e9:.1f} GB: {used:.0f} MB at the peak.")


def main(wanted):
    wanted = wanted or ["leaks", "score", "speed", "jobs", "memory", "large"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rivals = environment(work / "rivals") if {"leaks", "score", "speed"} & set(wanted) else None
        for name in wanted:
            part = work / name
            part.mkdir()
            {
                "leaks": lambda p: leaks(rivals, p),
                "score": lambda p: score(rivals, p),
                "speed": lambda p: speed(rivals, p),
            }.get(name, globals().get(name))(part)
            shutil.rmtree(part)


if __name__ == "__main__":
    main(sys.argv[1:])
