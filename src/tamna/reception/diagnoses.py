"""Names of diagnoses (상병명) by their code of the Korean classification; an unknown code shows itself."""

from functools import lru_cache

from tamna.params import table


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["name_ko"], row["name_en"]) for row in table("claimcheck/kcd")}


def name_of(code: str, lang: str = "ko") -> str:
    """The name in the reader's language, else the Korean one, else nothing."""
    ko, en = _names().get(code, ("", ""))
    return ko if lang == "ko" else en or ko
