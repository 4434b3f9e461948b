"""Names of what claims carry as codes: the agency's reasons, and the papers a rule stands on, in the reader's language."""

from functools import lru_cache

from django.utils.translation import gettext_noop as noop

from tamna.core.format import language
from tamna.params import table

PART_NAMES = {
    "form": noop("Person, form and dates"), "diagnoses": noop("Diagnoses and special cases"), "codes": noop("Codes, prices and sums"),
    "notes": noop("Notes"), "criteria": noop("Criteria of the agency"),
}  # fmt: skip
SOURCES = {  # rule files name a paper once, in the language it was found in
    "HIRA claim entry rules": "심사평가원 청구 기재 점검 기준",
    "KCD": "한국표준질병·사인분류(KCD)",
}


@lru_cache(maxsize=1)
def _reasons() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["name_ko"], row["meaning"]) for row in table("claimcheck/reason_codes")}


def reason_name(code: str) -> str:
    """What the agency's reason code means; empty where it is not known."""
    ko, en = _reasons().get(code, ("", ""))
    return ko if language() == "ko" else en


def source_name(source: str) -> str:
    """The paper a rule stands on; Korean law keeps its Korean name in both languages."""
    return SOURCES.get(source, source) if language() == "ko" else source
