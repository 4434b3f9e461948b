"""What a person changes by hand on a visit: a charge, the payer. Old bills stay; money comes out to the won."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from tamna.billing import cards
from tamna.billing import services as billing
from tamna.billing.models import Payment
from tamna.claims.models import Claim
from tamna.core import outbox
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry
from tamna.ledger.models import JournalEntry, JournalLine
from tamna.reception import services as reception
from tests.integration.test_flow import patient, visit  # noqa: F401  (a fixture and a way through the hospital)

pytestmark = pytest.mark.django_db(transaction=True)


def owed(encounter):
    sums = encounter.invoices.aggregate(patient=Sum("patient_won"), paid=Sum("paid_won"))
    return sums["patient"] - sums["paid"]


def enter(encounter, clerk, code="ZL001", key="a", **more):
    fields = {"quantity": Decimal(1), "days": 1, "reason": "의사 확인", **more}
    return billing.enter_charge(encounter_id=encounter.pk, code=code, key=key, by=clerk, **fields)


def test_a_charge_by_hand_makes_a_difference_bill_once(patient, clerk):  # noqa: F811
    encounter = visit(patient, clerk)
    first = encounter.invoices.get()
    enter(encounter, clerk, "G2101")
    enter(encounter, clerk, "G2101")  # the same key: a double click
    outbox.deliver_all()
    old, new = encounter.invoices.order_by("seq")
    assert (old.total_won, old.patient_won) == (first.total_won, first.patient_won)
    assert new.kind == "difference" and new.total_won > 0
    assert AuditEntry.objects.filter(action="charge.entered", reason="의사 확인").count() == 1
    assert {line.code for line in Claim.objects.get(encounter=encounter).lines.all()} >= {"G2101"}


@pytest.mark.parametrize(
    ("wrong", "key"),
    [({"reason": " "}, "charge_reason"), ({"quantity": Decimal(0)}, "bad_quantity"), ({"quantity": Decimal("NaN")}, "bad_quantity"),
     ({"days": 0}, "bad_quantity"), ({"code": "ZZZZ9"}, "unknown_code")],
)  # fmt: skip
def test_a_bad_charge_is_refused_and_nothing_is_added(patient, clerk, wrong, key):  # noqa: F811
    encounter = visit(patient, clerk)
    with pytest.raises(DomainError) as refused:
        enter(encounter, clerk, **wrong)
    assert refused.value.key == f"billing.{key}"
    assert encounter.charges.count() == 2 and encounter.invoices.count() == 1


def test_what_was_paid_for_a_charge_taken_off_goes_back_the_way_it_came(patient, clerk):  # noqa: F811
    encounter = visit(patient, clerk)
    bill = encounter.invoices.get()
    billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="k", by=clerk)
    billing.cancel_charge(charge_id=encounter.charges.get(code="ZL001").pk, reason="잘못 입력", by=clerk)
    difference = encounter.invoices.get(seq=2)
    assert difference.patient_won < 0 and owed(encounter) == difference.patient_won
    assert cards.give_back(bill=difference, reason="환급", key="g", by=clerk) == -difference.patient_won
    assert owed(encounter) == 0
    back = Payment.objects.get(invoice=difference)
    assert (back.tender, back.amount_won, back.refund_of.key) == ("cash", difference.patient_won, "k")
    difference.refresh_from_db()
    with pytest.raises(DomainError):
        cards.give_back(bill=difference, reason="환급", key="g", by=clerk)
    outbox.deliver_all()
    sums = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    assert sums["debit"] == sums["credit"]


def test_what_was_not_paid_is_set_off_and_no_money_moves(patient, clerk):  # noqa: F811
    encounter = visit(patient, clerk)
    bill = encounter.invoices.get()
    billing.cancel_charge(charge_id=encounter.charges.get(code="ZL001").pk, reason="잘못 입력", by=clerk)
    difference = encounter.invoices.get(seq=2)
    cards.give_back(bill=difference, reason="상계", key="g", by=clerk)
    bill.refresh_from_db()
    assert billing.due_won(bill) == bill.patient_won + difference.patient_won == owed(encounter)
    assert {row.tender for row in Payment.objects.all()} == {"set_off"}
    billing.record_payment(invoice_id=bill.pk, amount_won=owed(encounter), tender="cash", key="rest", by=clerk)
    assert owed(encounter) == 0
    outbox.deliver_all()
    paid = JournalEntry.objects.filter(source_type="payment")
    assert paid.count() == 3
    with pytest.raises(DomainError):
        billing.record_payment(invoice_id=bill.pk, amount_won=1, tender="set_off", key="no", by=clerk)


def test_another_payer_reprices_the_visit_and_withdraws_the_claim(patient, clerk):  # noqa: F811
    encounter = visit(patient, clerk)
    bill = encounter.invoices.get()
    reception.change_payer(
        encounter_id=encounter.pk, payer="self", special_case="", reason="관광객, 자격 없음", by=clerk
    )
    outbox.deliver_all()
    totals = encounter.invoices.aggregate(
        total=Sum("total_won"), patient=Sum("patient_won"), insurer=Sum("insurer_won")
    )
    assert totals["insurer"] == 0 and totals["patient"] == totals["total"]
    assert encounter.invoices.get(seq=1).total_won == bill.total_won
    assert Claim.objects.get(encounter=encounter).status == "withdrawn"
    reception.change_payer(encounter_id=encounter.pk, payer="nhi", special_case="", reason="자격 확인", by=clerk)
    outbox.deliver_all()
    again = encounter.invoices.aggregate(total=Sum("total_won"), patient=Sum("patient_won"))
    assert again == {"total": bill.total_won, "patient": bill.patient_won}
    claim = Claim.objects.get(encounter=encounter)
    assert claim.status in ("approved", "checked") and claim.insurer_kind == "4"
    assert encounter.orders.get().charge.status == "billed"  # the order keeps one living charge
    assert {entry.reason for entry in AuditEntry.objects.filter(action="encounter.payer_changed")} == {
        "관광객, 자격 없음", "자격 확인",
    }  # fmt: skip


def test_the_cashier_does_it_on_screen(client, user_of, patient, clerk):  # noqa: F811
    encounter = visit(patient, clerk)
    client.force_login(user_of("cashier"))
    address = f"/billing/visits/{encounter.public_id}"
    page = client.get(address, {"q": "G21"}).content.decode()
    assert "G2101" in page and "enter-G2101" in page
    done = client.post(
        f"{address}/enter", {"code": "G2101", "key": "k", "quantity": "1", "days": "1", "reason": "추가 촬영"}
    )
    assert done.status_code == 302 and encounter.invoices.count() == 2
    bad = client.post(f"{address}/enter", {"code": "G2101", "key": "z", "quantity": "many", "days": "1", "reason": "x"})
    assert bad.status_code >= 400 and encounter.charges.count() == 3
    charge = encounter.charges.get(code="G2101")
    client.post(f"{address}/charges/{charge.pk}/cancel", {"reason": "중복"})
    assert encounter.invoices.aggregate(sum=Sum("total_won"))["sum"] == encounter.invoices.get(seq=1).total_won
    client.force_login(user_of("auditor"))
    assert client.post(f"{address}/enter", {"code": "G2101", "key": "q", "reason": "x"}).status_code == 403
