"""How long `handson.segmentations` takes beside what a user would run instead, in turns, and as ratios.

    python benchmarks/segmentations.py

On the files of gen-segmentation. SEG: highdicom reads all segments into one array. RTSTRUCT: each ring by
matplotlib's `contains_points` on the voxels of its slice. Agreement: SimpleITK's overlap and Hausdorff
filters, which give no 95 % and no mean. Memory: the peak of tracemalloc while all segments are read and one
mask is made.
"""

import tracemalloc
from statistics import median
from time import perf_counter

import highdicom
import numpy as np
import pydicom
import SimpleITK as sitk
from matplotlib.path import Path as Outline

import handson
from handson.segmentations import compare, read_segmentation

ROUNDS = 7


def seg_ours(folder, ct):
    return [s.mask.data.sum() for s in read_segmentation(folder / "binary.dcm", like=ct)]


def seg_highdicom(folder, ct):
    image = highdicom.seg.segread(folder / "binary.dcm")
    volume = image.get_volume(combine_segments=False, allow_missing_positions=True)
    return list(np.asarray(volume.array).sum(axis=(0, 1, 2)))


def rtstruct_ours(folder, ct):
    return [s.mask.data.sum() for s in read_segmentation(folder / "rtstruct.dcm", like=ct)]


def rtstruct_matplotlib(folder, ct):
    centres = np.stack(np.indices(ct.shape[:2]), axis=-1).reshape(-1, 2)
    counts = []
    for region in pydicom.dcmread(folder / "rtstruct.dcm").ROIContourSequence[:3]:
        mask = np.zeros(ct.shape, bool)
        for contour in region.ContourSequence:
            points = np.reshape(np.array(contour.ContourData, float), (-1, 3)) * (-1, -1, 1)
            ijk = ct.voxel(points)
            inside = Outline(ijk[:, :2]).contains_points(centres).reshape(ct.shape[:2])
            mask[:, :, round(ijk[0, 2])] ^= inside
        counts.append(mask.sum())
    return counts


def raters(folder):
    return [read_segmentation(folder / f"rater_{name}.nii.gz")[0].mask for name in "ab"]


def compare_ours(folder, ct):
    found = compare(*raters(folder))
    return [found.dice, found.hausdorff]


def compare_simpleitk(folder, ct):
    images = [sitk.ReadImage(str(folder / f"rater_{name}.nii.gz")) for name in "ab"]
    overlap, distance = sitk.LabelOverlapMeasuresImageFilter(), sitk.HausdorffDistanceImageFilter()
    overlap.Execute(*images)
    distance.Execute(*images)
    return [overlap.GetDiceCoefficient(), distance.GetHausdorffDistance()]


CASES = {
    "SEG, 32 frames, 3 segments": (seg_ours, seg_highdicom, "highdicom"),
    "RTSTRUCT, 38 rings": (rtstruct_ours, rtstruct_matplotlib, "matplotlib"),
    "Dice and Hausdorff, 2546 voxels": (compare_ours, compare_simpleitk, "SimpleITK"),
}


def in_turns(ours, theirs, *args):
    """Median seconds of both, the first round thrown away; both must find the same."""
    np.testing.assert_allclose(ours(*args), theirs(*args), rtol=1e-4)
    taken = ([], [])
    for _ in range(ROUNDS):
        for run, times in zip((ours, theirs), taken, strict=True):
            start = perf_counter()
            run(*args)
            times.append(perf_counter() - start)
    return tuple(map(median, taken))


def peak(folder, ct) -> float:
    """MB."""
    tracemalloc.start()
    read_segmentation(folder / "binary.dcm", like=ct)[1].mask.data.sum()
    found = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return found


def main():
    folder = handson.fetch("gen-segmentation")
    ct = handson.read_series(handson.fetch("gen-study") / "CT")
    for name, (ours, theirs, who) in CASES.items():
        a, b = in_turns(ours, theirs, folder, ct)
        print(f"{name:34} {a * 1000:7.0f} ms   {who} {b * 1000:7.0f} ms   ratio {a / b:.2f}")
    print(f"peak of three segments read and one mask made: {peak(folder, ct):.0f} MB")


if __name__ == "__main__":
    main()
