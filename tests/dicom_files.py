"""Small DICOM files written by code: every one an asymmetric picture whose truth is known."""

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

MR, CT, PT = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("4", "2", "128"))
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)


def picture(pixels, syntax=ExplicitVRLittleEndian, **elements) -> FileDataset:
    """A data set around an integer array [row, column] or uint8 [row, column, 3]."""
    pixels = np.asarray(pixels)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.set_original_encoding(syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian)
    dataset.SOPClassUID = elements.pop("SOPClassUID", SECONDARY)
    dataset.SOPInstanceUID = elements.pop("SOPInstanceUID", None) or generate_uid()
    dataset.SeriesInstanceUID = elements.pop("SeriesInstanceUID", None) or generate_uid()
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    dataset.Modality = "OT"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    dataset.Rows, dataset.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 or syntax == ImplicitVRLittleEndian else "OB"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def save(dataset, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def values(shape=(5, 7, 9), seed=0) -> np.ndarray:
    """[slice, row, column] int16 without any symmetry."""
    return np.random.default_rng(seed).integers(0, 1500, shape).astype(np.int16)


def stack(
    data,
    orientation=AXIAL,
    step=(0, 0, 2.5),
    origin=(-30.5, 12.25, 7.0),
    spacing=(0.8, 0.5),
    modality="MR",
    **elements,
) -> list[FileDataset]:
    """Data sets of a series; `data` [slice, row, column], position of slice k = origin + k * step."""
    uid = elements.pop("SeriesInstanceUID", None) or generate_uid()
    made = []
    for k, pixels in enumerate(data):
        made.append(
            picture(
                pixels,
                SOPClassUID={"MR": MR, "CT": CT, "PT": PT}[modality],
                SeriesInstanceUID=uid,
                Modality=modality,
                ImagePositionPatient=[float(x) for x in np.add(origin, np.multiply(k, step))],
                ImageOrientationPatient=list(orientation),
                PixelSpacing=list(spacing),
                InstanceNumber=k + 1,
                SliceThickness=1.0,  # never the distance: nobody may use it
                **elements,
            )
        )
    return made


def truth(orientation=AXIAL, step=(0, 0, 2.5), origin=(-30.5, 12.25, 7.0), spacing=(0.8, 0.5)):
    """The affine [column, row, slice] -> RAS+ of `stack`, from the plane equation of PS3.3 C.7.6.2.1.1."""
    row, column = np.reshape(orientation, (2, 3))
    lps = np.eye(4)
    lps[:3] = np.column_stack([row * spacing[1], column * spacing[0], step, origin])
    return np.diag([-1, -1, 1, 1]) @ lps


def write(datasets, folder, seed=1) -> list:
    """Save under names in an order that tells nothing; returns the paths in the order of the data sets."""
    names = np.random.default_rng(seed).permutation(len(datasets))
    return [save(d, folder / f"{n:04d}") for d, n in zip(datasets, names, strict=True)]


def bundled(name):
    """A file that arrives with pydicom or pydicom-data."""
    return pydicom.data.get_testdata_file(name, download=False)
