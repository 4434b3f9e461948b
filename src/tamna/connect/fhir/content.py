"""What FHIR R4 resources say, as far as Tamna has a place for it: person, coverage, visit, diagnosis, order; titles and times of the rest.

Defensive: any element may be missing or of another shape; what cannot be understood is None, never an exception. A date
without a time is that day in Seoul; a year or a month alone is no day and gives no record of ours (only an order in time).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tamna.connect.fhir import names

SEOUL = ZoneInfo("Asia/Seoul")
Resource = dict[str, Any]
LANGUAGES = ("ko", "en", "zh", "ja")


@dataclass(frozen=True)
class Person:
    """사람 (FHIR Patient). `sex` '' and `birth_on` None where they are not said as Tamna needs them."""

    name: str
    sex: str
    birth_on: date | None
    phone: str = ""
    address: str = ""
    nationality: str = ""
    language: str = "ko"
    prefers_jejueo: bool = False
    deceased_on: date | None = None
    is_restricted: bool = False
    is_synthetic: bool = False
    identities: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Insurance:
    """자격 (FHIR Coverage) as Tamna writes it; a payer that Tamna does not know is ''."""

    payer: str
    checked_on: date | None
    insurer_kind: str = "4"
    card_no: str = ""
    special_case: str = ""
    special_from: date | None = None
    special_to: date | None = None
    aid_type: str = ""
    benefit_stopped: bool = False


@dataclass(frozen=True)
class Visit:
    """내원 (FHIR Encounter). `starts_at` None where no day is said."""

    status: str
    setting: str
    starts_at: datetime | None
    ends_at: datetime | None
    started_at: datetime | None = None
    department: str = ""
    institution: str = ""  # reference to the Organization
    doctor: str = ""  # reference to the Practitioner
    coverage: str = ""  # reference to the Coverage
    payer: str = ""
    special_case: str = ""
    is_first: bool = False
    ktas: int | None = None
    is_synthetic: bool = False
    diagnoses: tuple[tuple[str, str], ...] = ()  # reference to the Condition, kind


@dataclass(frozen=True)
class Diagnosis:
    """상병 (FHIR Condition): the first coding; `system` '' for KCD."""

    code: str
    system: str
    title: str
    kind: str = "secondary"
    onset_on: date | None = None


@dataclass(frozen=True)
class Ordered:
    """오더 (FHIR ServiceRequest) with a placer number of Tamna."""

    placer_number: str
    code: str
    name: str
    quantity: str
    days: int
    ordered_at: datetime | None
    status: str = "active"


# -- the small parts ---------------------------------------------------------------------------------------------------
def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _objects(value: Any) -> list[Resource]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: Any) -> Resource:
    return value if isinstance(value, dict) else {}


def reference(value: Any) -> str:
    """The reference of a Reference, without a version."""
    return _text(_object(value).get("reference")).split("/_history/")[0]


def references(value: Any) -> Iterator[str]:
    """Every reference inside a resource, contained ones left out."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("reference"), str) and not item["reference"].startswith("#"):
                yield reference(item)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def subject(resource: Resource) -> str:
    """The reference to the patient that a resource is about, '' where it is about nobody."""
    for name in ("subject", "patient", "beneficiary", "individual"):
        if isinstance(resource.get(name), dict) and reference(resource[name]):
            return reference(resource[name])
    return ""


def encounter(resource: Resource) -> str:
    """The reference to the visit that a resource belongs to."""
    for name in ("encounter", "context"):
        value = resource.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if reference(value):
            return reference(value)
    for item in _objects(resource.get("item")):
        for place in _objects(item.get("encounter")):
            if reference(place):
                return reference(place)
    return ""


def moment(value: Any) -> datetime | None:
    """An instant; a day is its midnight in Seoul. None for a month, a year, or what no calendar has."""
    text = _text(value)
    if len(text) < 10:
        return None
    try:
        if len(text) == 10:
            found = datetime.combine(date.fromisoformat(text), datetime.min.time(), SEOUL)
        else:
            found = datetime.fromisoformat(text.replace(":60", ":59"))
        found = found if found.tzinfo else found.replace(tzinfo=SEOUL)
        found.astimezone(UTC)
        return found if found.year > 1 else None
    except (ValueError, OverflowError):
        return None


def day(value: Any) -> date | None:
    """A whole day as it is written, in the sender's own calendar day."""
    text = _text(value)
    try:
        return date.fromisoformat(text[:10]) if len(text) >= 10 else None
    except ValueError:
        return None


def roughly(value: Any) -> datetime | None:
    """An instant to order by: the first day of a month or a year where no more is known."""
    text = _text(value)
    return moment({4: text + "-01-01", 7: text + "-01"}.get(len(text), text))


def _coding(concept: Any) -> Resource:
    found = _objects(_object(concept).get("coding"))
    return found[0] if found else {}


def said(concept: Any) -> str:
    """What a CodeableConcept says to a reader."""
    coding = _coding(concept)
    return _text(_object(concept).get("text")) or _text(coding.get("display")) or _text(coding.get("code"))


def _ours(resource: Resource) -> dict[str, Any]:
    """Tamna's own extensions by their short names."""
    found: dict[str, Any] = {}
    for extension in _objects(resource.get("extension")):
        url = extension.get("url")
        if isinstance(url, str) and url.startswith(names.OURS):
            values = [value for key, value in extension.items() if key.startswith("value")]
            found[url[len(names.OURS) :]] = values[0] if values else None
    return found


def _has_tag(resource: Resource, part: str, system: str, codes: tuple[str, ...]) -> bool:
    tags = _objects(_object(resource.get("meta")).get(part))
    return any(tag.get("system") == system and tag.get("code") in codes for tag in tags)


def is_test(resource: Resource) -> bool:
    """Marked by its sender as test data (HTEST)."""
    return _has_tag(resource, "tag", names.ACT_REASON, ("HTEST",))


# -- the resources -----------------------------------------------------------------------------------------------------
def person(resource: Resource) -> Person:
    spoken, jejueo = _languages(resource)
    identities = []
    for identifier in _objects(resource.get("identifier")):
        system, number = _text(identifier.get("system")), _text(identifier.get("value"))
        if system.startswith(names.IDENTITY) and number:
            identities.append((system[len(names.IDENTITY) :], number))
    phones = [_text(item.get("value")) for item in _objects(resource.get("telecom")) if item.get("system") == "phone"]
    return Person(
        name=_name(resource), sex={"male": "M", "female": "F"}.get(_text(resource.get("gender")), ""),
        birth_on=day(resource.get("birthDate")), phone=next((phone for phone in phones if phone), ""),
        address=_address(resource), nationality=_nationality(resource), language=spoken, prefers_jejueo=jejueo,
        deceased_on=day(resource.get("deceasedDateTime")), identities=tuple(identities), is_synthetic=is_test(resource),
        is_restricted=_has_tag(resource, "security", names.CONFIDENTIALITY, ("R", "V")),
    )  # fmt: skip


def without_identities(resource: Resource) -> Resource:
    """The Patient without the numbers that live in the vault only."""
    kept = [
        item
        for item in resource.get("identifier", [])
        if not (isinstance(item, dict) and _text(item.get("system")).startswith(names.IDENTITY))
    ]
    bare = {key: value for key, value in resource.items() if key != "identifier"}
    if not kept:
        return bare
    return {key: (kept if key == "identifier" else value) for key, value in resource.items()}


def _name(resource: Resource) -> str:
    known = _objects(resource.get("name"))
    order = {"official": 0, "usual": 1, "": 2}
    for name in sorted(known, key=lambda item: order.get(_text(item.get("use")), 3)):
        given = name.get("given")
        first = [_text(part) for part in given if _text(part)] if isinstance(given, list) else []
        family = _text(name.get("family"))
        whole = "".join((family, *first)) if re.search("[가-힣]", family) else " ".join((*first, family))
        if _text(name.get("text")) or whole.strip():
            return _text(name.get("text")) or whole.strip()
    return ""


def _address(resource: Resource) -> str:
    for address in _objects(resource.get("address")):
        lines = address.get("line")
        parts = [_text(line) for line in lines] if isinstance(lines, list) else []
        parts += [_text(address.get(part)) for part in ("city", "state", "postalCode", "country")]
        text = _text(address.get("text")) or ", ".join(part for part in parts if part)
        if text:
            return text
    return ""


def _nationality(resource: Resource) -> str:
    for extension in _objects(resource.get("extension")):
        if extension.get("url") == names.NATIONALITY:
            for inner in _objects(extension.get("extension")):
                code = _text(_coding(inner.get("valueCodeableConcept")).get("code"))
                if inner.get("url") == "code" and len(code) == 2:
                    return code
    return ""


def _languages(resource: Resource) -> tuple[str, bool]:
    spoken = [_text(_coding(item.get("language")).get("code")) for item in _objects(resource.get("communication"))]
    known = [code for code in spoken if code.split("-")[0] in LANGUAGES]
    first = known[0] if known else "en" if spoken else "ko"
    return first.split("-")[0], names.JEJUEO in spoken


def insurance(resource: Resource) -> Insurance:
    ours, coding = _ours(resource), _coding(resource.get("type"))
    return Insurance(
        payer=_text(coding.get("code")) if coding.get("system") == names.PAYER else "", checked_on=day(ours.get("checked-on")),
        insurer_kind=_text(ours.get("insurer-kind"))[:1] or "4", card_no=_text(resource.get("subscriberId")),
        special_case=_text(ours.get("special-case"))[:6], special_from=day(ours.get("special-from")), special_to=day(ours.get("special-to")),
        aid_type=_text(ours.get("aid-type"))[:1], benefit_stopped=ours.get("benefit-stopped") is True,
    )  # fmt: skip


def visit(resource: Resource) -> Visit:
    ours, period = _ours(resource), _object(resource.get("period"))
    service = _coding(resource.get("serviceType"))
    entered = [
        moment(_object(item.get("period")).get("start"))
        for item in _objects(resource.get("statusHistory"))
        if item.get("status") == "in-progress"
    ]
    doctors = [reference(item.get("individual")) for item in _objects(resource.get("participant"))]
    priority, first = _text(_coding(resource.get("priority")).get("code")), moment(period.get("start"))
    return Visit(
        status=_text(resource.get("status")), setting=names.SETTINGS.get(_text(_object(resource.get("class")).get("code")), ""),
        starts_at=first, ends_at=moment(period.get("end")) or first, started_at=entered[0] if entered else None,
        department=_text(service.get("code")) if service.get("system") == names.DEPARTMENT else "",
        institution=reference(resource.get("serviceProvider")), doctor=next((item for item in doctors if item), ""),
        coverage=reference(ours.get("coverage")), payer=_text(ours.get("payer"))[:15], special_case=_text(ours.get("special-case"))[:6],
        is_first=ours.get("first-visit") is True, ktas=int(priority) if priority in ("1", "2", "3", "4", "5") else None,
        is_synthetic=is_test(resource), diagnoses=tuple(_roles(resource)),
    )  # fmt: skip


def _roles(resource: Resource) -> Iterator[tuple[str, str]]:
    for item in _objects(resource.get("diagnosis")):
        ours = _text(_ours(item).get("kind"))
        kind = (
            ours
            if ours in ("principal", "secondary", "rule_out")
            else "principal"
            if item.get("rank") == 1
            else "secondary"
        )
        yield reference(item.get("condition")), kind


def diagnosis(resource: Resource) -> Diagnosis | None:
    """None where no code is said, or none that has a place."""
    coding = _coding(resource.get("code"))
    code, system = _text(coding.get("code")), _text(coding.get("system"))
    if not code or len(code) > 20:
        return None
    return Diagnosis(code, "" if system == names.KCD else system[:100] or "?", said(resource.get("code"))[:200],
                     onset_on=day(resource.get("onsetDateTime")))  # fmt: skip


def order(resource: Resource) -> Ordered | None:
    """None where it is not an order of Tamna: those of others are kept aside, since nothing here was ordered."""
    numbers = [item for item in _objects(resource.get("identifier")) if item.get("system") == names.ORDER]
    ours = _ours(resource)
    placer = _text(numbers[0].get("value")) if numbers else ""
    at = moment(resource.get("authoredOn"))
    if not placer or len(placer) > 40 or at is None:
        return None
    status = (
        "unmapped"
        if ours.get("unmapped") is True
        else {"revoked": "revoked"}.get(_text(resource.get("status")), "active")
    )
    quantity = str(_object(resource.get("quantityQuantity")).get("value", "1")).lstrip("\x00")
    days = ours.get("days")
    return Ordered(placer, _text(_coding(resource.get("code")).get("code"))[:20], said(resource.get("code"))[:120], quantity,
                   days if isinstance(days, int) and 0 < days < 1000 else 1, at, status)  # fmt: skip


WHEN = ("period", "effectiveDateTime", "effectivePeriod", "occurrenceDateTime", "performedPeriod", "performedDateTime", "authoredOn",
        "onsetDateTime", "recordedDate", "billablePeriod", "started", "created", "issued", "date", "birthDate")  # fmt: skip
WHAT = ("code", "vaccineCode", "medicationCodeableConcept", "type", "description", "category", "class")


def happened_at(resource: Resource) -> datetime | None:
    """When it happened, to order by."""
    for name in WHEN:
        value = resource.get(name)
        if isinstance(value, dict):
            value = value.get("start") or value.get("end")
        if isinstance(value, str) and (found := roughly(value)):
            return found
    return None


def title(resource: Resource) -> str:
    """What it is, in the sender's words; '' where it says nothing short."""
    if isinstance(resource.get("name"), str):
        return _text(resource["name"])[:200]
    if isinstance(resource.get("name"), list):
        return _name(resource)[:200]
    if resource.get("resourceType") in ("Claim", "ExplanationOfBenefit"):
        return _charge(resource)
    for name in WHAT:
        value = resource.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if text := said(value):
            measured = _object(resource.get("valueQuantity"))
            amount = str(measured.get("value", "")).lstrip("\x00")
            return f"{text}: {amount[:12]} {_text(measured.get('unit'))}"[:200].rstrip() if amount else text[:200]
    return ""


def _charge(resource: Resource) -> str:
    total = resource.get("total")
    amount = _object(total) or _object((_objects(total) or [{}])[0].get("amount"))
    figure = str(amount.get("value", "")).lstrip("\x00")[:16]
    return f"{said(resource.get('type'))} {figure} {_text(amount.get('currency'))}".strip()[:200]


def as_uuid(text: str) -> UUID | None:
    """A resource's id that is a UUID as it is written."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
