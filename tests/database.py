"""Pytest plugin, loaded before Django's settings: a data folder of the tests' own, and its database started.

Database tests run on a real PostgreSQL: DATABASE_URL, else the embedded one under `.test-home` (or TAMNA_HOME).
"""

import os
from pathlib import Path

os.environ.setdefault("TAMNA_HOME", str(Path(__file__).parent.parent / ".test-home"))
os.environ.setdefault("TAMNA_NO_POOL", "1")

from tamna.core import database

if database.is_embedded():
    database.start_embedded()
