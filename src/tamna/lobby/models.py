"""What the lobby keeps: enrolled devices, patients' links, check-in codes, and what a kiosk was asked for (once each)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class Device(models.Model):
    """무인 기기: a kiosk or a waiting board that staff enrolled. Only digests of its keys are kept; times are the wall's."""

    class Kind(models.TextChoices):
        KIOSK = "kiosk", _("Kiosk")
        BOARD = "board", _("Waiting board on TV")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=5, choices=Kind)
    name = models.CharField(max_length=40, unique=True)
    departments = ArrayField(models.CharField(max_length=2), default=list, blank=True)  # of a board; none: all
    shows_names = models.BooleanField(default=False)  # on a board, masked; the hospital's policy
    key_digest = models.CharField(max_length=64, unique=True, null=True)
    enrol_digest = models.CharField(max_length=64, blank=True)  # of the link that opens it once
    enrol_until = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(retired_at=None) | Q(key_digest=None), name="retired_device_has_no_key")
        ]


class PatientLink(models.Model):
    """환자 페이지 주소: an unguessable link to a patient's own page. `ticket` links show a turn and nothing else."""

    digest = models.CharField(max_length=64, unique=True)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="links")
    ticket = models.ForeignKey("reception.Ticket", on_delete=models.PROTECT, null=True, related_name="links")
    made_at = models.DateTimeField()  # wall time, as its end
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(made_at__lt=models.F("expires_at")), name="link_ends_after_it_begins")
        ]


class CheckInCode(models.Model):
    """접수 QR: checks a booking in once, on its own day (business time)."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    appointment = models.ForeignKey("reception.Appointment", on_delete=models.CASCADE, related_name="codes")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class CheckIn(models.Model):
    """무인 접수: one wish of a patient to be received, by its key. The same key gives the same ticket, however often it comes."""

    key = models.UUIDField(unique=True)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, related_name="check_ins")
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, null=True, related_name="check_ins")
    ticket = models.ForeignKey("reception.Ticket", on_delete=models.PROTECT, null=True, related_name="check_ins")
    slip = models.CharField(max_length=8, blank=True)  # given while the server was away
    refusal = models.CharField(max_length=60, blank=True)  # key of the sentence, where a person must help
    made_at = models.DateTimeField()
    helped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ticket__isnull=False) ^ ~Q(refusal=""), name="ticket_or_refusal")
        ]
        indexes = [models.Index(fields=["-made_at"], condition=~Q(slip=""), name="check_in_slips")]
