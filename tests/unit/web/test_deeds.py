"""Whatever stands in the audit log has a name that people read."""

import re
from pathlib import Path

import tamna
from tamna.core.deeds import DEEDS

NOTED = re.compile(r'audit\.note\(\s*"([a-z_.]+)"')


def test_every_deed_has_a_name():
    noted = {
        name for path in Path(tamna.__file__).parent.rglob("*.py") for name in NOTED.findall(path.read_text("utf-8"))
    }
    assert len(noted) > 40 and noted - set(DEEDS) == set()
