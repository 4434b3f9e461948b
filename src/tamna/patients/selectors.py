"""Reads about patients: find one by any sign, list them, coverage. Bounded queries."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from tamna.core import clock, crypto, hangul
from tamna.patients.models import Coverage, Identity, ImportedResource, Patient
from tamna.patients.services import CHART, NAME, PHONE

STALE_AFTER = timedelta(days=365)


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
            index = [form for kind in ("rrn", "foreigner") for form in crypto.blind_indexes(digits, kind)]
            query = query.filter(pk__in=Identity.objects.filter(blind_index__in=index).values("patient_id"))
        elif digits and len(digits) >= len(word) - 2:
            tokens = [*crypto.blind_tokens(digits, PHONE), *crypto.blind_tokens(digits.lstrip("0") or "0", CHART)]
            born = birth_date(digits)
            query = query.filter(
                Q(search_tokens__overlap=tokens) | Q(birth_on=born) if born else Q(search_tokens__overlap=tokens)
            )
        else:
            query = query.filter(search_tokens__overlap=crypto.blind_tokens(_longest_kept(word), NAME))
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


def holder(kind: str, number: str) -> Patient | None:
    """Who is registered under this number. One query."""
    index = crypto.blind_indexes(number, kind)
    row = Identity.objects.select_related("patient").filter(kind=kind, blind_index__in=index).first()
    return row.patient if row else None


def family(patient_id: int) -> QuerySet[Patient]:
    """A record and those merged into it, as a subquery: what stayed in an old name is found too."""
    return Patient.objects.filter(Q(pk=patient_id) | Q(merged_into=patient_id)).values("pk")


def current(patient: Patient) -> Patient:
    """The record that stands for this person: itself, or the one it was merged into."""
    return patient.merged_into or patient


def is_stale(patient: Patient) -> bool:
    """Contact not confirmed for a year: asked for at the desk."""
    return patient.contact_checked_on is None or patient.contact_checked_on < clock.today() - STALE_AFTER


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
