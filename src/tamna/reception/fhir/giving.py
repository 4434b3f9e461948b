"""A patient's records as one FHIR R4 transaction (내보내기): the kept originals as they came, and what Tamna itself recorded.

Read back by an empty Tamna, the same people, coverage, visits, diagnoses and orders stand there again; read back here,
nothing changes. Numbers of the vault are written only with a reason (개인정보 보호법 제24조의2). Charges and claims stay here.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import transaction

from tamna.connect.fhir import content, parse, writing
from tamna.connect.fhir.content import Insurance, Person, Visit
from tamna.core import audit
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Hospital, Practitioner
from tamna.patients.consents import EXCHANGE, consented
from tamna.patients.models import Coverage, ImportedResource, Patient
from tamna.reception.models import Condition, Encounter, ServiceRequest

Resource = dict[str, Any]


def find(sign: str) -> Patient:
    """The patient of a chart number, a public id or the id of an imported Patient. Raises fhir.no_patient."""
    text = sign.strip().removeprefix("Patient/").removeprefix("urn:uuid:")
    patient = Patient.objects.filter(chart_no=text.zfill(8)).first() if text.isdigit() else None
    uuid = content.as_uuid(text.lower())
    if patient is None and uuid:
        patient = Patient.objects.filter(public_id=uuid).first()
    if patient is None:
        rows = ImportedResource.objects.filter(resource_type="Patient", resource_id=text).exclude(patient=None)[:2]
        patient = rows[0].patient if len(rows) == 1 else None
    if patient is None:
        raise DomainError("fhir.no_patient")
    return patient


@transaction.atomic
def bundle_of(patient: Patient, *, by: Actor, reason: str = "", recipient: str = "") -> str:
    """The bundle as text: the patient's own copy, or for another hospital (`recipient`), which needs the patient's consent.

    With a reason the full numbers are in it. Written to the audit log. Law: 의료법 제21조의2①. Raises patients.no_consent.
    """
    if recipient and not consented(patient, EXCHANGE):
        raise DomainError("patients.no_consent")
    entries = list(_entries(patient, bool(reason)))
    audit.note("patient.exported", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id,
               reason=reason, detail={"resources": len(entries), "numbers": bool(reason), "recipient": recipient})  # fmt: skip
    return writing.transaction(entries)


def present(patient: Patient) -> dict[tuple[str, str], Resource]:
    """What an export would write of Tamna's own records, by type and id; an imported Patient only where it has changed."""
    found = {(row["resourceType"], row["id"]): row for row in _own(patient)}
    head = _heads(patient)
    for row in head:
        original = parse(row.content.encode())["resource"]
        current = _current(original, patient)
        if current != original:
            found["Patient", row.resource_id] = current
    return found


def _heads(patient: Patient) -> list[ImportedResource]:
    return list(ImportedResource.objects.filter(patient=patient, resource_type="Patient").order_by("pk"))


def _entries(patient: Patient, with_numbers: bool) -> Iterator[Resource]:
    seen: set[str] = set()
    kept = [
        (row, parse(row.content.encode())) for row in ImportedResource.objects.filter(patient=patient).order_by("pk")
    ]
    for row, entry in kept:
        if row.resource_type == "Patient":
            entry["resource"] = _with_numbers(_current(entry["resource"], patient), patient, with_numbers)
        seen |= {str(entry.get("fullUrl", "")), f"{row.resource_type}/{row.resource_id}", f"urn:uuid:{row.resource_id}"}
        yield writing.kept_entry(entry)
    for entry in _shared([entry for _, entry in kept], seen):
        yield writing.kept_entry(entry)
    for resource in _own(patient):
        if resource["resourceType"] == "Patient":
            resource = _with_numbers(resource, patient, with_numbers)
        if f"{resource['resourceType']}/{resource['id']}" not in seen:
            yield writing.as_entry(resource)


def _shared(entries: list[Resource], seen: set[str]) -> Iterator[Resource]:
    """Organisations and the like that came in a file of their own and are referred to."""
    while entries:
        wanted = {ref for entry in entries for ref in content.references(entry["resource"])} - seen
        seen |= wanted
        names = [ref.removeprefix("urn:uuid:").rpartition("/")[2] for ref in wanted]
        rows = ImportedResource.objects.filter(
            patient=None, source__startswith="shared:", resource_id__in=names
        ).order_by("pk")
        entries = [parse(row.content.encode()) for row in rows]
        yield from entries


def _with_numbers(resource: Resource, patient: Patient, wanted: bool) -> Resource:
    numbers = [writing.identifier(row.kind, row.number) for row in patient.identities.order_by("pk")] if wanted else []
    if not numbers:
        return resource
    return {**resource, "identifier": [*resource.get("identifier", []), *numbers]}


def _current(original: Resource, patient: Patient) -> Resource:
    """An imported Patient with the contact as it is known here now."""
    said, resource = content.person(original), dict(original)
    if patient.phone != said.phone:
        others = [item for item in original.get("telecom", []) if item.get("system") != "phone"]
        telecom = [*([{"system": "phone", "value": patient.phone}] if patient.phone else []), *others]
        resource.pop("telecom", None)
        resource |= {"telecom": telecom} if telecom else {}
    if patient.address != said.address:
        resource.pop("address", None)
        resource |= {"address": [{"text": patient.address}]} if patient.address else {}
    return resource


# -- Tamna's own records -----------------------------------------------------------------------------------------------
def _own(patient: Patient) -> Iterator[Resource]:
    """The records that did not come by an import, in the order of the data's way. Seven queries at most."""
    visits = list(
        Encounter.objects.filter(patient=patient, is_imported=False).select_related("department", "practitioner")
        .order_by("arrived_at", "pk")
    )  # fmt: skip
    person: UUID | str = patient.public_id
    heads = _heads(patient) if patient.is_imported else []
    if heads:
        person = str(parse(heads[0].content.encode()).get("fullUrl") or f"Patient/{heads[0].resource_id}")
    else:
        yield writing.patient(patient.public_id, _person(patient), patient.chart_no)
    hospital = Hospital.objects.first()
    institution = hospital.institution_id if hospital else "unknown"
    if visits:
        yield writing.organization(institution, hospital.name_ko if hospital else institution)
        doctors = {visit.practitioner_id: visit.practitioner for visit in visits if visit.practitioner}
        for doctor in doctors.values():
            yield _doctor(doctor)
    covers = {}
    for row in Coverage.objects.filter(patient=patient).exclude(source="import").order_by("pk"):
        covers[row.pk] = writing.derived(patient.public_id, f"coverage:{row.pk}")
        yield writing.coverage(covers[row.pk], person, _insurance(row))
    conditions: dict[int, list[Condition]] = {}
    for condition in Condition.objects.filter(encounter__in=visits).order_by("seq"):
        conditions.setdefault(condition.encounter_id, []).append(condition)
    orders: dict[int, list[ServiceRequest]] = {}
    for order in ServiceRequest.objects.filter(encounter__in=visits).order_by("pk"):
        orders.setdefault(order.encounter_id, []).append(order)
    for visit in visits:
        yield from _visit(visit, person, institution, covers, conditions.get(visit.pk, []), orders.get(visit.pk, []))


def _person(patient: Patient) -> Person:
    return Person(
        patient.name, patient.sex, patient.birth_on, patient.phone, patient.address, patient.nationality, patient.language,
        patient.prefers_jejueo, patient.deceased_on, patient.is_restricted, patient.is_synthetic,
    )  # fmt: skip


def _doctor(doctor: Practitioner) -> Resource:
    return writing.practitioner(doctor.public_id, doctor.license_no, doctor.name_ko)


def _insurance(row: Coverage) -> Insurance:
    return Insurance(
        row.payer, row.checked_on, row.insurer_kind, row.card_no, row.special_case, row.special_from, row.special_to, row.aid_type,
        row.benefit_stopped,
    )  # fmt: skip


def _visit(
    visit: Encounter, person: UUID | str, institution: str, covers: dict[int, UUID], conditions: list[Condition],
    orders: list[ServiceRequest],
) -> Iterator[Resource]:  # fmt: skip
    named = [(writing.derived(visit.public_id, f"condition:{row.seq}"), row) for row in conditions]
    cover = covers.get(visit.coverage_id or 0)
    said = Visit(
        visit.status, visit.setting, visit.arrived_at, visit.finished_at, visit.started_at, payer=visit.payer,
        special_case=visit.special_case, is_first=visit.is_first_visit, ktas=visit.ktas, is_synthetic=visit.is_synthetic,
        doctor=f"urn:uuid:{visit.practitioner.public_id}" if visit.practitioner else "", coverage=f"urn:uuid:{cover}" if cover else "",
        diagnoses=tuple((f"urn:uuid:{uuid}", row.kind) for uuid, row in named),
    )  # fmt: skip
    department = (visit.department.code, visit.department.name_ko)
    yield writing.encounter(visit.public_id, person, said, department, writing.derived(institution, "hospital"))
    for uuid, row in named:
        yield writing.condition(uuid, person, visit.public_id, row.code, row.kind == "rule_out", row.onset_on)
    for order in orders:
        yield writing.service_request(
            order.public_id, person, visit.public_id, placer_number=order.placer_number, code=order.code, name=order.name,
            quantity=f"{order.quantity.normalize():f}", days=order.days, ordered_at=order.ordered_at, status=order.status,
        )  # fmt: skip
