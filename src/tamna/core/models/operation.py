"""What IT sets on screen for real use: addresses of outside systems, where backups go."""

from django.db import models
from django.db.models import Q

from tamna.core.fields import EncryptedTextField


class OutsideSystem(models.Model):
    """주소와 접속 자격 of one live system (`connect.systems`); the environment's address goes before it."""

    key = models.CharField(max_length=20, unique=True)
    url = models.CharField(max_length=300, blank=True)
    user_name = models.CharField(max_length=100, blank=True)
    secret = EncryptedTextField(blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=150)


class BackupPlan(models.Model):
    """백업 대상: the folder that a backup is written to each night, and how the last one went. One row."""

    folder = models.CharField(max_length=300)
    hour = models.PositiveSmallIntegerField(default=2)  # Seoul, wall time
    keep = models.PositiveSmallIntegerField(default=14)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    ok = models.BooleanField(default=False)
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="one_backup_plan"),
            models.CheckConstraint(condition=Q(hour__lte=23), name="backup_hour_of_day"),
        ]
