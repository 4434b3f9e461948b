"""Invented bookings: each patient has a habit of his own, so only his past tells."""

import random
from datetime import datetime, timedelta

import polars as pl

COLUMNS = ("booking_id", "patient_id", "booked_at", "slot_at", "sex", "age", "department", "no_show")


def bookings(count=900, seed=1, first=datetime(2026, 1, 5), days=200, patients=60):
    chance = random.Random(seed)
    habits = random.Random(0)
    habit = {f"P{n}": 0.75 if habits.random() < 0.25 else 0.05 for n in range(patients)}
    rows = []
    for number in range(count):
        patient = f"P{chance.randrange(patients)}"
        slot = first + timedelta(days=number * days // count, minutes=540 + 10 * chance.randrange(40))
        booked = slot - timedelta(days=chance.randrange(1, 15), minutes=chance.randrange(300))
        missed = chance.random() < habit[patient]
        age = 20 + int(patient[1:])
        rows.append(
            (
                f"B{seed}-{number}",
                patient,
                f"{booked:%Y-%m-%d %H:%M}",
                f"{slot:%Y-%m-%d %H:%M}",
                "FM"[number % 2],
                str(age),
                "IM",
                str(int(missed)),
            )
        )
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
