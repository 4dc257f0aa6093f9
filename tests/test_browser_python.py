"""The Python of a browser has no processes, no sockets and few compiled packages: each is missed only where it is needed."""

import subprocess
import sys

ABSENT = ("_multiprocessing", "_posixshmem", "cryptography", "pynetdicom", "highdicom", "gdcm")
IN_A_BROWSER = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT!r}))
import handson, handson.__main__
from handson import commands, deidentify, lessons
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", IN_A_BROWSER + code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_public_name_is_there():
    run("for name in handson.__all__: getattr(handson, name)")


def test_a_folder_is_deidentified_in_one_process(tmp_path):
    run(
        "from pydicom.data import get_testdata_file\n"
        "handson.anonymize(get_testdata_file('CT_small.dcm', download=False), "
        f"{str(tmp_path / 'out')!r})\n"
    )
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1


def test_the_store_says_what_it_needs(tmp_path):
    told = run(
        "from handson.errors import HandsonError\n"
        f"try: deidentify.Store({str(tmp_path / 'look-up.db')!r}, passphrase='a passphrase of some length')\n"
        "except HandsonError as error: print(error)\n"
    )
    assert "cryptography" in told
