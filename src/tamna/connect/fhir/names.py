"""Names of systems, classes and elements that reading and writing share."""

CHART = "urn:tamna:chart"
IDENTITY = "urn:tamna:identity:"  # + kind: the vault's numbers, written only when a reason is given
DEPARTMENT, DOCTOR, INSTITUTION = "urn:tamna:department", "urn:tamna:license", "urn:tamna:institution"
PAYER, FEE, ORDER = "urn:tamna:payer", "urn:tamna:fee", "urn:tamna:order"
KCD = "urn:oid:1.2.410.100110.40.2.2.1"  # sim: the KCD system name used inside Tamna's samples
OURS = "urn:tamna:extension:"  # extensions of elements that R4 has no place for
NATIONALITY = "http://hl7.org/fhir/StructureDefinition/patient-nationality"
COUNTRY = "urn:iso:std:iso:3166"
LANGUAGE = "urn:ietf:bcp:47"
JEJUEO = "jje"  # ISO 639-3
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
DIAGNOSIS_ROLE = "http://terminology.hl7.org/CodeSystem/diagnosis-role"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
TEST_TAG = {"system": ACT_REASON, "code": "HTEST", "display": "test health data"}
SETTINGS = {
    "AMB": "outpatient", "VR": "outpatient", "HH": "outpatient", "FLD": "outpatient", "SS": "outpatient", "OBSENC": "outpatient",
    "PRENC": "outpatient", "EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "NONAC": "inpatient",
}  # fmt: skip
CLASSES = {"outpatient": "AMB", "emergency": "EMER", "inpatient": "IMP"}
