"""Statements unlike their peers and their own past (과다 청구 의심), and items they probably lack (누락 가능): learnt at night, told at each check.

Nothing here changes a statement: what is told goes to a person with the figures it stands on.
"""

import json
from datetime import timedelta
from typing import Any

import polars as pl
from django.db.models import Max, Q, QuerySet

from tamna.claims.models import Claim, ClaimLine, ClaimNorms
from tamna.core import clock
from tamna.engines.risk import omissions, outliers
from tamna.params import load_raw
from tamna.reception.models import Condition, Encounter

MOST_STATEMENTS = 40_000
DAYS = 180
FEWEST = 1_000
KEPT = 5
DAY = pl.Date
CLAIMS = {"claim_id": pl.String, "patient_ref": pl.String, "setting": pl.String, "department": pl.String, "sex": pl.String, "birth_date": DAY,
          "first_visit_on": DAY, "last_service_on": DAY, "total_amount": pl.Int64, "stay_days": pl.Int64}  # fmt: skip
LINES = {"claim_id": pl.String, "line_no": pl.Int64, "code": pl.String, "item_class": pl.String, "item_sub": pl.String, "quantity": pl.Float64,
         "service_on": DAY, "amount": pl.Int64, "unit_price": pl.Int64}  # fmt: skip
DIAGNOSES = {"claim_id": pl.String, "kind": pl.String, "code": pl.String}
ABOUT = ("pk", "encounter__patient_id", "setting", "department__code", "encounter__patient__sex", "encounter__patient__birth_on", "first_visit_on",
         "encounter__business_on", "encounter__admitted_on", "encounter__discharged_on", "total_won", "encounter_id")  # fmt: skip
Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def frames(claims: QuerySet[Claim]) -> Frames:
    """Statements as tables of the engine. Three queries."""
    rows = list(claims.order_by("id").values_list(*ABOUT))
    about, visits = [], {}
    for pk, patient, setting, department, sex, born, first, business, admitted, discharged, total, visit in rows:
        last = discharged or business
        stay = max(1, (last - admitted).days) if admitted else None
        about.append((str(pk), str(patient), setting, department, sex, born, first, last, total, stay))
        visits[visit] = str(pk)
    ids = [row[0] for row in rows]
    found = ClaimLine.objects.filter(claim_id__in=ids).order_by("claim_id", "line_no")
    lines = [
        (str(claim), number, code, section, sub, float(quantity), clock.business_day(at), amount, unit)
        for claim, number, code, section, sub, quantity, at, amount, unit in found.values_list(
            "claim_id", "line_no", "code", "item_class", "item_sub", "quantity", "service_at", "amount_won", "unit_won"
        ).iterator(chunk_size=20_000)
    ]
    conditions = (
        Condition.objects.filter(encounter_id__in=list(visits))
        .order_by("encounter_id", "seq")
        .values_list("encounter_id", "kind", "code")
    )
    diagnoses = [(visits[visit], kind, code) for visit, kind, code in conditions]
    return (
        pl.DataFrame(about, schema=CLAIMS, orient="row"), pl.DataFrame(lines, schema=LINES, orient="row"), pl.DataFrame(diagnoses, schema=DIAGNOSES, orient="row"),
    )  # fmt: skip


def learn() -> ClaimNorms | None:
    """Learn what is usual from the statements sent lately (야간 학습). None while there are too few."""
    since = clock.today() - timedelta(days=DAYS)
    sent = Claim.objects.filter(first_visit_on__gte=since).exclude(
        status__in=["draft", "checked", "approved", "withdrawn"]
    )
    ids = list(sent.order_by("-id").values_list("pk", flat=True)[:MOST_STATEMENTS])
    if len(ids) < FEWEST:
        return None
    claims, lines, diagnoses = frames(Claim.objects.filter(pk__in=ids))
    norms = outliers.fit(claims, lines, diagnoses)
    companions = omissions.fit(claims, lines, diagnoses)
    made = ClaimNorms.objects.create(
        made_at=clock.now(),
        statements=len(ids),
        norms=json.dumps(norms.as_json()),
        companions=json.dumps(companions.as_json()),
        rules=companions.rules.height,
    )
    old = list(ClaimNorms.objects.order_by("-id").values_list("pk", flat=True)[KEPT : KEPT + 20])
    ClaimNorms.objects.filter(pk__in=old).delete()
    return made


_loaded: dict[int, tuple[outliers.Norms, omissions.Companions]] = {}


def _current() -> tuple[outliers.Norms, omissions.Companions] | None:
    newest = ClaimNorms.objects.order_by("-id").values_list("pk", flat=True).first()
    if newest is None:
        return None
    if newest not in _loaded:
        row = ClaimNorms.objects.get(pk=newest)
        _loaded.clear()
        _loaded[newest] = outliers.Norms.of(json.loads(row.norms)), omissions.Companions.of(json.loads(row.companions))
    return _loaded[newest]


def look(claims: QuerySet[Claim]) -> int:
    """Write what is unlike the usual and what is probably missing on open statements. Returns how many were looked at."""
    known = _current()
    if known is None:
        return 0
    about, lines, diagnoses = frames(claims)
    if about.is_empty():
        return 0
    norms, companions = known
    about = about.with_columns(
        gap_days=pl.Series(_gaps(about, diagnoses), dtype=pl.Int64), in_bed=pl.Series(_in_bed(about), dtype=pl.Boolean)
    )
    rare = outliers.scores(norms, about, lines, diagnoses).filter(pl.col("p") <= norms.cutoff)
    lack = omissions.missing(companions, about, lines, diagnoses)
    rows = list(claims)
    over, less = _by_claim(rare), _by_claim(lack)
    for claim in rows:
        claim.unusual = [_over(row) for row in over.get(str(claim.pk), [])]
        claim.lacking = [_less(row) for row in less.get(str(claim.pk), [])]
    Claim.objects.bulk_update(rows, ["unusual", "lacking"], batch_size=500)
    return len(rows)


def _by_claim(frame: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in frame.to_dicts():
        found.setdefault(row["claim_id"], []).append(row)
    return found


def _gaps(about: pl.DataFrame, diagnoses: pl.DataFrame) -> list[int | None]:
    """Days since the patient's last outpatient visit to the department for the same diagnosis group; one query a statement."""
    principal = dict(diagnoses.filter(pl.col("kind") == "principal").select("claim_id", "code").iter_rows())
    gaps: list[int | None] = []
    for name, patient, setting, department, on in about.select(
        "claim_id", "patient_ref", "setting", "department", "first_visit_on"
    ).iter_rows():
        group = principal.get(name, "")[: outliers.GROUP]
        if setting != "outpatient" or not group:
            gaps.append(None)
            continue
        before = Encounter.objects.filter(patient_id=int(patient), department__code=department, setting="outpatient", business_on__lt=on, status="finished",
                                          conditions__kind="principal", conditions__code__startswith=group).aggregate(last=Max("business_on"))["last"]  # fmt: skip
        gaps.append((on - before).days if before else None)
    return gaps


def _in_bed(about: pl.DataFrame) -> list[bool]:
    """Whether an outpatient lay in bed that day. One query."""
    patients = {int(name) for name in about["patient_ref"]}
    stays = list(
        Encounter.objects.filter(patient_id__in=patients, setting="inpatient", admitted_on__isnull=False).values_list(
            "patient_id", "admitted_on", "discharged_on"
        )
    )
    return [
        setting == "outpatient"
        and any(who == int(patient) and start < on and (stop is None or on < stop) for who, start, stop in stays)
        for patient, setting, on in about.select("patient_ref", "setting", "first_visit_on").iter_rows()
    ]


def _over(row: dict[str, Any]) -> dict[str, Any]:
    """One rare fact with its words."""
    words = load_raw("claimcheck/unlike_words")["over"][row["part"]]
    n, hits = row["n"] or 0.0, row["hits"] or 0.0
    facts = {
        "code": row["code"] or "",
        "value": f"{row['value'] or 0:g}",
        "n": f"{n:,.0f}",
        "share": _share(hits, n),
        "z": f"{row['surprise']:.1f}",
    }
    return {
        "part": row["part"],
        "line_no": row["line_no"],
        "p": round(row["p"], 6),
        **{lang: text.format(**facts) for lang, text in words.items()},
    }


def _share(hits: float, n: float) -> str:
    share = hits / n if n else 0.0
    return f"{share:.2%}" if share >= 0.0001 or not hits else "<0.01%"


def _less(row: dict[str, Any]) -> dict[str, Any]:
    """One missing item with its words and expected won."""
    known = load_raw("claimcheck/unlike_words")
    told: dict[str, Any] = {
        "expected": row["expected"],
        "won": row["expected_won"],
        "confidence": round(row["confidence"], 4),
    }
    for lang in ("ko", "en"):
        names = {name: words[lang] for name, words in known["names"].items()}
        facts = {"expected": names.get(row["expected"], row["expected"]), "reason": names.get(row["reason"], row["reason"]), "n": f"{row['support']:,}",
                 "share": f"{row['confidence']:.1%}"}  # fmt: skip
        told[lang] = known["omit"][row["kind"]][lang].format(**facts)
    return told


def open_claims() -> QuerySet[Claim]:
    """Statements that can still be changed and were checked."""
    return Claim.objects.filter(Q(status__in=["draft", "checked", "approved"]), checked_at__isnull=False)
