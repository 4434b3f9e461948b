"""The clinical text that codes are suggested from."""

from django.db import models

from tamna.core.fields import EncryptedTextField


class ClinicalNote(models.Model):
    """진료기록 요지: words of the chart for one visit, sealed; a later one takes its place and the earlier stays."""

    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="clinical_notes")
    text = EncryptedTextField()
    written_by = models.CharField(max_length=150)
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["encounter", "-id"])]
