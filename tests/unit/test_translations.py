"""No untranslated string: every message id has Korean, and what is compiled is what is written."""

import subprocess
import sys
from pathlib import Path

from babel.messages.pofile import read_po

from tools.vendor import CHINESE, JAPANESE

ROOT = Path(__file__).parents[2]


def test_every_string_is_translated_and_compiled():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "messages.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_translated_character_has_a_glyph():
    """Pretendard lacks Han; what patients read in Chinese and Japanese is in the subsets of Noto Sans."""
    for language, drawn in (("zh_Hans", CHINESE), ("ja", JAPANESE)):
        for path in (ROOT / "src" / "tamna").glob(f"*/locale/{language}/LC_MESSAGES/django.po"):
            with path.open("rb") as file:
                words = "".join(str(message.string) for message in read_po(file) if message.id)
            assert {letter for letter in words if ord(letter) > 0x2E7F} - drawn == set(), path
