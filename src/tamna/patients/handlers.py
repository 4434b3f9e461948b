"""Lines of the plan that patients serve by services, for the catalogue."""

from django.utils.translation import gettext_noop as noop

from tamna.core.automations import declare

declare(
    "pat.consent", kind="F", module="tamna.patients.consents", engine="params/consent/forms.yaml",
    covers=noop("Six purposes in four languages, signed at the desk, withdrawn at once in every flow that sends. The wording awaits the hospital's legal review."),
)  # fmt: skip
declare(
    "pat.exchange", kind="F", module="tamna.reception.fhir", engine="connect.fhir",
    covers=noop("FHIR R4 in and out by file: people, visits, diagnoses, coverage, documents kept as they came. Another hospital gets a record only with the patient's consent; no live exchange network is connected."),
)  # fmt: skip
declare(
    "pat.history", kind="F", module="tamna.patients.timeline", engine="patients.timeline",
    covers=noop("Each visit from booking to journal on one timeline, all visits in one list, the account with what is unpaid."),
)  # fmt: skip
