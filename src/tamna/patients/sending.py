"""The one way a message leaves for a patient (문자 발송): consent asked at the moment of sending, sent once, noted without its words."""

from tamna.connect.messaging import Message, Sent, send
from tamna.core import clock
from tamna.core.models import InterfaceMessage
from tamna.patients.consents import consented
from tamna.patients.models import Patient


def write_to(patient: Patient, *, purpose: str, kind: str, key: str, text: str) -> bool:
    """Send one message for a purpose; the same key goes out once. False: no phone, or the patient did not agree.

    Raises Unreachable, Refused.
    """
    if not patient.phone or not consented(patient, purpose):
        return False
    sent = send(Message(key=key, to=patient.phone, text=text))
    InterfaceMessage.objects.get_or_create(
        system="messaging", direction="out", control_id=key,
        defaults={"kind": kind, "status": "sent", "detail": sent.message_id, "at": clock.now()},
    )  # fmt: skip
    return True


def hand_over(patient: Patient, *, purpose: str, message: Message) -> Sent | None:
    """Hand one message to the carrier for a sender that keeps its own record. None: the patient did not agree.

    Raises Unreachable, Refused.
    """
    return send(message) if consented(patient, purpose) else None
