"""A queue longer than a page shows its beginning, says that there is more, and shows it when asked."""

from datetime import date

import pytest

from tamna.core.models import Department
from tamna.patients.models import Patient
from tamna.reception import services, views

pytestmark = pytest.mark.django_db


def test_a_long_queue_is_cut_and_says_so(client, hospital, morning, clerk, user_of, monkeypatch):
    monkeypatch.setattr(views, "QUEUE_SHOWN", 2)
    department = Department.objects.get(code="01")
    client.force_login(user_of("reception"))
    for number in range(3):
        patient = Patient.objects.create(
            chart_no=f"{number}", name="홍길동", birth_on=date(1980, 1, 1), sex="F", registered_at=morning
        )
        services.receive(patient_id=patient.pk, department_id=department.pk, by=clerk)
        page = client.get("/reception/board/01").content.decode()
        assert page.count('<td class="number"><b>') == min(number + 1, 2)
        assert ("?all=1" in page) == (number == 2)
    assert client.get("/reception/board/01?all=1").content.decode().count('<td class="number"><b>') == 3
