"""Names of the hospital and its departments in a patient's language (환자 언어의 이름); Chinese and Japanese from the glossary."""

from tamna.core.format import language, named
from tamna.core.models import Department, Hospital
from tamna.engines.language.translation.glossary import own


def hospital() -> str:
    return named(Hospital.objects.first())


def department(row: Department) -> str:
    """Its own name in Korean and English, the glossary's word else; English where the glossary has none."""
    if language() == "ko":
        return row.name_ko
    term = own().named(row.name_ko, "ko") if language() in ("zh", "ja") else None
    return (term.word(language()) if term else "") or row.name_en or row.name_ko
