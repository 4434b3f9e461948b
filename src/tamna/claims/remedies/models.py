"""What is done about an answer of the agency, from the offer to the ruling."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.identity import new_public_id


class Remedy(models.Model):
    """권리구제: one way against one answer. It never changes the answer; what it regains is a new payment."""

    class Kind(models.TextChoices):
        OBJECTION = "objection", _("Objection")
        APPEAL = "appeal", _("Appeal")

    class Status(models.TextChoices):
        OFFERED = "offered", _("Offered")
        DRAFT = "draft", _("Being written")
        FILED = "filed", _("Filed")
        UPHELD = "upheld", _("Upheld")
        PARTLY = "partly", _("Partly upheld")
        DISMISSED = "dismissed", _("Dismissed")
        DROPPED = "dropped", _("Let go")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    claim = models.ForeignKey("claims.Claim", on_delete=models.PROTECT, related_name="remedies")
    response = models.ForeignKey("claims.ClaimResponse", on_delete=models.PROTECT, related_name="remedies")
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=9, choices=Status, default=Status.OFFERED)
    asked_won = models.BigIntegerField()
    regained_won = models.BigIntegerField(default=0)
    chance = models.DecimalField(max_digits=4, decimal_places=3)
    rank = models.BigIntegerField(default=0)  # expected won a day left; reckoned anew every morning
    known_on = models.DateField()
    due_on = models.DateField()
    law = models.CharField(max_length=60)
    article = models.CharField(max_length=20)
    reason = models.TextField(blank=True)  # the clerk's grounds; no name of a patient
    receipt_no = models.CharField("접수번호", max_length=20, blank=True)
    made_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True, blank=True)
    ruled_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "kind"], name="remedy_once"),
            models.CheckConstraint(condition=Q(asked_won__gt=0, regained_won__gte=0), name="remedy_won"),
        ]
        indexes = [
            models.Index(fields=["status", "-rank", "-id"]),
            models.Index(fields=["rank", "id"]),
            models.Index(fields=["asked_won", "id"]),
            models.Index(fields=["due_on", "id"]),
        ]
