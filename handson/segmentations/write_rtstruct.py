"""A radiotherapy structure set (PS3.3 A.19): for each segment and slice, the edges of its voxels as rings."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from nibabel.affines import apply_affine
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

from ..dicom import SeriesInfo
from ..dicom.geometry import LPS_TO_RAS
from ..dicom.header import whole_header
from ..errors import WriteError
from ..volume import Volume
from .rings import trace
from .segment import Segment

# Of patient and study, what PS3.3 C.7.1.1 and C.7.2.1 ask to be repeated in each of their objects.
_REPEATED = """
    SpecificCharacterSet PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex PatientAge
    PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence
    StudyInstanceUID StudyDate StudyTime StudyID AccessionNumber ReferringPhysicianName StudyDescription
    FrameOfReferenceUID PositionReferenceIndicator
""".split()  # noqa: SIM905
_MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip
_DETACHED_STUDY = (
    "1.2.840.10008.3.1.2.3.1"  # retired, and still what PS3.3 C.8.8.5 asks to be named here
)


def structure_set(
    segments: Sequence[Segment],
    masks: Sequence[Volume],
    source: SeriesInfo,
    image: Volume,
    author: str,
    description: str,
) -> Dataset:
    """The data set of an RTSTRUCT.

    masks : `Volume`s on the voxels of `image`, which is `source` read, one for each segment
    """
    for segment in segments:
        if segment.kind != "binary":
            raise WriteError(
                f"a ring holds yes or no, and {segment.title} is a map of {segment.kind}",
                "Choose a threshold first, for example mask.data >= 0.5.",
            )
    frames = source.stack.volumes[0]
    first = whole_header(frames[0].file.path, pixels=False)
    dataset = _header(first, description)
    if not first.get("FrameOfReferenceUID"):
        raise WriteError(
            "an RTSTRUCT names the frame of reference of its image, and the image states none",
            "Write a NIfTI label map.",
        )
    slices = [_reference(frame, first) for frame in frames]
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(first, frames, slices)]
    names = [(n, segment) for n, segment in enumerate(segments, start=1)]
    dataset.StructureSetROISequence = [_region(n, s, first) for n, s in names]
    dataset.ROIContourSequence = [
        _drawn(n, segment, mask, image, slices)
        for (n, segment), mask in zip(names, masks, strict=True)
    ]
    dataset.RTROIObservationsSequence = [_about(n, segment, author) for n, segment in names]
    return dataset


def _header(first, description) -> Dataset:
    from .. import __version__

    dataset = Dataset()
    for keyword in _REPEATED:
        if keyword in first:
            dataset[keyword] = first[keyword]
    for keyword in _MAY_BE_EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    now = datetime.now()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTStructureSetStorage, generate_uid(prefix=None)
    dataset.SeriesInstanceUID = generate_uid(prefix=None)
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "RTSTRUCT", None, 1
    dataset.SeriesDescription = description or "Structure set"
    dataset.OperatorsName = ""
    dataset.Manufacturer, dataset.ManufacturerModelName = "handson", "handson.segmentations"
    dataset.SoftwareVersions = __version__
    dataset.StructureSetLabel = "SEGMENTATION"
    dataset.StructureSetDate, dataset.StructureSetTime = (
        now.strftime("%Y%m%d"),
        now.strftime("%H%M%S"),
    )
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _reference(frame, first) -> Dataset:
    """The picture in whose plane a ring lies (Image SOP Instance Reference, PS3.3 table 10-3)."""
    item = Dataset()
    item.ReferencedSOPClassUID = first.SOPClassUID
    item.ReferencedSOPInstanceUID = frame.file.sop_uid
    if frame.file.number_of_frames > 1:
        item.ReferencedFrameNumber = frame.index + 1
    return item


def _frame_of_reference(first, frames, slices) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = frames[0].file.series_uid
    once = {(s.ReferencedSOPInstanceUID, s.get("ReferencedFrameNumber")): s for s in slices}
    series.ContourImageSequence = list(once.values())
    study = Dataset()
    study.ReferencedSOPClassUID = _DETACHED_STUDY
    study.ReferencedSOPInstanceUID = first.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    item = Dataset()
    item.FrameOfReferenceUID = first.FrameOfReferenceUID
    item.RTReferencedStudySequence = [study]
    return item


def _region(number, segment, first) -> Dataset:
    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = first.FrameOfReferenceUID
    item.ROIName = segment.name
    item.ROIGenerationAlgorithm = segment.algorithm
    if segment.algorithm_name:
        item.ROIGenerationDescription = segment.algorithm_name
    return item


def _drawn(number, segment, mask, image, slices) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = number
    if segment.colour is not None:
        item.ROIDisplayColor = list(segment.colour)
    contours = [
        _contour(ring, k, image, slices[k])
        for k in np.flatnonzero(mask.data.any(axis=(0, 1)))
        for ring in trace(mask.data[:, :, k])
    ]
    if contours:  # of an empty segment the sequence is left out
        item.ContourSequence = contours
    return item


def _contour(ring, k, image, reference) -> Dataset:
    """One closed ring: (i, j) at the edges of voxels -> LPS mm."""
    ijk = np.column_stack([ring, np.full(len(ring), k)])
    lps = apply_affine(LPS_TO_RAS @ image.affine, ijk)
    item = Dataset()
    item.ContourImageSequence = [reference]
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = len(ring)
    item.ContourData = [format_number_as_ds(round(float(v), 9) + 0.0) for v in lps.ravel()]
    return item


def _about(number, segment, author) -> Dataset:
    item = Dataset()
    item.ObservationNumber = item.ReferencedROINumber = number
    if segment.code is not None:
        coded = Dataset()
        coded.CodeValue, coded.CodingSchemeDesignator, coded.CodeMeaning = segment.code[:3]
        item.RTROIIdentificationCodeSequence = [coded]
    item.RTROIInterpretedType = ""
    item.ROIInterpreter = author or segment.author
    return item
