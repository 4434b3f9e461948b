"""What reception learns at night from its own past (원무 예측 학습): waits, bookings that are missed, how many come.

Each model is kept whole in the database, so that every process tells by the same one, and is replaced by the next night's. Nothing
later than the night is learnt from. Off, or with too little to learn from, the baseline answers.
"""

import tempfile
import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from tamna.core import clock
from tamna.reception.arrivals import TOLD_DAYS, tell_hours, visits_by_day
from tamna.reception.models import Appointment, ArrivalForecast, Encounter, Learner, LearntModel, NoShowChance, Ticket
from tamna.reception.visit_log import visit_rows, visit_table

if TYPE_CHECKING:
    import polars as pl

    from tamna.engines.waits import Waits

WAIT_DAYS = 60
BOOKING_DAYS = 400
ARRIVAL_DAYS = 800
KEPT = 30  # models of a learner; older cards are not needed any more
MOST_TICKETS = 40_000


def learn_waits() -> LearntModel | None:
    """From the tickets of the last days that are over; nothing while there are none."""
    from tamna.engines.waits import fit

    today = clock.today()
    past = Ticket.objects.filter(
        business_on__gte=today - timedelta(days=WAIT_DAYS), business_on__lt=today, entered_at__isnull=False
    )
    rows = visit_rows(past.filter(encounter__setting=Encounter.Setting.OUTPATIENT))[-MOST_TICKETS:]
    if not rows:
        return None
    found = fit(visit_table(rows))
    return _keep(Learner.WAIT, found, is_baseline=found.is_baseline)


def learn_noshows() -> LearntModel | None:
    """From bookings that came or were missed; then tells the coming week."""
    from tamna.engines.errors import InputError
    from tamna.engines.noshow import fit

    since = clock.now() - timedelta(days=BOOKING_DAYS)
    past = Appointment.objects.filter(
        starts_at__gte=since, status__in=(Appointment.Status.ARRIVED, Appointment.Status.NOSHOW)
    )
    table = _booking_table(past)
    if table.is_empty():
        return None
    try:
        found = fit(table)
    except InputError:
        return None
    kept = _keep(Learner.NOSHOW, found, is_baseline=found.is_baseline)
    tell_noshows(found)
    return kept


def tell_noshows(found: Any) -> int:
    """Chances of everyone booked in the coming week."""
    from tamna.engines.risk.reasons import said
    from tamna.params import load_raw

    now = clock.now()
    coming = Appointment.objects.filter(
        status=Appointment.Status.BOOKED, starts_at__gte=now, starts_at__lt=now + timedelta(days=8)
    )
    table = _booking_table(coming)
    if table.is_empty():
        return 0
    words = load_raw("noshow/words")["columns"]
    rows = []
    for answer in found.predict(table):
        reasons = {
            lang: said(answer.reasons, lang, is_baseline=found.is_baseline, names={name: each[lang] for name, each in words.items()})
            for lang in ("ko", "en")
        }  # fmt: skip
        rows.append(
            NoShowChance(
                appointment_id=int(answer.id), probability=round(answer.probability, 4), reasons=reasons, told_at=now
            )
        )
    NoShowChance.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["appointment"], update_fields=["probability", "reasons", "told_at"], batch_size=500
    )  # fmt: skip
    return len(rows)


def _booking_table(bookings: QuerySet[Appointment]) -> "pl.DataFrame":
    """Bookings as `engines.noshow` reads them. No name and no number of a person stands in it."""
    import polars as pl

    fields = (
        "pk",
        "patient_id",
        "booked_at",
        "starts_at",
        "patient__sex",
        "patient__birth_on",
        "slot__practitioner__department__code",
        "status",
    )
    outcome = {Appointment.Status.NOSHOW.value: "1", Appointment.Status.ARRIVED.value: "0"}
    table = [
        (
            str(pk), str(patient), f"{booked.astimezone(clock.SEOUL):%Y-%m-%d %H:%M}", f"{starts.astimezone(clock.SEOUL):%Y-%m-%d %H:%M}", sex,
            str((starts.date() - born).days // 365) if born else None, department, outcome.get(status),
        )
        for pk, patient, booked, starts, sex, born, department, status in bookings.order_by("starts_at", "pk").values_list(*fields)
    ]  # fmt: skip
    columns = ("booking_id", "patient_id", "booked_at", "slot_at", "sex", "age", "department", "no_show")
    return pl.DataFrame(table, schema=dict.fromkeys(columns, pl.String), orient="row")


def tell_arrivals() -> int:
    """How many visits each of the coming days brings, told once a day from the days that are over."""
    import polars as pl

    from tamna.engines.forecast import forecast

    today = clock.today()
    if ArrivalForecast.objects.filter(told_on=today).exists():
        return 0
    counts = visits_by_day(today - timedelta(days=ARRIVAL_DAYS), today)
    if not counts:
        return 0
    first, last = min(counts), today - timedelta(days=1)
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    table = pl.DataFrame({"ds": [day.isoformat() for day in days], "y": [str(counts.get(day, 0)) for day in days]})
    rows, card = forecast(table, freq="D", horizon=TOLD_DAYS, country="KR")
    learner = _learner(Learner.ARRIVALS)
    use_baseline = bool(card["reason"]) or not learner.is_on
    LearntModel.objects.create(
        learner=learner, learnt_at=clock.now(), card=card, content=b"", is_baseline=bool(card["reason"])
    )
    made = []
    for row in rows:
        on = date.fromisoformat(row.ds)
        before = counts.get(on - timedelta(days=7 if (on - last).days <= 7 else 14), 0)
        spread = (row.hi80 - row.lo80) / 2
        mean, low, high = (
            (before, max(before - spread, 0), before + spread) if use_baseline else (row.mean, row.lo80, row.hi80)
        )
        made.append(ArrivalForecast(on=on, told_on=today, mean=round(mean, 1), low80=round(low, 1), high80=round(high, 1), baseline=before, is_baseline=use_baseline))  # fmt: skip
    return len(ArrivalForecast.objects.bulk_create(made, ignore_conflicts=True))


def waits_in_use() -> "Waits | None":
    """The newest model of waits, where it is on and better than its baseline. One query."""
    row = (
        LearntModel.objects.filter(learner__key=Learner.WAIT)
        .order_by("-id")
        .values_list("pk", "is_baseline", "learner__is_on")
        .first()
    )
    return _waits(row[0]) if row and row[2] and not row[1] else None


@lru_cache(maxsize=2)
def _waits(model_id: int) -> "Waits":
    from tamna.engines.waits import Waits

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        folder.mkdir()
        texts = LearntModel.objects.values_list("content", flat=True).get(pk=model_id)
        for name, text in _unpacked(bytes(texts)).items():
            (folder / name).write_text(text, encoding="utf-8")
        return Waits.load(folder)


def _keep(key: str, found: Any, *, is_baseline: bool) -> LearntModel:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        found.save(folder)
        texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    with transaction.atomic():
        learner = _learner(key)
        row = LearntModel.objects.create(learner=learner, learnt_at=clock.now(), card=dict(found.card), content=_packed(texts), is_baseline=is_baseline)  # fmt: skip
        old = LearntModel.objects.filter(learner=learner).order_by("-id").values_list("pk", flat=True)[KEPT:]
        LearntModel.objects.filter(pk__in=list(old)).delete()
    return row


def _learner(key: str) -> Learner:
    return Learner.objects.get_or_create(key=key)[0]


def _packed(texts: dict[str, str]) -> bytes:
    import json

    return zlib.compress(json.dumps(texts, ensure_ascii=False).encode(), 6)


def _unpacked(content: bytes) -> dict[str, str]:
    import json

    return dict(json.loads(zlib.decompress(content)))


def learn() -> dict[str, bool]:
    """One night: everything that reception learns. What fails leaves yesterday's model in use."""
    from tamna.reception import overbooking

    found = {
        Learner.WAIT: learn_waits() is not None,
        Learner.NOSHOW: learn_noshows() is not None,
        Learner.ARRIVALS: tell_arrivals() > 0,
    }
    tell_hours()
    overbooking.fit_coming()
    return found


def newest(keys: Sequence[str] = (Learner.WAIT, Learner.NOSHOW, Learner.ARRIVALS)) -> dict[str, LearntModel | None]:
    """The newest model of each learner, without its content."""
    rows = LearntModel.objects.filter(learner__key__in=keys).select_related("learner").defer("content")
    found = {row.learner.key: row for row in rows.order_by("learner_id", "-id").distinct("learner_id")}
    return {key: found.get(key) for key in keys}
