"""The letter of a remedy (이의신청서·심판청구서): text and page, whose every reference to a law exists."""

from datetime import date

from tamna.claims.models import Remedy
from tamna.claims.words import reason_name
from tamna.core import clock, statutes
from tamna.core.errors import DomainError
from tamna.core.models import Hospital
from tamna.core.papers import pdf
from tamna.engines.statutes import NoStatute

TITLES = {"objection": "이의신청서", "appeal": "심판청구서"}
TO = {"appeal": "건강보험분쟁조정위원회 위원장 귀하"}
BODY = r"""
#v(2mm)
#for p in d.paragraphs [#p #parbreak()]
#v(2mm)
#table(columns: (auto, auto, 1fr, auto), [줄], [조정 금액(원)], [사유], [사유코드], ..d.lines.flatten())
#v(6mm)
#align(center)[#d.day]
#v(4mm)
#align(center, text(12pt, weight: "bold", d.hospital))
#v(6mm)
#text(11pt, d.to)
"""


def check_references(text: str, on: date) -> None:
    """Raises claims.no_such_article with the first reference of the text that does not hold on the day."""
    index = statutes.index()
    for law, article in index.references(text):
        try:
            index.cite(law, article, on)
        except NoStatute as error:
            raise DomainError("claims.no_such_article", law=law, article=article) from error


def paragraphs(remedy: Remedy) -> list[str]:
    """The letter's sentences. The person is named by the statement's numbers alone."""
    on, claim = clock.today(), remedy.claim
    cited = statutes.index().cite(remedy.law, remedy.article, on)
    batch = claim.batch
    about = (
        f"접수번호 {batch.receipt_no if batch else '-'}, 명세서일련번호 {claim.serial_no or '-'}, 명세서번호 {claim.claim_no}, "
        f"진료년월 {claim.care_month}의 심사결정({remedy.response.decided_on:%Y. %-m. %-d.} 결정)에 관한 것입니다."
    )
    asked = f"청구 {remedy.response.requested_won:,}원 가운데 {remedy.response.decided_won:,}원이 결정되었고, {remedy.asked_won:,}원의 인정을 구합니다."
    ground = remedy.reason or _usual(remedy)
    check_references(ground, on)
    return [about, asked, f"근거: {cited}. 제기 기한: {remedy.due_on:%Y. %-m. %-d.}", f"이유: {ground}"]


def _usual(remedy: Remedy) -> str:
    code = remedy.response.reason_code
    return f"조정 사유 {code} {reason_name(code)}에 대하여 진료기록에 따라 급여기준에 맞게 실시하였음을 소명합니다."


def lines(remedy: Remedy) -> list[list[str]]:
    names = {line.line_no: line.name for line in remedy.claim.lines.all()}
    return [
        [
            str(cut.get("line_no", "")),
            f"{cut.get('amount', 0):,}",
            names.get(cut.get("line_no"), ""),
            str(cut.get("reason", "")),
        ]
        for cut in remedy.response.lines
    ]


def text_of(remedy: Remedy) -> str:
    """The letter as plain text."""
    hospital = Hospital.objects.first()
    table = [" · ".join(row) for row in lines(remedy)]
    parts = [
        TITLES[remedy.kind],
        *paragraphs(remedy),
        *table,
        f"{clock.today():%Y. %-m. %-d.}",
        hospital.name_ko if hospital else "",
    ]
    return "\n\n".join([*parts, TO.get(remedy.kind, "건강보험심사평가원장 귀하")]) + "\n"


def page_of(remedy: Remedy) -> bytes:
    """The letter as PDF."""
    hospital, claim = Hospital.objects.first(), remedy.claim
    return pdf(BODY, {
        "name": f"{TITLES[remedy.kind]} {claim.claim_no}", "title": TITLES[remedy.kind], "form": "", "wide": False, "copy": "",
        "synthetic": "가상 자료" if claim.is_synthetic else "", "foot": hospital.name_ko if hospital else "",
        "head": [["명세서번호", claim.claim_no], ["진료년월", claim.care_month], ["접수번호", claim.batch.receipt_no if claim.batch else "-"]],
        "paragraphs": paragraphs(remedy), "lines": lines(remedy), "day": f"{clock.today():%Y. %-m. %-d.}",
        "hospital": hospital.name_ko if hospital else "", "to": TO.get(remedy.kind, "건강보험심사평가원장 귀하"),
    })  # fmt: skip
