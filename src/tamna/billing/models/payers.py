"""Third payers (제3의 지급자): car insurers, industrial accident insurance, overseas insurers; their bills and what they paid."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class ThirdPayer(models.Model):
    """지급기관: whom a bill is sent to besides the health insurance."""

    class Kind(models.TextChoices):
        AUTO = "auto", _("Car insurer")
        INDUSTRIAL = "industrial", _("Industrial accident insurance")
        OVERSEAS = "overseas", _("Overseas insurer")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=2, default="KR")
    currency = models.CharField(max_length=3, default="KRW")
    contact = models.CharField(max_length=120, blank=True)  # of the organisation: an address, a mailbox
    days_to_pay = models.PositiveSmallIntegerField(default=30)
    is_active = models.BooleanField(default=True)


class PayerBill(models.Model):
    """기관 청구서: what a third payer owes for a visit, under its guarantee. Totals are frozen."""

    class State(models.TextChoices):
        OPEN = "open", _("To send")
        SENT = "sent", _("Sent")
        PARTLY = "partly", _("Partly paid")
        SETTLED = "settled", _("Settled")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    number = models.CharField(max_length=20, unique=True)
    payer = models.ForeignKey(ThirdPayer, on_delete=models.PROTECT, related_name="bills")
    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="payer_bills")
    guarantee_no = models.CharField("지급보증번호", max_length=40)
    total_won = models.BigIntegerField()
    paid_won = models.BigIntegerField(default=0)
    cut_won = models.BigIntegerField(default=0)
    by_claim = models.BooleanField(default=False)  # answered by the review agency, through the statement
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    made_at = models.DateTimeField()
    business_on = models.DateField()
    sent_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(total_won__gt=0, paid_won__gte=0, cut_won__gte=0)
                & Q(total_won__gte=F("paid_won") + F("cut_won")),
                name="payer_bill_overpaid",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_on", "id"]), models.Index(fields=["-made_at", "-id"])]

    @property
    def left_won(self) -> int:
        """Still to be answered (미결 잔액)."""
        return self.total_won - self.paid_won - self.cut_won


class PayerAnswer(models.Model):
    """기관 입금·삭감: money that came or was cut, and what became of the cut."""

    class CutTo(models.TextChoices):
        HOSPITAL = "hospital", _("Carried by the hospital")
        PATIENT = "patient", _("Asked of the patient")

    bill = models.ForeignKey(PayerBill, on_delete=models.PROTECT, related_name="answers")
    paid_won = models.BigIntegerField(default=0)
    cut_won = models.BigIntegerField(default=0)
    cut_to = models.CharField(max_length=8, choices=CutTo, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=60, blank=True)  # of the transfer
    key = models.CharField(max_length=120, unique=True)
    by_claim = models.BooleanField(default=False)  # the ledger took it from the statement's own answer
    received_on = models.DateField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(paid_won__gte=0, cut_won__gte=0) & ~Q(paid_won=0, cut_won=0),
                name="payer_answer_says_something",
            ),
        ]
