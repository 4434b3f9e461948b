"""A clerk's whole day by hand, with a keyboard only, while the simulated hospital goes on around."""

import re

import psycopg
import pytest
from playwright.sync_api import Locator, expect

from bench.place import Place
from tests.e2e.hands import Hands

pytestmark = pytest.mark.e2e
DEPARTMENT = "정신건강의학과"
NOBODY_EXPECTS = """
    SELECT p.chart_no FROM patients_patient p JOIN patients_coverage c ON c.patient_id = p.id
    WHERE c.payer = 'nhi' AND c.special_case = '' AND NOT p.is_restricted
      AND NOT EXISTS (SELECT 1 FROM reception_encounter e WHERE e.patient_id = p.id)
      AND NOT EXISTS (SELECT 1 FROM reception_appointment a WHERE a.patient_id = p.id AND a.status = 'booked')
    ORDER BY p.id DESC LIMIT 1"""
RETURNING = """
    SELECT p.chart_no FROM patients_patient p JOIN reception_encounter e ON e.patient_id = p.id
    WHERE NOT p.is_restricted AND NOT e.is_imported AND p.merged_into_id IS NULL
    GROUP BY p.id HAVING bool_and(e.status IN ('finished', 'cancelled'))
      AND NOT EXISTS (SELECT 1 FROM reception_appointment a WHERE a.patient_id = p.id AND a.status = 'booked')
    ORDER BY p.id LIMIT 1"""
KEY_S, THOUGHT_S = (
    0.28,
    1.35,
)  # a key of an average typist, a moment of thought (Card, Moran and Newell, keystroke-level model)
PATIENCE_MS = 60_000


def asked(place: Place, sql: str) -> str:
    with psycopg.connect(host=str(place.home / "pg"), user="postgres", dbname="tamna") as database:
        return str(database.execute(sql).fetchone()[0])


def won(text: str) -> int:
    return int(re.sub(r"[^\d-]", "", text.replace("−", "-")))


def cells(row: Locator) -> list[str]:
    return [cell.strip() for cell in row.locator("td").all_inner_texts()]


def test_a_returning_patient_is_received_in_fifteen_seconds_of_hands(hospital, enter):
    """Found by chart number, contact confirmed, received where the last visit was: the keys are counted, not the machine's time."""
    page, chart = enter("front_lead"), asked(hospital, RETURNING)
    with psycopg.connect(host=str(hospital.home / "pg"), user="postgres", dbname="tamna") as database:
        database.execute("UPDATE patients_patient SET contact_checked_on = '2020-01-01' WHERE chart_no = %s", [chart])
    hands = Hands(page)
    hands.go("접수 데스크")
    before = hands.keys
    hands.type(chart)
    hands.send("Enter")
    expect(page.locator("main")).to_contain_text("연락처 확인 필요")
    hands.send("c")  # still the same
    expect(page.locator("main")).not_to_contain_text("연락처 확인 필요")
    hands.send("Enter")  # the department of the last visit is chosen
    expect(page.locator("h1")).to_contain_text("대기번호")
    keys = hands.keys - before
    assert keys <= 13 and keys * KEY_S + 4 * THOUGHT_S <= 15


def test_at_the_desk_and_at_the_till(hospital, enter):
    """Receive, queue, call, bill, cash, card, refund, close to the won."""
    page = enter("front_lead")
    hands, chart = Hands(page), asked(hospital, NOBODY_EXPECTS)

    hands.go("접수 데스크")
    hands.type(chart)  # the search field has the focus
    hands.send("Enter")
    expect(page.locator("main h2").first).to_contain_text(chart)
    expect(page.locator("main")).to_contain_text("건강보험")
    hands.reach(DEPARTMENT, "ArrowDown")  # so has the list of what can be done
    hands.send("Enter")
    expect(page.locator("h1")).to_contain_text("대기번호")
    ticket = page.locator("h1").inner_text().split()[-1]
    see_through_the_queue(hands, ticket)

    find_bill(hands, chart)
    due = won(page.locator("h1 + span .badge").first.inner_text())
    hands.reach(re.compile("왜.*원"))
    hands.press("Enter")
    expect(page.locator("#drawer")).to_contain_text(f"{due:,}원")
    hands.press("Escape")
    expect(page.locator("#drawer")).to_be_empty()

    hands.send("c")  # what the order forgot
    hands.type("D3022")
    hands.send("Enter")
    hands.press("Enter")
    hands.fill("사유", "공복혈당 누락")
    hands.send("Enter")
    expect(page.get_by_role("region", name="진료비 항목")).to_contain_text("D3022")
    find_bill(hands, chart, "차액")
    difference = won(page.locator("h1 + span .badge").first.inner_text())
    hands.send("Enter")  # the amount stands in the field; a card is the usual way
    expect(page.locator("h1 + span")).to_contain_text("수납됨")

    find_bill(hands, chart)
    cash, back = due // 200 * 100, due // 400 * 100
    hands.fill("금액", f"{cash:,}")
    hands.reach("카드")
    hands.reach("현금", "ArrowDown")
    hands.send("Enter")
    paid = page.locator("tr", has_text="현금")
    expect(paid).to_contain_text(f"{cash:,}원")
    first_receipt = int(cells(paid)[0])
    hands.send("Enter")  # the rest by card
    expect(page.locator("h1 + span")).to_contain_text("수납됨")
    expect(page.locator("tr", has_text="카드")).to_contain_text(f"{due - cash:,}원")

    hands.row("현금")
    hands.press("b")
    hands.press("Shift+Tab")
    hands.type(f"{back:,}", "Tab")
    hands.type("잘못 받음")
    hands.send("Enter")
    refund = page.locator("tr", has_text=f"−{back:,}원")
    expect(refund).to_contain_text("현금")
    hands.send("Enter")  # and again by card
    expect(page.locator("h1 + span")).to_contain_text("수납됨")
    receipts = [int(cells(row)[0]) for row in page.get_by_role("region", name="수납 내역").locator("tbody tr").all()]
    assert len(receipts) == 4 and receipts[0] == first_receipt and receipts == sorted(receipts)

    hands.go("일마감")
    hands.fill("100", f"{(cash - back) // 100}")  # counted blind, all of it in coins
    hands.send("Enter")
    hands.send("Enter")  # it matches: the hand is on the button
    closed = page.locator("main tbody tr", has_text=page.locator(".person-name").inner_text())
    expect(closed).to_be_visible()
    _who, expected, counted, gap, card, *_rest = cells(closed)
    assert (won(expected), won(counted), won(gap), won(card)) == (
        cash - back,
        cash - back,
        0,
        due - cash + back + difference,
    )


def find_bill(hands: Hands, chart: str, kind: str = "") -> None:
    """The patient's open bill at the till; it is made when the visit ends, or when a charge came later."""
    hands.go("수납")
    hands.type(chart)
    hands.send("Enter")
    expect(hands.page.locator("#bills tbody tr", has_text=kind).first).to_be_visible(timeout=PATIENCE_MS)
    hands.row(kind or re.compile("^\\d"))
    hands.send("Enter")
    expect(hands.page.locator("h1 + span")).to_contain_text(kind or "미수")


def see_through_the_queue(hands: Hands, ticket: str) -> None:
    """Move a ticket up, call it, send it in, end the visit; a doctor of the simulation may be quicker at any step."""
    page, own = hands.page, re.compile(rf"^{ticket}\b")
    hands.go("대기 현황")
    hands.row(DEPARTMENT)
    hands.send("Enter")
    expect(page.locator("h1")).to_have_text(DEPARTMENT)
    row = page.locator("#queue tbody tr", has=page.locator(f"b:text-is('{ticket}')"))
    for keys in ("1", "c", "e", "f"):
        if not row.count():
            break
        state = row.locator(".badge").inner_text()
        if state == {"1": "대기", "c": "대기", "e": "호출됨", "f": "진료 중"}[keys]:
            hands.row(own)
            hands.send(keys)
    expect(row).to_have_count(0, timeout=PATIENCE_MS)


def test_at_the_claims_desk(enter):
    """One of the worklist, the batch, its receipt."""
    page = enter("claims1")
    hands = Hands(page)
    hands.go("청구 작업대")
    number = hands.focused.split()[0]  # the hand is on the first row, most won at risk
    hands.send("Enter")
    expect(page.locator("h1")).to_contain_text(number)
    clear(hands)

    hands.go("청구 작업대")
    hands.send("s")  # what would go, and what keeps the rest
    expect(page.locator("h2", has_text="만들어질 청구서")).to_be_visible()
    hands.send("s")
    expect(page.locator("h1")).to_contain_text("청구서 묶음")
    assert "보낼까요" in hands.answers[-1]
    hands.press("ArrowDown")
    hands.send("Enter")
    receipt = page.locator("dt:text-is('접수번호') + dd")
    expect(receipt).to_have_text(re.compile(r"^\d+$"), timeout=PATIENCE_MS)


def test_the_answers_are_read(enter):
    """The agency returns what it cannot read within the hour: back into work, or a cut accepted."""
    page = enter("claims1")
    hands = Hands(page)
    hands.go("심사 회신", "심사평가원 회신")
    first = page.locator("#answers tbody tr").first
    expect(first).to_be_visible(timeout=3 * PATIENCE_MS)  # they come by themselves
    number = cells(first)[1]
    hands.row(number)
    key = "w" if "반송" in cells(first)[3] else "a"
    hands.send(key)
    if key == "w":
        expect(page.locator("h1 + span .badge").first).to_have_text(re.compile("작성 중|점검됨|준비됨"))
        hands.go("심사 회신", "심사평가원 회신")
    expect(page.locator("#answers tbody tr", has_text=number)).to_have_count(0)


def clear(hands: Hands) -> None:
    """Fix what can be fixed, let the rest stand with a reason, approve."""
    page = hands.page
    for _ in range(12):
        if page.locator("h1 + span .badge", has_text=re.compile("준비됨|묶임")).count():
            return
        if page.locator("[data-key=F]").count():
            hands.send("f")
        elif page.locator("[data-key=L]").count():
            hands.press("l")
            hands.type("의무기록 확인함")
            hands.send("Enter")
        else:
            hands.send("a")
    raise AssertionError(f"not cleared: {page.locator('aside').inner_text()}")
