"""Records that came from other systems: runs of an import, bundles that were taken, resources kept as they came."""

from django.db import models

from tamna.core.fields import EncryptedTextField
from tamna.core.identity import new_public_id
from tamna.patients.models.person import Patient


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
