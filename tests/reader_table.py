"""What different programs make of one file: the two small tables of lesson 04.

`python tests/reader_table.py` computes them and writes them into the notebook's two cells; a test computes
them again. nibabel, SimpleITK and dcm2niix are asked as a user would ask them; the answers are RAS+ mm.
"""

import importlib.metadata
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import nbformat
import nibabel as nib
import numpy as np
import programs
import SimpleITK
from shipped import NOTEBOOKS

import handson

LESSON = NOTEBOOKS / "04_nifti_orientation.ipynb"
SFORM_X, QFORM_X = 40.0, -10.0  # x of voxel (0, 0, 0) in each form
FORMS = {
    "sform 1, qform 1": (1, 1),
    "sform 4, qform 1": (4, 1),
    "sform 1, qform 4": (1, 4),
    "sform 2, qform 0": (2, 0),
    "sform 0, qform 1": (0, 1),
    "sform 0, qform 0": (0, 0),
}


def conflict(path, sform_code, qform_code):
    """Write a file whose two forms disagree by 50 mm along x."""
    image = nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), None)
    for set_form, code, x in (
        (image.set_sform, sform_code, SFORM_X),
        (image.set_qform, qform_code, QFORM_X),
    ):
        set_form(nib.affines.from_matvec(np.diag([2.0, 2.0, 2.0]), (x, 0, 0)), code=code)
    nib.save(image, path)


def origin_by_sitk(path):
    """RAS+ mm of voxel (0, 0, 0) as SimpleITK has it (it works in LPS)."""
    return np.array(SimpleITK.ReadImage(str(path)).GetOrigin()) * (-1, -1, 1)


def named(x):
    return {SFORM_X: "sform", QFORM_X: "qform"}.get(round(float(x), 3), f"neither: {x + 0.0:g} mm")


@cache
def forms_table():
    """[[codes, nibabel, handson, SimpleITK], ...]: which form each program takes.

    Where it takes neither, x of voxel (0, 0, 0) is said; the file has 4 x 5 x 6 voxels of 2 mm.
    """
    rows = [["codes in the file", "nibabel", "handson", "SimpleITK"]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conflict.nii"
        for title, codes in FORMS.items():
            conflict(path, *codes)
            origins = (
                nib.load(path).affine[0, 3],
                handson.read_nifti(path).affine[0, 3],
                origin_by_sitk(path)[0],
            )
            rows.append([title, *map(named, origins)])
    return rows


def by_dcm2niix(series, folder):
    """Convert one DICOM series with dcm2niix and return the path of the NIfTI file."""
    command = [programs.DCM2NIIX, "-f", "converted", "-z", "n", "-o", str(folder), str(series)]
    subprocess.run(command, check=True, capture_output=True)
    return Path(folder) / "converted.nii"


def marker_mm(image):
    data = np.asarray(image.dataobj)
    return nib.affines.apply_affine(image.affine, np.argwhere(data == data.max())).mean(axis=0)


@cache
def conversion_table():
    """[[series, axes and codes and marker of ours, of dcm2niix's], ...] for the lettered phantom."""
    rows = [["series", "axes, ours", "axes, dcm2niix", "codes (sform, qform)", "marker, ours / mm",
             "marker, dcm2niix / mm"]]  # fmt: skip
    for series in sorted((handson.fetch("gen-phantom") / "dicom").iterdir()):
        with tempfile.TemporaryDirectory() as folder:
            ours = Path(folder) / "ours.nii"
            handson.write_nifti(handson.read_series(series), ours)
            images = [nib.load(ours), nib.load(by_dcm2niix(series, folder))]
            axes = ["".join(nib.aff2axcodes(image.affine)) for image in images]
            codes = [
                f"{int(i.header['sform_code'])}, {int(i.header['qform_code'])}" for i in images
            ]
            places = [", ".join(f"{v + 0.0:.1f}" for v in marker_mm(i).round(1)) for i in images]
            rows.append([series.name, *axes, " / ".join(dict.fromkeys(codes)), *places])
    return rows


def markdown(rows) -> str:
    head, *body = rows
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)]
    return "\n".join(lines)


def versions(cell_id) -> str:
    """The programs of one table, with their versions."""
    if cell_id == "readers-forms":
        return f"nibabel {nib.__version__}, SimpleITK {importlib.metadata.version('SimpleITK')}"
    said = subprocess.run(
        [programs.DCM2NIIX, "--version"], capture_output=True, text=True
    ).stdout.split()
    return f"dcm2niix {next(w for w in said if w.startswith('v1'))}"


TABLES = {"readers-forms": forms_table, "readers-conversion": conversion_table}
NOTES = {
    "readers-forms": "Each file has 4 × 5 × 6 voxels of 2 mm. Where a program takes neither form, "
    "the table gives x of voxel (0, 0, 0). ",
    "readers-conversion": "",
}


def main():
    """Write both tables into the notebook, each in the Markdown cell that carries its id."""
    notebook = nbformat.read(LESSON, as_version=4)
    for cell in notebook.cells:
        if cell.id in TABLES:
            notes = f"<small>{NOTES[cell.id]}{versions(cell.id)}; made by `tests/reader_table.py`.</small>"
            cell.source = f"{markdown(TABLES[cell.id]())}\n\n{notes}"
    nbformat.write(notebook, LESSON)


if __name__ == "__main__":
    sys.exit(main())
