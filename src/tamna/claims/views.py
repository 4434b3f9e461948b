"""Screens of claims: worklist, claim, batches, answers."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.claims import effect, risk, selectors, services, similar
from tamna.claims.coding import services as coding
from tamna.claims.lists import ANSWERS, BATCHES, WORKLIST
from tamna.claims.models import Claim, ClaimResponse, Finding
from tamna.claims.submission.views import beside, kinds
from tamna.claims.words import PART_NAMES, reason_name, source_name
from tamna.core import audit, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.format import language, number, won
from tamna.params import load_raw
from tamna.reception.diagnoses import name_of


@needs("claims.see")
def worklist(request: HttpRequest) -> HttpResponse:
    """What needs a person: due first, then most expected loss; above it what can be done today."""
    counts = selectors.counts()
    context = {
        "counts": counts,
        "today": selectors.of_today(),
        "states": [(key, Claim.Status(key).label, counts.get(key, 0)) for key in selectors.WORKLIST],
    }
    return lists.show(request, WORKLIST, selectors.worklist(), "claims/worklist.html", context)


@needs("claims.see")
def detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    claim = get_object_or_404(
        Claim.objects.select_related(
            "encounter__patient", "department", "batch", "encounter__practitioner", "previous"
        ),
        public_id=public_id,
    )
    findings = list(claim.findings.order_by("state", "-won_at_risk", "id"))
    by_line: dict[int | None, list[Finding]] = {}
    for finding in findings:
        by_line.setdefault(finding.line_no, []).append(finding)
    audit.note(
        "claim.seen",
        by=Actor.of(request),
        subject_type="claim",
        subject_id=claim.public_id,
        patient_ref=claim.encounter.patient.public_id,
    )
    conditions = list(claim.encounter.conditions.order_by("seq"))
    context: dict[str, Any] = {
        "claim": claim, "suggested": coding.shown(claim.encounter, {row.code for row in conditions}), "name_of": partial(name_of, lang=language()), "lines": claim.lines.select_related("charge").order_by("line_no"), "findings": findings, "by_line": by_line,
        "conditions": [(row, name_of(row.code, language())) for row in conditions], "responses": claim.responses.order_by("id"),
        **beside(claim), "is_open": claim.status in services.OPEN, "next": selectors.next_after(claim), "source_name": source_name, "fixable": [row for row in findings if row.fix and row.state == "open"],
    }  # fmt: skip
    return render(request, "claims/claim.html", context)


def _back(claim: Claim) -> HttpResponse:
    return redirect("claims:claim", public_id=claim.public_id)


@needs("claims.see")
def why_score(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Why this score and this chance: the parts, what was found in each, and what was learnt from answers."""
    claim = get_object_or_404(Claim, public_id=public_id)
    korean = language() == "ko"
    found, parts = risk.score(claim, list(claim.findings.filter(state="open")))
    steps: list[dict[str, Any]] = [
        {"label": _(PART_NAMES[name]), "value": f"{share} / 100",
         "formula": "; ".join(f"{row.rule_id} {row.message_ko if korean else row.message_en}" for row in rows) or _("Nothing was found.")}
        for name, share, rows in parts
    ]  # fmt: skip
    if claim.chance is not None:
        reasons = "; ".join(row["ko" if korean else "en"] for row in claim.chance_reasons) or _(
            "The usual rate: nothing speaks for or against it."
        )
        steps.append(
            {"label": _("Chance to come back, learnt from answers"), "value": f"{claim.chance:.1%}", "formula": reasons}
        )
    steps.append(
        {
            "label": _("Expected loss"),
            "value": won(claim.worth_won),
            "formula": _("What rules found, and the learnt chance of the rest"),
        }
    )
    return render(request, "claims/why.html", {"claim": claim, "steps": steps, "score": found})


@needs("claims.see")
def similar_claims(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How claims of the same department, setting and disease ended in the half year before."""
    claim = get_object_or_404(Claim.objects.select_related("encounter"), public_id=public_id)
    found = similar.of(claim)
    steps = [
        {"label": f"{_(end.status)} {end.reason}".strip(), "value": number(end.count),
         "formula": " · ".join(filter(None, (reason_name(end.reason), _("%(won)s not granted") % {"won": won(end.lost_won)} if end.lost_won else "")))}
        for end in (found.ends if found else [])
    ]  # fmt: skip
    if found:
        steps.insert(0, {"label": _("Alike"), "value": f"{found.disease} {name_of(found.disease, language())}".strip(), "formula": _("same department, setting and disease (three letters), half a year before")})  # fmt: skip
    return render(
        request,
        "claims/similar.html",
        {"claim": claim, "steps": steps, "shown": number(found.answered) if found else "–"},
    )


@needs("claims.see")
def risk_card(request: HttpRequest) -> HttpResponse:
    """The data card of the learnt risk: from what, how well beside the usual rate, for whom, and its switch."""
    model = risk.current()
    card: dict[str, Any] = model.card if model else {}
    tested: dict[str, Any] = card.get("backtest") or {}
    names = {
        name: words["ko" if language() == "ko" else "en"]
        for name, words in load_raw("claimcheck/risk_words")["columns"].items()
    }
    context = {
        "model": model,
        "card": card,
        "tested": tested,
        "names": names,
        "live": risk.since_used(),
        "is_used": risk.is_used(model),
    }
    return render(request, "claims/risk.html", context)


@needs("claims.see")
def effect_page(request: HttpRequest) -> HttpResponse:
    """Before and after, with a comparison group and intervals."""
    context = {"effects": effect.effects(), "fewest": effect.FEWEST, "reason_name": reason_name}
    return render(request, "claims/effect.html", context)


@require_POST
@needs("claims.submit")
def switch_risk(request: HttpRequest) -> HttpResponse:
    from tamna.claims.tasks import weigh_open

    risk.switch(on=request.POST.get("on") == "1", by=Actor.of(request))
    weigh_open.defer()
    return redirect("claims:risk")


@require_POST
@needs("claims.work")
def fix(request: HttpRequest, finding_id: int) -> HttpResponse:
    return _back(services.apply_fix(finding_id=finding_id, by=Actor.of(request)))


@require_POST
@needs("claims.work")
def fix_all(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every verified fix of a claim, one after the other; each is checked again."""
    claim = get_object_or_404(Claim, public_id=public_id)
    for _round in range(10):
        finding = claim.findings.filter(state="open", fix__isnull=False).order_by("id").first()
        if finding is None:
            break
        services.apply_fix(finding_id=finding.pk, by=Actor.of(request))
    return _back(claim)


@require_POST
@needs("claims.work")
def accept(request: HttpRequest, finding_id: int) -> HttpResponse:
    return _back(
        services.accept_finding(finding_id=finding_id, reason=request.POST.get("reason", ""), by=Actor.of(request))
    )


@require_POST
@needs("claims.work")
def check(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _back(services.check(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request)))


@require_POST
@needs("claims.work")
def write_note(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Keep words of the chart, from which codes are suggested."""
    claim = get_object_or_404(Claim, public_id=public_id)
    coding.write_note(encounter_id=claim.encounter_id, text=request.POST.get("text", ""), by=Actor.of(request))
    return _back(claim)


@require_POST
@needs("claims.work")
def approve(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _back(services.approve(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request)))


@require_POST
@needs("claims.work")
def reopen(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _back(
        services.reopen_returned(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request))
    )


@needs("claims.see")
def batches(request: HttpRequest) -> HttpResponse:
    return lists.show(request, BATCHES, selectors.batches(), "claims/batches.html", {"kinds": kinds()})


@needs("claims.see")
def answers(request: HttpRequest) -> HttpResponse:
    return lists.show(request, ANSWERS, selectors.answers(), "claims/answers.html")


@require_POST
@needs("claims.work")
def accept_cut(request: HttpRequest, response_id: int) -> HttpResponse:
    services.accept_cut(response_id=get_object_or_404(ClaimResponse, pk=response_id).pk, by=Actor.of(request))
    return redirect("claims:answers")
