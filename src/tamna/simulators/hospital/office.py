"""A month of the administration's own records (행정 기록): letters, purchases, stock, tickets, roster, energy, surveys, equipment, beds.

Each table has a random stream of its own, so one table more changes no other. Amounts in won, power in kW, times local.
"""

from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from tamna.simulators.hospital import remarks
from tamna.simulators.hospital.crowd import DEPARTMENTS, residents
from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.seasons import Month, day_number, days
from tamna.simulators.hospital.stays import census

BEDS = 288
LETTER_KINDS, LETTER_SUBJECTS = ("received", "sent", "internal"), (
    "보건복지부 점검 안내", "심사평가원 자료 제출", "제주특별자치도 예산 배정", "의료기기 정기점검", "감염관리 교육", "채용 공고 협조", "시설 안전점검 결과",
    "의약품 회수 안내", "환자 의무기록 사본 요청", "공공보건사업 실적 보고", "구매 계약 체결", "당직 근무 명령",
)  # fmt: skip
PURCHASES = ("의약품", "진료재료", "사무용품", "시설 자재", "전산 소모품", "급식 재료", "용역", "의료기기")
PURCHASE_MEDIANS = (1_900_000, 1_200_000, 180_000, 650_000, 420_000, 900_000, 3_800_000, 12_000_000)
FACILITY = ("냉난방", "전기", "급수·배관", "승강기", "소방", "병실 비품", "청소", "주차")
DESK = ("계정·권한", "프린터", "전자의무기록", "네트워크", "PC 고장", "모바일", "연계 오류", "기타")
SHIFTS = np.array(list("DDDEENNOOO"))
SHIFT_START = {"D": 420, "E": 900, "N": 1380}


def office_month(seed: int, month: Month, encounters: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Every administrative table of the month. `encounters` are asked for opinions only."""
    beds = census(seed, month)
    return {
        "documents": _documents(seed, month), "purchases": _purchases(seed, month), "stock_moves": stock_moves(seed, month),
        "facility_tickets": _tickets(seed, month, "facility_tickets", FACILITY, 101), "it_tickets": _tickets(seed, month, "it_tickets", DESK, 102),
        "roster": roster(seed, month), "energy": energy(seed, month), "surveys": _surveys(seed, month, encounters),
        "equipment_events": equipment_events(seed, month),
        "census": pl.DataFrame({"on": month.days, "occupied_beds": beds, "beds": np.full(month.length, BEDS)}),
    }  # fmt: skip


def _rng(seed: int, stream: int, month: Month) -> np.random.Generator:
    return residents(seed)[0].rng(stream, month.number)


def _ids(letter: str, month: Month, count: int) -> list[str]:
    return [f"{letter}{month.year}{month.month:02d}-{i:05d}" for i in range(1, count + 1)]


def _moments(month: Month, day: np.ndarray, minute: np.ndarray) -> pl.Series:
    stamp = (day_number(month.first) + day) * 86_400 + (minute * 60).astype(np.int64)
    return pl.Series(stamp * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us"))


def _open_days(seed: int, month: Month) -> np.ndarray:
    calendar = days(seed, month)
    return np.flatnonzero(~calendar["is_closed"].to_numpy() & (calendar["weekday"].to_numpy() < 5))


def _on_weekdays(seed: int, month: Month, rng: np.random.Generator, a_day: float) -> np.ndarray:
    weekdays = _open_days(seed, month)
    return np.repeat(weekdays, rng.poisson(a_day, len(weekdays)))


def _documents(seed: int, month: Month) -> pl.DataFrame:
    """Register of letters (문서등록대장)."""
    rng = _rng(seed, 103, month)
    day = _on_weekdays(seed, month, rng, figures("years")["office"]["documents_a_weekday"])
    n = len(day)
    day, minute = _in_order(day, rng.uniform(510, 1080, n))
    subject = rng.integers(0, len(LETTER_SUBJECTS), n)
    return pl.DataFrame(
        {
            "document_id": _ids("D", month, n), "kind": np.array(LETTER_KINDS)[rng.choice(3, n, p=[0.46, 0.22, 0.32])],
            "registered_at": _moments(month, day, minute), "subject": np.array(LETTER_SUBJECTS)[subject],
            "team": np.array(["front", "claims", "general", "planning", "it", "audit"])[rng.choice(6, n, p=[0.2, 0.14, 0.34, 0.2, 0.08, 0.04])],
            "pages": 1 + rng.poisson(2.4, n), "keep_years": np.array([1, 3, 5, 10, 30])[rng.choice(5, n, p=[0.1, 0.35, 0.35, 0.15, 0.05])],
            "due_days": np.where(rng.random(n) < 0.3, rng.integers(3, 21, n), 0),
        }
    )  # fmt: skip


def _in_order(day: np.ndarray, minute: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((minute, day))
    return day[order], minute[order]


def _purchases(seed: int, month: Month) -> pl.DataFrame:
    """Requests to buy (구매 요구), more of them at the year's end."""
    rng = _rng(seed, 104, month)
    rush = 1.35 if month.month in (11, 12) else 1.0
    day = _on_weekdays(seed, month, rng, figures("years")["office"]["purchases_a_weekday"] * rush)
    n = len(day)
    day, minute = _in_order(day, rng.uniform(540, 1070, n))
    kind = rng.choice(len(PURCHASES), n, p=[0.28, 0.27, 0.12, 0.1, 0.07, 0.08, 0.05, 0.03])
    amount = (np.array(PURCHASE_MEDIANS)[kind] * rng.lognormal(0, 0.9, n)).astype(np.int64) // 100 * 100
    return pl.DataFrame(
        {
            "purchase_id": _ids("Q", month, n), "requested_at": _moments(month, day, minute), "category": np.array(PURCHASES)[kind],
            "department": np.array(DEPARTMENTS)[rng.integers(0, len(DEPARTMENTS), n)], "vendor_ref": np.char.add("VN", (rng.zipf(1.6, n) % 180).astype(str)),
            "amount_won": amount, "lead_days": _lead(seed, month, rng, day), "status": np.where(rng.random(n) < 0.03, "cancelled", "received"),
        }
    )  # fmt: skip


def _lead(seed: int, month: Month, rng: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """Days to arrive: log-normal, and longer when a typhoon stops the ferry within four days."""
    lead = figures("years")["office"]["lead"]
    storm = days(seed, month)["is_typhoon"].to_numpy().astype(int)
    near = np.convolve(storm, np.ones(9, dtype=int), mode="same") > 0
    drawn = np.maximum(1, np.rint(lead["median_days"] * rng.lognormal(0, lead["sigma"], len(day)))).astype(np.int64)
    return drawn + lead["ferry_stop_days"] * near[day]


@lru_cache(maxsize=2)
def items(seed: int) -> pl.DataFrame:
    """The 1,500 stock items with their class of demand (재고 품목)."""
    table = figures("years")["office"]
    rng, n = residents(seed)[0].rng(105), table["items"]
    names = list(table["item_classes"])
    kind = rng.choice(len(names), n, p=list(table["item_classes"].values()))
    level = np.array([table["item_daily"][name] for name in names])[kind] * rng.lognormal(0, 0.5, n)
    return pl.DataFrame(
        {
            "item_id": [f"S{i:05d}" for i in range(1, n + 1)], "demand_class": np.array(names)[kind], "a_day": np.round(level, 4),
            "unit_price_won": (rng.lognormal(8.2, 1.5, n)).astype(np.int64) // 10 * 10 + 10, "shelf_months": rng.integers(6, 37, n),
            "opening_units": np.ceil(level * 60 + 10).astype(np.int64), "is_synthetic": np.ones(n, dtype=bool),
        }
    )  # fmt: skip


@lru_cache(maxsize=4)
def _demand(seed: int, month: Month) -> np.ndarray:
    """Units asked (day, item)."""
    rng, known = _rng(seed, 106, month), items(seed)
    level, kind = known["a_day"].to_numpy(), known["demand_class"].to_numpy()
    open_days = np.zeros(month.length)
    open_days[_open_days(seed, month)] = 1.0
    open_days[open_days == 0] = 0.25
    shape = (month.length, known.height)
    mean = open_days[:, None] * level[None, :]
    smooth = rng.poisson(mean)
    erratic = rng.poisson(mean * rng.gamma(0.6, 1 / 0.6, shape))
    hit = rng.random(shape) < np.minimum(0.9, mean)
    small = hit * (1 + rng.poisson(0.4, shape))
    large = hit * np.ceil(rng.lognormal(1.6, 0.9, shape)).astype(np.int64)
    return np.select([kind == "smooth", kind == "erratic", kind == "intermittent"], [smooth, erratic, small], large)


def stock_moves(seed: int, month: Month) -> pl.DataFrame:
    """Units out as asked; units in as much as went out in the month before, so that any month stands alone (수불부)."""
    rng, known = _rng(seed, 107, month), items(seed)
    units = _demand(seed, month)
    day, item = np.nonzero(units)
    before = _demand(seed, month.shifted(-1)).sum(axis=0)
    bought = np.flatnonzero(before)
    in_day = np.minimum(
        month.length - 1,
        _lead(seed, month, rng, np.zeros(len(bought), dtype=np.int64)) + rng.integers(0, 12, len(bought)),
    )
    names = known["item_id"].to_numpy()
    first = day_number(month.first)
    moves = pl.DataFrame(
        {
            "item_id": np.r_[names[item], names[bought]], "on": pl.Series((first + np.r_[day, in_day]).astype(np.int32)).cast(pl.Date),
            "kind": np.r_[np.full(len(item), "issue"), np.full(len(bought), "receipt")],
            "units": np.r_[-units[day, item], before[bought]].astype(np.int64),
            "department": np.r_[np.array(DEPARTMENTS)[rng.integers(0, len(DEPARTMENTS), len(item))], np.full(len(bought), "")],
        }
    )  # fmt: skip
    return moves.sort("on", "kind", "item_id")


def _tickets(seed: int, month: Month, name: str, kinds: tuple[str, ...], stream: int) -> pl.DataFrame:
    """Requests for repair or help (요청 접수): more on Mondays, in storms and on hot days."""
    rng, calendar = _rng(seed, stream, month), days(seed, month)
    a_day = figures("years")["office"]["tickets_a_day" if name == "facility_tickets" else "it_tickets_a_day"]
    mean = a_day * np.where(
        calendar["is_closed"].to_numpy(), 0.35, np.where(calendar["weekday"].to_numpy() == 0, 1.35, 1.05)
    )
    mean = mean * (
        1 + calendar["is_typhoon"].to_numpy() * 1.2 + np.clip(calendar["temperature"].to_numpy() - 26, 0, 6) * 0.05
    )
    day = np.repeat(np.arange(month.length), rng.poisson(mean))
    n = len(day)
    day, minute = _in_order(day, np.clip(rng.normal(720, 190, n), 0, 1439))
    kind = (rng.zipf(1.5, n) - 1) % len(kinds)
    urgent = rng.random(n) < 0.14
    hours = rng.lognormal(np.log(np.where(urgent, 2.5, 16.0)), 1.0)
    return pl.DataFrame(
        {
            "ticket_id": _ids("F" if name == "facility_tickets" else "T", month, n), "opened_at": _moments(month, day, minute),
            "closed_at": _moments(month, day, minute + hours * 60), "category": np.array(kinds)[kind], "priority": np.where(urgent, "urgent", "normal"),
            "department": np.array(DEPARTMENTS)[rng.integers(0, len(DEPARTMENTS), n)], "is_repeat": rng.random(n) < 0.11,
        }
    )  # fmt: skip


def roster(seed: int, month: Month) -> pl.DataFrame:
    """Shifts with planned and real times (근무표): nurses in three shifts, office and doctors by day."""
    rng, world, calendar = _rng(seed, 108, month), residents(seed)[0], days(seed, month)
    nurses = figures("years")["office"]["nurses"]
    first = day_number(month.first)
    on = np.arange(month.length)
    shift = SHIFTS[
        (first + on[:, None] + np.arange(nurses)[None, :] * 3 + np.arange(nurses)[None, :] // 10) % len(SHIFTS)
    ]
    day, who = np.nonzero(shift != "O")
    kinds = shift[day, who]
    start = np.array([SHIFT_START[kind] for kind in kinds], dtype=float)
    names = np.char.add("NURSE-", np.char.zfill((who + 1).astype(str), 3))
    open_day = _open_days(seed, month)
    saturday = np.flatnonzero((calendar["weekday"].to_numpy() == 5) & ~calendar["is_closed"].to_numpy())
    by_day = np.array(
        [f"STAFF-{clerk.username}" for clerk in world.staff] + [f"DR-{doctor.license_no}" for doctor in world.doctors]
    )
    half = np.array([f"DR-{doctor.license_no}" for doctor in world.doctors if doctor.department != "24"])
    day = np.r_[day, np.repeat(open_day, len(by_day)), np.repeat(saturday, len(half))]
    names = np.r_[names, np.tile(by_day, len(open_day)), np.tile(half, len(saturday))]
    kinds = np.r_[kinds, np.full(len(open_day) * len(by_day), "day"), np.full(len(saturday) * len(half), "half")]
    start = np.r_[start, np.full(len(open_day) * len(by_day) + len(saturday) * len(half), 510.0)]
    n = len(day)
    length = np.select([kinds == "day", kinds == "half"], [540.0, 270.0], 480.0)
    closing = np.isin(day, open_day[-2:]) & np.char.startswith(names, "STAFF")  # month end: claims and books
    over = np.where(rng.random(n) < np.where(closing, 0.6, 0.17), rng.lognormal(3.7, 0.7, n), 0.0)
    absent = rng.random(n) < 0.028
    came, left = start - np.abs(rng.normal(9, 7, n)), start + length + over + np.abs(rng.normal(4, 4, n))
    empty = pl.Series(absent)
    frame = pl.DataFrame(
        {
            "person_ref": names, "on": pl.Series((first + day).astype(np.int32)).cast(pl.Date), "shift": kinds,
            "planned_start": _moments(month, day, start), "planned_end": _moments(month, day, start + length),
            "came_at": _moments(month, day, came), "left_at": _moments(month, day, left), "is_absent": absent,
        }
    )  # fmt: skip
    frame = frame.with_columns(pl.when(~empty).then(pl.col(name)).alias(name) for name in ("came_at", "left_at"))
    return frame.sort("on", "person_ref")


def energy(seed: int, month: Month) -> pl.DataFrame:
    """Power every 15 minutes (전력): base, heating below 15 °C, cooling above 21 °C, people by day."""
    table, rng = figures("years")["office"]["energy"], _rng(seed, 109, month)
    calendar = days(seed, month)
    quarter = np.tile(np.arange(96), month.length)
    day = np.repeat(np.arange(month.length), 96)
    hour = quarter / 4
    outside = calendar["temperature"].to_numpy()[day] + 3.2 * np.sin((hour - 9) / 24 * 2 * np.pi)
    busy = np.where(
        calendar["is_closed"].to_numpy()[day], 0.15, np.where(calendar["weekday"].to_numpy()[day] == 5, 0.5, 1.0)
    )
    people = busy * np.exp(-0.5 * ((hour - 12.5) / 3.6) ** 2)
    power = table["base_kw"] + table["heat_kw"] * np.clip(table["heat_below"] - outside, 0, None)
    power = power + table["cool_kw"] * np.clip(outside - table["cool_above"], 0, None) + table["people_kw"] * people
    power = power * rng.lognormal(0, table["noise"], len(day))
    return pl.DataFrame(
        {"at": _moments(month, day, quarter * 15.0), "power_kw": np.round(power, 1), "outside_c": np.round(outside, 1)}
    )


def _surveys(seed: int, month: Month, encounters: pl.DataFrame) -> pl.DataFrame:
    """Opinions of patients (만족도 조사): stars, a topic and a few words."""
    table, rng = figures("years")["office"], _rng(seed, 110, month)
    asked = encounters.sort("encounter_id")
    stay = (asked["setting"] == "inpatient").to_numpy()
    chosen = rng.random(asked.height) < np.where(stay, 0.25, table["surveys_of_visits"])
    asked = asked.filter(pl.Series(chosen))
    happy = rng.random(asked.height) < np.where(stay[chosen], 0.95, table["survey"]["satisfied"])
    mixed = rng.random(asked.height) < table["survey"]["mixed"]
    stars = np.where(
        happy, np.where(rng.random(asked.height) < 0.62, 5, 4), rng.choice([1, 2, 3], asked.height, p=[0.25, 0.35, 0.4])
    )
    topics, texts = remarks.written(rng, happy, mixed)
    return pl.DataFrame(
        {"survey_id": _ids("U", month, asked.height), "encounter_id": asked["encounter_id"], "on": asked["closed_on"], "stars": stars,
         "topic": topics, "text": texts}
    )  # fmt: skip


@lru_cache(maxsize=2)
def _lives(seed: int) -> pl.DataFrame:
    """Failures of machines (Weibull) and disks over 2018–2032, drawn once for a seed."""
    table, rng = figures("years")["office"], residents(seed)[0].rng(111)
    machines, start = table["machines"], day_number(date(2018, 1, 1))
    kind = rng.integers(0, len(machines["shape"]), machines["count"])
    shape, scale = np.array(machines["shape"])[kind], np.array(machines["scale_days"])[kind]
    gaps = scale[:, None] * rng.weibull(np.repeat(shape[:, None], 40, axis=1))
    at = start + np.cumsum(gaps, axis=1) - scale[:, None] * rng.random(machines["count"])[:, None]
    which = np.repeat(np.arange(machines["count"]), 40)
    hours = machines["repair_median_h"] * rng.lognormal(0, machines["repair_sigma"], at.size)
    frame = pl.DataFrame(
        {"asset_id": np.char.add("M", np.char.zfill((which + 1).astype(str), 4)), "asset_class": np.array(["pump", "monitor", "imaging"])[kind[which]],
         "event": np.full(at.size, "failed"), "day": at.ravel(), "hours": np.round(hours, 1)}
    )  # fmt: skip
    disks = table["disks"]
    years = 15
    failed = rng.random((disks["count"], years)) < disks["afr"]
    disk, year = np.nonzero(failed)
    when = start + (year + rng.random(len(disk))) * 365.25
    seen = rng.random(len(disk)) < disks["drift_seen"]
    names = np.char.add("DISK", np.char.zfill((disk + 1).astype(str), 3))
    for event, rows, day in (
        ("failed", np.full(len(disk), True), when),
        ("drift", seen, when - rng.uniform(3, 20, len(disk))),
    ):
        more = {"asset_id": names[rows], "asset_class": np.full(int(rows.sum()), "disk"), "event": np.full(int(rows.sum()), event),
                "day": day[rows], "hours": np.zeros(int(rows.sum()))}  # fmt: skip
        frame = pl.concat([frame, pl.DataFrame(more)])
    return frame.sort("day", "asset_id")


def equipment_events(seed: int, month: Month) -> pl.DataFrame:
    """Failures and warnings of equipment and disks (장애 이력)."""
    first = day_number(month.first)
    rows = _lives(seed).filter((pl.col("day") >= first) & (pl.col("day") < first + month.length))
    stamp = pl.Series((rows["day"].to_numpy() * 86_400).astype(np.int64) * 1_000_000).cast(pl.Datetime("us"))
    return rows.with_columns(at=stamp, repair_hours="hours").select(
        "asset_id", "asset_class", "event", "at", "repair_hours"
    )
