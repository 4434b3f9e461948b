"""Journal entries on a visit's timeline."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from tamna.billing.selectors import counter_proofs
from tamna.core.format import language, won
from tamna.ledger.selectors import counter_day, of_encounter
from tamna.patients.timeline import Entry, source, step
from tamna.reception.models import Encounter

counter_proofs.append(counter_day)


@source
def journal_entries(encounter_id: int) -> Iterator[Entry]:
    ref = Encounter.objects.values_list("public_id", flat=True).get(pk=encounter_id)
    korean = language() == "ko"
    for entry in of_encounter(ref):
        names = [(line, line.account.name_ko if korean else line.account.name_en) for line in entry.lines.all()]
        why = [step(name, won(line.debit_won or line.credit_won), f"{_('Debit') if line.debit_won else _('Credit')} · {line.account.code}")
               for line, name in names]  # fmt: skip
        total = sum(line.debit_won for line, _name in names)
        yield Entry(entry.posted_at, 30, _("Journal"), _("Entry %(number)s") % {"number": entry.number},
                    f"{won(total)} · " + " / ".join(name for _line, name in names), reverse("ledger:entry", args=[entry.public_id]),
                    ("entry", str(entry.public_id)), why, icon="book")  # fmt: skip
