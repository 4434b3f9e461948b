"""Telling patients (환자 안내): once a cause, by the channels they have, in their language, not at night, not against their wish.

A message is handed to the carrier under its own key and channel: a job that is killed and done again sends nothing twice.
The next channel is tried only where the carrier said that this one failed, never on silence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import translation

from tamna.connect import messaging
from tamna.connect.errors import Refused, Unreachable
from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.format import clock_time, moment
from tamna.core.models import Department, Hospital
from tamna.params import load_raw
from tamna.patients.consents import MESSAGES
from tamna.patients.models import Patient
from tamna.patients.sending import hand_over
from tamna.reception.models import Communication, ContactChoice

OPENS, CLOSES = 8, 21  # quiet hours are outside of these
AT_ANY_HOUR = frozenset({"turn"})  # the patient is in the house
LANGUAGES = {"ko": "ko", "en": "en", "zh": "zh-hans", "ja": "ja"}


@dataclass(frozen=True)
class Words:
    """What the patients' screens know better: the address of a patient's own page, and names in the active language."""

    link: Callable[[Patient], str] = lambda patient: ""
    hospital: Callable[[], str] = lambda: Hospital.objects.get(pk=1).name_en
    department: Callable[[Department], str] = lambda department: department.name_en


_words = Words()


def use(words: Words) -> None:
    """Say whose words are used (the lobby's, which has them in every language)."""
    global _words
    _words = words


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """kind → language → text. Raises ValueError where a language or one of its facts is missing."""
    found: dict[str, dict[str, str]] = load_raw("notices/texts")
    for kind in Communication.Kind.values:
        for language in LANGUAGES:
            if facts_of(found[kind].get(language, "")) != facts_of(found[kind]["ko"]):
                raise ValueError(f"notices/texts: {kind} in {language} lacks a fact of the Korean text")
    return found


def facts_of(text: str) -> set[str]:
    """Names of the facts that a text is filled with."""
    return {part.split(")s")[0] for part in text.split("%(")[1:]}


@transaction.atomic
def tell(kind: str, patient: Patient, key: str, **about: Any) -> Communication | None:
    """Keep a notice and send it when its hour comes. None where the same cause was told before."""
    now = clock.now()
    row, is_new = Communication.objects.get_or_create(
        key=key, defaults={"kind": kind, "patient": patient, "made_at": now, "due_at": due(kind, now), **about}
    )
    if is_new and row.due_at <= now:
        _begin(row.pk)
    return row if is_new else None


def due(kind: str, now: datetime) -> datetime:
    """Now, or the next opening of the quiet hours."""
    local = now.astimezone(clock.SEOUL)
    if kind in AT_ANY_HOUR or OPENS <= local.hour < CLOSES:
        return now
    return clock.at_seoul(local.date() + timedelta(days=local.hour >= CLOSES), OPENS * 60)


def _begin(pk: int) -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    from tamna.reception.tasks import send_communication

    def defer() -> None:
        try:
            send_communication.configure(queueing_lock=f"communication:{pk}").defer(pk=pk)
        except AlreadyEnqueued:
            return

    transaction.on_commit(defer)


def begin_due() -> int:
    """Begin to send what its hour has come for."""
    rows = list(
        Communication.objects.filter(status="waiting", due_at__lte=clock.now())
        .order_by("due_at")
        .values_list("pk", flat=True)[:500]
    )
    for pk in rows:
        _begin(pk)
    return len(rows)


def channels(patient: Patient, choice: ContactChoice | None) -> dict[messaging.Channel, str]:
    """Channel → address, the cheapest and quickest first."""
    found: dict[messaging.Channel, str] = {
        "push": choice.push_address if choice else "",
        "kakao": patient.phone,
        "sms": patient.phone,
        "email": choice.email if choice else "",
    }
    return {channel: address for channel, address in found.items() if address}


def send(pk: int) -> str:
    """Hand one notice over by the first channel that takes it. Returns its state. Raises Unreachable: try again later."""
    row = Communication.objects.select_related(
        "patient", "appointment__slot__practitioner__department", "ticket__department", "encounter__department",
        "offer__slot__practitioner__department",
    ).get(pk=pk)  # fmt: skip
    if row.status != Communication.Status.WAITING:
        return row.status
    choice = choice_of(row.patient)
    reason = _why_not(row, choice)
    if reason:
        return _settle(row, Communication.Status.DROPPED, reason)
    text = written(row)
    left = {name: to for name, to in channels(row.patient, choice).items() if name not in row.failed_channels}
    for channel, to in left.items():
        try:
            message = messaging.Message(key=f"{row.key}:{channel}", channel=channel, to=to, text=text)
            sent = hand_over(row.patient, purpose=MESSAGES, message=message)
        except Refused as refused:
            row.failed_channels, row.reason = [*row.failed_channels, channel], refused.code[:20]
            Communication.objects.filter(pk=pk).update(failed_channels=row.failed_channels, reason=row.reason)
            continue
        if sent is None:
            return _settle(row, Communication.Status.DROPPED, "not_consented")
        Communication.objects.filter(pk=pk, status="waiting").update(
            status="sent", channel=channel, message_id=sent.message_id, sent_at=clock.now(), reason="", cost_won=F("cost_won") + sent.cost_won
        )  # fmt: skip
        return "sent"
    return _settle(
        row,
        Communication.Status.FAILED if row.failed_channels else Communication.Status.DROPPED,
        row.reason or "no_address",
    )


def _settle(row: Communication, status: str, reason: str) -> str:
    Communication.objects.filter(pk=row.pk, status="waiting").update(status=status, reason=reason)
    return status


def _why_not(row: Communication, choice: ContactChoice | None) -> str:
    """Why it is not sent after all."""
    if choice and row.kind in choice.opted_out:
        return "opted_out"
    if row.kind in ("booking", "reminder") and row.appointment and row.appointment.status != "booked":
        return "gone"
    if row.kind == "turn" and row.ticket and row.ticket.status != "waiting":
        return "gone"
    if row.kind == "offer" and row.offer and row.offer.status != "open":
        return "gone"
    return "gone" if row.patient.deceased_on else ""


def written(row: Communication) -> str:
    """The text in the patient's language."""
    language = row.patient.language[:2] if row.patient.language[:2] in LANGUAGES else "en"
    slot = row.offer.slot if row.offer else row.appointment.slot if row.appointment else None
    place = (
        slot.practitioner.department
        if slot
        else row.ticket.department
        if row.ticket
        else row.encounter.department
        if row.encounter
        else None
    )
    with translation.override(LANGUAGES[language]):
        facts = {
            "hospital": _words.hospital(), "department": _words.department(place) if place else "",
            "at": moment(slot.starts_at) if slot else "", "until": clock_time(row.offer.until) if row.offer else "",
            "number": row.ticket.number if row.ticket else "", "link": _words.link(row.patient),
        }  # fmt: skip
    return (texts()[row.kind][language] % facts).strip()


def collect() -> int:
    """Ask what became of what was sent; the next channel is tried for what did not arrive. Returns how many were answered."""
    answered = 0
    for row in Communication.objects.filter(status="sent").order_by("sent_at")[:200]:
        try:
            found = messaging.status(row.message_id).status
        except Unreachable:
            break
        except Refused:
            found = "failed"
        if found == "delivered":
            Communication.objects.filter(pk=row.pk, status="sent").update(status="delivered")
        elif found == "failed":
            tried = [*row.failed_channels, row.channel]
            Communication.objects.filter(pk=row.pk, status="sent").update(
                status="waiting", failed_channels=tried, reason="not_delivered"
            )
            _begin(row.pk)
        answered += found != "accepted"
    return answered


def choice_of(patient: Patient) -> ContactChoice | None:
    """What the patient wants now. One query."""
    return ContactChoice.objects.filter(patient=patient).order_by("-pk").first()


@transaction.atomic
def choose(
    *, patient: Patient, by: Actor, email: str = "", push_address: str = "", opted_out: list[str] | None = None
) -> ContactChoice:
    """Keep what a patient wants (수신 설정). Raises reception.unknown_notice."""
    if set(opted_out or ()) - set(Communication.Kind.values):
        raise DomainError("reception.unknown_notice")
    row = ContactChoice.objects.create(
        patient=patient,
        email=email,
        push_address=push_address,
        opted_out=sorted(opted_out or ()),
        changed_at=clock.now(),
    )
    audit.note(
        "contact_choice.set", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id
    )
    return row
