"""One list of settings: the code reads no other, none is listed that nobody reads, and the page in the docs is the list."""

import re
from pathlib import Path

from tamna.core import environment

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"\b(?:TAMNA_[A-Z][A-Z_]*[A-Z]|DATABASE_URL|XDG_DATA_HOME)\b")


def test_the_list_of_settings_is_what_the_code_reads():
    listed = {row.name for row in environment.SETTINGS}
    named = set()
    for path in (ROOT / "src" / "tamna").rglob("*.py"):
        if path.name != "environment.py":
            named |= set(NAME.findall(path.read_text(encoding="utf-8")))
    made_from_a_key = {name for name in listed if name.endswith("_SECRET")}  # System.secret_variable
    assert named - listed == set()
    assert listed - named - made_from_a_key == set()


def test_the_page_of_settings_is_the_list():
    page = (ROOT / "docs" / "operate" / "settings.md").read_text(encoding="utf-8")
    assert page == environment.as_markdown(), "tamna doctor --settings > docs/operate/settings.md"


def test_a_typing_mistake_is_told(monkeypatch):
    monkeypatch.setenv("TAMNA_MASTERKEY", "x")
    assert environment.unknown() == ["TAMNA_MASTERKEY"]
