"""Charges, bills and money: charge items, invoices with frozen totals, payments with gapless receipt numbers, closings."""

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class FeeItem(models.Model):
    """수가·약가·재료 마스터의 한 줄 (FHIR ChargeItemDefinition), valid over dates. A fee change is a new row."""

    code = models.CharField(max_length=9)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    name_ko = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=dict)  # every column of the master, as `engines.tariff.FeeMaster` reads it
    mark = models.CharField(max_length=4)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="fee_once")]
        indexes = [models.Index(fields=["code", "id"]), models.Index(fields=["valid_from", "id"])]


class FeeImport(models.Model):
    """One reading of a fee master file (수가 마스터 반영). The same file again goes on after its last kept row."""

    digest = models.CharField(max_length=64, unique=True)  # sha256 of the file's bytes
    name = models.CharField(max_length=120)
    rows = models.PositiveIntegerField(default=0)  # lines of the file without its header
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list)  # the first of them: row, field, code, message
    failed = models.CharField(max_length=200, blank=True)  # why the file as a whole could not be used
    made_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)


class OrderCode(models.Model):
    """오더 코드 → 수가 코드 (매핑), dated."""

    order_code = models.CharField(max_length=20)
    fee_code = models.CharField(max_length=9)
    valid_from = models.DateField()
    confirmed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order_code", "valid_from"], name="order_code_once")]


# Something is owed, either way. One expression with statistics of its own (migration 0007): comparing two columns instead,
# PostgreSQL takes nearly every bill for an open one.
OWED = ~Q(Exact(F("patient_won") - F("paid_won"), 0))


class Invoice(models.Model):
    """수납서 (FHIR Invoice): what the patient owes for a visit. Totals are frozen; a correction is a difference invoice."""

    class Kind(models.TextChoices):
        ORIGINAL = "original", _("Bill")
        DIFFERENCE = "difference", _("Difference")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    number = models.CharField(max_length=20, unique=True)
    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="invoices")
    seq = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ORIGINAL)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    payer = models.CharField(max_length=15)
    total_won = models.BigIntegerField()
    patient_won = models.BigIntegerField()  # negative on a difference in the patient's favour
    insurer_won = models.BigIntegerField()
    paid_won = models.BigIntegerField(default=0)
    rule = models.CharField(max_length=60, blank=True)
    parts = models.JSONField(default=dict)
    steps = models.JSONField(default=list)
    unconfirmed = models.JSONField(default=list)
    bill_rows = models.JSONField(default=list)  # the statutory table
    issued_at = models.DateTimeField()
    business_on = models.DateField()
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encounter", "seq"], name="invoice_seq_once"),
            models.CheckConstraint(condition=Q(total_won=F("patient_won") + F("insurer_won")), name="invoice_adds_up"),
            models.CheckConstraint(
                condition=Q(patient_won__gte=0, paid_won__gte=0, paid_won__lte=F("patient_won"))
                | Q(patient_won__lt=0, paid_won__lte=0, paid_won__gte=F("patient_won")),
                name="invoice_overpaid",
            ),
        ]
        indexes = [
            models.Index(fields=["business_on"]),
            models.Index(fields=["issued_at", "id"], condition=OWED, name="invoice_owed"),
        ]


class ChargeItem(models.Model):
    """진료비 항목 (FHIR ChargeItem): one priced service, drug or material of a visit."""

    class Status(models.TextChoices):
        BILLABLE = "billable", _("To bill")
        BILLED = "billed", _("Billed")
        ENTERED_IN_ERROR = "entered-in-error", _("Cancelled")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="charges")
    service_request = models.OneToOneField(
        "reception.ServiceRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="charge"
    )
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="charges")
    key = models.CharField(max_length=60, unique=True)  # what caused it: order:<placer>, consultation:<encounter>
    code = models.CharField(max_length=9)
    name = models.CharField(max_length=200)
    item_class = models.CharField("항", max_length=2)
    item_sub = models.CharField("목", max_length=2)
    code_kind = models.CharField(max_length=11)  # fee fee_analogy drug prepared material
    benefit = models.CharField(max_length=12)  # covered covered_ct … non_covered
    quantity = models.DecimalField(max_digits=10, decimal_places=4)
    days = models.PositiveSmallIntegerField(default=1)
    unit_won = models.BigIntegerField()
    amount_won = models.BigIntegerField()
    service_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=Status, default=Status.BILLABLE)
    steps = models.JSONField(default=list)
    unconfirmed = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(status="billed") | Q(invoice__isnull=False), name="billed_has_invoice"),
        ]


class CashClosing(models.Model):
    """일마감: one cashier's day closed to the won, counted blind before the expected sum is shown."""

    cashier = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="closings")
    business_on = models.DateField()
    expected_cash_won = models.BigIntegerField()
    counted_cash_won = models.BigIntegerField()
    card_won = models.BigIntegerField()
    transfer_won = models.BigIntegerField(default=0)
    difference_won = models.BigIntegerField()
    note = models.TextField(blank=True)
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
        SET_OFF = "set_off", _("Set off")  # 상계: no money moves

    BY_HAND = (Tender.CARD, Tender.CASH, Tender.TRANSFER)

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    receipt_no = models.BigIntegerField("영수증번호", unique=True)  # gapless
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    amount_won = models.BigIntegerField()
    tender = models.CharField(max_length=8, choices=Tender)
    approval_no = models.CharField("승인번호", max_length=20, blank=True)
    refund_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
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
        ]
        indexes = [models.Index(fields=["business_on", "cashier"]), models.Index(fields=["cashier", "-id"])]
