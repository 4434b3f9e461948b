"""Lines of the plan that patients serve by services, for the catalogue; what a new day begins."""

from datetime import date

from django.utils.translation import gettext_noop as noop

from tamna.core import outbox
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.patients import indexing as indexing  # registers itself

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
declare(
    "pat.encrypt", kind="E", module="tamna.core.rotation", engine="core.crypto",
    covers=noop("Every value of a person is sealed by keys that a master key outside the database wraps; field, search and master key are changed without a stop; a test looks for planted people in the files, a dump and the logs. Birth date and sex stand in clear."),
)  # fmt: skip
declare(
    "pat.rrn", kind="E", module="tamna.patients.selectors", engine="core.crypto (blind index)",
    covers=noop("Found by the number without the number being kept in clear; shown masked, in full only with a reason."),
)  # fmt: skip
declare(
    "pat.update", kind="E", module="tamna.patients.services", engine="patients.identifiers",
    covers=noop("Numbers are read and checked, contacts confirmed or changed at the desk. The residents' register of the state is not connected: nothing is fetched from it."),
)  # fmt: skip
declare(
    "pat.access", kind="E", module="tamna.patients.openings", engine="core.access · core.audit",
    covers=noop("Roles and capabilities, protected records opened for an hour with a reason, who looked shown to the patient, a signed monthly review of unusual looks. A person's own department does not narrow what a role may see."),
)  # fmt: skip
declare(
    "pat.records", kind="P", module="tamna.patients.documents", engine="engines.filing",
    covers=noop("Documents filed under a patient, classed by words with weights, below the threshold by a person, kept for the term of their class. Scans are classed by their title: no text is read from a picture."),
)  # fmt: skip
declare(
    "pat.dispose", kind="E", module="tamna.patients.disposal", engine="core.rotation",
    covers=noop("Terms by class with law and article, what is due, a second person's approval, erasure made final by destroying the old key, certificate, holds. Where no term was found the longest is used and marked; paper is outside."),
)  # fmt: skip


@outbox.on("business.day", key="patients.review_access")
def on_day(event: Event) -> None:
    """The first of a month: the month before is looked through."""
    from tamna.core.tasks import begin
    from tamna.patients.tasks import review_access

    if date.fromisoformat(event.payload["date"]).day == 1:
        begin(review_access, lock="review_access")
