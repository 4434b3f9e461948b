"""A run that prices history anew, and its sums by department and class of service."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class Repricing(models.Model):
    """재산정: the claimed lines of some months under other fees. Nothing of a claim or a bill changes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    key = models.CharField(max_length=80, unique=True)  # idempotency: the same form is the same run
    first_month = models.CharField(max_length=6)
    last_month = models.CharField(max_length=6)
    fees_on = models.DateField()  # the master's own fees of this day hold where the tried file says nothing
    factor_won = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True
    )  # 환산지수 tried; none: of the day
    file_name = models.CharField(max_length=120, blank=True)
    fees = models.JSONField(default=list)  # lines of the tried file as the master would keep them
    refused = models.JSONField(default=list)  # row, code and why, of lines that could not be read
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)  # months
    total = models.PositiveIntegerField()
    after_month = models.CharField(max_length=6, blank=True)  # the last month that was counted
    seconds = models.FloatField(default=0)
    failure = models.CharField(max_length=200, blank=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(done__lte=models.F("total")), name="repricing_done_of_total")]


class RepricedCell(models.Model):
    """재산정 한 칸: lines of a department and class of service, as claimed and under the tried fees, won."""

    run = models.ForeignKey(Repricing, on_delete=models.CASCADE, related_name="cells")
    department_code = models.CharField(max_length=2)
    item_class = models.CharField(max_length=2)
    lines = models.BigIntegerField(default=0)
    before_won = models.BigIntegerField(default=0)  # as claimed
    after_won = models.BigIntegerField(default=0)
    other_lines = models.BigIntegerField(default=0)  # claimed at another price than the master of that day gives
    other_won = models.BigIntegerField(default=0)
    kept_lines = models.BigIntegerField(default=0)  # of codes that no master knows: taken as claimed
    kept_won = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "department_code", "item_class"], name="repriced_once")]
