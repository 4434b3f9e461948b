"""What is agreed about an unpaid bill (미수금 관리): instalments with their days, or a promise to pay."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.billing.models.bills import Invoice


class PaymentPlan(models.Model):
    """납부 약정: a promise (one day) or instalments (several), in place of reminders. One stands for a bill at a time."""

    class Kind(models.TextChoices):
        PROMISE = "promise", _("Promise to pay")
        INSTALMENTS = "instalments", _("Instalments")

    class State(models.TextChoices):
        OPEN = "open", _("Running")
        KEPT = "kept", _("Kept")
        BROKEN = "broken", _("Broken")
        ENDED = "ended", _("Ended")  # replaced, or settled another way

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="plans")
    kind = models.CharField(max_length=11, choices=Kind)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    paid_before_won = models.BigIntegerField(default=0)  # of the bill, when it was agreed
    agreed_with = models.CharField(max_length=60, blank=True)  # patient, guardian, …: a word, no name
    note = models.CharField(max_length=200, blank=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice"], condition=Q(state="open"), name="one_plan_a_bill"),
        ]


class Instalment(models.Model):
    """분할 회차: a day and a sum."""

    plan = models.ForeignKey(PaymentPlan, on_delete=models.CASCADE, related_name="instalments")
    due_on = models.DateField()
    won = models.BigIntegerField()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [models.CheckConstraint(condition=Q(won__gt=0), name="instalment_positive")]
        indexes = [models.Index(fields=["due_on"])]
