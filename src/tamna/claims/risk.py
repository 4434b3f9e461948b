"""How likely a statement comes back or is cut (반송·삭감 위험): learnt every night from the hospital's own answers, with a card.

The model sees what is known when a statement is drafted; it is split by time, calibrated, and used only where it told later answers
better than the usual rate. Off or not better: the usual rate stands in its place, and the screen says so. A chance orders work; it never
decides about a person.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Case, Count, ExpressionWrapper, F, FloatField, Q, QuerySet, When

from tamna.claims.models import Claim, ClaimLine, ClaimResponse, Finding, RiskModel
from tamna.claims.studio.ruleset import ruleset
from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.engines.claimcheck.report import scored
from tamna.engines.claimcheck.schema import years_between
from tamna.params import load_raw
from tamna.reception.models import Condition

if TYPE_CHECKING:
    import polars as pl

BACK = ("returned", "impossible", "adjusted")
MOST_ANSWERS = 60_000  # the latest are learnt from
KEPT = 10  # models kept for the record
SURE = 2.0  # standard errors of log loss by which a model must beat the usual rate before it orders anybody's work
ABOUT = (
    "id", "claim_no", "setting", "department__code", "encounter__practitioner__license_no", "payer", "encounter__patient__sex",
    "encounter__patient__birth_on", "encounter__is_first_visit", "encounter__special_case", "encounter__ktas", "first_visit_on", "insurer_won",
    "encounter_id",
)  # fmt: skip
Row = tuple[Any, ...]


def fact(name: str) -> int:
    """A figure of `params/claimcheck/worklist.yaml`."""
    return int(load_raw("claimcheck/worklist")[name]["values"][-1]["value"])


def features(rows: Sequence[Row]) -> "pl.DataFrame":
    """What is known of each statement (rows of ABOUT), as text for the risk engine. Two queries."""
    import polars as pl

    ids, visits = [row[0] for row in rows], [row[13] for row in rows]
    lines: dict[int, list[tuple[str, float, int, date]]] = defaultdict(list)
    found = ClaimLine.objects.filter(claim_id__in=ids).values_list(
        "claim_id", "code", "quantity", "amount_won", "service_at"
    )
    for claim_id, code, quantity, amount, at in found.iterator(chunk_size=20_000):
        lines[claim_id].append((code, float(quantity), amount, at.date()))
    diagnoses: dict[int, list[str]] = defaultdict(list)
    for visit, code in (
        Condition.objects.filter(encounter_id__in=visits).order_by("seq").values_list("encounter_id", "code")
    ):
        diagnoses[visit].append(code)
    return pl.DataFrame([_features(row, lines[row[0]], diagnoses[row[13]]) for row in rows], infer_schema_length=None)


def _features(row: Row, lines: list[tuple[str, float, int, date]], diagnoses: list[str]) -> dict[str, str | None]:
    (_, number, setting, department, doctor, payer, sex, born, first, special, ktas, on, insurer_won, _) = row
    counts = Counter((code, day) for code, _, _, day in lines)
    values: dict[str, Any] = {
        "id": number, "visited_on": on.isoformat(), "setting": setting, "department": department, "doctor": doctor, "payer": payer, "sex": sex,
        "age": years_between(born, on), "first_visit": "1" if first else "0", "special": special, "ktas": ktas, "insurer_won": insurer_won,
        "lines": len(lines), "most": max((line[1] for line in lines), default=0), "dearest_won": max((line[2] for line in lines), default=0),
        "repeated": sum(count > 1 for count in counts.values()), "codes": " ".join(sorted({line[0] for line in lines})),
        "principal": diagnoses[0] if diagnoses else None, "others": " ".join(diagnoses[1:]) or None,
    }  # fmt: skip
    return {name: None if value in (None, "") else str(value) for name, value in values.items()}


def answered() -> tuple[list[Row], list[bool], list[float]]:
    """The latest statements with their first answer: what is known of them, whether they came back, the share lost."""
    results = ClaimResponse.objects.filter(kind="result").exclude(status="held").exclude(claim__kind="supplement")
    latest = results.order_by("-id").values_list("claim_id", "status", "requested_won", "decided_won")[:MOST_ANSWERS]
    first = {claim_id: (status, asked, decided) for claim_id, status, asked, decided in latest}
    rows = list(Claim.objects.filter(pk__in=list(first)).order_by("first_visit_on", "id").values_list(*ABOUT))
    back = [first[row[0]][0] in BACK for row in rows]
    lost = [
        1 - first[row[0]][2] / first[row[0]][1]
        for row, came in zip(rows, back, strict=True)
        if came and first[row[0]][1]
    ]
    return rows, back, lost


def refit() -> RiskModel:
    """Learn anew from every answer (야간 학습) and keep the model with its card. Kept, also when it is not used."""
    import polars as pl

    from tamna.engines.risk import Roles, fit

    rows, back, lost = answered()
    usual = sum(back) / len(back) if back else 0.0
    share = sum(lost) / len(lost) if lost else 0.5
    before = RiskModel.objects.order_by("-id").first()
    kept: dict[str, Any] = {"made_at": clock.now(), "answers": len(rows), "usual": usual, "lost_share": share, "is_on": before.is_on if before else True,
                            "switched_by": before.switched_by if before else ""}  # fmt: skip
    if len(rows) < fact("fewest_answers") or not 30 <= sum(back) <= len(back) - 30:
        made = RiskModel.objects.create(state=RiskModel.State.TOO_LITTLE, card={}, model="", **kept)
    else:
        table = features(rows).with_columns(came_back=pl.Series(["1" if came else "0" for came in back]))
        roles = Roles("came_back", "1", "id", "visited_on", groups=("setting", "department", "sex", "payer"))
        risk = fit(table, roles, sure=SURE)
        state = RiskModel.State.NOT_BETTER if risk.card["reason"] or risk.is_baseline else RiskModel.State.USED
        made = RiskModel.objects.create(
            state=state,
            card=_plain(risk.card),
            model=json.dumps(risk.as_json()) if state == RiskModel.State.USED else "",
            **kept,
        )
    old = RiskModel.objects.order_by("-id").values_list("pk", flat=True)[KEPT : KEPT + 50]
    RiskModel.objects.filter(pk__in=list(old)).delete()
    return made


def _plain(card: Any) -> Any:
    """The card with nothing that names a person's record."""
    return {key: value for key, value in card.items() if key not in ("id",)}


def current() -> RiskModel | None:
    """The newest model without its weights. One query."""
    return RiskModel.objects.defer("model").order_by("-id").first()


_loaded: dict[int, Any] = {}


def _risk(model: RiskModel) -> Any:
    """The learnt risk, read once a process."""
    if model.pk not in _loaded:
        from tamna.engines.risk import Risk

        _loaded.clear()
        _loaded[model.pk] = Risk.of(json.loads(model.model), model.card | {"id": "id"})
    return _loaded[model.pk]


def is_used(model: RiskModel | None) -> bool:
    return model is not None and model.state == RiskModel.State.USED and model.is_on


def chances(claims: QuerySet[Claim]) -> dict[int, tuple[float, list[dict[str, Any]]]]:
    """Claim → chance and reasons; the usual rate without reasons where no model is in use, nothing where none was made."""
    model = current()
    if model is None:
        return {}
    rows = list(claims.values_list(*ABOUT))
    if not rows or not is_used(model):
        return {row[0]: (model.usual, []) for row in rows}
    told = _risk(model).predict(features(rows))
    return {
        row[0]: (one.probability, [{**reason.as_json(), **_said(reason)} for reason in one.reasons])
        for row, one in zip(rows, told, strict=True)
    }


def worth(claim: Claim, chance: float, lost_share: float) -> int:
    """Won expected to be lost as it stands (기대 손실액): all of it where it would come back, else what rules found and the chance of the rest."""
    lost = {
        severity: float(load_raw("claimcheck/score")[f"lost_by_{severity}"]["values"][-1]["value"])
        for severity in ("reject", "adjust")
    }
    if claim.rejects:
        return round(claim.insurer_won * lost["reject"])
    return round(min(claim.insurer_won, claim.risk_won * lost["adjust"] + claim.insurer_won * chance * lost_share))


def urgency(due_on: date | None, today: date) -> int:
    """2: due today or late, 1: within the pressing days, 0: later."""
    if due_on is None:
        return 0
    left = (due_on - today).days
    return 2 if left <= 0 else 1 if left <= fact("pressing_days") else 0


def weigh(claims: QuerySet[Claim]) -> int:
    """Write chance, reasons, score, worth and urgency of open statements (위험 평가). Returns how many."""
    model, told = current(), chances(claims)
    rows = list(claims.prefetch_related("findings"))
    today, known = clock.today(), ruleset().by_id
    for claim in rows:
        chance, reasons = told.get(claim.pk, (None, []))
        claim.chance, claim.chance_reasons = chance, reasons
        claim.worth_won = worth(claim, chance or 0.0, model.lost_share if model else 0.5)
        claim.urgency = urgency(claim.due_on, today)
        claim.score = score(claim, [row for row in claim.findings.all() if row.state == "open"], known)[0]
    Claim.objects.bulk_update(rows, ["chance", "chance_reasons", "worth_won", "urgency", "score"], batch_size=500)
    return len(rows)


Part = tuple[str, int, list[Finding]]
PARTS = {
    "form": ("F01", "F02", "F05", "F06", "F11", "F12", "F13", "F14", "F16", "F19", "F20", "F21", "F22", "F23"),
    "diagnoses": ("F03", "F17", "F18", "F04", "A02"),
    "codes": ("F07", "F08", "F09", "A11", "A12", "A15", "A16", "A17", "A36"),
    "notes": ("F10",),
}


def score(claim: Claim, findings: Sequence[Finding], known: Mapping[str, Any] | None = None) -> tuple[int, list[Part]]:
    """Completeness (청구 완성도): 100 × the parts' shares × the chance that answers alone would pay it. With the parts.

    The chance learnt from answers already holds what rules find on the usual statement, so it counts only where none found anything.
    """
    parts: dict[str, list[Finding]] = {**{name: [] for name in PARTS}, "criteria": []}
    known = ruleset().by_id if known is None else known
    for finding in findings:
        reason = known[finding.rule_id].reason if finding.rule_id in known else ""
        parts[next((name for name, codes in PARTS.items() if reason in codes), "criteria")].append(finding)
    shares: list[Part] = [(name, scored(row.severity for row in rows), rows) for name, rows in parts.items()]
    kept = 1.0
    for _, share, _ in shares:
        kept *= share / 100
    learnt = 1 - (claim.chance or 0.0) if not any(row.severity != "warn" for row in findings) else 1.0
    return round(100 * kept * learnt), shares


def _said(reason: Any) -> dict[str, str]:
    """A reason in both languages, kept beside it: screens load no learner."""
    columns = load_raw("claimcheck/risk_words")["columns"]
    return {lang: reason.said(lang, {name: words[lang] for name, words in columns.items()}) for lang in ("ko", "en")}


def switch(*, on: bool, by: Actor) -> None:
    """Use the learnt chances, or the usual rate (사용·중지). Open statements are weighed anew by the next job."""
    model = RiskModel.objects.defer("model").order_by("-id").first()
    if model is None or model.is_on == on:
        return
    RiskModel.objects.filter(pk=model.pk).update(is_on=on, switched_by=by.name)
    audit.note("risk.switched", by=by, subject_type="risk", subject_id=str(model.pk), detail={"on": on})


def since_used(days: int = 60) -> dict[str, Any]:
    """What was told of statements and what became of them (사후 확인), of those answered lately. One query."""
    told = ClaimResponse.objects.filter(
        kind="result", decided_on__gte=clock.today() - timedelta(days=days), claim__chance__isnull=False
    )
    seen = Case(When(status__in=BACK, then=1.0), default=0.0, output_field=FloatField())
    gap = ExpressionWrapper(F("claim__chance") - seen, output_field=FloatField())
    found: dict[str, Any] = told.annotate(gap=gap).aggregate(
        n=Count("id"), told=Avg("claim__chance"), back=Count("id", Q(status__in=BACK)),
        error=Avg(ExpressionWrapper(F("gap") * F("gap"), output_field=FloatField())),
    )  # fmt: skip
    return found
