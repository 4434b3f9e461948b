"""Patients in the search box."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tamna.core.search import Hit, provider
from tamna.patients import selectors


@provider("patients", "patients.see")
def find(words: str, limit: int, user: Any) -> Iterator[Hit]:
    for patient in selectors.find(words, limit=limit):
        yield Hit(
            _("Patients"),
            patient.masked_name,
            f"{patient.chart_no} · {patient.birth_on.year}",
            reverse("patients:detail", args=[patient.public_id]),
        )
