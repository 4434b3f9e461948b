"""Translation: sentences of the book in four languages, terms by their right word, numbers kept, nothing claimed that is not had."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.cli import main
from tamna.engines.errors import InputError
from tamna.engines.language.translation import book, own, read, translate
from tamna.engines.language.translation.facts import agree, facts
from tamna.engines.language.translation.phrases import SLOT

LANGS = ("ko", "en", "zh", "ja")
KOREAN = {
    "term": "처방전",
    "term2": "여권",
    "n": "3",
    "n2": "2",
    "time": "오전 9시",
    "time2": "오후 5시 30분",
    "date": "10월 15일",
    "money": "35,000원",
    "dose": "500mg",
}


def said(phrase, values):
    return SLOT.sub(lambda found: values[found.group(1)], phrase.words["ko"])


@pytest.mark.parametrize("target", ["en", "zh", "ja"])
def test_every_sentence_of_the_book_is_translated_and_right(target):
    wrong = []
    for phrase in book():
        found = translate(said(phrase, KOREAN), target=target)
        if found.flagged or not found.numbers_ok or any(mark in found.target for mark in "{}["):
            wrong.append((phrase.id, found.target, found.reasons))
    assert wrong == []


def test_every_sentence_has_the_same_slots_in_every_language():
    for phrase in book():
        slots = {lang: sorted(SLOT.findall(phrase.words[lang])) for lang in LANGS}
        assert len({tuple(each) for each in slots.values()}) == 1, (phrase.id, slots)
    assert len(book()) > 400 and len({phrase.id for phrase in book()}) == len(book())


@pytest.mark.parametrize(
    ("source", "target", "wanted"),
    [
        ("접수증을 보여 주십시오.", "en", "Please show me your registration slip."),
        ("혹시 화장실이 어디에 있습니까?", "zh", "洗手间在哪里？"),
        ("정형외과 예약은 10월 15일 오후 2시 30분입니다.", "en", "The orthopedics appointment is on October 15 at 2:30 p.m."),
        ("위내시경 전에 8시간 금식해 주시기 바랍니다", "ja", "胃内視鏡の前は8時間絶食してください。"),
        ("3만 5천원입니다", "zh", "是35,000韩元。"),
        ("항생제 500mg을 하루 3번 드세요.", "en", "Take 500 mg of the antibiotic 3 times a day."),
        ("수술은 내일 오전 9시입니다.", "en", "The surgery is tomorrow at 9:00 a.m."),
        ("안녕하세요. 여권과 보험증권을 가져오세요!", "ja", "こんにちは。パスポートと保険証券をお持ちください。"),
    ],
)  # fmt: skip
def test_what_is_said_at_the_counter(source, target, wanted):
    found = translate(source, target=target)
    assert (found.target, found.flagged, found.numbers_ok) == (wanted, False, True)


@pytest.mark.parametrize(
    ("source", "line", "wanted"),
    [
        ("en", "Where is the restroom?", "화장실은 어디에 있나요?"),
        ("en", "Excuse me, I'd like to cancel my appointment.", "예약을 취소하고 싶어요."),
        ("zh", "请问洗手间在哪里？", "화장실은 어디에 있나요?"),
        ("ja", "領収書は必要ですか。", "영수증이 필요한가요?"),
        ("en", "I have an appointment at 2:30 p.m.", "오후 2시 30분에 예약했어요."),
    ],
)  # fmt: skip
def test_what_a_foreign_patient_says(source, line, wanted):
    found = translate(line, source=source, target="ko")
    assert (found.target, found.flagged) == (wanted, False)


def test_what_the_book_does_not_have_is_kept_with_its_terms_and_flagged():
    found = translate("환자가 갑자기 쓰러져서 응급실로 옮겼습니다.", target="en")
    assert found.target == "환자가 갑자기 쓰러져서 응급실(emergency room)로 옮겼습니다."
    assert found.flagged and found.reasons == ("not_translated",)
    assert [(each.term, each.expected, each.found) for each in found.terms] == [("응급실", "emergency room", True)]


def test_ones_own_glossary_goes_before():
    mine = read([{"ko": "예약", "en": "booking", "zh_hans": "订位", "ja": "ご予約"}, {"ko": "탐라홀", "en": "Tamna Hall", "zh_hans": "耽罗厅", "ja": "タムナホール"}])  # fmt: skip
    assert translate("예약하고 싶어요.", target="en", glossary=mine).target == "I would like to make a booking."
    found = translate("탐라홀은 3층에 있습니다.", target="ja", glossary=mine)
    assert found.target == "タムナホールは3階にあります。" and found.terms[0].found


def test_a_further_right_word_counts_too():
    mine = read([{"ko": "엑스레이", "en": "X-ray; radiograph", "zh_hans": "X光", "ja": "レントゲン"}])
    answer = translate(
        "폐 엑스레이 소견이 애매합니다.",
        target="en",
        glossary=mine,
        model=lambda *_: "The lung radiograph finding is unclear.",
    )
    assert not answer.flagged and answer.terms[0].found


@pytest.mark.parametrize(
    ("source", "answer", "reason"),
    [
        ("당뇨 환자는 인슐린 10단위를 꼭 챙기라고 하네요.", "Diabetic patients should bring 20 IU of insulin.", "numbers_differ"),
        ("어르신께서 항생제는 절대 안 드신다고 합니다.", "The elder says he takes the antibiotic.", "negation_differs"),
        ("내일 수술실 앞에서 보호자분이 계셔야 한대요.", "Someone must be there tomorrow before the theatre.", "term_missing"),
        ("그 어르신이 다리를 절뚝거리시네요.", "그 어르신이 다리를 절뚝거리시네요.", "not_the_language"),
    ],
)  # fmt: skip
def test_a_model_that_changes_what_was_said_is_not_shown(source, answer, reason):
    found = translate(source, target="en", model=lambda *_: answer)
    assert found.flagged and {reason, "not_translated"} <= set(found.reasons)
    assert found.parts[0].by == "kept"


def test_terms_are_whole_words_and_longest_first():
    def terms(text):
        return [text[each.start : each.end] for each in own().found(text, "ko")]

    assert terms("키오스크에서 예약 변경을 했어요") == ["키오스크", "예약 변경"]
    assert terms("약을 약 3일 동안 약속대로 먹었다") == ["약"]
    assert terms("퇴원 수속") == ["퇴원 수속"]


@pytest.mark.parametrize(
    ("korean", "other", "lang"),
    [
        ("오후 2시 반", "2:30 p.m.", "en"), ("14:30", "下午2点30分", "zh"), ("2026년 10월 5일", "October 5, 2026", "en"), ("3만 5천원", "₩35,000", "en"),
        ("두 알", "2", "ja"), ("500밀리그램", "500mg", "ja"), ("하루 3번", "1日に3回", "ja"), ("9시", "9:00", "en"), ("10월 1일", "10月1日", "zh"),
    ],
)  # fmt: skip
def test_the_same_fact_in_another_language(korean, other, lang):
    assert agree(facts(korean, "ko"), facts(other, lang))


@pytest.mark.parametrize(
    ("korean", "other"),
    [
        ("3번", "4 times"),
        ("오전 9시", "9 p.m."),
        ("500mg", "500 mL"),
        ("10월 5일", "May 10"),
        ("3번", ""),
        ("", "2 times"),
    ],
)
def test_another_fact_is_another(korean, other):
    assert not agree(facts(korean, "ko"), facts(other, "en"))


@given(st.text(max_size=80), st.sampled_from(["en", "zh", "ja"]))
def test_whatever_is_said_the_answer_is_whole_and_honest(line, target):
    found = translate(line, target=target)
    assert found.source == line
    if any(part.by == "kept" for part in found.parts):
        assert found.flagged
    assert all(each.found for each in found.terms) or found.flagged


def test_a_glossary_without_two_languages_is_refused():
    with pytest.raises(InputError, match="no_such_column"):
        read([{"ko": "약"}])


def test_the_command_answers_line_by_line(tmp_path, capsys):
    (tmp_path / "lines.txt").write_text("진료비는 35,000원입니다.\n\n어쩌고저쩌고 접수\n", encoding="utf-8")
    (tmp_path / "terms.csv").write_text("ko,en,zh_hans,ja\n접수,check-in,挂号,受付\n", encoding="utf-8")
    code = main(
        [
            "translate",
            str(tmp_path / "lines.txt"),
            "--from",
            "ko",
            "--to",
            "en",
            "--glossary",
            str(tmp_path / "terms.csv"),
        ]
    )
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0 and len(rows) == 3
    assert rows[0]["target"] == "The medical fee is 35,000 won." and rows[0]["flagged"] is False
    assert rows[2]["terms"] == [{"term": "접수", "expected": "check-in", "found": True}] and rows[2]["flagged"]


class Answers(BaseHTTPRequestHandler):
    """A server that speaks the protocol and always says one sentence."""

    said = "The elder fainted in the emergency room."

    def do_GET(self):
        self._send({"data": [{"id": "small"}]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send({"choices": [{"message": {"content": f"<think>…</think>{self.said}"}}]})

    def _send(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_is_asked_for_what_the_book_does_not_have(tmp_path, capsys):
    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    line = tmp_path / "line.txt"
    line.write_text("어르신이 응급실에서 기절하셨어요.\n", encoding="utf-8")
    try:
        assert main(["translate", str(line), "--to", "en", "--model", f"http://127.0.0.1:{server.server_port}/v1"]) == 0
    finally:
        server.shutdown()
        server.server_close()
    row = json.loads(capsys.readouterr().out)
    assert row["target"] == Answers.said and not row["flagged"]
    assert main(["translate", str(line), "--to", "en", "--model", f"http://127.0.0.1:{server.server_port}/v1"]) == 0
    told = capsys.readouterr()
    assert "model_unreachable" in json.loads(told.out)["reasons"] and "model_unreachable" in told.err
