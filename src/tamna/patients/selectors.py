"""Reads about patients: find one by any sign, list them, coverage. Bounded queries."""

from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from tamna.core import crypto, hangul
from tamna.patients.models import Coverage, Identity, ImportedResource, Patient
from tamna.patients.services import CHART, NAME, PHONE


def find(words: str, *, limit: int = 20) -> list[Patient]:
    """Find by name or part of it, initial consonants (ㅎㄱㄷ), phone or its last four digits, birth date, chart or resident number."""
    found = matching(words)
    if any(
        letter.isdigit() for letter in words
    ):  # few fit a number: sort them, rather than walk all patients for the newest
        found = found.order_by((F("id") + 0).desc())
    return list(found[:limit])


def matching(words: str, among: QuerySet[Patient] | None = None) -> QuerySet[Patient]:
    """Patients that fit every word, newest first. One query by the token index."""
    query = (Patient.objects.filter(merged_into=None) if among is None else among).order_by("-id")
    for word in words.split()[:4]:
        digits = "".join(letter for letter in word if letter.isdigit())
        if len(digits) == 13 and len(digits) >= len(word) - 1:
            index = [crypto.blind_index(digits, kind) for kind in ("rrn", "foreigner")]
            query = query.filter(pk__in=Identity.objects.filter(blind_index__in=index).values("patient_id"))
        elif digits and len(digits) >= len(word) - 2:
            tokens = [crypto.blind_token(digits, PHONE), crypto.blind_token(digits.lstrip("0") or "0", CHART)]
            born = birth_date(digits)
            query = query.filter(
                Q(search_tokens__overlap=tokens) | Q(birth_on=born) if born else Q(search_tokens__overlap=tokens)
            )
        else:
            query = query.filter(search_tokens__contains=[crypto.blind_token(_longest_kept(word), NAME)])
    return query


def birth_date(digits: str) -> date | None:
    """A day written 19550412 or 1955-04-12, of which the digits are given; anything else is none."""
    try:
        return datetime.strptime(digits, "%Y%m%d").date() if len(digits) == 8 else None  # noqa: DTZ007
    except ValueError:
        return None


def _longest_kept(word: str) -> str:
    """Fragments of long names are kept up to four letters; a longer word is looked up whole or by its beginning."""
    text = hangul.normal(word)
    return text if len(text) <= 6 else text[:4]


def coverage_of(patient: Patient) -> Coverage | None:
    """The latest known coverage."""
    return patient.coverages.order_by("-checked_on", "-id").first()


def elsewhere(patient: Patient) -> QuerySet[ImportedResource]:
    """Kept records of a patient that have a day; the originals stay sealed."""
    return patient.imported.exclude(happened_at=None).defer("content")


def of_visit(rows: QuerySet[ImportedResource], visit_ref: str) -> QuerySet[ImportedResource]:
    """Those of one visit."""
    try:
        return rows.filter(encounter_ref=UUID(visit_ref))
    except ValueError:
        return rows.none()


def elsewhere_counts(patient: Patient) -> list[tuple[str, int]]:
    """How many records of each kind came from elsewhere, most first. One query."""
    rows = patient.imported.exclude(happened_at=None).values_list("resource_type").annotate(count=Count("id"))
    return [(kind, count) for kind, count in rows.order_by("-count", "resource_type")]
