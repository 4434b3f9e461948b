"""Bookings at size: a month of times among a million bookings, the board's waits, and a thousand who book through HTTP at once.

Run: python -m bench.booking month [--bookings 1000000] | board | race [--people 1000] [--port 18900]
`month` and `board` fill a database of their own (TAMNA_HOME in a temporary folder); `race` starts a whole Tamna. Prints figures; `race`
exits 1 when a time was given twice.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from typing import Any

import httpx
import psycopg

from bench.place import Place, place, share

FILL = """
INSERT INTO reception_slot (practitioner_id, starts_at, minutes, is_open, is_extra)
SELECT p.id, d + m * interval '10 min', 10, true, false
  FROM core_practitioner p, generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 day') d, generate_series(54, 101) m;
INSERT INTO reception_appointment (public_id, slot_id, patient_id, starts_at, status, booked_at, reason, doctor_time, patient_time)
SELECT gen_random_uuid(), s.id, 1 + (s.id * 7919) %% %(people)s, s.starts_at, 'booked', s.starts_at - interval '9 days', '',
       int8range((s.practitioner_id << 32) + e, (s.practitioner_id << 32) + e + 10), NULL
  FROM (SELECT *, extract(epoch FROM starts_at)::bigint / 60 AS e FROM reception_slot) s WHERE s.id %% 10 < 7;
ANALYZE reception_slot; ANALYZE reception_appointment;
"""


def _database() -> None:
    os.environ["TAMNA_HOME"] = tempfile.mkdtemp(prefix="tamna-bench-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    os.environ["TAMNA_NO_POOL"] = "1"
    from tamna.core import database

    database.start_embedded()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def month(bookings: int) -> int:
    """One month of a department of five doctors among so many bookings."""
    _database()
    from django.db import connection

    from tamna.core import clock
    from tamna.core.models import Department, Practitioner
    from tamna.reception import times

    today = date(2026, 11, 30)
    for code in range(8):
        department = Department.objects.create(code=f"{code:02d}", name_ko="과", name_en="Department")
        Practitioner.objects.bulk_create(
            Practitioner(license_no=f"{code}{n}", name_ko="의사", department=department) for n in range(5)
        )
    people = 200_000
    days = int(bookings / 0.7 / 48 / 40)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reception_appointment DISABLE TRIGGER ALL")
        cursor.execute(
            FILL,
            {
                "first": clock.at_seoul(today - timedelta(days=days - 45)),
                "last": clock.at_seoul(today + timedelta(days=44)),
                "people": people,
            },
        )
        cursor.execute("SELECT count(*) FROM reception_appointment")
        made = cursor.fetchone()[0]
    taken = []
    with clock.frozen(clock.at_seoul(today, 480)):
        for _ in range(60):
            department = Department.objects.order_by("?").values_list("pk", flat=True)[0]
            doctors = list(Practitioner.objects.filter(department_id=department).values_list("pk", flat=True))
            started = time.perf_counter()
            times.month(doctors, date(2026, 12, 1))
            taken.append((time.perf_counter() - started) * 1000)
    print(
        f"month of five doctors among {made:,} bookings: median {statistics.median(taken):.1f} ms, 95 % {share(taken, 0.95):.1f} ms, most {max(taken):.1f} ms"
    )
    return 0


def board(days: int = 12) -> int:
    """The whole board of fourteen departments at eleven, with a model of the night in use."""
    _database()
    import numpy as np

    from tamna.core import clock, crypto
    from tamna.core.models import Department, Practitioner
    from tamna.patients.models import Patient
    from tamna.reception import learning, selectors
    from tamna.reception.models import Encounter, LearntModel, Ticket

    crypto.forget_keys()
    today, chance = date(2026, 11, 30), np.random.default_rng(1)
    doctors = []
    for code in range(14):
        department = Department.objects.create(code=f"{code:02d}", name_ko="과", name_en="Department")
        doctors += [
            Practitioner.objects.create(license_no=f"{code}{n}", name_ko="의사", department=department)
            for n in range(2)
        ]
    person = Patient.objects.create(
        chart_no="1", name="모의", birth_on=date(1980, 1, 1), sex="F", registered_at=clock.now()
    )
    with clock.frozen(clock.at_seoul(today, 11 * 60)):
        for back in range(days, -1, -1):
            _day(today - timedelta(days=back), doctors, person, chance)
        LearntModel.objects.filter(pk=learning.learn_waits().pk).update(is_baseline=False)
        taken = []
        for _ in range(60):
            started = time.perf_counter()
            rows = selectors.board()
            taken.append((time.perf_counter() - started) * 1000)
        n = Ticket.objects.filter(business_on=today).count()
    told = sum(row.by == "model" for row in rows)
    waits = Encounter.objects.count()
    print(
        f"board of {len(rows)} queues ({told} by the model), {n} tickets of today, {waits} visits: median {statistics.median(taken):.1f} ms, 95 % {share(taken, 0.95):.1f} ms, most {max(taken):.1f} ms"
    )
    return 0


def _day(on: date, doctors: list[Any], person: Any, chance: Any) -> None:
    """Sixteen people a doctor until eleven, served in order; today those later than eleven still wait."""
    from tamna.core import clock
    from tamna.reception.models import Encounter, Ticket

    now = clock.now()
    visits, tickets = [], []
    for doctor in doctors:
        free = 540.0
        for arrives in sorted(530 + chance.random(16) * 130):
            starts = max(free, float(arrives))
            free = starts + float(chance.lognormal(1.9, 0.5))
            times = [clock.at_seoul(on, minute) for minute in (float(arrives), starts, free)]
            visit = Encounter(patient=person, department=doctor.department, practitioner=doctor, payer="nhi", business_on=on, arrived_at=times[0],
                              status="finished", finished_at=times[2])  # fmt: skip
            entered, ended = (at if at <= now else None for at in times[1:])
            visits.append(visit)
            if times[0] <= now:
                status = "done" if ended else "in_room" if entered else "waiting"
                tickets.append(Ticket(encounter=visit, department=doctor.department, practitioner=doctor, number=len(tickets) + 1, business_on=on,
                                      status=status, due_at=times[0], issued_at=times[0], called_at=entered, entered_at=entered, ended_at=ended))  # fmt: skip
    Encounter.objects.bulk_create(visits)
    Ticket.objects.bulk_create(tickets)


async def _race(here: Place, token: str, people: int) -> int:
    with psycopg.connect(host=str(here.home / "pg"), user="postgres", dbname="tamna") as database:
        slots = [row[0] for row in database.execute(
            "SELECT s.id FROM reception_slot s LEFT JOIN reception_appointment a ON a.slot_id = s.id AND a.status <> 'cancelled' "
            "WHERE a.id IS NULL AND s.is_open AND s.starts_at > (SELECT max(at_business) FROM core_hospitalclock) + interval '1 day' "
            "ORDER BY s.starts_at LIMIT %s", [people // 4])]  # fmt: skip
        patients = [
            str(row[0])
            for row in database.execute("SELECT public_id FROM patients_patient ORDER BY id LIMIT %s", [people])
        ]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=f"{here.url}/api/v1", headers=headers, timeout=120, limits=httpx.Limits(max_connections=200)
    ) as api:
        taken: list[float] = []

        async def book(n: int) -> tuple[int, int]:
            slot, started = slots[n % len(slots)], time.perf_counter()
            body = {"slot_id": slot, "patient": patients[n % len(patients)]}
            reply = await api.post("/appointments", json=body, headers={"Idempotency-Key": f"race-{n}"})
            taken.append((time.perf_counter() - started) * 1000)
            return slot, reply.status_code

        answers = await asyncio.gather(*(book(n) for n in range(people)))
    return _told(answers, taken)


def _told(answers: list[tuple[int, int]], taken: list[float]) -> int:
    given = Counter(slot for slot, status in answers if status == 200)
    kinds = Counter(status for _, status in answers)
    doubled = sum(1 for n in given.values() if n > 1)
    print(
        f"{len(answers)} bookers for {len({slot for slot, _ in answers})} times through HTTP: {sum(given.values())} booked, {doubled} given twice, answers {dict(kinds)}"
    )
    print(
        f"an answer: median {statistics.median(taken):.0f} ms, 95 % {share(taken, 0.95):.0f} ms, most {max(taken):.0f} ms"
    )
    return 1 if doubled or any(status >= 500 for status in kinds) else 0


def race(people: int, port: int) -> int:
    """So many people at once, four for each time."""
    with place(port, rate=1, history_days=2) as here:
        token = (here.home / "state" / "robots.token").read_text(encoding="utf-8").strip()
        return asyncio.run(_race(here, token, people))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("month", "board", "race"))
    parser.add_argument("--bookings", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--port", type=int, default=18900)
    args = parser.parse_args()
    if args.what == "board":
        return board()
    return month(args.bookings) if args.what == "month" else race(args.people, args.port)


if __name__ == "__main__":
    sys.exit(main())
