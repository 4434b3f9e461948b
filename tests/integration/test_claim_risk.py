"""The learnt risk on a real database: learnt from answers, used only where better, switched off, and what it orders."""

import random
from datetime import timedelta

import pytest
from django.test import Client

from tamna.claims import risk, selectors
from tamna.claims import services as claims
from tamna.claims.models import Claim, ClaimResponse
from tamna.core import clock, outbox
from tamna.core.models import Proposal as Made
from tamna.patients import services
from tamna.patients.models import Coverage
from tests.integration.test_flow import number, visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def patient(hospital, morning, clerk):
    made = services.register_patient(name="홍길동", identity=("rrn", number(345)), phone="01012342214", by=clerk)
    Coverage.objects.create(
        patient=made, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
    )
    return made


def past(claim, count, chance_of):
    """Copies of a statement of earlier days with the agency's answer; `chance_of` tells each one's lot from its quantity."""
    dice, lines = random.Random(3), list(claim.lines.all())
    made = []
    for turn in range(count):
        most = dice.choice((1, 1, 1, 3))
        on = clock.today() - timedelta(days=200 - turn * 180 // count)
        made.append((Claim(claim_no=f"P{turn:06d}", encounter=claim.encounter, kind="split", status="paid", insurer_kind="4", payer="nhi",
                           setting=claim.setting, department=claim.department, care_month=f"{on:%Y%m}", first_visit_on=on, total_won=20_000,
                           insurer_won=10_000, made_at=clock.now()), most, dice.random() < chance_of(most)))  # fmt: skip
    Claim.objects.bulk_create([row for row, _, _ in made])
    for row, most, is_back in made:
        for line in lines:
            line.pk, line.claim, line.quantity = None, row, most
        type(lines[0]).objects.bulk_create(lines)
        ClaimResponse.objects.create(claim=row, document_id="past", kind="result", status="adjusted" if is_back else "full", requested_won=10_000,
                                     decided_won=4_000 if is_back else 10_000, decided_on=row.first_visit_on, received_at=clock.now())  # fmt: skip


def test_too_few_answers_say_so_and_weigh_by_the_usual_rate(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    assert risk.refit().state == "too_little"
    outbox.deliver_all()
    claim.refresh_from_db()
    assert claim.chance is None or claim.chance == 0
    assert claim.urgency == 0 and claim.score == 100


@pytest.fixture
def learnt(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    past(claim, 900, lambda most: 0.6 if most == 3 else 0.03)
    model = risk.refit()
    return claim, model


def test_what_told_later_answers_better_is_used_explained_and_orders_the_work(learnt, clerk, user_of):
    claim, model = learnt
    assert model.state == "used" and model.answers == 900
    tested = model.card["backtest"]
    assert tested["metrics"]["auc"] > tested["naive"]["auc"] and tested["split"]["kind"] == "rolling"
    assert "홍길동" not in str(model.card) and "71234567890" not in model.model
    risk.weigh(Claim.objects.filter(pk=claim.pk))
    claim.refresh_from_db()
    usual = claim.chance
    assert usual < 0.2
    claim.lines.update(quantity=3)
    risk.weigh(Claim.objects.filter(pk=claim.pk))
    claim.refresh_from_db()
    assert claim.chance > 3 * usual and claim.worth_won > 0
    assert any(reason["column"] == "most" and "가장 많은 수량" in reason["ko"] for reason in claim.chance_reasons)
    assert claim.score == round(100 * (1 - claim.chance))
    desk = Client()
    desk.force_login(user_of("claims"))
    page = desk.get(f"/claims/{claim.public_id}/score").content.decode()
    assert "가장 많은 수량" in page and f"{claim.chance:.1%}" in page
    card = desk.get("/claims/risk").content.decode()
    assert "900" in card and "사용 중" in card


def test_a_risky_ready_statement_goes_to_a_person_once_and_the_switch_stops_it(learnt, clerk, user_of):
    claim, model = learnt
    Claim.objects.filter(pk=claim.pk).update(insurer_won=200_000, status="approved")
    claim.lines.update(quantity=3)
    for _ in range(2):
        risk.weigh(Claim.objects.filter(pk=claim.pk))
        outbox.record("claim.weighed", {"claim_id": claim.pk}, by=clerk)
        outbox.deliver_all()
    (proposal,) = Made.objects.filter(automation="claim.risk")
    assert proposal.state == "open" and proposal.won > 5_000 and float(proposal.confidence) > 0.2
    desk = Client()
    desk.force_login(user_of("claims"))
    assert desk.post("/claims/risk/switch", {"on": "0"}).status_code == 302
    assert not risk.is_used(risk.current())
    risk.weigh(Claim.objects.filter(pk=claim.pk))
    claim.refresh_from_db()
    assert claim.chance == pytest.approx(model.usual) and claim.chance_reasons == []
    assert "껐습니다" in desk.get("/claims/risk").content.decode()
    assert risk.refit().is_on is False  # the switch stays over the night
    stranger = Client()
    stranger.force_login(user_of("director"))
    assert stranger.post("/claims/risk/switch", {"on": "1"}).status_code == 403


def test_noise_is_not_better_than_the_usual_rate(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    past(claim, 900, lambda most: 0.1)
    model = risk.refit()
    assert model.state == "not_better" and model.model == ""
    assert risk.chances(Claim.objects.filter(pk=claim.pk))[claim.pk] == (model.usual, [])


def test_due_first_then_most_expected_loss_and_no_more_than_a_day_holds(patient, clerk, user_of):
    claim = visit(patient, clerk).claims.get()
    user_of("claims")
    fields = dict(encounter=claim.encounter, kind="split", status="checked", insurer_kind="4", payer="nhi", setting="outpatient",
                  department=claim.department, care_month="202611", first_visit_on=clock.today(), made_at=clock.now())  # fmt: skip
    Claim.objects.bulk_create(
        Claim(claim_no=f"W{n:04d}", urgency=2 if n == 7 else 0, worth_won=n * 100, **fields) for n in range(200)
    )
    rows = Claim.objects.filter(status="checked", claim_no__startswith="W")
    _, most = selectors.capacity()
    share = list(selectors.share_of_day(rows).order_by(*selectors.BY_WORTH).values_list("claim_no", flat=True))
    assert len(share) == most < 200
    assert share[:3] == ["W0007", "W0199", "W0198"]
    assert risk.urgency(clock.today(), clock.today()) == 2
    assert [risk.urgency(clock.today() + timedelta(days=days), clock.today()) for days in (1, 3, 4)] == [1, 1, 0]
    assert claims.DAYS_TO_SEND > 4


def test_an_unusual_statement_and_a_lacking_one_are_told_with_their_figures(patient, clerk, user_of):
    from tamna.claims import unlike

    claim = visit(patient, clerk).claims.get()
    assert unlike.learn() is None  # too few to know what is usual
    past(claim, 1_300, lambda most: 0.05)
    made = unlike.learn()
    assert made is not None and made.statements > 1_000 and "홍길동" not in made.norms
    line = claim.lines.exclude(item_class="01").first()
    claim.lines.filter(pk=line.pk).update(quantity=9)
    Claim.objects.filter(pk=claim.pk).update(status="approved")
    assert unlike.look(Claim.objects.filter(pk=claim.pk)) == 1
    claim.refresh_from_db()
    assert claim.unusual[0]["part"] == "quantity" and claim.unusual[0]["line_no"] == line.line_no
    assert line.code in claim.unusual[0]["ko"] and claim.lacking == []
    outbox.record("claim.weighed", {"claim_id": claim.pk}, by=clerk)
    outbox.deliver_all()
    (over,) = Made.objects.filter(automation="claim.over")
    assert over.state == "open"
    page = Client()
    page.force_login(user_of("claims"))
    assert claim.unusual[0]["ko"] in page.get(f"/claims/{claim.public_id}").content.decode()

    claim.lines.filter(pk=line.pk).update(quantity=1)
    claim.lines.filter(item_class="01").delete()
    unlike.look(Claim.objects.filter(pk=claim.pk))
    claim.refresh_from_db()
    (lacks,) = (row for row in claim.lacking if row["expected"] == "consultation")
    assert lacks["won"] > 5_000 and "진찰료" in lacks["ko"]
    outbox.record("claim.weighed", {"claim_id": claim.pk}, by=clerk)
    outbox.deliver_all()
    assert Made.objects.get(automation="claim.over").state != "open"
    omit = Made.objects.get(automation="claim.omit", key__contains="lacks")
    assert omit.won >= lacks["won"] and omit.action == "ReviewFirst"
