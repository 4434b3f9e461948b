"""Money over the counter (수납): payments with gapless receipt numbers, deposits, the card terminal's requests, day closes."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tamna.billing.models.bills import Invoice
from tamna.core.identity import new_public_id


class CashClosing(models.Model):
    """일마감: one cashier's day closed to the won, counted blind before the expected sum is shown."""

    cashier = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="closings")
    business_on = models.DateField()
    expected_cash_won = models.BigIntegerField()
    counted_cash_won = models.BigIntegerField()
    card_won = models.BigIntegerField()
    transfer_won = models.BigIntegerField(default=0)
    difference_won = models.BigIntegerField()
    simple_won = models.BigIntegerField(default=0, db_default=0)
    note = models.TextField(blank=True)  # why it differs, in the cashier's words
    finding = models.CharField(max_length=200, blank=True, default="", db_default="")  # what explains it, found later
    closed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cashier", "business_on"], name="closed_once"),
            models.CheckConstraint(
                condition=Q(difference_won=F("counted_cash_won") - F("expected_cash_won")), name="closing_difference"
            ),
        ]


class Payment(models.Model):
    """수납 (FHIR PaymentReconciliation, patient side). A refund is a negative payment to the tender it came from."""

    class Tender(models.TextChoices):
        CARD = "card", _("Card")
        CASH = "cash", _("Cash")
        TRANSFER = "transfer", _("Transfer")
        SIMPLE = "simple", _("Simple pay")  # 간편결제, through the card terminal
        DEPOSIT = "deposit", _("Deposit")  # 선수금 대체
        PAYER = "payer", _("Third payer")  # 기관 부담: owed by an insurer from now on
        SET_OFF = "set_off", _("Set off")  # 상계
        WRITE_OFF = "writeoff", _("Write-off")  # 대손

    BY_HAND = (Tender.CARD, Tender.CASH, Tender.TRANSFER, Tender.SIMPLE)
    BY_TERMINAL = (Tender.CARD, Tender.SIMPLE)
    MONEYLESS = (Tender.DEPOSIT, Tender.PAYER, Tender.SET_OFF, Tender.WRITE_OFF)  # nothing comes over the counter

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    receipt_no = models.BigIntegerField("영수증번호", unique=True)  # gapless
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    amount_won = models.BigIntegerField()
    tender = models.CharField(max_length=8, choices=Tender)
    approval_no = models.CharField("승인번호", max_length=20, blank=True)
    refund_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    deposit = models.ForeignKey("Deposit", on_delete=models.PROTECT, null=True, blank=True, related_name="uses")
    key = models.CharField(max_length=120, unique=True)  # idempotency
    cashier = models.CharField(max_length=150)
    cashier_user = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="payments")
    reason = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField()
    business_on = models.DateField()
    closing = models.ForeignKey(CashClosing, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_won=0), name="payment_not_zero"),
            models.CheckConstraint(
                condition=Q(amount_won__gt=0) | Q(refund_of__isnull=False), name="refund_names_its_payment"
            ),
            models.CheckConstraint(
                condition=Q(tender="deposit", deposit__isnull=False) | (~Q(tender="deposit") & Q(deposit=None)),
                name="deposit_is_named",
            ),
        ]
        indexes = [models.Index(fields=["business_on", "cashier"]), models.Index(fields=["cashier", "-id"])]


class Deposit(models.Model):
    """선수금: money of a patient held before there is a bill. A return is a negative row to the tender it came from.

    Law: 국민건강보험법 시행령 제19조② — beyond the copayment nothing may be asked of an insured patient: a deposit is
    taken only when the patient offers it, a guarantee (보증금) only of those without benefit.
    """

    class Kind(models.TextChoices):
        ADVANCE = "advance", _("Paid in advance")
        GUARANTEE = "guarantee", _("Guarantee")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    receipt_no = models.BigIntegerField("영수증번호", unique=True)  # one gapless series with payments
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="deposits")
    kind = models.CharField(max_length=9, choices=Kind)
    amount_won = models.BigIntegerField()
    left_won = models.BigIntegerField()  # not used and not returned
    tender = models.CharField(max_length=8, choices=Payment.Tender)
    approval_no = models.CharField("승인번호", max_length=20, blank=True)
    return_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="returns")
    key = models.CharField(max_length=120, unique=True)
    cashier = models.CharField(max_length=150)
    cashier_user = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="deposits")
    reason = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField()
    business_on = models.DateField()
    closing = models.ForeignKey(CashClosing, on_delete=models.PROTECT, null=True, blank=True, related_name="deposits")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_won__gt=0, return_of=None, left_won__gte=0, left_won__lte=F("amount_won"))
                | Q(amount_won__lt=0, return_of__isnull=False, left_won=0),
                name="deposit_left",
            ),
            models.CheckConstraint(
                condition=Q(tender__in=["card", "cash", "transfer", "simple"]), name="deposit_tender"
            ),
        ]
        indexes = [
            models.Index(fields=["business_on", "cashier_user"]),
            models.Index(fields=["-id"], condition=Q(left_won__gt=0), name="deposit_held"),
        ]


class TerminalRequest(models.Model):
    """카드 단말 거래: written before the terminal is asked, so that an answer that was lost is settled later.

    One approval of a bill is under way at a time: a second card is never charged while the first is not known.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        DONE = "done", _("Recorded")
        REFUSED = "refused", _("Refused")
        UNDONE = "undone", _("Cancelled")  # approved, then given back: the bill did not take it

    key = models.CharField(max_length=120, unique=True)  # the terminal's own: a question by it can be repeated
    is_cancel = models.BooleanField(default=False)
    tender = models.CharField(max_length=8)  # card, simple
    amount_won = models.BigIntegerField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="terminal_requests")
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, null=True, related_name="+")  # a deposit
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="cancels")
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, null=True, related_name="cancels")
    facts = models.JSONField(default=dict)  # what the record needs besides: kind of deposit, reason
    state = models.CharField(max_length=7, choices=State, default=State.ASKED)
    code = models.CharField(max_length=40, blank=True)  # why it was refused
    by_kind = models.CharField(max_length=10)
    by_name = models.CharField(max_length=150)
    by_user = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)  # wall time: the terminal knows no hospital clock

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(state="asked", is_cancel=False), name="one_card_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(state="asked"), name="terminal_asked")]


class CashCount(models.Model):
    """현금 실사: what a cashier counted, before any sum was shown. Never changed; counting again is another row."""

    cashier = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="cash_counts")
    business_on = models.DateField()
    notes = models.JSONField(default=dict)  # value of a note or coin → how many
    counted_won = models.BigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(counted_won__gte=0), name="count_not_negative")]
        indexes = [models.Index(fields=["business_on", "cashier"])]


class HouseClosing(models.Model):
    """병원 일마감: the day of all cashiers closed to the won; no money is booked into it any more."""

    business_on = models.DateField(unique=True)
    sums = models.JSONField(default=dict)  # tender → won over the counter, deposits with them
    difference_won = models.BigIntegerField(default=0)  # of all counts
    payments = models.PositiveIntegerField(default=0)
    closed_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField()
