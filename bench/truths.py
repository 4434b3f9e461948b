"""What must be true after any crash, asked of the database through the product's own models. Prints JSON.

Run as a process of its own with the data folder's environment: python -m bench.truths
"""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")


def truths() -> dict[str, int]:
    """Fault → how many; every number must be 0."""
    import django

    django.setup()
    from django.db.models import Count, F, Max, Min, Q, Sum

    from tamna.billing.models import Invoice, Payment
    from tamna.claims.models import Claim, ClaimResponse
    from tamna.core import audit
    from tamna.core.models import DeadLetter
    from tamna.ledger.models import JournalEntry, JournalLine
    from tamna.reception.models import Encounter, ServiceRequest, Ticket

    def many(rows) -> int:  # type: ignore[no-untyped-def]
        return int(rows.count())

    receipts = Payment.objects.aggregate(low=Min("receipt_no"), high=Max("receipt_no"), many=Count("id"))
    entries = JournalEntry.objects.aggregate(low=Min("number"), high=Max("number"), many=Count("id"))
    audit.seal()
    verdict = audit.verify()
    active = Ticket.objects.filter(status__in=Ticket.ACTIVE).values("encounter").annotate(n=Count("id"))
    return {
        "visits with two active tickets": many(active.filter(n__gt=1)),
        "visits without any ticket": many(
            Encounter.objects.filter(setting="outpatient", status="arrived", tickets__isnull=True)
        ),
        "bills paid more than they ask": many(
            Invoice.objects.filter(patient_won__gte=0, paid_won__gt=F("patient_won"))
        ),
        "bills whose payments do not add up": many(
            Invoice.objects.annotate(taken=Sum("payments__amount_won")).exclude(
                Q(taken=F("paid_won")) | Q(taken__isnull=True, paid_won=0)
            )
        ),
        "gaps in the receipt numbers": _gap(receipts),
        "gaps in the journal numbers": _gap(entries),
        "journal entries that do not balance": many(
            JournalLine.objects.values("entry")
            .annotate(debit=Sum("debit_won"), credit=Sum("credit_won"))
            .exclude(debit=F("credit"))
        ),
        "payments without a journal entry": many(
            Payment.objects.exclude(
                public_id__in=JournalEntry.objects.filter(source_type="payment").values("source_ref")
            ).filter(invoice__is_synthetic=True)
        ),
        "orders charged twice": many(
            ServiceRequest.objects.values("placer_number").annotate(n=Count("id")).filter(n__gt=1)
        ),
        "visits claimed twice": many(
            Claim.objects.filter(kind="original").values("encounter").annotate(n=Count("id")).filter(n__gt=1)
        ),
        "answers taken twice": many(
            ClaimResponse.objects.values("claim", "status").annotate(n=Count("id")).filter(n__gt=1)
        ),
        "dead letters": many(DeadLetter.objects.filter(solved_at__isnull=True)),
        "audit chain broken": 0 if verdict.ok else 1,
    }


def _gap(numbers: dict[str, int | None]) -> int:
    low, high, count = numbers["low"], numbers["high"], numbers["many"]
    return 0 if low is None or high is None or count is None else high - low + 1 - count


def waiting() -> int:
    """Events that some handler has still to take."""
    import django

    django.setup()
    from django.apps import apps

    from tamna.core import outbox
    from tamna.core.models import Subscription

    assert apps.ready
    left = 0
    for listener in outbox.listeners().values():
        position = Subscription.objects.filter(handler=listener.key).first()
        if position is not None and outbox._waiting(listener, position, 1):
            left += 1
    return left


def main() -> int:
    found = {"waiting": waiting()} if "--waiting" in sys.argv else truths()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
