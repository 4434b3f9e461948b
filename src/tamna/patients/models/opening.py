"""Protected records that somebody opened with a reason, and until when."""

from django.db import models

from tamna.patients.models.person import Patient


class RecordOpening(models.Model):
    """비상 열람: one person opened one protected record; it closes by itself. Wall time, for it is a matter of security."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="openings")
    user = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="openings")
    opened_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["patient", "user", "until"])]
