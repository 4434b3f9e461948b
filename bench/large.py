"""A large hospital in a database of its own: 1,000,000 patients, 1,250,000 visits of 1,000 days, 5,000,000 charge lines.

Rows are made by the server from numbers, so that they come quickly and the same each time; names, phones and resident
numbers are sealed and indexed by the product's own keys. Indexes are made after the rows. Each step commits with its mark:
stopped, the filling goes on. Nobody in it exists. Speed of loading buys no speed of reading: the server is started again
with the product's own settings.
"""

import json
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import psycopg
from psycopg import sql

from tamna.core import database

DAYS, LINES, OPEN_VISITS, CHRONIC = 1000, 4, 150, 50
LOADING = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "wal_level": "minimal", "max_wal_senders": "0",
           "max_wal_size": "24GB", "checkpoint_timeout": "1h", "autovacuum": "off"}  # fmt: skip
SESSION = "SET session_replication_role = replica; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'; SET TIME ZONE 'Asia/Seoul'"
CLAIMED = "payer <> 'self'"


@dataclass(frozen=True)
class Size:
    patients: int
    today: date

    @property
    def a_day(self) -> int:
        return max(1, self.patients * 5 // 4 // DAYS)

    @property
    def visits(self) -> int:
        return self.a_day * DAYS


class Filler:
    """The steps, each with the tables it fills."""

    def __init__(self, size: Size) -> None:
        self.size = size

    def run(self, say: Callable[[str], None]) -> None:
        """Everything that is not there yet."""
        with _connected() as here:
            here.execute("CREATE TABLE IF NOT EXISTS bench_step (name text PRIMARY KEY, size int, seconds numeric)")
            known = here.execute("SELECT max(size) FROM bench_step").fetchone()[0]  # type: ignore[index]
            if known not in (None, self.size.patients):
                raise SystemExit(f"this folder holds {known:,} patients; choose another --home or the same --patients")
            done = {name for (name,) in here.execute("SELECT name FROM bench_step")}
        if "ready" in done:
            return
        self._restarted(LOADING)
        if "house" not in done:
            self._house()
        for stage in self._stages():
            waiting = [(name, tables, work) for name, tables, work in stage if name not in done]
            with ThreadPoolExecutor(2) as pool:
                for name, seconds in pool.map(self._step, waiting):
                    say(f"  {name}: {seconds:.0f} s")
        self._finish(say)
        self._restarted({})
        self._mark("ready", 0)

    def _step(self, step: "tuple[str, list[Any], Callable[[psycopg.Connection[Any]], None]]") -> tuple[str, float]:
        """Fill the tables of a step without their indexes, then make the indexes again."""
        name, models, work = step
        started = time.monotonic()
        tables = [model._meta.db_table for model in models]
        with _connected(autocommit=False) as here:
            here.execute(SESSION)
            indexes = [row for table in tables for row in _indexes(here, table)]
            for drop, _make in indexes:
                here.execute(drop)
            work(here)
            for _drop, make in indexes:
                here.execute(make)
            self._mark(name, time.monotonic() - started, here)
        return name, time.monotonic() - started

    def _mark(self, name: str, seconds: float, here: "psycopg.Connection[Any] | None" = None) -> None:
        words = "INSERT INTO bench_step VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [name, self.size.patients, seconds]
        if here is not None:
            here.execute(*words)
        else:
            with _connected() as own:
                own.execute(*words)

    @staticmethod
    def _restarted(settings: dict[str, str]) -> None:
        from django.db import connections

        connections.close_all()
        with _connected() as here:
            here.execute("ALTER SYSTEM RESET ALL")
            for name, value in settings.items():
                here.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        database.stop_embedded(600)
        database.start_embedded()

    def _finish(self, say: Callable[[str], None]) -> None:
        from django.apps import apps
        from django.core.management.color import no_style
        from django.db import connection

        from tamna.core import outbox

        started = time.monotonic()
        models = [model for model in apps.get_models() if model._meta.app_config.name.startswith("tamna.")]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
            for key in outbox.listeners():  # every handler has come to the end of the log
                cursor.execute("INSERT INTO core_subscription (handler, xact, event_id, paused, attempts, last_error) "
                               "SELECT %s, max(xact), max(id), false, 0, '' FROM core_event ON CONFLICT DO NOTHING", [key])  # fmt: skip
        connection.close()

        def vacuum(tables: list[str]) -> None:
            with _connected() as here:
                here.execute("SET maintenance_work_mem = '1GB'")
                for table in tables:
                    here.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))

        names = [model._meta.db_table for model in models]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(vacuum, (names[::2], names[1::2])))
        with _connected() as here:
            here.execute("CHECKPOINT")
        say(f"  statistics: {time.monotonic() - started:.0f} s")

    # what there is

    def _house(self) -> None:
        """Departments, doctors, staff, accounts of the ledger, and the table of visits that the other steps read."""
        from tamna.core.access import ROLES
        from tamna.core.models import Department, Hospital, Practitioner, Room, User
        from tamna.ledger.services import ensure_accounts
        from tamna.simulators.hospital.figures import departments

        Hospital.objects.update_or_create(
            pk=1, defaults={"name_ko": "모의 대형병원", "name_en": "Large model hospital", "institution_id": "39100103", "is_synthetic": True}
        )  # fmt: skip
        for item in departments():
            department, _ = Department.objects.get_or_create(
                code=item["code"], defaults={"name_ko": item["ko"], "name_en": item["en"]}
            )
            for number in range(1, 5):
                room, _ = Room.objects.get_or_create(
                    department=department, name_ko=f"{number}진료실", defaults={"name_en": f"Room {number}"}
                )
                Practitioner.objects.get_or_create(
                    license_no=f"9{item['code']}{number:02d}",
                    defaults={
                        "name_ko": f"{item['ko']} {number}",
                        "name_en": f"{item['en']} {number}",
                        "department": department,
                        "room": room,
                    },
                )
        people = [(role, role) for role in ROLES] + [(f"cashier{number}", "cashier") for number in range(1, 21)]
        for username, role in people:
            User.objects.get_or_create(
                username=username,
                defaults={"name_ko": username, "role": role, "team": ROLES[role].team, "is_synthetic": True},
            )
        ensure_accounts()
        with _connected(autocommit=False) as here:
            here.execute(SESSION)
            here.execute("DROP TABLE IF EXISTS bench_visit")
            here.execute(
                """CREATE OR REPLACE FUNCTION bench_id(kind int, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
                   $$ SELECT (lpad(to_hex(kind), 8, '0') || '00007000' || lpad(to_hex(i), 16, '0'))::uuid $$"""
            )
            psycopg.ClientCursor(here).execute(
                """CREATE TABLE bench_visit AS
                   WITH doctor AS (SELECT row_number() OVER (ORDER BY p.id) - 1 AS place, p.id, p.department_id, d.code
                                   FROM core_practitioner p JOIN core_department d ON d.id = p.department_id),
                   cashier AS (SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, username FROM core_user WHERE username LIKE 'cashier_%%'),
                   drawn AS (SELECT i, (i - 1) / %(a_day)s AS day, (i - 1) %% %(a_day)s AS nth,
                                    ('x' || substr(md5(i::text), 1, 7))::bit(28)::int AS luck FROM generate_series(1, %(visits)s) AS i)
                   SELECT i, nth + 1 AS nth, %(today)s::date - %(last)s + day::int AS business_on, %(last)s - day AS age,
                          (%(today)s::date - %(last)s + day::int + time '08:30' + make_interval(secs => nth * 32400 / %(a_day)s))::timestamptz AS at,
                          CASE WHEN i %% 100 = 0 THEN 1 + i / 100 %% %(chronic)s ELSE 1 + luck %% %(patients)s END AS patient_id,
                          doctor.id AS doctor_id, doctor.department_id, doctor.code, cashier.id AS cashier_id, cashier.username AS cashier,
                          CASE WHEN luck %% 20 < 17 THEN 'nhi' WHEN luck %% 20 < 19 THEN 'medical_aid_1' ELSE 'self' END AS payer,
                          total, total / 10 * 3 AS patient_won, i > %(visits)s - %(open)s AS is_open
                   FROM drawn CROSS JOIN LATERAL (SELECT sum(1000 + (i * 7 + line * 13) %% 30 * 500) AS total FROM generate_series(1, %(lines)s) AS line) AS bill
                   JOIN doctor ON doctor.place = luck / 20 %% (SELECT count(*) FROM doctor)
                   JOIN cashier ON cashier.place = luck %% (SELECT count(*) FROM cashier)
                   ORDER BY i""",
                {"a_day": self.size.a_day, "visits": self.size.visits, "today": self.size.today, "last": DAYS - 1, "chronic": CHRONIC,
                 "patients": self.size.patients, "open": min(OPEN_VISITS, self.size.a_day), "lines": LINES},
            )  # fmt: skip
            here.execute("ALTER TABLE bench_visit ADD PRIMARY KEY (i); ANALYZE bench_visit")
            self._mark("house", 0, here)

    def _stages(self) -> "Iterable[list[tuple[str, list[Any], Callable[[psycopg.Connection[Any]], None]]]]":
        from tamna.billing.models import ChargeItem, FeeItem, Invoice, Payment
        from tamna.claims.models import Batch, Claim, ClaimLine, ClaimResponse, Finding
        from tamna.core.models import AuditEntry, Decision, Event, InterfaceMessage, Outcome, Proposal
        from tamna.insight.models import DailyIndicator
        from tamna.ledger.models import JournalEntry, JournalLine
        from tamna.patients.models import Coverage, Identity, Patient
        from tamna.reception.models import Appointment, Condition, Encounter, ServiceRequest, Slot, Ticket

        def rows(
            model: Any, source: str, /, **columns: str
        ) -> "tuple[str, list[Any], Callable[[psycopg.Connection[Any]], None]]":
            return model._meta.db_table, [model], lambda here: insert(here, model, source, **columns)

        visit = "bench_visit"
        lines = f"bench_visit CROSS JOIN generate_series(1, {LINES}) AS line"
        code = "(ARRAY['AA156','ZL001','ZL002','G2101'])[line]"
        charge = {
            "code": code, "name": "(ARRAY['진찰료','혈액검사','소변검사','흉부촬영'])[line]", "item_class": "(ARRAY['01','07','07','08'])[line]",
            "item_sub": "'01'", "code_kind": "'fee'", "quantity": "1", "unit_won": "1000 + (i * 7 + line * 13) % 30 * 500",
            "amount_won": "1000 + (i * 7 + line * 13) % 30 * 500", "service_at": "at + interval '25 min'",
        }  # fmt: skip
        status = """CASE WHEN age >= 30 THEN CASE WHEN i % 80 = 0 THEN 'returned' WHEN i % 300 = 1 THEN 'impossible' ELSE 'paid' END
                    WHEN age >= 10 THEN 'received' WHEN i % 12 = 0 THEN 'checked' ELSE 'approved' END"""
        decided = f"CASE WHEN ({status}) IN ('returned', 'impossible') THEN 0 WHEN i % 25 = 2 THEN (total - patient_won) / 20 * 10 ELSE total - patient_won END"
        answered = f"{visit} CROSS JOIN generate_series(0, 1) AS part"
        posted = f"""(SELECT * FROM {visit}) AS v CROSS JOIN generate_series(1, 3) AS part"""
        yield [
            ("people", [Patient, Identity, Coverage], self._people),
            ("charges", [ChargeItem], lambda here: insert(
                here, ChargeItem, lines, id=f"{LINES} * (i - 1) + line", public_id=f"bench_id(3, {LINES} * (i - 1) + line)", encounter_id="i", invoice_id="i",
                key="'bench:' || i || ':' || line", benefit="'covered'", status="'billed'", steps=literal(STEPS), **charge)),
            rows(Encounter, visit, id="i", public_id="bench_id(1, i)", patient_id="patient_id", department_id="department_id", practitioner_id="doctor_id",
                 coverage_id="patient_id", status="CASE WHEN is_open THEN 'arrived' ELSE 'finished' END", payer="payer", business_on="business_on",
                 arrived_at="at", started_at="CASE WHEN NOT is_open THEN at + interval '20 min' END",
                 finished_at="CASE WHEN NOT is_open THEN at + interval '30 min' END", is_synthetic="true"),
            rows(Invoice, visit, id="i", public_id="bench_id(2, i)", number="to_char(business_on, 'YYMMDD') || '-' || lpad(nth::text, 5, '0')", encounter_id="i",
                 payer="payer", total_won="total", patient_won="patient_won", insurer_won="total - patient_won",
                 paid_won="CASE WHEN i % 120 = 0 OR is_open THEN 0 ELSE patient_won END", rule="'NHI-OUT'", steps=literal(STEPS * 6),
                 issued_at="at + interval '35 min'", business_on="business_on", is_synthetic="true"),
            rows(Payment, f"{visit} WHERE i % 120 <> 0 AND NOT is_open", id="i", public_id="bench_id(4, i)", receipt_no="i", invoice_id="i", amount_won="patient_won",
                 tender="CASE WHEN i % 10 < 8 THEN 'card' WHEN i % 10 < 9 THEN 'cash' ELSE 'transfer' END", key="'bench:' || i", cashier="cashier",
                 cashier_user_id="cashier_id", taken_at="at + interval '40 min'", business_on="business_on"),
            rows(Ticket, visit, id="i", public_id="bench_id(5, i)", encounter_id="i", department_id="department_id", practitioner_id="doctor_id", number="nth",
                 business_on="business_on", status="CASE WHEN is_open THEN 'waiting' ELSE 'done' END", due_at="at", issued_at="at",
                 called_at="CASE WHEN NOT is_open THEN at + interval '18 min' END", entered_at="CASE WHEN NOT is_open THEN at + interval '20 min' END",
                 ended_at="CASE WHEN NOT is_open THEN at + interval '30 min' END"),
            rows(Condition, visit, id="i", encounter_id="i", seq="1", kind="'principal'", code="(ARRAY['I10.9','E11.9','J45.9','M54.5'])[1 + i % 4]"),
            rows(ServiceRequest, visit, id="i", public_id="bench_id(6, i)", encounter_id="i", placer_number="'B' || i", code="'ZL001'", name="'혈액검사'",
                 ordered_at="at + interval '25 min'"),
            rows(InterfaceMessage, visit, id="i", system="'his'", direction="'in'", control_id="'B' || i", kind="'ORM^O01'", status="'accepted'",
                 encounter_ref="bench_id(1, i)", at="at + interval '25 min'"),
            rows(Batch, f"generate_series(10, {DAYS - 1}) AS age", id="age", public_id="bench_id(7, age)", insurer_kind="'4'", setting="'outpatient'",
                 batch_no=f"to_char({day('age')}, 'YYMMDD') || 'O001'", care_month=f"to_char({day('age')}, 'YYYYMM')", statements=str(self.size.a_day),
                 status="'reviewed'", receipt_no="age", made_at=f"{day('age')} + interval '20 hours'"),
            rows(Claim, f"{visit} WHERE {CLAIMED}", id="i", public_id="bench_id(8, i)", claim_no="to_char(business_on, 'YYYYMM') || '-' || lpad(i::text, 8, '0')",
                 encounter_id="i", status=status, insurer_kind="CASE payer WHEN 'nhi' THEN '4' ELSE '5' END", payer="payer", setting="'outpatient'",
                 department_id="department_id", care_month="to_char(business_on, 'YYYYMM')", first_visit_on="business_on", total_won="total",
                 patient_won="patient_won", insurer_won="total - patient_won", decided_won=f"CASE WHEN age >= 30 THEN {decided} END",
                 score="CASE WHEN i % 12 = 0 THEN 60 ELSE 100 END", rejects="CASE WHEN i % 12 = 0 THEN 1 ELSE 0 END",
                 risk_won="CASE WHEN i % 12 = 0 THEN total / 2 ELSE 0 END", checked_at="at + interval '1 hour'",
                 batch_id="CASE WHEN age >= 10 THEN age END", serial_no="CASE WHEN age >= 10 THEN lpad(nth::text, 5, '0') ELSE '' END",
                 due_on="business_on + 15", made_at="at + interval '50 min'", is_synthetic="true"),
            ("claim lines", [ClaimLine], lambda here: insert(
                here, ClaimLine, f"{lines} WHERE {CLAIMED}", id=f"{LINES} * (i - 1) + line", claim_id="i", line_no="line",
                charge_id=f"{LINES} * (i - 1) + line", **charge)),
            rows(Finding, f"{visit} WHERE {CLAIMED} AND i % 12 = 0", id="i", claim_id="i", rule_id="'BASE-' || lpad((i / 12 % 300)::text, 3, '0')", line_no="1",
                 severity="'reject'", message_ko="'확인이 필요합니다'", message_en="'Look at this'", source="'모의'", won_at_risk="total / 2",
                 state="CASE WHEN age < 10 THEN 'open' ELSE 'fixed' END"),
            rows(ClaimResponse, f"{answered} WHERE {CLAIMED} AND age >= 30 AND (part = 0 OR i % 80 <> 0 AND i % 300 <> 1)", id="2 * i + part", claim_id="i",
                 document_id="part || ':' || business_on", kind="(ARRAY['result', 'payment'])[part + 1]",
                 status="CASE WHEN part = 1 THEN 'paid' WHEN i % 80 = 0 THEN 'returned' WHEN i % 300 = 1 THEN 'impossible' WHEN i % 25 = 2 THEN 'adjusted' ELSE 'full' END",
                 requested_won="total - patient_won", decided_won=decided, reason_code="CASE WHEN i % 25 = 2 THEN 'A12' ELSE '' END",
                 decided_on="business_on + 20 + part * 5", received_at="business_on + 20 + part * 5 + time '10:00'",
                 seen_by="CASE WHEN age > 60 THEN 'claims' ELSE '' END", seen_at="CASE WHEN age > 60 THEN at + interval '40 days' END"),
            rows(JournalEntry, f"{posted} WHERE {JOURNALLED}", id="3 * (i - 1) + part", public_id="bench_id(9, 3 * (i - 1) + part)", number="3 * (i - 1) + part",
                 key="'bench:' || i || ':' || part", business_on="business_on + CASE part WHEN 3 THEN 30 ELSE 0 END",
                 text="(ARRAY['Bill %(number)s', 'Receipt %(receipt_no)s', 'Insurer paid claim %(claim_no)s'])[part]",
                 facts="jsonb_build_object('number', i, 'receipt_no', i, 'claim_no', i)", source_type="(ARRAY['invoice', 'payment', 'claim'])[part]",
                 source_ref="bench_id((ARRAY[2, 4, 8])[part], i)", encounter_ref="bench_id(1, i)", posted_at="at + interval '1 hour'"),
            ("journal lines", [JournalLine], self._journal_lines),
            rows(AuditEntry, lines, id=f"{LINES} * (i - 1) + line", action="(ARRAY['patient.seen', 'invoice.issued', 'payment.taken', 'claim.drafted'])[line]",
                 actor="jsonb_build_object('kind', 'person', 'name', cashier, 'user_id', cashier_id, 'role', 'cashier', 'team', 'front', 'address', '10.0.0.7')",
                 actor_name="cashier", subject_type="(ARRAY['patient', 'invoice', 'payment', 'claim'])[line]",
                 subject_id="bench_id((ARRAY[0, 2, 4, 8])[line], CASE line WHEN 1 THEN patient_id ELSE i END)::text", patient_ref="bench_id(0, patient_id)",
                 at="at + line * interval '10 min'", recorded_at="at + line * interval '10 min'"),
            rows(Event, visit, id="i", public_id="bench_id(10, i)", name="'invoice.issued'", payload="jsonb_build_object('invoice_id', i, 'encounter_id', i)",
                 actor="'{}'", occurred_at="at", recorded_at="at"),
            rows(Slot, f"(SELECT row_number() OVER () AS n, p.id AS doctor, {day('age')} + minute * interval '10 min' AS starts_at FROM generate_series(-40, 199) AS age, "
                 "core_practitioner p, generate_series(54, 101) AS minute) AS made", id="n", practitioner_id="doctor", starts_at="starts_at"),
            rows(FeeItem, "generate_series(1, 100000) AS n", id="n", code="'B' || lpad(n::text, 7, '0')", valid_from="date '2024-01-01' + (n % 900)::int",
                 name_ko="'모의 항목 ' || n", fields=literal(FEE), mark="'sim'"),
            rows(Proposal, "generate_series(1, 20000) AS n", id="n", public_id="bench_id(11, n)", automation="(ARRAY['claim.omit', 'claim.fix', 'bill.remind'])[1 + n % 3]",
                 action="'ReviewFirst'", fields="jsonb_build_object('claim_id', n)", key="'bench:' || n", title="'Claim %(rule)s: %(x)s'",
                 title_facts="jsonb_build_object('rule', 'R' || n % 40, 'x', n)", team="(ARRAY['front', 'claims'])[1 + n % 2]",
                 state="CASE WHEN n % 40 = 0 THEN 'open' WHEN n % 5 = 0 THEN 'refused' ELSE 'accepted' END", won="n % 1000 * 100", worth_won="n % 1000 * 100",
                 made_at=f"{day('n / 200')} + interval '9 hours'"),
        ]  # fmt: skip
        yield [
            rows(Appointment, "reception_slot WHERE id % 2 = 0", id="id", public_id="bench_id(12, id)", slot_id="id",
                 patient_id=f"1 + id * 7919 % {self.size.patients}", starts_at="starts_at", booked_at="starts_at - interval '9 days'",
                 status=f"CASE WHEN starts_at < {literal(self.size.today.isoformat())}::date THEN 'arrived' ELSE 'booked' END"),
            rows(Decision, "core_proposal WHERE state <> 'open'", id="id", proposal_id="id", verdict="state", at="made_at + interval '2 hours'"),
            rows(Outcome, "core_proposal WHERE state <> 'open'", id="id", proposal_id="id", key="'bench'", label="'paid'", is_good="id % 3 > 0", at="made_at + interval '9 days'"),
            ("figures", [DailyIndicator], self._figures),
        ]  # fmt: skip

    def _figures(self, here: "psycopg.Connection[Any]") -> None:
        """The director's figures from the records, as `tamna rebuild` counts them."""
        from tamna.insight.indicators import INDICATORS
        from tamna.insight.models import DailyIndicator

        for item in INDICATORS:
            counted = item.rebuild.replace("BETWEEN %s AND %s", "> '1900-01-01'")
            insert(here, DailyIndicator, f"({counted}) AS counted (on_day, code, value, count)", id="nextval(pg_get_serial_sequence('insight_dailyindicator', 'id'))",
                   key=literal(item.key), business_on="on_day", department_code="code", value="value", count="count", is_synthetic="true")  # fmt: skip

    def _journal_lines(self, here: "psycopg.Connection[Any]") -> None:
        """Debits equal credits in every entry: a bill has three lines, a payment and an answer two."""
        from tamna.ledger import services as ledger
        from tamna.ledger.models import JournalLine

        account = {name: ledger.account_id(code) for name, code in (
            ("patients", ledger.PATIENTS), ("insurers", ledger.INSURERS), ("revenue", ledger.OUTPATIENT), ("cards", ledger.CARDS),
            ("deposits", ledger.DEPOSITS))}  # fmt: skip
        rest = "total - patient_won"
        kinds = ((1, 1, account["patients"], "patient_won", True), (1, 2, account["insurers"], rest, True), (1, 3, account["revenue"], "total", False),
                 (2, 1, account["cards"], "patient_won", True), (2, 2, account["patients"], "patient_won", False),
                 (3, 1, account["deposits"], rest, True), (3, 2, account["insurers"], rest, False))  # fmt: skip
        values = ", ".join(f"({part}, {nth}, {number}, {part * 10 + nth})" for part, nth, number, _won, _is in kinds)
        debit = " ".join(
            f"WHEN {part * 10 + nth} THEN {won}" for part, nth, _number, won, is_debit in kinds if is_debit
        )
        credit = " ".join(
            f"WHEN {part * 10 + nth} THEN {won}" for part, nth, _number, won, is_debit in kinds if not is_debit
        )
        insert(here, JournalLine, f"bench_visit CROSS JOIN (VALUES {values}) AS line (part, nth_line, account, kind) WHERE {JOURNALLED}",
               id="9 * (i - 1) + 3 * (part - 1) + nth_line", entry_id="3 * (i - 1) + part", account_id="account",
               debit_won=f"CASE kind {debit} ELSE 0 END", credit_won=f"CASE kind {credit} ELSE 0 END", department_code="code")  # fmt: skip

    def _people(self, here: "psycopg.Connection[Any]") -> None:
        """Patients with a sealed name and phone, a sealed resident number of nobody, and the tokens they are found by."""
        from tamna.core import crypto
        from tamna.patients.models import Coverage, Identity, Patient
        from tamna.patients.services import CHART, PHONE

        luck, names = random.Random(1), Names()
        here.execute(
            "CREATE TEMP TABLE drawn (id bigint, name bytea, phone bytea, tokens bigint[], born date, sex text, number bytea, seen bytea, tail text)"
        )
        with here.cursor() as cursor, cursor.copy("COPY drawn FROM STDIN WITH (FORMAT binary)") as out:
            out.set_types(["int8", "bytea", "bytea", "int8[]", "date", "text", "bytea", "bytea", "text"])
            for number in range(1, self.size.patients + 1):
                sealed, tokens = names.draw(luck)
                phone, born = (
                    f"010{luck.randrange(10**8):08d}",
                    date.fromordinal(luck.randint(date(1930, 1, 1).toordinal(), date(2025, 12, 31).toordinal())),
                )
                female = luck.random() < 0.5
                resident = f"{born:%y%m%d}{(1 if born.year < 2000 else 3) + female}{number % 10**6:06d}"
                found = [
                    *tokens,
                    *(crypto.blind_token(text, PHONE) for text in (phone[-4:], phone, phone[-8:])),
                    crypto.blind_token(str(number), CHART),
                ]
                out.write_row((
                    number, sealed, crypto.seal(phone, "patients_patient.phone"), found, born, "F" if female else "M",
                    crypto.seal(resident, "patients_identity.number"), crypto.blind_index(resident, "rrn"), f"{resident[:6]}-{resident[6]}",
                ))  # fmt: skip
        began = f"{literal(self.size.today.isoformat())}::date - {DAYS} + id * {DAYS} / {self.size.patients} * interval '1 day'"
        insert(here, Patient, "drawn", id="id", public_id="bench_id(0, id)", chart_no="lpad(id::text, 8, '0')", name="name", phone="phone", search_tokens="tokens",
               birth_on="born", sex="sex", is_synthetic="true", registered_at=began)  # fmt: skip
        insert(
            here,
            Identity,
            "drawn",
            id="id",
            patient_id="id",
            kind="'rrn'",
            number="number",
            blind_index="seen",
            tail="tail",
        )
        insert(here, Coverage, "drawn", id="id", patient_id="id", payer="'nhi'", checked_on=f"{literal(self.size.today.isoformat())}::date - 1",
               checked_at=began, is_simulated="true")  # fmt: skip


JOURNALLED = "(part = 1 OR part = 2 AND i % 120 <> 0 AND NOT is_open OR part = 3 AND age >= 30 AND payer <> 'self' AND i % 80 <> 0 AND i % 300 <> 1)"
STEPS = [{"label": "price.points", "value": 18700, "formula": "points × factor, rounded to 10", "inputs": {"points": "223.15", "factor": "83.8"},
          "facts": [{"source": "건강보험 행위 급여 목록 및 상대가치점수", "mark": "sim"}]}]  # fmt: skip
FEE = {
    "points": "",
    "unit_price_won": "12000",
    "benefit": "covered",
    "item_class": "03",
    "item_sub": "01",
    "code_kind": "drug",
}


class Names:
    """Korean names as the synthetic hospital draws them; each is sealed and cut into tokens once."""

    def __init__(self) -> None:
        from tamna.simulators.hospital import people

        self.surnames, self.weights = people.SURNAMES, [float(weight) for weight in people.SURNAME_WEIGHTS]
        given = {name for names in (people.GIVEN_OLD, people.GIVEN_MID, people.GIVEN_NEW) for name in names}
        self.given = sorted({first[0] + second[-1] for first in given for second in given})

    @cached_property
    def _steps(self) -> list[float]:
        total, steps = 0.0, []
        for weight in self.weights:
            total += weight
            steps.append(total)
        return steps

    def draw(self, luck: random.Random) -> tuple[bytes, list[int]]:
        return _sealed(luck.choices(self.surnames, cum_weights=self._steps)[0] + luck.choice(self.given))


@lru_cache(maxsize=100_000)
def _sealed(name: str) -> tuple[bytes, list[int]]:
    from tamna.core import crypto, hangul
    from tamna.patients.services import NAME

    return crypto.seal(name, "patients_patient.name"), [
        crypto.blind_token(part, NAME) for part in hangul.name_fragments(name)
    ]


def day(age: str) -> str:
    """SQL of the day so many days ago (the clock of the session is Seoul's)."""
    return f"(current_date - ({age})::int)"


def literal(value: Any) -> str:
    """A value as SQL: JSON, or text."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "'" + text.replace("'", "''") + "'" + ("" if isinstance(value, str) else "::jsonb")


def insert(here: "psycopg.Connection[Any]", model: Any, source: str, /, **columns: str) -> None:
    """INSERT … SELECT of a model: the columns given, the model's own defaults for the others."""
    from django.db import connection
    from django.db.models import NOT_PROVIDED

    names, values = [], []
    for field in model._meta.concrete_fields:
        if field.attname in columns:
            values.append(columns.pop(field.attname))
        elif getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
            values.append("now()")
        elif field.null or field.db_default is not NOT_PROVIDED:
            continue
        else:
            default = field.get_db_prep_value(field.get_default(), connection)
            values.append(sql.Literal(default).as_string(here))
        names.append(f'"{field.column}"')
    if columns:
        raise TypeError(f"{model.__name__} has no {sorted(columns)}")
    here.execute(f'INSERT INTO "{model._meta.db_table}" ({", ".join(names)}) SELECT {", ".join(values)} FROM {source}')


def _connected(autocommit: bool = True) -> "psycopg.Connection[Any]":
    return psycopg.connect(**database.connection(), autocommit=autocommit)


def _indexes(here: "psycopg.Connection[Any]", table: str) -> list[tuple[str, str]]:
    """(drop, make) of every index of a table but its primary key's."""
    found = here.execute(
        """SELECT i.relname, pg_get_indexdef(x.indexrelid), c.conname, pg_get_constraintdef(c.oid) FROM pg_index x
           JOIN pg_class i ON i.oid = x.indexrelid LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid AND c.contype = 'u'
           WHERE x.indrelid = %s::regclass AND NOT x.indisprimary ORDER BY i.relname""",
        [table],
    ).fetchall()
    return [
        (f'ALTER TABLE "{table}" DROP CONSTRAINT "{constraint}"', f'ALTER TABLE "{table}" ADD CONSTRAINT "{constraint}" {made}')
        if constraint else (f'DROP INDEX "{name}"', definition)
        for name, definition, constraint, made in found
    ]  # fmt: skip
