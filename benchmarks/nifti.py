"""How long `read_nifti` takes beside nibabel, both warm and in turns, and how much memory a slice costs.

    python benchmarks/nifti.py

Files are made in a temporary folder from a fixed seed. nibabel does what its users do: `load`, then
`np.asanyarray(image.dataobj)` where the values are the stored ones, `get_fdata(dtype=float32)` where
they are scaled. After reading, both sum all voxels, since a mapped file is read only then.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import nibabel as nib
import numpy as np

import handson

ROUNDS = 14
CASES = {
    "3-D int16, .nii (mapped)": ((256, 256, 176), np.int16, ".nii", None),
    "3-D int16, .nii.gz": ((256, 256, 176), np.int16, ".nii.gz", None),
    "3-D int16 scaled, .nii": ((256, 256, 176), np.int16, ".nii", 0.25),
    "3-D int16 scaled, .nii.gz": ((256, 256, 176), np.int16, ".nii.gz", 0.25),
    "3-D float32, .nii.gz": ((197, 233, 189), np.float32, ".nii.gz", None),
    "4-D int16, .nii.gz": ((64, 64, 36, 150), np.int16, ".nii.gz", None),
    "small: 4 x 5 x 6, .nii.gz": ((4, 5, 6), np.int16, ".nii.gz", None),
}


def make(folder, shape, dtype, suffix, slope):
    """Smooth anatomy with noise, so that gzip has as much to do as with a scan."""
    rng = np.random.default_rng(0)
    axes = [np.linspace(0, 3, n) for n in shape]
    smooth = sum(np.meshgrid(*[np.sin(a) for a in axes], indexing="ij", sparse=True))
    data = (300 * smooth + rng.normal(0, 8, shape)).astype(dtype)
    image = nib.Nifti1Image(data, np.diag((1.0, 1, 1, 1)))
    if slope:
        image.header.set_slope_inter(slope, 5)
    path = folder / f"{len(list(folder.iterdir()))}{suffix}"
    image.to_filename(path)
    return path


def ours(path, scaled):
    return handson.read_nifti(path).data.sum()


def nibabels(path, scaled):
    image = nib.load(path)
    data = image.get_fdata(dtype=np.float32) if scaled else np.asanyarray(image.dataobj)
    return data.sum()


def times(path, scaled):
    """Medians of both, taken in turns, the first round thrown away."""
    taken = {ours: [], nibabels: []}
    repeats = 50 if path.stat().st_size < 10_000 else 1
    for turn in range(ROUNDS + 1):
        for read, found in list(taken.items())[:: -1 if turn % 2 else 1]:
            began = perf_counter()
            for _ in range(repeats):
                read(path, scaled)
            found.append((perf_counter() - began) / repeats)
    return [median(found[1:]) for found in taken.values()]


def child(code, *arguments) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def memory(path, expression) -> float:
    """MB that reading takes at its peak, above the process that has everything imported."""
    return float(
        child(  # VmHWM, since ru_maxrss of a child begins with its parent's
            "import sys, re, numpy, handson, handson.nifti\n"
            "status = lambda: open('/proc/self/status').read()\n"
            "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status())[1]) / 1024\n"
            f"path = sys.argv[1]; before = peak(); {expression}; print(peak() - before)",
            path,
        )
    )


def main():
    print("| file | read_nifti | nibabel | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case, (shape, dtype, suffix, slope) in CASES.items():
            mine, theirs = times(make(folder, shape, dtype, suffix, slope), slope)
            print(f"| {case} | {mine * 1e3:.2f} ms | {theirs * 1e3:.2f} ms | {mine / theirs:.2f} |")
        plain = make(folder, (64, 64, 36, 300), np.int16, ".nii", None)
        packed = make(folder, (64, 64, 36, 300), np.int16, ".nii.gz", None)
        one = "handson.read_nifti(path{}){}.data.sum()"
        print("\n| one volume of 300 (0.3 MB of 88 MB) | peak memory |\n|---|---|")
        for case, path, expression in (
            ("mapped .nii, `.at(7)`", plain, one.format("", ".at(7)")),
            ("mapped .nii, `volumes=7`", plain, one.format(", volumes=7", "")),
            (".nii.gz, `volumes=7`", packed, one.format(", volumes=7", "")),
            (".nii.gz, all", packed, one.format("", "")),
        ):
            print(f"| {case} | {memory(path, expression):.1f} MB |")
    clock = "from time import perf_counter as t; a = t(); import handson; print(t() - a)"
    print(f"\n`import handson`: {median(float(child(clock)) for _ in range(9)) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
