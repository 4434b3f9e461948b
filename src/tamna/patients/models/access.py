"""The monthly look at who looked (접속기록 점검), signed by the person who looked through it."""

from django.db import models
from django.db.models import Q


class AccessReview(models.Model):
    """월간 접속기록 점검: what stood out in one month, by ids only, and who signed it. Once signed it stays as it is."""

    month = models.DateField(unique=True)  # its first day
    figures = models.JSONField(default=dict)  # looks, people, records, and how many of each kind stood out
    findings = models.JSONField(default=list)  # who, whose record, why, how often, when
    made_at = models.DateTimeField()
    remark = models.TextField(blank=True)
    signed_by = models.CharField(max_length=150, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_at=None, signed_by="") | (Q(signed_at__isnull=False) & ~Q(signed_by="")),
                name="review_signer_has_time",
            ),
        ]
