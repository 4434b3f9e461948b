"""Claims in the search box and on a visit's timeline."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tamna.claims.models import Batch, Claim, ClaimResponse, EarlyFinding
from tamna.claims.words import reason_name, source_name
from tamna.core.format import day, language, won
from tamna.core.search import Hit, provider
from tamna.patients.timeline import Entry, Figure, figures, source, step


@provider("claims", "claims.see")
def find(words: str, limit: int, user: Any) -> Iterator[Hit]:
    if not any(letter.isdigit() for letter in words):
        return
    for claim in Claim.objects.filter(claim_no__startswith=words)[:limit]:
        yield Hit(
            _("Claims"), claim.claim_no, claim.get_status_display(), reverse("claims:claim", args=[claim.public_id])
        )
    for batch in Batch.objects.filter(batch_no__startswith=words)[:limit]:
        yield Hit(
            _("Batches"), batch.batch_no, batch.get_status_display(), reverse("claims:batch", args=[batch.public_id])
        )


@source
def claim_entries(encounter_id: int) -> Iterator[Entry]:
    rows = Claim.objects.filter(encounter_id=encounter_id).select_related("batch")
    for claim in rows.prefetch_related("findings", "responses", "lines").order_by("id"):
        url, subject = reverse("claims:claim", args=[claim.public_id]), ("claim", str(claim.public_id))
        why = [step(_("Total"), won(claim.total_won), ngettext("%(count)s line; below 10 won is cut", "%(count)s lines; below 10 won is cut", len(claim.lines.all())) % {"count": len(claim.lines.all())}),
               step(_("Patient"), won(claim.patient_won)), step(_("Claimed"), won(claim.insurer_won), "", "국민건강보험법 제47조"),
               step(_("Due"), day(claim.due_on))]  # fmt: skip
        yield Entry(claim.made_at, 20, _("Claim"), _("Claim %(number)s drafted") % {"number": claim.claim_no}, won(claim.insurer_won),
                    url, subject, why, icon="paper")  # fmt: skip
        if claim.checked_at:
            yield _checked(claim, url, subject)
        if claim.batch:
            yield _batched(claim.batch)
        for response in claim.responses.all():
            yield _answered(response, url, subject)


@source
def early_entries(encounter_id: int) -> Iterator[Entry]:
    """What the rules said at an order or at discharge, until the statement speaks for itself."""
    rows = EarlyFinding.objects.filter(encounter_id=encounter_id).select_related("order", "encounter").order_by("id")
    for row in rows:
        message = row.message_ko if language() == "ko" else row.message_en
        why = [step(row.rule_id, won(row.won_at_risk), message, source_name(row.source))]
        if row.order:
            why.append(step(_("Ordered item"), row.order.code, row.order.name))
        tone = "" if row.gone_at else "red" if row.severity == "reject" else "amber"
        detail = f"{row.rule_id} · {_('no longer found')}" if row.gone_at else f"{row.rule_id} · {won(row.won_at_risk)}"
        yield Entry(row.found_at, 13, str(EarlyFinding.Stage(row.stage).label), message, detail, reverse("claims:rule", args=[row.rule_id]),
                    ("encounter", str(row.encounter.public_id)), why, tone, icon="shield")  # fmt: skip


def _checked(claim: Claim, url: str, subject: tuple[str, str]) -> Entry:
    findings = sorted(claim.findings.all(), key=lambda row: row.pk)
    why = [
        step(
            row.rule_id,
            won(row.won_at_risk),
            row.message_ko if language() == "ko" else row.message_en,
            source_name(row.source),
        )
        for row in findings
    ]
    why = why or [step(_("Rules"), claim.rules_version, _("No rule that could be judged found a fault."))]
    return Entry(claim.checked_at, 21, _("Pre-check"), ngettext("%(count)s finding", "%(count)s findings", len(findings)) % {"count": len(findings)} if findings else _("No findings"),
                 _("Score %(score)s") % {"score": claim.score}, url, subject, why, "amber" if claim.rejects or claim.adjusts else "green",
                 icon="shield")  # fmt: skip


def _batched(batch: Batch) -> Entry:
    why = [step(_("Month of care"), batch.care_month), step(_("Statements"), str(batch.statements)),
           step(_("Claimed"), won(batch.insurer_won)), step(_("Receipt"), batch.receipt_no or "–", batch.sha256[:16])]  # fmt: skip
    detail = f"{_('Receipt')} {batch.receipt_no}" if batch.receipt_no else _("not received yet")
    return Entry(batch.made_at, 22, _("Batch"), batch.batch_no, detail, reverse("claims:batch", args=[batch.public_id]),
                 ("batch", str(batch.public_id)), why, icon="send")  # fmt: skip


def _answered(response: ClaimResponse, url: str, subject: tuple[str, str]) -> Entry:
    cut = response.requested_won - response.decided_won
    why = [
        step(_("Asked"), won(response.requested_won)),
        step(_("Decided"), won(response.decided_won), day(response.decided_on)),
    ]
    if cut or response.reason_code:
        why.append(
            step(_("Reason"), response.reason_code or "–", reason_name(response.reason_code) or response.reason_text)
        )
    why += [
        step(_("line %(line)s") % {"line": row.get("line_no", "–")}, row.get("reason", "")) for row in response.lines
    ]
    tone = {"full": "green", "paid": "green", "adjusted": "amber"}.get(response.status, "red")
    kind = _("Answer") if response.kind == "result" else _("Insurer's payment")
    return Entry(response.received_at, 23, kind, _(response.status), " ".join(filter(None, (won(response.decided_won), response.reason_code))),
                 url, subject, why, tone, icon="eye" if response.kind == "result" else "coins")  # fmt: skip


@figures
def claim_figures(encounter_id: int) -> Iterator[Figure]:
    for claim in Claim.objects.filter(encounter_id=encounter_id).order_by("id"):
        yield Figure(_("Claim"), str(claim.get_status_display()), reverse("claims:claim", args=[claim.public_id]))
