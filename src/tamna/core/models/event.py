"""Events (transactional outbox), who listens, what failed, and messages exchanged with outside systems."""

from django.db import models
from django.db.models.expressions import RawSQL

from tamna.core.identity import new_public_id

CURRENT_XACT = RawSQL("(pg_current_xact_id()::text::bigint)", [])


class Event(models.Model):
    """An immutable fact, written in the same transaction as the change. `xact` orders delivery by commit safety."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(max_length=60)  # past fact, dotted: payment.taken
    version = models.PositiveSmallIntegerField(default=1)
    payload = models.JSONField(default=dict)  # ids and amounts, never identifiers of a person
    actor = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()  # business time
    recorded_at = models.DateTimeField(auto_now_add=True)  # wall time
    xact = models.BigIntegerField(db_default=CURRENT_XACT, editable=False)

    class Meta:
        indexes = [models.Index(fields=["xact", "id"]), models.Index(fields=["name", "id"])]


class Subscription(models.Model):
    """How far a handler has come. The position moves in the same transaction as the handler's work."""

    handler = models.CharField(max_length=80, unique=True)
    xact = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    paused = models.BooleanField(default=False)
    retry_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)


class DeadLetter(models.Model):
    """A delivery given up after the retries (처리 실패함): shown on the jobs screen, can be tried again."""

    handler = models.CharField(max_length=80)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="dead_letters")
    error = models.TextField()
    failed_at = models.DateTimeField(auto_now_add=True)
    solved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handler", "event"], name="dead_letter_once")]


class InterfaceMessage(models.Model):
    """One message of an outside system (연계 전문). The control id makes a replay harmless."""

    class Direction(models.TextChoices):
        IN = "in", "in"
        OUT = "out", "out"

    system = models.CharField(max_length=12)  # his nhis hira messaging card bank
    direction = models.CharField(max_length=3, choices=Direction)
    control_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=30)
    digest = models.CharField(
        max_length=64, blank=True
    )  # sha256 of the content; the content itself is not kept in clear
    status = models.CharField(max_length=12, default="received")  # received accepted refused failed sent pending
    answer = models.TextField(blank=True)  # the acknowledgement, so that a replay gets the same answer
    detail = models.TextField(blank=True)
    encounter_ref = models.UUIDField(null=True, blank=True, db_index=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "direction", "control_id"], name="message_once"),
        ]
        indexes = [models.Index(fields=["system", "-id"])]
