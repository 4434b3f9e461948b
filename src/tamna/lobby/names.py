"""Names of the hospital and its departments in a patient's language (환자 언어의 이름); Chinese and Japanese from the glossary."""

from tamna.core.format import language
from tamna.core.models import Department, Hospital, Room
from tamna.engines.language.translation.glossary import own


def hospital() -> str:
    row = Hospital.objects.first()
    return "" if row is None else row.name_ko if language() == "ko" or not row.name_en else row.name_en


def department(row: Department) -> str:
    """Its own name in Korean and English, the glossary's word else; English where the glossary has none."""
    if language() == "ko":
        return row.name_ko
    term = own().named(row.name_ko, "ko") if language() in ("zh", "ja") else None
    return (term.word(language()) if term else "") or row.name_en or row.name_ko


def room(row: Room | None) -> str:
    return "" if row is None else row.name_ko if language() == "ko" or not row.name_en else row.name_en
