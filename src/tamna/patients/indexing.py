"""The blind indexes of patients made again (검색 색인 재작성), when their key is changed."""

from tamna.core import crypto
from tamna.core.reindexing import indexes
from tamna.patients.models import Identity, Patient
from tamna.patients.services import tokens_of


@indexes(count=lambda: Patient.objects.count())
def again(behind: int, most: int) -> int:
    """Index the next records behind this id, with their numbers. The last id, or nought where none is left. Their rows are held."""
    rows = list(
        Patient.objects.select_for_update().filter(pk__gt=behind).order_by("pk").prefetch_related("merged")[:most]
    )
    for row in rows:
        row.search_tokens = [] if row.erased_on else tokens_of(row)
    Patient.objects.bulk_update(rows, ["search_tokens"])
    numbers = list(Identity.objects.select_for_update().filter(patient__in=rows).order_by("pk"))
    for number in numbers:
        number.blind_index = crypto.blind_index(number.number, number.kind)
    Identity.objects.bulk_update(numbers, ["blind_index"])
    return rows[-1].pk if rows else 0
