"""Pytest plugin, loaded before Django's settings: a data folder of the tests' own, and its database started.

Database tests run on a real PostgreSQL: DATABASE_URL, else the embedded one under `.test-home` (or TAMNA_HOME). Runs beside
each other (`pytest -n 2`) have a folder, a server and a range of ports each.
"""

import os
from pathlib import Path

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, … where the run is shared out

os.environ.setdefault("TAMNA_HOME", str(Path(__file__).parent.parent / ".test-home"))
os.environ.setdefault("TAMNA_NO_POOL", "1")
if WORKER:
    os.environ["TAMNA_HOME"] += f"/{WORKER}"


def pytest_configure(config: pytest.Config) -> None:
    from tamna.core import database  # reads the folder above

    shares_out = bool(config.getoption("numprocesses", None)) and not WORKER
    if database.is_embedded() and not shares_out:
        database.start_embedded()
