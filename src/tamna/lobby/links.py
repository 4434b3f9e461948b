"""Links to a patient's own page (환자 페이지 주소): signed, unguessable, ending by themselves. The clear key is kept nowhere."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tamna.core import audit
from tamna.core.actor import Actor
from tamna.lobby import doors, languages
from tamna.lobby.models import PatientLink
from tamna.patients.models import Patient
from tamna.reception.models import Ticket

OWN_DAYS, TICKET_HOURS = 30, 18


@transaction.atomic
def make(*, patient: Patient, by: Actor, ticket: Ticket | None = None) -> str:
    """The path of a new link: to everything of a patient (sent to their phone), or to one turn (printed on a slip)."""
    key, digest = doors.new_key()
    now = timezone.now()
    until = now + (timedelta(hours=TICKET_HOURS) if ticket else timedelta(days=OWN_DAYS))
    PatientLink.objects.create(digest=digest, patient=patient, ticket=ticket, made_at=now, expires_at=until)
    audit.note("link.made", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id,
               detail={"turn_only": int(ticket is not None)})  # fmt: skip
    return f"{languages.PATH}p/{doors.seal(key)}"
