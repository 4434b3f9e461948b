"""Names of explanation steps in ko and en, one file: params/tariff/labels.yaml."""

from tamna.params import load_raw


def label(key: str, lang: str = "ko") -> str:
    """The name of a step; an unknown key shows itself."""
    names = load_raw("tariff/labels").get(key)
    return str(names.get(lang) or names["en"]) if names else key
