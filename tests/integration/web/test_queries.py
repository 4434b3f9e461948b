"""Every address that can be read asks the database a bounded number of questions, the same for few rows and for many.

The addresses come from the URL conf itself: one without a line in `PAGES` fails, so nobody adds a page that is not counted.
"""

import re
import zlib
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tamna.billing import services as billing
from tamna.billing.models import CashClosing, FeeImport, FeeItem, PayerBill
from tamna.claims import documents
from tamna.claims.models import (
    Batch,
    BatchEntry,
    BatchFile,
    Claim,
    ClaimLine,
    ClaimResponse,
    EarlyFinding,
    Finding,
    Recheck,
    RecheckFinding,
    RecordRequest,
    Remedy,
    RuleSwitch,
    RuleTrial,
    RuleVersion,
)
from tamna.claims.studio.text import version_text
from tamna.core import access, clock, outbox
from tamna.core.actor import Actor
from tamna.core.api import token_hash
from tamna.core.models import (
    ApiToken,
    AuditEntry,
    AutomationRun,
    DataKey,
    DeadLetter,
    Decision,
    Department,
    Event,
    InterfaceMessage,
    Notification,
    Outcome,
    Policy,
    Practitioner,
    Proposal,
    Room,
    SavedView,
    User,
)  # fmt: skip
from tamna.engines.claimcheck.trial import Tally
from tamna.engines.claimfile import header_of, ndjson
from tamna.insight.claims import services as figures
from tamna.insight.models import ClaimFigure, RepricedCell, Repricing
from tamna.ledger.models import JournalEntry
from tamna.patients import consent_forms, consents, disposal, merging, retention, review
from tamna.patients import documents as documents_of
from tamna.patients.models import (
    Consent,
    Coverage,
    Disposal,
    DisposalItem,
    FiledDocument,
    ImportedResource,
    ImportRun,
    LegalHold,
    Patient,
)
from tamna.patients.services import register_patient, search_tokens
from tamna.reception import communications, seasons, waiting_list
from tamna.reception import services as reception
from tamna.reception.models import (
    Absence,
    Appointment,
    ClinicHours,
    Encounter,
    HourForecast,
    SeasonStudy,
    ServiceRequest,
    Slot,
)
from tests.integration.lobby.patients import device_client, link_client

MOST = 16  # questions of one answer, the bell's with them
MORE = {
    "/insight/": 17,
    "/patients/visits/{visit}": 25,
    "/patients/visits/{visit}/why/10-1": 20,
    "/catalogue/claim.omit": 25,
}  # of many departments or parts
FEW, MANY = 3, 9
CLERK = Actor("person", "clerk", role="reception", team="front")
NOBODY = "00000000-0000-0000-0000-000000000000"

# Each address that answers to GET → what is asked there; `{…}` are the records of `Hospital.named`.
PAGES: dict[str, tuple[str, ...]] = {
    "/": ("/",),
    "/sign-in": ("/sign-in",),
    "/first-run": ("/first-run",),
    "/account": ("/account",),
    "/live-address": ("/live-address",),
    "/search": ("/search?q=김", "/search?q=2026", "/search?q=1", "/search?q=수"),
    "/notifications": ("/notifications",),
    "/notifications/count": ("/notifications/count",),
    "/notifications/<uuid:public_id>": ("/notifications/{notice}",),
    "/gallery": ("/gallery",),
    "/healthz": ("/healthz",),
    "/readyz": ("/readyz",),
    "/metrics": ("/metrics",),
    "/patients/": ("/patients/", "/patients/?q=김", "/patients/?sort=-birth"),
    "/patients/<uuid:public_id>": ("/patients/{patient}", "/patients/{imported}"),
    "/patients/<uuid:public_id>/elsewhere": ("/patients/{imported}/elsewhere",),
    "/patients/<uuid:public_id>/consents": ("/patients/{patient}/consents",),
    "/patients/<uuid:public_id>/consents/<str:purpose>": ("/patients/{patient}/consents/survey?lang=ja",),
    "/patients/consents/<uuid:public_id>": ("/patients/consents/{consent}",),
    "/patients/<uuid:public_id>/same": ("/patients/{patient}/same",),
    "/patients/<uuid:public_id>/same/<uuid:other_id>": ("/patients/{patient}/same/{imported}",),
    "/patients/merges": ("/patients/merges",),
    "/patients/<uuid:public_id>/seen-by": ("/patients/{patient}/seen-by",),
    "/patients/<uuid:public_id>/seen-by/paper": ("/patients/{patient}/seen-by/paper",),
    "/patients/access": ("/patients/access",),
    "/patients/access/<str:month>": ("/patients/access/2026-11",),
    "/patients/<uuid:public_id>/documents": (
        "/patients/{patient}/documents",
        "/patients/{patient}/documents?class=test",
    ),
    "/patients/documents/<uuid:public_id>": ("/patients/documents/{document}",),
    "/patients/documents/<uuid:public_id>/file": ("/patients/documents/{document}/file",),
    "/patients/documents": ("/patients/documents",),
    "/patients/disposals": ("/patients/disposals",),
    "/patients/disposals/<uuid:public_id>": ("/patients/disposals/{disposal}",),
    "/patients/disposals/<uuid:public_id>/certificate": ("/patients/disposals/{disposal}/certificate",),
    "/patients/visits/<uuid:public_id>": ("/patients/visits/{visit}", "/patients/visits/{elsewhere}"),
    "/patients/visits/<uuid:public_id>/why/<str:key>": ("/patients/visits/{visit}/why/10-1",),
    "/reception/": ("/reception/", "/reception/?q=김", "/reception/?patient={patient}"),
    "/reception/tickets/<uuid:public_id>": ("/reception/tickets/{ticket}",),
    "/reception/patients/new": ("/reception/patients/new",),
    "/reception/patients/<uuid:public_id>/exchange": ("/reception/patients/{patient}/exchange",),
    "/reception/messages/<int:message_id>": ("/reception/messages/{message}",),
    "/reception/board": ("/reception/board",),
    "/reception/conversation": ("/reception/conversation?with=ja",),
    "/reception/models": ("/reception/models",),
    "/reception/board/<str:code>": ("/reception/board/05",),
    "/reception/bookings": ("/reception/bookings", "/reception/bookings?doctor=90001&q=김"),
    "/reception/bookings/times": (
        "/reception/bookings/times?department=01",
        "/reception/bookings/times?patient={patient}&doctor=90001",
    ),
    "/reception/bookings/times/<int:slot_id>": ("/reception/bookings/times/{slot}?patient={patient}",),
    "/reception/bookings/<uuid:public_id>/calendar.ics": ("/reception/bookings/{booking}/calendar.ics",),
    "/reception/notices": ("/reception/notices", "/reception/notices?state=waiting&kind=booking"),
    "/reception/hours": ("/reception/hours?on=2026-11-25",),
    "/reception/staffing": ("/reception/staffing?on=2026-11-25",),
    "/reception/season": ("/reception/season",),
    "/reception/season/<uuid:public_id>": ("/reception/season/{study}",),
    "/reception/rooms": ("/reception/rooms",),
    "/reception/waiting": ("/reception/waiting", "/reception/waiting?state=over"),
    "/reception/doctors": ("/reception/doctors", "/reception/doctors?q=의사"),
    "/reception/doctors/<int:practitioner_id>": ("/reception/doctors/{doctor}",),
    "/billing/": ("/billing/", "/billing/?q=김&department=01"),
    "/billing/fees": ("/billing/fees", "/billing/fees?q=AA"),
    "/billing/fees/example": ("/billing/fees/example",),
    "/billing/fees/<int:import_id>": ("/billing/fees/{fees}", "/billing/fees/{fees}?format=csv"),
    "/billing/payments": ("/billing/payments", "/billing/payments?tender=cash"),
    "/billing/closing": ("/billing/closing",),
    "/billing/unpaid": ("/billing/unpaid", "/billing/unpaid?age=30&plan=none"),
    "/billing/tax": ("/billing/tax",),
    "/billing/order-codes": ("/billing/order-codes", "/billing/order-codes?q=LAB"),
    "/billing/order-codes/example": ("/billing/order-codes/example",),
    "/billing/payers": ("/billing/payers", "/billing/payers?state=open"),
    "/billing/payers/<uuid:public_id>": ("/billing/payers/{payer_bill}",),
    "/billing/payers/<uuid:public_id>/paper": ("/billing/payers/{payer_bill}/paper",),
    "/billing/patients/<uuid:public_id>": ("/billing/patients/{patient}",),
    "/billing/visits/<uuid:public_id>/bill-payer": ("/billing/visits/{visit}/bill-payer",),
    "/billing/<uuid:public_id>/plan": ("/billing/{bill}/plan?parts=6",),
    "/billing/<uuid:public_id>/statement": ("/billing/{bill}/statement",),
    "/billing/visits/<uuid:public_id>": ("/billing/visits/{visit}",),
    "/billing/<uuid:public_id>": ("/billing/{bill}",),
    "/billing/<uuid:public_id>/why": ("/billing/{bill}/why",),
    "/billing/<uuid:public_id>/charges/<int:charge_id>/why": ("/billing/{bill}/charges/{charge}/why",),
    "/billing/<uuid:public_id>/receipt": ("/billing/{bill}/receipt",),
    "/claims/": ("/claims/", "/claims/?state=approved&department=05"),
    "/claims/batches": ("/claims/batches",),
    "/claims/batches/<uuid:public_id>": ("/claims/batches/{batch}",),
    "/claims/batches/<uuid:public_id>/file": ("/claims/batches/{batch}/file",),
    "/claims/batches/<uuid:public_id>/text": ("/claims/batches/{batch}/text",),
    "/claims/batches/<uuid:public_id>/answers/<str:kind>/<str:number>": ("/claims/batches/{batch}/answers/result/1",),
    "/claims/ready": ("/claims/ready",),
    "/claims/records": ("/claims/records", "/claims/records?show=all"),
    "/ledger/receivables": ("/ledger/receivables",),
    "/claims/answers": ("/claims/answers", "/claims/answers?show=all"),
    "/claims/remedies": ("/claims/remedies", "/claims/remedies?show=ruled"),
    "/claims/remedies/<uuid:public_id>": ("/claims/remedies/{remedy}",),
    "/claims/remedies/<uuid:public_id>/letter": ("/claims/remedies/{remedy}/letter?as=text",),
    "/claims/rules": ("/claims/rules", "/claims/rules?state=own&q=혈액", "/claims/rules?on=2026-11-24&sort=-hits"),
    "/claims/rules/new": ("/claims/rules/new", "/claims/rules/new?rule=OWN-1", "/claims/rules/new?like=R001"),
    "/claims/rules/changes": ("/claims/rules/changes",),
    "/claims/rules/export": ("/claims/rules/export",),
    "/claims/rules/trials/<uuid:public_id>": ("/claims/rules/trials/{trial}",),
    "/claims/rules/<str:rule_id>": ("/claims/rules/OWN-1", "/claims/rules/R001", "/claims/rules/OWN-1?version=1"),
    "/claims/rules/<str:rule_id>/file": ("/claims/rules/OWN-1/file",),
    "/claims/risk": ("/claims/risk",),
    "/claims/effect": ("/claims/effect",),
    "/claims/<uuid:public_id>/similar": ("/claims/{claim}/similar",),
    "/claims/<uuid:public_id>/score": ("/claims/{claim}/score",),
    "/claims/<uuid:public_id>": ("/claims/{claim}",),
    "/ledger/": ("/ledger/", "/ledger/?account=1101"),
    "/ledger/entries/<uuid:public_id>": ("/ledger/entries/{entry}",),
    "/ledger/trial-balance": ("/ledger/trial-balance",),
    "/insight/": ("/insight/",),
    "/insight/claims": ("/insight/claims?months=12", "/insight/claims?by=department"),
    "/insight/claims/reasons": ("/insight/claims/reasons?months=12",),
    "/insight/claims/records": ("/insight/claims/records?what=back",),
    "/insight/claims/profit": ("/insight/claims/profit?months=12",),
    "/insight/repricing": ("/insight/repricing",),
    "/insight/repricing/<uuid:public_id>": ("/insight/repricing/{repricing}",),
    "/claims/rechecks": ("/claims/rechecks",),
    "/claims/rechecks/<uuid:public_id>": ("/claims/rechecks/{recheck}",),
    "/claims/early": ("/claims/early",),
    "/insight/figures/<str:key>": tuple(
        f"/insight/figures/{key}" for key in ("visits", "waits", "paid", "owed", "claimed", "returned", "errors")
    ),
    "/catalogue": ("/catalogue", "/catalogue?show=built"),
    "/catalogue/<str:key>": ("/catalogue/claim.omit",),
    "/proposals": ("/proposals", "/proposals?state=done", "/proposals?state=decided"),
    "/proposals/<uuid:public_id>": ("/proposals/{proposal}",),
    "/audit": ("/audit", "/audit?actor=clerk&action=patient.registered"),
    "/audit/of/<str:kind>/<str:ref>": ("/audit/of/patient/{patient}",),
    "/jobs": ("/jobs",),
    "/connections": ("/connections",),
    "/connections/badges": ("/connections/badges",),
    "/imports": ("/imports",),
    "/imports/<uuid:public_id>": ("/imports/{run}",),
    "/tokens": ("/tokens",),
    "/accounts": ("/accounts", "/accounts?q=no&state=open"),
    "/accounts/new": ("/accounts/new",),
    "/accounts/list": ("/accounts/list",),
    "/accounts/example": ("/accounts/example",),
    "/accounts/<int:user_id>": ("/accounts/{user}",),
    "/setup": ("/setup",),
    "/setup/hospital": ("/setup/hospital",),
    "/setup/departments": ("/setup/departments",),
    "/setup/backup": ("/setup/backup",),
    "/keys": ("/keys",),
    "/devices": ("/devices",),
    "/slips": ("/slips",),
    "/lobby/enrol/<str:sealed>": ("/lobby/enrol/x",),
    "/lobby/kiosk": ("/lobby/kiosk",),
    "/lobby/kiosk/worker.js": ("/lobby/kiosk/worker.js",),
    "/lobby/board": ("/lobby/board",),
    "/lobby/board/now": ("/lobby/board/now?language=ja",),
    "/lobby/p/<str:sealed>": ("/lobby/p/x",),
    "/lobby/me": ("/lobby/me",),
    "/lobby/me/consents": ("/lobby/me/consents",),
    "/lobby/me/consents/<str:purpose>": ("/lobby/me/consents/survey",),
    "/lobby/me/turn": ("/lobby/me/turn",),
    "/lobby/me/bills/<uuid:public_id>": ("/lobby/me/bills/{bill}",),
    "/lobby/me/manifest.json": ("/lobby/me/manifest.json",),
    "/lobby/me/worker.js": ("/lobby/me/worker.js",),
    "/api/v1/": (),  # the name under which others are found; it answers nothing
    "/api/v1/openapi.json": ("/api/v1/openapi.json",),
    "/api/v1/docs": ("/api/v1/docs",),
    "/api/v1/clock": ("/api/v1/clock",),
    "/api/v1/patients": ("/api/v1/patients", "/api/v1/patients?q=김"),
    "/api/v1/patients/<uuidstr:public_id>": ("/api/v1/patients/{patient}",),
    "/api/v1/slots": ("/api/v1/slots?license_no=90001&on=2026-11-24",),
    "/api/v1/appointments": ("/api/v1/appointments?on=2026-11-24",),
    "/api/v1/board": ("/api/v1/board",),
    "/api/v1/encounters/<uuidstr:public_id>": ("/api/v1/encounters/{visit}",),
    "/api/v1/invoices/<uuidstr:public_id>": ("/api/v1/invoices/{bill}",),
    "/api/v1/proposals": ("/api/v1/proposals?team=front",),
}
DOWNLOADS = ("/patients/", "/reception/bookings", "/billing/", "/billing/payments", "/claims/", "/claims/batches", "/claims/answers", "/claims/remedies",
             "/claims/rules", "/claims/rules/changes", "/claims/rechecks", "/claims/early", "/insight/claims", "/insight/claims/reasons", "/insight/claims/records", "/insight/claims/profit", "/insight/repricing", "/ledger/", "/audit", "/proposals", "/imports", "/accounts", "/reception/doctors", "/billing/fees", "/billing/unpaid",
             "/billing/payers", "/billing/order-codes", "/billing/tax")  # fmt: skip


def addresses(patterns=None, prefix="/"):
    """(route, view) of every address."""
    for item in patterns or get_resolver().url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from addresses(item.url_patterns, route)
        elif isinstance(item, URLPattern):
            yield route, item.callback


class Small:
    """A hospital that can be given more of everything, and the records of it that addresses name."""

    def __init__(self, users: dict[str, User]) -> None:
        self.users, self.serial = users, 0
        self.first = self.second = None

    def person(self) -> Patient:
        self.serial += 1
        made = register_patient(
            name=f"김수{self.serial}", birth_on=clock.today() - timedelta(days=9000), sex="F", by=CLERK
        )
        Coverage.objects.create(patient=made, payer="nhi", checked_on=clock.today(), checked_at=clock.now())
        return made

    def visit(self, patient: Patient, code: str = "01"):
        """From the ticket to the bill, the claim and the journal; paid half."""
        ticket = reception.receive(patient_id=patient.pk, department_id=Department.objects.get(code=code).pk, by=CLERK)
        reception.call_next(department_id=ticket.department_id, by=CLERK)
        reception.move(ticket_id=ticket.pk, step="enter", by=CLERK)
        order = reception.Ordered(f"P{ticket.pk}", "ZL001", "검사", Decimal(1))
        reception.place_orders(encounter=ticket.encounter, orders=[order], by=CLERK)
        reception.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "I10.9")], by=CLERK)
        outbox.deliver_all()
        bill = ticket.encounter.invoices.get()
        billing.record_payment(
            invoice_id=bill.pk, amount_won=bill.patient_won // 2, tender="cash", key=str(uuid4()), by=CLERK
        )
        outbox.deliver_all()
        return ticket.encounter

    def grow(self, count: int) -> None:
        """`count` more of everything, and of everything that belongs to the named records."""
        people = [self.person() for _ in range(count)]
        made = [self.visit(person) for person in people]
        self.first = self.first or made[0]
        for _ in range(count):
            self.visit(self.first.patient, "05")
            reception.receive(patient_id=self.person().pk, department_id=Department.objects.get(code="05").pk, by=CLERK)
        self._care(people, count)
        self._money(count)
        self._claims(count)
        self._insight(count)
        self._rules(count)
        self._automations(count)
        self._operation(count)
        self._elsewhere(count)
        self._privacy(count)

    def _privacy(self, count):
        patient, (it, auditor) = self.first.patient, (self.users[role] for role in ("it", "auditor"))
        text = consent_forms.form_of("survey", clock.today()).text("ko")
        for number in range(count):
            consents.answer(
                patient_id=patient.pk,
                purpose="survey",
                language="ko",
                shown=text.digest,
                is_given=True,
                how="paper",
                by=CLERK,
            )
            merging.merge(kept_id=patient.pk, gone_id=self.person().pk, reason="x", by=CLERK)
            for title in ("혈액 검사결과", "스캔"):
                documents_of.file(
                    patient_id=patient.pk,
                    title=title,
                    written_on=clock.today() - timedelta(days=4000 + number),
                    by=CLERK,
                )
        asked_for = Actor("person", it.username, it.pk, "it", "it")
        due = list(retention.documents_due().values_list("pk", flat=True))
        disposal.ask(documents=due[: len(due) // 2], by=asked_for)
        Disposal.objects.update(
            state="final", decided_by=auditor, decided_at=clock.now(), erased_at=clock.now(), final_at=clock.now()
        )
        DisposalItem.objects.update(is_erased=True)
        for person in Patient.objects.filter(holds=None, merged_into=None)[:count]:
            LegalHold.objects.create(patient=person, reason="x", placed_by="x", placed_at=clock.now())
        review.make(clock.today())

    def _care(self, people, count):
        start = clock.at_seoul(clock.today(), 660)
        for number in range(count):
            self.serial += 1
            room = Room.objects.create(
                department=Department.objects.first(), name_ko=f"{self.serial}호", name_en=f"R{self.serial}"
            )
            doctor = Practitioner.objects.create(
                license_no=f"8{self.serial:04d}", name_ko="의사", department=room.department, room=room
            )
            known = Practitioner.objects.get(license_no="90001")
            for one, patient in ((doctor, people[number]), (known, self.first.patient)):
                self.serial += 1
                slot = Slot.objects.create(practitioner=one, starts_at=start + timedelta(minutes=self.serial * 10))
                Appointment.objects.create(slot=slot, starts_at=slot.starts_at, booked_at=clock.now(), patient=patient)
                ClinicHours.objects.create(practitioner=one, weekday=number % 7, starts="09:00", ends="10:00",
                                           valid_from=clock.today() - timedelta(days=self.serial))  # fmt: skip
            HourForecast.objects.create(department=Department.objects.first(), on="2026-11-25", hour=self.serial % 24, told_on=clock.today() - timedelta(days=self.serial),
                                        mean=3, low80=1, high80=6, baseline=2)  # fmt: skip
            seasons.ask(department_id=known.department_id, peak=1.1, low=0.9, servers=2, more=1, opens=510, by=CLERK)
            communications.tell("booking", self.person(), f"booking:{uuid4()}", appointment=Appointment.objects.last())
            waiting_list.ask(patient_id=self.person().pk, department_id=known.department_id,
                             first_on=clock.today(), last_on=clock.today(), by=CLERK)  # fmt: skip
            Absence.objects.create(practitioner=known, first_on=clock.today(), last_on=clock.today())
        InterfaceMessage.objects.bulk_create(
            InterfaceMessage(system="his", direction="in", control_id=str(uuid4()), kind="ORM^O01", encounter_ref=self.first.public_id,
                             at=clock.now()) for _ in range(count)
        )  # fmt: skip

    def _money(self, count):
        bill = self.first.invoices.order_by("seq").first()
        for charge in list(bill.charges.all()[:1]) * count:
            charge.pk, charge.public_id, charge.key, charge.service_request = None, uuid4(), str(uuid4()), None
            charge.save(force_insert=True)
        for _ in range(count):
            billing.record_payment(invoice_id=bill.pk, amount_won=100, tender="cash", key=str(uuid4()), by=CLERK)
            self.serial += 1
            other = User.objects.create(username=f"no{self.serial}", name_ko="김수", role="cashier", team="front",
                                        department=Department.objects.first())  # fmt: skip
            CashClosing.objects.create(cashier=other, business_on=clock.today(), expected_cash_won=0, counted_cash_won=0, card_won=0,
                                       difference_won=0, closed_at=clock.now())  # fmt: skip
            self._held_and_owed(bill)
            FeeImport.objects.create(digest=str(uuid4()), name="fees.csv", made_by="it", refused=1,
                                     refusals=[{"row": 1, "field": "code", "code": "", "key": "x", "message": ""}])  # fmt: skip
            fee = FeeItem.objects.filter(code="AA156").first()
            FeeItem.objects.create(
                code=f"AA{self.serial:05d}", valid_from=fee.valid_from, name_ko="수가", fields=fee.fields, mark="S"
            )
        outbox.deliver_all()

    def _held_and_owed(self, bill):
        """A deposit, a plan, an unknown order, a third payer with its answered bill."""
        billing.take_deposit(
            patient_id=self.first.patient_id,
            amount_won=1_000,
            tender="cash",
            kind="advance",
            key=str(uuid4()),
            by=CLERK,
        )
        bill.refresh_from_db()
        billing.agree_plan(invoice_id=bill.pk, instalments=[(clock.today(), billing.due_won(bill))], by=CLERK)
        billing.confirm_order_code(order_code=f"LAB{self.serial}", fee_code="ZL001", valid_from=clock.today(), by=CLERK)
        ServiceRequest.objects.create(encounter=self.first, placer_number=str(uuid4()), code=f"U{self.serial}", name="검사",
                                      ordered_at=clock.now(), status="unmapped")  # fmt: skip
        payer = billing.keep_payer(name=f"보험 {self.serial}", kind="overseas", by=CLERK)
        made = PayerBill.objects.create(number=f"P{self.serial}", payer=payer, encounter=self.first, guarantee_no="1", total_won=100_000,
                                        made_at=clock.now(), business_on=clock.today())  # fmt: skip
        for one in {made, PayerBill.objects.order_by("id")[0]}:
            billing.take_answer(payer_bill_id=one.pk, paid_won=1, cut_won=0, key=str(uuid4()), by=CLERK)

    def _claims(self, count):
        claim = Claim.objects.get(encounter=self.first)
        batch = Batch.objects.order_by("id").first() or self._sealed(claim)
        for number in range(count):
            self.serial += 1
            Batch.objects.create(
                batch_no=f"B{self.serial}",
                insurer_kind="4",
                setting="outpatient",
                care_month="202611",
                made_at=clock.now(),
            )
            line = claim.lines.order_by("line_no").first()
            ClaimLine.objects.create(claim=claim, line_no=100 + self.serial, charge=line.charge, item_class="01", item_sub="01", code_kind="fee",
                                     code="AA156", name="x", service_at=clock.now(), unit_won=1, quantity=1, amount_won=1)  # fmt: skip
            Finding.objects.create(claim=claim, rule_id=f"R{self.serial}", line_no=number + 1, severity="reject", message_ko="가", message_en="a",
                                   source="법 1조", fix={"steps": []})  # fmt: skip
        for other in Claim.objects.exclude(pk=claim.pk):
            ClaimResponse.objects.get_or_create(
                claim=other, document_id="d", kind="result", status=("returned", "adjusted")[other.pk % 2], decided_on=clock.today(),
                received_at=clock.now(),
            )  # fmt: skip
            other.batch, other.serial_no = batch, f"{other.pk + 100:05d}"
            other.status = ("checked", "approved", "returned")[other.pk % 3]
            other.gaps = [{"code": "missing", "field": "card_no", "record": "A"}] * (other.pk % 4)
            other.save()
            BatchEntry.objects.get_or_create(
                batch=batch, serial_no=other.serial_no, claim=other, total_won=1, patient_won=0, insurer_won=1
            )
            ClaimResponse.objects.get_or_create(claim=other, batch=batch, document_id="result:1", kind="result", status="full",
                                                decided_on=clock.today(), received_at=clock.now())  # fmt: skip
            for asked_for in (claim, other):
                RecordRequest.objects.create(claim=asked_for, batch=batch, serial_no="00001", document_id=str(uuid4()), what="x",
                                             asked_on=clock.today(), due_on=clock.today())  # fmt: skip
        ClaimResponse.objects.bulk_create(
            ClaimResponse(claim=claim, document_id=str(uuid4()), kind="result", status="adjusted", decided_on=clock.today(), received_at=clock.now())
            for _ in range(count)
        )  # fmt: skip
        Remedy.objects.bulk_create(
            Remedy(claim=claim, response=response, kind="objection", asked_won=5_000, chance="0.4", known_on=clock.today(), due_on=clock.today(),
                   law="국민건강보험법", article="제87조제2항", made_at=clock.now())
            for response in ClaimResponse.objects.filter(claim=claim, remedies=None)
        )  # fmt: skip

    def _rules(self, count):
        """Versions of one own rule, each switched, and trials of it."""
        writer, other = (
            User.objects.get_or_create(username="w", role="claims")[0],
            User.objects.get_or_create(username="o", role="claims")[0],
        )
        for _ in range(count):
            self.serial += 1
            raw = {"id": "OWN-1", "group": "own", "title": {"ko": "혈액", "en": "Blood"}, "source": "지침", "mark": "K", "severity": "warn", "over": "lines",
                   "hit": f"code = 'X{self.serial}'", "examples": [{"name": "a", "lines": [{"code": f"X{self.serial}"}], "hits": True}]}  # fmt: skip
            number = RuleVersion.objects.count() + 1
            version = RuleVersion.objects.create(
                rule_id="OWN-1",
                number=number,
                text=version_text(raw),
                note="x",
                author=writer,
                made_at=clock.now(),
            )
            RuleSwitch.objects.create(rule_id="OWN-1", kind="on", version=version, author=writer, from_on=clock.today() - timedelta(days=self.serial), reason="x", asked_by=writer,
                                      asked_at=clock.now(), verdict="approved", decided_by=other, decided_at=clock.now())  # fmt: skip
            tally = Tally().figures() | {
                "lacks": "",
                "examples": [
                    {"claim_id": "x", "department": "01", "month": "202611", "ended": "full", "won": 1, "cut_won": 0}
                ]
                * self.serial,
            }
            RuleTrial.objects.create(
                rule_id="OWN-1",
                text=version.text,
                labels=["draft"],
                asked_by=writer,
                asked_at=clock.now(),
                result={"a": tally},
                state="done",
            )
            RuleTrial.objects.filter(pk=RuleTrial.objects.order_by("id").first().pk).update(result={"a": tally})
            for finding in Finding.objects.order_by("id")[:1]:
                Finding.objects.create(
                    claim=finding.claim,
                    rule_id="OWN-1",
                    line_no=self.serial,
                    severity="warn",
                    message_ko="가",
                    message_en="a",
                    source="x",
                )

    def _insight(self, count):
        """Months and weeks of figures, checks of the archive, findings of visits without a claim."""
        figures.rebuild(clock.today() - timedelta(days=60), clock.today())
        open_visit = Encounter.objects.filter(claims=None, is_imported=False).order_by("id").first()
        for number in range(count):
            self.serial += 1
            month = date(2026, 11, 1) - timedelta(days=31 * (self.serial % 8))
            for code in ("A02", "F03"):
                ClaimFigure.objects.get_or_create(
                    key="adjusted",
                    starts_on=month.replace(day=1),
                    department_code=f"{number % 4:02d}",
                    part=code,
                    defaults={"value": 9, "count": 1},
                )
            ClaimFigure.objects.update_or_create(
                key="answered",
                starts_on=month.replace(day=1),
                department_code=f"{number % 4:02d}",
                part="",
                defaults={"value": 9, "count": 900},
            )
            for part in ("", "A02"):
                ClaimFigure.objects.get_or_create(
                    key="sent",
                    starts_on=date(2026, 11, 23) - timedelta(weeks=self.serial),
                    department_code="01",
                    part=part,
                    defaults={"count": 9},
                )
            run = Recheck.objects.create(
                key=f"r{self.serial}",
                total=1,
                done=1,
                made_by="x",
                made_at=clock.now(),
                state="done",
                not_evaluated={"U001": "x"},
            )
            first = Recheck.objects.order_by("id").first()
            for one in {run, first}:
                RecheckFinding.objects.create(
                    recheck=one,
                    claim=Claim.objects.order_by("id").first(),
                    rule_id=f"A00{number}",
                    over="lines",
                    at=self.serial,
                    severity="adjust",
                )
            tried = Repricing.objects.create(
                key=f"p{self.serial}",
                first_month="202601",
                last_month="202611",
                fees_on=clock.today(),
                total=1,
                done=1,
                state="done",
                made_by="x",
                made_at=clock.now(),
            )
            for one in {tried, Repricing.objects.order_by("id").first()}:
                RepricedCell.objects.get_or_create(
                    run=one,
                    department_code=f"{self.serial % 90:02d}",
                    item_class=f"{number:02d}",
                    defaults={"lines": 1, "before_won": 1},
                )
            EarlyFinding.objects.create(encounter=open_visit, stage="order", rule_id=f"E{self.serial}", severity="adjust", message_ko="가", message_en="a", source="x",
                                        found_at=clock.now())  # fmt: skip

    def _sealed(self, claim):
        """A batch of one statement with its file."""
        (document,) = documents.to_send([claim])
        document["claim"] |= {"batch_no": "202611O001", "serial_no": "00001"}
        header = header_of(
            "202611O001", [document], institution_id="39100103", setting="outpatient", claim_on=clock.today()
        )
        content = ndjson.write(header, [document])
        batch = Batch.objects.create(batch_no="202611O001", insurer_kind="4", setting="outpatient", care_month="202611", statements=1,
                                     sha256=sha256(content).hexdigest(), made_at=clock.now())  # fmt: skip
        BatchFile.objects.create(batch=batch, content=zlib.compress(content), sha256=batch.sha256, made_at=clock.now())
        BatchEntry.objects.create(
            batch=batch, serial_no="00001", claim=claim, total_won=1, patient_won=0, insurer_won=1
        )
        return batch

    def _automations(self, count):
        for number in range(count):
            self.serial += 1
            for state in ("open", "accepted", "acted"):
                row = Proposal.objects.create(
                    automation=("claim.omit", "bill.remind")[number % 2], action="ReviewFirst", fields={"claim_id": 1}, key=str(uuid4()), title="Claim %(rule)s: %(x)s",
                    title_facts={"rule": f"R{self.serial}", "x": "y"}, team="" if number else "front", state=state, made_at=clock.now(),
                    subject_type="claim", subject_ref=str(uuid4()), worth_won=self.serial,
                )  # fmt: skip
                self.second = self.second or row
                for about in {row, self.second}:
                    Outcome.objects.create(proposal=about, key=str(uuid4()), label="paid", is_good=True, at=clock.now())
                    Decision.objects.create(proposal=about, verdict="accepted", at=clock.now())
            AutomationRun.objects.create(
                automation="claim.omit", trigger=f"t{self.serial}", hour=clock.now(), last_at=clock.now()
            )
            Policy.objects.create(automation="claim.omit", pattern=f"R{self.serial}", level="off", set_by="x")

    def _operation(self, count):
        for _ in range(count):
            self.serial += 1
            ApiToken.objects.create(name="t", hash=str(uuid4()), made_by="x")
            DataKey.objects.create(purpose="field", wrapped=b"x", is_active=False)
            for user in self.users.values():
                Notification.objects.create(user=user, kind="system.away", key=str(self.serial), at=clock.now())
                SavedView.objects.create(user=user, screen="patients", name=str(self.serial), query="", team=user.team)
                AuditEntry.objects.create(
                    action="x", actor_name="x", subject_type="user", subject_id=str(user.pk), at=clock.now()
                )
            event = Event.objects.order_by("?").first()
            DeadLetter.objects.create(handler=f"h{self.serial}", event=event, error="x")
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) VALUES ('default', 'x', '{}', 'failed')"
                )

    def _elsewhere(self, count):
        person = Patient.objects.filter(is_imported=True).first() or Patient.objects.create(
            chart_no="I1", name="김이", birth_on=clock.today(), sex="F", is_imported=True, registered_at=clock.now(), search_tokens=search_tokens("김이", "", "1"),
        )  # fmt: skip
        visit = person.encounters.first() or person.encounters.create(
            department=Department.objects.first(), payer="nhi", business_on=clock.today(), arrived_at=clock.now(), status="finished", is_imported=True,
        )  # fmt: skip
        for _ in range(count):
            run = ImportRun.objects.create(
                started_by="x", started_at=clock.now(), refusals=[{"place": 1, "key": "fhir.empty", "row": 1}]
            )
            ImportedResource.objects.create(
                patient=person, run=run, source="s", resource_type=("Observation", "Procedure")[run.pk % 2], resource_id=str(uuid4()), title="x",
                content="{}", encounter_ref=visit.public_id, happened_at=clock.now(), imported_at=clock.now(),
            )  # fmt: skip

    def named(self) -> dict[str, object]:
        """The records that addresses name: always the oldest of their kind, which grow with the hospital."""
        bill = self.first.invoices.order_by("seq").first()
        imported = Patient.objects.get(is_imported=True)
        return {
            "patient": self.first.patient.public_id, "visit": self.first.public_id, "ticket": self.first.tickets.first().public_id,
            "bill": bill.public_id, "charge": bill.charges.order_by("id").first().pk, "claim": Claim.objects.get(encounter=self.first).public_id,
            "batch": Batch.objects.order_by("id").first().public_id, "entry": JournalEntry.objects.order_by("id").first().public_id,
            "message": InterfaceMessage.objects.filter(system="his").order_by("id").first().pk, "proposal": self.second.public_id,
            "study": SeasonStudy.objects.order_by("id").first().public_id, "slot": Slot.objects.order_by("id").first().pk, "booking": Appointment.objects.order_by("id").first().public_id,
            "doctor": Practitioner.objects.get(license_no="90001").pk, "fees": FeeImport.objects.order_by("id").first().pk,
            "run": ImportRun.objects.order_by("id").first().public_id, "remedy": Remedy.objects.order_by("id").first().public_id, "trial": RuleTrial.objects.order_by("id").first().public_id, "user": self.users["it"].pk,
            "notice": Notification.objects.filter(user=self.users["director"]).order_by("id").first().public_id,
            "payer_bill": PayerBill.objects.order_by("id").first().public_id,
            "consent": Consent.objects.order_by("id").first().public_id, "document": FiledDocument.objects.order_by("id").first().public_id,
            "disposal": Disposal.objects.order_by("id").first().public_id, "imported": imported.public_id, "elsewhere": imported.encounters.get().public_id,
            "repricing": Repricing.objects.order_by("id").first().public_id, "recheck": Recheck.objects.order_by("id").first().public_id,
        }  # fmt: skip


KEY_RING = 'SELECT "core_datakey"'  # read again every 20 s by any page, whatever it shows


def asked(path: str, view, clients: dict[str, Client]) -> Counter[str]:
    """Questions of one answer for the role that asks most, as SQL without values."""
    capability = getattr(view, "capability", access.SIGNED_IN)
    roles = [role for role in access.ROLES if access.may(User(role=role), capability)]
    if path.split("?")[0] not in ("/", "/search"):
        roles = roles[:1]
    most: Counter[str] = Counter()
    for role in roles or [capability]:
        client = clients["api" if path.startswith("/api/") else role]
        client.get(path)  # what is read once a process is read now
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
            if answer.streaming:
                b"".join(answer.streaming_content)
        asked_by_page = [query["sql"] for query in queries if not query["sql"].startswith(KEY_RING)]
        follows = 302 if path.startswith(("/notifications/", "/lobby/p/")) else 200  # a notice leads to its record
        assert answer.status_code in (
            200,
            follows,
            {"/first-run": 403, "/readyz": 503, "/lobby/enrol/x": 403}.get(path),
        ), (
            path,
            role,
            answer.status_code,
        )
        found = Counter(re.sub(r"'[^']*'(::\w+)?|\b\d+\b", "…", sql)[:300] for sql in asked_by_page)
        most = max(most, found, key=Counter.total)
    return most


def measured(clients: dict[str, Client], facts: dict[str, object]) -> dict[str, Counter[str]]:
    views = dict(addresses())
    paths = [(path, route) for route, paths in PAGES.items() for path in paths]
    paths += [(f"{route}?format=csv", route) for route in DOWNLOADS]
    return {path: asked(path.format(**facts), views[route], clients) for path, route in paths}


@pytest.mark.django_db(transaction=True)
def test_no_page_asks_more_when_there_is_more(hospital, morning, user_of):
    clients = {role: Client() for role in access.ROLES}
    users = {role: user_of(role) for role in access.ROLES}
    for role, user in users.items():
        clients[role].force_login(user)
    ApiToken.objects.create(name="all", hash=token_hash("secret"), scopes=list(access.CAPABILITIES), made_by="x")
    clients["api"] = Client(headers={"Authorization": "Bearer secret"})
    here = Small(users)
    here.grow(FEW)
    clients |= {access.DEVICE: device_client(), access.LINK: link_client(here.first.patient)}
    few = measured(clients, here.named())
    here.grow(MANY)
    many = measured(clients, here.named())
    wrong = [
        f"{path}: {few[path].total()} questions, then {many[path].total()} (at most {MORE.get(path, MOST)})\n"
        + "".join(f"    {count} × {sql}\n" for sql, count in (many[path] - few[path]).most_common(3))
        for path in few
        if many[path].total() > few[path].total() or many[path].total() > MORE.get(path, MOST)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.django_db
def test_every_address_that_can_be_read_is_counted(hospital, morning, user_of):
    clients = {role: Client() for role in access.ROLES}
    for role, client in clients.items():
        client.force_login(user_of(role))
    clients |= {access.DEVICE: device_client(), access.LINK: Client()}
    dummies = {"uuid": NOBODY, "uuidstr": NOBODY, "int": "0", "str": "x"}
    readable = set()
    for route, view in addresses():
        path = re.sub(r"<(?:(\w+):)?\w+>", lambda found: dummies[found[1] or "str"], route)
        capability = getattr(view, "capability", access.SIGNED_IN)
        role = next((role for role in access.ROLES if access.may(User(role=role), capability)), capability)
        if clients[role].get(path).status_code != 405:
            readable.add(route)
    assert readable == set(PAGES)
