"""Claims in the search box and on a visit's timeline."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tamna.claims.models import Batch, Claim
from tamna.core.search import Hit, provider
from tamna.patients.timeline import Entry, source


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
    for claim in Claim.objects.filter(encounter_id=encounter_id).select_related("batch").order_by("id"):
        url, subject = reverse("claims:claim", args=[claim.public_id]), ("claim", str(claim.public_id))
        yield Entry(
            claim.made_at,
            20,
            _("Claim"),
            _("Claim %(number)s drafted") % {"number": claim.claim_no},
            f"{claim.insurer_won:,}",
            url,
            subject,
        )
        if claim.checked_at:
            findings = list(claim.findings.order_by("id"))
            why = [
                {"label": row.rule_id, "value": row.won_at_risk, "formula": row.message_ko, "inputs": {}, "facts": []}
                for row in findings
            ]
            yield Entry(claim.checked_at, 21, _("Pre-check"), _("%(count)s findings") % {"count": len(findings)},
                        _("Score %(score)s") % {"score": claim.score}, url, subject, why, "amber" if claim.rejects else "green")  # fmt: skip
        if claim.batch:
            yield Entry(claim.batch.made_at, 22, _("Batch"), claim.batch.batch_no, claim.batch.receipt_no,
                        reverse("claims:batch", args=[claim.batch.public_id]), ("batch", str(claim.batch.public_id)))  # fmt: skip
        for response in claim.responses.order_by("id"):
            tone = {"full": "green", "paid": "green", "adjusted": "amber"}.get(response.status, "red")
            yield Entry(
                response.received_at,
                23,
                _("Answer"),
                _(response.status),
                f"{response.decided_won:,} {response.reason_code}",
                url,
                subject,
                tone=tone,
            )
