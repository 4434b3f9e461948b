"""What patients are told: one row a notice with its channel, state and cost, and what each patient wants."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tamna.core.fields import EncryptedTextField
from tamna.core.identity import new_public_id


class Communication(models.Model):
    """안내 메시지 (FHIR Communication). The key names its cause: the same cause is told once. The text is not kept."""

    class Kind(models.TextChoices):
        BOOKING = "booking", _("Booking")
        CANCELLED = "cancelled", _("Cancellation")
        REMINDER = "reminder", _("Reminder")
        TURN = "turn", _("Turn is near")
        OFFER = "offer", _("Freed time")
        RESULT = "result", _("Result")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting to be sent")
        SENT = "sent", _("On its way")
        DELIVERED = "delivered", _("Arrived")
        FAILED = "failed", _("Did not arrive")
        DROPPED = "dropped", _("Not sent")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    key = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=9, choices=Kind)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="communications")
    appointment = models.ForeignKey("reception.Appointment", on_delete=models.PROTECT, null=True, related_name="+")
    ticket = models.ForeignKey("reception.Ticket", on_delete=models.PROTECT, null=True, related_name="+")
    offer = models.ForeignKey("reception.SlotOffer", on_delete=models.PROTECT, null=True, related_name="+")
    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    channel = models.CharField(max_length=5, blank=True)  # the one in use: push, kakao, sms, email
    failed_channels = ArrayField(models.CharField(max_length=5), default=list)  # tried before it, in vain
    reason = models.CharField(max_length=20, blank=True)  # why it was not sent, or how it failed
    message_id = models.CharField(max_length=64, blank=True)  # the carrier's
    cost_won = models.IntegerField(default=0)  # of every channel that took it
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()  # later than made where it waits for the morning
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(status="waiting"), name="communications_due"),
            models.Index(fields=["sent_at"], condition=models.Q(status="sent"), name="communications_sent"),
        ]


class ContactChoice(models.Model):
    """수신 설정: where a patient also wants to be told, and what not. A change is a new row; the newest holds."""

    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="contact_choices")
    email = EncryptedTextField(blank=True, default="")
    push_address = EncryptedTextField(blank=True, default="")  # the subscription of a browser (RFC 8030)
    opted_out = ArrayField(models.CharField(max_length=9), default=list)  # kinds
    changed_at = models.DateTimeField()
