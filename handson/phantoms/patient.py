"""Who the generated pictures are of: nobody. Identities invented for the course, one dictionary each.

`ANNA` is the patient of the study, written the way real headers are: the name repeated in free text, in
a private element and in a nested sequence, because de-identification has to find it there. `PHANTOM` is a
block of plastic. Plain DICOM keywords and values; nothing here writes a file.
"""

from pydicom.dataset import Dataset

from .dicom_files import header, uid

PRIVATE_CREATOR = "HANDSON EXAMPLE"

ANNA = {
    "SpecificCharacterSet": "ISO_IR 100",
    "PatientName": "Example^Anna^Maria",
    "PatientID": "FAKE-0001",
    "IssuerOfPatientID": "EXAMPLE",
    "PatientBirthDate": "19740611",
    "PatientSex": "F",
    "PatientAge": "049Y",
    "PatientSize": "1.68",
    "PatientWeight": "64",
    "PatientBirthName": "Invented^Anna",
    "PatientAddress": "1 Nowhere Street, Sampletown",
    "PatientTelephoneNumbers": "+00 000 0000001",
    "OtherPatientIDs": "FAKE-OLD-17",
    "PatientComments": "Mrs Anna Example prefers to be called Maria",
    "AdditionalPatientHistory": "Anna Example, 49, school teacher in Sampletown, headache",
    "InstitutionName": "Example Hospital",
    "InstitutionAddress": "2 Nowhere Street, Sampletown",
    "InstitutionalDepartmentName": "Invented Radiology",
    "StationName": "FAKESTATION1",
    "ReferringPhysicianName": "Referrer^Robert",
    "PerformingPhysicianName": "Performer^Paula",
    "OperatorsName": "Operator^Oscar",
}
HEAD_STUDY = {
    "StudyDate": "20240311",
    "StudyTime": "093000",
    "StudyID": "FAKE-S1",
    "AccessionNumber": "FAKE-ACC-4711",
    "StudyDescription": "Head MR CT PET",
    "RequestingPhysician": "Requester^Rita",
}
STUDY_UID = uid("study")
# The three volumes share one frame of reference, so that one may be laid over another.
WHERE = {
    "FrameOfReferenceUID": uid("study", "frame of reference"),
    "PositionReferenceIndicator": "",
    "BodyPartExamined": "HEAD",
}
EARLIER_STUDY = {
    "StudyDate": "20240223",
    "StudyTime": "083000",
    "StudyID": "FAKE-S0",
    "AccessionNumber": "FAKE-ACC-4102",
    "StudyDescription": "Abdomen ultrasound",
    "RequestingPhysician": "Requester^Rita",
}
EARLIER_STUDY_UID = uid("study", "earlier")

# How a careless hand leaves a header: the obvious elements emptied, and said to be clean.
CLEANED = {
    "SpecificCharacterSet": "ISO_IR 100",
    "PatientName": "Anonymous",
    "PatientID": "ANON1",
    "PatientBirthDate": "",
    "PatientSex": "",
    "StudyDate": "",
    "StudyTime": "",
    "StudyID": "",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "names deleted by hand",
}

PHANTOM = {
    "PatientName": "Phantom^Lettered",
    "PatientID": "PHANTOM-1",
    "PatientBirthDate": "",
    "PatientSex": "O",
    "StudyDate": "20240101",
    "StudyTime": "120000",
    "StudyID": "1",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "StudyDescription": "Lettered phantom",
}


def repeat_identity(dataset: Dataset, procedure: str) -> Dataset:
    """Add the places that hold a name without being called one; returns the same dataset.

    procedure : what was examined, a word
    """
    dataset.ImageComments = "Example, Anna: moved once, repeated"
    private = dataset.private_block(0x0009, PRIVATE_CREATOR, create=True)
    private.add_new(0x01, "LO", "Example^Anna^Maria")
    private.add_new(0x02, "SH", "FAKE-0001")
    private.add_new(0x03, "DA", "19740611")
    dataset.RequestAttributesSequence = [
        header(
            RequestedProcedureID="FAKE-RP-1",
            RequestedProcedureDescription=f"{procedure}, Anna Example",
            ScheduledProcedureStepID="FAKE-SPS-1",
            ScheduledProcedureStepDescription=f"{procedure} for Mrs Example",
        )
    ]
    return dataset
