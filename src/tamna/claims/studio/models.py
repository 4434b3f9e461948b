"""A hospital's own claim rules (청구 규칙): versions that never change, and when which of them is in force, agreed by two people."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class RuleVersion(models.Model):
    """규칙 판: one wording of a rule, as the text of a rule file. Append-only; a change is the next version."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    rule_id = models.CharField("규칙 번호", max_length=20)
    number = models.PositiveSmallIntegerField("판")
    text = models.TextField()  # YAML of one rule without dates: a switch says from when
    note = models.CharField("고친 까닭", max_length=200)
    author = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule_id", "number"], name="rule_version_once"),
            models.UniqueConstraint(fields=["id", "author"], name="rule_version_author"),  # a switch names both
        ]


class RuleSwitch(models.Model):
    """규칙 시행·중지: from which day of care a version holds, or none. What one person asks another decides."""

    class Kind(models.TextChoices):
        ON = "on", _("Switch on")
        OFF = "off", _("Retire")

    class Verdict(models.TextChoices):
        OPEN = "", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Taken back")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    rule_id = models.CharField(max_length=20)
    kind = models.CharField(max_length=3, choices=Kind)
    version = models.ForeignKey(
        RuleVersion, on_delete=models.PROTECT, null=True, related_name="switches"
    )  # none: as shipped
    author = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")  # of the version
    from_on = models.DateField("적용 시작 진료일")
    reason = models.CharField(max_length=200)
    asked_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    verdict = models.CharField(max_length=9, choices=Verdict, default=Verdict.OPEN, blank=True)
    decided_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["", "withdrawn"])
                | (~Q(decided_by=F("asked_by")) & (Q(author=None) | ~Q(decided_by=F("author")))),
                name="rule_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", decided_by=None, decided_at=None)
                | (~Q(verdict="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="rule_decision_whole",
            ),
            models.CheckConstraint(condition=Q(kind="on") | Q(version=None), name="rule_off_names_no_version"),
            models.CheckConstraint(
                condition=Q(version=None, author=None) | Q(version__isnull=False, author__isnull=False),
                name="rule_switch_author",
            ),
            models.UniqueConstraint(fields=["rule_id"], condition=Q(verdict=""), name="rule_asked_once"),
        ]
        indexes = [
            models.Index(fields=["-decided_at", "-id"]),
            models.Index(fields=["rule_id", "from_on"]),
            models.Index(fields=["from_on", "id"], condition=Q(verdict="approved"), name="rules_in_force"),
        ]  # fmt: skip


class RuleTrial(models.Model):
    """규칙 시험: a wording, or two, tried on the archive; what came out and how far it is."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    rule_id = models.CharField(max_length=20)
    text = models.TextField()
    other_text = models.TextField(blank=True)  # the second wording of a comparison
    labels = models.JSONField(default=list)  # what the wordings are called
    first_month = models.CharField(max_length=6, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    failure = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField(null=True)
    asked_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["rule_id", "-id"])]
