"""Journal entries on a visit's timeline."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from tamna.ledger.selectors import of_encounter
from tamna.patients.timeline import Entry, source
from tamna.reception.models import Encounter


@source
def journal_entries(encounter_id: int) -> Iterator[Entry]:
    ref = Encounter.objects.values_list("public_id", flat=True).get(pk=encounter_id)
    for entry in of_encounter(ref):
        lines = [{"label": line.account.name_ko, "value": line.debit_won or -line.credit_won, "formula": line.account.code, "inputs": {}, "facts": []}
                 for line in entry.lines.all()]  # fmt: skip
        detail = " / ".join(line.account.name_ko for line in entry.lines.all())
        yield Entry(entry.posted_at, 30, _("Journal"), _("Entry %(number)s") % {"number": entry.number}, detail,
                    reverse("ledger:entry", args=[entry.public_id]), why=lines)  # fmt: skip
