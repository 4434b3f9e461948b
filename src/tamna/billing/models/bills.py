"""Charges and bills (진료비 항목, 수납서): charge items, invoices with frozen totals, papers that were printed of them."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from tamna.core.format import language
from tamna.core.identity import new_public_id

if TYPE_CHECKING:
    from tamna.billing.models.follow_up import PaymentPlan

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
    cap_year = models.PositiveSmallIntegerField(
        null=True, blank=True
    )  # year of care the share counts in (본인부담상한제)
    counted_won = models.BigIntegerField(db_default=0, default=0)  # of the patient's share, what the yearly cap counts
    cap_excess_won = models.BigIntegerField(db_default=0, default=0)  # above the cap: the insurer pays it (사전급여)
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

    @property
    def agreed(self) -> "PaymentPlan | None":
        """What was agreed last about paying it, from what was prefetched."""
        return next(iter(self.plans.all()), None)


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
    name_en = models.CharField(max_length=200, blank=True, default="", db_default="")
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

    @property
    def shown_name(self) -> str:
        """The name in the reader's language; Korean where the master has no other."""
        return self.name if language() == "ko" else self.name_en or self.name


class Printout(models.Model):
    """증명서 발급 기록: each paper printed of a bill. The first is the original, the others say that they are copies (사본)."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("Medical bill and receipt")
        STATEMENT = "statement", _("Itemised statement")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="printouts")
    kind = models.CharField(max_length=9, choices=Kind)
    copy_no = models.PositiveSmallIntegerField()  # 1 is the original
    printed_by = models.CharField(max_length=150)
    printed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "kind", "copy_no"], name="printout_once")]
