"""Bytes flipped, runs overwritten, files cut: never a crash, a hang, a gigabyte or a foreign exception.

The inputs are tried in a child process, so that a crash of a decoder is seen for what it is.
By hand, for long: python tests/test_fuzz_dicom.py SEED COUNT
"""

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from dicom_files import bundled

SEEDS = [
    "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "SC_rgb_jpeg.dcm", "SC_rgb_jpeg_gdcm.dcm",
    "JPGExtended.dcm", "emri_small_RLE.dcm", "rtdose_rle.dcm", "image_dfl.dcm", "SC_rgb_small_odd.dcm",
    "liver_1frame.dcm", "dicomdirtests/DICOMDIR", "6154", "examples_palette.dcm",
]  # fmt: skip
SECONDS, MEGABYTES = 5, 1024


def mutated(whole: bytes, random) -> bytes:
    """One to thirty bytes changed, a run overwritten with 0 or 255, or an end cut off."""
    data = bytearray(whole)
    head = min(len(data), 3000)  # most of the meaning stands there
    for _ in range(random.integers(1, 30)):
        at = random.integers(0, head if random.random() < 0.8 else len(data))
        data[at] = random.integers(0, 256) if random.random() < 0.7 else random.choice([0, 1, 255])
    if random.random() < 0.2:
        at = random.integers(0, len(data))
        data[at : at + random.integers(1, 64)] = bytes([random.choice([0, 255])]) * 8
    return bytes(data[: random.integers(0, len(data))]) if random.random() < 0.25 else bytes(data)


def try_all(first, count):
    """Read `count` mutated files; print and stop at the first that is answered in a wrong way."""
    from handson import HandsonError, read_series, read_slice, scan
    from handson.dicom import read_dicomdir

    def late(*_):
        raise TimeoutError(f"longer than {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    wholes = [Path(bundled(name)).read_bytes() for name in SEEDS]
    folder = Path(tempfile.mkdtemp(prefix="handson-fuzz-"))
    for number in range(first, first + count):
        random = np.random.default_rng(number)
        path = folder / "input"
        path.write_bytes(mutated(wholes[number % len(wholes)], random))
        print(number, end=" ", flush=True)
        for read in (scan, read_slice, read_series, read_dicomdir):
            signal.alarm(SECONDS)
            try:
                read(path)
            except HandsonError:
                pass
            except BaseException as error:
                print(f"\n{path}: {SEEDS[number % len(wholes)]}: {read.__name__}: {error!r}")
                raise
            finally:
                signal.alarm(0)
    print(f"\nlargest: {high_water()} MB")


def high_water():
    """Largest resident size of this process in MB; ru_maxrss would begin with the parent's (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


def run(first, count):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, str(first), str(count)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-300:], done.stderr[-2000:])
    assert int(done.stdout.split()[-2]) < MEGABYTES


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_damaged_files_are_answered_with_our_errors():
    run(0, 680)
    run(1_096_131, 1)  # a JPEG 2000 at which GDCM ends the program


@pytest.mark.long
@pytest.mark.timeout(0)
def test_many_more_damaged_files_are_too():
    run(1_000_000, 100_000)


if __name__ == "__main__":
    try_all(int(sys.argv[1]), int(sys.argv[2]))
