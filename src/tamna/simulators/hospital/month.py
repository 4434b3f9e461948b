"""One month of the hospital as tables, before anything has a price: visits, bookings, stays, lines, diagnoses, queue events.

Everything is named by number (E, I, B) so that the same seed gives the same names. Who lies in a bed is not seen as an
outpatient, except for the planted fault of that name.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tamna.simulators.hospital import services
from tamna.simulators.hospital.crowd import DEPARTMENTS, DISEASES, PAYERS, Crowd, crowd, residents, visitors
from tamna.simulators.hospital.seasons import Month, day_number, days
from tamna.simulators.hospital.stays import Stays, around
from tamna.simulators.hospital.visits import KINDS, TENDERS, Visits, emergencies, outpatients

SPECIAL_FITS = {"V193": ("C",), "V192": ("I2", "I6")}


@dataclass(frozen=True)
class HospitalMonth:
    """Frames of a month. `truth` frames are labels that no model and no rule may see."""

    calendar: pl.DataFrame
    visitors: pl.DataFrame
    encounters: pl.DataFrame  # closed in the month, with what a bill needs
    appointments: pl.DataFrame
    queue_events: pl.DataFrame
    lines: pl.DataFrame  # code as text, unpriced
    diagnoses: pl.DataFrame
    no_show_truth: pl.DataFrame


def hospital_month(seed: int, month: Month) -> HospitalMonth:
    people = crowd(seed, month)
    clinic, overlapping = _not_in_bed(seed, month, outpatients(seed, month))
    urgent = emergencies(seed, month)
    stays = around(seed, month)
    first, last = day_number(month.first), day_number(month.days[-1])
    stays = stays.taken((stays.discharged >= first) & (stays.discharged <= last))
    clinic_came = clinic.taken(~clinic.no_show)
    overlapping = overlapping[~clinic.no_show]
    visit_ids = _visit_ids(month, clinic_came, urgent)
    clinic_ids, urgent_ids = visit_ids[: len(clinic_came)], visit_ids[len(clinic_came) :]
    stay_ids = np.array(
        [
            f"I{number // 12:04d}{number % 12 + 1:02d}-{serial:04d}"
            for number, serial in zip(stays.month, stays.serial, strict=True)
        ]
    )
    encounters = pl.concat(
        [
            _encounters(seed, month, people, clinic_came, clinic_ids),
            _encounters(seed, month, people, urgent, urgent_ids),
            _stay_encounters(seed, stays, stay_ids),
        ]
    )  # fmt: skip
    lines = services.with_mistakes(
        seed, month, services.of_visits(seed, month, clinic_came, 0), clinic_came, people.female
    )
    lines = _marked(lines, overlapping)
    urgent_lines = services.with_mistakes(
        seed, month.shifted(12_000), services.of_visits(seed, month, urgent, 1), urgent, people.female
    )
    named = pl.concat(
        [
            _named(lines, clinic_ids),
            _named(urgent_lines, urgent_ids),
            _named(services.of_stays(seed, month, stays), stay_ids),
        ]
    )
    diagnoses = pl.concat(
        [
            _diagnoses(clinic_ids, clinic_came.principal, clinic_came.second, clinic_came.third),
            _diagnoses(urgent_ids, urgent.principal, urgent.second, urgent.third),
            _diagnoses(stay_ids, stays.principal, stays.second, np.full(len(stays), -1)),
        ]
    )  # fmt: skip
    appointments, truth = _appointments(seed, month, people, clinic)
    special = _special(encounters, diagnoses)
    return HospitalMonth(
        calendar=days(seed, month), visitors=visitors(seed, month), encounters=special, appointments=appointments,
        queue_events=pl.concat([_events(month, clinic_came, clinic_ids), _events(month, urgent, urgent_ids)]),
        lines=named, diagnoses=diagnoses, no_show_truth=truth,
    )  # fmt: skip


def _not_in_bed(seed: int, month: Month, visits: Visits) -> tuple[Visits, np.ndarray]:
    """Visits without those of people in a bed that day; a few stay as the planted fault (marked)."""
    stays, people = around(seed, month), crowd(seed, month)
    rng = residents(seed)[0].rng(91, month.number)
    first = day_number(month.first)
    place = {ref: i for i, ref in enumerate(people.ref)}
    lying = np.zeros((month.length, len(people.ref)), dtype=bool)
    for ref, start, stop in zip(stays.ref, stays.admitted, stays.discharged, strict=True):
        if ref in place:
            lying[max(0, start + 1 - first) : max(0, stop - first), place[ref]] = True
    hit = lying[visits.day, visits.person]
    planted = hit & (rng.random(len(visits)) < 0.12)
    kept = ~hit | planted
    return visits.taken(kept), planted[kept]


def _visit_ids(month: Month, *parts: Visits) -> np.ndarray:
    """E<day>-<number in order of arrival of the day>."""
    day = np.concatenate([part.day for part in parts])
    arrive = np.concatenate([part.arrive for part in parts])
    order = np.lexsort((arrive, day))
    starts = np.searchsorted(day[order], np.arange(month.length))
    number = np.empty(len(day), dtype=np.int64)
    number[order] = np.arange(len(day)) - starts[day[order]] + 1
    stamp = np.array([f"{on:%Y%m%d}" for on in month.days])[day]
    return np.array([f"E{on}-{count:04d}" for on, count in zip(stamp, number, strict=True)])


def _dates(numbers: np.ndarray) -> pl.Series:
    return pl.Series(numbers.astype(np.int32)).cast(pl.Date)


def _at(month: Month, day: np.ndarray, minute: np.ndarray) -> pl.Series:
    """Local time (Asia/Seoul) to the second; null where there was none."""
    seconds = np.nan_to_num(minute, nan=0.0) * 60
    stamp = (day_number(month.first) + day) * 86_400 + seconds.astype(np.int64)
    column = pl.Series(stamp * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us"))
    empty = np.isnan(minute)
    return pl.select(pl.when(pl.Series(~empty)).then(column)).to_series() if empty.any() else column


def _encounters(seed: int, month: Month, people: Crowd, visits: Visits, ids: np.ndarray) -> pl.DataFrame:
    world = residents(seed)[0]
    on = day_number(month.first) + visits.day
    shut = days(seed, month)["is_closed"].to_numpy()[visits.day]
    saturday = days(seed, month)["weekday"].to_numpy()[visits.day] == 5
    emergency = visits.ktas > 0
    night = shut | (visits.call < 540) | (visits.call >= np.where(saturday, 780, 1080))
    return pl.DataFrame(
        {
            "encounter_id": ids, "patient_ref": people.ref[visits.person], "setting": np.where(emergency, "emergency", "outpatient"),
            "kind": np.array(KINDS)[visits.kind], "department": np.array(DEPARTMENTS)[visits.department],
            "doctor_license": np.array([doctor.license_no for doctor in world.doctors])[visits.doctor], "doctor": visits.doctor,
            "payer": np.array(PAYERS)[visits.payer], "sex": np.where(people.female[visits.person], "F", "M"),
            "birth_date": _dates(people.born[visits.person]), "is_first_visit": visits.first, "ktas": visits.ktas,
            "admitted_on": _dates(on), "closed_on": _dates(on), "nights": np.zeros(len(visits), dtype=np.int64),
            "arrived_at": _at(month, visits.day, visits.arrive), "received_at": _at(month, visits.day, visits.desk),
            "started_at": _at(month, visits.day, visits.call), "finished_at": _at(month, visits.day, visits.end),
            "paid_at": _at(month, visits.day, visits.paid), "wait_min": np.round(visits.call - visits.desk, 2),
            "tender": np.array(TENDERS)[visits.tender], "night": night & emergency, "is_admitted": visits.admitted,
            "result_code": np.where(visits.admitted, "1", "9"), "special_code": people.special[visits.person],
            "special_from": _dates(np.minimum(people.special_from[visits.person], 60_000)),
        }
    )  # fmt: skip


def _stay_encounters(seed: int, stays: Stays, ids: np.ndarray) -> pl.DataFrame:
    world, n = residents(seed)[0], len(stays)
    month = Month(1970, 1)
    noon = np.full(n, 660.0)
    return pl.DataFrame(
        {
            "encounter_id": ids, "patient_ref": stays.ref, "setting": np.full(n, "inpatient"), "kind": np.where(stays.by_er, "emergency", "planned"),
            "department": np.array(DEPARTMENTS)[stays.department],
            "doctor_license": np.array([doctor.license_no for doctor in world.doctors])[stays.doctor], "doctor": stays.doctor,
            "payer": np.array(PAYERS)[stays.payer], "sex": np.where(stays.female, "F", "M"), "birth_date": _dates(stays.born),
            "is_first_visit": np.zeros(n, dtype=bool), "ktas": np.zeros(n, dtype=np.int64), "admitted_on": _dates(stays.admitted),
            "closed_on": _dates(stays.discharged), "nights": np.maximum(1, stays.nights), "arrived_at": _at(month, stays.admitted, noon + 180),
            "received_at": _at(month, stays.admitted, noon + 190), "started_at": _at(month, stays.admitted, noon + 200),
            "finished_at": _at(month, stays.discharged, noon - 60), "paid_at": _at(month, stays.discharged, noon + (stays.serial % 50) * 3.0),
            "wait_min": np.zeros(n), "tender": np.array(TENDERS)[stays.tender], "night": np.zeros(n, dtype=bool),
            "is_admitted": np.zeros(n, dtype=bool),
            "result_code": np.where(stays.died, "4", np.where(stays.moved, "2", "9")), "special_code": stays.special,
            "special_from": _dates(np.minimum(stays.special_from, 60_000)),
        }
    )  # fmt: skip


def _special(encounters: pl.DataFrame, diagnoses: pl.DataFrame) -> pl.DataFrame:
    """A special case counts from its day on, for NHI, where a diagnosis belongs to it."""
    fits = pl.lit(False)
    for code, starts in SPECIAL_FITS.items():
        own = pl.any_horizontal([pl.col("kcd").str.starts_with(start) for start in starts])
        fits = fits | ((pl.col("special_code") == code) & own)
    joined = diagnoses.select("encounter_id", kcd="code").join(
        encounters.select("encounter_id", "special_code", "special_from", "closed_on", "payer"), on="encounter_id"
    )
    good = joined.filter(fits & (pl.col("payer") == "nhi") & (pl.col("special_from") <= pl.col("closed_on")))[
        "encounter_id"
    ].unique()
    return encounters.with_columns(
        special_code=pl.when(pl.col("encounter_id").is_in(good.implode())).then(pl.col("special_code")).otherwise(pl.lit(""))
    ).drop("special_from")  # fmt: skip


def _named(lines: pl.DataFrame, ids: np.ndarray) -> pl.DataFrame:
    names = np.array(services.codes())
    return lines.with_columns(
        encounter_id=pl.Series(ids[lines["row"].to_numpy()]), code=pl.Series(names[lines["code"].to_numpy()])
    ).drop("row")


def _marked(lines: pl.DataFrame, overlapping: np.ndarray) -> pl.DataFrame:
    hit = pl.Series(overlapping[lines["row"].to_numpy()])
    return lines.with_columns(fault=pl.when(hit).then(pl.lit("overlapping_admission")).otherwise(pl.col("fault")))


def _diagnoses(ids: np.ndarray, *columns: np.ndarray) -> pl.DataFrame:
    names = np.array([*DISEASES, ""])
    parts = [
        pl.DataFrame({"encounter_id": ids, "at": np.full(len(ids), i), "code": names[column]})
        for i, column in enumerate(columns)
    ]
    return (
        pl.concat(parts).filter(pl.col("code") != "").sort("encounter_id", "at")
        .with_columns(seq=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("encounter_id"))
        .with_columns(kind=pl.when(pl.col("seq") == 1).then(pl.lit("principal")).otherwise(pl.lit("secondary")))
        .select("encounter_id", "seq", "kind", "code")
    )  # fmt: skip


def _appointments(seed: int, month: Month, people: Crowd, visits: Visits) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bookings of the month with what became of them, and the chance that only the truth knows."""
    world = residents(seed)[0]
    made = visits.taken(visits.kind == 1)
    made = made.taken(np.lexsort((made.booked, made.day)))
    ids = np.array([f"B{month.year}{month.month:02d}-{i:05d}" for i in range(1, len(made) + 1)])
    on = day_number(month.first) + made.day
    hour = world.rng(92, month.number).integers(540, 1020, len(made)).astype(float)
    booked = np.where(made.lead == 0, np.minimum(hour, made.booked - 30), hour)
    frame = pl.DataFrame(
        {
            "booking_id": ids, "patient_id": people.ref[made.person], "booked_at": _at(month, made.day - made.lead, booked),
            "slot_at": _at(month, made.day, made.booked), "lead_days": made.lead, "sex": np.where(people.female[made.person], "F", "M"),
            "age": ((on - people.born[made.person]) / 365.25).astype(np.int64), "department": np.array(DEPARTMENTS)[made.department],
            "doctor_license": np.array([doctor.license_no for doctor in world.doctors])[made.doctor],
            "payer": np.array(PAYERS)[made.payer], "is_first_visit": made.first, "no_show": made.no_show,
        }
    )  # fmt: skip
    return frame, pl.DataFrame({"booking_id": ids, "chance": np.round(made.no_show_chance, 4)})


def _events(month: Month, visits: Visits, ids: np.ndarray) -> pl.DataFrame:
    """Ticket events of each visit (대기열): issued, called, done."""
    names, moments = ("issued", "called", "done"), (visits.desk, visits.call, visits.end)
    frames = [
        pl.DataFrame(
            {
                "encounter_id": ids,
                "event": pl.Series([name]).new_from_index(0, len(ids)),
                "at": _at(month, visits.day, minute),
            }
        )
        for name, minute in zip(names, moments, strict=True)
    ]
    return pl.concat(frames).sort("at", "encounter_id", maintain_order=True)
