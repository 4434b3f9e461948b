"""What a patient agreed to, refused or took back, on which text, and how it was signed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.core.fields import EncryptedTextField
from tamna.core.identity import new_public_id
from tamna.patients.models.person import Patient


class Consent(models.Model):
    """동의 (FHIR Consent). A new answer ends the one before; a withdrawal ends it too. The text is known by its hash."""

    class Signer(models.TextChoices):
        SELF = "self", _("The patient")
        GUARDIAN = "guardian", _("A legal representative")

    class How(models.TextChoices):
        SCREEN = "screen", _("Drawn on the screen")
        PAPER = "paper", _("Signed on paper")
        PHONE = "phone", _("On the patient's phone")

    class End(models.TextChoices):
        REPLACED = "replaced", _("Replaced by a newer answer")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=12)  # params/consent/forms.yaml
    version = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=7)
    text_hash = models.CharField(max_length=64)  # sha256 of what was shown
    is_given = models.BooleanField()  # false: refused
    signer = models.CharField(max_length=8, choices=Signer, default=Signer.SELF)
    how = models.CharField(max_length=6, choices=How, default=How.SCREEN)
    signature = EncryptedTextField(blank=True, default="")  # the pen's way as SVG path data
    taken_by = models.CharField(max_length=150)
    answered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=9, choices=End, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "purpose"], condition=Q(ended_at=None), name="one_consent_holds"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | Q(ended_at__isnull=False, end__in=["replaced", "withdrawn"]),
                name="consent_end_has_time",
            ),
        ]
