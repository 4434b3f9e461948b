"""Records that may be of one person (중복 의심): found by birth date, phone or name through the blind indexes, then compared.

Three bounded queries bring the candidates; `engines.identity` gives points. Only records that stand are looked at.
"""

from dataclasses import dataclass
from datetime import date
from itertools import chain

from django.utils.translation import gettext_noop as noop

from tamna.core import crypto, hangul
from tamna.engines.identity.likeness import Described, Likeness, compare, digits
from tamna.patients.models import Patient
from tamna.patients.services import NAME, PHONE

OF_A_DAY, OF_A_PHONE, OF_A_NAME = 300, 40, 100
SHOWN = 5
PARTS = {  # of a likeness, in words
    "same_name": noop("Same name"), "alike_name": noop("Name alike"), "other_name": noop("Other name"), "same_birth": noop("Same birth date"),
    "near_birth": noop("Birth date differs by a slip"), "other_birth": noop("Other birth date"), "same_phone": noop("Same phone"),
    "same_phone_end": noop("Same end of the phone"), "other_sex": noop("Other sex"),
}  # fmt: skip


@dataclass(frozen=True)
class Duplicate:
    """A record and how much speaks for it."""

    patient: Patient
    likeness: Likeness


def described(patient: Patient) -> Described:
    return Described(patient.name, patient.birth_on, patient.sex, patient.phone)


def of(patient: Patient) -> list[Duplicate]:
    """Those like a record, most points first."""
    return like(described(patient), besides=patient.pk)


def like(one: Described, *, besides: int = 0) -> list[Duplicate]:
    """Records worth a look, most points first, the older first among equals. At most three queries."""
    found = {row.pk: row for row in chain.from_iterable(_candidates(one)) if row.pk != besides}
    judged = [Duplicate(row, compare(one, described(row))) for row in found.values()]
    worth = [each for each in judged if each.likeness.is_worth_a_look]
    return sorted(worth, key=lambda each: (-each.likeness.points, each.patient.pk))[:SHOWN]


def _candidates(one: Described) -> list[list[Patient]]:
    stands, found = Patient.objects.filter(merged_into=None).order_by("-pk"), []
    if one.birth_on:
        found.append(list(stands.filter(birth_on=one.birth_on)[:OF_A_DAY]))
    phone = digits(one.phone)
    if len(phone) >= 8:
        found.append(list(stands.filter(search_tokens__overlap=crypto.blind_tokens(phone[-8:], PHONE))[:OF_A_PHONE]))
    name = hangul.normal(one.name)
    if len(name) >= 2 and one.birth_on:  # a slip in the birth date: the same name, born in the same years
        years = date(one.birth_on.year - 1, 1, 1), date(one.birth_on.year + 1, 12, 31)
        named = stands.filter(search_tokens__overlap=crypto.blind_tokens(name[:24], NAME), birth_on__range=years)
        found.append(list(named[:OF_A_NAME]))
    return found
