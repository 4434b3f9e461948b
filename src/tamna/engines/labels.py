"""How explanation steps read in ko and en: names of steps, of inputs, and the words of formulas. params/tariff/labels.yaml."""

import re
from typing import Any

from tamna.params import load_raw


def label(key: str, lang: str = "ko") -> str:
    """The name of a step; an unknown key shows itself."""
    names = load_raw("tariff/labels").get(key)
    return str(names.get(lang) or names["en"]) if names else key


def wording(formula: str, lang: str = "ko") -> str:
    """A formula in the reader's language: its words are changed one by one, its numbers stay (`rate 0.5` → `요율 0.5`)."""
    words = load_raw("tariff/wording")["formulas"] if lang == "ko" else {}
    for english, korean in words.items():
        formula = re.sub(rf"(?<![A-Za-z]){re.escape(english)}(?![A-Za-z])", korean, formula)
    return formula


def input_name(key: str, lang: str = "ko") -> str:
    """The name of an input; an unknown key shows itself with spaces."""
    names = load_raw("tariff/wording")["inputs"].get(key)
    return str(names[lang]) if names else key.replace("_", " ")


def figure(value: Any) -> str:
    """A number as people read it: 39150.0 → 39,150; anything else as it is."""
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    return f"{int(whole):,}" + (f".{part}" if part else "")
