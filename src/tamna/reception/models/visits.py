"""From the arrival to the end of the visit: encounters, tickets, diagnoses, orders."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


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
        "reception.Appointment", on_delete=models.PROTECT, null=True, blank=True, related_name="encounter"
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
