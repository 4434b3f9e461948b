"""Who stands at the kiosk (본인 확인): by a code, a card, phone and birth date, chart and birth date, or a resident number.

Exactly one person must fit. What was typed is kept nowhere and told to nobody; ten misses of a device within ten minutes send
everybody there to the desk, so that numbers cannot be tried out. Raises lobby.unknown_person, too_many_tries and those of `codes`.
"""

from dataclasses import dataclass, field
from datetime import date

from django.core import signing
from django.core.cache import cache

from tamna.core import audit, crypto
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.lobby import codes
from tamna.lobby.models import Device
from tamna.patients.models import Identity, Patient
from tamna.patients.selectors import birth_date
from tamna.patients.services import PHONE

HELD = frozenset({"code", "card"})  # signs that somebody holds and need not know
MISSES, MISS_SECONDS = 10, 600
SALT = "tamna.lobby.who"
SHOWN_SECONDS, RECEIVED_SECONDS = 900, 43_200  # how long a proof opens a person's facts; how long it receives them


@dataclass(frozen=True)
class Sign:
    """What a person gave. Numbers never stand in a message or a log."""

    kind: str  # code, card, phone, chart, resident
    value: str = field(repr=False)
    birth: str = field(default="", repr=False)


def recognise(sign: Sign, *, device: Device, by: Actor) -> Patient:
    """The one patient of a sign."""
    missed = f"lobby.missed:{device.pk}"
    if cache.get(missed, 0) >= MISSES:
        raise DomainError("lobby.too_many_tries")
    found = _fitting(sign)
    if len(found) != 1:
        cache.add(missed, 0, MISS_SECONDS)
        cache.incr(missed)
        raise DomainError("lobby.unknown_person")
    audit.note("patient.recognised", by=by, subject_type="patient", subject_id=found[0].public_id,
               patient_ref=found[0].public_id, detail={"sign": sign.kind})  # fmt: skip
    return found[0]


def _fitting(sign: Sign) -> list[Patient]:
    digits = "".join(letter for letter in sign.value if letter.isdigit())
    born: date | None = birth_date(sign.birth)
    alive = Patient.objects.filter(merged_into=None, deceased_on=None)
    match sign.kind:
        case "code":
            return [codes.read(sign.value).appointment.patient]
        case "card" if digits:
            return list(alive.filter(chart_no=digits.zfill(8))[:2])
        case "phone" if len(digits) >= 9 and born:
            return list(alive.filter(search_tokens__overlap=crypto.blind_tokens(digits, PHONE), birth_on=born)[:2])
        case "chart" if digits and born:
            return list(alive.filter(chart_no=digits.zfill(8), birth_on=born)[:2])
        case "resident" if len(digits) == 13:
            index = [form for kind in ("rrn", "foreigner") for form in crypto.blind_indexes(digits, kind)]
            return list(alive.filter(pk__in=Identity.objects.filter(blind_index__in=index).values("patient_id"))[:2])
    return []


def proof(patient: Patient, device: Device, sign: Sign) -> str:
    """What the kiosk's page holds in memory instead of a person: it opens nothing at another device, and not for long."""
    known = {"patient": str(patient.public_id), "device": device.pk, "held": sign.kind in HELD}
    return signing.dumps(known, salt=SALT)


def proven(text: str, device: Device, *, seconds: int = SHOWN_SECONDS, by_knowledge: bool = False) -> Patient:
    """The patient of a proof; `by_knowledge` asks that they knew something, for a card or a phone may be found.

    Raises lobby.unknown_person, lobby.ask_desk.
    """
    try:
        known = signing.loads(text, salt=SALT, max_age=seconds)
    except signing.BadSignature:
        raise DomainError("lobby.unknown_person") from None
    patient = Patient.objects.filter(public_id=known["patient"]).first() if known["device"] == device.pk else None
    if patient is None:
        raise DomainError("lobby.unknown_person")
    if by_knowledge and known["held"]:
        raise DomainError("lobby.ask_desk")
    return patient
