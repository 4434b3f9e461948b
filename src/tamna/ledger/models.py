"""Double entry (복식부기) under the accounts of 의료기관 회계기준 규칙."""

from django.db import models
from django.db.models import Q

from tamna.core.identity import new_public_id


class Account(models.Model):
    """계정과목."""

    code = models.CharField(max_length=6, unique=True)
    name_ko = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    kind = models.CharField(max_length=9)  # asset liability equity revenue expense

    class Meta:
        ordering = ["code"]


class JournalEntry(models.Model):
    """분개. Never changed; a correction reverses it. `key` makes posting idempotent."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    number = models.BigIntegerField(unique=True)  # gapless
    key = models.CharField(max_length=120, unique=True)  # payment:<id>, invoice:<id>, decision:<id>
    business_on = models.DateField()
    text = models.CharField(max_length=200)  # English message id
    facts = models.JSONField(default=dict)
    source_type = models.CharField(max_length=30)
    source_ref = models.UUIDField(null=True, db_index=True)
    encounter_ref = models.UUIDField(null=True, db_index=True)
    posted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["business_on", "id"]), models.Index(fields=["source_type", "-id"])]


class JournalLine(models.Model):
    """분개 줄: debit or credit, never both."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="lines", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines")
    debit_won = models.BigIntegerField(default=0)
    credit_won = models.BigIntegerField(default=0)
    department_code = models.CharField(max_length=2, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_won__gt=0, credit_won=0) | Q(debit_won=0, credit_won__gt=0), name="one_side_only"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-entry"]),
            # the trial balance adds lines up without reading the table
            models.Index(fields=["entry"], include=["account", "debit_won", "credit_won"], name="lines_of_entry"),
        ]
