"""What the phantom tests share: other people's programs that say what a generated set really holds."""

import shutil
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import programs
import SimpleITK
from nibabel.affines import apply_affine


def assert_conformant(paths):
    """dicom3tools' dciodvfy finds no error in any of the files."""
    dciodvfy = programs.need("dciodvfy")
    wrong, tried = {}, 0
    for path in paths:
        said = subprocess.run(
            [dciodvfy, "-new", str(path)], capture_output=True, text=True, errors="replace"
        )
        errors = [line for line in (said.stdout + said.stderr).splitlines() if "Error" in line]
        if errors:
            wrong[f"{path.parent.name}/{path.name}"] = errors
        tried += 1
    assert tried
    assert not wrong


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.name.startswith(("IM", "DICOMDIR")))


def some(folder, each=12):
    """Files of every folder inside, every twelfth: the slices of a series share their header."""
    by_folder = {}
    for path in files(folder):
        by_folder.setdefault(path.parent, []).append(path)
    return [path for paths in by_folder.values() for path in paths[::each]]


def dcm2niix_volume(folder, scratch=None):
    """dcm2niix's reading of a folder with one series: values, affine, shape."""
    scratch = Path(scratch or folder.parent / f"{folder.name}-dcm2niix")
    scratch.mkdir(exist_ok=True)
    command = [programs.DCM2NIIX, "-z", "n", "-f", "volume", "-o", str(scratch), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    (written,) = scratch.glob("*.nii")
    image = nibabel.load(written)
    values = image.get_fdata(dtype=np.float32)
    shutil.rmtree(scratch)
    return values, image.affine, image.shape


def simpleitk_volume(folder):
    """SimpleITK's reading of a folder with one series, turned from LPS+ to RAS+."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    values = SimpleITK.GetArrayFromImage(image).T
    return values, np.diag([-1, -1, 1, 1]) @ affine, values.shape


def corners(affine, shape):
    """The eight corner voxels in mm, in an order that does not depend on how the axes are stored."""
    ijk = np.array(np.meshgrid(*[(0, n - 1) for n in shape[:3]])).reshape(3, -1).T
    mm = apply_affine(affine, ijk)
    return mm[np.lexsort(mm.round(1).T)]


def brightest_point(values, affine, share):
    """Centre in mm of the voxels above `share` of the largest value, weighted by value."""
    ijk = np.argwhere(values > share * values.max())
    return np.average(apply_affine(affine, ijk), axis=0, weights=values[tuple(ijk.T)])


def world_values(values, affine, other_affine, ijk):
    """Values at the voxels nearest to where `ijk` of another grid lie; 0 outside."""
    there = np.rint(apply_affine(np.linalg.inv(affine) @ other_affine, ijk)).astype(int)
    inside = ((there >= 0) & (there < values.shape)).all(axis=1)
    found = np.zeros(len(ijk))
    found[inside] = values[tuple(there[inside].T)]
    return found
