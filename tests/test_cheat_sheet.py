"""The cheat sheet says what the code does: every number and every name in it is computed here again."""

import html
import inspect
import re

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from shipped import REPOSITORY

import handson
from handson import Volume
from handson.display import windows

LINES = [
    html.unescape(line)
    for line in re.findall(
        r"<text[^>]*>(.*?)</text>", (REPOSITORY / "notebooks/cheat_sheet.svg").read_text("utf-8")
    )
]
TEXT = "\n".join(LINES)


def said(pattern):
    """The one match of a pattern in the sheet."""
    (found,) = re.findall(pattern, TEXT)
    return found


@pytest.mark.parametrize(
    "field",
    ["dim", "pixdim", "datatype", "vox_offset", "scl_slope", "scl_inter", "qform_code", "sform_code",
     "srow_x", "magic"],
)  # fmt: skip
def test_nifti_offsets_are_those_of_the_header(field):
    offset = nibabel.Nifti1Header.template_dtype.fields[field][1]
    assert int(said(rf"(\d+)\s+{field}\b")) == offset


def test_nifti_sizes_and_magic():
    sizes = [h.sizeof_hdr for h in (nibabel.Nifti1Header, nibabel.Nifti2Header)]
    assert said(r"sizeof_hdr (\d+) \(NIfTI-2: (\d+)\)") == tuple(map(str, sizes))
    single, pair = nibabel.Nifti1Header.single_magic, nibabel.Nifti1Header.pair_magic
    assert said(r"magic: (\S+) one file, (\S+) a pair") == (single.decode(), pair.decode())


def test_the_bytes_of_an_element_are_those_that_pydicom_writes():
    number, shown = said(r"\(0028,0010\) US 2 -> ((?:[0-9A-F]{2} ?)+)"), 512
    dataset = pydicom.Dataset()
    dataset.Rows = shown
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, dataset)
    assert bytes.fromhex(number) == file.getvalue()


def test_where_a_dicom_file_begins():
    with open(pydicom.data.get_testdata_file("CT_small.dcm", download=False), "rb") as file:
        data = file.read()
    mark = data.index(b"DICM")
    assert said(r"(\d+) free bytes \(preamble\)") == said(r"(\d+)  DICM") == str(mark)
    assert said(r"(\d+)  elements: tag") == str(mark + 4)


def test_the_window_formula_is_that_of_the_code():
    centre, width, x = 40.0, 400.0, np.linspace(-159, 238, 7)
    formula = said(r"y = (255 .*)").replace("255 (", "255 * (")
    grey = eval(formula, {"x": x, "c": centre, "w": width})
    np.testing.assert_allclose(grey, windows.window(x, centre, width), atol=1e-9)


def test_the_aspects_are_those_of_the_planes():
    rows, columns, slices = map(float, said(r"rows ([\d.]+), columns ([\d.]+), slices ([\d.]+) mm"))
    volume = Volume(np.zeros((3, 3, 3)), np.diag([columns, rows, slices, 1]))
    aspects = [float(a) for a in said(r"axial ([\d.]+), sagittal ([\d.]+), coronal ([\d.]+)")]
    planes = ("axial", "sagittal", "coronal")
    assert aspects == pytest.approx([volume.plane(plane).aspect for plane in planes])


def test_a_tilted_step_has_the_two_parts_that_are_said():
    assert said("s cos a apart, s sin a aside")
    tilt, step = np.deg2rad(15), 3.0
    affine = np.eye(4)
    affine[:3, 2] = (0, step * np.sin(tilt), step * np.cos(tilt))
    volume = Volume(np.zeros((2, 2, 2)), affine)
    assert volume.spacing[2] == pytest.approx(step)
    assert volume.slice_distance == pytest.approx(step * np.cos(tilt))


def test_every_name_and_argument_exists():
    for name in set(re.findall(r"handson\.([a-z_.]+)", TEXT)):
        thing = handson
        for part in name.split("."):
            thing = getattr(thing, part)
        assert callable(thing)
    for name in set(re.findall(r"volume\.([a-z]+)\(", TEXT)):
        assert callable(getattr(Volume, name))
    assert "threshold" in inspect.signature(handson.Layer).parameters
    assert "mm" in inspect.signature(Volume.plane).parameters


def test_nothing_leaves_its_box():
    """At 11 px DejaVu Sans a character is at most 6.9 px wide on average; a box holds 347 px."""
    small = re.findall(r'<text x="(\d+)"[^>]*font-size="11"[^>]*>(.*?)</text>', _svg())
    assert len(small) > 80
    assert max(len(html.unescape(line)) for x, line in small if x in ("30", "398", "766")) <= 58


def _svg():
    return (REPOSITORY / "notebooks/cheat_sheet.svg").read_text("utf-8")


def test_the_array_orders_are_those_of_the_libraries():
    sitk = pytest.importorskip("SimpleITK", reason="SimpleITK (extra test) is not installed")
    assert said(r"nibabel (\[i, j, k\]); SimpleITK's array (\[k, j, i\])")
    volume = Volume(np.arange(24.0).reshape(2, 3, 4), np.eye(4))
    assert volume.to_nibabel().get_fdata()[1, 2, 3] == volume.data[1, 2, 3]
    assert sitk.GetArrayFromImage(volume.to_sitk())[3, 2, 1] == volume.data[1, 2, 3]


def test_where_the_unit_of_time_stands_and_what_chance_finds():
    byte = int(said(r"xyzt_units & 56 \(byte (\d+)\)"))
    assert byte == nibabel.Nifti1Header.template_dtype.fields["xyzt_units"][1]
    p, voxels, found = re.search(
        r"p < (\.\d+) of ([\d,]+) silent voxels finds (\d+)", TEXT
    ).groups()
    assert float(p) * int(voxels.replace(",", "")) == int(found)
