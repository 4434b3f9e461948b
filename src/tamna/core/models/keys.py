"""Wrapped data keys and gapless number series."""

from django.db import models
from django.db.models import Q


class DataKey(models.Model):
    """A data key, wrapped by the master key outside the database (envelope encryption, 봉투 암호화)."""

    purpose = models.CharField(max_length=10)  # field, index
    wrapped = models.BinaryField()
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose"], condition=Q(is_active=True), name="one_active_key"),
        ]


class NumberSeries(models.Model):
    """Counter of human numbers (번호). Gapless: the row is locked until the taker's transaction ends."""

    series = models.CharField(max_length=30)  # receipt, claim, ticket:01, chart
    period = models.CharField(max_length=10)  # a day, a month, a year or ''
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "period"], name="series_once")]
