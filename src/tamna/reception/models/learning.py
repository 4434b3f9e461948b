"""What reception has learnt and foretold: models of a night, chances of bookings, forecasts of arrivals."""

from django.db import models

from tamna.reception.models.booking import Appointment


class Learner(models.Model):
    """예측 모형의 사용 여부. What is learnt at night, and whether reception may use it; off, the baseline answers."""

    WAIT, NOSHOW, ARRIVALS = "wait", "noshow", "arrivals"

    key = models.CharField(max_length=10, unique=True)
    is_on = models.BooleanField(default=True)


class LearntModel(models.Model):
    """학습된 모형 of one night: its card for people, its folder's texts packed. The newest of a learner is in use."""

    learner = models.ForeignKey(Learner, on_delete=models.PROTECT, related_name="models")
    learnt_at = models.DateTimeField()
    card = models.JSONField()
    content = models.BinaryField()
    is_baseline = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["learner", "-id"])]


class NoShowChance(models.Model):
    """예약 부도 확률 of one booking, with reasons by language. For reminders and for sums, never for one person's access."""

    appointment = models.OneToOneField(Appointment, on_delete=models.CASCADE, related_name="noshow_chance")
    probability = models.DecimalField(max_digits=5, decimal_places=4)
    reasons = models.JSONField(default=dict)
    told_at = models.DateTimeField()


class ArrivalForecast(models.Model):
    """내원 예측 of a day, as it was told on an earlier day, beside the same weekday of the week before."""

    on = models.DateField()
    told_on = models.DateField()
    mean = models.DecimalField(max_digits=8, decimal_places=1)
    low80 = models.DecimalField(max_digits=8, decimal_places=1)
    high80 = models.DecimalField(max_digits=8, decimal_places=1)
    baseline = models.DecimalField(max_digits=8, decimal_places=1)
    is_baseline = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["on", "told_on"], name="forecast_once_a_day")]
