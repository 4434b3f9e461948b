"""Signs that the desk scans instead of typing (접수 QR 등): departments above register how each is read.

A reader gives the patient, or None where the sign is not of its kind; a sign of its kind that is not valid raises its DomainError.
"""

from collections.abc import Callable

from tamna.patients.models import Patient

Reader = Callable[[str], Patient | None]
_readers: list[Reader] = []


def reads(reader: Reader) -> Reader:
    """Register a reader."""
    _readers.append(reader)
    return reader


def patient_of(scanned: str) -> Patient | None:
    """Whose sign this is; None where it is words to search for."""
    return next((patient for reader in _readers if (patient := reader(scanned))), None)
