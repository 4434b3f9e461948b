"""A small hospital in a real database."""

from datetime import date, datetime

import pytest
from django.db import connection
from django.utils import translation

from tamna.core import clock, crypto
from tamna.core.actor import Actor
from tamna.core.models import Department, Hospital, Practitioner, Room, User

TUESDAY = datetime(2026, 11, 24, 10, 30, tzinfo=clock.SEOUL)
CLERK = Actor("person", "clerk", role="reception", team="front")


@pytest.fixture(autouse=True)
def _own_keys():
    """Each test's database has its own key ring, accounts and hospital."""
    from tamna.billing import rating
    from tamna.core import connections
    from tamna.ledger import services as ledger
    from tamna.reception import learning

    def forget():
        crypto.forget_keys()
        rating.forget()
        connections.forget()
        ledger._account_ids.cache_clear()
        learning._waits.cache_clear()

    forget()
    yield
    forget()
    translation.deactivate()  # a request leaves its language behind


@pytest.fixture
def morning():
    """Business time stands at Tuesday 2026-11-24 10:30."""
    with clock.frozen(TUESDAY):
        yield TUESDAY


@pytest.fixture
def hospital(db):
    """서귀포의료원 with two departments, a doctor and a room each, and no job of an earlier test."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")  # not Django's table: it is not emptied after a test
    hospital = Hospital.objects.create(
        pk=1,
        name_ko="모의 병원",
        name_en="Model hospital",
        institution_id="39100103",
        emergency="local_center",
        beds=288,
    )
    for code, ko, en, license_no in (
        ("01", "내과", "Internal medicine", "90001"),
        ("05", "정형외과", "Orthopaedics", "90002"),
    ):
        department = Department.objects.create(code=code, name_ko=ko, name_en=en)
        room = Room.objects.create(department=department, name_ko="1진료실", name_en="Room 1")
        Practitioner.objects.create(
            license_no=license_no, name_ko=f"{ko} 의사", name_en=f"{en} doctor", department=department, room=room
        )
    own_fee_master()
    return hospital


def own_fee_master():
    """The developer master's lines as this hospital's own: a real hospital prices nothing without a master."""
    from tamna.billing.models import FeeItem
    from tamna.params import table

    FeeItem.objects.bulk_create(
        FeeItem(
            code=row["code"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"] or None,
            name_ko=row["name_ko"],
            fields=dict(row),
            mark=row["mark"],
        )
        for row in table("tariff/fee_items")
    )


@pytest.fixture
def clerk():
    return CLERK


@pytest.fixture
def user_of(db):
    """Make a signed-in-able user of a role: `user_of("cashier")`."""

    def make(role: str) -> User:
        from tamna.core.access import ROLES

        return User.objects.create_user(
            username=role, password="correct horse battery", name_ko=role, role=role, team=ROLES[role].team
        )

    return make


@pytest.fixture
def today() -> date:
    return TUESDAY.date()
