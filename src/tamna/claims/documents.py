"""A claim as a document (청구 명세서): what the rules check and what the agency receives. Columns follow `tamna check`."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from tamna.claims.models import Claim, ClaimLine
from tamna.core import clock
from tamna.core.models import Hospital
from tamna.engines.claimcheck.schema import years_between
from tamna.reception.models import Condition

INSURER_KIND = {
    "nhi": "4", "near_poor_1": "4", "near_poor_2": "4", "medical_aid_1": "5", "medical_aid_2": "5", "veteran": "7",
    "auto": "8", "industrial": "9",
}  # fmt: skip
NEAR_POOR = {"near_poor_1": "1", "near_poor_2": "2"}
REDUCTION = {"near_poor_1": "C", "near_poor_2": "E"}  # 공상등구분; the insurer does not tell E from F (disabled) [?]
FORM = {"inpatient": "H010", "outpatient": "H011", "emergency": "H011"}
BENEFIT_KIND = {"full_self": "full_self", "non_covered": "full_self"}


PARTS = (
    "department", "encounter__patient", "encounter__coverage", "encounter__practitioner",
    Prefetch("encounter__conditions", Condition.objects.order_by("seq")),
    Prefetch("lines", ClaimLine.objects.select_related("charge").order_by("line_no")),
)  # fmt: skip


def of(claim: Claim) -> dict[str, Any]:
    """The whole document of one statement."""
    return of_many([claim])[0]


def of_many(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Whole documents. Personal data stays out: the person is a pseudonym. Seven queries however many they are."""
    prefetch_related_objects(claims, *PARTS)
    hospital = Hospital.objects.first()
    return [_whole(claim, hospital) for claim in claims]


def _whole(claim: Claim, hospital: Hospital | None) -> dict[str, Any]:
    visit = claim.encounter
    patient, coverage = visit.patient, visit.coverage
    conditions, lines = list(visit.conditions.all()), list(claim.lines.all())
    last = visit.discharged_on or visit.business_on
    return {
        "claim": {
            "claim_id": claim.claim_no,
            "claim_kind": claim.kind,
            "claim_type": "ffs",
            "form_code": FORM[claim.setting],
            "insurer_kind": claim.insurer_kind,
            "aid_type": claim.payer[-1] if claim.insurer_kind == "5" else None,
            "near_poor": NEAR_POOR.get(claim.payer),
            "official_injury": REDUCTION.get(claim.payer),
            "copay_code": REDUCTION.get(claim.payer),
            "institution_id": hospital.institution_id if hospital else "",
            "institution_class": hospital.institution_class if hospital else "general",
            "area": hospital.area if hospital else "dong",
            "setting": claim.setting,
            "department": claim.department.code,
            "patient_ref": str(patient.public_id),
            "card_no": (coverage.card_no or None) if coverage else None,
            "birth_date": patient.birth_on.isoformat(),
            "sex": patient.sex,
            "first_visit_on": claim.first_visit_on.isoformat(),
            "last_service_on": last.isoformat(),
            "claim_on": clock.today().isoformat(),
            "admitted_on": visit.admitted_on.isoformat() if visit.admitted_on else None,
            "discharged_on": visit.discharged_on.isoformat() if visit.discharged_on else None,
            "result_code": "9" if claim.setting == "inpatient" else "1",
            "visit_days": max(1, (last - claim.first_visit_on).days) if visit.admitted_on else 1,
            "stay_days": max(1, (last - visit.admitted_on).days) if visit.admitted_on else None,
            "doctor_license": visit.practitioner.license_no if visit.practitioner else None,
            "license_kind": visit.practitioner.license_kind if visit.practitioner else None,
            "special_code": visit.special_case or None,
            "special_registered": bool(visit.special_case),
            "special_valid_to": _iso(coverage.special_to if coverage else None),
            "registered_code": (coverage.special_case or None) if coverage else None,
            "eligible_on_first_day": coverage is not None and not coverage.benefit_stopped,
            "benefit_stopped": bool(coverage and coverage.benefit_stopped),
            "ktas": visit.ktas,
            "arrived_by_er": claim.setting == "emergency",
            "total_amount": claim.total_won,
            "patient_share": claim.patient_won,
            "insurer_share": claim.insurer_won,
        },
        "lines": [_line(line) for line in lines],
        "diagnoses": [
            {"seq": row.seq, "kind": row.kind, "code": row.code, "onset_on": _iso(row.onset_on),
             "department": claim.department.code}
            for row in conditions
        ],
        "notes": [
            {"unit": "line", "line_no": line.line_no, "code": line.note_code, "text": line.note_text}
            for line in lines
            if line.note_code
        ],
    }  # fmt: skip


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _add_ons(line: ClaimLine) -> dict[str, Any]:
    """The add-ons inside a unit price (가산), as the price's own steps say; the rate is the class add-on's alone."""
    steps = {step["label"]: step for step in (line.charge.steps if line.charge else [])}
    day = line.service_at.astimezone(clock.SEOUL).date()  # the same step is the add-on of anaesthesia from 70 years
    by_class = steps.get("price.class_add_on", {}).get("value", 0)
    return {
        "add_on_rate": float(by_class),
        "night_add_on": "price.night" in steps,
        "child_add_on": "price.age" in steps and years_between(line.claim.encounter.patient.birth_on, day) < 6,
    }


def _line(line: ClaimLine) -> dict[str, Any]:
    at = line.service_at.astimezone(clock.SEOUL)
    selective = line.benefit.startswith("selective")
    return {
        "line_no": line.line_no,
        "item_class": line.item_class,
        "item_sub": line.item_sub,
        "code_kind": line.code_kind,
        "code": line.code,
        "service_on": at.date().isoformat(),
        "service_at": at.strftime("%Y-%m-%dT%H:%M"),
        "unit_price": line.unit_won,
        "dose": float(line.dose),
        "times_per_day": float(line.times_per_day),
        "days": line.days,
        "quantity": float(line.quantity),
        "amount": line.amount_won,
        **_add_ons(line),
        "copay_kind": "selective" if selective else BENEFIT_KIND.get(line.benefit, "partial"),
        "selective_rate": int(line.benefit.removeprefix("selective")) if selective else None,
        "note_code": line.note_code or None,
        "note_text": line.note_text or None,
    }
