"""What orders and fees mean (수가 마스터, 오더 매핑): the fee master, files read into it, the hospital's map of order codes."""

from django.db import models


class FeeItem(models.Model):
    """수가·약가·재료 마스터의 한 줄 (FHIR ChargeItemDefinition), valid over dates. A fee change is a new row."""

    code = models.CharField(max_length=9)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    name_ko = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=dict)  # every column of the master, as `engines.tariff.FeeMaster` reads it
    mark = models.CharField(max_length=4)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="fee_once")]
        indexes = [models.Index(fields=["code", "id"]), models.Index(fields=["valid_from", "id"])]


class FeeImport(models.Model):
    """One reading of a fee master file (수가 마스터 반영). The same file again goes on after its last kept row."""

    digest = models.CharField(max_length=64, unique=True)  # sha256 of the file's bytes
    name = models.CharField(max_length=120)
    rows = models.PositiveIntegerField(default=0)  # lines of the file without its header
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list)  # the first of them: row, field, code, message
    failed = models.CharField(max_length=200, blank=True)  # why the file as a whole could not be used
    made_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)


class OrderCode(models.Model):
    """오더 코드 → 수가 코드 (매핑), from a day on. An empty fee says that the order is never charged (미산정 오더)."""

    order_code = models.CharField(max_length=20)
    order_name = models.CharField(
        max_length=120, blank=True, db_default=""
    )  # as it was called: the next unknown name learns from it
    fee_code = models.CharField(max_length=9, blank=True)
    valid_from = models.DateField()
    confirmed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order_code", "valid_from"], name="order_code_once")]
