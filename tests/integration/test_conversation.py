"""A conversation over the counter: only what is right is shown to the other, and nothing of it is kept."""

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from tamna.core.models import AuditEntry
from tamna.reception import conversation


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def test_a_sentence_of_the_book_is_shown_with_its_terms():
    turn = conversation.turn("2층 원무과로 가 주세요.", with_="ja", by_guest=False)
    assert turn.shown and "2" in turn.shown and not turn.faults
    assert all(word.found for word in turn.words)


@pytest.mark.parametrize("with_", ["en", "zh", "ja"])
def test_what_is_not_translated_is_never_shown_to_the_guest(with_):
    turn = conversation.turn(
        "약을 3정 드시지 말고 원장님께 여쭤보라고 하셨던 그 서류 있잖아요.", with_=with_, by_guest=False
    )
    assert turn.shown == "" and turn.faults
    assert turn.draft.startswith("약")  # for the clerk


def test_a_guest_is_understood():
    assert conversation.turn("Thank you.", with_="en", by_guest=True).shown == "감사합니다."
    assert conversation.turn("谢谢。", with_="zh", by_guest=True).shown == "감사합니다."


def test_an_elder_is_understood_word_by_word():
    turn = conversation.turn("베가 아판 왓수다.", with_="jeju", by_guest=True)
    assert turn.shown == "배가 아파서 왔습니다." and turn.words[0].meaning
    unknown = conversation.turn("베가 쿠라방방 아판 왓수다.", with_="jeju", by_guest=True)
    assert any("쿠라방방" in fault for fault in unknown.faults)


def test_every_ready_sentence_translates_whole():
    for lang in ("en", "zh", "ja"):
        for _, lines in conversation.sentences("ko"):
            assert [line for line in lines if not conversation.turn(line, with_=lang, by_guest=False).shown] == []
        for _, lines in conversation.sentences(lang):
            assert [line for line in lines if not conversation.turn(line, with_=lang, by_guest=True).shown] == []


def test_every_step_has_a_note_in_every_language():
    for lang in ("en", "zh-Hans", "ja"):
        assert {note.step for note in conversation.notes(lang)} == {
            "Names",
            "Dates",
            "Payment",
            "Consent",
            "Interpreter",
        }
    assert conversation.notes("ko") == conversation.notes("jeju") == []


@pytest.mark.django_db
def test_the_screen_keeps_nothing_of_what_is_said(user_of, hospital):
    client = Client()
    client.force_login(user_of("reception"))
    entries = AuditEntry.objects.count()
    said = "접수증을 보여 주세요."
    page = client.post("/reception/conversation/say", {"with": "en", "side": "staff", "said": said})
    assert "registration" in page.content.decode().lower() and "no-store" in page["Cache-Control"]
    part = client.post(
        "/reception/conversation/say",
        {"with": "zh-Hans", "side": "staff", "said": said},
        headers={"HX-Request": "true"},
    )
    assert "<html" not in part.content.decode() and 'lang="zh-Hans"' in part.content.decode()
    assert AuditEntry.objects.count() == entries
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_event WHERE payload::text LIKE %s", ["%접수증%"])
        assert cursor.fetchone() == (0,)
