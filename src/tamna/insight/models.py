"""Pre-computed figures: moved by events, rebuilt from facts by one command that proves them equal."""

from django.db import models

from tamna.insight.claims.models import ClaimFigure as ClaimFigure
from tamna.insight.claims.models import StaleFigure as StaleFigure
from tamna.insight.repricing.models import RepricedCell as RepricedCell
from tamna.insight.repricing.models import Repricing as Repricing


class DailyIndicator(models.Model):
    """지표의 하루 값: `value` and `count` so that means stay exact (sum / count)."""

    key = models.CharField(max_length=40)  # visits, wait_min, payments_won, claims_won, …
    business_on = models.DateField()
    department_code = models.CharField(max_length=2, blank=True)
    value = models.BigIntegerField(default=0)
    count = models.BigIntegerField(default=0)
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "business_on", "department_code"], name="indicator_once"),
        ]
        indexes = [models.Index(fields=["business_on", "key"])]


class HourlyIndicator(models.Model):
    """The same by the hour, for the live page of a day."""

    key = models.CharField(max_length=40)
    business_on = models.DateField()
    hour = models.PositiveSmallIntegerField()
    value = models.BigIntegerField(default=0)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "business_on", "hour"], name="hourly_once")]
