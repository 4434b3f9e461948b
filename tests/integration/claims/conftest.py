"""A hospital with statements that are ready to be sent, and an agency of its own that can be killed."""

import pytest

from tamna.core import clock
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tests.integration.connect.simulators import VARIABLES, running
from tests.integration.test_flow import number, visit


@pytest.fixture
def agency(tmp_path, monkeypatch):
    """The review agency and the bank as processes of their own."""
    with running(tmp_path, ("hira", "bank")) as simulators:
        for name, simulator in simulators.items():
            monkeypatch.setenv(VARIABLES[name], simulator.url)
        yield simulators["hira"]


@pytest.fixture
def somebody(hospital, morning, clerk):
    """Make a person with a coverage: `somebody(351)`."""

    def make(serial: int, name: str = "모의환자", payer: str = "nhi", card_no: str = "71234567890"):
        found = patients.register_patient(name=name, identity=("rrn", number(serial)), by=clerk)
        Coverage.objects.create(
            patient=found, payer=payer, card_no=card_no, checked_on=clock.today(), checked_at=clock.now()
        )
        return found

    return make


@pytest.fixture
def ready(somebody, clerk):
    """Four statements that are complete and checked."""
    return [visit(somebody(serial), clerk, orders=(("ZL001", 1 + serial % 2),)) for serial in range(351, 355)]
