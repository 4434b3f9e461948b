"""Shared fixtures. Database tests run on a real PostgreSQL: DATABASE_URL, else the embedded one under TAMNA_HOME."""

import os
from pathlib import Path

os.environ.setdefault("TAMNA_HOME", str(Path(__file__).parent.parent / ".test-home"))
os.environ.setdefault("TAMNA_NO_POOL", "1")

from tamna.core import database

if database.is_embedded():
    database.start_embedded()
