"""Append-only audit, sealed into a hash chain (ADR 0004)."""

from django.db import models

from tamna.core.models.event import CURRENT_XACT


class AuditEntry(models.Model):
    """Who saw or changed what, for whom, from where, why (접속기록, 개인정보의 안전성 확보조치 기준)."""

    action = models.CharField(max_length=60)  # patient.seen, payment.taken, login.failed
    actor = models.JSONField(default=dict)
    actor_name = models.CharField(max_length=150)
    subject_type = models.CharField(max_length=30, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    patient_ref = models.UUIDField(null=True, blank=True)  # for whom, so that a patient can ask who saw the record
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)  # before and after, ids only
    at = models.DateTimeField()  # business time
    recorded_at = models.DateTimeField(auto_now_add=True)  # wall time
    xact = models.BigIntegerField(db_default=CURRENT_XACT, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["xact", "id"]),
            models.Index(fields=["subject_id", "subject_type", "-id"]),
            models.Index(fields=["actor_name", "-id"]),
            models.Index(fields=["action", "-id"]),
            models.Index(
                fields=["patient_ref", "-id"], condition=models.Q(patient_ref__isnull=False), name="audit_patient"
            ),
        ]


class AuditBlock(models.Model):
    """A sealed span of transactions: the hash covers every entry of the span and the block before it."""

    xact_from = models.BigIntegerField(unique=True)
    xact_to = models.BigIntegerField(unique=True)  # exclusive
    entries = models.PositiveIntegerField()
    last_entry_id = models.BigIntegerField(default=0)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    sealed_at = models.DateTimeField(auto_now_add=True)
