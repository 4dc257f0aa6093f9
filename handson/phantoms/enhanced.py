"""One enhanced multi-frame MR file: what a whole series is when a scanner writes it in one object.

Shared facts stand once, each frame's own position stands in its functional group (PS3.3 C.7.6.16 and
A.36). Stands on `dicom_files` alone; what the frames show is the caller's.
"""

from typing import Any

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID, EnhancedMRImageStorage

from .dicom_files import header, orientation, pixels, position, uid
from .grid import Grid

_EQUIPMENT = {
    "Manufacturer": "Example Devices",
    "ManufacturerModelName": "Imaginary 3T",
    "DeviceSerialNumber": "1",
    "SoftwareVersions": "1",
}
_IMAGE = {
    "SOPClassUID": EnhancedMRImageStorage,
    "Modality": "MR",
    "ImageType": ["DERIVED", "PRIMARY", "VOLUME", "NONE"],
    "InstanceNumber": 1,
    "ContentDate": "20240101",
    "ContentTime": "120000",
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "BurnedInAnnotation": "NO",
    "LossyImageCompression": "00",
    "PresentationLUTShape": "IDENTITY",
    "AcquisitionContextSequence": [],
}
_KIND = {
    "PixelPresentation": "MONOCHROME",
    "VolumetricProperties": "VOLUME",
    "VolumeBasedCalculationTechnique": "NONE",
    "ComplexImageComponent": "MAGNITUDE",
    "AcquisitionContrast": "UNKNOWN",
}
_DEVICE = {
    "ResonantNucleus": "1H",
    "KSpaceFiltering": "NONE",
    "MagneticFieldStrength": 3.0,
    "ApplicableSafetyStandardAgency": "IEC",
    "ContentQualification": "PRODUCT",
}


def enhanced_mr(
    patient: dict[str, Any], study: dict[str, Any], series_uid: UID, stored: np.ndarray, grid: Grid
) -> Dataset:
    """All slices of `stored` as the frames of one file, in the order of the slices.

    patient, study : keyword -> value
    stored : uint16 [column, row, slice] on `grid`, 12 bits
    """
    frames = np.ascontiguousarray(np.moveaxis(stored, (2, 1, 0), (0, 1, 2)))
    picture = pixels(frames[0]) | {
        "PixelData": frames.astype("<u2").tobytes(),
        "BitsStored": 12,
        "HighBit": 11,
    }
    return header(
        patient,
        study,
        _EQUIPMENT,
        _IMAGE,
        _KIND,
        _DEVICE,
        picture,
        {"SeriesInstanceUID": series_uid, "SOPInstanceUID": uid(series_uid, 0)},
        _dimensions(series_uid),
        NumberOfFrames=len(frames),
        SharedFunctionalGroupsSequence=[_shared(grid)],
        PerFrameFunctionalGroupsSequence=[_frame(grid, k) for k in range(len(frames))],
    )


def _shared(grid) -> Dataset:
    in_plane = orientation(grid)
    thickness = float(grid.spacing[2])
    return header(
        PixelMeasuresSequence=[
            header(
                PixelSpacing=in_plane["PixelSpacing"],
                SliceThickness=thickness,
                SpacingBetweenSlices=thickness,
            )
        ],
        PlaneOrientationSequence=[
            header(ImageOrientationPatient=in_plane["ImageOrientationPatient"])
        ],
        FrameAnatomySequence=[
            header(
                FrameLaterality="U",
                AnatomicRegionSequence=[_code(Code("69536005", "SCT", "Head"))],
            )
        ],
        PixelValueTransformationSequence=[
            header(RescaleIntercept=0, RescaleSlope=1, RescaleType="US")
        ],
        FrameVOILUTSequence=[header(WindowCenter=1000, WindowWidth=2000)],
        MRImageFrameTypeSequence=[header(_KIND, FrameType=_IMAGE["ImageType"])],
    )


def _frame(grid, k) -> Dataset:
    return header(
        FrameContentSequence=[
            header(StackID="1", InStackPositionNumber=k + 1, DimensionIndexValues=[1, k + 1])
        ],
        PlanePositionSequence=[header(ImagePositionPatient=position(grid, k))],
    )


def _dimensions(series_uid) -> dict:
    organisation = uid(series_uid, "dimensions")
    return {
        "DimensionOrganizationSequence": [header(DimensionOrganizationUID=organisation)],
        "DimensionIndexSequence": [
            header(
                DimensionOrganizationUID=organisation,
                DimensionIndexPointer=tag_for_keyword(keyword),
                FunctionalGroupPointer=tag_for_keyword("FrameContentSequence"),
            )
            for keyword in ("StackID", "InStackPositionNumber")
        ],
    }


def _code(code) -> Dataset:
    return header(
        CodeValue=code.value,
        CodingSchemeDesignator=code.scheme_designator,
        CodeMeaning=code.meaning,
    )
