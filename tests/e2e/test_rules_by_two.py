"""A claim rule from its first word to its end, by a clerk and the director: written, tried on the archive, agreed on, met on a claim, retired."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.eyes import faults_on, watched
from tests.e2e.hands import Hands
from tests.e2e.test_clerks_day import asked

pytestmark = pytest.mark.e2e
PATIENCE_MS = 120_000
UNSENT_RARELY = """
    SELECT l.code FROM claims_claimline l JOIN claims_claim c ON c.id = l.claim_id
    WHERE c.batch_id IS NULL AND c.checked_at IS NOT NULL AND c.status IN ('checked', 'approved') AND l.code ~ '^[A-Z]+[0-9]+$'
    GROUP BY l.code ORDER BY count(DISTINCT c.id), l.code LIMIT 1"""
FOUND = "SELECT count(*) FROM claims_finding WHERE rule_id = 'OWN-1'"
CLAIM = "SELECT claim_no FROM claims_claim c JOIN claims_finding f ON f.claim_id = c.id WHERE f.rule_id = 'OWN-1' ORDER BY c.id LIMIT 1"


def until(question, wanted, seconds=300):
    end = time.monotonic() + seconds
    while not wanted(found := question()):
        assert time.monotonic() < end, found
        time.sleep(0.5)
    return found


def test_a_rule_from_its_first_word_to_its_end(hospital, enter):
    until(
        lambda: asked(hospital, "SELECT count(*) FROM claims_claim WHERE checked_at IS NOT NULL AND batch_id IS NULL"),
        lambda count: int(count) > 0,
    )
    code = asked(hospital, UNSENT_RARELY)
    page = watched(enter("claims1"))
    hands = Hands(page)
    hands.go("청구 규칙")
    hands.send("n")

    hands.type(f"coda = '{code}'")  # the condition has the focus
    verdict = page.locator("#verdict")
    expect(verdict.locator("mark")).to_have_text("coda")
    hands.reach(re.compile("^code"))
    hands.press("Enter")
    expect(verdict).to_contain_text(f"진료내역 줄에서 코드가 {code}")
    assert faults_on(page) == []
    page.locator("#field-hit").focus()
    hands.reach("심각도", "Shift+Tab")
    hands.choose("심각도", "보기")
    hands.fill("규칙 번호", "OWN-1")
    hands.fill("제목(한글)", "검사 확인")
    hands.fill("근거와 조문", "원내 지침 3조")
    hands.reach("조건에서 예시 만들기")
    hands.press("Enter")
    expect(page.locator("#field-examples")).to_have_value(re.compile("hits: true[\\s\\S]*hits: false"))
    expect(verdict).to_contain_text("맞음")
    hands.fill("쓰거나 고치는 까닭", "새 지침")
    hands.reach("이 판 저장")
    hands.send("Enter")
    expect(page.locator("h1")).to_contain_text("OWN-1 검사 확인")

    hands.press("t")
    hands.reach("시험", "Tab")
    hands.reach(re.compile("^시험$"))
    hands.send("Enter")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100", timeout=PATIENCE_MS)
    expect(page.locator("#trial .tile", has_text="걸린 명세서").locator("b").first).not_to_have_text("0")
    hands.row(re.compile(r"^\d{6}-"))  # an example opens the claim
    hands.send("Enter")
    expect(page.locator("main")).to_contain_text(code)
    page.go_back()
    hands.reach("규칙으로")
    hands.send("Enter")

    hands.press("o")
    page.locator("#on-from").fill("2020-01-01")
    hands.fill("사유", "지침 시행")
    hands.send("Enter")
    expect(page.locator(".notice")).to_contain_text("다른 사람이 승인해야")
    assert page.locator("[data-key=A]").count() == 0

    other = watched(enter("director"))
    second = Hands(other)
    open_rule(second)
    second.send("a")
    expect(other.locator("h1 + p .badge").first).to_have_text("시행 중")
    until(lambda: asked(hospital, FOUND), lambda count: int(count) > 0)
    number = asked(hospital, CLAIM)
    second.press("Escape", "/")
    second.type(number)
    expect(other.locator("#search-found a", has_text=number).first).to_be_visible()
    second.reach(number, "ArrowDown")
    second.send("Enter")
    expect(other.locator("aside").first).to_contain_text("OWN-1")

    open_rule(hands)
    hands.reach("중지…")
    hands.press("Enter")
    page.locator("#off-from").fill("2020-01-01")
    hands.fill("사유", "지침 폐지")
    hands.send("Enter")
    open_rule(second)
    second.send("a")
    expect(other.locator("h1 + p .badge").first).to_have_text("시행 안 함")
    until(lambda: asked(hospital, FOUND), lambda count: int(count) == 0)
    assert page.errors == other.errors == []


def open_rule(hands):
    hands.go("청구 규칙")
    hands.fill("번호·내용·근거", "OWN-1")
    hands.send("Enter")
    hands.row("OWN-1")
    hands.send("Enter")
    expect(hands.page.locator("h1")).to_contain_text("OWN-1")
