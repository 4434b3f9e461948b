"""The hospital itself: organisation, departments, doctors, rooms, and its clock."""

from django.db import models
from django.db.models import Q

from tamna.core.identity import new_public_id


class Hospital(models.Model):
    """요양기관 (FHIR Organization). One row: one schema is one hospital."""

    name_ko = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    institution_id = models.CharField("요양기관기호", max_length=8)
    institution_class = models.CharField(max_length=10, default="general")  # tertiary general hospital clinic
    area = models.CharField(max_length=8, default="dong")  # dong eupmyeon
    emergency = models.CharField(max_length=20, default="none")  # as in `tamna copay`
    beds = models.PositiveIntegerField(default=0)
    address = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    business_no = models.CharField("사업자등록번호", max_length=12, blank=True)
    booking_weeks = models.PositiveSmallIntegerField(default=8)  # how far ahead doctors' hours are open to booking
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_hospital")]


class HospitalClock(models.Model):
    """Business time as a line over wall time; only the synthetic hospital has a row."""

    at_wall = models.DateTimeField()
    at_business = models.DateTimeField()
    rate = models.DecimalField(max_digits=6, decimal_places=2, default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate__gte=0) & Q(rate__lte=60), name="clock_rate_0_to_60"),
        ]


class Department(models.Model):
    """진료과 (FHIR HealthcareService), code of the claim forms (진료과목)."""

    ELSEWHERE = "ZZ"  # visits of other institutions that were imported: closed, and in no list of ours

    code = models.CharField(max_length=2, unique=True)
    name_ko = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    is_open = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Room(models.Model):
    """진료실 (FHIR Location)."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="rooms")
    name_ko = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "name_ko"], name="room_name_once")]


class Practitioner(models.Model):
    """의사 (FHIR PractitionerRole): the doctor who sees patients in a department."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    license_no = models.CharField("면허번호", max_length=10, unique=True)
    license_kind = models.CharField(max_length=1, default="1")
    name_ko = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60, blank=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="practitioners")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="practitioners")
    is_active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["name_ko", "id"])]
