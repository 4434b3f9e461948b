"""Loads the past of the synthetic hospital in bulk: people, visits, charges, bills, payments, claims, journal.

Prices and shares come from the same engines as live visits, so that every figure opens to its reason. A day is one
transaction: a load that is stopped goes on with the next day.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import transaction

from tamna.billing.models import ChargeItem, Invoice, Payment
from tamna.billing.rating import CONSULTATION
from tamna.claims.documents import INSURER_KIND
from tamna.claims.models import Batch, Claim, ClaimLine, ClaimResponse
from tamna.claims.submission.sending import batch_number, entry_of
from tamna.core import clock, crypto, numbering
from tamna.core.bulk import copy_in
from tamna.core.models import Department, Practitioner
from tamna.engines import tariff
from tamna.engines.tariff.bill import BillLine
from tamna.ledger import services as ledger
from tamna.ledger.models import JournalEntry, JournalLine
from tamna.patients.masking import identity_tail
from tamna.patients.models import Coverage, Identity, Patient
from tamna.patients.services import KIND_OF_PAYER, search_tokens
from tamna.reception.models import Appointment, Condition, Encounter, ServiceRequest, Slot, Ticket
from tamna.reception.policy import special_case_fits
from tamna.simulators.agency import Decision
from tamna.simulators.hospital import Person, Visit, World, plan_day
from tamna.synthetic.answers import Answers
from tamna.synthetic.seed import public_id

SESSIONS = ((540, 750), (810, 1020))


def people(world: World, on: date) -> None:
    """All patients with their numbers in the vault and one known coverage."""
    numbers = numbering.take_many("chart", len(world.people))
    start = clock.at_seoul(on - timedelta(days=400))
    patients = [_patient(world, person, chart, start, on) for person, chart in zip(world.people, numbers, strict=True)]
    copy_in(patients)
    copy_in(
        [
            Identity(patient=patient, kind=_kind(person), number=person.resident_number, tail=identity_tail(person.resident_number),
                     blind_index=crypto.blind_index(person.resident_number, _kind(person)))
            for person, patient in zip(world.people, patients, strict=True)
        ],
    )  # fmt: skip
    copy_in(
        [
            Coverage(
                patient=patient, payer=person.payer, insurer_kind=KIND_OF_PAYER.get(person.payer, "4"),
                card_no=f"{70_000_000_000 + person.ref}", special_case=person.special_case, special_from=person.special_from,
                special_to=person.special_to, aid_type=person.payer[-1] if person.payer.startswith("medical_aid") else "",
                checked_on=on - timedelta(days=30), checked_at=start, source="history", is_simulated=True,
            )
            for person, patient in zip(world.people, patients, strict=True)
        ],
    )  # fmt: skip


def _kind(person: Person) -> str:
    return "rrn" if person.nationality == "KR" else "foreigner"


def _patient(world: World, person: Person, chart: int, start: datetime, on: date) -> Patient:
    chart_no = f"{chart:08d}"
    return Patient(
        public_id=public_id(world.seed, person.ref), chart_no=chart_no, name=person.name, phone=person.phone,
        address=person.address, search_tokens=search_tokens(person.name, person.phone, chart_no), birth_on=person.birth_on,
        sex=person.sex, nationality=person.nationality, language=person.language, is_restricted=person.is_restricted,
        is_synthetic=True, contact_checked_on=on - timedelta(days=person.ref % 900), registered_at=start,
    )  # fmt: skip


class Loader:
    """Keeps what a day's load looks up again and again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.departments = {row.code: row for row in Department.objects.all()}
        self.doctors = {row.license_no: row for row in Practitioner.objects.all()}
        by_public = dict(Patient.objects.filter(is_synthetic=True).values_list("public_id", "pk"))
        self.patients = [by_public.get(public_id(world.seed, person.ref)) for person in world.people]
        self.coverages: dict[int, int] = {}
        for patient_id, coverage_id in Coverage.objects.order_by("id").values_list("patient_id", "id"):
            self.coverages.setdefault(patient_id, coverage_id)
        self.master = tariff.FeeMaster.developer()
        self.answers = Answers(world.seed)

    @transaction.atomic
    def day(self, on: date, *, until: float = 24 * 60, today: date | None = None) -> int:
        """Load one day's finished visits up to a minute of the day. Returns how many."""
        visits = [
            visit for visit in plan_day(self.world, on)
            if visit.arrival_min is not None and visit.cashier_min <= until and self.patients[visit.person]
        ]  # fmt: skip
        seen: set[tuple[int, str]] = set()
        visits = [v for v in visits if (v.person, v.department) not in seen and not seen.add((v.person, v.department))]  # type: ignore[func-returns-value]
        if not visits:
            return 0
        encounters = copy_in([self._encounter(visit, on) for visit in visits])
        self._tickets(visits, encounters, on)
        copy_in(
            [
                Condition(encounter=encounter, seq=seq, kind="principal" if seq == 1 else "secondary", code=code)
                for visit, encounter in zip(visits, encounters, strict=True)
                for seq, code in enumerate(visit.diagnoses, start=1)
            ],
        )
        charges, invoices = self._charges(visits, encounters, on)
        self._payments(visits, invoices, on)
        self._claims(visits, encounters, charges, invoices, on, today or on)
        return len(visits)

    def _encounter(self, visit: Visit, on: date) -> Encounter:
        person = self.world.people[visit.person]
        patient_id = self.patients[visit.person]
        valid = (
            person.special_case
            and (person.special_to is None or person.special_to >= on)
            and special_case_fits(person.special_case, visit.diagnoses)
        )
        return Encounter(
            patient_id=patient_id, department=self.departments[visit.department], practitioner=self.doctors[visit.doctor.license_no],
            coverage_id=self.coverages.get(patient_id or 0), setting="emergency" if visit.kind == "emergency" else "outpatient",
            status="finished", payer=visit.payer, special_case=person.special_case if valid and visit.payer == "nhi" else "",
            is_first_visit=visit.first_visit, ktas=visit.ktas, business_on=on, arrived_at=clock.at_seoul(on, visit.desk_min),
            started_at=clock.at_seoul(on, visit.call_min), finished_at=clock.at_seoul(on, visit.end_min), is_synthetic=True,
        )  # fmt: skip

    def _tickets(self, visits: list[Visit], encounters: list[Encounter], on: date) -> None:
        numbers: dict[str, int] = defaultdict(int)
        tickets = []
        for visit, encounter in zip(visits, encounters, strict=True):
            numbers[visit.department] += 1
            tickets.append(
                Ticket(
                    encounter=encounter, department=encounter.department, practitioner=encounter.practitioner,
                    number=numbers[visit.department], business_on=on, status="done", priority=40 if visit.kind == "booked" else 50,
                    due_at=encounter.arrived_at, issued_at=encounter.arrived_at, called_at=encounter.started_at,
                    entered_at=encounter.started_at, ended_at=encounter.finished_at,
                )
            )  # fmt: skip
        copy_in(tickets)
        for code, count in numbers.items():
            numbering.take_many(f"ticket:{code}", count, on.isoformat())

    def _charges(
        self, visits: list[Visit], encounters: list[Encounter], on: date
    ) -> tuple[list[list[ChargeItem]], list[Invoice | None]]:
        """Orders, priced charges, and the bill of each visit."""
        requests, groups, invoices = [], [], []
        first = numbering.take_many("invoice", len(visits), f"{on:%Y%m%d}")
        for visit, encounter, number in zip(visits, encounters, first, strict=True):
            ordered = clock.at_seoul(on, (visit.call_min + visit.end_min) / 2)
            consultation = CONSULTATION["general"]["first" if visit.first_visit else "follow_up"]
            lines: list[tuple[str, int, ServiceRequest | None]] = [(consultation, 1, None)]
            for index, (code, quantity) in enumerate(visit.orders, start=1):
                request = ServiceRequest(
                    encounter=encounter, placer_number=f"H{on:%y%m%d}-{visit.number}-{index}", code=code,
                    name=self.master.at(code, on).name_ko[:120], quantity=quantity, ordered_at=ordered,
                )  # fmt: skip
                requests.append(request)
                lines.append((code, quantity, request))
            born = self.world.people[visit.person].birth_on
            group = [
                self._charge(encounter, code, Decimal(quantity), ordered, request, born)
                for code, quantity, request in lines
            ]
            groups.append(group)
            invoices.append(self._invoice(visit, encounter, group, number, on, born))
        copy_in(requests)
        copy_in(invoices)
        for group, invoice in zip(groups, invoices, strict=True):
            for charge in group:
                charge.invoice = invoice
        copy_in([charge for group in groups for charge in group])
        return groups, invoices

    def _charge(
        self,
        encounter: Encounter,
        code: str,
        quantity: Decimal,
        at: datetime,
        request: ServiceRequest | None,
        born: date,
    ) -> ChargeItem:
        item = self.master.at(code, encounter.business_on)
        explained = _priced(item, quantity, at.replace(tzinfo=None, minute=0), encounter.payer, born)
        priced, steps, unconfirmed = explained
        key = f"order:{request.placer_number}" if request else f"consultation:{encounter.public_id}"
        return ChargeItem(
            encounter=encounter, service_request=request, key=key, code=item.code, name=item.name_ko, name_en=item.name_en,
            item_class=item.item_class, item_sub=item.item_sub, code_kind=item.code_kind, benefit=item.benefit, quantity=quantity, unit_won=priced.unit_won,
            amount_won=priced.amount_won, service_at=at, status="billed", steps=steps, unconfirmed=unconfirmed,
        )  # fmt: skip

    def _invoice(
        self, visit: Visit, encounter: Encounter, charges: list[ChargeItem], number: int, on: date, born: date
    ) -> Invoice:
        lines = [
            BillLine(row.code, row.item_class, row.item_sub, row.benefit, row.amount_won, row.code_kind)
            for row in charges
        ]
        case = tariff.Case(
            on=on, payer=visit.payer, birth_on=born, amounts=tariff.bucket_amounts(lines), setting=encounter.setting,
            institution="general", area="dong", emergency_class="local_center", sex=self.world.people[visit.person].sex,
            special_case=encounter.special_case, emergency_level=visit.ktas,
        )  # fmt: skip
        explained = tariff.copay(case)
        result = explained.value
        unpaid = visit.number % 120 == 0
        return Invoice(
            number=f"{on:%y%m%d}-{number:05d}", encounter=encounter, payer=visit.payer,
            total_won=result.patient_won + result.insurer_won, patient_won=result.patient_won, insurer_won=result.insurer_won,
            paid_won=0 if unpaid else result.patient_won, rule=result.rule_id, parts=[part.as_json() for part in result.parts],
            steps=[step.as_json() for step in explained.steps], unconfirmed=list(explained.unconfirmed),
            bill_rows=tariff.bill_rows(lines, result), cap_year=on.year, counted_won=result.counted_won,
            issued_at=clock.at_seoul(on, visit.end_min), business_on=on, is_synthetic=True,
        )  # fmt: skip

    def _payments(self, visits: list[Visit], invoices: list[Invoice], on: date) -> None:
        paid = [(visit, invoice) for visit, invoice in zip(visits, invoices, strict=True) if invoice.paid_won]
        receipts = numbering.take_many("receipt", len(paid)) if paid else range(0)
        payments = [
            Payment(
                receipt_no=receipt, invoice=invoice, amount_won=invoice.paid_won, tender=visit.tender, key=f"history:{invoice.number}",
                approval_no=f"{receipt % 100_000_000:08d}" if visit.tender == "card" else "", cashier="history",
                taken_at=clock.at_seoul(on, visit.cashier_min), business_on=on,
            )
            for (visit, invoice), receipt in zip(paid, receipts, strict=True)
        ]  # fmt: skip
        copy_in(payments)
        self._post(
            [
                (f"invoice:{invoice.public_id}", "Bill %(number)s", {"number": invoice.number}, "invoice", invoice.public_id, invoice.encounter,
                 invoice.issued_at,
                 ((ledger.PATIENTS, invoice.patient_won), (ledger.receivable(invoice.payer), invoice.insurer_won),
                  (ledger.REVENUE[invoice.encounter.setting], -invoice.total_won)))
                for invoice in invoices
            ]
            + [
                (f"payment:{payment.public_id}", "Receipt %(receipt_no)s", {"receipt_no": payment.receipt_no}, "payment", payment.public_id,
                 payment.invoice.encounter, payment.taken_at,
                 ((ledger.TENDER[payment.tender], payment.amount_won), (ledger.PATIENTS, -payment.amount_won)))
                for payment in payments
            ],
            on,
        )  # fmt: skip

    def _post(self, rows: list[tuple[Any, ...]], on: date) -> None:
        numbers = numbering.take_many("journal", len(rows)) if rows else range(0)
        entries = [
            JournalEntry(number=number, key=key, business_on=on, text=text, facts=facts, source_type=kind, source_ref=ref,
                         encounter_ref=encounter.public_id, posted_at=at)
            for number, (key, text, facts, kind, ref, encounter, at, _) in zip(numbers, rows, strict=True)
        ]  # fmt: skip
        copy_in(entries)
        copy_in(
            [
                JournalLine(entry=entry, account_id=ledger.account_id(account), debit_won=max(won, 0), credit_won=max(-won, 0),
                            department_code=row[5].department.code)
                for entry, row in zip(entries, rows, strict=True)
                for account, won in row[7]
                if won
            ],
            )  # fmt: skip

    def _claims(
        self,
        visits: list[Visit],
        encounters: list[Encounter],
        charges: list[list[ChargeItem]],
        invoices: list[Invoice],
        on: date,
        today: date,
    ) -> None:
        """Statements of the day; older than 14 days they are sent and answered, younger ones wait to be sent."""
        every = zip(visits, encounters, charges, invoices, strict=True)
        claimed = [row for row in every if row[1].payer in INSURER_KIND]
        numbers = numbering.take_many("claim", len(claimed), f"{on:%Y%m}") if claimed else range(0)
        claims, lines, sent = [], [], []
        old = (today - on).days > 14
        for (visit, encounter, group, invoice), number in zip(claimed, numbers, strict=True):
            kept = [row for row in group if row.benefit not in ("non_covered", "full_self")]
            total = sum(row.amount_won for row in kept)
            total -= total % 10
            insurer = min(total, invoice.insurer_won)
            insurer -= insurer % 10
            claim = Claim(
                claim_no=f"{on:%Y%m}-{number:06d}", encounter=encounter, insurer_kind=INSURER_KIND[encounter.payer], payer=encounter.payer,
                setting=encounter.setting, department=encounter.department, care_month=f"{on:%Y%m}", first_visit_on=on, total_won=total,
                patient_won=total - insurer, insurer_won=insurer, due_on=on + timedelta(days=15), made_at=invoice.issued_at,
                status="paid" if old else "draft", score=100 if old else None, is_synthetic=True,
            )  # fmt: skip
            claims.append(claim)
            own = [
                ClaimLine(
                    claim=claim, line_no=line, charge=row, item_class=row.item_class, item_sub=row.item_sub, code_kind=row.code_kind,
                    code=row.code, name=row.name, service_at=row.service_at, unit_won=row.unit_won, dose=row.quantity,
                    quantity=row.quantity, amount_won=row.amount_won, benefit=row.benefit,
                )
                for line, row in enumerate(sorted(kept, key=lambda row: (row.item_class, row.item_sub)), start=1)
            ]  # fmt: skip
            lines.append(own)
            sent.append((claim, own, visit, self.world.people[visit.person]))
        decisions = self._answered(sent, on) if old else {}
        copy_in(claims)
        copy_in([line for own in lines for line in own])
        if old:
            copy_in([entry_of(claim) for claim in claims if claim.batch_id])
            self._responses(claims, decisions, on)

    def _answered(self, sent: list[tuple[Claim, list[ClaimLine], Visit, Person]], on: date) -> dict[str, Decision]:
        """Batches of a past day with what the agency decided about each statement."""
        decisions = {row[0].claim_no: one for row, one in zip(sent, self.answers.judged(sent, on), strict=True)}
        claims = [row[0] for row in sent]
        groups: dict[tuple[str, str], list[Claim]] = defaultdict(list)
        for claim in claims:
            groups[claim.insurer_kind, claim.setting].append(claim)
        for (kind, setting), members in groups.items():
            if kind == "9":
                continue
            serial = numbering.take("batch", f"{on:%Y%m}")
            batch = Batch.objects.create(
                batch_no=batch_number(f"{on:%Y%m}", setting, serial),
                insurer_kind=kind, setting=setting, care_month=f"{on:%Y%m}", statements=len(members), status="reviewed",
                total_won=sum(row.total_won for row in members), insurer_won=sum(row.insurer_won for row in members),
                receipt_no=f"{serial:07d}", made_at=clock.at_seoul(on, 1030), sent_at=clock.at_seoul(on, 1030), received_at=clock.at_seoul(on, 1031),
            )  # fmt: skip
            for number, claim in enumerate(members, start=1):
                decision = decisions[claim.claim_no]
                claim.batch, claim.serial_no = batch, f"{number:05d}"
                claim.decided_won = decision.decided_won
                if decision.status in ("returned", "impossible"):
                    claim.status = decision.status
        return decisions

    def _responses(self, claims: list[Claim], decisions: dict[str, Decision], on: date) -> None:
        responses, paid = [], []
        for claim in claims:
            if claim.batch_id is None:
                continue
            decision = decisions[claim.claim_no]
            decided = on + timedelta(days=6 + claim.pk % 6)
            responses.append(
                ClaimResponse(
                    claim=claim, batch=claim.batch, document_id=f"history:{claim.batch.batch_no}", kind="result", status=decision.status, requested_won=claim.insurer_won,
                    decided_won=claim.decided_won, reason_code=decision.reason, decided_on=decided, received_at=clock.at_seoul(decided, 600),
                    lines=[{"line_no": cut.line_no, "amount": cut.won, "reason": cut.reason} for cut in decision.cuts],
                )
            )  # fmt: skip
            if claim.decided_won:
                response = ClaimResponse(
                    claim=claim, batch=claim.batch, document_id=f"history-paid:{claim.batch.batch_no}", kind="payment", status="paid",
                    requested_won=claim.insurer_won, decided_won=claim.decided_won, decided_on=decided + timedelta(days=2),
                    received_at=clock.at_seoul(decided + timedelta(days=2), 600),
                )  # fmt: skip
                responses.append(response)
                paid.append(
                    (f"claim.paid:{claim.public_id}", "Insurer paid claim %(claim_no)s", {"claim_no": claim.claim_no}, "claim", claim.public_id,
                     claim.encounter, response.received_at, ((ledger.DEPOSITS, claim.decided_won), (ledger.receivable(claim.payer), -claim.decided_won)))
                )  # fmt: skip
        copy_in(responses)
        self._post(paid, on + timedelta(days=10))


@lru_cache(maxsize=20_000)
def _priced(
    item: Any, quantity: Decimal, at: datetime, payer: str, born: date
) -> tuple[Any, list[dict[str, Any]], list[str]]:
    explained = tariff.price_line(item, quantity=quantity, at=at, payer=payer, institution="general", birth_on=born)
    return explained.value, [step.as_json() for step in explained.steps], list(explained.unconfirmed)


def working_days_before(on: date, count: int) -> list[date]:
    """The last `count` days on which somebody came, newest first."""
    days, day = [], on
    while len(days) < count:
        day -= timedelta(days=1)
        if day.weekday() != 6:
            days.append(day)
    return days


@transaction.atomic
def open_bookings(world: World, days: list[date], now: datetime) -> int:
    """Slots of the coming days, and the bookings made for them. A taken slot moves to the next free one."""
    loader = Loader(world)
    made = 0
    for on in days:
        for doctor in loader.doctors.values():
            Slot.objects.bulk_create(
                [
                    Slot(practitioner=doctor, starts_at=clock.at_seoul(on, minute))
                    for start, end in SESSIONS[: 1 if on.weekday() == 5 else 2]
                    for minute in range(start, end, 10)
                ],
                ignore_conflicts=True,
            )
        free: dict[str, dict[int, Slot]] = defaultdict(dict)
        start = clock.at_seoul(on)
        for slot in Slot.objects.filter(
            is_extra=False, starts_at__gte=start, starts_at__lt=start + timedelta(days=1)
        ).select_related("practitioner"):
            free[slot.practitioner.license_no][int((slot.starts_at - start).total_seconds() // 60)] = slot
        appointments = []
        for visit in plan_day(world, on):
            slots = free[visit.doctor.license_no]
            if visit.booked_min is None or not slots or not loader.patients[visit.person]:
                continue
            minute = min(slots, key=lambda minute: (abs(minute - visit.booked_min), minute))
            slot = slots.pop(minute)
            came = (
                visit.arrival_min is not None
                and slot.starts_at < now
                and visit.arrival_min <= (now - start).total_seconds() / 60
            )
            finished = came and visit.cashier_min <= (now - start).total_seconds() / 60
            appointments.append(
                Appointment(slot=slot, patient_id=loader.patients[visit.person], starts_at=slot.starts_at,
                            status="arrived" if finished else "booked", booked_at=now - timedelta(days=max(1, visit.lead_days)))
            )  # fmt: skip
        made += len(Appointment.objects.bulk_create(appointments, ignore_conflicts=True))
    return made
