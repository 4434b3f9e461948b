"""Records from elsewhere become ours (FHIR R4 들여오기): people, Korean coverage, finished visits, diagnoses; the rest is kept.

Every original is kept, encrypted, so that `giving` can give it back. One bundle is one transaction under the digest of its
bytes: what was taken is not opened again, what was stopped goes on. Nothing here is overwritten, queued, charged, claimed
or counted in the hospital's figures. Raises nothing for bad input: it is refused with a key, and the rest goes on.
"""

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import DataError, connection, transaction

from tamna.connect.fhir import Entry, FhirError, Parcel, canonical, content, dump, names, validity
from tamna.core import audit, clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.bulk import copy_in
from tamna.core.errors import DomainError
from tamna.core.identity import new_public_id
from tamna.core.models import Department, Hospital, Practitioner
from tamna.patients import services as patients
from tamna.patients.models import Coverage, ImportedBundle, ImportedResource, ImportRun, Patient
from tamna.patients.views import PAYERS
from tamna.reception.fhir import giving
from tamna.reception.fhir.report import Refusal, Tally
from tamna.reception.models import Condition, Encounter, ServiceRequest

LOCK = 72_658  # one bundle at a time, whoever imports
PEOPLE_OF_OTHERS = ("Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService")
CHARGES = ("Claim", "ClaimResponse", "ExplanationOfBenefit", "Invoice", "ChargeItem", "Account", "PaymentNotice")
ASKS_TO_CHANGE = ("DELETE", "PATCH")
TABLES = {"Patient": "patients_patient", "Coverage": "patients_coverage", "Encounter": "reception_encounter",
          "Condition": "reception_condition", "ServiceRequest": "reception_servicerequest"}  # fmt: skip


@dataclass
class Item:
    """One entry on its way: its identity, its content, and what became of it."""

    row: int
    entry: dict[str, Any]
    resource: dict[str, Any]
    kind: str
    id: str
    full_url: str
    digest: str
    subject: str
    reason: str = ""  # why it is kept aside
    visit: UUID | None = None
    is_mapped: bool = False
    is_counted: bool = False


@dataclass
class Folder:
    """The records of one person in a bundle."""

    source: str
    patient: Patient | None = None  # known here already
    head: Item | None = None  # the Patient of the bundle
    items: list[Item] = field(default_factory=list)


class Import:
    """One run over many bundles. Rows of its own are written only where something changes."""

    def __init__(self, *, by: Actor) -> None:
        self.by, self.tally = by, Tally()
        self.run: ImportRun | None = None

    def take(self, parcel: Parcel, place: int) -> Tally:
        """Take one bundle whole, or leave it; what happened is added to the run's tally and returned."""
        self.tally.bundles["read"] += 1
        seen = ImportedBundle.objects.filter(digest=parcel.digest).first()
        if seen and seen.outcome == ImportedBundle.Outcome.WHOLE:
            part = _unchanged(seen)
        else:
            try:
                part = self._opened(parcel, place)
            except (FhirError, DomainError) as error:
                part = self._refused(error, parcel.digest, place, parcel.name)
            except DataError:
                part = self._refused(FhirError("fhir.does_not_fit"), parcel.digest, place, parcel.name)
        self.tally.add(part)
        if part.is_new and self.run is not None:  # a run that is stopped still says how far it came
            ImportRun.objects.filter(pk=self.run.pk).update(counts=self.tally.stored())
        return part

    def refuse_file(self, error: FhirError, place: int, name: str, digest: str) -> Tally:
        """A file that cannot even be divided into bundles."""
        self.tally.bundles["read"] += 1
        part = self._refused(error, digest, place, name)
        self.tally.add(part)
        return part

    def finish(self) -> None:
        """Close the run; where nothing changed there is none."""
        if self.run is not None:
            self.run.finished_at, self.run.counts = clock.now(), self.tally.stored()
            self.run.refusals = [refusal.stored() for refusal in self.tally.refusals]
            self.run.save(update_fields=["finished_at", "counts", "refusals"])
            facts = {"read": self.tally.bundles["read"], "refused": len(self.tally.refusals)}
            notices.tell("import.finished", facts, key=self.run.pk, url=f"/imports/{self.run.public_id}")

    def _opened(self, parcel: Parcel, place: int) -> Tally:
        entries = parcel.open()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            part, made = Tally(), self.run
            taker = _Taker(part, place, parcel.name)
            writes = taker.prepare(entries)
            refusals = [[refusal.row, refusal.key] for refusal in part.refusals]
            seen = ImportedBundle.objects.filter(digest=parcel.digest).first()
            whole, nothing = ImportedBundle.Outcome.WHOLE, part.total("refused") == part.total("read")
            if writes or (refusals and (seen is None or seen.refusals != refusals)):
                made = made or _begin(self.by)
                taker.write(made, self.by)
                outcome = ImportedBundle.Outcome.REFUSED if nothing else ImportedBundle.Outcome.PARTLY
                ImportedBundle.objects.update_or_create(
                    digest=parcel.digest,
                    defaults={"run": made, "outcome": outcome if refusals else whole, "refusals": refusals, "taken_at": clock.now(),
                              "counts": {kind: one.read - one.refused for kind, one in part.types.items()}},
                )  # fmt: skip
            part.bundles["new" if part.is_new else "refused" if refusals and nothing else "unchanged"] += 1
        self.run = made
        return part

    def _refused(self, error: FhirError | DomainError, digest: str, place: int, name: str) -> Tally:
        part = Tally()
        part.bundles["refused"] += 1
        refusal = Refusal.of(error, place, name)
        part.refuse(refusal)
        refusals = [[refusal.row, refusal.key]]
        with transaction.atomic():
            seen = ImportedBundle.objects.filter(digest=digest).first()
            if seen is None or (seen.refusals != refusals and seen.outcome == ImportedBundle.Outcome.REFUSED):
                made = self.run or _begin(self.by)
                ImportedBundle.objects.update_or_create(
                    digest=digest,
                    defaults={"run": made, "outcome": "refused", "refusals": refusals, "taken_at": clock.now()},
                )
                self.run = made
        return part


def _begin(by: Actor) -> ImportRun:
    return ImportRun.objects.create(started_by=by.name[:150], started_at=clock.now())


def _unchanged(seen: ImportedBundle) -> Tally:
    part = Tally()
    part.bundles["unchanged"] += 1
    for kind, count in seen.counts.items():
        one = part.count(kind)
        one.read, one.unchanged = count, count
    return part


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def source_of(reference: str) -> str:
    """The name of a person's folder: a UUID is the same person wherever it stands, any other id only on its server."""
    base, _, key = reference.removeprefix("urn:uuid:").rpartition("/")
    server = base.removesuffix("/Patient") if base.startswith("http") else ""
    return _digest(f"patient:{key if content.as_uuid(key.lower()) else server + '|' + key}")


class _Taker:
    """One bundle: what its entries are, whose they are, and which records they become."""

    def __init__(self, tally: Tally, place: int, name: str) -> None:
        self.tally, self.place, self.name = tally, place, name
        self.found: dict[str, Item] = {}  # by full url and by Type/id
        self.folders: list[Folder] = []
        self.hospital = Hospital.objects.first()

    # -- reading --
    def prepare(self, entries: Iterable[Entry]) -> bool:
        """Read, group and compare with what is here. Returns whether there is anything to write."""
        items = [item for entry in entries if (item := self._item(entry))]
        self.folders = self._grouped(items)
        for folder in self.folders:
            folder.items = self._unseen(folder)
        return any(folder.items for folder in self.folders)

    def _refuse(self, error: FhirError, kind: str = "") -> None:
        one = self.tally.count(kind or "?")
        one.read, one.refused = one.read + 1, one.refused + 1
        self.tally.refuse(Refusal.of(error, self.place, self.name))

    def _item(self, entry: Entry) -> Item | None:
        resource: Any = entry.value.get("resource")
        request = entry.value.get("request")
        kind = resource.get("resourceType") if isinstance(resource, dict) else ""
        kind = kind if isinstance(kind, str) and kind in validity.TYPES else ""
        try:
            if entry.error:
                raise entry.error
            if isinstance(request, dict) and request.get("method") in ASKS_TO_CHANGE:
                raise FhirError("fhir.method", row=entry.row, field="request.method")
            validity.check(resource, entry.row)
            full_url = entry.value.get("fullUrl")
            full_url = full_url if isinstance(full_url, str) and len(full_url) < 500 else ""
            uuid = full_url.removeprefix("urn:uuid:") if full_url.startswith("urn:uuid:") else ""
            if kind == "Patient":
                kept = content.without_identities(resource)
                identities = content.person(resource).identities
            else:
                kept, identities = resource, ()
            digest = _digest(canonical(kept))
            name = resource.get("id") or (uuid if validity.ID.match(uuid) else "") or f"sha256-{digest[:40]}"
            item = Item(
                entry.row,
                {**entry.value, "resource": kept},
                kept,
                kind,
                name,
                full_url,
                digest,
                content.subject(resource),
            )
            if identities:
                item.entry = {**item.entry, "identities": identities}  # taken off again before anything is kept
            return self._named(item)
        except FhirError as error:
            self._refuse(error, kind)
            return None

    def _named(self, item: Item) -> Item | None:
        """Remember an item under its names; the same one twice is one."""
        own = f"{item.kind}/{item.id}"
        for name in {own, item.full_url} - {""}:
            other = self.found.get(name)
            if other is not None and (other.digest != item.digest or other.kind != item.kind):
                raise FhirError("fhir.same_id_twice", row=item.row, field=f"{item.kind}.id")
            if other is not None:
                one = self.tally.count(item.kind)
                one.read, one.unchanged = one.read + 1, one.unchanged + 1
                return None
        self.found[own] = item
        if item.full_url:
            self.found[item.full_url] = item
        self.found.setdefault(f"urn:uuid:{item.id}", item)
        return item

    def resolve(self, reference: str, kind: str = "") -> Item | None:
        """The item of the bundle that a reference means."""
        found = self.found.get(reference) or self.found.get("/".join(reference.split("/")[-2:]))
        return found if found and (not kind or found.kind == kind) else None

    def _grouped(self, items: list[Item]) -> list[Folder]:
        """A folder a person; what is about nobody goes to everybody who refers to it."""
        folders: dict[str, Folder] = {}
        shared: list[Item] = []
        for item in items:
            if item.kind == "Patient":
                source = source_of(item.full_url if item.full_url.startswith("http") else item.id)
                folders.setdefault(source, Folder(source, head=item)).items.append(item)
        for item in items:
            if item.kind == "Patient":
                continue
            target = self.resolve(item.subject) if item.subject else None
            if (
                not item.subject
                or (target and target.kind != "Patient")
                or item.subject.startswith(("Group/", "Device/", "Location/"))
            ):
                shared.append(item)
                continue
            source = source_of(item.subject)
            if target:
                source = source_of(target.full_url if target.full_url.startswith("http") else target.id)
            folders.setdefault(source, Folder(source)).items.append(item)
        for folder in list(folders.values()):
            self._recognise(folder)
            if folder.head is None and folder.patient is None and not _is_known(folder.source):
                for item in folder.items:
                    self._refuse(
                        FhirError("fhir.reference_missing", row=item.row, field=f"{item.kind}.subject"), item.kind
                    )
                del folders[folder.source]
        self._share(shared, list(folders.values()), folders)
        return list(folders.values())

    def _share(self, shared: list[Item], people: list[Folder], folders: dict[str, Folder]) -> None:
        taken: set[int] = set()
        for folder in people:
            mine = shared if len(people) == 1 else self._referred(folder)
            known = {item.row for item in folder.items}
            folder.items += [item for item in mine if item.row not in known and not item.subject]
            folder.items.sort(key=lambda item: item.row)
            taken |= {item.row for item in mine}
        for item in shared:
            if item.row not in taken or (item.subject and item.row not in {i.row for f in people for i in f.items}):
                source = f"shared:{item.digest}"
                folders.setdefault(source, Folder(source)).items.append(item)

    def _referred(self, folder: Folder) -> list[Item]:
        """What a folder's items refer to, and what that refers to."""
        waiting, seen = deque(folder.items), {item.row for item in folder.items}
        found: list[Item] = []
        while waiting:
            for reference in content.references(waiting.popleft().resource):
                other = self.resolve(reference)
                if other and other.row not in seen and not other.subject and other.kind != "Patient":
                    seen.add(other.row)
                    found.append(other)
                    waiting.append(other)
        return found

    def _recognise(self, folder: Folder) -> None:
        """Whether the person is here: imported before under this id, or one of ours. Raises fhir.person_differs."""
        head = (
            ImportedResource.objects.filter(source=folder.source, resource_type="Patient")
            .select_related("patient")
            .first()
        )
        folder.patient = head.patient if head else None
        if folder.patient is None:
            ids = (
                [folder.head.id]
                if folder.head
                else [item.subject.removeprefix("urn:uuid:").rpartition("/")[2] for item in folder.items[:1]]
            )
            uuid = content.as_uuid(ids[0]) if ids else None
            folder.patient = Patient.objects.filter(public_id=uuid).first() if uuid else None
        if folder.patient and folder.head:
            said, ours = content.person(folder.head.resource), folder.patient
            if (said.name, said.birth_on, said.sex) != (ours.name, ours.birth_on, ours.sex):
                raise FhirError("fhir.person_differs", row=folder.head.row, field="Patient")

    def _unseen(self, folder: Folder) -> list[Item]:
        """The items that are new here; those that are here are counted, those that differ refused."""
        known = dict(
            (((kind, name), digest) for kind, name, digest in ImportedResource.objects.filter(source=folder.source)
             .values_list("resource_type", "resource_id", "digest"))
        )  # fmt: skip
        if folder.patient is not None:
            known |= {key: _digest(canonical(value)) for key, value in giving.present(folder.patient).items()}
        new = []
        for item in folder.items:
            digest = known.get((item.kind, item.id))
            if digest is None:
                new.append(item)
            elif not item.is_counted:
                one = self.tally.count(item.kind)
                one.read += 1
                if digest == item.digest:
                    one.unchanged += 1
                else:
                    one.refused += 1
                    self.tally.refuse(
                        Refusal.of(FhirError("fhir.changed", row=item.row, field=f"{item.kind}"), self.place, self.name)
                    )
            item.is_counted = item.is_counted or digest is not None
        return new

    # -- writing --
    def write(self, run: ImportRun, by: Actor) -> None:
        for folder in self.folders:
            if folder.items:
                _FolderWriter(self, folder, run, by).write()


def _is_known(source: str) -> bool:
    return ImportedResource.objects.filter(source=source, resource_type="Patient").exists()


class _FolderWriter:
    """Makes the records of one person's new items, and keeps every original."""

    def __init__(self, taker: _Taker, folder: Folder, run: ImportRun, by: Actor) -> None:
        self.taker, self.folder, self.run, self.by = taker, folder, run, by
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
            self.taker.tally.records["patients"] += 1
            self.taker.tally.patients.append({"chart_no": self.patient.chart_no, "id": str(self.patient.public_id)})

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
                if diagnosis := self.taker.resolve(reference, "Condition"):
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
        coverage = self.taker.resolve(said.coverage, "Coverage")
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
        here = self.taker.hospital
        place, doctor = (
            self.taker.resolve(said.institution, "Organization"),
            self.taker.resolve(said.doctor, "Practitioner"),
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
        target = self.taker.resolve(reference, "Encounter")
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
            self.taker.tally.records[name] += len(rows)

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
            one = self.taker.tally.count(item.kind)
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
            place = self.taker.resolve(content.visit(item.resource).institution, "Organization")
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
