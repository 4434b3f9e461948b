"""Tamna's own records as FHIR R4 (4.0.1) resources, so that another system, or Tamna again, reads the same from them.

Every id is a UUID and every reference its `urn:uuid:`, so that a bundle stands by itself; entries ask to be PUT, so that a
server which takes them twice holds them once. What R4 has no element for stands in an extension of `names.OURS`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from tamna.connect.fhir import names
from tamna.connect.fhir.content import Insurance, Person, Visit
from tamna.connect.fhir.reading import NUL, Exact, dump

SEOUL = ZoneInfo("Asia/Seoul")
Resource = dict[str, Any]


def derived(of: UUID | str, part: str) -> UUID:
    """The id of something that has no public id of its own: always the same for the same part of the same thing."""
    return uuid5(NAMESPACE_URL, f"urn:tamna:{of}:{part}")


def link(to: UUID | str) -> Resource:
    """A Reference to one of ours by its UUID, or to another's by its own name."""
    return {"reference": to if isinstance(to, str) and (":" in to or "/" in to) else f"urn:uuid:{to}"}


def stamp(at: datetime) -> str:
    return at.astimezone(SEOUL).isoformat()


def _extension(name: str, kind: str, value: Any) -> Resource:
    return {"url": names.OURS + name, f"value{kind}": value}


def _extended(resource: Resource, extensions: Iterable[Resource]) -> Resource:
    found = list(extensions)
    return {**resource, "extension": found} if found else resource


def _concept(system: str, code: str, display: str = "", text: str = "") -> Resource:
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], **({"text": text} if text else {})}


def _meta(is_synthetic: bool, is_restricted: bool = False) -> Resource:
    meta: Resource = {}
    if is_restricted:
        meta["security"] = [{"system": names.CONFIDENTIALITY, "code": "R", "display": "restricted"}]
    if is_synthetic:
        meta["tag"] = [names.TEST_TAG]
    return {"meta": meta} if meta else {}


def patient(uuid: UUID, one: Person, chart_no: str) -> Resource:
    """환자. The numbers of the vault are added by `identifier` where a reason was given."""
    resource: Resource = {"resourceType": "Patient", "id": str(uuid), **_meta(one.is_synthetic, one.is_restricted)}
    if one.nationality:
        code = {"url": "code", "valueCodeableConcept": _concept(names.COUNTRY, one.nationality)}
        resource["extension"] = [{"url": names.NATIONALITY, "extension": [code]}]
    resource["identifier"] = [{"system": names.CHART, "value": chart_no}]
    resource["name"] = [{"text": one.name}]
    if one.phone:
        resource["telecom"] = [{"system": "phone", "value": one.phone}]
    resource["gender"] = {"M": "male", "F": "female"}[one.sex]
    if one.birth_on:
        resource["birthDate"] = one.birth_on.isoformat()
    if one.deceased_on:
        resource["deceasedDateTime"] = one.deceased_on.isoformat()
    if one.address:
        resource["address"] = [{"text": one.address}]
    spoken = [one.language, *([names.JEJUEO] if one.prefers_jejueo else [])]
    resource["communication"] = [{"language": _concept(names.LANGUAGE, code)} for code in spoken]
    return resource


def identifier(kind: str, number: str) -> Resource:
    """고유식별정보, which leaves the hospital only with a reason."""
    return {"system": names.IDENTITY + kind, "value": number}


def organization(institution_id: str, name: str) -> Resource:
    return {
        "resourceType": "Organization", "id": str(derived(institution_id, "hospital")),
        "identifier": [{"system": names.INSTITUTION, "value": institution_id}], "name": name,
    }  # fmt: skip


def practitioner(uuid: UUID, license_no: str, name: str) -> Resource:
    return {
        "resourceType": "Practitioner", "id": str(uuid), "identifier": [{"system": names.DOCTOR, "value": license_no}],
        "name": [{"text": name}],
    }  # fmt: skip


def coverage(uuid: UUID, person: UUID | str, one: Insurance) -> Resource:
    """자격: what the insurer answered for a day."""
    dates = (("checked-on", one.checked_on), ("special-from", one.special_from), ("special-to", one.special_to))
    extensions = [_extension("insurer-kind", "Code", one.insurer_kind)]
    extensions += [_extension(name, "Date", value.isoformat()) for name, value in dates if value]
    extensions += [_extension("special-case", "Code", one.special_case)] if one.special_case else []
    extensions += [_extension("aid-type", "Code", one.aid_type)] if one.aid_type else []
    extensions += [_extension("benefit-stopped", "Boolean", True)] if one.benefit_stopped else []
    resource = _extended({"resourceType": "Coverage", "id": str(uuid)}, extensions)
    return {
        **resource, "status": "active", "type": _concept(names.PAYER, one.payer),
        **({"subscriberId": one.card_no} if one.card_no else {}), "beneficiary": link(person), "payor": [{"display": one.payer}],
    }  # fmt: skip


def encounter(
    uuid: UUID, person: UUID | str, one: Visit, department: tuple[str, str], institution: UUID | str
) -> Resource:
    """내원. The doctor, the coverage and the diagnoses are given as references; arrival and entry are its history."""
    extensions = [_extension("payer", "Code", one.payer)]
    extensions += [_extension("special-case", "Code", one.special_case)] if one.special_case else []
    extensions += [_extension("first-visit", "Boolean", True)] if one.is_first else []
    extensions += [_extension("coverage", "Reference", {"reference": one.coverage})] if one.coverage else []
    resource: Resource = {"resourceType": "Encounter", "id": str(uuid), **_meta(one.is_synthetic)}
    resource = _extended(resource, extensions)
    resource["status"] = one.status
    if one.started_at and one.starts_at:
        entered = {"start": stamp(one.started_at), **({"end": stamp(one.ends_at)} if one.ends_at else {})}
        arrived = {"start": stamp(one.starts_at), "end": stamp(one.started_at)}
        resource["statusHistory"] = [
            {"status": "arrived", "period": arrived},
            {"status": "in-progress", "period": entered},
        ]
    resource["class"] = {"system": names.ACT_CODE, "code": names.CLASSES[one.setting]}
    resource["serviceType"] = _concept(names.DEPARTMENT, *department)
    if one.ktas:
        resource["priority"] = _concept(names.OURS + "ktas", str(one.ktas))
    resource["subject"] = link(person)
    if one.doctor:
        resource["participant"] = [{"individual": {"reference": one.doctor}}]
    period = {"start": stamp(one.starts_at)} if one.starts_at else {}
    resource["period"] = {**period, **({"end": stamp(one.ends_at)} if one.ends_at else {})}
    if one.diagnoses:
        resource["diagnosis"] = [
            {"extension": [_extension("kind", "Code", kind)], "condition": {"reference": condition}, "rank": rank}
            for rank, (condition, kind) in enumerate(one.diagnoses, start=1)
        ]
    resource["serviceProvider"] = link(institution)
    return resource


def condition(
    uuid: UUID, person: UUID | str, visit: UUID | str, code: str, is_ruled_out: bool, onset_on: date | None
) -> Resource:
    """상병, in KCD."""
    resource: Resource = {"resourceType": "Condition", "id": str(uuid)}
    if is_ruled_out:
        resource["verificationStatus"] = _concept(names.VERIFICATION, "refuted")
    else:
        resource["clinicalStatus"] = _concept(names.CLINICAL, "active")
        resource["verificationStatus"] = _concept(names.VERIFICATION, "confirmed")
    resource |= {"code": _concept(names.KCD, code), "subject": link(person), "encounter": link(visit)}
    return {**resource, "onsetDateTime": onset_on.isoformat()} if onset_on else resource


def service_request(
    uuid: UUID, person: UUID | str, visit: UUID | str, *, placer_number: str, code: str, name: str, quantity: str, days: int,
    ordered_at: datetime, status: str,
) -> Resource:  # fmt: skip
    """오더, as the HIS placed it."""
    extensions = [_extension("days", "PositiveInt", days)]
    extensions += [_extension("unmapped", "Boolean", True)] if status == "unmapped" else []
    resource = _extended({"resourceType": "ServiceRequest", "id": str(uuid)}, extensions)
    return {
        **resource, "identifier": [{"system": names.ORDER, "value": placer_number}],
        "status": "revoked" if status == "revoked" else "active", "intent": "order", "code": _concept(names.FEE, code, text=name),
        "quantityQuantity": {"value": Exact(NUL + quantity)}, "subject": link(person), "encounter": link(visit),
        "authoredOn": stamp(ordered_at),
    }  # fmt: skip


def kept_entry(entry: Resource) -> Resource:
    """An entry of another system as a transaction can hold it: what belongs to a search or an answer is left out."""
    kept = {key: value for key, value in entry.items() if key not in ("search", "response")}
    resource, request = entry["resource"], entry.get("request")
    if isinstance(request, dict) and request.get("method") in ("POST", "PUT") and isinstance(request.get("url"), str):
        return kept
    kind, name = resource["resourceType"], resource.get("id")
    return {**kept, "request": {"method": "PUT", "url": f"{kind}/{name}"} if name else {"method": "POST", "url": kind}}


def as_entry(resource: Resource) -> Resource:
    """An entry that asks to be put under its own id."""
    kind, uuid = resource["resourceType"], resource["id"]
    return {"fullUrl": f"urn:uuid:{uuid}", "resource": resource, "request": {"method": "PUT", "url": f"{kind}/{uuid}"}}


def transaction(entries: Iterable[Resource]) -> str:
    """The bundle as text, an entry a line; the same entries give the same bytes."""
    lines = ",\n".join(dump(entry) for entry in entries)
    return '{"resourceType":"Bundle","type":"transaction","entry":[\n' + lines + "\n]}\n"
