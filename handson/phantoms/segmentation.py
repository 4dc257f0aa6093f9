"""gen-segmentation: three regions of known volume on the study's CT and MR, as SEG, RTSTRUCT and NIfTI.

The truth is three balls in RAS+ mm; every file says the same of them in its own way. Nothing of the
study is read: its UIDs and its grids are known. Stands on `dicom_files` and `grid`.
"""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
from nibabel.affines import apply_affine
from pydicom.uid import CTImageStorage, MRImageStorage, SegmentationStorage

from . import study_ct, study_mr
from .dicom_files import decimals, header, orientation, pixels, position, save, uid
from .grid import Grid
from .nifti_files import nifti, save_json
from .patient import ANNA, HEAD_STUDY, STUDY_UID, WHERE

Ball = tuple[tuple[float, float, float], float]
# Centre, RAS+ mm, and radius, mm. The lesion lies in the patient's LEFT, the ring in her right.
LESION = ((-34.0, -22.0, 31.0), 12.0)
MARGIN = ((-34.0, -22.0, 31.0), 20.0)
RING, HOLE = ((30.0, 10.0, 25.0), 15.0), ((30.0, 10.0, 25.0), 8.0)
ML = {"lesion": 7.2382, "margin": 33.5103, "ring": 11.9925}
ISOCENTRE = (0.0, -6.0, 4.0)
# The second rater's lesion is the first one's, so many voxels further; the third drew by himself.
RATER_B_SHIFT = (2, -1, 1)
RATER_C = ((-33.0, -21.5, 32.0), 12.5)
BETWEEN_MM = 1.0
_POINTS = 180  # of a circle
_LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
_MARGIN_SHELL = "margin without lesion"

_LESION = ("49755003", "Morphologically Abnormal Structure"), ("108369006", "Neoplasm")
_SPACE = ("309825002", "Spatial and Relational Concept"), ("112233002", "Marginal")
_RING = ("85756007", "Tissue"), ("85756007", "Tissue")
# Name -> codes (category, type), who made it and how, the colour below as CIELab.
SEGMENTS = {
    "lesion": (_LESION, ("MANUAL", ""), (35512, 44018, 49160)),
    "margin": (_SPACE, ("AUTOMATIC", "expand by 8 mm"), (45761, 29808, 23959)),
    "ring": (_RING, ("SEMIAUTOMATIC", "two balls"), (37842, 21141, 36174)),
}
COLOURS = {"lesion": (213, 94, 0), "margin": (86, 180, 233), "ring": (0, 158, 115)}


def ball(grid: Grid, what: Ball) -> np.ndarray:
    """Voxels whose centres lie within a ball: bool [column, row, slice]."""
    return _distance(grid, what[0]) < what[1]


def masks(grid: Grid) -> dict[str, np.ndarray]:
    """The three segments by name, at the voxel centres of `grid`."""
    ring = ball(grid, RING) & ~ball(grid, HOLE)
    return {"lesion": ball(grid, LESION), "margin": ball(grid, MARGIN), "ring": ring}


def occupancy(grid: Grid, what: Ball, parts: tuple[int, int, int] = (8, 8, 24)) -> np.ndarray:
    """How much of each voxel a ball fills, 0..1, from a count of `parts` points a voxel."""
    shares = np.zeros(grid.shape, np.float32)
    centre, radius = what
    near = _distance(grid, centre) < radius + grid.spacing.sum()
    ijk = np.argwhere(near)
    offsets = np.stack(
        np.meshgrid(*[(np.arange(n) + 0.5) / n - 0.5 for n in parts], indexing="ij"), axis=-1
    ).reshape(-1, 3)
    within = offsets @ grid.affine[:3, :3].T
    for some in np.array_split(ijk, max(len(ijk) // 500, 1)):
        places = grid.world(some)[:, None] + within - centre
        inside = (places**2).sum(axis=-1) < radius**2
        shares[tuple(some.T)] = inside.mean(axis=1)
    return shares


def _distance(grid, centre):
    x, y, z = (c.astype(np.float64) - m for c, m in zip(grid.coordinates(), centre, strict=True))
    return np.sqrt(x**2 + y**2 + z**2)


def make(folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Fill an empty folder: seven SEG and RTSTRUCT files on the CT, two on the MR, five NIfTI, truth.json.

    progress : called with (files done, files in all)
    """
    folder = Path(folder)
    jobs = [*_dicom(), *_nifti()]
    for made, (name, content) in enumerate(jobs, start=1):
        if hasattr(content, "SOPClassUID"):
            save(content, folder / name)
        else:
            nibabel.save(content, folder / name)
        if progress:
            progress(made, len(jobs) + 1)
    save_json(_truth(), folder / "truth.json")
    if progress:
        progress(len(jobs) + 1, len(jobs) + 1)


def _dicom():
    """(file name, data set) of the DICOM objects."""
    ct, mr = study_ct.GRID, study_mr.GRID
    drawn = masks(ct)
    lesion = {"lesion": drawn["lesion"]}
    yield "binary.dcm", _seg("binary", ct, "CT", drawn, "BINARY")
    yield "labelmap.dcm", _seg("labelmap", ct, "CT", _exclusive(drawn), "LABELMAP")
    shares = {"lesion": occupancy(ct, LESION)}
    yield "fractional.dcm", _seg("fractional", ct, "CT", shares, "FRACTIONAL")
    odd = lesion["lesion"] & (np.arange(ct.shape[2]) % 2 == 1)
    yield "every_second.dcm", _seg("every second", ct, "CT", {"lesion": odd}, "BINARY")
    rings = {"lesion": [LESION], "margin": [MARGIN], "ring": [RING, HOLE]}
    yield "rtstruct.dcm", _structure_set("rtstruct", ct, "CT", rings)
    moved = {"lesion": [((*LESION[0][:2], LESION[0][2] + BETWEEN_MM), LESION[1])]}
    yield (
        "between_slices.dcm",
        _structure_set("between slices", ct, "CT", moved, off_slice=BETWEEN_MM),
    )
    yield "binary_mr.dcm", _seg("binary", mr, "MR", masks(mr), "BINARY")
    yield "rtstruct_mr.dcm", _structure_set("rtstruct", mr, "MR", rings)


def _nifti():
    """(file name, image): the label map starts from the other side, the raters' masks lie as the CT does."""
    ct = study_ct.GRID
    drawn = masks(ct)
    turned = np.diag([-1.0, -1.0, 1.0, 1.0])
    turned[:2, 3] = np.array(ct.shape[:2]) - 1
    labels = np.zeros(ct.shape, np.uint8)
    for number, mask in enumerate(_exclusive(drawn).values(), start=1):
        labels[mask] = number
    yield "labels.nii.gz", nifti(labels[::-1, ::-1], ct.affine @ turned)
    raters = {
        "a": drawn["lesion"],
        "b": np.roll(drawn["lesion"], RATER_B_SHIFT, axis=(0, 1, 2)),
        "c": ball(ct, RATER_C),
    }
    for name, mask in raters.items():
        yield f"rater_{name}.nii.gz", nifti(mask.astype(np.uint8), ct.affine)


def _exclusive(drawn):
    """One label a voxel: the margin loses the lesion within it."""
    shell = drawn["margin"] & ~drawn["lesion"]
    return {"lesion": drawn["lesion"], _MARGIN_SHELL: shell, "ring": drawn["ring"]}


def _truth():
    where = {"lesion": LESION[0], "margin": MARGIN[0], "ring": RING[0]}
    return {name: {"ml": ml, "centre_ras_mm": list(where[name])} for name, ml in ML.items()}


_SOURCE = {"CT": CTImageStorage, "MR": MRImageStorage}


def _common(name, modality) -> dict:
    """Patient, study, series and equipment of an object on a series of the study."""
    return {
        **ANNA,
        **HEAD_STUDY,
        **WHERE,
        "StudyInstanceUID": STUDY_UID,
        "SeriesInstanceUID": uid("segmentation", modality, name, "series"),
        "SOPInstanceUID": uid("segmentation", modality, name),
        "SeriesDate": "20240312",
        "SeriesTime": "080000",
        "Manufacturer": "Example Devices",
        "ManufacturerModelName": "Imaginary contouring",
        "DeviceSerialNumber": "FAKE-SN-7",
        "SoftwareVersions": "1",
        "SeriesDescription": name,
        "InstanceNumber": 1,
    }


def _reference(modality, k) -> dict:
    series = uid("study", modality)
    return {
        "ReferencedSOPClassUID": _SOURCE[modality],
        "ReferencedSOPInstanceUID": uid(series, k),
    }


def _code(value, meaning, scheme="SCT"):
    return [header(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def _seg(name, grid, modality, drawn, kind):
    """A SEG; frames without a marked voxel are left out.

    drawn : name -> bool, or shares 0..1 for FRACTIONAL, [column, row, slice]
    """
    frames = _label_frames(drawn) if kind == "LABELMAP" else _frames_of_each(drawn, kind)
    stored = np.stack([picture for *_, picture in frames])
    dataset = header(
        _common(name, modality),
        SOPClassUID=_LABEL_MAP_STORAGE if kind == "LABELMAP" else SegmentationStorage,
        Modality="SEG",
        ImageType=["DERIVED", "PRIMARY"],
        SeriesNumber=20,
        ContentDate="20240312",
        ContentTime="080000",
        ContentLabel="SEGMENTATION",
        ContentDescription=name,
        ContentCreatorName="Drawer^Dora",
        LossyImageCompression="00",
        SegmentationType=kind,
        SegmentSequence=[_described(n, one) for n, one in enumerate(drawn, start=1)],
        ReferencedSeriesSequence=[_referenced(frames, modality)],
        **_dimensions(kind),
        SharedFunctionalGroupsSequence=[_shared(grid)],
        PerFrameFunctionalGroupsSequence=[_own(grid, modality, kind, frames, f) for f in frames],
        NumberOfFrames=len(frames),
    )
    dataset.update(header(_pixel_module(stored, kind)))
    return dataset


def _frames_of_each(drawn, kind):
    """(segment number, slice, picture [row, column]) of every frame that is not empty."""
    scale = 255 if kind == "FRACTIONAL" else 1
    return [
        (n, int(k), np.rint(mask[:, :, k].T * scale).astype(np.uint8))
        for n, mask in enumerate(drawn.values(), start=1)
        for k in np.flatnonzero(mask.any(axis=(0, 1)))
    ]


def _label_frames(drawn):
    labels = sum(n * mask.astype(np.uint8) for n, mask in enumerate(drawn.values(), start=1))
    return [(0, int(k), labels[:, :, k].T) for k in np.flatnonzero(labels.any(axis=(0, 1)))]


def _pixel_module(stored, kind) -> dict:
    """Pixels of all frames; single bits follow one another without a gap (PS3.5 section 8.1.1)."""
    module = pixels(stored[0])
    if kind == "BINARY":
        bits = np.packbits(stored.ravel(), bitorder="little").tobytes()
        padded = bits + b"\0" * (len(bits) % 2)
        return module | {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": padded}
    extra = {}
    if kind == "FRACTIONAL":
        extra = {"SegmentationFractionalType": "OCCUPANCY", "MaximumFractionalValue": 255}
    return module | {"PixelData": stored.tobytes()} | extra


def _described(number, name):
    key = "margin" if name == _MARGIN_SHELL else name
    (category, meaning), (algorithm, program), colour = SEGMENTS[key]
    item = header(
        SegmentNumber=number,
        SegmentLabel=name,
        SegmentAlgorithmType=algorithm,
        SegmentedPropertyCategoryCodeSequence=_code(*category),
        SegmentedPropertyTypeCodeSequence=_code(*meaning),
    )
    if program:
        item.SegmentAlgorithmName = program
    item.RecommendedDisplayCIELabValue = list(colour)
    return item


def _referenced(frames, modality):
    slices = sorted({k for _, k, _ in frames})
    return header(
        SeriesInstanceUID=uid("study", modality),
        ReferencedInstanceSequence=[header(_reference(modality, k)) for k in slices],
    )


def _dimensions(kind) -> dict:
    """Frames are counted by segment, then by position; a label map by position alone."""
    organisation = uid("segmentation", "dimensions", kind)
    pointers = [(0x0062000B, 0x0062000A), (0x00200032, 0x00209113)]
    return {
        "DimensionOrganizationSequence": [header(DimensionOrganizationUID=organisation)],
        "DimensionIndexSequence": [
            header(
                DimensionOrganizationUID=organisation,
                DimensionIndexPointer=pointer,
                FunctionalGroupPointer=group,
            )
            for pointer, group in pointers[kind == "LABELMAP" :]
        ],
    }


def _shared(grid):
    placed = orientation(grid)
    step = decimals([grid.spacing[2]])[0]
    measures = header(
        PixelSpacing=placed["PixelSpacing"], SliceThickness=step, SpacingBetweenSlices=step
    )
    direction = header(ImageOrientationPatient=placed["ImageOrientationPatient"])
    return header(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[direction])


def _own(grid, modality, kind, frames, frame):
    number, k, _ = frame
    slices = sorted({k for n, k, _ in frames if n == number})
    index = [slices.index(k) + 1] if kind == "LABELMAP" else [number, slices.index(k) + 1]
    source = header(
        _reference(modality, k),
        SpatialLocationsPreserved="YES",
        PurposeOfReferenceCodeSequence=_code(
            "121322", "Source Image for Image Processing Operation", "DCM"
        ),
    )
    item = header(
        FrameContentSequence=[header(DimensionIndexValues=index)],
        PlanePositionSequence=[header(ImagePositionPatient=position(grid, k))],
        DerivationImageSequence=[
            header(
                SourceImageSequence=[source],
                DerivationCodeSequence=_code("113076", "Segmentation", "DCM"),
            )
        ],
    )
    if kind != "LABELMAP":
        item.SegmentIdentificationSequence = [header(ReferencedSegmentNumber=number)]
    return item


def _structure_set(name, grid, modality, rings, off_slice=0.0):
    """An RTSTRUCT: circles of `_POINTS` points in the slices of `grid`, and an isocentre, which is a point.

    rings : name -> balls that are cut by each slice; the second is a hole
    off_slice : mm along z by which every ring misses its slice, with its ball
    """
    frame = WHERE["FrameOfReferenceUID"]
    names = [*rings, "isocentre"]
    contours = [
        [_circle(grid, modality, k, one, off_slice) for k in range(grid.shape[2]) for one in balls]
        for balls in rings.values()
    ]
    contours = [[c for c in several if c is not None] for several in contours]
    contours.append([_contour("POINT", np.array([ISOCENTRE]), None)])
    dataset = header(
        _common(name, modality),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        Modality="RTSTRUCT",
        SeriesNumber=30,
        StructureSetLabel="REGIONS",
        StructureSetDate="20240312",
        StructureSetTime="080000",
        ApprovalStatus="UNAPPROVED",
        ReferencedFrameOfReferenceSequence=[_referenced_frame(grid, modality, frame)],
        StructureSetROISequence=[
            header(
                ROINumber=n,
                ReferencedFrameOfReferenceUID=frame,
                ROIName=one,
                ROIGenerationAlgorithm=SEGMENTS[one][1][0] if one in SEGMENTS else "",
            )
            for n, one in enumerate(names, start=1)
        ],
        ROIContourSequence=[
            header(
                ROIDisplayColor=list(COLOURS.get(one, (240, 200, 0))),
                ContourSequence=several,
                ReferencedROINumber=n,
            )
            for n, (one, several) in enumerate(zip(names, contours, strict=True), start=1)
        ],
        RTROIObservationsSequence=[
            header(
                ObservationNumber=n,
                ReferencedROINumber=n,
                RTROIInterpretedType="ISOCENTER" if one == "isocentre" else "",
                ROIInterpreter="Drawer^Dora",
            )
            for n, one in enumerate(names, start=1)
        ],
    )
    return dataset


def _referenced_frame(grid, modality, frame):
    images = [header(_reference(modality, k)) for k in range(grid.shape[2])]
    series = header(SeriesInstanceUID=uid("study", modality), ContourImageSequence=images)
    study = header(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
        ReferencedSOPInstanceUID=STUDY_UID,
        RTReferencedSeriesSequence=[series],
    )
    return header(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])


def _circle(grid, modality, k, what, off_slice):
    """The circle in which a slice cuts a ball, None where it does not."""
    centre, radius = what
    to_index = np.linalg.inv(grid.affine)
    at = apply_affine(to_index, np.array(centre) - (0, 0, off_slice))
    normal = grid.affine[:3, 2] / grid.spacing[2]
    middle = grid.world((*at[:2], k)) + np.array((0, 0, off_slice))
    depth = (middle - centre) @ normal
    if abs(depth) >= radius:
        return None
    across = np.sqrt(radius**2 - depth**2)
    angle = np.arange(_POINTS) * (2 * np.pi / _POINTS)
    directions = (grid.affine[:3, :2] / grid.spacing[:2]).T
    turning = np.cos(angle)[:, None] * directions[0] + np.sin(angle)[:, None] * directions[1]
    return _contour("CLOSED_PLANAR", middle + across * turning, _reference(modality, k))


def _contour(kind, ras, reference):
    """ras : (n, 3) mm. Two decimals, as planning systems write them, would move a point by 0.005 mm."""
    item = header(
        ContourGeometricType=kind,
        NumberOfContourPoints=len(ras),
        ContourData=[f"{v + 0.0:.4f}" for v in (ras * (-1, -1, 1)).round(4).ravel()],
    )
    if reference:
        item.ContourImageSequence = [header(reference)]
    return item
