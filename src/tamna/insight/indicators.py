"""What is counted (지표 정의): key, names, formula. One place; screens, handlers and the rebuild read it."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop as noop


@dataclass(frozen=True)
class Indicator:
    """An indicator of a day: `value` and `count`, so that means are exact."""

    key: str
    title: str
    formula: str
    rebuild: str  # SQL over facts: business_on, department code, value, count


VISITS = Indicator(
    "visits", noop("Visits"), noop("received patients"),
    """SELECT e.business_on, d.code, count(*), count(*) FROM reception_encounter e JOIN core_department d ON d.id = e.department_id
       WHERE e.status <> 'cancelled' AND NOT e.is_imported AND e.business_on BETWEEN %s AND %s GROUP BY 1, 2""",
)  # fmt: skip
WAITS = Indicator(
    "wait_s", noop("Waiting time"), noop("seconds from ticket to call"),
    """SELECT t.business_on, d.code, sum(extract(epoch FROM t.entered_at - t.issued_at))::bigint, count(*)
       FROM reception_ticket t JOIN core_department d ON d.id = t.department_id
       WHERE t.entered_at IS NOT NULL AND t.business_on BETWEEN %s AND %s GROUP BY 1, 2""",
)  # fmt: skip
BILLED = Indicator(
    "billed_won", noop("Billed"), noop("totals of bills"),
    """SELECT i.business_on, d.code, sum(i.total_won)::bigint, count(*) FROM billing_invoice i
       JOIN reception_encounter e ON e.id = i.encounter_id JOIN core_department d ON d.id = e.department_id
       WHERE i.business_on BETWEEN %s AND %s GROUP BY 1, 2""",
)  # fmt: skip
UNCOLLECTED = ("payer", "writeoff")  # a third payer owes it, or it was given up: nothing was collected
PAID = Indicator(
    "paid_won", noop("Collected"), noop("payments less refunds"),
    """SELECT p.business_on, d.code, sum(p.amount_won)::bigint, count(*) FROM billing_payment p
       JOIN billing_invoice i ON i.id = p.invoice_id JOIN reception_encounter e ON e.id = i.encounter_id
       JOIN core_department d ON d.id = e.department_id WHERE p.business_on BETWEEN %s AND %s
         AND p.tender NOT IN ('payer', 'writeoff') GROUP BY 1, 2""",
)  # fmt: skip
INDICATORS = (VISITS, WAITS, BILLED, PAID)
