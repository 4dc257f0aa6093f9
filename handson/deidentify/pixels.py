"""Text burned into pixels: which images are at risk.

No rule of the table sees a name that is drawn in the image. What is known is which images usually carry
one; they are refused or put aside until somebody has looked, or a mask has covered it.
"""

from pydicom.dataset import Dataset

ULTRASOUND = {
    "1.2.840.10008.5.1.4.1.1.3",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.6",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.6.2",
    "1.2.840.10008.5.1.4.1.1.14.1",
    "1.2.840.10008.5.1.4.1.1.14.2",
}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    value = dataset.get(keyword) or ""
    parts = [value] if isinstance(value, str) else value
    return [str(part).strip().upper() for part in parts]


def burned_in_risk(dataset: Dataset) -> str:
    """Why the pixels may show a name, as a phrase for the report; "" when nothing says so.

    dataset : the header as it was read
    """
    sop_class = _texts(dataset, "SOPClassUID")[0]
    modality = _texts(dataset, "Modality")[0]
    image_type = _texts(dataset, "ImageType")
    if "YES" in _texts(dataset, "BurnedInAnnotation"):
        return "its header says that annotation is burned in (Burned In Annotation YES)"
    if sop_class in ULTRASOUND or modality in ("US", "IVUS"):
        return "ultrasound machines write the patient's name into the image"
    if sop_class == SECONDARY_CAPTURE or sop_class.startswith(SECONDARY_CAPTURE + "."):
        return "a secondary capture can be a picture of a screen or of paper"
    if (
        any("SCREEN" in part or "CAPTURE" in part for part in image_type)
        or "ConversionType" in dataset
    ):
        return "it is a screen capture or a digitised picture"
    return ""
