"""Wrapped data keys and gapless number series."""

from django.db import models
from django.db.models import Q


class DataKey(models.Model):
    """A data key, wrapped by the master key outside the database (envelope encryption, 봉투 암호화)."""

    purpose = models.CharField(max_length=10)  # field, index
    wrapped = models.BinaryField()
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)  # `wrapped` is empty then: what it sealed opens no more

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose"], condition=Q(is_active=True), name="one_active_key"),
            models.CheckConstraint(
                condition=Q(destroyed_at=None) | Q(is_active=False), name="key_in_use_not_destroyed"
            ),
        ]


class KeyRotation(models.Model):
    """A change of the field key or of the index key (암호키 교체): how far values are made again. At most one runs."""

    key = models.OneToOneField(DataKey, on_delete=models.PROTECT, related_name="rotation")
    total = models.BigIntegerField(default=0)  # values under older keys at the start
    done = models.BigIntegerField(default=0)
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(auto_now_add=True)
    writes_since = models.DateTimeField(null=True, blank=True)  # of an index key: announced before, used from then on
    position = models.BigIntegerField(default=0)  # of an index key: the last record that was indexed again
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=Q(finished_at=None),
                nulls_distinct=False,
                name="one_rotation_at_a_time",
            ),
        ]


class NumberSeries(models.Model):
    """Counter of human numbers (번호). Gapless: the row is locked until the taker's transaction ends."""

    series = models.CharField(max_length=30)  # receipt, claim, ticket:01, chart
    period = models.CharField(max_length=10)  # a day, a month, a year or ''
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "period"], name="series_once")]
