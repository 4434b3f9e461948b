"""Kinds of records that other systems send (FHIR resource types), in a reader's words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

KINDS = {  # FHIR resource types in a reader's words
    "AllergyIntolerance": noop("Allergy"), "Appointment": noop("Booking"), "CarePlan": noop("Care plan"), "CareTeam": noop("Care team"), "ChargeItem": noop("Charge"),
    "Claim": noop("Claim"), "Condition": noop("Diagnosis"), "Coverage": noop("Coverage"), "Device": noop("Device"), "DiagnosticReport": noop("Test report"),
    "DocumentReference": noop("Document"), "Encounter": noop("Visit"), "ExplanationOfBenefit": noop("Insurer's answer"), "Goal": noop("Goal"),
    "ImagingStudy": noop("Imaging"), "Immunization": noop("Vaccination"), "Location": noop("Place"), "Medication": noop("Medicine"),
    "MedicationAdministration": noop("Medicine given"), "MedicationRequest": noop("Prescription"), "Observation": noop("Observation"), "Organization": noop("Institution"),
    "Patient": noop("Patient"), "Practitioner": noop("Doctor"), "Procedure": noop("Procedure"), "ServiceRequest": noop("Service request"),
}  # fmt: skip


def kind_name(resource_type: str) -> str:
    """A FHIR resource type in the reader's language; a rare one stays as it is."""
    return _(KINDS[resource_type]) if resource_type in KINDS else resource_type
