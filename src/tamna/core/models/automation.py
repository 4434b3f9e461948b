"""The loop: policies, runs, proposals, decisions, outcomes."""

from django.db import models
from django.db.models import Q

from tamna.core.identity import new_public_id


class Policy(models.Model):
    """Level of one automation for one team (자동화 수준); an empty team is everyone."""

    class Level(models.TextChoices):
        OFF = "off", "off"
        SHADOW = "shadow", "shadow"
        PROPOSE = "propose", "propose"
        ACT = "act", "act"

    automation = models.CharField(max_length=40)
    team = models.CharField(max_length=20, blank=True)
    level = models.CharField(max_length=7, choices=Level)
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField(auto_now=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["automation", "team"], name="one_policy")]


class AutomationRun(models.Model):
    """One run of an automation (실행 기록)."""

    automation = models.CharField(max_length=40)
    trigger = models.CharField(max_length=80)
    started_at = models.DateTimeField(auto_now_add=True)
    took_ms = models.PositiveIntegerField(default=0)
    proposals = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["automation", "-id"])]


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
    team = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    made_at = models.DateTimeField()  # business time
    due_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["automation", "key"], name="proposal_once")]
        indexes = [
            models.Index(fields=["team", "-won"], condition=Q(state="open"), name="proposals_open"),
            models.Index(fields=["automation", "state"]),
            models.Index(fields=["subject_type", "subject_ref"]),
        ]


class Decision(models.Model):
    """What was decided about a proposal, by whom, edited how (결정): the label for learning."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8)  # accepted edited refused acted undone
    by = models.JSONField(default=dict)
    edited_fields = models.JSONField(default=dict, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)


class Outcome(models.Model):
    """What happened later (결과): closes the loop."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="outcomes")
    label = models.CharField(max_length=40)
    won = models.BigIntegerField(default=0)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()
