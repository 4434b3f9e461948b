"""Whether a resource is R4 as far as we rely on it: its form everywhere, its required elements and codes where we know them.

Standard: HL7 FHIR 4.0.1 (§2.6.2 JSON: no null, no empty value; §2.24 data types). Not a full validator: elements that Tamna
neither reads nor needs are checked for their form only; the tests check exports with a full model of R4.
"""

import re
from typing import Any

from tamna.connect.fhir.reading import NUL, Exact, FhirError

MAX_DEPTH = 40
MAX_TEXT = 1 << 20  # a string SHALL NOT exceed 1 MB
MAX_ATTACHMENT = 12 << 20
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
NAME = re.compile(r"_?[a-zA-Z][A-Za-z0-9]*\Z")
DATE = re.compile(r"([1-9]\d{3}|0\d{3})(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?\Z")
DATE_TIME = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?)?)?\Z"
)

TYPES = frozenset(
    [
        "Account",
        "ActivityDefinition",
        "AdverseEvent",
        "AllergyIntolerance",
        "Appointment",
        "AppointmentResponse",
        "AuditEvent",
        "Basic",
        "Binary",
        "BiologicallyDerivedProduct",
        "BodyStructure",
        "CapabilityStatement",
        "CarePlan",
        "CareTeam",
        "CatalogEntry",
        "ChargeItem",
        "ChargeItemDefinition",
        "Claim",
        "ClaimResponse",
        "ClinicalImpression",
        "CodeSystem",
        "Communication",
        "CommunicationRequest",
        "CompartmentDefinition",
        "Composition",
        "ConceptMap",
        "Condition",
        "Consent",
        "Contract",
        "Coverage",
        "CoverageEligibilityRequest",
        "CoverageEligibilityResponse",
        "DetectedIssue",
        "Device",
        "DeviceDefinition",
        "DeviceMetric",
        "DeviceRequest",
        "DeviceUseStatement",
        "DiagnosticReport",
        "DocumentManifest",
        "DocumentReference",
        "EffectEvidenceSynthesis",
        "Encounter",
        "Endpoint",
        "EnrollmentRequest",
        "EnrollmentResponse",
        "EpisodeOfCare",
        "EventDefinition",
        "Evidence",
        "EvidenceVariable",
        "ExampleScenario",
        "ExplanationOfBenefit",
        "FamilyMemberHistory",
        "Flag",
        "Goal",
        "GraphDefinition",
        "Group",
        "GuidanceResponse",
        "HealthcareService",
        "ImagingStudy",
        "Immunization",
        "ImmunizationEvaluation",
        "ImmunizationRecommendation",
        "ImplementationGuide",
        "InsurancePlan",
        "Invoice",
        "Library",
        "Linkage",
        "List",
        "Location",
        "Measure",
        "MeasureReport",
        "Media",
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationKnowledge",
        "MedicationRequest",
        "MedicationStatement",
        "MedicinalProduct",
        "MedicinalProductAuthorization",
        "MedicinalProductContraindication",
        "MedicinalProductIndication",
        "MedicinalProductIngredient",
        "MedicinalProductInteraction",
        "MedicinalProductManufactured",
        "MedicinalProductPackaged",
        "MedicinalProductPharmaceutical",
        "MedicinalProductUndesirableEffect",
        "MessageDefinition",
        "MessageHeader",
        "MolecularSequence",
        "NamingSystem",
        "NutritionOrder",
        "Observation",
        "ObservationDefinition",
        "OperationDefinition",
        "OperationOutcome",
        "Organization",
        "OrganizationAffiliation",
        "Parameters",
        "Patient",
        "PaymentNotice",
        "PaymentReconciliation",
        "Person",
        "PlanDefinition",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "Provenance",
        "Questionnaire",
        "QuestionnaireResponse",
        "RelatedPerson",
        "RequestGroup",
        "ResearchDefinition",
        "ResearchElementDefinition",
        "ResearchStudy",
        "ResearchSubject",
        "RiskAssessment",
        "RiskEvidenceSynthesis",
        "Schedule",
        "SearchParameter",
        "ServiceRequest",
        "Slot",
        "Specimen",
        "SpecimenDefinition",
        "StructureDefinition",
        "StructureMap",
        "Subscription",
        "Substance",
        "SubstanceNucleicAcid",
        "SubstancePolymer",
        "SubstanceProtein",
        "SubstanceReferenceInformation",
        "SubstanceSourceMaterial",
        "SubstanceSpecification",
        "SupplyDelivery",
        "SupplyRequest",
        "Task",
        "TerminologyCapabilities",
        "TestReport",
        "TestScript",
        "ValueSet",
        "VerificationResult",
        "VisionPrescription",
    ]
)

_EVENT = frozenset(
    ["preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown"]
)
_FINANCE = frozenset(["active", "cancelled", "draft", "entered-in-error"])
_REQUEST = frozenset(["draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"])
CODES: dict[str, dict[str, frozenset[str]]] = {
    "Patient": {"gender": frozenset(["male", "female", "other", "unknown"])},
    "Encounter": {"status": frozenset(["planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error", "unknown"])},
    "Observation": {"status": frozenset(["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"])},
    "DiagnosticReport": {"status": frozenset(["registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled", "entered-in-error", "unknown"])},
    "Procedure": {"status": _EVENT},
    "Immunization": {"status": frozenset(["completed", "entered-in-error", "not-done"])},
    "MedicationRequest": {"status": frozenset(["active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"])},
    "ServiceRequest": {"status": _REQUEST},
    "Claim": {"status": _FINANCE, "use": frozenset(["claim", "preauthorization", "predetermination"])},
    "ExplanationOfBenefit": {"status": _FINANCE, "use": frozenset(["claim", "preauthorization", "predetermination"])},
    "Coverage": {"status": _FINANCE},
}  # fmt: skip
REQUIRED: dict[str, tuple[str, ...]] = {
    "Encounter": ("status", "class"), "Condition": ("subject",), "Observation": ("status", "code"),
    "DiagnosticReport": ("status", "code"), "Procedure": ("status", "subject"), "Coverage": ("status", "beneficiary", "payor"),
    "Immunization": ("status", "vaccineCode", "patient"), "AllergyIntolerance": ("patient",),
    "MedicationRequest": ("status", "intent", "subject"), "ServiceRequest": ("status", "intent", "subject"),
    "Claim": ("status", "type", "use", "patient", "created", "provider", "priority", "insurance"),
    "ExplanationOfBenefit": ("status", "type", "use", "patient", "created", "insurer", "provider", "outcome", "insurance"),
    "CarePlan": ("status", "intent", "subject"), "Goal": ("lifecycleStatus", "description", "subject"),
    "ImagingStudy": ("status", "subject"), "ChargeItem": ("status", "code", "subject"),
}  # fmt: skip
LISTS = {
    "Patient": frozenset(["identifier", "name", "telecom", "address", "communication", "extension"]),
    "Encounter": frozenset(["identifier", "participant", "diagnosis", "extension", "statusHistory", "type"]),
    "Coverage": frozenset(["identifier", "payor", "class", "extension"]),
}
OBJECTS = {
    "Encounter": frozenset(["class", "subject", "period", "serviceProvider", "serviceType", "hospitalization"]),
    "Condition": frozenset(["code", "subject", "encounter"]),
    "Coverage": frozenset(["beneficiary", "type", "period"]),
    "ServiceRequest": frozenset(["code", "subject", "encounter"]),
}
DATED = {"birthDate": DATE, "onsetDateTime": DATE_TIME, "recordedDate": DATE_TIME, "authoredOn": DATE_TIME, "deceasedDateTime": DATE_TIME,
         "effectiveDateTime": DATE_TIME, "occurrenceDateTime": DATE_TIME, "performedDateTime": DATE_TIME, "created": DATE_TIME, "issued": DATE_TIME}  # fmt: skip


def check(resource: Any, row: int) -> None:
    """Raises FhirError with the element that is wrong."""
    if not isinstance(resource, dict):
        raise FhirError("fhir.no_resource", row=row)
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in TYPES:
        raise FhirError("fhir.wrong_type", row=row, field="resourceType")
    if "id" in resource and not (isinstance(resource["id"], str) and ID.match(resource["id"])):
        raise FhirError("fhir.bad_element", row=row, field=f"{kind}.id")
    _form(resource, kind, row)
    for wanted, shapes in ((list, LISTS), (dict, OBJECTS)):
        for name in shapes.get(kind, ()):
            if name in resource and not isinstance(resource[name], wanted):
                raise FhirError("fhir.bad_element", row=row, field=f"{kind}.{name}")
    for name in REQUIRED.get(kind, ()):
        if name not in resource:
            raise FhirError("fhir.element_missing", row=row, field=f"{kind}.{name}")
    for name, codes in CODES.get(kind, {}).items():
        if name in resource and resource[name] not in codes:
            raise FhirError("fhir.bad_element", row=row, field=f"{kind}.{name}")
    for name, form in DATED.items():
        if name in resource and not (isinstance(resource[name], str) and form.match(resource[name])):
            raise FhirError("fhir.bad_element", row=row, field=f"{kind}.{name}")
    _period(resource.get("period"), kind, row)


def _period(period: Any, kind: str, row: int) -> None:
    if isinstance(period, dict):
        for name in ("start", "end"):
            if name in period and not (isinstance(period[name], str) and DATE_TIME.match(period[name])):
                raise FhirError("fhir.bad_element", row=row, field=f"{kind}.period.{name}")


def _form(resource: dict[str, Any], kind: str, row: int) -> None:
    """No null, nothing empty, names as FHIR has them, strings and depth within bounds; walked without recursion."""
    waiting: list[tuple[str, str, Any, int]] = [(kind, "", resource, 0)]
    while waiting:
        path, name, value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise FhirError("fhir.too_deep", row=row, field=kind)
        if isinstance(value, dict):
            if not value:
                raise FhirError("fhir.bad_element", row=row, field=path)
            for key, inner in value.items():
                if not NAME.match(key):
                    raise FhirError("fhir.bad_element", row=row, field=path)
                waiting.append((f"{path}.{key}", key, inner, depth + 1))
        elif isinstance(value, list):
            if not value:
                raise FhirError("fhir.bad_element", row=row, field=path)
            is_shadow = name.startswith("_") or any(item is None for item in value)  # primitives with extensions beside
            waiting += [(path, "", item, depth + 1) for item in value if not (item is None and is_shadow)]
        elif value is None or (isinstance(value, str) and not isinstance(value, Exact) and not _is_text(name, value)):
            raise FhirError("fhir.bad_element", row=row, field=path[:200])


def _is_text(name: str, value: str) -> bool:
    limit = MAX_ATTACHMENT if name in ("data", "") else MAX_TEXT
    return bool(value.strip()) and len(value) <= limit and NUL not in value
