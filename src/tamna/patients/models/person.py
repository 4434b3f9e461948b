"""Patients, their identifiers in one vault, and their coverage."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from tamna.core.fields import EncryptedTextField
from tamna.core.identity import new_public_id


class Patient(models.Model):
    """환자 (FHIR Patient). Names, phones and addresses are encrypted; tokens are blind indexes for search."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    chart_no = models.CharField("차트번호", max_length=12, unique=True)
    name = EncryptedTextField()
    phone = EncryptedTextField(blank=True, default="")
    address = EncryptedTextField(blank=True, default="")
    search_tokens = ArrayField(models.BigIntegerField(), default=list)  # n-grams and initial consonants, phone, chart
    birth_on = models.DateField()
    sex = models.CharField(max_length=1, choices=[("M", "M"), ("F", "F")])
    nationality = models.CharField(max_length=2, default="KR")
    language = models.CharField(max_length=7, default="ko")
    prefers_jejueo = models.BooleanField(default=False)
    is_restricted = models.BooleanField(default=False)  # staff, family, public figures: opened with a reason only
    is_synthetic = models.BooleanField(default=False)
    is_imported = models.BooleanField(default=False)  # came from another system's records, not through our desk
    contact_checked_on = models.DateField(null=True, blank=True)
    deceased_on = models.DateField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    registered_at = models.DateTimeField()
    erased_on = models.DateField(
        null=True, blank=True
    )  # what told who it was is destroyed; the number stays for the books

    class Meta:
        indexes = [GinIndex(fields=["search_tokens"], name="patient_search"), models.Index(fields=["birth_on"])]
        constraints = [models.CheckConstraint(condition=~Q(merged_into=models.F("id")), name="not_merged_into_itself")]

    @property
    def masked_name(self) -> str:
        """홍*동: the middle of the name is hidden on screens that others can see."""
        from tamna.patients.masking import mask_name

        return mask_name(self.name) if self.erased_on is None else "―"


class Identity(models.Model):
    """The vault (고유식별정보): resident, foreigner and passport numbers live here and nowhere else."""

    class Kind(models.TextChoices):
        RESIDENT = "rrn", "주민등록번호"
        FOREIGNER = "foreigner", "외국인등록번호"
        PASSPORT = "passport", "여권번호"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=9, choices=Kind)
    number = EncryptedTextField()
    blind_index = models.BinaryField(max_length=32)
    tail = models.CharField(max_length=8, blank=True)  # what a screen may show: 550412-2

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "blind_index"], name="identity_taken")]


class Coverage(models.Model):
    """자격 (FHIR Coverage): what the insurer answered for a day. A new answer is a new row."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="coverages")
    payer = models.CharField(max_length=15)  # as in `tamna copay`: nhi, medical_aid_1, …
    insurer_kind = models.CharField("보험자종별", max_length=1, default="4")
    card_no = EncryptedTextField(blank=True, default="")
    special_case = models.CharField("특정기호", max_length=6, blank=True)
    special_from = models.DateField(null=True, blank=True)
    special_to = models.DateField(null=True, blank=True)
    aid_type = models.CharField(max_length=1, blank=True)
    benefit_stopped = models.BooleanField(default=False)
    checked_on = models.DateField()  # the business day it was valid for
    checked_at = models.DateTimeField()
    source = models.CharField(max_length=8, default="nhis")  # nhis, manual, import, history
    is_simulated = models.BooleanField(default=False)
    changed = models.BooleanField(default=False)  # differs from the one before: highlighted at the desk

    class Meta:
        indexes = [models.Index(fields=["patient", "-checked_on", "-id"])]
