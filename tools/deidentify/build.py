"""Builds the tables of `handson.deidentify`: what is known to be harmless.

    python tools/deidentify/build.py STANDARD.whl PRIVATE.json

    STANDARD.whl : the wheel of dicom-standard 0.1.0 (MIT), which holds PS3.3 as JSON
    PRIVATE.json : which private elements TCIA's curators keep, {path: "k" or "d"}

It also needs faker (MIT), names-dataset (Apache-2.0), idc-index-data (MIT), pandas and pyarrow, in an
environment of its own. Lists of names are subtracted and never shipped. Written are, in handson/deidentify:

- `keep.csv`: the elements that may stay and the form that their values must have;
- `words.txt`, `devices.txt`: the words that may stay in text;
- `private_known.csv`: private elements that hold numbers.

The lists beside this script are written by hand.
"""

import csv
import html
import json
import re
import sys
import unicodedata
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

from pydicom.datadict import DicomDictionary

HERE = Path(__file__).parent
OUT = HERE.parent.parent / "handson" / "deidentify"
STANDARD = "dicom_standard-0.1.0.data/data/standard/"
TERM = re.compile(r"<dt>\s*<span>(.*?)</span>", re.S)
NUMBERS = {"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "UV", "SV"}
TEXT = {"LO", "SH", "UC"}
LONG_TEXT = {"ST", "LT", "UT"}
EVERYWHERE = {"YES", "NO", "Y", "N", "NONE", "UNKNOWN", "OTHER", "ON", "OFF", "MIXED"}
ORIENTATION = {
    a + b + c
    for a in "LRAPHF"
    for b in ("", *"LRAPHF")
    for c in ("", *"LRAPHF")
    if len({"LR" if x in "LR" else "AP" if x in "AP" else "HF" for x in a + b + c})
    == len(a + b + c)
}
# Numbers that are larger than a million by their nature.
LARGE = re.compile(
    "RadionuclideTotalDose|Radiopharmaceutical.*Activity|RadionuclideHalfLife|FrameReferenceTime|CountsAccumulated"
    "|ActualFrameDuration|InuA$|InuS$|InuAs$|Bandwidth|Frequency|RealWorldValue|^NumericValue|Offset|Bytes|Length"
    "|NumberOf(Surface|Points|Samples|Waveform|Frames)|TotalPixelMatrix|PixelValue|PixelPadding|ImageDataSize|Exposure"
)
# Numbers, words and bytes about a person, a place, a message or a lock: not on the list, whatever their form.
NOT_KEPT = re.compile(
    "Itinerary|Passenger|Boarding|Carrier|Route(Segment)?ID|OwnerID|AuthorizationEquip|Telephone|RecordKey"
    "|PrivateCreator|PrivateDataElement|Encrypted|Signature|MACParameters|ReferenceToRecordedSound|CreatorOf"
    "|HangingProtocolCreator|UserGroup|ContactDisplay|^SelectorAttributeName|PrinterName|PrintJob|PrintQueue"
    "|StorageMediaFileSetID|Stock|Registration|StrainSource|Placer|Filler|^ReasonFor|Hardcopy.*Manufacturer"
    "|CompressionOriginator|CompressionLabel|DeidentificationMethod$|TransactionStatusComment"
)
RETIRED_KEPT = {"ImageGeometryType", "Radionuclide", "HardcopyDeviceManufacturer", "LossyImageCompressionRetired",
                "ModalityLUTType", "AcquisitionsInStudy", "ImagesInAcquisition", "OldLUTData",
                "GrayScale", "ImageLocation", "ImageDimensions", "DataSetSubtype", "CompressionCode",
                "RescaleType", "SmallestValidPixelValue", "LargestValidPixelValue"}  # fmt: skip
TABLES = re.compile(
    "PaletteColorLookupTableData$|^LUTData$|^GrayLookupTableData$|^BlendingLookupTableData$"
)
ARRAYS = {"VectorGridData", "PointCoordinatesData", "VectorCoordinateData", "DoublePointCoordinatesData",
          "LongPrimitivePointIndexList", "LongTrianglePointIndexList", "LongEdgePointIndexList",
          "LongVertexPointIndexList", "TrackPointIndexList", "FloatingPointValues", "AnnotationIndexList",
          "SpectroscopyData", "FirstOrderPhaseCorrectionAngle", "UValueData", "VValueData",
          "VolumetricCurvePoints", "VolumetricCurveUpDirections", "ExtendedOffsetTable",
          "ExtendedOffsetTableLengths", "RecommendedDisplayCIELabValueList", "TrianglePointIndexList",
          "EdgePointIndexList", "VertexPointIndexList", "PrimitivePointIndexList", "WaveformData",
          "WaveformPaddingValue", "ChannelMinimumValue", "ChannelMaximumValue", "FilterLookupTableData",
          "CompensatorProximalThicknessMap", "CompensatorDistalThicknessMap", "BlockEdgeData"}  # fmt: skip
LONG_TEXT_KEPT = {"CodingSchemeName", "CodingSchemeResponsibleOrganization", "DetectorDescription", "DetectorMode",
                  "GridAbsorbingMaterial", "GridSpacingMaterial", "ExposureControlModeDescription",
                  "MetaboliteMapDescription", "ImageDisplayFormat"}  # fmt: skip
DEVICE = re.compile(
    "Manufacturer|ModelName|SoftwareVersion|DetectorID$|ApplicationVersion|ApplicationName|AlgorithmVersion|CoilName"
    "|ApplicationSetupManufacturer|AlgorithmName|TransducerData|ConvolutionKernel|DetectorMaterial|GridID|ReconstructionMethod"
    "|SequenceName|FilterType|TypeOfFilters|AcquisitionProtocolName"
)


def rows_of_table():
    with (OUT / "profile.csv").open(encoding="utf-8", newline="") as file:
        return {row["tag"]: row for row in csv.DictReader(file)}


def kinds():
    with (OUT / "unlisted.csv").open(encoding="utf-8", newline="") as file:
        return {row["tag"]: row["kind"] for row in csv.DictReader(file)}


def terms_of_standard(wheel):
    """{tag: terms} as PS3.3 enumerates or defines them, in the attribute's own text or the section it names."""
    with zipfile.ZipFile(wheel) as archive:
        read = lambda name: json.loads(archive.read(STANDARD + name))  # noqa: E731
        entries = read("module_to_attributes.json") + read("macro_to_attributes.json")
        sections = read("references.json")
    found = defaultdict(set)
    elsewhere = defaultdict(set)
    for entry in entries:
        tag = entry["tag"].strip("()").replace(",", "").upper()
        found[tag] |= set(TERM.findall(entry["description"]))
        elsewhere[tag] |= {ref["sourceUrl"] for ref in entry["externalReferences"]}
    for tag, urls in elsewhere.items():
        if not found[tag]:
            for url in urls:
                found[tag] |= set(TERM.findall(sections.get(url, "")))
    clean = lambda term: re.sub(r"<.*?>", "", html.unescape(term)).strip()  # noqa: E731
    return {
        tag: {t for term in terms if re.fullmatch(r"[A-Z0-9_ ./-]{1,16}", t := clean(term))}
        for tag, terms in found.items()
    }


def terms_by_hand():
    with (HERE / "terms.csv").open(encoding="utf-8", newline="") as file:
        given = {row["keyword"]: row["terms"] for row in csv.DictReader(file)}
    lists = {"Orientation": ORIENTATION}
    lists |= {
        key: set(filter(None, terms.split("|"))) for key, terms in given.items() if terms[:1] != "="
    }
    return lists | {key: lists[terms[1:]] for key, terms in given.items() if terms[:1] == "="}


def form_of(tag, vr, keyword, retired, kind):
    """The form of one element's values, "" for an element that may not stay."""
    vr = vr.split(" or ")[0]
    if NOT_KEPT.search(keyword) or kind == "dummy":
        return ""
    if vr == "SQ":
        return "sequence"
    if retired and keyword not in RETIRED_KEPT and vr not in NUMBERS | {"CS"}:
        return ""
    if keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning", "CodingSchemeVersion",
                   "LongCodeValue", "URNCodeValue"):  # fmt: skip
        return "code"
    if TABLES.search(keyword):
        return "table"
    if keyword in ARRAYS:
        return "array"
    if keyword == "ICCProfile":
        return "profile"
    if vr in NUMBERS:
        return "large number" if LARGE.search(keyword) else "number"
    if keyword == "ContentLabel":
        return "words"
    if vr == "CS":
        return "term"
    if vr in TEXT:
        return "device" if DEVICE.search(keyword) else "words"
    if vr in LONG_TEXT:
        return "words" if keyword in LONG_TEXT_KEPT else "long text"
    if vr == "UI":
        return "class" if kind == "class UID" else "uid"
    return {"AT": "tag", "AS": "age", "DA": "date", "DT": "date", "TM": "date"}.get(vr, "")


def write_keep(wheel):
    listed, unlisted = rows_of_table(), kinds()
    standard, by_hand = terms_of_standard(wheel), terms_by_hand()
    rows = []
    for tag, (vr, _, _, retired, keyword) in sorted(DicomDictionary.items()):
        name = f"{tag:08X}"
        options = [v for k, v in listed.get(name, {}).items() if k.endswith("Opt")]
        if tag >> 16 < 8 or not keyword or tag >> 16 in (0x7FE0, 0xFFFC):
            continue
        if name in listed and not ({"K", "C"} & set(options)):
            continue  # the profile's table decides alone
        form = form_of(tag, vr, keyword, retired, unlisted.get(name))
        if name in listed and form in ("words", "device", "code", "uid", "class", "long text"):
            form = "words" if "C" in options else ""  # kept as it is by the option, second net only
        if not form or (name in listed and form in ("sequence", "date")):
            continue
        terms = ""
        if form in ("words", "device") and keyword in by_hand:
            terms = "|".join(sorted(by_hand[keyword]))
        if form == "term":
            known = by_hand.get(keyword, standard.get(name, set()) | by_hand.get(keyword, set()))
            if keyword in ("ScanOptions", "ImageType", "FrameType"):
                known = known | standard.get(name, set())
            if not known and name in listed:
                continue
            terms = "|".join(sorted(known | EVERYWHERE))
        rows.append((name, keyword, form, terms))
    with (OUT / "keep.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("tag", "keyword", "form", "terms"))
        writer.writerows(rows)
    print(len(rows), Counter(row[2] for row in rows))


def fold(text):
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def listed_words(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    text = " ".join(line for line in lines if not line.startswith("#"))
    return {fold(word) for word in re.findall(r"[^\W_]+", text)}


def people():
    """Names that people have: Faker's, and the commonest of names-dataset in every country that it knows."""
    import faker.providers.person as person
    from names_dataset import NameDataset

    names = set()
    for module in Path(person.__file__).parent.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        names |= set(re.findall(r"[\"']([^\W\d_]{2,})[\"']", text))
    data = NameDataset()
    for genders in data.get_top_names(n=150, use_first_names=True).values():
        for found in genders.values():
            names |= set(found)
    for found in data.get_top_names(n=250, use_first_names=False).values():
        names |= set(found)
    return {fold(part) for name in names for part in re.findall(r"[^\W\d_]+", name)}


def places():
    """Towns and streets of Faker: descriptions name them, too."""
    import faker.providers.address as address

    text = "".join(
        m.read_text(encoding="utf-8") for m in Path(address.__file__).parent.rglob("*.py")
    )
    return {fold(word) for word in re.findall(r"[\"']([^\W\d_]{3,})[\"']", text)}


def words_of_collections():
    """Words of public series descriptions, those that three collections or more have in common."""
    import idc_index_data
    import pandas

    index = pandas.read_parquet(Path(idc_index_data.__file__).parent / "idc_index.parquet")
    seen = defaultdict(set)
    for column in ("SeriesDescription", "StudyDescription", "BodyPartExamined"):
        pairs = index[["collection_id", column]].dropna().drop_duplicates()
        for collection, text in pairs.itertuples(index=False):
            for word in re.findall(r"[^\W\d_]{2,}", fold(str(text))):
                seen[word].add(collection)
    return {word for word, collections in seen.items() if len(collections) >= 3}, index


def devices_of_collections(index):
    words = defaultdict(set)
    for column in ("Manufacturer", "ManufacturerModelName"):
        for collection, text in (
            index[["collection_id", column]].dropna().drop_duplicates().itertuples(index=False)
        ):
            for word in re.findall(r"[^\W_]+", fold(str(text))):
                words[word].add(collection)
    return {
        word for word, collections in words.items() if len(collections) >= 2 and not word.isdigit()
    }


def words_of_dictionaries():
    """Words of the attributes' names and of the concepts of PS3.16, as pydicom has them."""
    from pydicom.sr._concepts_dict import concepts

    found = set()
    for _, _, name, _, _ in DicomDictionary.values():
        found |= set(re.findall(r"[^\W\d_]{2,}", fold(name)))
    for scheme in concepts.values():
        for meanings in scheme.values():
            for meaning, _ in meanings.values():
                found |= set(re.findall(r"[^\W\d_]{2,}", fold(meaning)))
    return found


def write_words():
    hand, reviewed = listed_words("words.txt"), listed_words("reviewed.txt")
    doubtful = set(re.findall(r"\?(\w+)", (HERE / "reviewed.txt").read_text(encoding="utf-8")))
    names = people() | places()
    public, index = words_of_collections()
    dictionaries = words_of_dictionaries()
    words = (hand | public | dictionaries) - (names - reviewed)
    words = {word for word in words if len(word) > 1 and not word.isdigit()}
    lost = sorted((hand & names) - reviewed)
    print("written by hand and also a name, not kept:", " ".join(lost))
    marked = sorted("?" + word if word in doubtful else word for word in words)
    (OUT / "words.txt").write_text("\n".join(marked) + "\n", encoding="utf-8")
    devices = listed_words("devices.txt") | (devices_of_collections(index) - words)
    devices -= {word for word in devices & names if word not in listed_words("devices.txt")}
    (OUT / "devices.txt").write_text(
        "\n".join(sorted(w for w in devices if len(w) > 1)) + "\n", encoding="utf-8"
    )
    print(len(words), "words,", len(devices), "of devices")


def write_private(path):
    """The private elements that curators keep and that hold numbers by pydicom's dictionary of them."""
    from pydicom._private_dict import private_dictionaries

    rows = []
    for place, action in json.loads(Path(path).read_text()).items():
        match = re.fullmatch(r'([0-9a-f]{4})\|([^|"]+)\|([0-9a-f]{2})', place)
        if action.strip() != "k" or not match:
            continue
        group, creator, number = match.groups()
        known = private_dictionaries.get(creator, {}).get(
            f"{group}xx{number}".upper().replace("XX", "xx")
        )
        if known is None:
            known = private_dictionaries.get(creator, {}).get(f"{group}xx{number}")
        if known and known[0] in NUMBERS:
            rows.append((group.upper(), creator, number.upper(), known[0]))
    with (OUT / "private_known.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("group", "creator", "element", "vr"))
        writer.writerows(sorted(set(rows)))
    print(len(rows), "private elements")


if __name__ == "__main__":
    write_keep(sys.argv[1])
    write_words()
    write_private(sys.argv[2])
