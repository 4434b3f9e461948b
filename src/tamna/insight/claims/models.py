"""Sums of claims by month of care and by week of sending, and which of them have to be counted again."""

from django.db import models


class ClaimFigure(models.Model):
    """청구 지표의 한 칸: `value` (won, days or seconds) and `count`, so that means and shares stay exact."""

    key = models.CharField(max_length=20)  # of insight.claims.facts
    starts_on = models.DateField()  # first of a month of care, or Monday of a week of sending
    department_code = models.CharField(max_length=2)
    part = models.CharField(max_length=10, blank=True)  # a reason code, a class of service; else empty
    value = models.BigIntegerField(default=0)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "starts_on", "department_code", "part"], name="claim_figure_once")
        ]
        indexes = [models.Index(fields=["starts_on", "key"])]


class StaleFigure(models.Model):
    """A span whose sums are older than its records; a job counts it again and takes the mark away."""

    span = models.CharField(max_length=5)  # month, week
    starts_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["span", "starts_on"], name="stale_once")]
