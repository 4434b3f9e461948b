"""Bookings: doctors' hours, slots, appointments, slots held while someone chooses, the waiting list and its offers."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id

_HELD = Q(status__in=["booked", "arrived"])


class ClinicHours(models.Model):
    """진료시간표 (FHIR Schedule): a doctor's hours on one weekday, from a day on. Slots of coming weeks are opened from it."""

    practitioner = models.ForeignKey("core.Practitioner", on_delete=models.PROTECT, related_name="hours")
    weekday = models.PositiveSmallIntegerField()  # 0 Monday … 6 Sunday
    starts = models.TimeField()
    ends = models.TimeField()
    minutes = models.PositiveSmallIntegerField(default=10)  # of one booking
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)  # the last day it holds

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday"),
            models.CheckConstraint(condition=Q(starts__lt=models.F("ends")), name="hours_begin_before_end"),
            models.CheckConstraint(condition=Q(minutes__gte=5) & Q(minutes__lte=120), name="hours_slot_5_to_120"),
            models.UniqueConstraint(fields=["practitioner", "weekday", "starts", "valid_from"], name="hours_once"),
        ]


class Absence(models.Model):
    """휴진: days on which a doctor sees nobody. Free slots close; taken ones are listed for the desk."""

    practitioner = models.ForeignKey("core.Practitioner", on_delete=models.PROTECT, related_name="absences")
    first_on = models.DateField()
    last_on = models.DateField()
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_on__lte=models.F("last_on")), name="absence_begins_before_end"),
        ]


class SlotQuerySet(models.QuerySet["Slot"]):
    def open(self) -> "SlotQuerySet":
        return self.filter(is_open=True)


class Slot(models.Model):
    """예약시간 (FHIR Slot): one patient of one doctor at one minute."""

    practitioner = models.ForeignKey("core.Practitioner", on_delete=models.PROTECT, related_name="slots")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=10)
    is_open = models.BooleanField(default=True)
    is_extra = models.BooleanField(default=False)  # 초과예약: a second person at a time that has one already

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practitioner", "starts_at", "is_extra"], name="slot_once")]
        indexes = [models.Index(fields=["starts_at"])]


class Appointment(models.Model):
    """예약 (FHIR Appointment). One patient in one slot; a cancelled one stays for the record.

    The database refuses a second person in a slot, a doctor or a patient in two places at overlapping minutes, and a slot that
    somebody else holds (trigger `appointment_place` of migration 0006).
    """

    class Status(models.TextChoices):
        BOOKED = "booked", _("Booked")
        ARRIVED = "arrived", _("Arrived")
        CANCELLED = "cancelled", _("Cancelled")
        NOSHOW = "noshow", _("No-show")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="appointments")
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField()  # copied from the slot so that the patient's own clash is a constraint too
    status = models.CharField(max_length=9, choices=Status, default=Status.BOOKED)
    booked_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    doctor_time = BigIntegerRangeField(null=True, editable=False)  # the doctor's minutes; none of an extra slot
    patient_time = BigIntegerRangeField(null=True, editable=False)  # the patient's minutes; the database fills in both

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slot"], condition=~Q(status="cancelled"), name="slot_taken"),
            models.UniqueConstraint(
                fields=["patient", "starts_at"], condition=~Q(status="cancelled"), name="patient_elsewhere"
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_at__isnull=True)),
                name="cancelled_has_time",
            ),
            ExclusionConstraint(name="doctor_busy", expressions=[("doctor_time", "&&")], condition=_HELD),
            ExclusionConstraint(name="patient_busy", expressions=[("patient_time", "&&")], condition=_HELD),
        ]
        indexes = [models.Index(fields=["starts_at"])]

    @property
    def chance(self) -> "models.Model | None":
        """How likely it is to be missed, where the night told it."""
        return getattr(self, "noshow_chance", None)


class SlotHold(models.Model):
    """임시 점유: a slot kept for one chooser until a moment; after it anybody may take it over. One a slot."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="hold")
    holder = models.CharField(max_length=64)  # desk:<user>, offer:<slot>, api:<key>
    until = models.DateTimeField()


class WaitingRequest(models.Model):
    """예약 대기: a patient who wants an earlier or a full time. The order is that of asking."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        BOOKED = "booked", _("Booked")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="waiting_requests")
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="waiting_requests")
    practitioner = models.ForeignKey("core.Practitioner", on_delete=models.PROTECT, null=True, blank=True, related_name="waiting_requests")  # fmt: skip
    first_on = models.DateField()
    last_on = models.DateField()
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_on__lte=models.F("last_on")), name="request_begins_before_end"),
            models.UniqueConstraint(fields=["patient", "department"], condition=Q(status="waiting"), name="waits_once"),
        ]
        indexes = [models.Index(fields=["department", "id"], condition=Q(status="waiting"), name="waiting_list")]


class SlotOffer(models.Model):
    """빈 시간 제안: a freed slot offered to one who waits, until a moment. The first to accept has it."""

    class Status(models.TextChoices):
        OPEN = "open", _("Offered")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        LAPSED = "lapsed", _("Lapsed")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    request = models.ForeignKey(WaitingRequest, on_delete=models.PROTECT, related_name="offers")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="offers")
    freed_by = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="offers")  # the cancelled booking
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    made_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "freed_by"], name="offered_once")]
        indexes = [models.Index(fields=["until"], condition=Q(status="open"), name="open_offers")]
