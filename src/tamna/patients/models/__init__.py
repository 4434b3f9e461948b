"""Patients and what belongs to them: person, coverage, consents, records from elsewhere."""

from tamna.patients.models.access import AccessReview
from tamna.patients.models.consent import Consent
from tamna.patients.models.imported import ImportedBundle, ImportedResource, ImportRun
from tamna.patients.models.keeping import Disposal, DisposalItem, FiledDocument, LegalHold
from tamna.patients.models.merging import Merge
from tamna.patients.models.opening import RecordOpening
from tamna.patients.models.person import Coverage, Identity, Patient

__all__ = [
    "AccessReview", "Consent", "Coverage", "Disposal", "DisposalItem", "FiledDocument", "Identity", "ImportRun", "ImportedBundle", "ImportedResource", "LegalHold", "Merge", "Patient", "RecordOpening",
]  # fmt: skip
