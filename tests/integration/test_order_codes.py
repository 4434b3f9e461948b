"""What orders mean: unknown ones wait, suggestions learn, a file lands line by line, and nothing is charged unseen."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from tamna.billing import matching, rating
from tamna.billing import services as billing
from tamna.billing.models import OrderCode
from tamna.core import automations, clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import Department
from tamna.core.models import Proposal as Made
from tamna.reception import services as reception
from tests.integration.test_flow import patient  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)


def ordered(patient, clerk, *orders):  # noqa: F811
    ticket = reception.receive(patient_id=patient.pk, department_id=Department.objects.get(code="01").pk, by=clerk)
    rows = [reception.Ordered(f"X{ticket.pk}-{n}", code, name, Decimal(1)) for n, (code, name) in enumerate(orders)]
    reception.place_orders(encounter=ticket.encounter, orders=rows, by=clerk)
    outbox.deliver_all()
    return ticket.encounter


def strike(clerk):
    outbox.record("business.hour", {"date": clock.today().isoformat(), "hour": 11}, by=clerk)
    outbox.deliver_all()


def test_an_unknown_order_is_charged_only_when_somebody_said_what_it_means(patient, clerk):  # noqa: F811
    name = rating.master().at("G2101", clock.today()).name_ko
    encounter = ordered(patient, clerk, ("XR-9", name + " (외래)"))
    strike(clerk)
    (row,) = Made.objects.filter(automation="bill.map")
    assert row.fields["fee_code"] == "G2101" and 0 < row.confidence <= 1 and not encounter.charges.exists()
    automations.decide(row.pk, "accepted", by=clerk)
    outbox.deliver_all()
    assert encounter.charges.get().code == "G2101"
    best = matching.suggestions(name + " 외래", clock.today())[0]  # what was confirmed is a name of the fee from now on
    assert (best.code, best.learnt, best.confidence) == ("G2101", True, 1.0)


def test_a_code_can_mean_that_nothing_is_charged_and_another_fee_later(patient, clerk):  # noqa: F811
    encounter = ordered(patient, clerk, ("DIET-1", "저염식 안내"))
    assert encounter.orders.get().status == "unmapped"
    billing.confirm_order_code(order_code="DIET-1", fee_code="", valid_from=date(2026, 1, 1), by=clerk)
    assert encounter.orders.get().status == "active" and not encounter.charges.exists()
    billing.confirm_order_code(
        order_code="DIET-1", fee_code="ZL001", valid_from=clock.today() + timedelta(days=1), by=clerk
    )
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert ordered(patient, clerk, ("DIET-1", "저염식 안내")).charges.get().code == "ZL001"
    assert OrderCode.objects.count() == 2 and not encounter.charges.exists()  # the earlier day keeps its meaning


def test_a_fee_that_is_not_in_force_that_day_is_no_meaning(patient, clerk):  # noqa: F811
    with pytest.raises(DomainError) as refused:
        billing.confirm_order_code(order_code="Q", fee_code="ZL001", valid_from=date(1999, 1, 1), by=clerk)
    assert refused.value.key == "billing.unknown_code"


def test_a_file_lands_line_by_line_and_the_same_file_changes_nothing(patient, clerk, client, user_of):  # noqa: F811
    encounter = ordered(patient, clerk, ("LAB-1", "검사 하나"))
    client.force_login(user_of("claims"))
    text = "처방코드,처방명,EDI코드,적용일자\nLAB-1,검사 하나,ZL001,20260101\nLAB-2,검사 둘,NOSUCH,20260101\nLAB-3,검사 셋,ZL001,2026-13-01\nNOTE,안내,,2026.01.01\n"

    def send():
        file = BytesIO(text.encode("cp949"))
        file.name = "map.csv"
        return client.post("/billing/order-codes/read", {"file": file}).content.decode()

    page = send()
    assert "NOSUCH" in page and page.count('<td class="number">') == 2
    assert set(OrderCode.objects.values_list("order_code", "fee_code")) == {("LAB-1", "ZL001"), ("NOTE", "")}
    assert encounter.charges.get().code == "ZL001"
    send()
    assert OrderCode.objects.count() == 2 and encounter.charges.count() == 1
    client.force_login(user_of("cashier"))
    assert client.post("/billing/order-codes/confirm", {"order_code": "A", "fee_code": "ZL001"}).status_code == 403
