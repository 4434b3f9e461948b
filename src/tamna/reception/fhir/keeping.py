"""Our records of one person's new entries (기록으로 만들기), and every original kept beside them."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from tamna.connect.fhir import content, dump, names
from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.bulk import copy_in
from tamna.core.identity import new_public_id
from tamna.core.models import Department, Practitioner
from tamna.patients import services as patients
from tamna.patients.models import Coverage, ImportedResource, ImportRun, Patient
from tamna.patients.views import PAYERS
from tamna.reception.fhir.items import Folder, Item
from tamna.reception.fhir.sorting import Sorter
from tamna.reception.models import Condition, Encounter, ServiceRequest

PEOPLE_OF_OTHERS = ("Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService")
CHARGES = ("Claim", "ClaimResponse", "ExplanationOfBenefit", "Invoice", "ChargeItem", "Account", "PaymentNotice")
TABLES = {"Patient": "patients_patient", "Coverage": "patients_coverage", "Encounter": "reception_encounter",
          "Condition": "reception_condition", "ServiceRequest": "reception_servicerequest"}  # fmt: skip


class Keeper:
    """Makes the records of one person's new items, and keeps every original."""

    def __init__(self, sorter: Sorter, folder: Folder, run: ImportRun, by: Actor) -> None:
        self.sorter, self.folder, self.run, self.by = sorter, folder, run, by
        self.now = clock.now()
        self.patient = folder.patient
        self.coverages: dict[str, Coverage] = {}  # by item id
        self.visits: dict[str, Encounter] = {}
        self.roles: dict[str, str] = {}  # condition item id → kind

    def write(self) -> None:
        by_kind: dict[str, list[Item]] = {}
        for item in self.folder.items:
            by_kind.setdefault(item.kind, []).append(item)
        self._person(by_kind.get("Patient", []))
        if self.patient is not None:
            self._coverages(by_kind.get("Coverage", []))
            self._visits(by_kind.get("Encounter", []))
            self._conditions(by_kind.get("Condition", []))
            self._orders(by_kind.get("ServiceRequest", []))
        self._keep()

    def _person(self, items: list[Item]) -> None:
        for item in items:
            identities = item.entry.pop("identities", ())
            if self.patient is not None:
                continue
            said = content.person(item.resource)
            if not said.name or not said.sex or said.birth_on is None or said.birth_on > clock.today():
                item.reason = "person_incomplete"
                continue
            uuid = content.as_uuid(item.id)
            free = uuid is not None and not Patient.objects.filter(public_id=uuid).exists()
            self.patient = patients.register_patient(
                name=said.name, birth_on=said.birth_on, sex=said.sex, phone=said.phone, address=said.address,
                nationality=said.nationality, language=said.language, is_synthetic=said.is_synthetic, by=self.by,
                is_restricted=said.is_restricted, identity=identities[0] if identities else None,
                imported=patients.Imported(uuid if free else None, said.deceased_on, said.prefers_jejueo),
            )  # fmt: skip
            item.is_mapped = True
            self.sorter.tally.records["patients"] += 1
            self.sorter.tally.patients.append({"chart_no": self.patient.chart_no, "id": str(self.patient.public_id)})

    def _coverages(self, items: list[Item]) -> None:
        made = []
        for item in items:
            said = content.insurance(item.resource)
            if said.payer not in PAYERS or said.checked_on is None:
                item.reason = "foreign_payer"
                continue
            row = Coverage(
                patient=self.patient, payer=said.payer, insurer_kind=said.insurer_kind, card_no=said.card_no, special_case=said.special_case,
                special_from=said.special_from, special_to=said.special_to, aid_type=said.aid_type, benefit_stopped=said.benefit_stopped,
                checked_on=said.checked_on, checked_at=clock.at_seoul(said.checked_on), source="import",
            )  # fmt: skip
            self.coverages[item.id], item.is_mapped = row, True
            made.append(row)
        self._count("coverages", copy_in(made))

    def _visits(self, items: list[Item]) -> None:
        wanted = [uuid for item in items if (uuid := content.as_uuid(item.id))]
        taken = set(Encounter.objects.filter(public_id__in=wanted).values_list("public_id", flat=True))
        made: list[tuple[Item, Encounter]] = []
        for item in items:
            said = content.visit(item.resource)
            for reference, kind in said.diagnoses:
                if diagnosis := self.sorter.resolve(reference, "Condition"):
                    self.roles[diagnosis.id] = kind
            item.reason = _unfit(said)
            if item.reason or said.starts_at is None:
                continue
            uuid = content.as_uuid(item.id)
            row = self._visit(said, uuid if uuid and uuid not in taken else new_public_id())
            made.append((item, row))
            self.visits[item.id], item.is_mapped, item.visit = row, True, row.public_id
        self._count("visits", copy_in([row for _, row in made]))

    def _visit(self, said: content.Visit, public_id: UUID) -> Encounter:
        assert said.starts_at is not None  # noqa: S101 - looked at by the caller
        ends_at = max(said.ends_at or said.starts_at, said.starts_at)
        department, doctor = self._place(said)
        coverage = self.sorter.resolve(said.coverage, "Coverage")
        stay = said.setting == "inpatient"
        return Encounter(
            public_id=public_id, patient=self.patient, department=department, practitioner=doctor,
            coverage=self.coverages.get(coverage.id) if coverage else None, setting=said.setting, status=said.status,
            payer=said.payer if said.payer in PAYERS else "self", special_case=said.special_case, is_first_visit=said.is_first,
            ktas=said.ktas, business_on=clock.business_day(said.starts_at), arrived_at=said.starts_at, started_at=said.started_at,
            finished_at=ends_at, admitted_on=clock.business_day(said.starts_at) if stay else None,
            discharged_on=clock.business_day(ends_at) if stay else None, is_synthetic=said.is_synthetic, is_imported=True,
        )  # fmt: skip

    def _place(self, said: content.Visit) -> tuple[Department, Practitioner | None]:
        """Our own department and doctor where the visit was here; else the closed department for elsewhere."""
        here = self.sorter.hospital
        place, doctor = (
            self.sorter.resolve(said.institution, "Organization"),
            self.sorter.resolve(said.doctor, "Practitioner"),
        )
        if here and place and here.institution_id in _numbers(place.resource, names.INSTITUTION):
            department = Department.objects.filter(code=said.department).first()
            if department:
                licences = _numbers(doctor.resource, names.DOCTOR) if doctor else []
                return department, Practitioner.objects.filter(license_no__in=licences).first()
        elsewhere, _ = Department.objects.get_or_create(
            code=Department.ELSEWHERE, defaults={"name_ko": "외부 기관", "name_en": "Elsewhere", "is_open": False}
        )
        return elsewhere, None

    def _encounter_of(self, item: Item) -> Encounter | None:
        """The visit of an item: of this bundle, or one that is here already."""
        reference = content.encounter(item.resource)
        if not reference:
            return None
        target = self.sorter.resolve(reference, "Encounter")
        name = target.id if target else reference.removeprefix("urn:uuid:").rpartition("/")[2]
        if name not in self.visits and self.patient is not None:
            known = ImportedResource.objects.filter(
                source=self.folder.source, resource_type="Encounter", resource_id=name
            )
            ref = known.values_list("encounter_ref", flat=True).first() or content.as_uuid(name)
            row = (
                Encounter.objects.filter(patient=self.patient, public_id=ref).select_related("department").first()
                if ref
                else None
            )
            if row:
                self.visits[name] = row
        return self.visits.get(name)

    def _conditions(self, items: list[Item]) -> None:
        made: list[Condition] = []
        next_seq: dict[int, int] = {}
        principal: set[int] = set()
        for item in items:
            visit, said = self._encounter_of(item), content.diagnosis(item.resource)
            status = content.said(item.resource.get("verificationStatus"))
            if visit is None or said is None or status == "entered-in-error":
                item.reason = (
                    "withdrawn" if status == "entered-in-error" else "no_visit" if visit is None else "no_code"
                )
                continue
            if visit.pk not in next_seq:
                before = list(Condition.objects.filter(encounter=visit).values_list("seq", "kind"))
                next_seq[visit.pk] = max((seq for seq, _ in before), default=0)
                principal |= {visit.pk for _, kind in before if kind == "principal"}
            kind = self.roles.get(item.id, "rule_out" if status == "refuted" else "secondary")
            kind = "secondary" if kind == "principal" and visit.pk in principal else kind
            principal |= {visit.pk} if kind == "principal" else set()
            next_seq[visit.pk] += 1
            made.append(
                Condition(encounter=visit, seq=next_seq[visit.pk], kind=kind, code=said.code, system=said.system,
                          title=said.title if said.system else "", onset_on=said.onset_on)
            )  # fmt: skip
            item.is_mapped = True
        self._count("diagnoses", copy_in(made))

    def _orders(self, items: list[Item]) -> None:
        """Orders of our own HIS that come home; those of others are kept aside."""
        said_of = {item.id: content.order(item.resource) for item in items}
        numbers = [said.placer_number for said in said_of.values() if said]
        taken = set(ServiceRequest.objects.filter(placer_number__in=numbers).values_list("placer_number", flat=True))
        made = []
        for item in items:
            visit, said = self._encounter_of(item), said_of[item.id]
            quantity = _decimal(said.quantity) if said else None
            ours = visit is not None and visit.department.code != Department.ELSEWHERE
            if said is None or not ours or quantity is None or said.placer_number in taken or said.ordered_at is None:
                item.reason = "not_ordered_here"
                continue
            taken.add(said.placer_number)
            uuid = content.as_uuid(item.id)
            made.append(
                ServiceRequest(
                    public_id=uuid or new_public_id(), encounter=visit, placer_number=said.placer_number, code=said.code, name=said.name,
                    quantity=quantity, days=said.days, ordered_at=said.ordered_at, status=said.status,
                )
            )  # fmt: skip
            item.is_mapped = True
        self._count("orders", copy_in(made))

    def _count(self, name: str, rows: list[Any]) -> None:
        if rows:
            self.sorter.tally.records[name] += len(rows)

    def _keep(self) -> None:
        rows = [self._kept(item) for item in self.folder.items]
        copy_in(rows)
        counts = {"kept": len(rows), "mapped": sum(item.is_mapped for item in self.folder.items)}
        ref = self.patient.public_id if self.patient else None
        audit.note(
            "records.imported",
            by=self.by,
            subject_type="import",
            subject_id=self.run.public_id,
            patient_ref=ref,
            detail=counts,
        )
        facts = {"patient_id": self.patient.pk} if self.patient else {}
        outbox.record("records.imported", {**facts, "import_id": self.run.pk, **counts}, by=self.by)

    def _kept(self, item: Item) -> ImportedResource:
        visit = item.visit
        if visit is None and self.patient is not None and (row := self._encounter_of(item)):
            visit = row.public_id
        reason = (
            "" if item.is_mapped else item.reason or _reason(item.kind, self.patient is None and bool(item.subject))
        )
        if not item.is_counted:
            one = self.sorter.tally.count(item.kind)
            one.read += 1
            one.mapped += item.is_mapped
            if reason:
                one.kept += 1
                one.reasons[reason] += 1
            item.is_counted = True
        return ImportedResource(
            patient=self.patient, run=self.run, source=self.folder.source, position=item.row, resource_type=item.kind, resource_id=item.id,
            digest=item.digest, mapped_to=TABLES[item.kind] if item.is_mapped else "", kept_because=reason, encounter_ref=visit,
            happened_at=content.happened_at(item.resource), title=self._title(item), content=dump(item.entry), imported_at=self.now,
        )  # fmt: skip

    def _title(self, item: Item) -> str:
        text = content.title(item.resource)
        if item.kind == "Encounter":
            place = self.sorter.resolve(content.visit(item.resource).institution, "Organization")
            return " · ".join(part for part in (text, content.title(place.resource) if place else "") if part)
        return text


def _unfit(said: content.Visit) -> str:
    if said.status == "entered-in-error":
        return "withdrawn"
    if said.status not in ("finished", "cancelled"):
        return "not_finished"
    if not said.setting:
        return "unknown_class"
    return "" if said.starts_at else "no_start"


def _reason(kind: str, has_no_person: bool) -> str:
    if has_no_person:
        return "person_incomplete"
    return "not_ours" if kind in PEOPLE_OF_OTHERS else "charged_elsewhere" if kind in CHARGES else "no_place"


def _numbers(resource: dict[str, Any], system: str) -> list[str]:
    found = resource.get("identifier")
    return (
        [str(item.get("value")) for item in found if isinstance(item, dict) and item.get("system") == system]
        if isinstance(found, list)
        else []
    )


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value < 1_000_000 else None
