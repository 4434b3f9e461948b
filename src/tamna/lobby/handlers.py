"""What the lobby serves of the plan, and what follows a booking: the patient is told, with a link to their own page."""

from django.conf import settings
from django.utils.translation import gettext_noop as noop

from tamna.core.actor import Actor
from tamna.core.automations import declare
from tamna.lobby import codes, links, names
from tamna.patients.models import Patient
from tamna.reception import communications, signs

declare("rec.kiosk", kind="F", module="tamna.lobby.kiosk_views", engine="lobby.services.check_in",
        covers=noop("Returning patients by touch or keys, in four languages, also while the server is away. New patients are sent to the desk; printing is the browser's."))  # fmt: skip
declare("rec.returning", kind="E", module="tamna.lobby.recognising", engine="lobby.recognising",
        covers=noop("By code, card, phone or chart number with birth date, and resident number; phone and eligibility are offered for update, the address at the desk only."))  # fmt: skip
declare("rec.qr", kind="F", module="tamna.lobby.codes", engine="lobby.codes",
        covers=noop("Signed, for its own day, once; at kiosk and desk, on the patient's page. The link goes out with the booking where the hospital's public address is set."))  # fmt: skip
declare("rec.wait.patient", kind="P", module="tamna.lobby.turns", engine="engines.queueing",
        covers=noop("On phone and board by people before one and today's pace, with its 80 % interval, moving with the queue; the learnt model tells it at issue."))  # fmt: skip
declare("lang.ui", kind="F", module="tamna.lobby.languages", engine="tools.messages",
        covers=noop("Kiosk, patient's page, waiting board and booking notices; documents are Korean or English."))  # fmt: skip
declare("lang.elderly", kind="F", module="tamna.lobby.kiosk_views", engine="speechSynthesis",
        covers=noop("Large type, long times and slow speech of the browser at the kiosk; sentences are the same."))  # fmt: skip
declare("lang.blind", kind="F", module="tamna.lobby.kiosk_views", engine="speechSynthesis",
        covers=noop("The whole flow by number keys and speech, tested without looking. Not yet tried by blind people, nor against the text of the standard."))  # fmt: skip


@signs.reads
def scanned_code(text: str) -> Patient | None:
    """At the desk: the patient of a booking's code."""
    return codes.read(text).appointment.patient if text.startswith(codes.HEAD) else None


def page_of(patient: Patient) -> str:
    """The address of the patient's own page for notices; none where the hospital has no public address."""
    return settings.PATIENT_URL + links.make(patient=patient, by=Actor.system("notice")) if settings.PATIENT_URL else ""


communications.use(communications.Words(page_of, names.hospital, names.department))
