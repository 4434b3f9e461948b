"""What was sent: the bytes of each batch, which statement was which serial, and records that the agency asked for."""

from django.db import models
from django.db.models import Q


class BatchFile(models.Model):
    """청구서 파일: the batch as it was sealed, JSON lines without identifiers. Never changed; the text is written from it."""

    batch = models.OneToOneField("claims.Batch", on_delete=models.PROTECT, related_name="file")
    content = models.BinaryField()  # tamna-hira/1, deflated
    sha256 = models.CharField(max_length=64)
    warnings = models.JSONField(default=list)  # what the text's letters and lengths cannot hold
    made_at = models.DateTimeField()


class BatchEntry(models.Model):
    """명세서일련번호: which statement stood under which serial with which amounts. Never changed; a returned one gets another."""

    batch = models.ForeignKey("claims.Batch", on_delete=models.PROTECT, related_name="entries", db_index=False)
    serial_no = models.CharField("명세서일련번호", max_length=5)
    claim = models.ForeignKey("claims.Claim", on_delete=models.PROTECT, related_name="entries")
    total_won = models.BigIntegerField()
    patient_won = models.BigIntegerField()
    insurer_won = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "serial_no"], name="entry_serial_once")]


class RecordRequest(models.Model):
    """심사자료 요청: records that the agency wants to see before it decides, with the day they are due."""

    claim = models.ForeignKey("claims.Claim", on_delete=models.PROTECT, related_name="record_requests")
    batch = models.ForeignKey("claims.Batch", on_delete=models.PROTECT, related_name="record_requests")
    serial_no = models.CharField(max_length=5)
    document_id = models.CharField(max_length=80)
    reason_code = models.CharField(max_length=8, blank=True)
    what = models.CharField(max_length=200)
    asked_on = models.DateField()
    due_on = models.DateField()
    note = models.CharField(max_length=500, blank=True)  # what was sent
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document_id", "claim"], name="records_asked_once")]
        indexes = [models.Index(fields=["due_on"], condition=Q(sent_at=None), name="records_to_send")]
