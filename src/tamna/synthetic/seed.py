"""The synthetic hospital's fixed things: organisation, doctors, staff, clock, the token of its robot staff."""

import secrets
import uuid
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from tamna.claims.models import ReportedMachine, ReportedStaff
from tamna.core import clock
from tamna.core.api import token_hash
from tamna.core.home import folder
from tamna.core.models import ApiToken, Department, Hospital, Practitioner, Room, User
from tamna.engines.calendar import is_weekday
from tamna.ledger.services import ensure_accounts
from tamna.params import table
from tamna.simulators.hospital import World
from tamna.simulators.hospital.figures import departments

NAMESPACE = uuid.UUID("6f1c9d52-7a0e-5c5b-9c64-8a1d7a3b2f10")
START_MINUTES = 10 * 60 + 40  # the middle of a weekday morning
DEFAULT_RATE = 12
PSYCHIATRY, THERAPISTS = "03", 6
ROBOT_SCOPES = ["patients.see", "patients.register", "reception.see", "reception.book", "reception.receive", "billing.see",
                "billing.take", "billing.charge", "it.operate", "automations.see", "automations.decide"]  # fmt: skip


def public_id(seed: int, ref: int) -> uuid.UUID:
    """The public id of a synthetic patient: the same for the loader and for the robots outside."""
    return uuid.uuid5(NAMESPACE, f"{seed}:{ref}")


def first_day(today: date) -> date:
    """Today when it is a weekday, else the last one: the hospital is always met at work."""
    while not is_weekday(today):
        today -= timedelta(days=1)
    return today


def renew_robots() -> None:
    """Give the robots of a hospital that was planted by an earlier version the scopes they need now."""
    ApiToken.objects.filter(name="robots", made_by="tamna up", revoked_at=None).update(scopes=ROBOT_SCOPES)


@transaction.atomic
def plant(world: World, rate: int = DEFAULT_RATE) -> datetime:
    """Make the hospital. Returns its business time at the start."""
    on = first_day(timezone.now().astimezone(clock.SEOUL).date())
    Hospital.objects.create(
        pk=1, name_ko="탐라모의의료원", name_en="Tamna Model Hospital", institution_id="39100103", emergency="local_center",
        beds=288, is_synthetic=True,
    )  # fmt: skip
    for item in departments():
        department = Department.objects.create(code=item["code"], name_ko=item["ko"], name_en=item["en"])
        for number in range(1, item["doctors"] + 1):
            Room.objects.create(department=department, name_ko=f"{number}진료실", name_en=f"Room {number}")
    rooms = {
        (room.department.code, int(room.name_en.split()[1])): room for room in Room.objects.select_related("department")
    }
    Practitioner.objects.bulk_create(
        Practitioner(
            license_no=doctor.license_no, name_ko=doctor.name_ko, name_en=doctor.name_en,
            department=rooms[doctor.department, doctor.room].department, room=rooms[doctor.department, doctor.room],
        )
        for doctor in world.doctors
    )  # fmt: skip
    _report(world, on)
    for clerk in world.staff:
        user = User(username=clerk.username, name_ko=clerk.name_ko, name_en=clerk.name_en, role=clerk.role, team=clerk.team,
                    is_synthetic=True)  # fmt: skip
        user.set_unusable_password()
        user.save()
    ensure_accounts()
    token = secrets.token_urlsafe(32)
    ApiToken.objects.create(name="robots", hash=token_hash(token), scopes=ROBOT_SCOPES, made_by="tamna up")
    path = folder("state", private=True) / "robots.token"
    path.write_text(token, encoding="utf-8")
    path.chmod(0o600)
    start = clock.at_seoul(on, START_MINUTES)
    clock.set_clock(start, rate)
    return start


def _report(world: World, on: date) -> None:
    """What the agency knows of the hospital (요양기관 현황 신고): doctors, therapists, machines inspected for two years more."""
    since = on - timedelta(days=3 * 365)
    people = [("doctor", doctor.license_no) for doctor in world.doctors]
    people += [("psychiatrist", doctor.license_no) for doctor in world.doctors if doctor.department == PSYCHIATRY]
    people += [("physical_therapist", f"PT{number:04d}") for number in range(1, THERAPISTS + 1)]
    ReportedStaff.objects.bulk_create(
        ReportedStaff(kind=kind, license_no=license_no, valid_from=since) for kind, license_no in people
    )
    kinds = sorted({row["equipment"] for row in table("claimcheck/equipment_needed")})
    ReportedMachine.objects.bulk_create(
        ReportedMachine(kind=kind, number=f"{kind}-1", valid_from=since, valid_to=on + timedelta(days=730))
        for kind in kinds
    )
