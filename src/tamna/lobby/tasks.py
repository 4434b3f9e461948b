"""Jobs of the lobby: the notice of a booking, in the patient's language, with the link to their own page."""

from tamna.core.tasks import BACKOFF, app


@app.task(queue="messages", retry=BACKOFF)
def send_booking_notice(appointment_id: int) -> None:
    """Tell of one booking, once (예약 안내). A job that is done again after a lost answer sends nothing twice."""
    from django.conf import settings
    from django.utils import translation
    from django.utils.translation import gettext as _

    from tamna.core import clock
    from tamna.core.actor import Actor
    from tamna.core.format import moment
    from tamna.core.models import InterfaceMessage
    from tamna.lobby import languages, links, names
    from tamna.patients.consents import MESSAGES, consented
    from tamna.patients.sending import write_to
    from tamna.reception.models import Appointment

    row = Appointment.objects.select_related("patient", "slot__practitioner__department").get(pk=appointment_id)
    key = f"notice:{row.public_id}"
    if row.status != Appointment.Status.BOOKED or row.starts_at <= clock.now() or not consented(row.patient, MESSAGES):
        return
    if InterfaceMessage.objects.filter(system="messaging", control_id=key).exists():
        return
    with translation.override(languages.known(row.patient.language)):
        text = _("[%(hospital)s] You are booked: %(at)s, %(department)s. Your turn, your check-in code and your bills: %(link)s") % {
            "hospital": names.hospital(), "at": moment(row.starts_at), "department": names.department(row.slot.practitioner.department),
            "link": settings.PATIENT_URL + links.make(patient=row.patient, by=Actor.system("booking notice")),
        }  # fmt: skip
    write_to(row.patient, purpose=MESSAGES, kind="booking", key=key, text=text)
