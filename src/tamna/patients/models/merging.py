"""Two records of one person joined into one, and taken apart again."""

from django.db import models
from django.db.models import F, Q

from tamna.core.identity import new_public_id
from tamna.patients.models.person import Patient


class Merge(models.Model):
    """환자 병합: which rows moved from the record that went to the one that was kept, so that each goes back to whom it belonged."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_into")
    gone = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_from")
    moved = models.JSONField(default=dict)  # "app.model.field" → ids of rows
    ended_consents = models.JSONField(default=list)  # older answers that a newer one of the other record ended
    reason = models.CharField(max_length=200)
    merged_by = models.CharField(max_length=150)
    merged_at = models.DateTimeField()
    undone_by = models.CharField(max_length=150, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gone"], condition=Q(undone_at=None), name="merged_once"),
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="merge_of_two"),
        ]
