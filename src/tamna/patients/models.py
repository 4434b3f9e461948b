"""Patients, their identifiers in one vault, their coverage, and records imported from elsewhere."""

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

    class Meta:
        indexes = [GinIndex(fields=["search_tokens"], name="patient_search"), models.Index(fields=["birth_on"])]
        constraints = [models.CheckConstraint(condition=~Q(merged_into=models.F("id")), name="not_merged_into_itself")]

    @property
    def masked_name(self) -> str:
        """홍*동: the middle of the name is hidden on screens that others can see."""
        from tamna.patients.masking import mask_name

        return mask_name(self.name)


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


class ImportRun(models.Model):
    """One import of others' records (들여오기) that changed something: what was read, mapped, kept aside and refused."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    format = models.CharField(max_length=8, default="fhir")
    started_by = models.CharField(max_length=150)
    counts = models.JSONField(default=dict)  # as in the command's report; no name, no value of a person
    refusals = models.JSONField(default=list)  # file (its place in the run), row, field, key, facts
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)  # null: it was stopped; the next one goes on


class ImportedBundle(models.Model):
    """A bundle that was taken (멱등키: digest of its bytes): the same bytes are not opened a second time."""

    class Outcome(models.TextChoices):
        WHOLE = "whole", "whole"
        PARTLY = "partly", "partly"  # some entries were refused: it is looked at again
        REFUSED = "refused", "refused"

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="bundles")
    digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=7, choices=Outcome)
    counts = models.JSONField(default=dict)  # type → entries
    refusals = models.JSONField(default=list)  # row and key
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="bundle_once")]


class ImportedResource(models.Model):
    """A FHIR resource kept as it came (보관 자료), encrypted, so that an export gives it back."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="imported")
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, null=True, related_name="resources")
    source = models.CharField(max_length=80)  # digest of the bundle's patient id
    position = models.PositiveIntegerField(default=0)  # place in its bundle, so that an export has the same order
    resource_type = models.CharField(max_length=40)
    resource_id = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, blank=True)  # of the resource: equal content is the same content
    mapped_to = models.CharField(max_length=40, blank=True)  # table name where it became a record of ours
    kept_because = models.CharField(max_length=30, blank=True)  # why it did not (reception.fhir.KEPT)
    encounter_ref = models.UUIDField(null=True, blank=True, db_index=True)  # the visit whose timeline shows it
    happened_at = models.DateTimeField(null=True, blank=True)
    title = EncryptedTextField(blank=True, default="")
    content = EncryptedTextField()  # the whole entry
    imported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "resource_type", "resource_id"], name="imported_once"),
        ]
        indexes = [models.Index(fields=["patient", "happened_at"])]
