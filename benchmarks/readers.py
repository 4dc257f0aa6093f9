"""Time and memory of `scan` and `read_series` beside SimpleITK, dcm2niix and pydicom, on a made series.

    python benchmarks/readers.py

Everything is warm and taken in turns within one run; medians. SimpleITK does what its users do:
GetGDCMSeriesFileNames, then an ImageSeriesReader; dcm2niix converts and writes (`-z n`). Processor
time is told beside the clock's, since other programs disturb it less. pydicom reads headers with stop_before_pixels.
Peak memory is that of a fresh process, less what it held after the imports.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dcm2niix
import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

SIDE, TURNS = 325, 5


def make(folder, slices, private=0, side=SIDE):
    """A CT series of `slices` files under shuffled names, in front of the pixels `private` long elements."""
    folder.mkdir()
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    dataset.Rows = dataset.Columns = side
    dataset.SeriesInstanceUID = generate_uid()
    for n in range(private):
        block = dataset.private_block(0x0071 + 2 * (n // 200), "LONG", create=True)
        block.add_new(n % 200, "LO", "a private value of some length")
    random = np.random.default_rng(0)
    for k, name in enumerate(random.permutation(slices)):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.ImagePositionPatient = [-160, -160, 1.25 * k]
        dataset.InstanceNumber = k + 1
        dataset.PixelData = random.integers(0, 2000, (side, side)).astype("<i2").tobytes()
        dataset.save_as(folder / f"{name:05d}.dcm")
    return folder


def ours(folder):
    from handson import read_series

    return read_series(folder).data


def simpleitk(folder):
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayViewFromImage(reader.Execute())


def converter(folder):
    with tempfile.TemporaryDirectory() as out:
        command = [dcm2niix.bin, "-b", "n", "-z", "n", "-f", "x", "-o", out, str(folder)]
        subprocess.run(command, check=True, capture_output=True)


def processor(run, folder) -> float:
    """Processor seconds of one run, its children's included."""

    def spent():
        both = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
        return sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, both))

    before = spent()
    run(folder)
    return spent() - before


def ours_scan(folder):
    from handson import scan

    return scan(folder)


def pydicom_headers(folder):
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]


def race(first, second, folder):
    """Median seconds of each, in turns after one warm-up."""
    times = {first: [], second: []}
    for turn in range(TURNS + 1):
        for run in times:
            start = time.perf_counter()
            run(folder)
            if turn:
                times[run].append(time.perf_counter() - start)
    return [statistics.median(t) for t in times.values()]


def high_water() -> int:
    """Largest resident size of this process so far, in bytes (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def peak(folder):
    """Peak of a process that reads, less its peak before, over the bytes of the array."""
    from handson import read_series

    read_series(next(iter(folder.iterdir())))  # imports done
    before = high_water()
    data = read_series(folder).data
    print((high_water() - before) / data.nbytes)


def main():
    with tempfile.TemporaryDirectory() as made:
        made = Path(made)
        series = make(made / "series", 384)
        a, b = race(ours, simpleitk, series)
        print(
            f"| `read_series`, 384 slices, 81 MB | {a:.2f} s | SimpleITK {b:.2f} s | {a / b:.2f} |"
        )
        a, b = race(ours, converter, series)
        print(f"| the same | {a:.2f} s | dcm2niix with its write {b:.2f} s | {a / b:.2f} |")
        a, b = race(ours_scan, pydicom_headers, series)
        print(f"| `scan`, the same | {a:.2f} s | pydicom {b:.2f} s | {a / b:.2f} |")
        long = make(made / "long", 200, private=1000, side=64)
        a, b = race(ours_scan, pydicom_headers, long)
        print(
            f"| `scan`, 1000 private elements behind | {a:.2f} s | pydicom {b:.2f} s | {a / b:.2f} |"
        )
        child = [sys.executable, "-W", "ignore", __file__, "peak", str(series)]
        done = subprocess.run(child, capture_output=True, text=True, check=True)
        print(f"\npeak memory: {float(done.stdout):.2f} times the array\n")
        large = make(made / "large", 384 * 16)
        for name, run in (("read_series", ours), ("dcm2niix", converter)):
            few = statistics.median(processor(run, series) for _ in range(3))
            many = processor(run, large)
            print(
                f"processor time of {name}, 384 and 6144 slices: {few:.2f} s, {many:.2f} s "
                f"({many / few:.1f}-fold for 16)"
            )
        for count in (100, 400, 1600, 6400):
            folder = make(made / str(count), count, side=64)
            start = time.perf_counter()
            ours(folder)
            print(f"| {count} | {(time.perf_counter() - start) / count * 1000:.2f} ms |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["peak"]:
        peak(Path(sys.argv[2]))
    else:
        main()
