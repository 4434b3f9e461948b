"""The loop: policies, runs, proposals, decisions, outcomes."""

from django.db import models
from django.db.models import Q

from tamna.core.identity import new_public_id


class Policy(models.Model):
    """Level of one automation (자동화 수준) for one team, empty for everyone; with a pattern, of one kind of its proposals."""

    class Level(models.TextChoices):
        OFF = "off", "off"
        SHADOW = "shadow", "shadow"
        PROPOSE = "propose", "propose"
        ACT = "act", "act"

    automation = models.CharField(max_length=40)
    team = models.CharField(max_length=20, blank=True)
    pattern = models.CharField(max_length=60, blank=True, default="")
    level = models.CharField(max_length=7, choices=Level)
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField(auto_now=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["automation", "team", "pattern"], name="one_policy")]


class AutomationRun(models.Model):
    """The runs of an automation in one business hour (실행 기록)."""

    automation = models.CharField(max_length=40)
    trigger = models.CharField(max_length=80)
    hour = models.DateTimeField()  # business time
    last_at = models.DateTimeField()  # business time of the last run
    runs = models.PositiveIntegerField(default=0)
    took_ms = models.PositiveIntegerField(default=0)  # all runs of the hour
    proposals = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["automation", "trigger", "hour"], name="runs_of_an_hour")]
        indexes = [models.Index(fields=["automation", "-last_at"])]


class Proposal(models.Model):
    """A typed action that an automation suggests (제안), with evidence, confidence and value."""

    class State(models.TextChoices):
        SHADOW = "shadow", "shadow"
        OPEN = "open", "open"
        ACCEPTED = "accepted", "accepted"
        EDITED = "edited", "edited"
        REFUSED = "refused", "refused"
        ACTED = "acted", "acted"  # done by policy, without a person
        UNDONE = "undone", "undone"
        EXPIRED = "expired", "expired"
        FAILED = "failed", "failed"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    automation = models.CharField(max_length=40)
    action = models.CharField(max_length=60)  # name of the Action class
    fields = models.JSONField(default=dict)  # the typed action's fields
    key = models.CharField(max_length=120)  # idempotency: the same cause proposes once
    subject_type = models.CharField(max_length=30, blank=True)
    subject_ref = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)  # English message id with facts filled by `title_facts`
    title_facts = models.JSONField(default=dict)
    evidence = models.JSONField(default=list)  # steps
    confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    won = models.BigIntegerField(default=0)
    minutes = models.PositiveIntegerField(default=0)
    rank = models.PositiveIntegerField(default=0)
    pattern = models.CharField(max_length=60, blank=True, default="")  # the kind of cause: a rule, a reason code
    trust = models.DecimalField(max_digits=4, decimal_places=3, default=1)  # of the last decisions on this pattern
    worth_won = models.BigIntegerField(default=0)  # value × trust: the order of the lists
    team = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    made_at = models.DateTimeField()  # business time
    due_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["automation", "key"], name="proposal_once")]
        indexes = [
            models.Index(fields=["team", "-worth_won"], condition=Q(state="open"), name="proposals_open"),
            models.Index(fields=["automation", "state"]),
            models.Index(fields=["made_at"]),
            models.Index(fields=["automation", "pattern", "-id"]),
            models.Index(fields=["subject_type", "subject_ref"]),
        ]


class Decision(models.Model):
    """What was decided about a proposal, by whom, edited how (결정): the label for learning."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8)  # accepted edited refused acted undone failed
    by = models.JSONField(default=dict)
    edited_fields = models.JSONField(default=dict, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["at"])]


class Outcome(models.Model):
    """What happened later (결과): closes the loop. Measured for proposals left alone too, as the baseline “do nothing”."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="outcomes")
    key = models.CharField(max_length=80)  # what told it: the same fact counts once
    label = models.CharField(max_length=60)  # English message id
    is_good = models.BooleanField(null=True, blank=True)  # whether what the proposal was for came true
    won = models.BigIntegerField(default=0)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "key"], name="outcome_once")]
