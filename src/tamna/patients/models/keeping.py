"""Documents filed under a patient, what holds them back from disposal, and disposals by two people."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tamna.core.fields import EncryptedTextField
from tamna.core.identity import new_public_id
from tamna.patients.models.person import Patient


class FiledDocument(models.Model):
    """의무기록 문서 (FHIR DocumentReference): sealed, with the class that decides how long it is kept. Erased, its entry stays."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for a person")
        SORTED = "sorted", _("In the file")
        ERASED = "erased", _("Erased")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="documents")
    title = EncryptedTextField()
    content = EncryptedTextField(blank=True, default="")  # text, or base64 of another kind of file
    media_type = models.CharField(max_length=80, default="text/plain")
    size = models.PositiveIntegerField(default=0)
    suggested = models.CharField(max_length=14)  # engines.filing, with its confidence and the words that spoke for it
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    words = models.JSONField(default=list)
    kind = models.CharField(max_length=14, blank=True)  # empty while it waits
    state = models.CharField(max_length=7, choices=State)
    written_on = models.DateField()
    keep_until = models.DateField(null=True, blank=True)  # the first day it may go
    is_extended = models.BooleanField(default=False)
    filed_by = models.CharField(max_length=150)
    filed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True)  # empty: the engine was sure enough

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", kind="", keep_until=None)
                | (~Q(state="waiting") & ~Q(kind="") & Q(keep_until__isnull=False)),
                name="document_sorted_has_term",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-written_on", "-id"]),
            models.Index(fields=["-id"], condition=Q(state="waiting"), name="documents_waiting"),
            models.Index(fields=["keep_until", "id"], condition=Q(state="sorted"), name="documents_by_term"),
        ]


class LegalHold(models.Model):
    """파기 보류: nothing of this patient is erased while a dispute, an inquiry or continued care needs it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=200)
    placed_by = models.CharField(max_length=150)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=150, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(lifted_at=None), name="one_hold"),
        ]


class Disposal(models.Model):
    """파기: asked for by one person, approved by another, carried out, and made final when the old key is destroyed."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for a second person")
        REFUSED = "refused", _("Refused")
        APPROVED = "approved", _("Approved")
        ERASED = "erased", _("Erased; the old key is being destroyed")
        FINAL = "final", _("Final")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # of a refusal
    erased_at = models.DateTimeField(null=True, blank=True)
    rotation = models.ForeignKey("core.KeyRotation", on_delete=models.PROTECT, null=True, related_name="+")
    final_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="disposal_by_two"),
        ]
        indexes = [models.Index(fields=["state", "-id"])]


class DisposalItem(models.Model):
    """One record of a disposal: a document, or all of a person. What it was by class and term, never whose name."""

    disposal = models.ForeignKey(Disposal, on_delete=models.PROTECT, related_name="items")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="disposals")
    document = models.ForeignKey(FiledDocument, on_delete=models.PROTECT, null=True, related_name="disposals")
    kind = models.CharField(max_length=14)  # of the document, or "person"
    law = models.CharField(max_length=200)
    keep_until = models.DateField()
    is_erased = models.BooleanField(default=False)
    left_because = models.CharField(max_length=14, blank=True)  # held, visited: found when it was carried out
