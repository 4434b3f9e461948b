"""What the agency and the health authority were told (요양기관 현황 신고, 감염병 신고), read from a list.

Columns: `what` (staff, machine, infection), `kind`, `number`, `valid_from`, `valid_to`. staff: kind as the fee master's
`requires` (physical_therapist, psychiatrist) or doctor, number the licence; machine: kind as equipment_needed (CT, MRI, …);
infection: kind the KCD code, number the claim's, valid_from the day it was reported. The same row again changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tamna.claims.models import Claim, InfectionReport, ReportedMachine, ReportedStaff
from tamna.core import audit
from tamna.core.actor import Actor

COLUMNS = ("what", "kind", "number", "valid_from", "valid_to")


@dataclass
class Taken:
    """What became of the rows: kept (new or changed), same, refused with row number, column and reason."""

    kept: int = 0
    same: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)


def take(rows: Iterable[tuple[int, Mapping[str, str | None]]], *, by: Actor) -> Taken:
    """Keep the rows; good ones land, a bad one is told. One transaction a row, one note in the audit."""
    taken = Taken()
    for number, raw in rows:
        row = {name: (raw.get(name) or "").strip() for name in COLUMNS}
        try:
            with transaction.atomic():
                is_new = _keep(row, by)
        except _Refused as refused:
            taken.refused.append((number, refused.column, refused.why))
        except IntegrityError:
            taken.refused.append((number, "valid_to", _("The last day lies before the first.")))
        else:
            taken.kept += is_new
            taken.same += not is_new
    audit.note("reports.taken", by=by, subject_type="hospital", subject_id=1,
               detail={"kept": taken.kept, "same": taken.same, "refused": len(taken.refused)})  # fmt: skip
    return taken


class _Refused(Exception):
    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column, self.why = column, why


def _keep(row: Mapping[str, str], by: Actor) -> bool:
    """Whether the row changed anything."""
    starts, ends = _day(row, "valid_from"), _day(row, "valid_to") if row["valid_to"] else None
    if not row["kind"]:
        raise _Refused("kind", _("Is empty."))
    if row["what"] == "infection":
        claim = Claim.objects.filter(claim_no=row["number"]).first()
        if claim is None:
            raise _Refused("number", _("There is no claim of this number."))
        _report, is_new = InfectionReport.objects.get_or_create(
            encounter_id=claim.encounter_id, code=row["kind"], defaults={"reported_on": starts, "made_by": by.name}
        )
        return is_new
    if row["what"] == "staff":
        found, is_new = ReportedStaff.objects.get_or_create(
            kind=row["kind"], license_no=row["number"], valid_from=starts, defaults={"valid_to": ends}
        )
    elif row["what"] == "machine":
        found, is_new = ReportedMachine.objects.get_or_create(
            kind=row["kind"], number=row["number"], valid_from=starts, defaults={"valid_to": ends}
        )
    else:
        raise _Refused("what", _("Is none of staff, machine, infection."))
    if is_new or found.valid_to == ends:
        return is_new
    found.valid_to = ends
    found.save(update_fields=["valid_to"])
    return True


def _day(row: Mapping[str, str], column: str) -> date:
    try:
        return date.fromisoformat(row[column])
    except ValueError:
        raise _Refused(column, _("Is not a day like 2026-09-01.")) from None
