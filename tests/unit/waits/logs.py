"""A small hospital's visit logs: two doctors, bookings and walk-ins, called by the later of appointment and check-in,
slower towards noon."""

import math
import random
from datetime import date, timedelta

import polars as pl

COLUMNS = ("day", "dept", "doctor", "kind", "first_visit", "appt_min", "checkin_min", "start_min", "end_min")


def log(days=30, seed=1, first=date(2026, 3, 2), doctors=(("IM", "IM1"), ("OS", "OS1")), emergencies=0.0):
    chance = random.Random(seed)
    rows = []
    for turn in range(days):
        for place, (dept, doctor) in enumerate(doctors):
            rows += called(
                arrivals(chance, str(first + timedelta(turn)), dept, doctor, emergencies), chance, 5.0 + 2 * place
            )
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def arrivals(chance, day, dept, doctor, emergencies):
    people = []
    for turn in range(30):
        checkin = chance.uniform(525, 700)
        if chance.random() < emergencies:
            people.append((day, dept, doctor, "emergency", False, None, checkin))
        elif turn % 2:
            people.append((day, dept, doctor, "booked", chance.random() < 0.3, 5 * round((checkin + 14) / 5), checkin))
        else:
            people.append((day, dept, doctor, "walkin", chance.random() < 0.3, None, checkin))
    return people


def called(people, chance, typical):
    rows, free, left = [], 540.0, sorted(people, key=lambda person: person[6])
    while left:
        free = max(free, left[0][6])
        waiting = [person for person in left if person[6] <= free]
        chosen = min(waiting, key=lambda person: (person[3] != "emergency", max(person[5] or 0, person[6])))
        left.remove(chosen)
        slow = 2.0 if free > 620 else 1.0  # what the queue's sum cannot know
        end = free + slow * typical * math.exp(chance.gauss(0, 0.5)) * (1.5 if chosen[4] else 1)
        *words, appt, checkin = chosen
        rows.append(
            (*map(str, words), "" if appt is None else str(appt), f"{checkin:.2f}", f"{free:.2f}", f"{end:.2f}")
        )
        free = end
    return rows
