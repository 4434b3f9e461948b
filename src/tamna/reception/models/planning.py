"""What is planned from forecasts: visits by hour, staff of a day, what-if studies of a season."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class HourForecast(models.Model):
    """과·시간대별 내원 예측, as it was told on an earlier day."""

    department = models.ForeignKey("core.Department", on_delete=models.CASCADE, related_name="+")
    on = models.DateField()
    hour = models.PositiveSmallIntegerField()
    told_on = models.DateField()
    mean = models.DecimalField(max_digits=7, decimal_places=2)
    low80 = models.DecimalField(max_digits=7, decimal_places=1)
    high80 = models.DecimalField(max_digits=7, decimal_places=1)
    baseline = models.DecimalField(max_digits=7, decimal_places=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["on", "department", "hour", "told_on"], name="hour_told_once")]


class StaffPlan(models.Model):
    """창구 인력 계획 of a day: what was needed and what was decided. One a day; a new decision replaces it and is audited."""

    on = models.DateField(unique=True)
    target_min = models.DecimalField(max_digits=4, decimal_places=1)
    spare = models.PositiveSmallIntegerField(default=0)
    arrivals = models.JSONField()  # people each half hour from 08:00
    needed = models.JSONField()
    staffed = models.JSONField()
    waits = models.JSONField()
    shifts = models.JSONField()  # [first minute, last minute, break minute or null, people]
    decided_by = models.CharField(max_length=150)
    decided_at = models.DateTimeField()


class SeasonStudy(models.Model):
    """성수기·비수기 검토: scenarios asked, how far the simulation is, what it found."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="+")
    asked = models.JSONField()
    result = models.JSONField(default=list)  # one entry a finished scenario
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()

    @property
    def progress(self) -> int:
        """Percent of the scenarios that are done."""
        return 100 * len(self.result) // max(len(self.asked["scenarios"]), 1)
