"""From the booking to the end of the visit: slots, appointments, encounters, tickets, diagnoses, orders."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


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

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practitioner", "starts_at"], name="slot_once")]
        indexes = [models.Index(fields=["starts_at"])]


class Appointment(models.Model):
    """예약 (FHIR Appointment). One patient in one slot; a cancelled one stays for the record."""

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
        ]
        indexes = [models.Index(fields=["starts_at"])]

    @property
    def chance(self) -> "NoShowChance | None":
        """How likely it is to be missed, where the night told it."""
        return getattr(self, "noshow_chance", None)


class Encounter(models.Model):
    """내원 (FHIR Encounter). The insurance belongs to the visit: its date decides."""

    class Status(models.TextChoices):
        ARRIVED = "arrived", _("Arrived")
        IN_PROGRESS = "in-progress", _("In consultation")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    class Setting(models.TextChoices):
        OUTPATIENT = "outpatient", _("Outpatient")
        INPATIENT = "inpatient", _("Inpatient")
        EMERGENCY = "emergency", _("Emergency")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="encounters")
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="encounters")
    practitioner = models.ForeignKey(
        "core.Practitioner", on_delete=models.PROTECT, null=True, related_name="encounters"
    )
    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="encounter"
    )
    coverage = models.ForeignKey("patients.Coverage", on_delete=models.PROTECT, null=True, related_name="encounters")
    setting = models.CharField(max_length=10, choices=Setting, default=Setting.OUTPATIENT)
    status = models.CharField(max_length=11, choices=Status, default=Status.ARRIVED)
    payer = models.CharField(max_length=15)
    special_case = models.CharField(max_length=6, blank=True)
    is_first_visit = models.BooleanField(default=False)
    ktas = models.PositiveSmallIntegerField(null=True, blank=True)
    business_on = models.DateField()
    arrived_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    admitted_on = models.DateField(null=True, blank=True)
    discharged_on = models.DateField(null=True, blank=True)
    is_synthetic = models.BooleanField(default=False)
    is_imported = models.BooleanField(default=False)  # a visit elsewhere: never queued, billed, claimed or counted here

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "department", "business_on"],
                condition=Q(status__in=["arrived", "in-progress"]),
                name="one_open_visit",
            ),
            models.CheckConstraint(
                condition=~Q(setting="inpatient") | Q(admitted_on__isnull=False), name="inpatient_has_admission"
            ),
        ]
        indexes = [
            models.Index(fields=["business_on", "department"]),
            models.Index(fields=["patient", "-arrived_at"]),
        ]


class Ticket(models.Model):
    """대기표: a place in a department's queue. Number is unique in a department's day."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CALLED = "called", _("Called")
        IN_ROOM = "in_room", _("In room")
        DONE = "done", _("Done")
        ABSENT = "absent", _("Absent")
        CANCELLED = "cancelled", _("Cancelled")

    ACTIVE = (Status.WAITING, Status.CALLED, Status.IN_ROOM, Status.ABSENT)

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="tickets")
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="tickets")
    practitioner = models.ForeignKey("core.Practitioner", on_delete=models.PROTECT, null=True, related_name="tickets")
    number = models.PositiveIntegerField()
    business_on = models.DateField()
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    priority = models.SmallIntegerField(default=50)  # lower is earlier; the queue policy gives it
    priority_reason = models.CharField(max_length=100, blank=True)
    due_at = models.DateTimeField()  # the booked minute, or the arrival of a walk-in
    issued_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    predicted_wait_min = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)  # told at issue
    predicted_low_min = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)  # 80 % interval
    predicted_high_min = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    baseline_wait_min = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)  # people × pace
    predicted_by = models.CharField(max_length=8, blank=True)  # model or baseline

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "business_on", "number"], name="ticket_number_once"),
            models.UniqueConstraint(
                fields=["encounter"],
                condition=Q(status__in=["waiting", "called", "in_room", "absent"]),
                name="one_active_ticket",
            ),
        ]
        indexes = [
            models.Index(
                fields=["department", "business_on", "priority", "due_at"],
                condition=Q(status__in=["waiting", "called", "in_room", "absent"]),
                name="queue_active",
            ),
            models.Index(fields=["business_on", "department"]),
        ]


class Condition(models.Model):
    """상병 (FHIR Condition) of a visit, coded in KCD with the dot; of an imported visit in whatever its sender uses."""

    class Kind(models.TextChoices):
        PRINCIPAL = "principal", _("Principal")
        SECONDARY = "secondary", _("Secondary")
        RULE_OUT = "rule_out", _("Ruled out")

    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="conditions")
    seq = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=9, choices=Kind)
    code = models.CharField(max_length=20)
    system = models.CharField(max_length=100, blank=True)  # empty: KCD; else the code system's address
    title = models.CharField(max_length=200, blank=True)  # the sender's words, where the code is not ours
    onset_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encounter", "seq"], name="condition_seq_once"),
            models.UniqueConstraint(fields=["encounter"], condition=Q(kind="principal"), name="one_principal"),
        ]


class ServiceRequest(models.Model):
    """오더 (FHIR ServiceRequest): what the doctor ordered in the HIS. The placer number makes a replay harmless."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Ordered")
        REVOKED = "revoked", _("Cancelled")
        UNMAPPED = "unmapped", _("Unmapped")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="orders")
    placer_number = models.CharField(max_length=40, unique=True)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    quantity = models.DecimalField(max_digits=10, decimal_places=4, default=1)
    days = models.PositiveSmallIntegerField(default=1)
    ordered_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    control_id = models.CharField(max_length=64, blank=True)  # HL7 message that brought it


class Learner(models.Model):
    """예측 모형의 사용 여부. What is learnt at night, and whether reception may use it; off, the baseline answers."""

    WAIT, NOSHOW, ARRIVALS = "wait", "noshow", "arrivals"

    key = models.CharField(max_length=10, unique=True)
    is_on = models.BooleanField(default=True)


class LearntModel(models.Model):
    """학습된 모형 of one night: its card for people, its folder's texts packed. The newest of a learner is in use."""

    learner = models.ForeignKey(Learner, on_delete=models.PROTECT, related_name="models")
    learnt_at = models.DateTimeField()
    card = models.JSONField()
    content = models.BinaryField()
    is_baseline = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["learner", "-id"])]


class NoShowChance(models.Model):
    """예약 부도 확률 of one booking, with reasons by language. For reminders and for sums, never for one person's access."""

    appointment = models.OneToOneField(Appointment, on_delete=models.CASCADE, related_name="noshow_chance")
    probability = models.DecimalField(max_digits=5, decimal_places=4)
    reasons = models.JSONField(default=dict)
    told_at = models.DateTimeField()


class ArrivalForecast(models.Model):
    """내원 예측 of a day, as it was told on an earlier day, beside the same weekday of the week before."""

    on = models.DateField()
    told_on = models.DateField()
    mean = models.DecimalField(max_digits=8, decimal_places=1)
    low80 = models.DecimalField(max_digits=8, decimal_places=1)
    high80 = models.DecimalField(max_digits=8, decimal_places=1)
    baseline = models.DecimalField(max_digits=8, decimal_places=1)
    is_baseline = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["on", "told_on"], name="forecast_once_a_day")]
